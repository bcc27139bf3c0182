"""Small anti-aliased images, cached and blended over a frame: corners, dots, label backgrounds, text."""

import math
from collections.abc import Sequence
from functools import lru_cache
from typing import NamedTuple

import cv2
import numpy as np
import numpy.typing as npt

from agecam.overlay.typeface import Typeface
from agecam.types import Image

Colour = tuple[int, int, int]
"""BGR, 0 to 255."""

Plane = npt.NDArray[np.floating]

Rect = tuple[int, int, int, int]
"""`left, top, right, bottom` in whole pixels, the last two exclusive."""

LABEL_BACKGROUND: Colour = (22, 20, 20)
LABEL_BACKGROUND_OPACITY = 0.8
HALO_OPACITY = 0.4
HALO_PX = 1


class Sprite(NamedTuple):
    """An image to blend over a picture: `result = picture * transparency / 255 + premultiplied`."""

    premultiplied: Image
    """`(h, w, 3) uint8` BGR, multiplied by its opacity."""
    transparency: Image
    """`(h, w, 3) uint8`, 255 for fully transparent."""


def blend(canvas: Image, sprite: Sprite, left: int, top: int) -> None:
    """Blend a sprite into a picture in place; parts outside are clipped."""
    height, width = sprite.transparency.shape[:2]
    view = crop(canvas, (left, top, left + width, top + height))
    if view.size:
        visible = np.s_[max(-top, 0) :, max(-left, 0) :]
        premultiplied, transparency = (part[visible][: view.shape[0], : view.shape[1]] for part in sprite)
        cv2.add(cv2.multiply(view, transparency, scale=1 / 255), premultiplied, dst=view)


def crop(canvas: Image, rect: Rect) -> Image:
    """Return the part of the canvas inside `rect` as a view; empty if they do not overlap."""
    left, top, right, bottom = rect
    return canvas[max(top, 0) : max(bottom, 0), max(left, 0) : max(right, 0)]


@lru_cache(maxsize=192)
def corner(radius: int, line_px: int, colour: Colour, *, at_right: bool, at_bottom: bool) -> Sprite:
    """Render a corner of a rounded frame: a line with a dark halo, up to the start of the straight sides."""
    size = line_px + 2 * HALO_PX + radius
    inward = HALO_PX + line_px / 2 + radius - (np.arange(size) + 0.5)
    # Anti-aliasing: coverage falls from 1 to 0 across one pixel at the edges of the line.
    distance = np.abs(_beyond_corner(inward, inward) - radius)
    line = (line_px / 2 + 0.5 - distance).clip(0, 1)
    halo = (line_px / 2 + HALO_PX + 0.5 - distance).clip(0, 1)
    flip = (slice(None, None, -1 if at_bottom else 1), slice(None, None, -1 if at_right else 1))
    return _sprite([((0, 0, 0), HALO_OPACITY * halo[flip]), (colour, line[flip])])


@lru_cache(maxsize=64)
def dot(line_px: int, colour: Colour) -> Sprite:
    """Render a filled circle with a dark halo."""
    radius = 0.6 + line_px
    offsets = np.arange(-math.ceil(radius + HALO_PX), math.ceil(radius + HALO_PX) + 1)
    distance = np.hypot(*np.meshgrid(offsets, offsets))
    inside, halo = ((reach + 0.5 - distance).clip(0, 1) for reach in (radius, radius + HALO_PX))
    return _sprite([((0, 0, 0), HALO_OPACITY * halo), (colour, inside)])


@lru_cache(maxsize=64)
def label_background(width: int, height: int, text_px: int, colour: Colour) -> Sprite:
    """Render the translucent background of a label, with a bar in the colour of its face."""
    radius = min(0.3 * text_px, width / 2, height / 2)
    across = np.abs(np.arange(width) + 0.5 - width / 2) - (width / 2 - radius)
    along = np.abs(np.arange(height) + 0.5 - height / 2) - (height / 2 - radius)
    coverage = (radius + 0.5 - _beyond_corner(across, along)).clip(0, 1)
    bar = coverage * (np.arange(width) < bar_px(text_px))
    return _sprite([(LABEL_BACKGROUND, LABEL_BACKGROUND_OPACITY * coverage), (colour, bar)])


@lru_cache(maxsize=128)
def pill(width: int, height: int, colour: Colour) -> Sprite:
    """Render a filled shape with round ends and a dark halo inside its edge; a circle if it is as wide as high."""
    radius = min(width, height) / 2
    across = np.abs(np.arange(width) + 0.5 - width / 2) - (width / 2 - radius)
    along = np.abs(np.arange(height) + 0.5 - height / 2) - (height / 2 - radius)
    distance = _beyond_corner(across, along)
    outer, inner = ((radius + 0.5 - halo - distance).clip(0, 1) for halo in (0, HALO_PX))
    return _sprite([((0, 0, 0), HALO_OPACITY * outer), (colour, inner)])


def bar_px(text_px: int) -> int:
    """Return the width of the coloured bar of a label with this font size."""
    return max(2, round(text_px / 6))


@lru_cache(maxsize=384)
def text(text: str, size_px: int, bold: bool, colour: Colour, typeface: Typeface) -> tuple[Sprite, int, int]:
    """Render text; return the sprite, its advance and its ascent (from top to baseline), in pixels."""
    written = typeface(text, size_px, bold)
    return _sprite([(colour, written.opacity / 255)]), written.advance_px, written.ascent_px


def _beyond_corner(across: Plane, along: Plane) -> Plane:
    """Return the signed distance of each grid point from a rectangle, negative inside it.

    The rectangle covers the quadrant of negative coordinates; its corner is the origin.
    """
    x, y = np.meshgrid(across, along)
    beyond: Plane = np.hypot(x.clip(min=0), y.clip(min=0)) + np.maximum(x, y).clip(max=0)
    return beyond


def _sprite(layers: Sequence[tuple[Colour, Plane]]) -> Sprite:
    """Stack layers, bottom first, each a colour with an `(h, w)` opacity from 0 to 1."""
    height, width = layers[0][1].shape
    premultiplied = np.zeros((height, width, 3))
    transparency = np.ones((height, width, 1))
    for colour, opacity in layers:
        through = 1 - opacity[:, :, None]
        premultiplied = premultiplied * through + np.array(colour) * opacity[:, :, None]
        transparency = transparency * through
    # Opacity is rounded up and colour down, so that their sum never exceeds 255.
    return Sprite(premultiplied.astype(np.uint8), np.repeat((transparency * 255).astype(np.uint8), 3, axis=2))
