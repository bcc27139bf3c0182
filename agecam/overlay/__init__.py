"""Draws boxes and labels on a copy of a picture.

Fast enough for live video: each face takes a few blends of small cached sprites (`agecam.overlay.sprites`).
"""

import math
from collections.abc import Sequence

import cv2
import numpy as np

from agecam.overlay.labels import TEXT_COLOUR, draw_labels, label_of, line_px_of, rect_of
from agecam.overlay.sprites import HALO_OPACITY, HALO_PX, Colour, Rect, blend, corner, crop, dot
from agecam.overlay.style import DEFAULT_STYLE, OverlayStyle, Words
from agecam.types import Face, FloatArray, Image

__all__ = ["DEFAULT_STYLE", "PALETTE", "OverlayStyle", "Words", "annotate", "blur_everything", "label_lines"]

_CELLS = 4
"""A blurred head, or the shorter side of a blurred picture, is averaged over this many cells: too few to restore it. Of
594 portraits MTCNN still finds a face in 158 with 8 cells, in 13 with 6, and in none with 5 or 4."""

# The hues are distinct on light and dark pictures, and none of them is associated with a gender.
PALETTE: tuple[Colour, ...] = (
    (40, 178, 255),  # amber
    (170, 200, 20),  # teal
    (90, 120, 255),  # vermilion
    (64, 204, 150),  # lime
    (250, 150, 180),  # violet
    (80, 225, 240),  # lemon
    (215, 190, 90),  # cyan
    (120, 165, 215),  # sand
)


def annotate(image_bgr: Image, faces: Sequence[Face], style: OverlayStyle = DEFAULT_STYLE) -> Image:
    """Return a copy of `image_bgr`, `(H, W, 3) uint8` BGR of any size, with `faces` drawn on it.

    Boxes are clipped to the picture; labels are always placed inside it.
    """
    canvas = image_bgr.copy()
    if style.blur_faces:
        for face in faces:
            _blur(canvas, rect_of(face))

    height, width = canvas.shape[:2]
    shown = [
        (face, PALETTE[(index if face.track is None else face.track - 1) % len(PALETTE)])
        for index, face in enumerate(faces)
        if _is_inside(rect_of(face), width, height)
    ]
    for face, colour in shown:
        if style.show_box:
            _draw_box(canvas, rect_of(face), colour)
        if style.show_landmarks:
            _draw_landmarks(canvas, face.landmarks, colour)
    draw_labels(canvas, shown, style)
    return canvas


def label_lines(face: Face, style: OverlayStyle = DEFAULT_STYLE) -> list[str]:
    """Return the lines of the label of a face as plain text; empty if `style` shows no text."""
    lines = label_of(face, style, TEXT_COLOUR)
    return [" ".join(run.text for run in line) for line in lines]


def blur_everything(image_bgr: Image) -> Image:
    """Return a picture of the same size, `(H, W, 3) uint8`, on which no face of any size can be recognised."""
    height, width = image_bgr.shape[:2]
    cell_px = max(1, min(height, width) / _CELLS)
    cells = (max(1, round(width / cell_px)), max(1, round(height / cell_px)))
    coarse = cv2.resize(image_bgr, cells, interpolation=cv2.INTER_AREA)
    return np.asarray(cv2.resize(coarse, (width, height), interpolation=cv2.INTER_LINEAR), np.uint8)


def _is_inside(rect: Rect, width: int, height: int) -> bool:
    left, top, right, bottom = rect
    return min(right, width) > max(left, 0) and min(bottom, height) > max(top, 0)


def _blur(canvas: Image, rect: Rect) -> None:
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


def _draw_box(canvas: Image, rect: Rect, colour: Colour) -> None:
    line_px = line_px_of(canvas)
    side_px = line_px + 2 * HALO_PX
    outward = line_px // 2 + HALO_PX
    left, top = rect[0] - outward, rect[1] - outward
    # A frame is at least as large as its four rounded corners.
    right = max(rect[2] + outward, left + 2 * side_px)
    bottom = max(rect[3] + outward, top + 2 * side_px)
    radius = min(4 * line_px, min(right - left, bottom - top) // 2 - side_px)
    size = side_px + radius

    corner_x, corner_y = (left, right - size), (top, bottom - size)
    for row, y in enumerate(corner_y):
        for column, x in enumerate(corner_x):
            blend(canvas, corner(radius, line_px, colour, at_right=bool(column), at_bottom=bool(row)), x, y)
    for y in (top, bottom - side_px):
        halo = crop(canvas, (left + size, y, right - size, y + side_px))
        line = crop(canvas, (left + size, y + HALO_PX, right - size, y + HALO_PX + line_px))
        _draw_side(halo, line, colour)
    for x in (left, right - side_px):
        halo = crop(canvas, (x, top + size, x + side_px, bottom - size))
        line = crop(canvas, (x + HALO_PX, top + size, x + HALO_PX + line_px, bottom - size))
        _draw_side(halo, line, colour)


def _draw_side(halo: Image, line: Image, colour: Colour) -> None:
    if halo.size:
        cv2.convertScaleAbs(halo, dst=halo, alpha=1 - HALO_OPACITY)
    line[:] = colour


def _draw_landmarks(canvas: Image, landmarks: FloatArray, colour: Colour) -> None:
    sprite = dot(line_px_of(canvas), colour)
    centre = len(sprite.transparency) // 2
    for x, y in landmarks:
        blend(canvas, sprite, round(float(x)) - centre, round(float(y)) - centre)
