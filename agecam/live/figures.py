"""How fast the live program runs: rates over the last seconds, and delays."""

import threading
import time
from collections import deque
from dataclasses import dataclass, field

import numpy as np

from agecam.engine.schedule import Plan

WINDOW_S = 2.0
KEPT_DELAYS = 600
"""Twenty seconds at thirty frames a second."""


@dataclass(frozen=True, slots=True)
class LiveFigures:
    """What the HUD shows."""

    shown_fps: float = 0.0
    analysed_fps: float = 0.0
    delay_p50_ms: float | None = None
    delay_p95_ms: float | None = None
    """From the moment a frame arrived until it was on the screen."""
    dropped: int = 0
    """Frames of a live source that were never shown."""
    stages_ms: dict[str, float] = field(default_factory=dict)
    """Median time of each stage."""
    plan: Plan | None = None
    """Of the schedule."""
    faces: int = 0
    device: str = ""


class Rate:
    """Events a second over the last `WINDOW_S`. Safe from several threads."""

    def __init__(self) -> None:
        self._times: deque[float] = deque()
        self._lock = threading.Lock()

    def tick(self) -> None:
        """One event, now."""
        with self._lock:
            self._times.append(time.monotonic())

    def per_second(self) -> float:
        """0 until two events have come."""
        now = time.monotonic()
        with self._lock:
            while self._times and self._times[0] < now - WINDOW_S:
                self._times.popleft()
            if len(self._times) < 2:
                return 0.0
            # Between the events, not over the window: right from the second event on.
            return (len(self._times) - 1) / max(self._times[-1] - self._times[0], 1e-6)


class Delays:
    """The last delays, in milliseconds. Safe from several threads."""

    def __init__(self, kept: int = KEPT_DELAYS) -> None:
        self._ms: deque[float] = deque(maxlen=kept)
        self._lock = threading.Lock()

    def add(self, ms: float) -> None:
        """One more."""
        with self._lock:
            self._ms.append(ms)

    def quantile(self, share: float) -> float | None:
        """None while there is none."""
        with self._lock:
            values = list(self._ms)
        return float(np.quantile(values, share)) if values else None
