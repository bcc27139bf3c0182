"""Synthetic videos with any number of faces up to 16, made from the demo portraits at run time."""

import cv2
import numpy as np

from agecam.sources.demo import portraits
from agecam.types import Frame, Image

SIZES = ((640, 480), (1280, 720), (1920, 1080))
"""Width and height."""
FACE_COUNTS = (0, 1, 4, 8, 16)
_CUTS = ((105, 5, 240), (55, 30, 430))
"""Left, top and side of the square around the face in each portrait."""
_COLUMNS = 4
_TILE = 0.235
"""Side of a portrait relative to the picture height: sixteen fit, and a face is 0.11 to 0.12 of the height wide."""
_SWAY_PX = 6
"""How far people move to each side."""


def scene(width_px: int, height_px: int, faces: int, count: int) -> list[Frame]:
    """Frames of people who move sideways in front of a patterned wall, at 30 frames per second; at most 16 people."""
    wall = _wall(width_px, height_px)
    side = int(_TILE * height_px)
    tiles = [cv2.resize(cut, (side, side), interpolation=cv2.INTER_AREA) for cut in _cut_out()]
    frames = []
    for index in range(count):
        image = wall.copy()
        for place in range(faces):
            row, column = divmod(place, _COLUMNS)
            sway = round(_SWAY_PX * np.sin(0.2 * index + place))
            left = (2 * column + 1) * width_px // (2 * _COLUMNS) - side // 2 + sway
            top = row * height_px // 4 + (height_px // 4 - side) // 2
            image[top : top + side, left : left + side] = tiles[(row + column) % 2]
        frames.append(Frame(image, index, index / 30, "scene"))
    return frames


def _cut_out() -> list[Image]:
    return [
        portrait[top : top + side, left : left + side]
        for portrait, (left, top, side) in zip(portraits(), _CUTS, strict=True)
    ]


def _wall(width_px: int, height_px: int) -> Image:
    """A wall with soft blots, so that the background is not empty."""
    blots = np.random.default_rng(0).integers(50, 150, (height_px // 16, width_px // 16, 3), np.uint8)
    return np.asarray(cv2.resize(blots, (width_px, height_px), interpolation=cv2.INTER_CUBIC), np.uint8)
