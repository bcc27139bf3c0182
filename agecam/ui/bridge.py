"""The only crossing from the engine's threads to Qt's."""

import threading

from PySide6.QtCore import QObject, Qt, Signal


class Bridge(QObject):
    """Many calls of `wake` from any thread become one `woken` on the window's."""

    woken = Signal()
    _crossing = Signal()

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._lock = threading.Lock()
        self._waiting = False
        self._open = True
        self._crossing.connect(self._arrive, Qt.ConnectionType.QueuedConnection)

    def wake(self) -> None:
        """There is something new; returns at once."""
        with self._lock:
            if self._waiting or not self._open:
                return
            self._waiting = True
        self._crossing.emit()

    def close(self) -> None:
        """Nothing crosses any more: the window goes."""
        with self._lock:
            self._open = False

    def _arrive(self) -> None:
        with self._lock:
            self._waiting = False  # before the window looks: what comes meanwhile wakes it again
            is_open = self._open
        if is_open:
            self.woken.emit()
