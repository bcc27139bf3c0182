"""Handles Ctrl-C between frames."""

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType, TracebackType


class Interrupts:
    """Delays Ctrl-C until `check`, so that no frame is left half done; a second Ctrl-C acts immediately.

    A SIGINT handler set by other code stays in place.
    """

    def __init__(self) -> None:
        self._pending = False
        self._is_immediate = False
        self._installed = False

    def __enter__(self) -> "Interrupts":
        in_main_thread = threading.current_thread() is threading.main_thread()
        if in_main_thread and signal.getsignal(signal.SIGINT) is signal.default_int_handler:
            signal.signal(signal.SIGINT, self._handle)
            self._installed = True
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._installed:
            signal.signal(signal.SIGINT, signal.default_int_handler)

    def check(self) -> None:
        """Raise KeyboardInterrupt if Ctrl-C was pressed."""
        if self._pending:
            raise KeyboardInterrupt

    @contextmanager
    def immediate(self) -> Iterator[None]:
        """Let Ctrl-C act immediately, during long work that leaves nothing half done."""
        self.check()
        self._is_immediate = True
        try:
            yield
        finally:
            self._is_immediate = False

    def _handle(self, signal_number: int, stack: FrameType | None) -> None:
        if self._pending or self._is_immediate:
            raise KeyboardInterrupt
        self._pending = True
