"""Performance statistics of the live program: rates over the last seconds, and delays."""

import threading
import time
from collections import deque
from dataclasses import dataclass, field

import numpy as np

from agecam.engine.schedule import Plan

WINDOW_S = 2.0
MAX_DELAYS = 600
"""20 s at 30 frames per second."""


@dataclass(frozen=True, slots=True)
class LiveStatistics:
    """The values of the performance overlay."""

    shown_fps: float = 0.0
    analysed_fps: float = 0.0
    delay_p50_ms: float | None = None
    delay_p95_ms: float | None = None
    """Time from the arrival of a frame until it was on the screen."""
    dropped: int = 0
    """Frames of a live source that were never shown."""
    stages_ms: dict[str, float] = field(default_factory=dict)
    """Median time of each stage."""
    plan: Plan | None = None
    """Current plan of the schedule."""
    faces: int = 0
    device: str = ""


class EventRate:
    """Events per second over the last `WINDOW_S`. Thread-safe."""

    def __init__(self) -> None:
        self._times: deque[float] = deque()
        self._lock = threading.Lock()

    def tick(self) -> None:
        """Count one event now."""
        with self._lock:
            self._times.append(time.monotonic())

    def per_second(self) -> float:
        """The rate; 0 with fewer than two events."""
        now = time.monotonic()
        with self._lock:
            while self._times and self._times[0] < now - WINDOW_S:
                self._times.popleft()
            if len(self._times) < 2:
                return 0.0
            # Time between the events, not the window's length: correct from the second event on.
            return (len(self._times) - 1) / max(self._times[-1] - self._times[0], 1e-6)


class Delays:
    """The latest delays, in milliseconds. Thread-safe."""

    def __init__(self, max_count: int = MAX_DELAYS) -> None:
        self._ms: deque[float] = deque(maxlen=max_count)
        self._lock = threading.Lock()

    def add(self, ms: float) -> None:
        """Add a delay."""
        with self._lock:
            self._ms.append(ms)

    def quantile(self, share: float) -> float | None:
        """The quantile at `share` (0 to 1); None without delays."""
        with self._lock:
            values = list(self._ms)
        return float(np.quantile(values, share)) if values else None
