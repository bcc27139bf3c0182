"""Console output: results on standard output, progress and errors on standard error."""

import sys
import time
from contextlib import suppress
from types import TracebackType
from typing import NoReturn

from tqdm import tqdm

_BAR_DELAY_S = 2.0
"""Shorter work shows no progress bar."""


class Console:
    """Prints results and errors without disturbing the progress bar."""

    def __init__(self, quiet: bool = False, stdout_is_data: bool = False) -> None:
        """`quiet` leaves only errors and warnings; `stdout_is_data` keeps text out of standard output."""
        self.quiet = quiet
        self._prints_results = not quiet and not stdout_is_data
        self.errors = 0
        """Number of errors printed so far."""

    def result(self, text: str) -> None:
        """Print a result on standard output."""
        if self._prints_results:
            with tqdm.external_write_mode():
                print(text, flush=True)

    def status(self, text: str) -> None:
        """Print what the program is doing, on standard error."""
        if not self.quiet:
            self._to_stderr(text)

    def error(self, sentence: str) -> None:
        """Print and count an error, on standard error."""
        self.errors += 1
        self.warning(sentence)

    def warning(self, sentence: str) -> None:
        """Print a message on standard error, also when quiet."""
        self._to_stderr(f"agecam: {sentence}")

    def _to_stderr(self, text: str) -> None:
        if sys.stderr is None:  # a Windows program without a console
            return
        with suppress(OSError), tqdm.external_write_mode(file=sys.stderr):
            print(text, file=sys.stderr, flush=True)


class Progress:
    """A bar with rate and remaining time on standard error, shown once the work has taken two seconds."""

    def __init__(self, label: str, unit: str, total: int | None, quiet: bool = False) -> None:
        """
        Args:
            label: shown before the bar.
            unit: plural name of what is counted.
            total: expected number of units; None if unknown.
            quiet: never show the bar.
        """
        self._label, self._unit, self._total = label, unit, total
        self._quiet = quiet
        self._start_s = time.monotonic()
        self._done = 0
        self._bar: tqdm[NoReturn] | None = None

    def __enter__(self) -> "Progress":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._bar is not None:
            with suppress(OSError):
                self._bar.close()

    def advance(self) -> None:
        """Count one more unit as done."""
        self._done += 1
        try:
            self._update()
        except OSError:  # the terminal is gone
            self._quiet, self._bar = True, None

    def _update(self) -> None:
        if self._bar is not None:
            self._bar.update()
        elif self._is_due():
            self._bar = tqdm(
                desc=self._label,
                unit=f" {self._unit}",
                total=self._total,
                initial=self._done,
                leave=False,
                # In a log file every refresh adds text.
                mininterval=0.1 if sys.stderr.isatty() else _BAR_DELAY_S,
                dynamic_ncols=True,
            )

    def _is_due(self) -> bool:
        if self._quiet or sys.stderr is None or self._done == self._total:
            return False
        return time.monotonic() > self._start_s + _BAR_DELAY_S
