"""How faces move from one frame to another, by the movement of the picture under them (Lucas and Kanade 1981)."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TypeVar

import cv2
import numpy as np
import numpy.typing as npt

from agecam.types import Detection, Face, Image

WIDTH_PX = 320
"""Movement is measured on a small grey picture: a face of 40 px in 1280 still has 10."""
_GRID = np.stack(np.meshgrid(np.linspace(0.2, 0.8, 4), np.linspace(0.15, 0.85, 4)), axis=-1).reshape(-1, 2)
_LEAST_POINTS = 5

_STRUCTURE_PX = (16, 9)
_LEAST_ALIKE = 0.5
"""Correlation of what is light and dark where, from one frame to the next; in a close-up with much movement 0.77."""
_FLAT = 2.0
"""Standard deviation in grey levels of a picture without anything in it: a covered lens, a fade."""

_Points = npt.NDArray[np.float32]
Placed = TypeVar("Placed", Face, Detection)


@dataclass(frozen=True, slots=True, eq=False)
class SmallGrey:
    """A frame as it is looked at for movement."""

    grey: Image
    """`(h, w) uint8`."""
    scale: float
    """Its size, in that of the frame."""

    @classmethod
    def of(cls, image_bgr: Image) -> "SmallGrey":
        """Of an `(H, W, 3) uint8` picture."""
        scale = min(1.0, WIDTH_PX / image_bgr.shape[1])
        size = [max(1, round(side * scale)) for side in image_bgr.shape[1::-1]]
        small = image_bgr
        while small.shape[1] >= 2 * size[0] and small.shape[0] % 2 == small.shape[1] % 2 == 0:
            # To exactly one half OpenCV is many times as fast as to any other size.
            small = np.asarray(
                cv2.resize(small, (small.shape[1] // 2, small.shape[0] // 2), interpolation=cv2.INTER_AREA), np.uint8
            )
        small = np.asarray(cv2.resize(small, size, interpolation=cv2.INTER_AREA), np.uint8)
        return cls(np.asarray(cv2.cvtColor(small, cv2.COLOR_BGR2GRAY), np.uint8), scale)


class Cuts:
    """Notices where a film jumps to another scene: who stands where somebody stood is another one then."""

    def __init__(self) -> None:
        self._before: npt.NDArray[np.float64] | None = None

    def is_cut(self, picture: SmallGrey) -> bool:
        """Whether the next frame shows another scene than the last one that showed anything."""
        small = cv2.resize(picture.grey, _STRUCTURE_PX, interpolation=cv2.INTER_AREA).astype(np.float64)
        if small.std() < _FLAT:
            return False
        before, self._before = self._before, (small - small.mean()) / small.std()
        return before is not None and float((before * self._before).mean()) < _LEAST_ALIKE


def carried(faces: Sequence[Placed], before: SmallGrey, after: SmallGrey) -> tuple[list[Placed], list[bool]]:
    """The faces of one frame, moved and resized to where they are in another; and whether that is sure.

    A face of which too few points were found again stays where it was.
    """
    if not faces:
        return [], []
    if before.grey.shape != after.grey.shape:
        return list(faces), [False] * len(faces)
    points = np.concatenate([_points_on(face) for face in faces]) * np.float32(before.scale)
    there, found = _flow(before.grey, after.grey, points)
    # Forth and back: a point that does not come home was lost on the way.
    home, back = _flow(after.grey, before.grey, there)
    kept = found & back & (np.abs(home - points).max(1) < 1)
    each = len(points) // len(faces)
    moved, sure = [], []
    for place, face in enumerate(faces):
        rows = np.arange(place * each, (place + 1) * each)
        rows = rows[kept[rows]]
        sure.append(len(rows) >= _LEAST_POINTS)
        here = points[rows] / before.scale
        moved.append(_moved(face, here, there[rows] / before.scale) if sure[-1] else face)
    return moved, sure


def _flow(before: Image, after: Image, points: _Points) -> tuple[_Points, npt.NDArray[np.bool_]]:
    """Where `(N, 2)` points of one grey picture are in another, and which were found."""
    start = points[:, None].astype(np.float32)
    there, found, _ = cv2.calcOpticalFlowPyrLK(before, after, start, start.copy(), winSize=(11, 11), maxLevel=3)
    return np.asarray(there, np.float32)[:, 0], np.asarray(found)[:, 0] > 0


def _points_on(face: Face | Detection) -> _Points:
    x, y, width, height = face.box
    return np.concatenate([face.landmarks, _GRID * (width, height) + (x, y)]).astype(np.float32)


def _moved(face: Placed, here: _Points, there: _Points) -> Placed:
    """A face as its points went."""
    both = np.stack([here, there])
    centre, centre_there = centres = np.median(both, axis=1)
    spread, spread_there = np.median(np.linalg.norm(both - centres[:, None], axis=2), axis=1).tolist()
    growth = min(max(spread_there / max(spread, 1e-3), 0.8), 1.25)
    x, y, width, height = face.box
    left, top = (np.array([x, y]) - centre) * growth + centre_there
    landmarks = ((face.landmarks - centre) * growth + centre_there).astype(np.float32)
    return replace(face, box=(float(left), float(top), width * growth, height * growth), landmarks=landmarks)
