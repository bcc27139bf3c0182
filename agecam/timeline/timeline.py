"""The timeline of a source: who is in view when, and how old they look."""

import threading
from collections import deque
from collections.abc import Collection
from dataclasses import replace

import numpy as np

from agecam.timeline.identity import known_by_appearance, known_by_place, known_numbers
from agecam.timeline.lane import Lane, Moment
from agecam.timeline.record import BRIDGED_S, KeptMoment, Record
from agecam.tracking.appearance import appearance_of
from agecam.types import Box, Face, Frame, FrameResult

ROW_S = 0.25
"""Estimates are kept for each of so many seconds, until a source is too long."""
MAX_ROWS = 4096
"""Rows of a lane; in a source with more, each stands for twice the time, and again."""
MAX_LANES = 1000
"""Beyond it, those are dropped who were not seen for longest: one takes about 20 kB, and all are listed."""
_JUMP_S = 2.0
"""A frame this much later than the one before it was sought. A camera that is back after it was lost continues this
much later."""
_MAX_TRACKS = 512
_SETTLED_S = 1.0
"""Somebody new may turn out to be somebody known for this long: at first, faces are often in motion or cut off."""


class Timeline:
    """Collects the results of one source as lanes, one for each person. Thread-safe, but `add` is for one thread.

    What is seen again, after a seek or in a repetition, replaces what was known of that time.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._records: dict[int, Record] = {}
        self._row_s = ROW_S
        self._next = 1
        self._numbers: dict[int, int] = {}
        """By track of the current pass; also of faces that are not confirmed, which have no lane yet."""
        self._new: dict[int, float] = {}
        """When the people whose lanes began in this pass were seen first, until they are settled."""
        self._pass = 0
        """Counts up whenever the tracks begin again."""
        self._run: int | None = None
        self._last_s = 0.0
        self._offset_s = 0.0
        self._intervals_s: deque[float] = deque([0.0], maxlen=5)
        self._seen = 0
        self._private: set[int] = set()
        self._not_faces: list[Moment] = []
        self._complete = False
        self._revision = 0

    def __len__(self) -> int:
        """The number of lanes."""
        return len(self._records)

    @property
    def revision(self) -> int:
        """Changes whenever the lanes do."""
        return self._revision

    @property
    def complete(self) -> bool:
        """Whether the whole source was analysed; then `add` finds people but changes nothing."""
        return self._complete

    def finish(self) -> None:
        """The whole source has been analysed: from now on, only joining and splitting change the lanes."""
        with self._lock:
            self._begin_pass()
            self._complete = True
            self._revision += 1

    # --- filling ---------------------------------------------------------------------------------------

    def add(self, frame: Frame, result: FrameResult, *, live: bool = False, run: int = 0) -> FrameResult:
        """Add the result of a frame: `number`, then `collect`."""
        numbered = self.number(frame, result, live=live, run=run)
        self.collect(frame, numbered)
        return numbered

    def number(self, frame: Frame, result: FrameResult, *, live: bool = False, run: int = 0) -> FrameResult:
        """Find out who the faces of a frame are.

        Args:
            frame: the frame.
            result: its faces, with the tracks of the engine.
            live: whether its source is live: then a time that goes back continues after the last one.
            run: another number than before says that the tracks have begun again.

        Returns:
            The result with the numbers of the lanes as tracks; that of a still picture as it was. Faces that are not
            confirmed have numbers, too, but no lanes yet.
        """
        if frame.still:
            return result
        time_s = self._follow(result.time_s, live, run)
        numbers = [self._number_of(frame, face, time_s, result) for face in result.faces]
        faces = tuple(replace(face, track=number) for face, number in zip(result.faces, numbers, strict=True))
        return replace(result, faces=faces)

    def collect(self, frame: Frame, result: FrameResult) -> None:
        """Add the confirmed faces of a result that `number` has returned, or of a still picture, to their lanes."""
        if frame.still:
            self._add_still(frame, result)
        elif not self._complete:
            numbers = [face.track for face in result.faces]
            known = set(self._numbers.values())  # without those that the user has joined with another a moment ago
            self._put(frame, result.faces, [number if number in known else None for number in numbers], self._last_s)

    def _follow(self, time_s: float, live: bool, run: int) -> float:
        """The time in the timeline; begins another pass if the tracks begin again."""
        time_s += self._offset_s
        if live and time_s < self._last_s:  # it was lost and is back: its clock starts again
            gap_s = self._last_s + _JUMP_S - time_s
            self._offset_s += gap_s
            time_s += gap_s
            with self._lock:
                self._begin_pass()
        step_s = time_s - self._last_s
        usual_s = float(np.median(self._intervals_s))
        with self._lock:
            if run != self._run or step_s < 0 or step_s > max(_JUMP_S, 3 * usual_s):
                self._begin_pass()
            self._run = run
            while time_s >= MAX_ROWS * self._row_s:
                self._row_s *= 2
                for record in self._records.values():
                    record.coarsen()
        if step_s > 0:
            self._intervals_s.append(step_s)
        self._last_s = time_s
        return time_s

    def _begin_pass(self) -> None:
        self._pass += 1
        self._numbers, self._new = {}, {}

    def _number_of(self, frame: Frame, face: Face, time_s: float, result: FrameResult) -> int | None:
        """The number of a face: that of a person who was seen before, or the next one."""
        if face.track is None:
            return None
        with self._lock:
            number = self._numbers.get(face.track)
            if number is not None and not self._is_open(number, time_s):
                return number
        appearance = appearance_of(frame.image_bgr, face.box)
        with self._lock:
            taken = {self._numbers[other.track] for other in result.faces if other.track in self._numbers}
            free = [record for other, record in self._records.items() if other not in taken]
            known = known_by_place(free, face.box, time_s, self._pass)
            known = known or known_by_appearance(free, face, appearance, time_s)
            if number is not None and known is None:
                return number
            if number is not None and known is not None and (young := self._records.pop(number, None)) is not None:
                known.add(young)
            if known is not None:
                self._new.pop(number or 0, None)
                number = known.number
                # A track that had this number and is found again is somebody else.
                self._numbers = {track: other for track, other in self._numbers.items() if other != number}
            else:
                number, self._next = self._next, self._next + 1
                self._new[number] = time_s
            if len(self._numbers) >= _MAX_TRACKS:
                in_view = {other.track for other in result.faces}
                self._numbers = {track: kept for track, kept in self._numbers.items() if track in in_view}
            self._numbers[face.track] = number
            return number

    def _is_open(self, number: int, time_s: float) -> bool:
        """Whether somebody new may still turn out to be known; asked once for each row."""
        begun_s = self._new.get(number)
        if begun_s is None or number in self._private:  # whoever is blurred keeps the number
            return False
        if time_s - begun_s > _SETTLED_S:
            del self._new[number]
            return False
        record = self._records.get(number)
        return record is None or not record.has_row(time_s, self._pass)

    def _put(self, frame: Frame, faces: Collection[Face], numbers: Collection[int | None], time_s: float) -> None:
        seen = [(face, n) for face, n in zip(faces, numbers, strict=True) if face.confirmed and n is not None]
        moments: dict[int, KeptMoment] = {}
        for face, number in seen:  # before the lock is taken: the window must not wait for it
            record = self._records.get(number)
            if record is None or not record.has_row(time_s, self._pass):
                moments[number] = KeptMoment.of(frame, face, time_s)
        with self._lock:
            self._seen += 1
            for face, number in seen:
                record = self._records.get(number)
                if record is None and number in moments:
                    record = self._records[number] = Record(number, self._row_s)
                if record is None:
                    continue
                record.put(time_s, face, self._pass)
                if number in moments:
                    record.offer(moments[number])
                record.seen = self._seen
            self._revision += bool(seen)
            while len(self._records) > MAX_LANES:
                del self._records[min(self._records, key=lambda number: self._records[number].seen)]

    def _add_still(self, frame: Frame, result: FrameResult) -> None:
        with self._lock:
            if self._complete:
                return
            self._begin_pass()
            known = dict(self._records)
        numbers: list[int | None] = []
        for face in result.faces:
            record = known_by_place(known.values(), face.box, frame.time_s, self._pass)
            if record is not None:
                del known[record.number]
                numbers.append(record.number)
            else:
                numbers.append(self._next)
                self._next += 1
        self._put(frame, result.faces, numbers, frame.time_s)

    # --- reading ---------------------------------------------------------------------------------------

    def lanes(self, blurred: bool = False) -> list[Lane]:
        """Everybody seen so far, by number.

        Args:
            blurred: whether all thumbnails are blurred, not only those of `set_private`.
        """
        with self._lock:
            bridged_s = max(BRIDGED_S, 2.5 * float(np.median(self._intervals_s)))
            records = [self._records[number] for number in sorted(self._records)]
            return [record.lane(bridged_s, blurred or record.number in self._private) for record in records]

    def set_private(self, on: Collection[int], off: Collection[int] = ()) -> None:
        """Blur the thumbnails of these people from now on, and no longer those in `off`."""
        with self._lock:
            private = (self._private | set(on)) - set(off)
            if private != self._private:
                self._private = private
                self._revision += 1

    def forget(self, numbers: Collection[int]) -> None:
        """Remove the lanes of what is no face."""
        with self._lock:
            for number in numbers:
                if (record := self._records.pop(number, None)) is not None:
                    self._not_faces += [kept.moment for kept in record.moments.values()]
                    self._revision += 1

    def numbers_at(self, boxes: Collection[Box], time_s: float) -> list[int]:
        """The numbers of the people at these places at a time, as far as they are known."""
        with self._lock:
            found = [known_by_place(self._records.values(), box, time_s, -1) for box in boxes]
        return [record.number for record in found if record is not None]

    def forget_places(self, boxes: Collection[Box], time_s: float) -> None:
        """Remove the lanes of what is no face, at these places at a time."""
        self.forget(self.numbers_at(boxes, time_s))

    @property
    def private(self) -> frozenset[int]:
        """Numbers of the people whose thumbnails are always blurred."""
        return frozenset(self._private)

    def take_over(self, before: "Timeline") -> None:
        """Take over the numbers of another timeline of the same source, and what the user has said about its faces.

        Whoever is blurred there is blurred here; if one of them cannot be found here, everybody is.
        """
        with before._lock:
            old = {number: [kept.moment for kept in r.moments.values()] for number, r in before._records.items()}
            private, not_faces = set(before._private), list(before._not_faces)
            self._numbers, self._last_s, self._run = before._numbers, before._last_s, before._run
            self._next, first_new = max(self._next, before._next), before._next
        with self._lock:
            numbers = known_numbers(old, self._records.values())
            for here in sorted(self._records.keys() - numbers.keys()):
                numbers[here], first_new = first_new, first_new + 1
            self._next = max(self._next, first_new)
            self._records = {numbers[here]: record for here, record in self._records.items()}
            for number, record in self._records.items():
                record.rename(number)
            are_all_found = private & old.keys() <= self._records.keys()
            self._private = private if are_all_found else private | set(self._records)
            self._revision += 1
        for moment in not_faces:
            self.forget_places([moment.box], moment.time_s)

    # --- changing by hand ------------------------------------------------------------------------------

    def joinable(self, number: int) -> list[int]:
        """Numbers of the lanes that may show the same person: those never in view at the same time."""
        with self._lock:
            one = self._records.get(number)
            others = (record for record in self._records.values() if record is not one)
            return sorted(other.number for other in others if one is not None and not one.is_seen_with(other))

    def join(self, first: int, second: int) -> int | None:
        """Make two lanes one, and return its number, the smaller of the two.

        None if they are not `joinable`.
        """
        if second not in self.joinable(first):
            return None
        with self._lock:
            kept, gone = min(first, second), max(first, second)
            self._records[kept].add(self._records.pop(gone))
            self._numbers = {track: kept if n == gone else n for track, n in self._numbers.items()}
            if gone in self._private:
                self._private.add(kept)
            self._revision += 1
            return kept

    def split(self, number: int, time_s: float) -> int | None:
        """Give what a lane has from a time on a lane of its own, and return its number.

        None if there is no such lane, or nothing in it before or after this time.
        """
        with self._lock:
            record = self._records.get(number)
            later = record.split(time_s, self._next) if record is not None else None
            if later is None:
                return None
            self._next += 1
            self._records[later.number] = later
            if number in self._private:
                self._private.add(later.number)
            if self._last_s >= time_s:
                self._numbers = {track: later.number if n == number else n for track, n in self._numbers.items()}
            self._revision += 1
            return later.number
