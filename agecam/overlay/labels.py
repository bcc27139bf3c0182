"""What stands beside a face, and where there is room for it."""

from collections.abc import Sequence
from functools import lru_cache
from typing import NamedTuple

import numpy as np

from agecam.overlay.sprites import HALO_PX, Colour, Plane, Rect, Sprite, bar_px, lay, plate, text
from agecam.overlay.style import OverlayStyle
from agecam.overlay.typeface import Typeface
from agecam.types import Face, Image

INK: Colour = (250, 250, 250)
QUIET_INK: Colour = (212, 212, 212)
DIGIT_SHARE = 0.73
"""Height of the font's digits, as a share of its size."""
LINE_SHARE = 0.0028
TEXT_SHARE = 0.022
"""Thickness of lines and size of text, as shares of the picture's shorter side."""
MIN_TEXT_PX = 11
SMALLEST_TEXT_PX = 6
"""Pictures too narrow for the usual label get a smaller one down to here, and below it none."""


class Run(NamedTuple):
    """A piece of label text in one look."""

    text: str
    colour: Colour
    scale: float = 1.0
    bold: bool = False


Lines = tuple[tuple[Run, ...], ...]


class Layout(NamedTuple):
    """A label with all its measures in pixels, ready to be placed."""

    width: int
    height: int
    text_px: int
    texts: tuple[tuple[Sprite, int, int], ...]
    """Each piece of text with its left and top inside the label."""


def draw_labels(canvas: Image, shown: Sequence[tuple[Face, Colour]], style: OverlayStyle) -> None:
    """Draw the labels of faces, each in its colour, in place."""
    picture = (0, 0, canvas.shape[1], canvas.shape[0])
    gap = line_px_of(canvas) + HALO_PX + 1
    boxes = [clipped(rect_of(face), picture) for face, _ in shown]
    taken: list[Rect] = []
    for index, (face, colour) in enumerate(shown):
        label = _fitting_layout(label_of(face, style, colour), picture, style.words.typeface)
        if label is None:
            continue
        spot = _place(label, boxes[index], boxes[:index] + boxes[index + 1 :], taken, picture, gap)
        taken.append((spot[0] - gap, spot[1] - gap, spot[2] + gap, spot[3] + gap))
        lay(canvas, plate(label.width, label.height, label.text_px, colour), spot[0], spot[1])
        for sprite, x, y in label.texts:
            lay(canvas, sprite, spot[0] + x, spot[1] + y)


def label_of(face: Face, style: OverlayStyle, colour: Colour) -> Lines:
    """The text of a face in pieces, line by line."""
    first: list[Run] = []
    if style.show_age:
        first.append(Run(f"{face.age:.0f}", INK, scale=1.2, bold=True))
    if style.show_interval:
        interval = f"{face.age_low:.0f}\N{EN DASH}{face.age_high:.0f}"
        first.append(Run(f"({interval})" if style.show_age else interval, QUIET_INK))
    second: list[Run] = []
    if style.show_gender:
        with_probability = style.show_probability and face.gender != "unsure"
        chance = f" {100 * face.gender_probability:.0f} %" if with_probability else ""
        second.append(Run(style.words.of(face.gender) + chance, QUIET_INK))
    if style.show_track and face.track is not None:
        (first or second).append(Run(f"#{face.track}", colour))
    return tuple(tuple(line) for line in (first, second) if line)


def rect_of(face: Face) -> Rect:
    """The box of a face in whole pixels."""
    x, y, width, height = face.box
    return round(x), round(y), round(x + width), round(y + height)


def clipped(rect: Rect, picture: Rect) -> Rect:
    """The part of a rectangle inside the picture."""
    left, top, right, bottom = rect
    return max(left, 0), max(top, 0), min(right, picture[2]), min(bottom, picture[3])


def line_px_of(canvas: Image) -> int:
    """Thickness of lines on this picture."""
    shorter_side: int = min(canvas.shape[:2])
    return max(1, round(shorter_side * LINE_SHARE))


def _fitting_layout(lines: Lines, picture: Rect, typeface: Typeface) -> Layout | None:
    """Lay the label out in the size that suits the picture, or smaller, or not at all."""
    width, height = picture[2:]
    usual_px = max(MIN_TEXT_PX, round(min(width, height) * TEXT_SHARE))
    for text_px in range(usual_px, SMALLEST_TEXT_PX - 1, -1):
        layout = _layout(lines, text_px, typeface)
        if layout.texts and layout.width <= width and layout.height <= height:
            return layout
    return None


@lru_cache(maxsize=512)
def _layout(lines: Lines, text_px: int, typeface: Typeface) -> Layout:
    padding = round(0.5 * text_px)
    texts = []
    right, baseline = 0, 0
    for line in lines:
        # The height of digits, not the font's line height, makes the margins look even.
        baseline += padding + round(DIGIT_SHARE * text_px * max(run.scale for run in line))
        x = bar_px(text_px) + padding
        for run in line:
            size_px = round(run.scale * text_px)
            sprite, advance, ascent = text(run.text, size_px, run.bold, run.colour, typeface)
            texts.append((sprite, x, baseline - ascent))
            right = max(right, x + advance)
            x += advance + round(0.4 * text_px)
    return Layout(right + padding, baseline + padding, text_px, tuple(texts))


def _place(label: Layout, box: Rect, others: list[Rect], taken: list[Rect], picture: Rect, gap: int) -> Rect:
    """Find room for a label in the picture: above its box, else below, else inside; where another label or
    another face is in the way, shifted along the box, beside it or further off.

    A label stays put while nothing comes into its way.
    """
    left, top, right, bottom = box
    width, height = label.width, label.height
    rightmost, lowest = picture[2] - width, picture[3] - height
    above, below = top - gap - height, bottom + gap

    along = [left, right - width, left - width // 2, right - width // 2]
    along += [x for other in taken for x in (other[2], other[0] - width) if left - width < x < right]
    choices = [(x, y, 0.0) for y in (above, below) if 0 <= y <= lowest for x in along]
    choices += [(x, y, 0.0) for y in (top + gap, bottom - gap - height) for x in (left, right - width)]
    choices += [(x, top, 0.25) for x in (right + gap, left - gap - width) if 0 <= x <= rightmost]
    further = (above - height - gap, below + height + gap)
    choices += [(x, y, 0.35) for y in further if 0 <= y <= lowest for x in along]

    places = np.array(choices)
    places[:, :2] = places[:, :2].clip(0, (rightmost, lowest))
    spots = np.hstack([places[:, :2], places[:, :2] + (width, height)])
    # As shares of the label: hiding another label is worst, then another face, then most of its own.
    on_labels = _shared_px(spots, taken) / (width * height)
    on_faces = _shared_px(spots, others) / (width * height)
    on_own_face = _shared_px(spots, [box]) / ((right - left) * (bottom - top))
    cost = places[:, 2] + on_own_face + 2 * on_faces + 8 * on_labels + (on_labels > 0)
    x, y, _ = places[cost.argmin()]
    return int(x), int(y), int(x) + width, int(y) + height


def _shared_px(spots: Plane, rects: list[Rect]) -> Plane:
    """For each of `(n, 4)` spots, the area that it shares with all of the rectangles: `(n,)`."""
    other = np.array(rects, dtype=np.float64).reshape(-1, 1, 4)
    shared = np.minimum(spots[:, 2:], other[..., 2:]) - np.maximum(spots[:, :2], other[..., :2])
    shared = np.maximum(shared, 0)
    total: Plane = (shared[..., 0] * shared[..., 1]).sum(axis=0)
    return total
