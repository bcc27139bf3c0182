"""How the text of labels is drawn: with a font that an installed package carries, the same on every machine."""

from collections.abc import Callable
from functools import lru_cache
from pathlib import Path
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
from PIL import Image as PillowImage
from PIL import ImageDraw, ImageFont

from agecam.runtime.package_files import package_file


class Written(NamedTuple):
    """A text as it is to be inked."""

    opacity: npt.NDArray[np.uint8]
    """`(h, w)`, 0 to 255."""
    advance_px: int
    """How far on the next text begins."""
    ascent_px: int
    """From the top of `opacity` to the line that the letters stand on."""


Typeface = Callable[[str, int, bool], Written]
"""Writes a text in a size (pixels an em), bold or not."""


def dejavu(text: str, size_px: int, bold: bool) -> Written:
    """In DejaVu Sans, which has Latin, Greek and Cyrillic letters."""
    font = _dejavu(size_px, bold)
    ascent, descent = font.getmetrics()
    advance = round(font.getlength(text))
    mask = PillowImage.new("L", (advance + 1, ascent + descent))
    ImageDraw.Draw(mask).text((0, ascent), text, fill=255, font=font, anchor="ls")
    return Written(np.asarray(mask), advance, ascent)


def dejavu_file(bold: bool) -> Path:
    """Where the font lies: Matplotlib carries it."""
    return package_file("matplotlib", "mpl-data", "fonts", "ttf", "DejaVuSans-Bold.ttf" if bold else "DejaVuSans.ttf")


@lru_cache(maxsize=64)
def _dejavu(size_px: int, bold: bool) -> ImageFont.FreeTypeFont:
    return ImageFont.truetype(str(dejavu_file(bold)), size_px)
