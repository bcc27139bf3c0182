"""Writes Qt's own messages to the log instead of the terminal."""

import logging
import os
import sys

from PySide6.QtCore import QCoreApplication, QMessageLogContext, QtMsgType, qInstallMessageHandler

from agecam.errors import AgeCamError

log = logging.getLogger(__name__)

_LEVELS = {
    QtMsgType.QtDebugMsg: logging.DEBUG,
    QtMsgType.QtInfoMsg: logging.INFO,
    QtMsgType.QtWarningMsg: logging.WARNING,
    QtMsgType.QtCriticalMsg: logging.ERROR,
    QtMsgType.QtFatalMsg: logging.CRITICAL,
}


class LoggedQtMessages:
    """Context manager; ends the process with a sentence if Qt cannot open a window, where Qt would abort it."""

    def __init__(self) -> None:
        self._warning = ""

    def __enter__(self) -> None:
        qInstallMessageHandler(self._handle)

    def __exit__(self, *_: object) -> None:
        qInstallMessageHandler(None)  # Qt must not call Python after its end

    def _handle(self, kind: QtMsgType, context: QMessageLogContext, message: str) -> None:
        log.log(_LEVELS[kind], "%s: %s", context.category or "default", message)
        if kind is not QtMsgType.QtFatalMsg:
            self._warning = message
        elif QCoreApplication.startingUp():
            self._end(self._warning or message)

    def _end(self, reason: str) -> None:
        """For what `check_display` does not know."""
        error = AgeCamError(
            "Cannot open a window ({reason}): check DISPLAY, WAYLAND_DISPLAY and QT_QPA_PLATFORM, or use "
            "'agecam analyze SOURCE', which needs no window.",
            reason=" ".join(reason.split()).rstrip("."),
        )
        logging.shutdown()
        print(f"agecam: {error}", file=sys.stderr, flush=True)
        os._exit(1)
