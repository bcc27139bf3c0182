"""Sizes in which a frame is looked at, and the thresholds of MTCNN's three stages."""

import math

SCALE_FACTOR = 0.709  # between pyramid levels, as published: half the area
CELL_PX = 12  # the proposal network looks at 12 x 12 px
STRIDE_PX = 2
SMALLEST_FACE_PX = 12
MAX_PYRAMID_SIDE_PX = 2048
"""No pyramid level is larger than this; on larger pictures the smallest face grows in proportion."""

MOST_PROPOSALS = 8192
"""Bounds the work on a picture that looks like faces all over; 264 faces in 1280x718 px made 7,000 in one level."""
BLOCK = 1024
"""Boxes compared at a time."""
PROPOSAL_THRESHOLD, REFINE_THRESHOLD, OUTPUT_THRESHOLD = 0.6, 0.7, 0.8
GREY = 127.5  # what lies outside the frame: zero, once scaled to -1..1


def pyramid_scales(height_px: int, width_px: int, min_face_px: float) -> list[float]:
    """Scales of the pyramid, largest first: the first brings `min_face_px` to 12 px, and every level
    keeps at least 12 px on its shorter side. Empty where the picture is smaller than a face."""
    shorter, longer = sorted((height_px, width_px))
    least_px = math.ceil(CELL_PX * longer / MAX_PYRAMID_SIDE_PX)
    scale = CELL_PX / max(min_face_px, SMALLEST_FACE_PX, least_px)
    scales = []
    while math.floor(shorter * scale) >= CELL_PX:
        scales.append(scale)
        scale *= SCALE_FACTOR
    return scales


def halvings_of(side_px: int) -> int:
    """How often a side can be halved without a remainder, at most 4 times."""
    return next(n for n in range(4, -1, -1) if side_px % 2**n == 0)
