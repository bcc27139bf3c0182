"""The thumbnail of a face."""

import math

import cv2
import numpy as np

from agecam.types import Box, Image
from agecam.vision.pyramid import halved

THUMBNAIL_PX = 64


def thumbnail_of(image_bgr: Image, box: Box) -> Image:
    """`(THUMBNAIL_PX, THUMBNAIL_PX, 3) uint8` BGR: the head with some margin."""
    x, y, width, height = box
    side = 1.35 * max(width, height, 1.0)
    left, top = x + width / 2 - side / 2, y + height / 2 - side / 2
    # Only the surroundings of the head are scaled down: the whole picture may be huge.
    x0, y0 = max(0, math.floor(left) - 2), max(0, math.floor(top) - 2)
    part = image_bgr[y0 : max(y0 + 1, math.ceil(top + side) + 2), x0 : max(x0 + 1, math.ceil(left + side) + 2)]
    if not part.size:
        return np.zeros((THUMBNAIL_PX, THUMBNAIL_PX, 3), np.uint8)
    left, top = left - x0, top - y0
    scale = THUMBNAIL_PX / side
    matrix = np.array([[scale, 0, -left * scale], [0, scale, -top * scale]])
    # Strong downscaling averages pixels first: warpAffine alone would skip some.
    while scale < 0.4 and min(part.shape[:2]) > 8:
        part = halved(part)
        scale *= 2
        matrix[:, :2] *= 2
    size = (THUMBNAIL_PX, THUMBNAIL_PX)
    return np.asarray(cv2.warpAffine(part, matrix, size, borderMode=cv2.BORDER_REPLICATE), np.uint8)
