"""How smooth the window is: the real window with a source, watched for a while."""

import math
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from PySide6.QtCore import QTimer

from agecam.live import BuildEngine
from agecam.runtime.memory import resident_mib
from agecam.runtime.settings import Settings
from agecam.ui.app import build_engine, open_with, prepare_application, recognise
from agecam.ui.main_window import MainWindow

TICK_MS = 4
SETTLING_S = 3.0
"""After the first label, before anything is counted."""
PATIENCE_S = 60.0


@dataclass(frozen=True, slots=True)
class Smoothness:
    """What `measure_window` saw, after the start."""

    window_s: float
    """From the call until the window was on the screen."""
    first_label_s: float
    seconds: float
    shown_fps: float
    analysed_fps: float
    delay_p50_ms: float
    delay_p95_ms: float
    dropped: int
    longest_block_ms: float
    """The longest time for which the window's thread did not answer."""
    block_p99_ms: float
    memory_mib: float
    growth: float
    """Of the memory between the first and the last tenth of the time, as a share."""

    def as_dict(self) -> dict[str, Any]:
        """By name, rounded."""
        return {name: round(float(getattr(self, name)), 3) for name in self.__slots__}


def measure_window(
    spec: str, seconds: float, tick: Callable[[float], object], build: BuildEngine = build_engine
) -> Smoothness | None:
    """Show a source in the window for so many seconds after the first label; None if no label came.

    Args:
        tick: gets the share that is done, a few times a second.
    """
    started = time.monotonic()
    application, translators = prepare_application("system")
    settings = Settings(loop=True, show_hud=True)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "settings.json"
        window = MainWindow(settings, path, build, open_with, recognise, lambda: [])
        watch = _Watch(window, seconds, tick, started)
        window.show()
        application.processEvents()
        watch.window_s = time.monotonic() - started
        window.open(spec, remember=False)
        watch.start()
        application.exec()
        result = watch.result()
        window.close()
    del translators
    return result


class _Watch:
    def __init__(self, window: MainWindow, seconds: float, tick: Callable[[float], object], started: float) -> None:
        self._window, self._seconds, self._tick, self._started = window, seconds, tick, started
        self.window_s = 0.0
        self._label_s: float | None = None
        self._counting_s: float | None = None
        self._last_s = 0.0
        self._told_s = 0.0
        self._gaps: list[float] = []
        self._memory: list[float] = []
        self._shown = self._judged = 0
        self._timer = QTimer(window, interval=TICK_MS)
        self._timer.timeout.connect(self._on_tick)

    def start(self) -> None:
        self._timer.start()

    def _on_tick(self) -> None:
        now = time.monotonic()
        session = self._window.session
        view = session.view()
        if self._label_s is None:
            if view is not None and view.faces:
                self._label_s = now
            elif now - self._started > PATIENCE_S:
                self._end()
        elif self._counting_s is None:
            if now - self._label_s >= SETTLING_S:
                self._counting_s, self._last_s = now, now
                session.begin_figures()
        else:
            self._gaps.append((now - self._last_s) * 1e3)
            self._last_s = now
            if now - self._told_s > 0.25:
                self._told_s = now
                self._memory.append(resident_mib())
                self._tick(min(1.0, (now - self._counting_s) / self._seconds))
            if now - self._counting_s >= self._seconds:
                self._end()

    def _end(self) -> None:
        self._timer.stop()
        self._figures = self._window.session.figures()
        self._totals = self._window.session.totals()
        from PySide6.QtWidgets import QApplication

        QApplication.exit(0)

    def result(self) -> Smoothness | None:
        if self._label_s is None or self._counting_s is None:
            return None
        seconds = self._last_s - self._counting_s
        tenth = max(1, len(self._memory) // 10)
        first, last = (float(np.median(part)) for part in (self._memory[:tenth], self._memory[-tenth:]))
        shown, judged = self._totals
        return Smoothness(
            window_s=self.window_s,
            first_label_s=self._label_s - self._started,
            seconds=seconds,
            shown_fps=shown / seconds,
            analysed_fps=judged / seconds,
            delay_p50_ms=self._figures.delay_p50_ms or math.nan,
            delay_p95_ms=self._figures.delay_p95_ms or math.nan,
            dropped=self._figures.dropped,
            longest_block_ms=max(self._gaps),
            block_p99_ms=float(np.quantile(self._gaps, 0.99)),
            memory_mib=last,
            growth=last / first - 1,
        )
