"""Hides the log output of libraries from the user, who gets one sentence from AgeCam instead."""

import os
from collections.abc import Callable
from threading import Lock

import cv2

_Undo = Callable[[], None]


class _Shared:
    """A context manager whose overlapping uses, from any thread, count as one."""

    def __init__(self, begin: Callable[[], _Undo]) -> None:
        self._begin = begin
        self._lock = Lock()
        self._users = 0
        self._undo: _Undo | None = None

    def __enter__(self) -> None:
        with self._lock:
            if not self._users:
                self._undo = self._begin()
            self._users += 1

    def __exit__(self, *_: object) -> None:
        with self._lock:
            self._users -= 1
            if not self._users and self._undo is not None:
                self._undo()


def _silence_log() -> _Undo:
    level = cv2.utils.logging.setLogLevel(cv2.utils.logging.LOG_LEVEL_SILENT)

    def undo() -> None:
        cv2.utils.logging.setLogLevel(level)

    return undo


def _silence_stderr() -> _Undo:
    try:
        saved = os.dup(2)
    except OSError:  # a windowed program on Windows has no stderr
        return lambda: None
    devnull = os.open(os.devnull, os.O_WRONLY)
    os.dup2(devnull, 2)
    os.close(devnull)

    def undo() -> None:
        os.dup2(saved, 2)
        os.close(saved)

    return undo


quiet_opencv = _Shared(_silence_log)
"""Silences OpenCV's log, which goes to stderr."""

quiet_stderr = _Shared(_silence_stderr)
"""Silences stderr for the whole process; for short operations only.

libpng and libjpeg inside OpenCV write straight to the file descriptor, so log levels do not affect them.
"""
