"""Keeps boxes on their faces between analyses by propagating them with optical flow."""

from collections import deque
from typing import NamedTuple

from agecam.tracking.optical_flow import CutDetector, GreyFrame, propagate
from agecam.types import Face, Frame, FrameResult

KEPT_FRAMES = 45
"""How many frames old an analysis may be and still be propagated to the frame in view."""


class _PastFrame(NamedTuple):
    frame_number: int
    picture: GreyFrame


class FacePropagator:
    """Moves the faces of the latest analysis to each frame shown. Not thread-safe."""

    def __init__(self) -> None:
        self._past: deque[_PastFrame] = deque(maxlen=KEPT_FRAMES)
        self._faces: tuple[Face, ...] = ()
        self._cuts = CutDetector()

    def reset(self) -> None:
        """Forget all frames and faces: for a new source or after a seek."""
        self._past.clear()
        self._faces = ()
        self._cuts = CutDetector()

    def begin(self, frame_number: int, frame: Frame, faces: tuple[Face, ...]) -> None:
        """Start again at a frame whose faces are known."""
        self.reset()
        self._past.append(_PastFrame(frame_number, frame.derived(GreyFrame.of_frame)))
        self._faces = faces

    def show(self, frame_number: int, frame: Frame) -> tuple[Face, ...]:
        """The faces in the next frame; none yet in a still picture and after a cut. `frame_number` must increase."""
        if frame.still:
            self.reset()
        now = _PastFrame(frame_number, frame.derived(GreyFrame.of_frame))
        if self._cuts.is_cut(now.picture):
            self._past.clear()  # so that no analysis from before the cut is propagated across it
            self._faces = ()
        if self._past:
            self._faces = _propagated(self._faces, self._past[-1], now)
        self._past.append(now)
        return self._faces

    def correct(self, frame_number: int, result: FrameResult) -> tuple[Face, ...]:
        """The faces in the last frame shown, after an analysis of an earlier frame.

        A result for a frame that is no longer kept is ignored.
        """
        then = next((past for past in self._past if past.frame_number == frame_number), None)
        if then is not None:
            self._faces = _propagated(result.faces, then, self._past[-1])
        return self._faces


def _propagated(faces: tuple[Face, ...], before: _PastFrame, after: _PastFrame) -> tuple[Face, ...]:
    if before.frame_number == after.frame_number:
        return faces
    return tuple(propagate(faces, before.picture, after.picture)[0])
