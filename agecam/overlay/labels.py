"""Text and placement of labels."""

from collections.abc import Sequence
from functools import lru_cache
from typing import NamedTuple

import numpy as np

from agecam.overlay.sprites import HALO_PX, Colour, Plane, Rect, Sprite, bar_px, blend, label_background, text
from agecam.overlay.style import OverlayStyle
from agecam.overlay.typeface import Typeface
from agecam.types import Face, Image

TEXT_COLOUR: Colour = (250, 250, 250)
SECONDARY_TEXT_COLOUR: Colour = (212, 212, 212)
DIGIT_HEIGHT_RATIO = 0.73
"""Height of digits relative to the font size."""
LINE_WIDTH_RATIO = 0.0028
TEXT_SIZE_RATIO = 0.022
"""Line width and font size relative to the shorter side of the picture."""
MIN_PREFERRED_TEXT_PX = 11
MIN_TEXT_PX = 6
"""Labels that do not fit the picture are shrunk down to this size, and omitted below it."""


class Run(NamedTuple):
    """A run of label text in one style."""

    text: str
    colour: Colour
    scale: float = 1.0
    bold: bool = False


Lines = tuple[tuple[Run, ...], ...]


class LabelLayout(NamedTuple):
    """A label with its rendered text; all sizes in pixels."""

    width: int
    height: int
    text_px: int
    texts: tuple[tuple[Sprite, int, int], ...]
    """Each run of text with its left and top inside the label."""


def draw_labels(canvas: Image, shown: Sequence[tuple[Face, Colour]], style: OverlayStyle) -> None:
    """Draw the labels of faces in place, each in the given colour."""
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
        blend(canvas, label_background(label.width, label.height, label.text_px, colour), spot[0], spot[1])
        for sprite, x, y in label.texts:
            blend(canvas, sprite, spot[0] + x, spot[1] + y)


def label_of(face: Face, style: OverlayStyle, colour: Colour) -> Lines:
    """Return the label of a face as lines of text runs; `colour` is used for the track."""
    first: list[Run] = []
    if style.show_age:
        first.append(Run(f"{face.age:.0f}", TEXT_COLOUR, scale=1.2, bold=True))
    if style.show_interval:
        interval = f"{face.age_low:.0f}\N{EN DASH}{face.age_high:.0f}"
        first.append(Run(f"({interval})" if style.show_age else interval, SECONDARY_TEXT_COLOUR))
    second: list[Run] = []
    if style.show_gender:
        with_probability = style.show_probability and face.gender != "unsure"
        probability = f" {100 * face.gender_probability:.0f} %" if with_probability else ""
        second.append(Run(style.words.of(face.gender) + probability, SECONDARY_TEXT_COLOUR))
    if style.show_track and face.track is not None:
        (first or second).append(Run(f"#{face.track}", colour))
    return tuple(tuple(line) for line in (first, second) if line)


def rect_of(face: Face) -> Rect:
    """Return the box of a face, rounded to whole pixels."""
    x, y, width, height = face.box
    return round(x), round(y), round(x + width), round(y + height)


def clipped(rect: Rect, picture: Rect) -> Rect:
    """Return the part of a rectangle inside the picture."""
    left, top, right, bottom = rect
    return max(left, 0), max(top, 0), min(right, picture[2]), min(bottom, picture[3])


def line_px_of(canvas: Image) -> int:
    """Return the line width for a picture of this size."""
    shorter_side: int = min(canvas.shape[:2])
    return max(1, round(shorter_side * LINE_WIDTH_RATIO))


def _fitting_layout(lines: Lines, picture: Rect, typeface: Typeface) -> LabelLayout | None:
    """Lay out a label in the preferred size for the picture, or smaller if needed; None if it does not fit."""
    width, height = picture[2:]
    preferred_px = max(MIN_PREFERRED_TEXT_PX, round(min(width, height) * TEXT_SIZE_RATIO))
    for text_px in range(preferred_px, MIN_TEXT_PX - 1, -1):
        layout = _layout(lines, text_px, typeface)
        if layout.texts and layout.width <= width and layout.height <= height:
            return layout
    return None


@lru_cache(maxsize=512)
def _layout(lines: Lines, text_px: int, typeface: Typeface) -> LabelLayout:
    padding = round(0.5 * text_px)
    texts = []
    right, baseline = 0, 0
    for line in lines:
        # Based on the height of digits, not the font's line height, so that the margins look even.
        baseline += padding + round(DIGIT_HEIGHT_RATIO * text_px * max(run.scale for run in line))
        x = bar_px(text_px) + padding
        for run in line:
            size_px = round(run.scale * text_px)
            sprite, advance, ascent = text(run.text, size_px, run.bold, run.colour, typeface)
            texts.append((sprite, x, baseline - ascent))
            right = max(right, x + advance)
            x += advance + round(0.4 * text_px)
    return LabelLayout(right + padding, baseline + padding, text_px, tuple(texts))


def _place(label: LabelLayout, box: Rect, others: list[Rect], taken: list[Rect], picture: Rect, gap: int) -> Rect:
    """Choose the position of a label: above its box, else below, else inside the box.

    If another label or face is in the way, the label is shifted along the box, or placed next to it or further away.
    The position is deterministic, so that a label does not move while nothing gets in its way.
    """
    left, top, right, bottom = box
    width, height = label.width, label.height
    rightmost, lowest = picture[2] - width, picture[3] - height
    above, below = top - gap - height, bottom + gap

    along = [left, right - width, left - width // 2, right - width // 2]
    along += [x for other in taken for x in (other[2], other[0] - width) if left - width < x < right]
    candidates = [(x, y, 0.0) for y in (above, below) if 0 <= y <= lowest for x in along]
    candidates += [(x, y, 0.0) for y in (top + gap, bottom - gap - height) for x in (left, right - width)]
    candidates += [(x, top, 0.25) for x in (right + gap, left - gap - width) if 0 <= x <= rightmost]
    further = (above - height - gap, below + height + gap)
    candidates += [(x, y, 0.35) for y in further if 0 <= y <= lowest for x in along]

    places = np.array(candidates)
    places[:, :2] = places[:, :2].clip(0, (rightmost, lowest))
    spots = np.hstack([places[:, :2], places[:, :2] + (width, height)])
    # Relative areas: covering another label costs most, then another face, then the label's own face.
    on_labels = _overlap_px(spots, taken) / (width * height)
    on_faces = _overlap_px(spots, others) / (width * height)
    on_own_face = _overlap_px(spots, [box]) / ((right - left) * (bottom - top))
    cost = places[:, 2] + on_own_face + 2 * on_faces + 8 * on_labels + (on_labels > 0)
    x, y, _ = places[cost.argmin()]
    return int(x), int(y), int(x) + width, int(y) + height


def _overlap_px(spots: Plane, rects: list[Rect]) -> Plane:
    """Return the area `(n,)` in pixels that each of the `(n, 4)` spots shares with the rectangles, summed over them."""
    other = np.array(rects, dtype=np.float64).reshape(-1, 1, 4)
    overlap = np.minimum(spots[:, 2:], other[..., 2:]) - np.maximum(spots[:, :2], other[..., :2])
    overlap = np.maximum(overlap, 0)
    total: Plane = (overlap[..., 0] * overlap[..., 1]).sum(axis=0)
    return total
