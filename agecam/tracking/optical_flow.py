"""Propagates faces from frame to frame by optical flow (Lucas and Kanade 1981), and detects cuts."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TypeVar

import cv2
import numpy as np
import numpy.typing as npt

from agecam.types import Detection, Face, Frame, Image
from agecam.vision.pyramid import MIN_HALVED_PX, halved, halves_of

WIDTH_PX = MIN_HALVED_PX
"""Optical flow is computed on a small grey picture: a face of 40 px in 1280 still has 10."""
_GRID = np.stack(np.meshgrid(np.linspace(0.2, 0.8, 4), np.linspace(0.15, 0.85, 4)), axis=-1).reshape(-1, 2)
_MIN_POINTS = 5

_STRUCTURE_PX = (16, 9)
_MIN_CORRELATION = 0.5
"""Correlation of the brightness pattern of two frames below which there is a cut; a close-up with much movement has
0.77."""
_ALIKE_CORRELATION, _MAX_DIFFERENCE = 0.7, 22.0
"""Scenes may be alike, such as two people in front of bright walls: below this correlation there is a cut as well if
the patterns differ by this many grey levels in the mean. Such cuts have 0.54 to 0.59 and 30 levels or more; a stage
with moving people and lights may have 0.5, but 17 levels at most."""
_BLANK_STD = 2.0
"""Standard deviation in grey levels below which a picture is blank: a covered lens, a fade."""

_Points = npt.NDArray[np.float32]
Placed = TypeVar("Placed", Face, Detection)


@dataclass(frozen=True, slots=True, eq=False)
class GreyFrame:
    """A frame, reduced for optical flow."""

    grey: Image
    """`(h, w) uint8`."""
    scale: float
    """Its size relative to the frame."""

    @classmethod
    def of(cls, image_bgr: Image) -> "GreyFrame":
        """Reduce an `(H, W, 3) uint8` BGR picture."""
        scale = min(1.0, WIDTH_PX / image_bgr.shape[1])
        size = [max(1, round(side * scale)) for side in image_bgr.shape[1::-1]]
        small = image_bgr
        while small.shape[1] >= 2 * size[0] and small.shape[0] % 2 == small.shape[1] % 2 == 0:
            small = halved(small)
        small = np.asarray(cv2.resize(small, size, interpolation=cv2.INTER_AREA), np.uint8)
        return cls(np.asarray(cv2.cvtColor(small, cv2.COLOR_BGR2GRAY), np.uint8), scale)

    @classmethod
    def of_frame(cls, frame: Frame) -> "GreyFrame":
        """Reduce a frame, beginning with the smallest of its halves."""
        halves = halves_of(frame)
        reduced = cls.of(halves[-1] if halves else frame.image_bgr)
        return cls(reduced.grey, reduced.scale / 2 ** len(halves))


class CutDetector:
    """Detects cuts in a film: a face in the same place as before the cut is another person."""

    def __init__(self) -> None:
        self._pattern: npt.NDArray[np.float64] | None = None
        """Of the last frame that was not blank: its brightness on a coarse grid, relative to the mean."""

    def is_cut(self, picture: GreyFrame) -> bool:
        """Whether the next frame shows another scene than the last frame that was not blank."""
        small = cv2.resize(picture.grey, _STRUCTURE_PX, interpolation=cv2.INTER_AREA).astype(np.float64)
        if small.std() < _BLANK_STD:
            return False
        before, self._pattern = self._pattern, small - small.mean()
        if before is None:
            return False
        correlation = float((before * self._pattern).mean()) / float(before.std() * self._pattern.std())
        difference = float(np.abs(before - self._pattern).mean())
        return correlation < _MIN_CORRELATION or (correlation < _ALIKE_CORRELATION and difference > _MAX_DIFFERENCE)


def propagate(faces: Sequence[Placed], before: GreyFrame, after: GreyFrame) -> tuple[list[Placed], list[bool]]:
    """Move and resize the faces of one frame to fit another.

    Returns:
        The faces, and whether each was propagated reliably. A face with too few points found again is not moved.
    """
    if not faces:
        return [], []
    if before.grey.shape != after.grey.shape:
        return list(faces), [False] * len(faces)
    points = np.concatenate([_points_on(face) for face in faces]) * np.float32(before.scale)
    there, found = _flow(before.grey, after.grey, points)
    # Forward and backward: a point that does not return to its start was lost.
    returned, back = _flow(after.grey, before.grey, there)
    kept = found & back & (np.abs(returned - points).max(1) < 1)
    each = len(points) // len(faces)
    moved, reliable = [], []
    for index, face in enumerate(faces):
        rows = np.arange(index * each, (index + 1) * each)
        rows = rows[kept[rows]]
        reliable.append(len(rows) >= _MIN_POINTS)
        here = points[rows] / before.scale
        moved.append(_transformed(face, here, there[rows] / before.scale) if reliable[-1] else face)
    return moved, reliable


def _flow(before: Image, after: Image, points: _Points) -> tuple[_Points, npt.NDArray[np.bool_]]:
    """Where `(N, 2)` points of one grey picture are in another, and which were found."""
    start = points[:, None].astype(np.float32)
    there, found, _ = cv2.calcOpticalFlowPyrLK(before, after, start, start.copy(), winSize=(11, 11), maxLevel=3)
    return np.asarray(there, np.float32)[:, 0], np.asarray(found)[:, 0] > 0


def _points_on(face: Face | Detection) -> _Points:
    x, y, width, height = face.box
    return np.concatenate([face.landmarks, _GRID * (width, height) + (x, y)]).astype(np.float32)


def _transformed(face: Placed, here: _Points, there: _Points) -> Placed:
    """Move and scale a face with its points."""
    both = np.stack([here, there])
    centre, centre_there = centres = np.median(both, axis=1)
    spread, spread_there = np.median(np.linalg.norm(both - centres[:, None], axis=2), axis=1).tolist()
    growth = min(max(spread_there / max(spread, 1e-3), 0.8), 1.25)
    x, y, width, height = face.box
    left, top = (np.array([x, y]) - centre) * growth + centre_there
    landmarks = ((face.landmarks - centre) * growth + centre_there).astype(np.float32)
    return replace(face, box=(float(left), float(top), width * growth, height * growth), landmarks=landmarks)
