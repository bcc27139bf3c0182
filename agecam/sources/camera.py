"""Local cameras."""

import sys
from dataclasses import dataclass
from pathlib import Path

import cv2

from agecam.errors import SourceError
from agecam.runtime.quiet import quiet_opencv
from agecam.sources.live import LiveSource
from agecam.sources.v4l2 import read_modes
from agecam.types import CameraMode

_LINUX_CAMERAS = Path("/sys/class/video4linux")


@dataclass(frozen=True, slots=True)
class CameraInfo:
    """A camera in the list of cameras."""

    index: int
    """Camera number, as passed to `open_source`."""
    name: str


FALLBACK_MODES = (CameraMode(640, 480), CameraMode(1280, 720), CameraMode(1920, 1080), CameraMode(3840, 2160))
"""Used if the system does not report the modes of a camera."""
_MIN_WIDTH_PX = 320


class CameraSource(LiveSource):
    """A camera, opened by its number."""

    def __init__(self, index: int, mode: CameraMode | None = None) -> None:
        """Open the camera and read its first frame; raises SourceError if it is missing or in use."""
        with quiet_opencv:
            capture = cv2.VideoCapture(index, _backend())
            # With a longer buffer, a reader slower than the camera would get old frames.
            capture.set(cv2.CAP_PROP_BUFFERSIZE, 1)
            if mode is not None:
                # Most cameras reach their full frame rate at high resolutions only with compression.
                capture.set(cv2.CAP_PROP_FOURCC, cv2.VideoWriter.fourcc(*"MJPG"))
                capture.set(cv2.CAP_PROP_FRAME_WIDTH, mode.width)
                capture.set(cv2.CAP_PROP_FRAME_HEIGHT, mode.height)
                if mode.fps:
                    capture.set(cv2.CAP_PROP_FPS, mode.fps)
        super().__init__(
            capture,
            f"camera {index}",
            open_error=SourceError(
                "Camera {index} was not found or is in use: connect it, close other programs that use it, or choose "
                "another one.",
                index=index,
            ),
            stop_error=SourceError(
                "Camera {index} stopped sending frames: check its cable, then start it again.", index=index
            ),
        )


def list_cameras() -> list[CameraInfo]:
    """List the cameras of this computer, sorted by number on Linux, without opening them."""
    return _list_linux_cameras() if sys.platform == "linux" else _list_system_cameras()


def list_modes(camera: CameraInfo) -> list[CameraMode]:
    """List the modes of a camera, smallest first; common resolutions if the system does not report any."""
    found = read_modes(f"/dev/video{camera.index}")
    modes = [CameraMode(mode.width, mode.height, mode.fps) for mode in found if mode.width >= _MIN_WIDTH_PX]
    return modes or list(FALLBACK_MODES)


def camera_named(name: str) -> int | None:
    """Return the number of the camera with this name (ignoring case), or None."""
    wanted = name.casefold()
    return next((camera.index for camera in list_cameras() if camera.name.casefold() == wanted), None)


def _backend() -> int:
    # On Linux, OpenCV's default also tries backends for industrial cameras, which is slow and prints warnings. On
    # other systems, camera numbers match the listed names only with the system's own backend.
    return {"linux": cv2.CAP_V4L2, "win32": cv2.CAP_MSMF, "darwin": cv2.CAP_AVFOUNDATION}.get(sys.platform, cv2.CAP_ANY)


def _list_linux_cameras() -> list[CameraInfo]:
    cameras = []
    for node in _LINUX_CAMERAS.glob("video*"):
        try:
            # A camera also has nodes for metadata, with other indices; index 0 captures video.
            if (node / "index").read_text().strip() == "0":
                cameras.append(CameraInfo(int(node.name.removeprefix("video")), (node / "name").read_text().strip()))
        except (OSError, ValueError):
            continue
    return sorted(cameras, key=lambda camera: camera.index)


def _list_system_cameras() -> list[CameraInfo]:
    from cv2_enumerate_cameras import enumerate_cameras

    cameras = enumerate_cameras(_backend())
    return [CameraInfo(camera.index % 100, camera.name or f"camera {camera.index % 100}") for camera in cameras]
