"""Parses source specs: `demo`, a camera number or name, a stream address, `-` for a pipe, or a path."""

import re
from pathlib import Path
from typing import Literal
from urllib.parse import urlsplit
from urllib.request import url2pathname

from agecam.errors import SourceError
from agecam.sources.camera import camera_named, list_cameras
from agecam.sources.stream import redact

CAMERA = re.compile(r"(?:camera(?:://|\s*))?(\d{1,3})|camera", re.IGNORECASE | re.ASCII)
_CAMERA_ADDRESS = "camera://"
"""Before a camera number: no path looks like this."""
ADDRESS = re.compile(r"([a-z][a-z0-9+.-]+)://", re.IGNORECASE)
PIPE = "-"
PIPE_NAME = "standard input"
_HOST = r"(?:\[[0-9a-f:]+\]|localhost|\d{1,3}(?:\.\d{1,3}){3}|(?=[\d.-]*[a-z])[a-z0-9][a-z0-9.-]+)"
_HOST_AND_PORT = re.compile(
    rf"(?:[^\s/?#@:]+(?::[^\s/?#@]*)?@)?{_HOST}:(\d{{1,5}})(?:[/?].*)?",  # perhaps after a user and a password
    re.IGNORECASE,
)
_LIKE_ADDRESS = re.compile(
    r"(?:\S+@)?(?:\d{1,3}(?:\.\d{1,3}){3}|(?:[a-z0-9-]+\.)+(?:local|lan|home|com|net|org|tv|io|de|eu))(?:[:/?].*)?",
    re.IGNORECASE,
)
_RTSP_PORTS = (322, 554, 8554)


def word_kind(spec: str) -> Literal["demo", "camera", "address", "pipe", "nothing"] | None:
    """Return the kind of a spec that takes precedence over paths; None for a path or a camera name.

    A file or folder that is called like a camera (`0`) takes precedence over it, but not over `camera://0`. The address
    of a local file is a path.
    """
    word = spec.strip()
    if not word:
        return "nothing"
    if word == PIPE:
        return "pipe"
    if word.casefold() == "demo":
        return "demo"
    if CAMERA.fullmatch(word):
        return None if _is_path_like_camera(spec) else "camera"
    if address := ADDRESS.match(word):
        return None if address[1].lower() == "file" else "address"
    return "address" if _HOST_AND_PORT.fullmatch(word) and not _exists(Path(spec)) else None


def camera_spec(index: int) -> str:
    """The spec of the camera with this number, whatever files and folders there are."""
    return f"{_CAMERA_ADDRESS}{index}"


def camera_number(spec: str) -> int | None:
    """The number of the camera that a spec names by its number; None for all other specs."""
    number = CAMERA.fullmatch(spec.strip())
    return int(number[1]) if number is not None and number[1] and word_kind(spec) == "camera" else None


def address_of(spec: str) -> str:
    """The address that a spec of the kind `address` stands for: with its scheme, in lower case."""
    word = spec.strip()
    if address := ADDRESS.match(word):
        return f"{address[1].lower()}{word[address.end(1) :]}"
    host = _HOST_AND_PORT.fullmatch(word)
    is_rtsp = host is not None and int(host[1]) in _RTSP_PORTS
    return f"{'rtsp' if is_rtsp else 'http'}://{word}"


def path_of(spec: str) -> Path:
    """The path that a spec of no other kind stands for."""
    address = ADDRESS.match(spec.strip())
    if address is None or address[1].lower() != "file":
        return Path(spec)
    parts = urlsplit(spec.strip())
    path = parts.path if parts.netloc in ("", "localhost") else f"//{parts.netloc}{parts.path}"
    return Path(url2pathname(path))


def missing(spec: str) -> SourceError:
    """The error of a path that does not exist; whoever wrote it may have meant an address."""
    if _LIKE_ADDRESS.fullmatch(spec.strip()):
        return SourceError(
            "There is no file, folder or camera named '{spec}': if it is an address, write http:// or rtsp:// "
            "before it.",
            spec=redact(spec),
        )
    return SourceError("There is no file, folder or camera named '{spec}': check the spelling.", spec=spec)


def remarks_on(spec: str) -> tuple[SourceError, ...]:
    """What the user should know about how a spec was understood."""
    number = CAMERA.fullmatch(spec.strip())
    if number is None or not _is_path_like_camera(spec):
        return ()
    return (
        SourceError(
            "A file or folder here is called '{spec}' and is opened instead of the camera: for that, write '{camera}'.",
            spec=spec,
            camera=f"camera {number[1]}" if number[0] == number[1] else number[1] or "0",
        ),
    )


def is_live_spec(spec: str) -> bool:
    """Whether frames of this source may be lost if they are not read in time. The source is not opened.

    An address may turn out to be a finished file: see `SourceInfo.live` of the opened source.
    """
    kind = word_kind(spec)
    if kind is not None:
        return kind in ("camera", "address")
    path = path_of(spec)
    try:
        return path.is_char_device() or (not path.exists() and camera_named(spec) is not None)
    except (OSError, ValueError):  # not a valid file name
        return False


def name_of(spec: str) -> str:
    """Return the display name of a source; never contains a password."""
    kind = word_kind(spec)
    if kind == "address":
        return redact(spec.strip() if ADDRESS.match(spec.strip()) else address_of(spec))
    if kind == "pipe":
        return PIPE_NAME
    if kind == "camera":
        index = camera_number(spec)
        return next((camera.name for camera in list_cameras() if index in (None, camera.index)), f"camera {index or 0}")
    return "demo" if kind == "demo" else path_of(spec).name or spec


def _is_path_like_camera(spec: str) -> bool:
    """Whether a spec that looks like a camera is the path of a file or folder."""
    return not spec.strip().lower().startswith(_CAMERA_ADDRESS) and _exists(Path(spec))


def _exists(path: Path) -> bool:
    try:
        return path.exists()
    except (OSError, ValueError):  # not a valid file name
        return False
