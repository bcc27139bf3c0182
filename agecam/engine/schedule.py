"""Schedules the work on each frame: when to detect, and how many faces to estimate. Live, each step keeps a budget."""

import math
import statistics
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol

BUDGET_MS = 33.0
"""Time budget of a step, for thirty steps per second."""
MAX_INTERVAL_S = 0.18
"""Longest time between detections, so that a new face is labelled within 0.3 s; the usual one while all is calm. On two
clips with one person, a third of the detections then moved boxes by 0.5 and 1.1 % of their width in the mean."""
MAX_DRIFT = 0.35
"""Longest distance a face may move between detections, in its own widths: farther, propagation is less reliable."""
_MAX_FRAMES = 8
"""Longest detection interval, in frames."""
_STEP_SHARE = 0.3
"""Share of the budget that an average step may take before the detector skips frames; the rest is left for the display,
for recording and for other programs."""
_FACTORS = (1.0, 1.4, 2.0)
"""Factors of the wanted smallest face, used one after the other while detection alone exceeds the budget."""
_TIMES_KEPT = 15
"""Last times of each stage, of which the median is taken."""
_SETTLING_DETECTIONS = 30
"""Detections after a change of the smallest face before it may change again."""


@dataclass(frozen=True, slots=True)
class Plan:
    """Current state of a schedule, for display."""

    budget_ms: float
    step_ms: float
    """Median time of the last steps."""
    detect_every: int
    """Frames between the last two detections."""
    estimated: int
    """People whose age and gender were estimated in the last step."""
    people: int
    """People in view."""
    min_face_px: float


class Planner(Protocol):
    """Decides in each step which stages run, and records how long they took."""

    thorough: bool
    """Whether to look for all faces in every frame, however long it takes: nobody may be missed."""
    spares_settled: bool
    """Whether people whose label is settled are estimated less often than others."""

    @property
    def plan(self) -> Plan | None:
        """Current plan, for display; None if there is nothing to plan. Thread-safe."""

    def reset(self) -> None:
        """Start again, for another source or another position in it."""

    def min_face_for(self, wanted_px: float) -> float:
        """Smallest face to detect now, at least the one that is wanted."""

    def wants_detection(self, time_s: float, speed: float, reliable: bool, calm: bool = False) -> bool:
        """Whether to detect faces in this frame.

        Args:
            time_s: of the frame.
            speed: of the fastest face, in its own widths per second.
            reliable: whether all faces in view are propagated reliably.
            calm: whether besides nobody is lost and all labels are settled, so that only newcomers are looked for.
        """

    def faces_to_estimate(self, people: int, spent_ms: float) -> int:
        """Number of people in view to estimate in this step, of which `spent_ms` have passed."""

    def record(self, stages_ms: Mapping[str, float], estimated: int, people: int) -> None:
        """Record the milliseconds of each stage ('detector' is absent if it did not run) and the numbers of people."""


class EveryFrame:
    """Estimates all people in every frame, however long it takes; for files."""

    plan = None
    thorough = False
    spares_settled = False

    def __init__(self, detect_every: int = 1) -> None:
        """`detect_every`: detect in every Nth frame; between detections, faces are propagated."""
        self._interval = detect_every
        self._frames = 0

    def reset(self) -> None:  # noqa: D102
        self._frames = 0

    def min_face_for(self, wanted_px: float) -> float:  # noqa: D102
        return wanted_px

    def wants_detection(  # noqa: D102
        self, time_s: float, speed: float, reliable: bool, calm: bool = False
    ) -> bool:
        self._frames += 1
        return self.thorough or (self._frames - 1) % self._interval == 0

    def faces_to_estimate(self, people: int, spent_ms: float) -> int:  # noqa: D102
        return people

    def record(self, *_: object) -> None:
        """Do nothing: the plan is fixed."""


class Schedule:
    """Measures the cost of each stage, and plans the next step to keep the budget. Not thread-safe."""

    spares_settled = True

    def __init__(self, budget_ms: float = BUDGET_MS) -> None:
        """`budget_ms`: time budget of a step."""
        self.budget_ms = budget_ms
        self.thorough = False
        self._min_face_px = 0.0
        self._level = 0
        self._detector_ms, self._tracker_ms, self._face_ms, self._step_ms = (
            deque[float](maxlen=_TIMES_KEPT) for _ in "1234"
        )
        self._frames_since_detection, self._detected_every = 0, 1
        self._detected_s = -math.inf
        self._detections_since_change = 0
        self._people = 0
        self.plan = Plan(budget_ms, 0.0, 1, 0, 0, 0.0)

    def reset(self) -> None:
        """Forget the people in view, but keep the measured costs."""
        self._detected_s, self._frames_since_detection, self._people = -math.inf, 0, 0
        self._step_ms.clear()
        self.plan = Plan(self.budget_ms, 0.0, 1, 0, 0, self._min_face_px)

    def min_face_for(self, wanted_px: float) -> float:
        """Smallest face to detect now; larger than wanted while detection alone exceeds the budget, unless thorough."""
        self._min_face_px = wanted_px if self.thorough else wanted_px * _FACTORS[self._level]
        return self._min_face_px

    def wants_detection(  # noqa: D102
        self, time_s: float, speed: float, reliable: bool, calm: bool = False
    ) -> bool:
        self._frames_since_detection += 1
        elapsed_s = time_s - self._detected_s
        interval = self._interval() if reliable else (self._interval() + 1) // 2
        is_due = self.thorough or (self._frames_since_detection >= interval and not calm)
        if is_due or elapsed_s >= MAX_INTERVAL_S or elapsed_s * speed >= MAX_DRIFT or elapsed_s < 0:
            self._detected_every = self._frames_since_detection
            self._frames_since_detection, self._detected_s = 0, time_s
            return True
        return False

    def faces_to_estimate(self, people: int, spent_ms: float) -> int:
        """As many people as fit the remaining budget, at least one."""
        each_ms = _median(self._face_ms)
        fit = people if each_ms == 0 else int((self.budget_ms - spent_ms) / each_ms)
        if fit >= people:
            return people
        return 1 << (max(1, fit).bit_length() - 1)  # batches are padded to powers of two

    def record(self, stages_ms: Mapping[str, float], estimated: int, people: int) -> None:  # noqa: D102
        detector_ms, tracker_ms, estimator_ms = (stages_ms.get(stage) for stage in ("detector", "tracker", "estimator"))
        tracker_ms, estimator_ms = tracker_ms or 0.0, estimator_ms or 0.0
        self._tracker_ms.append(tracker_ms)
        self._step_ms.append((detector_ms or 0.0) + tracker_ms + estimator_ms)
        self._people = people
        if estimated:
            self._face_ms.append(estimator_ms / estimated)
        if detector_ms is not None:
            self._detector_ms.append(detector_ms)
            if not self.thorough:
                self._detections_since_change += 1
                self._adapt_min_face()
        step_ms = _median(self._step_ms)
        self.plan = Plan(self.budget_ms, step_ms, self._detected_every, estimated, people, self._min_face_px)

    def _interval(self) -> int:
        """Detection interval, in frames, at which an average step stays within its share of the budget."""
        if self.thorough:
            return 1
        remaining_ms = _STEP_SHARE * self.budget_ms - _median(self._tracker_ms) - self._people * _median(self._face_ms)
        if remaining_ms <= 0:
            return _MAX_FRAMES
        return min(_MAX_FRAMES, max(1, math.ceil(_median(self._detector_ms) / remaining_ms)))

    def _adapt_min_face(self) -> None:
        if self._detections_since_change < _SETTLING_DETECTIONS:
            return
        needed_ms = _median(self._detector_ms) + _median(self._tracker_ms)
        if needed_ms > self.budget_ms and self._level + 1 < len(_FACTORS):
            step = 1
        elif (
            self._level and needed_ms * (_FACTORS[self._level] / _FACTORS[self._level - 1]) ** 2 < 0.8 * self.budget_ms
        ):
            step = -1  # cost is inversely proportional to the square of the smallest face
        else:
            return
        self._level += step
        self._detections_since_change = 0
        self._detector_ms.clear()


def _median(times_ms: deque[float]) -> float:
    return statistics.median(times_ms) if times_ms else 0.0
