"""Frame sources: `open_source` opens a camera, video, picture, folder, stream or the demo."""

import re
from pathlib import Path
from typing import Literal

from agecam.errors import SourceError
from agecam.sources.address import open_address
from agecam.sources.animation import AnimationSource, is_animation
from agecam.sources.base import BaseSource, FrameSource, SeekableSource, Sound, SourceInfo
from agecam.sources.camera import CameraInfo, CameraSource, camera_named, list_cameras, list_modes
from agecam.sources.demo import DemoSource
from agecam.sources.excerpt import ExcerptSource
from agecam.sources.media import FileMedia
from agecam.sources.pictures import FolderSource, PictureSource, is_picture, read_picture
from agecam.sources.pipe import open_pipe, standard_input
from agecam.sources.spec import (
    PIPE_NAME,
    address_of,
    camera_number,
    is_live_spec,
    missing,
    name_of,
    path_of,
    remarks_on,
    word_kind,
)
from agecam.sources.stream import redact
from agecam.sources.video import VideoSource
from agecam.types import CameraMode

__all__ = [
    "CameraInfo",
    "CameraMode",
    "FrameSource",
    "SeekableSource",
    "Sound",
    "SourceInfo",
    "is_live_spec",
    "list_cameras",
    "list_modes",
    "name_of",
    "open_source",
    "read_picture",
    "redact",
    "remarks_on",
    "word_kind",
]

_LINUX_CAMERA_NODE = re.compile(r"/dev/video(\d+)")


def open_source(
    spec: str,
    camera_mode: CameraMode | None = None,
    *,
    start_s: float | None = None,
    end_s: float | None = None,
    every_s: float | None = None,
) -> FrameSource:
    """Open a source and read its first frame.

    Args:
        spec: `demo`, a camera number or name, `camera` for the first camera, the address of a stream or a file, `-`
            for a pipe, or the path of a video, picture or folder of pictures. A path that is called like a camera
            (`0`) takes precedence over it, but not over `camera://0`. File types are detected by content, not by name.
        camera_mode: resolution and frame rate to request from a camera; ignored by other sources.
        start_s: time in a video from which to read; like the other two ignored by pictures.
        end_s: time in a video up to which to read.
        every_s: read one frame for each so many seconds.

    Raises:
        SourceError: the source cannot be opened, or gives no frame.
    """
    source = _open_whole(spec, camera_mode)
    if isinstance(source, BaseSource):
        source.add_remarks(remarks_on(spec))
    if (start_s is None and end_s is None and every_s is None) or isinstance(source, PictureSource):
        return source
    return ExcerptSource(source, start_s, end_s, every_s)


def _open_whole(spec: str, camera_mode: CameraMode | None) -> FrameSource:
    match word_kind(spec):
        case "nothing":
            raise SourceError("No source was given: name a camera, video, picture, folder or stream address.")
        case "demo":
            return DemoSource()
        case "pipe":
            return open_pipe(standard_input(), PIPE_NAME, _open_file)
        case "camera":
            number = camera_number(spec)
            return CameraSource(_first_camera() if number is None else number, camera_mode)
        case "address":
            return open_address(address_of(spec), _open_file)
    return _open_path(spec, path_of(spec), camera_mode)


def _first_camera() -> int:
    cameras = list_cameras()
    return cameras[0].index if cameras else 0


def _open_path(spec: str, path: Path, camera_mode: CameraMode | None) -> FrameSource:
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
        case "picture" | "video":
            return _open_file(path)
        case "device" if path.is_fifo():
            return open_pipe(path.open("rb"), path.name, _open_file)
        case "device" if node := _LINUX_CAMERA_NODE.fullmatch(str(path.resolve())):
            return CameraSource(int(node[1]), camera_mode)
        case "missing":
            index = camera_named(spec)
            if index is not None:
                return CameraSource(index, camera_mode)
            raise missing(spec)
    raise SourceError("'{spec}' contains no frames: choose a video, a picture or a folder of pictures.", spec=spec)


def _open_file(path: Path) -> FrameSource:
    if is_picture(path):
        return PictureSource(path)
    return AnimationSource(path) if is_animation(path) else VideoSource(FileMedia(path))


def _kind(path: Path) -> Literal["folder", "picture", "video", "device", "missing"]:
    """Return the type of a path; files are detected by content. Raises OSError, or ValueError for an invalid path."""
    if not path.exists():
        return "missing"
    if path.is_dir():
        return "folder"
    if not path.is_file():
        return "device"
    return "picture" if is_picture(path) else "video"
