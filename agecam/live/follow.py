"""Boxes that stay on their faces between two analyses: the picture's own movement carries them along."""

from collections import deque
from collections.abc import Sequence
from dataclasses import replace

import cv2
import numpy as np
import numpy.typing as npt

from agecam.types import Face, Frame, FrameResult, Image

WIDTH_PX = 320
"""Movement is measured on a small grey picture: a face of 40 px in 1280 still has 10."""
KEPT_FRAMES = 45
"""How old an analysis may be and still be carried to the frame in view."""
_GRID = np.stack(np.meshgrid(np.linspace(0.2, 0.8, 4), np.linspace(0.15, 0.85, 4)), axis=-1).reshape(-1, 2)
_LEAST_POINTS = 5

_Points = npt.NDArray[np.float32]
_Small = tuple[int, Image, float]
"""A frame's number, its small grey picture, and the scale to it."""


class Follower:
    """Moves the faces of the newest analysis to each frame that is shown (Lucas and Kanade 1981). One thread's."""

    def __init__(self) -> None:
        self._past: deque[_Small] = deque(maxlen=KEPT_FRAMES)
        self._faces: tuple[Face, ...] = ()

    def reset(self) -> None:
        """Another source or another place in it begins."""
        self._past.clear()
        self._faces = ()

    def show(self, number: int, frame: Frame) -> tuple[Face, ...]:
        """The faces in the next frame, none yet in a still picture; `number` counts up."""
        if frame.still:
            self.reset()
        scale = min(1.0, WIDTH_PX / frame.image_bgr.shape[1])
        small = cv2.resize(frame.image_bgr, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
        grey = np.asarray(cv2.cvtColor(small, cv2.COLOR_BGR2GRAY), np.uint8)
        now: _Small = (number, grey, scale)
        if self._past:
            self._faces = _moved(self._faces, self._past[-1], now)
        self._past.append(now)
        return self._faces

    def correct(self, number: int, result: FrameResult) -> tuple[Face, ...]:
        """A newer analysis, of a frame shown before: its faces in the last frame shown."""
        then = next((past for past in self._past if past[0] == number), None)
        if then is not None:
            self._faces = _moved(result.faces, then, self._past[-1])
        return self._faces


def _moved(faces: Sequence[Face], before: _Small, after: _Small) -> tuple[Face, ...]:
    if not faces or before[0] == after[0] or before[1].shape != after[1].shape:
        return tuple(faces)
    scale = before[2]
    points = np.concatenate([_points_on(face) for face in faces]) * np.float32(scale)
    there, found = _flow(before[1], after[1], points)
    # Forth and back: a point that does not come home was lost on the way.
    home, back = _flow(after[1], before[1], there)
    kept = found & back & (np.abs(home - points).max(1) < 1)
    each = len(points) // len(faces)
    moved = []
    for place, face in enumerate(faces):
        rows = np.arange(place * each, (place + 1) * each)
        rows = rows[kept[rows]]
        moved.append(_carried(face, points[rows] / scale, there[rows] / scale))
    return tuple(moved)


def _flow(before: Image, after: Image, points: _Points) -> tuple[_Points, npt.NDArray[np.bool_]]:
    """Where `(N, 2)` points of one grey picture are in another, and which were found."""
    start = points[:, None].astype(np.float32)
    there, found, _ = cv2.calcOpticalFlowPyrLK(before, after, start, start.copy(), winSize=(11, 11), maxLevel=3)
    return np.asarray(there, np.float32)[:, 0], np.asarray(found)[:, 0] > 0


def _points_on(face: Face) -> _Points:
    x, y, width, height = face.box
    return np.concatenate([face.landmarks, _GRID * (width, height) + (x, y)]).astype(np.float32)


def _carried(face: Face, here: _Points, there: _Points) -> Face:
    """A face moved and resized as its points were; left where it is if too few are sure."""
    if len(here) < _LEAST_POINTS:
        return face
    spread = np.linalg.norm(here - np.median(here, axis=0), axis=1)
    spread_there = np.linalg.norm(there - np.median(there, axis=0), axis=1)
    growth = float(np.clip(np.median(spread_there) / max(float(np.median(spread)), 1e-3), 0.8, 1.25))
    centre, centre_there = np.median(here, axis=0), np.median(there, axis=0)
    x, y, width, height = face.box
    left, top = (np.array([x, y]) - centre) * growth + centre_there
    landmarks = ((face.landmarks - centre) * growth + centre_there).astype(np.float32)
    return replace(face, box=(float(left), float(top), width * growth, height * growth), landmarks=landmarks)
