"""Exceptions that are not AgeCam's, raised in the threads of a window on request."""

import logging
from collections import Counter

from agecam.engine.options import EngineOptions
from agecam.live import LiveEngine
from agecam.outputs import VideoWriter
from agecam.runtime.settings import Settings
from agecam.sources import FrameSource
from agecam.types import Frame, FrameResult, Image
from agecam.ui.app import build_engine, open_with


class InjectedError(Exception):
    """Stands for any exception that is not AgeCam's."""


class Injected:
    """Raises exceptions in the threads of the window when armed, and counts how many were logged."""

    def __init__(self) -> None:
        self._left: dict[str, int] = {}
        self.raised: Counter[str] = Counter()
        self.logged: Counter[str] = Counter()

    def arm(self, thread: str, times: int = 1) -> None:
        """Let the next calls in a thread fail."""
        self._left[thread] = times

    def check(self, thread: str) -> None:
        """Raise if armed."""
        if self._left.get(thread):
            self._left[thread] -= 1
            self.raised[thread] += 1
            raise InjectedError(thread)

    def raise_in_main_thread(self) -> None:
        """Raise in a slot of Qt."""
        self.arm("main")
        self.check("main")

    def build(self, options: EngineOptions) -> LiveEngine:
        """Build an engine whose steps can fail."""
        engine = build_engine(options)
        step = engine.step

        def checked(frame: Frame) -> FrameResult:
            self.check("inference")
            return step(frame)

        engine.step = checked  # type: ignore[method-assign]
        return engine

    def open(self, spec: str, settings: Settings) -> FrameSource:
        """Open a source whose reading can fail."""
        source = open_with(spec, settings)
        read = source.read

        def checked() -> Frame | None:
            self.check("capture")
            return read()

        source.read = checked  # type: ignore[method-assign]
        return source

    def patch_recordings(self) -> None:
        """Let recordings fail when armed."""
        write = VideoWriter.write

        def checked(writer: VideoWriter, image_bgr: Image, time_s: float) -> None:
            self.check("recording")
            write(writer, image_bgr, time_s)

        VideoWriter.write = checked  # type: ignore[method-assign]

    def unlogged(self) -> list[str]:
        """Threads whose exceptions are not all in the log; one that repeats is logged once in a row."""
        return [thread for thread, count in self.raised.items() if not 0 < self.logged[thread] <= count]


class LogCounter(logging.Handler):
    """Counts the injected exceptions in the log."""

    def __init__(self, injected: Injected) -> None:
        super().__init__()
        self._injected = injected

    def emit(self, record: logging.LogRecord) -> None:
        error = record.exc_info[1] if record.exc_info else None
        while error is not None:
            if isinstance(error, InjectedError):
                self._injected.logged[str(error)] += 1
            error = error.__cause__
