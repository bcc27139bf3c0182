"""Forwards notifications from the worker threads to Qt's thread."""

import threading

from PySide6.QtCore import QObject, Qt, Signal


class Bridge(QObject):
    """Combines calls of `wake` from any thread into one `woken` signal on the window's thread."""

    woken = Signal()
    _wake_requested = Signal()

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._lock = threading.Lock()
        self._pending = False
        self._open = True
        self._wake_requested.connect(self._on_wake, Qt.ConnectionType.QueuedConnection)

    def wake(self) -> None:
        """Request an update of the window; returns at once."""
        with self._lock:
            if self._pending or not self._open:
                return
            self._pending = True
        self._wake_requested.emit()

    def close(self) -> None:
        """Emit no more signals; called when the window closes."""
        with self._lock:
            self._open = False

    def _on_wake(self) -> None:
        with self._lock:
            self._pending = False  # before the update, so that later changes wake the window again
            is_open = self._open
        if is_open:
            self.woken.emit()
