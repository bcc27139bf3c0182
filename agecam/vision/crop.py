"""Face cropping: from five landmarks, or a box, to one square picture of the face.

Training, evaluation and the program all call `crop_faces`, so they use the same crop; the `CropSpec` on the weights'
card defines it. Pixels are rounded once, at the end.

The place of a face is a square, `(4,)`: centre x, centre y, half-side vector x, y, in pixels of the frame. The
half-side vector points from the centre to the middle of the square's right edge: its length is half the side, its
direction the rotation of the face. For a squeezed crop it is a box, `(5,)`: the same with half the width, then the
height divided by the width.
"""

import math
from collections.abc import Sequence
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt

from agecam.types import OUTSIDE_GREY, Alignment, Box, CropSpec, Detection, FloatArray, Image

TEMPLATE = np.array(
    [[0.3204, 0.2900], [0.6778, 0.2880], [0.5003, 0.4932], [0.3534, 0.7025], [0.6494, 0.7009]], np.float32
)
"""`(5, 2)`: x and y of the landmarks of an upright face in the unit square.

The five-point template of Deng et al. (ArcFace, 2019), 14 % closer, so that the crop shows the face from above the
brows to the chin. Tightly cut data sets end there; if the crop reached past their pictures, a network could recognise
the data set by the border.
"""
BOX_CENTRE, BOX_SIDE = 0.59, 0.91
"""Centre of the square, measured from the top of the box, and its side; both in heights of the box.

Chosen between the medians of the landmark squares in the detector's boxes, over 300 faces each of FairFace
(0.587, 0.900), UTKFace (0.591, 0.897) and All-Age-Faces (0.580, 0.937).
"""
BOX_WIDTH = 0.75
"""Usual width of the detector's boxes, in their heights: the medians over 150 faces each are 0.730 on UTKFace, 0.760 on
FairFace and 0.761 on All-Age-Faces."""

MAX_HALVINGS = 12
"""More than any picture needs: enough for a face half a million pixels wide."""
_MIN_HALF_SIDE_PX = 1e-3
"""A square with a smaller half-side counts as empty and gives a grey crop."""
_GREY = (OUTSIDE_GREY,) * 3
_RIGHT = {0: (1, 0), 90: (0, -1), 180: (-1, 0), 270: (0, 1)}
"""Direction of a face's right side in a frame that was turned clockwise by so many degrees to find it upright."""
_STRIP_PIXELS = 1 << 20
"""Pixels of a large face that are floats at a time."""
_WARP_FLAGS = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP


def places_of(faces: Sequence[Detection], spec: CropSpec) -> npt.NDArray[np.float32]:
    """The place of each face for a crop: `(N, 5)` boxes if it is squeezed, otherwise `(N, 4)` squares."""
    if not spec.squeezed:
        return squares_of(faces, spec.alignment)
    return np.array([turned_box(face.box, face.turned_degrees) for face in faces], np.float32).reshape(-1, 5)


def squares_of(faces: Sequence[Detection], alignment: Alignment = "five-landmarks") -> npt.NDArray[np.float32]:
    """The square of each face, `(N, 4)`."""
    squares = [
        square_around(face.box, face.turned_degrees) if alignment == "box" else square_from_landmarks(face.landmarks)
        for face in faces
    ]
    return np.array(squares, np.float32).reshape(-1, 4)


def square_from_landmarks(landmarks: FloatArray) -> npt.NDArray[np.float32]:
    """`(5, 2)` pixels -> `(4,)` square: a least-squares fit of the template (translation, scale, rotation)."""
    template = TEMPLATE - TEMPLATE.mean(0)
    points = landmarks - landmarks.mean(0)
    along = float((template * points).sum())
    across = float((template[:, 0] * points[:, 1] - template[:, 1] * points[:, 0]).sum())
    scale_cos, scale_sin = np.array([along, across]) / float((template**2).sum())
    x, y = 0.5 - TEMPLATE.mean(0)
    centre = landmarks.mean(0) + np.array([scale_cos * x - scale_sin * y, scale_sin * x + scale_cos * y])
    return np.array([*centre, scale_cos / 2, scale_sin / 2], np.float32)


def square_around(box: Box, turned_degrees: int = 0) -> npt.NDArray[np.float32]:
    """The square around a box, as wide as its longer side; for networks trained on boxes.

    It is upright in the frame, or in the frame turned clockwise by a multiple of 90 degrees.
    """
    x, y, width, height = box
    right_x, right_y = _RIGHT[turned_degrees]
    half = max(width, height) / 2
    return np.array([x + width / 2, y + height / 2, half * right_x, half * right_y], np.float32)


def turned_box(box: Box, turned_degrees: int = 0) -> npt.NDArray[np.float32]:
    """A detector's box for a squeezed crop, `(5,)`; upright in the frame, or in the frame turned clockwise."""
    x, y, width, height = box
    right_x, right_y = _RIGHT[turned_degrees]
    across, down = (width, height) if right_y == 0 else (height, width)
    # An empty box has no proportions; its crop is grey.
    proportions = down / across if across > 0 else 1.0
    return np.array(
        [x + width / 2, y + height / 2, across / 2 * right_x, across / 2 * right_y, proportions], np.float32
    )


def usual_boxes(squares: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
    """Boxes `(N, 5)` with the proportions that a face's box usually has, from the squares `(N, 4)` around them."""
    half_widths = squares[:, 2:4] * np.float32(BOX_WIDTH)
    proportions = np.full((len(squares), 1), 1 / BOX_WIDTH, np.float32)
    return np.hstack([squares[:, :2], half_widths, proportions])


def around_box_of(square: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
    """The same around the box that a face usually has, estimated from the square of its landmarks."""
    x, y, *right = square.tolist()
    height = 2 * float(np.hypot(*right)) / BOX_SIDE
    return np.array([x, y + (0.5 - BOX_CENTRE) * height, height / 2, 0], np.float32)


def square_from_box(box: Box) -> npt.NDArray[np.float32]:
    """The upright square that landmarks usually give, estimated from a detector's box alone."""
    x, y, width, height = box
    return np.array([x + width / 2, y + height * BOX_CENTRE, height * BOX_SIDE / 2, 0], np.float32)


def crop_faces(frame: Image, squares: npt.NDArray[np.float32], spec: CropSpec) -> FloatArray:
    """Crop faces from one frame.

    Args:
        frame: `(H, W, 3) uint8`, BGR.
        squares: `(N, 4)` squares or `(N, 5)` boxes, from `places_of`.
        spec: from the weights' card.

    Returns:
        `(N, size_px, size_px, 3) float32`, RGB, whole numbers from 0 to 255; outside the frame as the card says.
    """
    faces = np.empty((len(squares), spec.size_px, spec.size_px, 3), np.float32)
    for face, square in zip(faces, squares.astype(np.float64), strict=True):
        cv2.cvtColor(_crop_face(frame, square, spec), cv2.COLOR_BGR2RGB, face)
    return np.rint(faces, out=faces)


def _crop_face(frame: Image, square: npt.NDArray[np.float64], spec: CropSpec) -> FloatArray:
    size_px = spec.size_px
    centre, right = square[:2], square[2:4] * (1 + 2 * spec.margin)
    stretch = float(square[4]) if len(square) > 4 else 1.0
    half = float(np.hypot(*right))
    if not half * min(stretch, 1) > _MIN_HALF_SIDE_PX or not np.isfinite(square).all():
        return np.full((size_px, size_px, 3), OUTSIDE_GREY, np.float32)
    cos, sin = right / half
    # 1. Sample the upright rectangle around the rotated one, at twice the resolution of the crop
    patch_px = 2 * size_px
    reach = half * np.array([abs(cos) + abs(stretch * sin), abs(sin) + abs(stretch * cos)])
    patch = _patch(frame, centre, reach, patch_px, is_grey_outside=spec.border == "grey")
    # 2. Rotate it upright and resize it: (x, y) of the crop -> (x, y) of the patch
    zoom_x, zoom_y = half / reach * 2
    (xx, xy), (yx, yy) = (zoom_x * cos, -zoom_x * sin * stretch), (zoom_y * sin, zoom_y * cos * stretch)
    middle, patch_middle = (size_px - 1) / 2, (patch_px - 1) / 2
    shift_x, shift_y = patch_middle - middle * (xx + xy), patch_middle - middle * (yx + yy)
    rotation = np.array([[xx, xy, shift_x], [yx, yy, shift_y]])
    return np.asarray(
        cv2.warpAffine(patch, rotation, (size_px, size_px), flags=_WARP_FLAGS, borderMode=cv2.BORDER_REPLICATE)
    )


def _patch(
    frame: Image,
    centre: npt.NDArray[np.float64],
    reach: npt.NDArray[np.float64],
    patch_px: int,
    *,
    is_grey_outside: bool,
) -> FloatArray:
    """Sample an upright rectangle, `reach` (x, y) from its centre to its sides, as `(patch_px, patch_px, 3)`."""
    # Bilinear samples more than 2 px apart would skip pixels, so large faces are halved first.
    halvings = min(MAX_HALVINGS, max(0, math.floor(math.log2(2 * float(reach.max()) / patch_px))))
    block = 2**halvings
    # The blocks of the frame that the rectangle covers, one more on each side, and outside the frame at most two grey
    # ones; or, where its border is replicated, none outside but always one inside
    size = np.array(frame.shape[1::-1])
    blocks = -(-size // block)
    outside, inside = (2, 0) if is_grey_outside else (0, 1)
    first = np.clip(np.floor((centre - reach) / block).astype(int) - 1, -outside, blocks - inside)
    end = np.clip(np.ceil((centre + reach) / block).astype(int) + 1, inside, blocks + outside)
    (left, top), (right, bottom) = np.clip(first * block, 0, size), np.clip(end * block, 0, size)
    if left >= right or top >= bottom:
        return np.full((patch_px, patch_px, 3), OUTSIDE_GREY, np.float32)
    if halvings:
        part = _shrunk(frame, first, end, halvings, cv2.BORDER_CONSTANT if is_grey_outside else cv2.BORDER_REPLICATE)
        corner = first.astype(np.float64)
    else:
        part = np.ascontiguousarray(frame[top:bottom, left:right], np.float32)
        corner = np.array([left, top], np.float64)
    step = 2 * reach / block / patch_px
    start = (centre - reach) / block - corner + step / 2 - 0.5
    sample = np.array([[step[0], 0, start[0]], [0, step[1], start[1]]])
    patch = cv2.warpAffine(part, sample, (patch_px, patch_px), flags=_WARP_FLAGS, borderMode=cv2.BORDER_REPLICATE)
    if not is_grey_outside:
        return np.asarray(patch, np.float32)
    x, y = (first_at + apart * np.arange(patch_px) for first_at, apart in zip(start, step, strict=True))
    patch[:, (x < 0) | (x > part.shape[1] - 1)] = OUTSIDE_GREY
    patch[(y < 0) | (y > part.shape[0] - 1)] = OUTSIDE_GREY
    return np.asarray(patch, np.float32)


def _shrunk(
    frame: Image, first: npt.NDArray[np.int64], end: npt.NDArray[np.int64], halvings: int, border: int
) -> npt.NDArray[np.float32]:
    """Means of the blocks from `first` to `end` (x, y), of `2**halvings` pixels a side; `border` (OpenCV's) outside.

    Only some rows of the frame are floats at a time: all of a large face would take several times the memory of the
    frame itself.
    """
    height, width = frame.shape[:2]
    block = 2**halvings
    columns, rows = (end - first).tolist()
    left, right = np.clip(np.array([first[0], end[0]]) * block, 0, width).tolist()
    before, after = left - int(first[0]) * block, int(end[0]) * block - right
    blocks = np.empty((rows, columns, 3), np.float32)
    at_once = max(1, _STRIP_PIXELS // (columns * block * block))
    for row in range(0, rows, at_once):
        count = min(at_once, rows - row)
        start = (int(first[1]) + row) * block
        top, bottom = (min(max(y, 0), height) for y in (start, start + count * block))
        strip: npt.NDArray[Any] = np.ascontiguousarray(frame[top:bottom, left:right], np.float32)
        above, below = top - start, start + count * block - bottom
        if not strip.size:
            blocks[row : row + count] = OUTSIDE_GREY
            continue
        strip = cv2.copyMakeBorder(strip, above, below, before, after, border, value=_GREY)
        for _ in range(halvings):
            strip = cv2.resize(strip, (strip.shape[1] // 2, strip.shape[0] // 2), interpolation=cv2.INTER_AREA)
        blocks[row : row + count] = strip
    return blocks
