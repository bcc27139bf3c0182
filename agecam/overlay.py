"""Draws boxes and labels on a copy of the picture, cheaply enough for every live frame.

Text, plates, corners and dots are sprites: rendered once with clean edges, cached, and laid over the picture,
so that a frame costs a few small blends a face.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import NamedTuple

import cv2
import numpy as np
import numpy.typing as npt
from PIL import Image as PillowImage
from PIL import ImageDraw, ImageFont

from agecam.types import Face, FloatArray, Image

Colour = tuple[int, int, int]
"""BGR, 0 to 255."""

Plane = npt.NDArray[np.floating]

Rect = tuple[int, int, int, int]
"""`left, top, right, bottom` in whole pixels, the last two exclusive."""

# Told apart by hue on light and dark pictures alike, and none of them stands for a gender.
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
INK: Colour = (250, 250, 250)
QUIET_INK: Colour = (212, 212, 212)
PLATE: Colour = (22, 20, 20)
PLATE_OPACITY = 0.8
HALO_OPACITY = 0.4
HALO_PX = 1
DIGIT_SHARE = 0.73
"""Height of the font's digits, as a share of its size."""

LINE_SHARE = 0.0028
TEXT_SHARE = 0.022
"""Thickness of lines and size of text, as shares of the picture's shorter side."""
MIN_TEXT_PX = 11
SMALLEST_TEXT_PX = 6
"""Pictures too narrow for the usual label get a smaller one down to here, and below it none."""


@dataclass(frozen=True)
class OverlayStyle:
    """What is drawn for each face."""

    show_box: bool = True
    show_age: bool = True
    show_interval: bool = True
    """The 80 % interval beside the age."""
    show_gender: bool = True
    show_probability: bool = True
    """The probability beside the gender; shows only together with it."""
    show_track: bool = True
    """The person's number; shows only where the face has one."""
    show_landmarks: bool = False
    blur_faces: bool = False
    """Makes faces unrecognisable before anything is drawn."""


DEFAULT_STYLE = OverlayStyle()


class Run(NamedTuple):
    """A piece of label text in one look."""

    text: str
    colour: Colour
    scale: float = 1.0
    bold: bool = False


Lines = tuple[tuple[Run, ...], ...]


class Sprite(NamedTuple):
    """Something to lay over a picture: `result = picture * keep / 255 + ink`."""

    ink: Image
    """`(h, w, 3) uint8` BGR, multiplied by its opacity."""
    keep: Image
    """`(h, w, 3) uint8`: how much of the picture shows through, 255 for all of it."""


class Layout(NamedTuple):
    """A label with all its measures in pixels, ready to be placed."""

    width: int
    height: int
    text_px: int
    texts: tuple[tuple[Sprite, int, int], ...]
    """Each piece of text with its left and top inside the label."""


def annotate(image_bgr: Image, faces: Sequence[Face], style: OverlayStyle = DEFAULT_STYLE) -> Image:
    """Return a copy of `image_bgr`, `(H, W, 3) uint8` BGR of any size, with its faces drawn on it.

    Boxes may reach beyond the picture; what lies outside is cut off, labels always stay inside.
    """
    canvas = image_bgr.copy()
    if style.blur_faces:
        for face in faces:
            _blur(canvas, _rect(face))

    height, width = canvas.shape[:2]
    shown = [
        (face, PALETTE[(index if face.track is None else face.track - 1) % len(PALETTE)])
        for index, face in enumerate(faces)
        if _is_inside(_rect(face), width, height)
    ]
    for face, colour in shown:
        if style.show_box:
            _draw_box(canvas, _rect(face), colour)
        if style.show_landmarks:
            _draw_landmarks(canvas, face.landmarks, colour)
    _draw_labels(canvas, shown, style)
    return canvas


def label_lines(face: Face, style: OverlayStyle = DEFAULT_STYLE) -> list[str]:
    """Return the label of a face as plain text, line by line; empty where `style` shows no text."""
    lines = _label(face, style, INK)
    return [" ".join(run.text for run in line) for line in lines]


def _label(face: Face, style: OverlayStyle, colour: Colour) -> Lines:
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
        second.append(Run(face.gender + chance, QUIET_INK))
    if style.show_track and face.track is not None:
        (first or second).append(Run(f"#{face.track}", colour))
    return tuple(tuple(line) for line in (first, second) if line)


def _rect(face: Face) -> Rect:
    x, y, width, height = face.box
    return round(x), round(y), round(x + width), round(y + height)


def _is_inside(rect: Rect, width: int, height: int) -> bool:
    left, top, right, bottom = rect
    return min(right, width) > max(left, 0) and min(bottom, height) > max(top, 0)


def _blur(canvas: Image, rect: Rect) -> None:
    left, top, right, bottom = rect
    # An ellipse that covers the box, too: hair line, ears and chin lie just outside it.
    reach_x, reach_y = math.ceil(0.7 * (right - left)), math.ceil(0.7 * (bottom - top))
    centre_x, centre_y = (left + right) // 2, (top + bottom) // 2
    head = _window(canvas, (centre_x - reach_x, centre_y - reach_y, centre_x + reach_x, centre_y + reach_y))
    if head.size == 0:
        return
    height, width = head.shape[:2]
    # Means over at most 8 x 8 cells: nothing is left that sharpening could bring back.
    cells = (min(8, math.ceil(width / 4)), min(8, math.ceil(height / 4)))
    coarse = cv2.resize(head, cells, interpolation=cv2.INTER_AREA)
    smooth = cv2.resize(coarse, (width, height), interpolation=cv2.INTER_LINEAR)
    ellipse = np.zeros((height, width), np.uint8)
    centre = (centre_x - max(centre_x - reach_x, 0), centre_y - max(centre_y - reach_y, 0))
    cv2.ellipse(ellipse, centre, (reach_x, reach_y), 0, 0, 360, 255, cv2.FILLED)
    cv2.copyTo(smooth, ellipse, head)


def _line_px(canvas: Image) -> int:
    shorter_side: int = min(canvas.shape[:2])
    return max(1, round(shorter_side * LINE_SHARE))


def _draw_box(canvas: Image, rect: Rect, colour: Colour) -> None:
    line_px = _line_px(canvas)
    side_px = line_px + 2 * HALO_PX
    outward = line_px // 2 + HALO_PX
    left, top = rect[0] - outward, rect[1] - outward
    # A face smaller than the frame's own corners gets a frame of their size.
    right = max(rect[2] + outward, left + 2 * side_px)
    bottom = max(rect[3] + outward, top + 2 * side_px)
    radius = min(4 * line_px, min(right - left, bottom - top) // 2 - side_px)
    size = side_px + radius

    corner_x, corner_y = (left, right - size), (top, bottom - size)
    for row, y in enumerate(corner_y):
        for column, x in enumerate(corner_x):
            _lay(canvas, _corner(radius, line_px, colour, at_right=bool(column), at_bottom=bool(row)), x, y)
    for y in (top, bottom - side_px):
        halo = _window(canvas, (left + size, y, right - size, y + side_px))
        line = _window(canvas, (left + size, y + HALO_PX, right - size, y + HALO_PX + line_px))
        _draw_side(halo, line, colour)
    for x in (left, right - side_px):
        halo = _window(canvas, (x, top + size, x + side_px, bottom - size))
        line = _window(canvas, (x + HALO_PX, top + size, x + HALO_PX + line_px, bottom - size))
        _draw_side(halo, line, colour)


def _draw_side(halo: Image, line: Image, colour: Colour) -> None:
    if halo.size:
        cv2.convertScaleAbs(halo, dst=halo, alpha=1 - HALO_OPACITY)
    line[:] = colour


@lru_cache(maxsize=512)
def _corner(radius: int, line_px: int, colour: Colour, *, at_right: bool, at_bottom: bool) -> Sprite:
    """One corner of a rounded frame: a line with a dark halo, ending where both sides run straight."""
    size = line_px + 2 * HALO_PX + radius
    inward = HALO_PX + line_px / 2 + radius - (np.arange(size) + 0.5)
    # Coverage falls from 1 to 0 across one pixel at the line's edges, which is the anti-aliasing.
    distance = np.abs(_beyond_corner(inward, inward) - radius)
    line = (line_px / 2 + 0.5 - distance).clip(0, 1)
    halo = (line_px / 2 + HALO_PX + 0.5 - distance).clip(0, 1)
    flip = (slice(None, None, -1 if at_bottom else 1), slice(None, None, -1 if at_right else 1))
    return _sprite([((0, 0, 0), HALO_OPACITY * halo[flip]), (colour, line[flip])])


def _beyond_corner(across: Plane, along: Plane) -> Plane:
    """Distance of each point of a grid from the corner of a rectangle, negative inside it.

    The rectangle fills the quadrant of negative coordinates.
    """
    x, y = np.meshgrid(across, along)
    beyond: Plane = np.hypot(x.clip(min=0), y.clip(min=0)) + np.maximum(x, y).clip(max=0)
    return beyond


def _draw_landmarks(canvas: Image, landmarks: FloatArray, colour: Colour) -> None:
    dot = _dot(_line_px(canvas), colour)
    centre = len(dot.keep) // 2
    for x, y in landmarks:
        _lay(canvas, dot, round(float(x)) - centre, round(float(y)) - centre)


@lru_cache(maxsize=64)
def _dot(line_px: int, colour: Colour) -> Sprite:
    radius = 0.6 + line_px
    offsets = np.arange(-math.ceil(radius + HALO_PX), math.ceil(radius + HALO_PX) + 1)
    distance = np.hypot(*np.meshgrid(offsets, offsets))
    dot, halo = ((reach + 0.5 - distance).clip(0, 1) for reach in (radius, radius + HALO_PX))
    return _sprite([((0, 0, 0), HALO_OPACITY * halo), (colour, dot)])


def _draw_labels(canvas: Image, shown: Sequence[tuple[Face, Colour]], style: OverlayStyle) -> None:
    picture = (0, 0, canvas.shape[1], canvas.shape[0])
    gap = _line_px(canvas) + HALO_PX + 1
    boxes = [_clipped(_rect(face), picture) for face, _ in shown]
    taken: list[Rect] = []
    for index, (face, colour) in enumerate(shown):
        label = _fitting_layout(_label(face, style, colour), picture)
        if label is None:
            continue
        spot = _place(label, boxes[index], boxes[:index] + boxes[index + 1 :], taken, picture, gap)
        taken.append((spot[0] - gap, spot[1] - gap, spot[2] + gap, spot[3] + gap))
        _lay(canvas, _plate(label.width, label.height, label.text_px, colour), spot[0], spot[1])
        for sprite, x, y in label.texts:
            _lay(canvas, sprite, spot[0] + x, spot[1] + y)


def _fitting_layout(lines: Lines, picture: Rect) -> Layout | None:
    """Lay the label out in the size that suits the picture, or smaller, or not at all."""
    width, height = picture[2:]
    usual_px = max(MIN_TEXT_PX, round(min(width, height) * TEXT_SHARE))
    for text_px in range(usual_px, SMALLEST_TEXT_PX - 1, -1):
        layout = _layout(lines, text_px)
        if layout.texts and layout.width <= width and layout.height <= height:
            return layout
    return None


@lru_cache(maxsize=512)
def _layout(lines: Lines, text_px: int) -> Layout:
    padding = round(0.5 * text_px)
    texts = []
    right, baseline = 0, 0
    for line in lines:
        # The height of digits, not the font's line height, makes the margins look even.
        baseline += padding + round(DIGIT_SHARE * text_px * max(run.scale for run in line))
        x = _bar_px(text_px) + padding
        for run in line:
            size_px = round(run.scale * text_px)
            sprite, advance, ascent = _text(run.text, size_px, run.bold, run.colour)
            texts.append((sprite, x, baseline - ascent))
            right = max(right, x + advance)
            x += advance + round(0.4 * text_px)
    return Layout(right + padding, baseline + padding, text_px, tuple(texts))


def _bar_px(text_px: int) -> int:
    return max(2, round(text_px / 6))


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


@lru_cache(maxsize=256)
def _plate(width: int, height: int, text_px: int, colour: Colour) -> Sprite:
    radius = min(0.3 * text_px, width / 2, height / 2)
    across = np.abs(np.arange(width) + 0.5 - width / 2) - (width / 2 - radius)
    along = np.abs(np.arange(height) + 0.5 - height / 2) - (height / 2 - radius)
    coverage = (radius + 0.5 - _beyond_corner(across, along)).clip(0, 1)
    bar = coverage * (np.arange(width) < _bar_px(text_px))
    return _sprite([(PLATE, PLATE_OPACITY * coverage), (colour, bar)])


@lru_cache(maxsize=1024)
def _text(text: str, size_px: int, bold: bool, colour: Colour) -> tuple[Sprite, int, int]:
    """Render a text; return it with its advance and the height of its baseline's top, in pixels."""
    font = _font(size_px, bold)
    ascent, descent = font.getmetrics()
    advance = round(font.getlength(text))
    mask = PillowImage.new("L", (advance + 1, ascent + descent))
    ImageDraw.Draw(mask).text((0, ascent), text, fill=255, font=font, anchor="ls")
    return _sprite([(colour, np.asarray(mask) / 255)]), advance, ascent


@lru_cache(maxsize=64)
def _font(size_px: int, bold: bool) -> ImageFont.FreeTypeFont:
    import matplotlib  # a third of a second, due only where text is drawn

    name = "DejaVuSans-Bold.ttf" if bold else "DejaVuSans.ttf"
    return ImageFont.truetype(str(Path(matplotlib.get_data_path(), "fonts", "ttf", name)), size_px)


def _sprite(layers: Sequence[tuple[Colour, Plane]]) -> Sprite:
    """Lay colours over one another, bottom first, each with its `(h, w)` opacity from 0 to 1."""
    height, width = layers[0][1].shape
    ink = np.zeros((height, width, 3))
    keep = np.ones((height, width, 1))
    for colour, opacity in layers:
        through = 1 - opacity[:, :, None]
        ink = ink * through + np.array(colour) * opacity[:, :, None]
        keep = keep * through
    # Opacity rounds up and ink down, so that the two never add up to more than 255.
    return Sprite(ink.astype(np.uint8), np.repeat((keep * 255).astype(np.uint8), 3, axis=2))


def _lay(canvas: Image, sprite: Sprite, left: int, top: int) -> None:
    height, width = sprite.keep.shape[:2]
    view = _window(canvas, (left, top, left + width, top + height))
    if view.size:
        shown = np.s_[max(-top, 0) :, max(-left, 0) :]
        ink, keep = (part[shown][: view.shape[0], : view.shape[1]] for part in sprite)
        cv2.add(cv2.multiply(view, keep, scale=1 / 255), ink, dst=view)


def _window(canvas: Image, rect: Rect) -> Image:
    """The part of the canvas inside `rect`, as a view; empty where they do not meet."""
    left, top, right, bottom = rect
    return canvas[max(top, 0) : max(bottom, 0), max(left, 0) : max(right, 0)]


def _clipped(rect: Rect, picture: Rect) -> Rect:
    left, top, right, bottom = rect
    return max(left, 0), max(top, 0), min(right, picture[2]), min(bottom, picture[3])
