"""Turns pictures upright."""

import cv2
import numpy as np

from agecam.types import Image

_FLIPS = {2: 1, 3: -1, 4: 0}
_ROTATIONS = {6: cv2.ROTATE_90_CLOCKWISE, 8: cv2.ROTATE_90_COUNTERCLOCKWISE}


def turned(image: Image, orientation: int) -> Image:
    """Turn a picture upright. Mirrored and upside-down pictures are turned in place, the others are copied.

    Args:
        image: `(H, W, 3) uint8`, changed in place where that is possible.
        orientation: EXIF orientation, 1 to 8.
    """
    if orientation in _FLIPS:
        return np.asarray(cv2.flip(image, _FLIPS[orientation], dst=image), np.uint8)
    if orientation in _ROTATIONS:
        return np.asarray(cv2.rotate(image, _ROTATIONS[orientation]), np.uint8)
    if orientation == 5:
        return np.asarray(cv2.transpose(image), np.uint8)
    if orientation == 7:
        transposed = cv2.transpose(image)
        return np.asarray(cv2.flip(transposed, -1, dst=transposed), np.uint8)
    return image
