"""Analyses a whole video beside the one that plays: a thread with a source and an engine of its own."""

import threading
import time
from collections.abc import Callable

from agecam.engine.options import EngineOptions
from agecam.errors import AgeCamError
from agecam.live.capture import OpenSource
from agecam.live.caught import caught
from agecam.live.inference import BuildEngine
from agecam.runtime.memory import give_back_freed
from agecam.sources.excerpt import ExcerptSource
from agecam.timeline import Timeline

EVERY_S = 0.06
"""One frame for each so many seconds is analysed: people are still followed from one to the next."""
_MAX_PAUSE_S = 0.04
"""Longest pause after a frame: on a busy computer the analysis would otherwise hardly go on."""
_MAX_FAILED = 10
"""The analysis is given up when this many frames in a row cannot be analysed."""


class WholeAnalysis:
    """One analysis, from its start until it has ended or was stopped."""

    def __init__(
        self,
        open_source: OpenSource,
        build: BuildEngine,
        options: EngineOptions,
        on_change: Callable[[], None],
        yields: Callable[[], bool] = lambda: False,
    ) -> None:
        """
        Args:
            open_source: opens the video once more; raises SourceError.
            build: builds the engine, whose own threads should have a low priority; raises AgeCamError. The analysis'
                thread keeps the usual one: others would wait for it while it holds the GIL.
            options: of the engine.
            on_change: called on the analysis' thread when `progress` has changed, and when it has ended without being
                stopped.
            yields: whether something else needs the processor now, as a video that plays: then about half of the time
                is left to it.
        """
        self._open_source, self._build, self._options = open_source, build, options
        self._on_change, self._yields = on_change, yields
        self._stopping = threading.Event()
        self.timeline = Timeline()
        """Of the whole video once `done` is set."""
        self.progress = 0.0
        """Share of the video that has been analysed, 0 to 1."""
        self.done = False
        """Whether the whole video has been analysed."""
        self.ended = False
        self.error: AgeCamError | None = None
        """Why the analysis ended before."""
        self._thread = threading.Thread(target=self._run, name="whole-analysis", daemon=True)
        self._thread.start()

    def stop(self, timeout_s: float = 0.0) -> bool:
        """Ask for the end, wait for up to `timeout_s` and return whether the thread has ended."""
        self._stopping.set()
        self._thread.join(timeout_s)
        return not self._thread.is_alive()

    def _run(self) -> None:
        try:
            self._analyse()
        except Exception as error:
            self.error = caught(error)
        give_back_freed()
        self.ended = True
        self._notify()

    def _analyse(self) -> None:
        engine = self._build(self._options)
        if self._stopping.is_set():
            return
        engine.thorough = True
        with ExcerptSource(self._open_source(), every_s=EVERY_S) as source:
            duration_s = source.info.duration_s or 0.0
            failed = 0
            while not self._stopping.is_set() and (frame := source.read()) is not None:
                began_s = time.monotonic()
                try:
                    result = engine.step(frame)
                except AgeCamError:
                    failed += 1
                    if failed == _MAX_FAILED:
                        raise
                    continue
                failed = 0
                self.timeline.add(frame, result)
                self._report(frame.time_s / duration_s if duration_s else 0.0)
                if self._yields():
                    self._stopping.wait(min(time.monotonic() - began_s, _MAX_PAUSE_S))
        if not self._stopping.is_set():
            self.timeline.finish()
            self.done = True

    def _report(self, progress: float) -> None:
        percent = int(100 * self.progress)
        self.progress = min(progress, 1.0)
        if int(100 * self.progress) != percent:
            self._notify()

    def _notify(self) -> None:
        if not self._stopping.is_set():  # else nobody waits for it
            self._on_change()
