"""Frame sources: `open_source` opens a camera, video, picture, folder, stream or the demo."""

import re
from pathlib import Path
from typing import Literal

from agecam.errors import SourceError
from agecam.sources.base import FrameSource, SeekableSource, SourceInfo
from agecam.sources.camera import CameraInfo, CameraSource, camera_named, list_cameras, list_modes
from agecam.sources.demo import DemoSource
from agecam.sources.pictures import FolderSource, PictureSource, is_picture, read_picture
from agecam.sources.spec import ADDRESS, CAMERA, is_live_spec, name_of, word_kind
from agecam.sources.stream import STREAM_SCHEMES, StreamSource, redact
from agecam.sources.video import VideoSource
from agecam.types import CameraMode

__all__ = [
    "CameraInfo",
    "CameraMode",
    "FrameSource",
    "SeekableSource",
    "SourceInfo",
    "is_live_spec",
    "list_cameras",
    "list_modes",
    "name_of",
    "open_source",
    "read_picture",
    "redact",
]

_LINUX_CAMERA_NODE = re.compile(r"/dev/video(\d+)")


def open_source(spec: str, camera_mode: CameraMode | None = None) -> FrameSource:
    """Open a source and read its first frame.

    Args:
        spec: `demo`, a camera number or name, `camera` for the first camera, a stream address, or the path of a
            video, picture or folder of pictures (`./0` for a file named like a camera). File types are detected
            by content, not by name.
        camera_mode: resolution and frame rate to request from a camera; ignored by other sources.

    Raises:
        SourceError: the source cannot be opened, or gives no frame.
    """
    word = spec.strip()
    if not word:
        raise SourceError("No source was given: name a camera, video, picture, folder or stream address.")
    match word_kind(spec):
        case "demo":
            return DemoSource()
        case "camera" if camera := CAMERA.fullmatch(word):
            return CameraSource(int(camera[1]) if camera[1] else _first_camera(), camera_mode)
        case "address" if address := ADDRESS.match(word):
            return _open_address(word, address[1].lower())
    return _open_path(spec, camera_mode)


def _first_camera() -> int:
    cameras = list_cameras()
    return cameras[0].index if cameras else 0


def _open_address(url: str, scheme: str) -> FrameSource:
    if scheme not in STREAM_SCHEMES:
        known = ", ".join(sorted(STREAM_SCHEMES))
        raise SourceError(
            "The address {address} has an unsupported scheme: use one of {known}.", address=redact(url), known=known
        )
    return StreamSource(url)


def _open_path(spec: str, camera_mode: CameraMode | None) -> FrameSource:
    path = Path(spec)
    try:
        kind = _kind(path)
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or error
        raise SourceError(
            "'{spec}' cannot be opened ({reason}): check the path and its permissions.", spec=spec, reason=reason
        ) from error
    match kind:
        case "folder":
            return FolderSource(path)
        case "picture":
            return PictureSource(path)
        case "video":
            return VideoSource(path)
        case "device" if node := _LINUX_CAMERA_NODE.fullmatch(str(path.resolve())):
            return CameraSource(int(node[1]), camera_mode)
        case "missing":
            index = camera_named(spec)
            if index is None:
                raise SourceError("There is no file, folder or camera named '{spec}': check the spelling.", spec=spec)
            return CameraSource(index, camera_mode)
    raise SourceError("'{spec}' contains no frames: choose a video, a picture or a folder of pictures.", spec=spec)


def _kind(path: Path) -> Literal["folder", "picture", "video", "device", "missing"]:
    """Return the type of a path; files are detected by content. Raises OSError, or ValueError for an invalid path."""
    if not path.exists():
        return "missing"
    if path.is_dir():
        return "folder"
    if not path.is_file():
        return "device"
    return "picture" if is_picture(path) else "video"
