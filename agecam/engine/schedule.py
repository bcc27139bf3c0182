"""What is done of each frame: when to look for new faces, and whom to judge. Live, so that a step holds its time."""

import math
import statistics
from collections import deque
from dataclasses import dataclass
from typing import Protocol

BUDGET_MS = 33.0
"""Of a step: thirty a second."""
LONGEST_S = 0.18
"""Whoever comes is looked for so soon, and so is shown within 0.3 s."""
DRIFT = 0.35
"""A face is looked for again before it has gone this far, in its own widths: the picture carries it less surely."""
_MOST_EVERY = 8
_DETECTING = 0.3
"""Share of the budget that an average step may take before the detector rests in some of them: what is left is for the
display, for recording, and for whatever else the computer does."""
_FLOORS = (1.0, 1.4, 2.0)
"""Smallest face to look for, in that which was asked for, where detection alone does not fit the budget."""
_SMALL_PX, _SMALL_SHARE = 24.0, 1 / 12
_KEPT = 15
_SETTLING = 30
"""Detections after the smallest face was changed before it may change again."""


@dataclass(frozen=True, slots=True)
class Plan:
    """What the schedule holds a step to, as it is now."""

    budget_ms: float
    step_ms: float
    """What a step takes, in the median of the last ones."""
    detect_every: int
    """Frames."""
    judged: int
    """People whose age and gender were estimated in the last step,"""
    people: int
    """of so many in view."""
    min_face_px: float


class Planner(Protocol):
    """Is asked in each step, stage by stage, what to do, and told what it took."""

    @property
    def plan(self) -> Plan | None:
        """For people to read, where there is something to plan; safe from any thread."""

    def begin(self) -> None:
        """Another source, or another place in it."""

    def least_px(self, shorter_px: int) -> float | None:
        """Smallest face to look for in a frame of which this is the shorter side; None for the detector's own."""

    def wants_detection(self, time_s: float, speed: float, sure: bool) -> bool:
        """Whether to look for faces in this frame.

        Args:
            time_s: of the frame.
            speed: of the fastest face, in its own widths a second.
            sure: whether everybody in view is carried surely.
        """

    def judges(self, people: int, spent_ms: float) -> int:
        """How many of them to judge in this step, when so much of it has passed."""

    def note(self, detector_ms: float | None, tracker_ms: float, estimator_ms: float, judged: int, people: int) -> None:
        """What the step took; None for a detector that rested."""


class Thorough:
    """Judges everybody in every frame, whatever it takes: for files and photographs."""

    plan = None

    def __init__(self, detect_every: int = 1, min_face_px: float | None = None) -> None:
        """
        Args:
            detect_every: look for faces in every so many frames only; between them the picture carries them along.
            min_face_px: smallest face to look for, if it is another than the detector's.
        """
        self._every = detect_every
        self._min_face_px = min_face_px
        self._frames = 0

    def begin(self) -> None:  # noqa: D102
        self._frames = 0

    def least_px(self, shorter_px: int) -> float | None:  # noqa: D102
        return self._min_face_px

    def wants_detection(self, time_s: float, speed: float, sure: bool) -> bool:  # noqa: D102
        self._frames += 1
        return (self._frames - 1) % self._every == 0

    def judges(self, people: int, spent_ms: float) -> int:  # noqa: D102
        return people

    def note(self, *_: object) -> None:
        """Nothing is learned from it."""


class Schedule:
    """Learns what the stages cost, and plans the next step so that it holds its budget. One thread's."""

    def __init__(self, min_face_px: float, budget_ms: float = BUDGET_MS) -> None:
        """
        Args:
            min_face_px: smallest face that was asked for.
        """
        self.budget_ms = budget_ms
        self._asked_px = self._least_px = min_face_px
        self._floor = 0
        self._detector_ms, self._tracker_ms, self._face_ms, self._step_ms = (deque[float](maxlen=_KEPT) for _ in "1234")
        self._since = 0
        self._at_s = -math.inf
        self._settled = 0
        self._people = 0
        self.plan = Plan(budget_ms, 0.0, 1, 0, 0, min_face_px)

    def begin(self) -> None:
        """What is known of the computer stays, who was in view does not."""
        self._at_s, self._since, self._people = -math.inf, 0, 0
        self._step_ms.clear()
        self.plan = Plan(self.budget_ms, 0.0, 1, 0, 0, self._least_px)

    def least_px(self, shorter_px: int) -> float:
        """In small frames faces are small, too, and cost no more."""
        least_px = min(self._asked_px, max(_SMALL_PX, shorter_px * _SMALL_SHARE))
        self._least_px = least_px * _FLOORS[self._floor]
        return self._least_px

    def wants_detection(self, time_s: float, speed: float, sure: bool) -> bool:  # noqa: D102
        self._since += 1
        passed_s = time_s - self._at_s
        every = self._every() if sure else (self._every() + 1) // 2
        if self._since >= every or passed_s >= LONGEST_S or passed_s * speed >= DRIFT or passed_s < 0:
            self._since, self._at_s = 0, time_s
            return True
        return False

    def judges(self, people: int, spent_ms: float) -> int:
        """As many as still fit, at least one."""
        each_ms = _usual(self._face_ms)
        fit = people if each_ms == 0 else int((self.budget_ms - spent_ms) / each_ms)
        if fit >= people:
            return people
        return 1 << (max(1, fit).bit_length() - 1)  # batches are filled up to powers of two

    def note(  # noqa: D102
        self, detector_ms: float | None, tracker_ms: float, estimator_ms: float, judged: int, people: int
    ) -> None:
        self._tracker_ms.append(tracker_ms)
        self._step_ms.append((detector_ms or 0.0) + tracker_ms + estimator_ms)
        self._people = people
        if judged:
            self._face_ms.append(estimator_ms / judged)
        if detector_ms is not None:
            self._detector_ms.append(detector_ms)
            self._settled += 1
            self._set_floor()
        self.plan = Plan(self.budget_ms, _usual(self._step_ms), self._every(), judged, people, self._least_px)

    def _every(self) -> int:
        """Between two detections so many frames that an average step takes its share of the budget."""
        rest_ms = _DETECTING * self.budget_ms - _usual(self._tracker_ms) - self._people * _usual(self._face_ms)
        if rest_ms <= 0:
            return _MOST_EVERY
        return min(_MOST_EVERY, max(1, math.ceil(_usual(self._detector_ms) / rest_ms)))

    def _set_floor(self) -> None:
        if self._settled < _SETTLING:
            return
        needed_ms = _usual(self._detector_ms) + _usual(self._tracker_ms)
        if needed_ms > self.budget_ms and self._floor + 1 < len(_FLOORS):
            step = 1
        elif self._floor and needed_ms * (_FLOORS[self._floor] / _FLOORS[self._floor - 1]) ** 2 < 0.8 * self.budget_ms:
            step = -1  # cost goes with the inverse of the smallest face's square
        else:
            return
        self._floor += step
        self._settled = 0
        self._detector_ms.clear()


def _usual(times_ms: deque[float]) -> float:
    return statistics.median(times_ms) if times_ms else 0.0
