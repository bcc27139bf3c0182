"""The best few pictures of a source, however long it is, in bounded memory."""

from collections.abc import Callable
from typing import NamedTuple

import cv2

from agecam.commands.outputs import Shot
from agecam.commands.seen import SURE_SCORE
from agecam.types import Face, Image

COUNT = 4


class _Candidate(NamedTuple):
    faces: int
    """The sure ones less the doubtful ones."""
    sharpness: float
    annotated: Image


class Highlights:
    """Keeps one picture of each stretch of a source: most faces first, then the sharpest.

    Stretches double in length whenever there are twice as many as wanted, so they always span the source.
    """

    def __init__(self) -> None:
        self._frames_a_stretch = 1
        self._best: dict[int, _Candidate] = {}

    def take(self, shot: Shot) -> None:
        """Consider the next frame."""
        faces = shot.result.faces
        sure = sum(face.score >= SURE_SCORE for face in faces)
        candidate = _Candidate(2 * sure - len(faces), _sharpness(shot.frame.image_bgr, faces), shot.annotated)
        stretch = shot.frame.index // self._frames_a_stretch
        self._best[stretch] = max(self._best.get(stretch, candidate), candidate, key=_rank)
        if len(self._best) > 2 * COUNT:
            self._frames_a_stretch *= 2
            self._best = _merged(self._best, lambda stretch: stretch // 2)

    def pictures(self) -> list[Image]:
        """Up to four annotated pictures in order of time; without any face in the source only one."""
        count = len(self._best)
        best = _merged(self._best, lambda stretch: stretch * COUNT // count) if count > COUNT else self._best
        in_order = [best[stretch] for stretch in sorted(best)]
        chosen = [candidate for candidate in in_order if candidate.faces > 0] or in_order[:1]
        return [candidate.annotated for candidate in chosen]


def _merged(best: dict[int, _Candidate], into: Callable[[int], int]) -> dict[int, _Candidate]:
    merged: dict[int, _Candidate] = {}
    for stretch, candidate in best.items():
        merged[into(stretch)] = max(merged.get(into(stretch), candidate), candidate, key=_rank)
    return merged


def _rank(candidate: _Candidate) -> tuple[int, float]:
    return candidate.faces, candidate.sharpness


def _sharpness(image_bgr: Image, faces: tuple[Face, ...]) -> float:
    """Of the least sharp face."""
    variances = [0.0] if not faces else []
    for face in faces:
        x, y, width, height = (max(round(v), 0) for v in face.box)
        part = image_bgr[y : y + height, x : x + width]
        if part.size:
            grey = cv2.cvtColor(part, cv2.COLOR_BGR2GRAY)
            variances.append(float(cv2.Laplacian(grey, cv2.CV_32F).var()))
    return min(variances, default=0.0)
