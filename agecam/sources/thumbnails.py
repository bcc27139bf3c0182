"""Small versions of pictures and of the first frames of videos."""

from pathlib import Path

import cv2
import numpy as np

from agecam.errors import SourceError
from agecam.sources import open_source
from agecam.sources.picture_files.chunks import exif_orientation
from agecam.sources.picture_files.formats import picture_format
from agecam.sources.picture_files.pillow import TooLargeError, attempted, open_pillow, pillow_to_bgr
from agecam.sources.picture_files.turn import turned
from agecam.types import Image

MAX_PIXELS = 64_000_000
"""Larger pictures would need too much memory beside the one that is shown."""


def read_thumbnail(path: Path, side_px: int) -> Image | None:
    """Read a picture, or the first frame of a video, as `(H, W, 3) uint8 BGR` of at most `side_px` a side.

    Colours and orientation are those of `open_source`. JPEG files are decoded at a fraction of their size, which is
    several times faster.

    Returns:
        None if the picture is too large.

    Raises:
        SourceError: the file cannot be read.
    """
    try:
        image = _reduced(path, side_px)
    except TooLargeError:
        return None
    except OSError:
        image = None  # opening it gives the reason
    if image is None:
        with open_source(str(path.absolute())) as source:
            frame = source.read()
        if frame is None:
            raise SourceError(
                "'{spec}' contains no frames: choose a video, a picture or a folder of pictures.", spec=path.name
            )
        image = frame.image_bgr
    return _shrunk(image, side_px)


def _reduced(path: Path, side_px: int) -> Image | None:
    """A JPEG at an eighth, a quarter or half of its size if that is enough; None for all other files."""
    with path.open("rb") as file:
        form = picture_format(file, path.name)
        if form is None:
            return None
        header = attempted(lambda: open_pillow(file, form))
        if header is None:
            return None
        if header.width * header.height > MAX_PIXELS:
            raise TooLargeError
        if form != "JPEG" or header.mode == "CMYK":
            return None
        orientation = exif_orientation(header.info.get("exif"))
        header.draft(header.mode, (2 * side_px, 2 * side_px))
        image = attempted(lambda: pillow_to_bgr(header))
    return None if image is None else turned(image, orientation)


def _shrunk(image: Image, side_px: int) -> Image:
    height, width = image.shape[:2]
    scale = side_px / max(height, width)
    if scale >= 1:
        return image
    size = max(1, round(width * scale)), max(1, round(height * scale))
    return np.ascontiguousarray(cv2.resize(image, size, interpolation=cv2.INTER_AREA), np.uint8)
