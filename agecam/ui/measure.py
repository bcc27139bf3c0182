"""Measures how smoothly the real window shows a source."""

import math
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from PySide6.QtCore import QEvent, QObject, QTimer
from PySide6.QtWidgets import QApplication

from agecam.errors import AgeCamError
from agecam.live import BuildEngine
from agecam.runtime.memory import resident_mib
from agecam.runtime.settings import Settings
from agecam.ui.app import build_engine, close_on_signals, open_with, prepare_application, recognise
from agecam.ui.main_window import MainWindow

TICK_MS = 4
WARM_UP_S = 3.0
"""Time between the first label and the start of the measurement."""
TIMEOUT_S = 60.0
"""Time to wait for the first label."""
CLOSING_S = 30.0
"""Time to wait for networks that are still loading when the window is closed: they cannot be interrupted."""


@dataclass(frozen=True, slots=True)
class Smoothness:
    """Result of `measure_window`; rates, delays and memory do not include the start."""

    window_s: float
    """From the call until the window was visible."""
    first_label_s: float
    seconds: float
    shown_fps: float
    analysed_fps: float
    delay_p50_ms: float
    delay_p95_ms: float
    dropped: int
    longest_block_ms: float
    """Longest time for which the window's thread was blocked."""
    block_p99_ms: float
    memory_mib: float
    growth: float
    """Relative growth of the memory between the first and the last tenth of the measurement."""

    def as_dict(self) -> dict[str, Any]:
        """Values by name, rounded to three decimals."""
        return {name: round(float(getattr(self, name)), 3) for name in self.__slots__}


def measure_window(
    spec: str, seconds: float, tick: Callable[[float], object], build: BuildEngine = build_engine
) -> Smoothness | None:
    """Show a source in the window and measure how smoothly it runs, until it is closed at the latest.

    Args:
        seconds: duration of the measurement, which starts 3 s after the first label.
        tick: called a few times a second with the progress, 0 to 1.
        build: builds the engine.

    Returns:
        None if no label appeared.

    Raises:
        AgeCamError: the window was closed before there was anything to measure.
    """
    started = time.monotonic()
    application, translators = prepare_application("system")
    application.setQuitOnLastWindowClosed(False)  # the measurement ends the event loop
    settings = Settings(loop=True, show_hud=True)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "settings.json"
        window = MainWindow(settings, path, build, open_with, recognise, lambda: [])
        measurement = _Measurement(window, seconds, tick, started)
        window.show()
        application.processEvents()
        measurement.window_s = time.monotonic() - started
        with close_on_signals(application):
            if not measurement.ended_s:
                window.open(spec, remember=False)
                measurement.start()
                application.exec()
        window.close()
        while not window.all_ended and time.monotonic() < measurement.ended_s + CLOSING_S:
            window.all_ended = window.session.close()  # the networks were still loading
    application.setQuitOnLastWindowClosed(True)
    del translators
    return measurement.result()


class _Measurement(QObject):
    def __init__(self, window: MainWindow, seconds: float, tick: Callable[[float], object], started: float) -> None:
        super().__init__()
        window.installEventFilter(self)
        self._window, self._seconds, self._tick, self._started = window, seconds, tick, started
        self.window_s = 0.0
        self.ended_s = 0.0
        """When it ended, on the monotonic clock; 0 until then."""
        self._closed = False
        self._label_s: float | None = None
        self._measured_from_s: float | None = None
        self._last_s = 0.0
        self._last_progress_s = 0.0
        self._gaps: list[float] = []
        self._memory: list[float] = []
        self._shown = self._on_result = 0
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
            elif now - self._started > TIMEOUT_S:
                self._end()
        elif self._measured_from_s is None:
            if now - self._label_s >= WARM_UP_S:
                self._measured_from_s, self._last_s = now, now
                session.begin_statistics()
        else:
            self._gaps.append((now - self._last_s) * 1e3)
            self._last_s = now
            if now - self._last_progress_s > 0.25:
                self._last_progress_s = now
                self._memory.append(resident_mib())
                self._tick(min(1.0, (now - self._measured_from_s) / self._seconds))
            if now - self._measured_from_s >= self._seconds:
                self._end()

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:  # noqa: N802
        """Read the statistics before the window closes its session."""
        if event.type() == QEvent.Type.Close and not self.ended_s:
            self._closed = True
            self._end()
        return False

    def _end(self) -> None:
        if self._timer.isActive():
            QApplication.exit(0)
        self._timer.stop()
        self.ended_s = time.monotonic()
        self._statistics = self._window.session.statistics()
        self._totals = self._window.session.totals()

    def result(self) -> Smoothness | None:
        if self._label_s is None or self._measured_from_s is None or not self._memory:
            if self._closed:
                raise AgeCamError(
                    "The window was closed before there was anything to measure: leave it open for longer."
                )
            return None
        seconds = self._last_s - self._measured_from_s
        tenth = max(1, len(self._memory) // 10)
        first, last = (float(np.median(part)) for part in (self._memory[:tenth], self._memory[-tenth:]))
        shown, result = self._totals
        return Smoothness(
            window_s=self.window_s,
            first_label_s=self._label_s - self._started,
            seconds=seconds,
            shown_fps=shown / seconds,
            analysed_fps=result / seconds,
            delay_p50_ms=self._statistics.delay_p50_ms or math.nan,
            delay_p95_ms=self._statistics.delay_p95_ms or math.nan,
            dropped=self._statistics.dropped,
            longest_block_ms=max(self._gaps),
            block_p99_ms=float(np.quantile(self._gaps, 0.99)),
            memory_mib=last,
            growth=last / first - 1,
        )
