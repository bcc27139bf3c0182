"""Draws boxes and labels into a picture with small cached sprites."""

from collections.abc import Sequence
from functools import lru_cache
from typing import NamedTuple

import cv2

from agecam.overlay.labels import Form, forms_of, rect_of
from agecam.overlay.placement import Placer, Subject, fullest_form
from agecam.overlay.scale import Scale
from agecam.overlay.sprites import (
    HALO_OPACITY,
    HALO_PX,
    Colour,
    Rect,
    Sprite,
    bar_px,
    blend,
    corner,
    crop,
    dot,
    label_background,
    pill,
    text,
)
from agecam.overlay.style import OverlayStyle
from agecam.overlay.typeface import Typeface
from agecam.types import Face, FloatArray, Image

DIGIT_HEIGHT_RATIO = 0.73
"""Height of digits relative to the font size."""
MIN_TEXT_PX = 6
"""Labels that do not fit the picture are shrunk down to this size, and omitted below it."""


class Shown(NamedTuple):
    """A face to draw."""

    face: Face
    number: int
    colour: Colour


class LabelLayout(NamedTuple):
    """A label with its rendered text; all sizes in pixels."""

    width: int
    height: int
    text_px: int
    texts: tuple[tuple[Sprite, int, int], ...]
    """Each run of text with its left and top inside the label."""
    is_dot: bool = False


def draw_labels(canvas: Image, shown: Sequence[Shown], style: OverlayStyle, scale: Scale, placer: Placer) -> None:
    """Draw the labels of faces in place, where they cover no face and no other label."""
    height, width = canvas.shape[:2]
    layouts = [
        _fitting(forms_of(face, number, style), (width, height), scale.text_px, style.words.typeface)
        for face, number, _ in shown
    ]
    subjects = []
    for (face, number, _), forms in zip(shown, layouts, strict=True):
        box, sizes = rect_of(face), tuple((layout.width, layout.height) for layout in forms)
        subjects.append(Subject(number, box, sizes, fullest_form(sizes, box, len(shown))))
    spots = placer.place(subjects, (width, height), scale.line_px + HALO_PX + 1)
    for (_, _, colour), forms, spot in zip(shown, layouts, spots, strict=True):
        if spot is not None:
            _draw_label(canvas, forms[spot.form], spot.rect, colour)


def draw_box(canvas: Image, face: Face, colour: Colour, line_px: int) -> None:
    """Draw the box of a face in place: rounded, or dotted if the face is not confirmed."""
    rect = rect_of(face)
    side_px = line_px + 2 * HALO_PX
    outward = line_px // 2 + HALO_PX
    left, top = rect[0] - outward, rect[1] - outward
    # A frame is at least as large as its four rounded corners.
    right = max(rect[2] + outward, left + 2 * side_px)
    bottom = max(rect[3] + outward, top + 2 * side_px)
    if not face.confirmed:
        _draw_dotted(canvas, (left, top, right, bottom), colour, line_px)
        return
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


def draw_landmarks(canvas: Image, landmarks: FloatArray, colour: Colour, line_px: int) -> None:
    """Draw `(5, 2)` points in place as dots."""
    sprite = dot(line_px, colour)
    centre = len(sprite.transparency) // 2
    for x, y in landmarks:
        blend(canvas, sprite, round(float(x)) - centre, round(float(y)) - centre)


def _draw_side(halo: Image, line: Image, colour: Colour) -> None:
    if halo.size:
        cv2.convertScaleAbs(halo, dst=halo, alpha=1 - HALO_OPACITY)
    line[:] = colour


def _draw_dotted(canvas: Image, rect: Rect, colour: Colour, line_px: int) -> None:
    left, top, right, bottom = rect
    side_px = line_px + 2 * HALO_PX
    for lines, (start, end) in (((top, bottom - side_px), (left, right)), ((left, right - side_px), (top, bottom))):
        is_across = end == right and start == left
        for where in range(start, end, 2 * side_px):
            for line in lines:
                x, y = (where, line) if is_across else (line, where)
                halo = crop(canvas, (x, y, x + side_px, y + side_px))
                inner = (x + HALO_PX, y + HALO_PX, x + HALO_PX + line_px, y + HALO_PX + line_px)
                _draw_side(halo, crop(canvas, inner), colour)


def _draw_label(canvas: Image, label: LabelLayout, rect: Rect, colour: Colour) -> None:
    left, top = rect[:2]
    background = (
        pill(label.width, label.height, colour)
        if label.is_dot
        else label_background(label.width, label.height, label.text_px, colour)
    )
    blend(canvas, background, left, top)
    for sprite, x, y in label.texts:
        blend(canvas, sprite, left + x, top + y)


def _fitting(
    forms: tuple[Form, ...], area: tuple[int, int], preferred_px: int, typeface: Typeface
) -> tuple[LabelLayout, ...]:
    """Lay out the forms of a label, in a smaller size if the full one does not fit the picture; none if none fits."""
    for text_px in range(preferred_px, MIN_TEXT_PX - 1, -1):
        layouts = tuple(_layout(form, text_px, typeface) for form in forms)
        if layouts and layouts[0].width <= area[0] and layouts[0].height <= area[1]:
            return layouts
    return ()


@lru_cache(maxsize=384)
def _layout(form: Form, text_px: int, typeface: Typeface) -> LabelLayout:
    if form.is_dot:
        return _dot_layout(form, text_px, typeface)
    padding = round(0.5 * text_px)
    texts = []
    right, baseline = 0, 0
    for line in form.lines:
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


def _dot_layout(form: Form, text_px: int, typeface: Typeface) -> LabelLayout:
    ((run,),) = form.lines
    size_px = max(MIN_TEXT_PX, round(run.scale * text_px))
    sprite, advance, ascent = text(run.text, size_px, run.bold, run.colour, typeface)
    digit_px = round(DIGIT_HEIGHT_RATIO * size_px)
    height = digit_px + 2 * round(0.3 * size_px)
    width = max(height, advance + 2 * round(0.3 * size_px))
    top = (height - digit_px) // 2 + digit_px - ascent
    return LabelLayout(width, height, text_px, ((sprite, (width - advance) // 2, top),), is_dot=True)
