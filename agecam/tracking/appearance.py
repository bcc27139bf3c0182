"""What a person looks like, coarsely: the colours of the face and the clothes below it, which separate people."""

import cv2
import numpy as np
import numpy.typing as npt

from agecam.types import Box, Image

UNKNOWN = 0.08
"""Distance that is assumed if two appearances cannot be compared."""
_APPEARANCE_PX = (6, 9)
"""Width and height of an appearance descriptor."""
_MIN_KNOWN = 12
"""Values that two appearances must have in common to be compared."""

Appearance = npt.NDArray[np.float32]
"""`(9, 6, 3)` Lab colour, 0 to 1; NaN where unknown."""


def appearance_of(image_bgr: Image, box: Box) -> Appearance:
    """Appearance descriptor of a person: the colours of the face and the clothes below it.

    Returns:
        `(9, 6, 3)` Lab colour, 0 to 1; NaN outside the picture.
    """
    x, y, width, height = box
    left, right = round(x - 0.1 * width), round(x + 1.1 * width)
    top, bottom = round(y), round(y + 1.9 * height)
    sides = np.array([max(bottom - top, 1), max(right - left, 1)])
    whole = unknown_appearance()
    # Only whole cells of the grid that lie in the picture
    cells = np.array(whole.shape[:2])
    first = np.ceil(np.clip([-top, -left], 0, sides) / sides * cells).astype(int)
    reach = np.array(image_bgr.shape[:2]) - (top, left)
    last = np.floor(np.clip(reach, 0, sides) / sides * cells).astype(int)
    if (last <= first).any():
        return whole
    (upper, leftmost), (lower, rightmost) = (
        (cell * sides / cells + (top, left)).round().astype(int) for cell in (first, last)
    )
    size = (int(last[1] - first[1]), int(last[0] - first[0]))
    small = cv2.resize(
        image_bgr[max(upper, 0) : max(lower, upper + 1), max(leftmost, 0) : max(rightmost, leftmost + 1)],
        size,
        interpolation=cv2.INTER_AREA,
    )
    lab = cv2.cvtColor(small, cv2.COLOR_BGR2Lab).astype(np.float32) / 255
    whole[first[0] : last[0], first[1] : last[1]] = lab
    return whole


def appearance_distance(first: Appearance, second: Appearance) -> npt.NDArray[np.float64]:
    """Mean difference of each appearance of the first and each of the second where both are known, `(N, M)`."""
    difference = np.abs(first[:, None] - second[None]).reshape(len(first), len(second), -1)
    known = np.isfinite(difference).sum(-1)
    total = np.nansum(difference, axis=-1)
    return np.where(known >= _MIN_KNOWN, total / np.maximum(known, 1), UNKNOWN)


def unknown_appearance() -> Appearance:
    """An appearance without any known value."""
    return np.full((*_APPEARANCE_PX[::-1], 3), np.nan, np.float32)
