"""The log file: what failed and why, and the trace of a crash in native code. Contains no passwords."""

import faulthandler
import io
import logging
import logging.handlers
import os
import platform
import re
import time
import traceback
from contextlib import suppress
from pathlib import Path

from platformdirs import user_log_path

from agecam.runtime.addresses import redact
from agecam.version import __version__

log = logging.getLogger(__name__)

_STDERR = 2
_MAX_BYTES = 500_000
_REPEAT_S = 60.0
_MAX_REMEMBERED = 1000
_LEFT_OUT = "agecam_left_out"
_FRAMES = 4
"""Innermost frames of a traceback that tell one error from another."""
_ADDRESS = re.compile(r"[a-z][a-z0-9+.-]*://(?:.*@)?[^\s'\"]*", re.IGNORECASE)
"""An address in a line, which may have been written with spaces and quotes in its password."""


def log_path() -> Path:
    """Path of the log file on this platform."""
    return user_log_path("AgeCam", appauthor=False) / "agecam.log"


def start_log() -> Path:
    """Write AgeCam's log, and the trace of a crash in native code, to the log file; returns its path.

    Does nothing if that is done already. If the file cannot be written, nothing is logged.
    """
    path = log_path()
    logger = logging.getLogger("agecam")
    if any(isinstance(handler, _LogFile) and handler.path == path for handler in logger.handlers):
        return path
    stop_log()
    fill_standard_descriptors()
    handler: logging.Handler = logging.NullHandler()
    with suppress(OSError):  # AgeCam must start even if no log can be written
        path.parent.mkdir(parents=True, exist_ok=True)
        handler = _LogFile(path)
    logger.addHandler(handler)
    logger.setLevel(logging.INFO)
    log.info("AgeCam %s, Python %s, %s", __version__, platform.python_version(), platform.platform())
    return path


def fill_standard_descriptors() -> None:
    """Open /dev/null for those of stdin, stdout and stderr that are closed.

    A file or connection with the number of stderr would receive what libraries write there, and be silenced with it.
    """
    while (descriptor := os.open(os.devnull, os.O_RDWR)) <= _STDERR:
        pass
    os.close(descriptor)


def stop_log() -> None:
    """Close the log file, if one is open."""
    logger = logging.getLogger("agecam")
    for handler in [handler for handler in logger.handlers if isinstance(handler, _LogFile)]:
        logger.removeHandler(handler)
        handler.close()


def place_of(error: BaseException) -> object:
    """The same for errors of one kind from one place; their messages may differ."""
    frames = [(frame.f_code.co_filename, line) for frame, line in traceback.walk_tb(error.__traceback__)]
    return type(error), tuple(frames[-_FRAMES:])


def without_passwords(text: str) -> str:
    """The text without users, passwords and queries in its addresses.

    For texts that others wrote, such as tracebacks; AgeCam's own messages contain none.
    """
    return _ADDRESS.sub(lambda found: redact(found[0]), text)


class _Repeats(logging.Filter):
    """Lets the same warning or error pass once a minute: one that occurs in every frame would push out all others."""

    def __init__(self) -> None:
        super().__init__()
        self._passed: dict[object, tuple[float, int]] = {}
        """The time of each, and how many were left out since then."""

    def filter(self, record: logging.LogRecord) -> bool:
        """Whether to log a record."""
        if record.levelno < logging.WARNING:
            return True
        error = record.exc_info[1] if record.exc_info else None
        key = record.name, place_of(error) if error is not None else record.getMessage()
        now = time.monotonic()
        if len(self._passed) > _MAX_REMEMBERED:
            self._passed.clear()
        passed_s, left_out = self._passed.get(key, (-_REPEAT_S, 0))
        if now - passed_s < _REPEAT_S:
            self._passed[key] = passed_s, left_out + 1
            return False
        self._passed[key] = now, 0
        setattr(record, _LEFT_OUT, left_out)
        return True


class _LogFile(logging.handlers.RotatingFileHandler):
    """Also receives the trace of a crash in native code, which needs a file that is open at that moment."""

    def __init__(self, path: Path) -> None:
        """Raises OSError."""
        self.path = path
        super().__init__(path, maxBytes=_MAX_BYTES, backupCount=1, encoding="utf-8", errors="backslashreplace")
        self.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(name)s: %(message)s"))
        self.addFilter(_Repeats())

    def _open(self) -> io.TextIOWrapper:
        """Called at the start and after each rotation."""
        stream = super()._open()
        faulthandler.enable(stream)
        return stream

    def close(self) -> None:
        """Before its descriptor can be used for another file, the trace goes to stderr again."""
        faulthandler.disable()
        with suppress(AttributeError, OSError, RuntimeError, ValueError):  # stderr is missing, closed or not a file
            faulthandler.enable()
        super().close()

    def rotate(self, source: str, dest: str) -> None:
        """If another process has the file open, which Windows does not allow, it grows instead."""
        with suppress(OSError):
            super().rotate(source, dest)

    def format(self, record: logging.LogRecord) -> str:
        """The record as text, without passwords."""
        left_out = getattr(record, _LEFT_OUT, 0)
        more = f"\n(also {left_out} times in between)" if left_out else ""
        return without_passwords(super().format(record)) + more

    def handleError(self, record: logging.LogRecord) -> None:  # noqa: N802
        """A full disk does not fill the terminal with tracebacks."""
