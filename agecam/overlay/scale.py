"""The size of texts and lines in a saved picture."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from agecam.overlay.placement import GROUP
from agecam.types import Face

TEXT_SIZE_RATIO = 0.022
"""Font size relative to the shorter side of the picture."""
MIN_PREFERRED_TEXT_PX = 11
LINES_PER_TEXT = 8
"""Font size relative to the width of lines."""
_TEXT_PER_FACE = 0.3
_STEP = 0.8
"""Texts shrink in steps, so that they do not change their size in every frame of a video."""


class Scale(NamedTuple):
    """Sizes in pixels."""

    text_px: int
    """Font size."""
    line_px: int
    """Width of lines."""


def scale_of(width_px: int, height_px: int, faces: Sequence[Face]) -> Scale:
    """Return the sizes for a picture of this size with these faces."""
    text_px = max(float(MIN_PREFERRED_TEXT_PX), min(width_px, height_px) * TEXT_SIZE_RATIO)
    if len(faces) > GROUP:  # then texts are also small in relation to the faces
        face_px = float(np.median([max(face.box[2:]) for face in faces]))
        while text_px * _STEP >= MIN_PREFERRED_TEXT_PX and text_px > _TEXT_PER_FACE * face_px:
            text_px *= _STEP
    return Scale(round(text_px), max(1, round(text_px / LINES_PER_TEXT)))
