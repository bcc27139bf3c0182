"""What `agecam.alignment.crop_faces` does, by OpenCV: on the processor in a quarter of the time.

The same steps in the same order, rounded at the end alone. Since OpenCV 5 hardly a pixel differs; before, places were
rounded to 1/32 px, and pixels differ by less than one of 255 levels on average.
"""

import math
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt

from agecam.alignment import MOST_HALVINGS
from agecam.types import OUTSIDE_GREY, CropSpec, FloatArray, Image

_LEAST_HALF_PX = 1e-3
"""Half the side of a square in which there is anything to see."""
_GREY = (OUTSIDE_GREY,) * 3
_BACKWARDS = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP


def cut_faces(frame: Image, squares: npt.NDArray[np.float32], spec: CropSpec) -> FloatArray:
    """Cut faces out of one frame.

    Args:
        frame: `(H, W, 3) uint8`, BGR.
        squares: `(N, 4)`, from `agecam.alignment.squares_of`.
        spec: from the weights' card.

    Returns:
        `(N, size_px, size_px, 3) float32`, RGB, whole numbers 0 to 255; grey outside the frame.
    """
    frame = np.ascontiguousarray(frame)
    faces = np.empty((len(squares), spec.size_px, spec.size_px, 3), np.float32)
    for face, square in zip(faces, squares.astype(np.float64), strict=True):
        face[:] = _cut(frame, square[:2], square[2:] * (1 + 2 * spec.margin), spec.size_px)[..., ::-1]
    return np.rint(faces, out=faces)


def _cut(frame: Image, centre: npt.NDArray[np.float64], right: npt.NDArray[np.float64], size_px: int) -> FloatArray:
    half = float(np.hypot(*right))
    if not half > _LEAST_HALF_PX or not np.isfinite(centre).all():
        return np.full((size_px, size_px, 3), OUTSIDE_GREY, np.float32)
    cos, sin = right / half
    # 1. The upright square around the turned one, at twice the crop's resolution
    patch_px = 2 * size_px
    reach = half * (abs(cos) + abs(sin))
    patch = _patch(frame, centre, reach, patch_px)
    # 2. Turned upright and brought to size: (x, y) of the crop -> (x, y) of the patch
    zoom = half / reach * 2
    cos, sin = zoom * cos, zoom * sin
    middle, patch_middle = (size_px - 1) / 2, (patch_px - 1) / 2
    shift_x, shift_y = patch_middle - middle * (cos - sin), patch_middle - middle * (sin + cos)
    turn = np.array([[cos, -sin, shift_x], [sin, cos, shift_y]])
    return np.asarray(
        cv2.warpAffine(patch, turn, (size_px, size_px), flags=_BACKWARDS, borderMode=cv2.BORDER_REPLICATE)
    )


def _patch(frame: Image, centre: npt.NDArray[np.float64], reach: float, patch_px: int) -> FloatArray:
    """An upright square as `(patch_px, patch_px, 3)`."""
    # Bilinear samples more than 2 px apart would skip pixels: large faces are halved until they are closer.
    halvings = min(MOST_HALVINGS, max(0, math.floor(math.log2(2 * reach / patch_px))))
    block = 2**halvings
    # The face's part of the frame in blocks, with one of room, and no more than two of grey around the frame
    size = np.array(frame.shape[1::-1])
    blocks = -(-size // block)
    first = np.clip(np.floor((centre - reach) / block).astype(int) - 1, -2, blocks)
    end = np.clip(np.ceil((centre + reach) / block).astype(int) + 1, 0, blocks + 2)
    (left, top), (right, bottom) = np.clip(first * block, 0, size), np.clip(end * block, 0, size)
    part: npt.NDArray[Any] = frame[top:bottom, left:right].astype(np.float32)
    if not part.size:
        return np.full((patch_px, patch_px, 3), OUTSIDE_GREY, np.float32)
    if halvings:
        before_x, before_y = (left, top) - first * block
        after_x, after_y = end * block - (right, bottom)
        part = cv2.copyMakeBorder(part, before_y, after_y, before_x, after_x, cv2.BORDER_CONSTANT, value=_GREY)
        for _ in range(halvings):
            part = cv2.resize(part, (part.shape[1] // 2, part.shape[0] // 2), interpolation=cv2.INTER_AREA)
        corner = first.astype(np.float64)
    else:
        corner = np.array([left, top], np.float64)
    step = 2 * reach / block / patch_px
    start = (centre - reach) / block - corner + step / 2 - 0.5
    sample = np.array([[step, 0, start[0]], [0, step, start[1]]])
    patch = cv2.warpAffine(part, sample, (patch_px, patch_px), flags=_BACKWARDS, borderMode=cv2.BORDER_REPLICATE)
    x, y = (first_at + step * np.arange(patch_px) for first_at in start)
    patch[:, (x < 0) | (x > part.shape[1] - 1)] = OUTSIDE_GREY
    patch[(y < 0) | (y > part.shape[0] - 1)] = OUTSIDE_GREY
    return np.asarray(patch, np.float32)
