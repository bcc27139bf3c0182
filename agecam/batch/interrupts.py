"""Handles Ctrl-C, and the signals that ask the process to end, between frames."""

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType, TracebackType
from typing import Any

from agecam.runtime.signals import TERMINATION, interruption, is_handled_here


class Interrupts:
    """Delays Ctrl-C and termination until `check`, so that no frame is left half done; a second one acts immediately.

    Signal handlers set by other code stay in place.
    """

    def __init__(self) -> None:
        self._pending: int | None = None
        self._is_immediate = False
        self._previous: dict[int, Any] = {}

    def __enter__(self) -> "Interrupts":
        if threading.current_thread() is threading.main_thread():
            for number in (signal.SIGINT, *TERMINATION):
                if is_handled_here(number):
                    self._previous[number] = signal.signal(number, self._handle)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for number, handler in self._previous.items():
            signal.signal(number, handler)

    def check(self) -> None:
        """Raise KeyboardInterrupt if Ctrl-C was pressed or the process was asked to end."""
        if self._pending is not None:
            raise interruption(self._pending)

    @contextmanager
    def immediate(self) -> Iterator[None]:
        """Let signals act immediately, during long work that leaves nothing half done."""
        self.check()
        self._is_immediate = True
        try:
            yield
        finally:
            self._is_immediate = False

    def _handle(self, number: int, stack: FrameType | None) -> None:
        if self._pending is not None or self._is_immediate:
            raise interruption(number)
        self._pending = number
