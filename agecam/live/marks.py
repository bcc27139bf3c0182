"""What the user has said about single faces: 'Not a face', and 'Blur this face'."""

import threading
from collections.abc import Sequence
from dataclasses import replace
from itertools import compress

from agecam.live.view import View
from agecam.types import Box, Face, Frame, FrameResult

FORGOTTEN_S = 2.5
"""A mark is forgotten when its person has not been seen for this long: the tracker has given the person up before."""
_SAME = 0.5
"""Overlap, as intersection over union, from which two boxes in a still picture are of the same face."""


class Marks:
    """Marks for the life of a track, or in a still picture for its place. Thread-safe."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._hidden: dict[int, float] = {}
        """By track, the time at which it was last seen."""
        self._blurred: dict[int, float] = {}
        self._still_hidden: list[Box] = []
        self._still_blurred: list[Box] = []
        self._still: tuple[str, int] | None = None
        """The still picture to which the boxes belong."""
        self._known: set[int] = set()
        """Tracks that were in view while everybody who is blurred was in view as well."""
        self._now_s = 0.0

    def reset(self) -> None:
        """Forget all marks: for a new source."""
        with self._lock:
            self._forget()

    @property
    def blurs(self) -> bool:
        """Whether someone is blurred: then only frames in which all faces were looked for may be shown."""
        with self._lock:
            return bool(self._blurred or self._still_blurred)

    @property
    def hides(self) -> bool:
        """Whether something is hidden."""
        with self._lock:
            return bool(self._hidden or self._still_hidden)

    def hide(self, view: View, face: Face) -> None:
        """This is not a face."""
        with self._lock:
            self._follow(view.frame, (*view.faces, *view.hidden))
            if view.frame.still:
                self._still_hidden.append(face.box)
            elif face.track is not None:
                self._hidden[face.track] = self._now_s

    def show_hidden(self) -> None:
        """Everything that was hidden is a face again."""
        with self._lock:
            self._hidden, self._still_hidden = {}, []

    def blur(self, view: View, face: Face, on: bool) -> None:
        """Blur this person, or no longer."""
        with self._lock:
            self._follow(view.frame, (*view.faces, *view.hidden))
            if view.frame.still:
                self._still_blurred = [box for box in self._still_blurred if _overlap(box, face.box) < _SAME]
                self._still_blurred += [face.box] if on else []
            elif face.track is not None and on:
                self._blurred[face.track] = self._now_s
            elif face.track is not None:
                self._blurred.pop(face.track, None)

    def applied(self, view: View) -> View:
        """The view without the hidden faces, and with the people who are blurred."""
        with self._lock:
            self._follow(view.frame, view.faces)
            # In a video, a face that is not confirmed may soon be: its box is shown. In a still picture it is none.
            is_shown = [
                not self._is_hidden(view.frame, face) and (face.confirmed or not view.frame.still)
                for face in view.faces
            ]
            shown = tuple(compress(view.faces, is_shown))
            hidden = tuple(face for face, is_visible in zip(view.faces, is_shown, strict=True) if not is_visible)
            blurs = bool(self._blurred or self._still_blurred)
            blurred = frozenset(i for i, face in enumerate(shown) if self._is_blurred(view.frame, face))
        return replace(view, faces=shown, hidden=hidden, blurred=blurred if blurs else None)

    def without_hidden(self, frame: Frame, result: FrameResult) -> FrameResult:
        """The result without the hidden faces; may be called on any thread."""
        with self._lock:
            if not self._hidden and not self._still_hidden:
                return result
            return replace(result, faces=tuple(face for face in result.faces if not self._is_hidden(frame, face)))

    def hides_face(self, frame: Frame, face: Face) -> bool:
        """Whether a face of this frame is hidden."""
        with self._lock:
            return self._is_hidden(frame, face)

    def blurred_people(self) -> frozenset[int]:
        """Tracks of the people who are blurred."""
        with self._lock:
            return frozenset(self._blurred)

    def _forget(self) -> None:
        self._hidden, self._blurred, self._known = {}, {}, set()
        self._still_hidden, self._still_blurred, self._still = [], [], None
        self._now_s = 0.0

    def _follow(self, frame: Frame, faces: Sequence[Face]) -> None:
        """Note who is in view, and forget those who have left."""
        if frame.still:
            if self._still != (frame.source, frame.index):
                self._forget()
                self._still = (frame.source, frame.index)
            return
        if self._still is not None or frame.time_s < self._now_s - FORGOTTEN_S:  # after a jump the tracks begin again
            self._forget()
        self._now_s = max(self._now_s, frame.time_s)
        present = {face.track for face in faces if face.track is not None}
        if self._blurred.keys() - present:
            # Someone who is blurred was not found here: a face that is new now may be theirs.
            self._blurred |= dict.fromkeys(present - self._known, self._now_s)
        self._known |= present
        for marked in (self._hidden, self._blurred):
            marked |= dict.fromkeys(marked.keys() & present, self._now_s)
            for track in [track for track, seen_s in marked.items() if self._now_s - seen_s > FORGOTTEN_S]:
                del marked[track]

    def _is_hidden(self, frame: Frame, face: Face) -> bool:
        return self._is_marked(frame, face, self._hidden, self._still_hidden)

    def _is_blurred(self, frame: Frame, face: Face) -> bool:
        return self._is_marked(frame, face, self._blurred, self._still_blurred)

    def _is_marked(self, frame: Frame, face: Face, tracks: dict[int, float], boxes: list[Box]) -> bool:
        if not frame.still:
            return face.track in tracks
        return self._still == (frame.source, frame.index) and any(_overlap(box, face.box) >= _SAME for box in boxes)


def _overlap(one: Box, other: Box) -> float:
    width = min(one[0] + one[2], other[0] + other[2]) - max(one[0], other[0])
    height = min(one[1] + one[3], other[1] + other[3]) - max(one[1], other[1])
    shared = max(0.0, width) * max(0.0, height)
    return shared / max(1e-6, one[2] * one[3] + other[2] * other[3] - shared)
