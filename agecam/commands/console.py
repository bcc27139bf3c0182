"""What a person reads: results on standard output, progress and problems on standard error."""

import sys
import time
from types import TracebackType
from typing import NoReturn

from tqdm import tqdm

_PATIENCE_S = 2.0
"""Work shorter than this needs no progress bar."""


class Console:
    """Says what was found and what went wrong, around the progress bar."""

    def __init__(self, quiet: bool = False, stdout_is_data: bool = False) -> None:
        """`quiet` leaves only problems; `stdout_is_data` keeps sentences out of standard output."""
        self.quiet = quiet
        self._can_say = not quiet and not stdout_is_data
        self.problems = 0
        """How many have been told so far."""

    def say(self, text: str) -> None:
        """A result, on standard output."""
        if self._can_say:
            with tqdm.external_write_mode():
                print(text, flush=True)

    def note(self, text: str) -> None:
        """What is going on, on standard error."""
        if not self.quiet:
            self._to_stderr(text)

    def problem(self, sentence: str) -> None:
        """Something that could not be done, on standard error."""
        self.problems += 1
        self.remark(sentence)

    def remark(self, sentence: str) -> None:
        """What must be known even when quiet, on standard error."""
        self._to_stderr(f"agecam: {sentence}")

    def _to_stderr(self, text: str) -> None:
        with tqdm.external_write_mode(file=sys.stderr):
            print(text, file=sys.stderr, flush=True)


class Progress:
    """A bar with rate and time left, on standard error, once the work has taken two seconds."""

    def __init__(self, what: str, unit: str, total: int | None, quiet: bool = False) -> None:
        """`what` is done in `unit`s; `total` is how many are expected, None where nobody can know."""
        self._what, self._unit, self._total = what, unit, total
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
            self._bar.close()

    def advance(self) -> None:
        """One more unit is done."""
        self._done += 1
        if self._bar is not None:
            self._bar.update()
        elif self._is_due():
            self._bar = tqdm(
                desc=self._what,
                unit=f" {self._unit}",
                total=self._total,
                initial=self._done,
                leave=False,
                # In a log file every refresh stays.
                mininterval=0.1 if sys.stderr.isatty() else _PATIENCE_S,
                dynamic_ncols=True,
            )

    def _is_due(self) -> bool:
        if self._quiet or sys.stderr is None or self._done == self._total:
            return False
        return time.monotonic() > self._start_s + _PATIENCE_S
