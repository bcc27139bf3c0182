"""Several pictures as one: below each other as in a strip from a photo booth, or in a grid."""

from collections.abc import Sequence

import cv2
import numpy as np

from agecam.overlay.sprites import blend, text
from agecam.overlay.typeface import dejavu
from agecam.types import Image

_PAPER, _INK = (246, 247, 248), (92, 88, 84)
_GAP = 0.03
"""Between pictures and around them, relative to the width of a picture."""
_CAPTION = 0.035
"""Font size of the caption, likewise."""


def collage(images_bgr: Sequence[Image], columns: int, caption: str = "") -> Image:
    """Arrange pictures in rows on white paper and return one picture, `(H, W, 3) uint8` BGR.

    Args:
        images_bgr: at least one `(h, w, 3) uint8` BGR picture. The first one decides the size of all; others are scaled
            to fit, with paper around them.
        columns: pictures per row.
        caption: text below the pictures, in Latin letters and digits.
    """
    height, width = images_bgr[0].shape[:2]
    rows = -(-len(images_bgr) // columns)
    gap = max(2, round(_GAP * width))
    text_px = max(8, round(_CAPTION * width))
    foot = 2 * text_px if caption else 0
    size = (gap + rows * (height + gap) + foot, gap + columns * (width + gap), 3)
    canvas = np.empty(size, np.uint8)
    canvas[:] = _PAPER
    for index, image in enumerate(images_bgr):
        row, column = divmod(index, columns)
        top, left = gap + row * (height + gap), gap + column * (width + gap)
        _paste(canvas[top : top + height, left : left + width], image)
    if caption:
        sprite, advance, _ = text(caption, text_px, False, _INK, dejavu)
        top = size[0] - foot - gap // 2 + (foot - sprite.transparency.shape[0]) // 2
        blend(canvas, sprite, (size[1] - advance) // 2, top)
    return canvas


def _paste(cell: Image, image: Image) -> None:
    """Put a picture in the middle of a cell, scaled to fit."""
    height, width = image.shape[:2]
    room_y, room_x = cell.shape[:2]
    if (height, width) != (room_y, room_x):
        scale = min(room_x / width, room_y / height)
        width, height = max(1, round(width * scale)), max(1, round(height * scale))
        image = np.asarray(cv2.resize(image, (width, height), interpolation=cv2.INTER_AREA), np.uint8)
    top, left = (room_y - height) // 2, (room_x - width) // 2
    cell[top : top + height, left : left + width] = image
