"""Cameras of this computer."""

import sys
from dataclasses import dataclass
from pathlib import Path

import cv2

from agecam.errors import SourceError
from agecam.runtime.quiet import quiet_opencv
from agecam.sources.live import LiveSource
from agecam.sources.v4l2 import read_offers

_LINUX_CAMERAS = Path("/sys/class/video4linux")


@dataclass(frozen=True, slots=True)
class CameraInfo:
    """A camera that can be chosen."""

    index: int
    """The number `open_source` takes."""
    name: str


@dataclass(frozen=True, slots=True)
class CameraMode:
    """What a camera is asked for; it gives the nearest it has."""

    width: int
    height: int
    fps: int = 0
    """Frames a second; 0 as the camera has it."""


USUAL_MODES = (CameraMode(640, 480), CameraMode(1280, 720), CameraMode(1920, 1080), CameraMode(3840, 2160))
"""Where the system does not tell what a camera offers."""
_SMALLEST_WIDTH = 320


class CameraSource(LiveSource):
    """A camera, by its number."""

    def __init__(self, index: int, mode: CameraMode | None = None) -> None:
        """Open the camera and take its first frame; raises SourceError where it is absent or busy."""
        with quiet_opencv:
            capture = cv2.VideoCapture(index, _backend())
            # Drivers that keep several frames would show the past to a reader slower than the camera.
            capture.set(cv2.CAP_PROP_BUFFERSIZE, 1)
            if mode is not None:
                # Large pictures come at full rate only compressed.
                capture.set(cv2.CAP_PROP_FOURCC, cv2.VideoWriter.fourcc(*"MJPG"))
                capture.set(cv2.CAP_PROP_FRAME_WIDTH, mode.width)
                capture.set(cv2.CAP_PROP_FRAME_HEIGHT, mode.height)
                if mode.fps:
                    capture.set(cv2.CAP_PROP_FPS, mode.fps)
        super().__init__(
            capture,
            f"camera {index}",
            refused=SourceError(
                "There is no free camera with the number {index}: connect it, close other programs that use it, or "
                "choose another one.",
                index=index,
            ),
            stopped=SourceError(
                "The camera {index} stopped giving pictures: check its cable, then start it again.", index=index
            ),
        )


def list_cameras() -> list[CameraInfo]:
    """The cameras of this computer with their names, by number, as the system lists them; none is opened."""
    return _known_to_linux() if sys.platform == "linux" else _known_to_the_system()


def list_modes(camera: CameraInfo) -> list[CameraMode]:
    """What a camera offers, smallest first; the usual resolutions where the system does not tell."""
    found = read_offers(f"/dev/video{camera.index}")
    modes = [CameraMode(offer.width, offer.height, offer.fps) for offer in found if offer.width >= _SMALLEST_WIDTH]
    return modes or list(USUAL_MODES)


def camera_named(name: str) -> int | None:
    """The number of the camera with this name (in any case)."""
    wanted = name.casefold()
    return next((camera.index for camera in list_cameras() if camera.name.casefold() == wanted), None)


def _backend() -> int:
    # Left to itself on Linux, OpenCV asks backends for industrial cameras too, which is slow and loud. Elsewhere
    # numbers and names agree for the system's own one only.
    return {"linux": cv2.CAP_V4L2, "win32": cv2.CAP_MSMF, "darwin": cv2.CAP_AVFOUNDATION}.get(sys.platform, cv2.CAP_ANY)


def _known_to_linux() -> list[CameraInfo]:
    cameras = []
    for node in _LINUX_CAMERAS.glob("video*"):
        try:
            # A camera has further nodes for its metadata, with an index of their own; 0 takes pictures.
            if (node / "index").read_text().strip() == "0":
                cameras.append(CameraInfo(int(node.name.removeprefix("video")), (node / "name").read_text().strip()))
        except (OSError, ValueError):
            continue
    return sorted(cameras, key=lambda camera: camera.index)


def _known_to_the_system() -> list[CameraInfo]:
    from cv2_enumerate_cameras import enumerate_cameras

    cameras = enumerate_cameras(_backend())
    return [CameraInfo(camera.index % 100, camera.name or f"camera {camera.index % 100}") for camera in cameras]
