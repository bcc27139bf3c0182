"""Brings pictures to the one size that a video or a camera has."""

import cv2
import numpy as np

from agecam.types import Image


def letterboxed(image_bgr: Image, size: tuple[int, int]) -> Image:
    """Scale a `(H, W, 3) uint8` picture to fit into `(width, height)` pixels, centred between black bars.

    A picture that has this size already is returned itself.
    """
    height, width = image_bgr.shape[:2]
    if (width, height) == size:
        return image_bgr
    scale = min(size[0] / width, size[1] / height)
    inner = (max(1, round(width * scale)), max(1, round(height * scale)))
    interpolation = cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR
    left, top = (size[0] - inner[0]) // 2, (size[1] - inner[1]) // 2
    fitted = np.zeros((size[1], size[0], 3), np.uint8)
    fitted[top : top + inner[1], left : left + inner[0]] = cv2.resize(image_bgr, inner, interpolation=interpolation)
    return fitted


def padded_to_even(image_bgr: Image) -> Image:
    """Pad to an even size with the last column and row: the colour planes have half the width and height."""
    height, width = image_bgr.shape[:2]
    if width % 2 == 0 and height % 2 == 0:
        return np.ascontiguousarray(image_bgr)
    return np.pad(image_bgr, ((0, height % 2), (0, width % 2), (0, 0)), mode="edge")
