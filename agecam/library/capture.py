"""When a photograph was taken, by its EXIF data."""

import warnings
from contextlib import suppress
from datetime import datetime
from pathlib import Path

from agecam.sources.picture_files.formats import picture_format
from agecam.sources.picture_files.pillow import TooLargeError, attempted, open_pillow

_WITH_EXIF = {"AVIF", "HEIC", "JPEG", "PNG", "TIFF", "WebP"}
_EXIF_DIRECTORY = 0x8769
_ORIGINAL, _DIGITIZED = 0x9003, 0x9004


def capture_time(path: Path) -> datetime | None:
    """The local time of the camera, without a time zone; None if the file does not say. Nothing is decoded."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of Pillow, about damaged EXIF data
            return attempted(lambda: _read(path))
    except (MemoryError, TooLargeError):
        return None


def _read(path: Path) -> datetime | None:
    with path.open("rb") as file:
        form = picture_format(file, path.name)
        if form not in _WITH_EXIF:
            return None
        tags = open_pillow(file, form).getexif().get_ifd(_EXIF_DIRECTORY)
    for tag in (_ORIGINAL, _DIGITIZED):
        text = str(tags.get(tag, "")).strip("\0 ")
        with suppress(ValueError):
            return datetime.strptime(text, "%Y:%m:%d %H:%M:%S")
    return None
