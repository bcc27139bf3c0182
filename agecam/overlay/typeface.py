"""Renders label text with a font from an installed package, so that it is the same on every computer."""

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
    """Rendered text."""

    opacity: npt.NDArray[np.uint8]
    """`(h, w)`, 0 to 255."""
    advance_px: int
    """Distance to the start of the next text."""
    ascent_px: int
    """Distance from the top of `opacity` to the baseline."""


Typeface = Callable[[str, int, bool], Written]
"""Renders text, given the text, the font size (pixels per em) and whether it is bold."""


def dejavu(text: str, size_px: int, bold: bool) -> Written:
    """Render text in DejaVu Sans, which supports Latin, Greek and Cyrillic."""
    font = _dejavu(size_px, bold)
    ascent, descent = font.getmetrics()
    advance = round(font.getlength(text))
    mask = PillowImage.new("L", (advance + 1, ascent + descent))
    ImageDraw.Draw(mask).text((0, ascent), text, fill=255, font=font, anchor="ls")
    return Written(np.asarray(mask), advance, ascent)


def dejavu_file(bold: bool) -> Path:
    """Return the path of the font file, which is part of Matplotlib."""
    return package_file("matplotlib", "mpl-data", "fonts", "ttf", "DejaVuSans-Bold.ttf" if bold else "DejaVuSans.ttf")


@lru_cache(maxsize=64)
def _dejavu(size_px: int, bold: bool) -> ImageFont.FreeTypeFont:
    return ImageFont.truetype(str(dejavu_file(bold)), size_px)
