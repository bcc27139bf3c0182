"""Parses source specs: `demo`, a camera number or name, a stream address, or a path."""

import re
from pathlib import Path
from typing import Literal

from agecam.sources.camera import camera_named, list_cameras
from agecam.sources.stream import redact

CAMERA = re.compile(r"(?:camera\s*)?(\d{1,3})|camera", re.IGNORECASE | re.ASCII)
ADDRESS = re.compile(r"([a-z][a-z0-9+.-]*)://", re.IGNORECASE)


def word_kind(spec: str) -> Literal["demo", "camera", "address"] | None:
    """Return the kind of a spec that takes precedence over paths; None for a path or a camera name."""
    word = spec.strip()
    if word.casefold() == "demo":
        return "demo"
    if CAMERA.fullmatch(word):
        return "camera"
    return "address" if ADDRESS.match(word) else None


def is_live_spec(spec: str) -> bool:
    """Whether frames of this source are lost if they are not read in time. The source is not opened."""
    kind = word_kind(spec)
    if kind is not None:
        return kind != "demo"
    path = Path(spec)
    try:
        return path.is_char_device() or (not path.exists() and camera_named(spec) is not None)
    except (OSError, ValueError):  # not a valid file name
        return False


def name_of(spec: str) -> str:
    """Return the display name of a source; never contains a password."""
    kind = word_kind(spec)
    if kind == "address":
        return redact(spec.strip())
    if kind == "camera":
        number = CAMERA.fullmatch(spec.strip())
        index = int(number[1]) if number and number[1] else None
        return next((camera.name for camera in list_cameras() if index in (None, camera.index)), f"camera {index or 0}")
    return "demo" if kind == "demo" else Path(spec).name or spec
