"""Hooks for exceptions that nothing has caught: they are logged with their traceback and reported once."""

import logging
import platform
import sys
import threading
import traceback
from collections.abc import Callable, Sequence
from types import TracebackType

from agecam.errors import AgeCamError, UnexpectedError, as_agecam_error
from agecam.runtime.log import place_of, without_passwords
from agecam.version import __version__

log = logging.getLogger(__name__)


class UncaughtErrors:
    """Context manager that watches the main thread, all other threads, Qt's slots, and objects being destroyed.

    An error that occurs again, as in every frame, is reported once; the log holds its traceback once, and how often it
    has occurred at 10, 100, ... times. What was raised to end the process is left to Python.
    """

    def __init__(self, report: Callable[[AgeCamError], object] | None = None) -> None:
        """
        Args:
            report: called with each different error, on its thread; not for an error in an object that was being
                destroyed, which changes nothing for the user.
        """
        self._report = report
        self._unseen: list[AgeCamError] = []
        self._counts: dict[object, int] = {}
        self._lock = threading.Lock()

    def unseen(self) -> list[AgeCamError]:
        """The reported errors since `dismiss`, oldest first."""
        return list(self._unseen)

    def dismiss(self) -> None:
        """The user has seen the errors."""
        self._unseen.clear()

    def forget(self) -> None:
        """The user tries something again or something else: what has occurred is reported again if it occurs again."""
        with self._lock:
            self._counts.clear()

    def __enter__(self) -> "UncaughtErrors":
        self._hooks = sys.excepthook, threading.excepthook, sys.unraisablehook
        sys.excepthook = self._in_main_thread
        threading.excepthook = self._in_thread
        sys.unraisablehook = self._while_destroying
        return self

    def __exit__(self, *_: object) -> None:
        sys.excepthook, threading.excepthook, sys.unraisablehook = self._hooks

    def _in_main_thread(self, kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
        """Qt's slots and overridden methods call this one too."""
        if isinstance(error, Exception):
            self._handle(error, "nothing has caught")
        else:
            self._hooks[0](kind, error, trace)

    def _in_thread(self, args: threading.ExceptHookArgs) -> None:
        if isinstance(args.exc_value, Exception):
            name = args.thread.name if args.thread is not None else "?"
            self._handle(args.exc_value, f"the thread '{name}' has ended with")
        else:
            self._hooks[1](args)

    def _while_destroying(self, args: "sys.UnraisableHookArgs") -> None:
        if isinstance(args.exc_value, Exception):
            self._handle(args.exc_value, "ignored", is_reported=False)
        else:
            self._hooks[2](args)

    def _handle(self, error: Exception, what: str, is_reported: bool = True) -> None:
        try:
            place = place_of(error)
            with self._lock:
                count = self._counts[place] = self._counts.get(place, 0) + 1
            if count == 1:
                log.critical("%s", what, exc_info=error)
                if is_reported:
                    shown = as_agecam_error(error)
                    self._unseen.append(shown)
                    if self._report is not None:
                        self._report(shown)
            elif str(count).strip("0") == "1":
                log.error("%d times: %s", count, UnexpectedError(error))
        except Exception:  # of the report, or for lack of memory
            self._hooks[0](type(error), error, error.__traceback__)


def problem_report(errors: Sequence[AgeCamError], *lines: str) -> str:
    """The text for a problem report: versions, `lines`, and the errors with their tracebacks. Contains no passwords."""
    head = f"AgeCam {__version__}, {platform.platform()}, Python {platform.python_version()}"
    reports = (f"error: {error}\n{_traceback_of(error)}".rstrip() for error in errors)
    return without_passwords("\n".join([head, *lines, *reports]))


def _traceback_of(error: AgeCamError) -> str:
    if isinstance(error, UnexpectedError):
        return error.details
    return "".join(traceback.format_exception(error)) if error.__traceback__ is not None else ""
