"""Boxes that stay on their faces between two analyses: the picture's own movement carries them along."""

from collections import deque
from typing import NamedTuple

from agecam.tracking.optical_flow import SmallGrey, carried
from agecam.types import Face, Frame, FrameResult

KEPT_FRAMES = 45
"""How old an analysis may be and still be carried to the frame in view."""


class _Past(NamedTuple):
    number: int
    picture: SmallGrey


class Follower:
    """Moves the faces of the newest analysis to each frame that is shown. One thread's."""

    def __init__(self) -> None:
        self._past: deque[_Past] = deque(maxlen=KEPT_FRAMES)
        self._faces: tuple[Face, ...] = ()

    def reset(self) -> None:
        """Another source or another place in it begins."""
        self._past.clear()
        self._faces = ()

    def show(self, number: int, frame: Frame) -> tuple[Face, ...]:
        """The faces in the next frame, none yet in a still picture; `number` counts up."""
        if frame.still:
            self.reset()
        now = _Past(number, SmallGrey.of(frame.image_bgr))
        if self._past:
            self._faces = _moved(self._faces, self._past[-1], now)
        self._past.append(now)
        return self._faces

    def correct(self, number: int, result: FrameResult) -> tuple[Face, ...]:
        """A newer analysis, of a frame shown before: its faces in the last frame shown."""
        then = next((past for past in self._past if past.number == number), None)
        if then is not None:
            self._faces = _moved(result.faces, then, self._past[-1])
        return self._faces


def _moved(faces: tuple[Face, ...], before: _Past, after: _Past) -> tuple[Face, ...]:
    return faces if before.number == after.number else tuple(carried(faces, before.picture, after.picture)[0])
