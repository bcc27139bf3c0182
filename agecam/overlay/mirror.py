"""Mirrors a picture and its faces."""

from collections.abc import Sequence
from dataclasses import replace

import cv2
import numpy as np

from agecam.types import Face, Image

_MIRRORED_LANDMARKS = [1, 0, 2, 4, 3]
"""Mirroring swaps the left and right eyes and the corners of the mouth."""


def mirrored(image_bgr: Image, faces: Sequence[Face]) -> tuple[Image, tuple[Face, ...]]:
    """Mirror a `(H, W, 3) uint8` BGR picture and the faces in it horizontally."""
    width_px = image_bgr.shape[1]
    return np.asarray(cv2.flip(image_bgr, 1), np.uint8), tuple(_mirrored(face, width_px) for face in faces)


def _mirrored(face: Face, width_px: int) -> Face:
    x, y, width, height = face.box
    landmarks = face.landmarks[_MIRRORED_LANDMARKS]
    landmarks[:, 0] = width_px - 1 - landmarks[:, 0]
    return replace(face, box=(width_px - x - width, y, width, height), landmarks=landmarks)
