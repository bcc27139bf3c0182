"""Performance statistics of the live program: rates over the last seconds, and delays."""

import threading
import time
from collections import deque
from collections.abc import Mapping
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
    cores: float | None = None
    """Processor seconds per second that the program takes, of all threads; None until it has been measured."""


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


class ProcessorShare:
    """How much of the processor the program takes, averaged over about `WINDOW_S`. Not thread-safe."""

    def __init__(self) -> None:
        self._began = time.monotonic(), time.process_time()
        self._cores: float | None = None

    def cores(self) -> float | None:
        """Processor seconds per second of all threads; None within the first `WINDOW_S`."""
        now = time.monotonic(), time.process_time()
        if now[0] - self._began[0] >= WINDOW_S:
            self._cores = (now[1] - self._began[1]) / (now[0] - self._began[0])
            self._began = now
        return self._cores


class Performance:
    """What a session counts: the frames that were shown and analysed, their delays, and the time of each stage."""

    def __init__(self) -> None:
        self._last_shown = 0
        self._shown_rate, self._processor = EventRate(), ProcessorShare()
        self._stages: dict[str, Delays] = {}
        self.begin()

    def begin(self) -> None:
        """Reset the delays and counters."""
        self._delays = Delays()
        self._dropped = self._shown = self._analysed = 0

    def begin_source(self) -> None:
        """Reset what belongs to the last source."""
        self._delays = Delays()
        self._dropped = 0

    def add_shown(self, frame_number: int, arrived_s: float) -> None:
        """The window has painted a frame; its other views do not count."""
        if frame_number == self._last_shown:
            return
        self._dropped += max(0, frame_number - self._last_shown - 1) if self._last_shown else 0
        self._last_shown = frame_number
        self._shown += 1
        self._shown_rate.tick()
        self._delays.add((time.monotonic() - arrived_s) * 1e3)

    def add_analysed(self) -> None:
        """A frame has been analysed."""
        self._analysed += 1

    def add_stages(self, stages_ms: Mapping[str, float]) -> None:
        """The milliseconds of each stage of one step."""
        for name, ms in stages_ms.items():
            self._stages.setdefault(name, Delays(60)).add(ms)

    def totals(self) -> tuple[int, int]:
        """Number of frames shown and analysed since `begin`."""
        return self._shown, self._analysed

    def statistics(self, analysed_fps: float, plan: Plan | None, faces: int, device: str) -> LiveStatistics:
        """Current performance statistics; the arguments are their fields."""
        return LiveStatistics(
            shown_fps=self._shown_rate.per_second(),
            analysed_fps=analysed_fps,
            delay_p50_ms=self._delays.quantile(0.5),
            delay_p95_ms=self._delays.quantile(0.95),
            dropped=self._dropped,
            stages_ms={name: delays.quantile(0.5) or 0.0 for name, delays in self._stages.items()},
            plan=plan,
            faces=faces,
            device=device,
            cores=self._processor.cores(),
        )
