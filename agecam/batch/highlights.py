"""Selects the best few pictures of a source of any length in bounded memory."""

from collections.abc import Callable
from typing import NamedTuple

import cv2

from agecam.batch.outputs import AnalysedFrame
from agecam.tracking.tracker import SURE_SCORE
from agecam.types import Face, Image

COUNT = 4


class _Candidate(NamedTuple):
    faces: int
    """Confident faces minus doubtful ones."""
    sharpness: float
    annotated: Image


class Highlights:
    """Keeps one picture per segment of a source: the one with the most faces, then the sharpest.

    Segments double in length whenever there are more than twice as many as wanted, so they always span the source.
    """

    def __init__(self) -> None:
        self._frames_per_segment = 1
        self._best: dict[int, _Candidate] = {}

    def add(self, analysed: AnalysedFrame) -> None:
        """Consider the next frame."""
        faces = analysed.result.people
        confident = sum(face.score >= SURE_SCORE for face in faces)
        sharpness = _sharpness(analysed.frame.image_bgr, faces)
        candidate = _Candidate(2 * confident - len(faces), sharpness, analysed.annotated)
        segment = analysed.frame.index // self._frames_per_segment
        self._best[segment] = max(self._best.get(segment, candidate), candidate, key=_rank)
        if len(self._best) > 2 * COUNT:
            self._frames_per_segment *= 2
            self._best = _merged(self._best, lambda segment: segment // 2)

    def pictures(self) -> list[Image]:
        """Up to four annotated pictures in time order; only one if the source has no faces."""
        count = len(self._best)
        best = _merged(self._best, lambda segment: segment * COUNT // count) if count > COUNT else self._best
        in_order = [best[segment] for segment in sorted(best)]
        chosen = [candidate for candidate in in_order if candidate.faces > 0] or in_order[:1]
        return [candidate.annotated for candidate in chosen]


def _merged(best: dict[int, _Candidate], new_segment: Callable[[int], int]) -> dict[int, _Candidate]:
    merged: dict[int, _Candidate] = {}
    for segment, candidate in best.items():
        target = new_segment(segment)
        merged[target] = max(merged.get(target, candidate), candidate, key=_rank)
    return merged


def _rank(candidate: _Candidate) -> tuple[int, float]:
    return candidate.faces, candidate.sharpness


def _sharpness(image_bgr: Image, faces: tuple[Face, ...]) -> float:
    """Variance of the Laplacian in the least sharp face; 0 without faces."""
    variances = [0.0] if not faces else []
    for face in faces:
        x, y, width, height = (max(round(v), 0) for v in face.box)
        crop = image_bgr[y : y + height, x : x + width]
        if crop.size:
            grey = cv2.cvtColor(crop, cv2.COLOR_BGR2GRAY)
            variances.append(float(cv2.Laplacian(grey, cv2.CV_32F).var()))
    return min(variances, default=0.0)
