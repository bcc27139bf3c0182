"""Ends the process in an orderly way on SIGTERM, SIGHUP and SIGBREAK, as on Ctrl-C."""

import signal
from types import FrameType

TERMINATION = tuple(
    number
    for name in ("SIGTERM", "SIGHUP", "SIGBREAK")
    if isinstance(number := getattr(signal, name, None), signal.Signals)
)
"""The signals of this system that ask a process to end: a shutdown, a closed terminal, Ctrl-Break on Windows."""


class Terminated(KeyboardInterrupt):
    """The process was asked to end by a signal; handled like Ctrl-C."""

    def __init__(self, number: int) -> None:
        super().__init__(signal.Signals(number).name)
        self.number = number


def interruption(number: int) -> KeyboardInterrupt:
    """The exception for a signal."""
    return KeyboardInterrupt() if number == signal.SIGINT else Terminated(number)


def exit_status(error: KeyboardInterrupt) -> int:
    """The exit code by convention: 128 plus the number of the signal."""
    return 128 + (error.number if isinstance(error, Terminated) else signal.SIGINT)


def raise_on_termination() -> None:
    """Let the signals that ask this process to end raise `Terminated`. Call it on the main thread.

    A signal that is ignored (as SIGHUP under nohup) or handled by other code stays so.
    """
    for number in TERMINATION:
        if signal.getsignal(number) is signal.SIG_DFL:
            signal.signal(number, _raise)


def _raise(number: int, frame: FrameType | None) -> None:
    raise Terminated(number)


def is_handled_here(number: int) -> bool:
    """Whether a signal raises an exception: Python's own for Ctrl-C, `Terminated` for the others."""
    return signal.getsignal(number) in (signal.default_int_handler, _raise)
