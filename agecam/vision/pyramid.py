"""Scales of the image pyramid, the half of a picture, and the thresholds of MTCNN's three stages."""

import math

import cv2
import numpy as np

from agecam.types import Frame, Image

SCALE_FACTOR = 0.709  # between pyramid levels, as published: half the area
CELL_PX = 12  # the proposal network sees 12 x 12 px
STRIDE_PX = 2
SMALLEST_FACE_PX = 12
MAX_PYRAMID_SIDE_PX = 2048
"""No pyramid level is larger than this; in larger pictures the smallest face grows in proportion."""

MAX_PROPOSALS = 8192
"""Limits the work on pictures full of face-like patterns; 264 faces in 1280x718 px gave 7,000 in one level."""
BLOCK, ONE_BLOCK = 32, 256
"""Boxes compared with all others at a time, and how many may be compared all at once. With 8,000 boxes, blocks of 1,024
take twice the time, and 200 MiB."""
PROPOSAL_THRESHOLD, REFINE_THRESHOLD, OUTPUT_THRESHOLD = 0.65, 0.7, 0.8
"""The package's, but for the first: with its 0.6, 74 pictures gave 12 % more proposals and the same faces."""
FINAL_OVERLAP = 0.7
"""Of two faces that share more than this of the smaller one, the better is kept."""
LARGE_PX = 8_000_000
"""Pixels of a large frame; one in 4K is."""
MIN_HALVED_PX = 320
"""Width of the smallest picture that `halves_of` returns: the one that optical flow is computed on."""
GREY = 127.5  # outside the frame: zero when scaled to -1..1


def pyramid_scales(height_px: int, width_px: int, min_face_px: float) -> list[float]:
    """Scales of the pyramid, largest first; empty if the picture is smaller than a face.

    The first scale brings `min_face_px` to 12 px, and every level keeps at least 12 px on its shorter side.
    """
    shorter, longer = sorted((height_px, width_px))
    smallest_px = math.ceil(CELL_PX * longer / MAX_PYRAMID_SIDE_PX)
    scale = CELL_PX / max(min_face_px, SMALLEST_FACE_PX, smallest_px)
    scales = []
    while math.floor(shorter * scale) >= CELL_PX:
        scales.append(scale)
        scale *= SCALE_FACTOR
    return scales


def count_halvings(side_px: int) -> int:
    """How often a side can be halved without a remainder; at most 4."""
    return next(n for n in range(4, -1, -1) if side_px % 2**n == 0)


def halved(image: Image) -> Image:
    """A picture at half its size, `(H // 2, W // 2, 3) uint8`; at least one pixel."""
    height, width = (max(1, side // 2) for side in image.shape[:2])
    # Without its last odd row and column, it is averaged over exact blocks, which is many times faster.
    even = image[: 2 * height, : 2 * width]
    return np.asarray(cv2.resize(even, (width, height), interpolation=cv2.INTER_AREA), np.uint8)


def half_of(frame: Frame) -> Image | None:
    """A large frame of a video at half its size, made once for all who ask for it; None for any other frame."""
    halves = halves_of(frame) if not frame.still and is_large(*frame.size) else ()
    return halves[0] if halves else None


def halves_of(frame: Frame) -> tuple[Image, ...]:
    """A frame of a video at a half and a quarter of its size and so on, made once for all who ask.

    Each is at least `MIN_HALVED_PX` wide, and no side is halved with a remainder.
    """
    return frame.derived(_halves)


def seen_in(frame: Frame, smallest_px: float = 0, needed_px: float = 0) -> tuple[Image, float]:
    """The half of a large frame if what is to be seen in it is large enough there; else the frame.

    Args:
        frame: the frame.
        smallest_px: size of the smallest thing to be seen, in pixels of the frame.
        needed_px: the size that it needs; by default the half is enough.

    Returns:
        The picture, and its size relative to the frame.
    """
    half = half_of(frame) if smallest_px >= 2 * needed_px else None
    return (frame.image_bgr, 1.0) if half is None else (half, 0.5)


def is_large(width_px: int, height_px: int) -> bool:
    """Whether frames of this size are halved once, for all who need no more."""
    return width_px * height_px >= LARGE_PX and width_px % 2 == height_px % 2 == 0


def _halves(frame: Frame) -> tuple[Image, ...]:
    halves: list[Image] = []
    width_px, height_px = frame.size
    while width_px >= 2 * MIN_HALVED_PX and width_px % 2 == height_px % 2 == 0:
        if isinstance(frame.image, np.ndarray):
            halves.append(halved(halves[-1] if halves else frame.image))
        else:
            halves.append(frame.image.halved(len(halves) + 1))
        width_px, height_px = width_px // 2, height_px // 2
    return tuple(halves)
