"""Runs Python's cyclic garbage collection on the window's thread only.

Python collects garbage on whichever thread reaches a threshold. If that is the capture or the inference thread, Qt
objects in reference cycles are destroyed there, and Qt crashes.
"""

import gc

from PySide6.QtCore import QObject, QTimer

INTERVAL_MS = 1000


class GarbageCollector(QObject):
    """Replaces Python's automatic garbage collection until `stop`."""

    def __init__(self, parent: QObject) -> None:
        super().__init__(parent)
        self._was_enabled = gc.isenabled()
        gc.disable()
        self._timer = QTimer(self, interval=INTERVAL_MS)
        self._timer.timeout.connect(_collect)
        self._timer.start()

    def stop(self) -> None:
        """Return to Python's automatic garbage collection."""
        self._timer.stop()
        if self._was_enabled:
            gc.enable()


def _collect() -> None:
    """Collect the oldest generation whose threshold is exceeded, as Python itself does."""
    for generation in (2, 1, 0):
        if gc.get_count()[generation] > gc.get_threshold()[generation]:
            gc.collect(generation)
            return
