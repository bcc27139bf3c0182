"""Who is who from frame to frame: every person in view keeps one number."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.optimize import linear_sum_assignment

from agecam.types import Box, Detection

LEAST_OVERLAP = 0.25
"""Intersection over union under which two boxes are not the same face."""
KEPT_FRAMES = 15
"""A face may be lost for so many frames and keep its number."""


@dataclass(slots=True)
class Track:
    """One person's number and where the face was last seen."""

    number: int
    box: Box
    missed: int = 0


class Tracker:
    """Matches the faces of a frame with those before, one to one, by the overlap of their boxes."""

    def __init__(self) -> None:
        self._tracks: list[Track] = []
        self._count = 0

    def update(self, faces: Sequence[Detection]) -> list[int]:
        """The number of each face of the next frame, from 1, in the faces' order."""
        numbers = [0] * len(faces)
        boxes = [track.box for track in self._tracks]
        for track in self._tracks:
            track.missed += 1
        overlap = overlaps(boxes, [face.box for face in faces])
        for row, column in zip(*linear_sum_assignment(-overlap), strict=True):
            if overlap[row, column] >= LEAST_OVERLAP:
                track = self._tracks[row]
                track.box, track.missed = faces[int(column)].box, 0
                numbers[column] = track.number
        for place, face in enumerate(faces):
            if not numbers[place]:
                self._count += 1
                numbers[place] = self._count
                self._tracks.append(Track(self._count, face.box))
        self._tracks = [track for track in self._tracks if track.missed <= KEPT_FRAMES]
        return numbers


def overlaps(first: Sequence[Box], second: Sequence[Box]) -> npt.NDArray[np.float64]:
    """`(N, M)`: intersection over union of every box of the first with every box of the second."""
    a = np.asarray(first, np.float64).reshape(-1, 1, 4)
    b = np.asarray(second, np.float64).reshape(1, -1, 4)
    corner = np.maximum(a[..., :2], b[..., :2])
    far = np.minimum(a[..., :2] + a[..., 2:], b[..., :2] + b[..., 2:])
    shared = np.clip(far - corner, 0, None).prod(-1)
    whole = a[..., 2:].prod(-1) + b[..., 2:].prod(-1) - shared
    return np.asarray(np.divide(shared, whole, out=np.zeros_like(shared), where=whole > 0), np.float64)
