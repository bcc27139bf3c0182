"""The best few pictures of a source, however long it is, in bounded memory."""

from typing import NamedTuple

import cv2

from agecam.commands.outputs import Shot
from agecam.types import Face, Image

COUNT = 4


class _Candidate(NamedTuple):
    faces: int
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
        candidate = _Candidate(len(faces), _sharpness(shot.frame.image_bgr, faces), shot.annotated)
        self._consider(shot.frame.index // self._frames_a_stretch, candidate)
        while len(self._best) > 2 * COUNT:
            self._frames_a_stretch *= 2
            self._merge_pairs()

    def pictures(self) -> list[Image]:
        """Up to four annotated pictures in order of time; without any face in the source only one."""
        while len(self._best) > COUNT:
            self._merge_pairs()
        with_faces = [self._best[stretch] for stretch in sorted(self._best) if self._best[stretch].faces]
        chosen = with_faces or list(self._best.values())[:1]
        return [candidate.annotated for candidate in chosen]

    def _merge_pairs(self) -> None:
        earlier, self._best = self._best, {}
        for stretch, candidate in earlier.items():
            self._consider(stretch // 2, candidate)

    def _consider(self, stretch: int, candidate: _Candidate) -> None:
        best = self._best.get(stretch)
        if best is None or candidate[:2] > best[:2]:
            self._best[stretch] = candidate


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
