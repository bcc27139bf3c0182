"""Cameras of this computer."""

import sys
from dataclasses import dataclass
from pathlib import Path

import cv2

from agecam.sources.live import LiveSource
from agecam.sources.quiet import quiet_opencv

_LINUX_CAMERAS = Path("/sys/class/video4linux")
_PROBED_CAMERAS = 4


@dataclass(frozen=True, slots=True)
class CameraInfo:
    """A camera that can be chosen."""

    index: int
    """The number `open_source` takes."""
    name: str


class CameraSource(LiveSource):
    """A camera, by its number."""

    def __init__(self, index: int) -> None:
        """Open the camera and take its first frame; raises SourceError where it is absent or busy."""
        name = f"camera {index}"
        with quiet_opencv:
            capture = cv2.VideoCapture(index, _backend())
            # Drivers that keep several frames would show the past to a reader slower than the camera.
            capture.set(cv2.CAP_PROP_BUFFERSIZE, 1)
        super().__init__(
            capture,
            name,
            refused=f"There is no free camera with the number {index}: connect it, close other programs "
            "that use it, or choose another one.",
            stopped=f"The {name} stopped giving pictures: check its cable, then start it again.",
        )


def list_cameras() -> list[CameraInfo]:
    """The cameras of this computer, by number.

    Linux knows them by name; elsewhere the first few numbers are tried, which takes a moment each and
    may light the lamp of a camera.
    """
    return _known_to_linux() if sys.platform == "linux" else _probed()


def camera_named(name: str) -> int | None:
    """The number of the camera with this name (in any case), where cameras have names."""
    if sys.platform != "linux":
        return None
    wanted = name.casefold()
    return next((camera.index for camera in _known_to_linux() if camera.name.casefold() == wanted), None)


def _backend() -> int:
    # Left to itself on Linux, OpenCV asks backends for industrial cameras too, which is slow and loud.
    return cv2.CAP_V4L2 if sys.platform == "linux" else cv2.CAP_ANY


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


def _probed() -> list[CameraInfo]:
    cameras = []
    for index in range(_PROBED_CAMERAS):
        with quiet_opencv:
            capture = cv2.VideoCapture(index, _backend())
            if capture.isOpened():
                cameras.append(CameraInfo(index, f"camera {index}"))
            capture.release()
    return cameras
