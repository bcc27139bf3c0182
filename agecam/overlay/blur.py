"""Makes faces unrecognisable."""

import math

import cv2
import numpy as np

from agecam.overlay.sprites import Rect, crop
from agecam.types import Image

_CELLS = 4
"""A blurred head, or the shorter side of a blurred picture, is averaged over this many cells: too few to restore it. Of
594 portraits MTCNN still finds a face in 158 with 8 cells, in 13 with 6, and in none with 5 or 4."""


def blur_everything(image_bgr: Image) -> Image:
    """Return a picture of the same size, `(H, W, 3) uint8`, on which no face of any size can be recognised."""
    height, width = image_bgr.shape[:2]
    cell_px = max(1, min(height, width) / _CELLS)
    cells = (max(1, round(width / cell_px)), max(1, round(height / cell_px)))
    coarse = cv2.resize(image_bgr, cells, interpolation=cv2.INTER_AREA)
    return np.asarray(cv2.resize(coarse, (width, height), interpolation=cv2.INTER_LINEAR), np.uint8)


def blur_face(canvas: Image, rect: Rect) -> None:
    """Blur the head around the box of a face in place."""
    left, top, right, bottom = rect
    # The ellipse is larger than the box, since hairline, ears and chin are just outside it.
    reach_x, reach_y = math.ceil(0.7 * (right - left)), math.ceil(0.7 * (bottom - top))
    centre_x, centre_y = (left + right) // 2, (top + bottom) // 2
    head = crop(canvas, (centre_x - reach_x, centre_y - reach_y, centre_x + reach_x, centre_y + reach_y))
    if head.size == 0:
        return
    height, width = head.shape[:2]
    # Averaging over so few cells removes all detail, so that sharpening cannot restore it.
    cells = (min(_CELLS, math.ceil(width / 4)), min(_CELLS, math.ceil(height / 4)))
    coarse = cv2.resize(head, cells, interpolation=cv2.INTER_AREA)
    smooth = cv2.resize(coarse, (width, height), interpolation=cv2.INTER_LINEAR)
    ellipse = np.zeros((height, width), np.uint8)
    centre = (centre_x - max(centre_x - reach_x, 0), centre_y - max(centre_y - reach_y, 0))
    cv2.ellipse(ellipse, centre, (reach_x, reach_y), 0, 0, 360, 255, cv2.FILLED)
    cv2.copyTo(smooth, ellipse, head)
