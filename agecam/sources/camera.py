"""Local cameras."""

import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2

from agecam.errors import SourceError
from agecam.runtime.quiet import quiet_opencv
from agecam.sources.live import LiveSource
from agecam.sources.permission import require_camera_access
from agecam.sources.v4l2 import read_modes
from agecam.types import CameraMode

_LINUX_CAMERAS = Path("/sys/class/video4linux")
OWN_CAMERA = "AgeCam"
"""Name of a virtual camera that shows AgeCam's own picture in calls: it is not listed."""


@dataclass(frozen=True, slots=True)
class CameraInfo:
    """A camera in the list of cameras."""

    index: int
    """Camera number, as passed to `open_source`; on Windows from 700 on for cameras that only DirectShow shows."""
    name: str


FALLBACK_MODES = (CameraMode(640, 480), CameraMode(1280, 720), CameraMode(1920, 1080), CameraMode(3840, 2160))
"""Used if the system does not report the modes of a camera."""
_MIN_WIDTH_PX = 320


class CameraSource(LiveSource):
    """A camera, opened by its number."""

    def __init__(self, index: int, mode: CameraMode | None = None) -> None:
        """Open the camera and read its first frame; raises SourceError if it is missing, in use or not allowed."""
        require_camera_access(index)
        with quiet_opencv:
            capture = cv2.VideoCapture(*_number_and_backend(index))
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
    """List the cameras of this computer, each once, without opening them; sorted by number on Linux and Windows."""
    match sys.platform:
        case "linux":
            return _list_linux_cameras()
        case "win32":
            return _list_windows_cameras()
    return [_info(camera) for camera in _enumerated(_backend())]


def list_modes(camera: CameraInfo) -> list[CameraMode]:
    """List the modes of a camera, smallest first; common resolutions if the system does not report any."""
    found = read_modes(f"/dev/video{camera.index}")
    modes = [CameraMode(mode.width, mode.height, mode.fps) for mode in found if mode.width >= _MIN_WIDTH_PX]
    return modes or list(FALLBACK_MODES)


def camera_named(name: str) -> int | None:
    """Return the number of the camera with this name (ignoring case), or None."""
    wanted = name.casefold()
    return next((camera.index for camera in list_cameras() if camera.name.casefold() == wanted), None)


def _number_and_backend(index: int) -> tuple[int, int]:
    """OpenCV's number of a camera, and the backend that lists it under this number."""
    if sys.platform == "win32" and index >= cv2.CAP_DSHOW:
        return index - cv2.CAP_DSHOW, cv2.CAP_DSHOW
    return index, _backend()


def _backend() -> int:
    # On Linux, OpenCV's default also tries backends for industrial cameras, which is slow and prints warnings. On
    # other systems, camera numbers match the listed names only with the system's own backend.
    return {"linux": cv2.CAP_V4L2, "win32": cv2.CAP_MSMF, "darwin": cv2.CAP_AVFOUNDATION}.get(sys.platform, cv2.CAP_ANY)


def _list_linux_cameras() -> list[CameraInfo]:
    cameras = []
    for node in _LINUX_CAMERAS.glob("video*"):
        try:
            # A camera also has nodes for metadata, with other indices; index 0 captures video.
            if (node / "index").read_text(encoding="ascii").strip() == "0":
                name = (node / "name").read_text(encoding="utf-8", errors="replace").strip()
                if name != OWN_CAMERA:
                    cameras.append(CameraInfo(int(node.name.removeprefix("video")), name))
        except (OSError, ValueError):
            continue
    return sorted(cameras, key=lambda camera: camera.index)


def _list_windows_cameras() -> list[CameraInfo]:
    """The cameras of Media Foundation, then those that only DirectShow shows, as most virtual cameras."""
    shown, by_direct_show = _enumerated(cv2.CAP_MSMF), _enumerated(cv2.CAP_DSHOW)
    common = {_device(camera) for camera in shown} & {_device(camera) for camera in by_direct_show}
    # Without a path, as of virtual cameras, only the name tells that both show the same camera.
    names = {camera.name for camera in shown if _device(camera) not in common} - {""}
    others = [
        camera
        for camera in by_direct_show
        if (_device(camera) not in common if _device(camera) else camera.name not in names)
    ]
    return [*map(_info, shown), *(_info(camera, cv2.CAP_DSHOW) for camera in others)]


def _device(camera: Any) -> str:
    """The part of a path that is the same in both backends: all but the class of the interface after the last '#'."""
    return str(camera.path or "").casefold().rpartition("#")[0]


def _enumerated(backend: int) -> list[Any]:
    from cv2_enumerate_cameras import enumerate_cameras

    return list(enumerate_cameras(backend))


def _info(camera: Any, offset: int = 0) -> CameraInfo:
    index = offset + camera.index % 100  # some versions of the package add the backend's number
    return CameraInfo(index, camera.name or f"camera {index}")
