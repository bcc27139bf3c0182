"""Python's cyclic garbage, collected on the window's thread alone.

Python collects on whichever thread happens to reach a threshold; when that is the capture or the inference thread,
Qt objects that were in a cycle are destroyed there, and Qt crashes.
"""

import gc

from PySide6.QtCore import QObject, QTimer

EVERY_MS = 1000


class GarbageCollector(QObject):
    """Replaces Python's own moments of collecting until `stop`."""

    def __init__(self, parent: QObject) -> None:
        super().__init__(parent)
        self._was_enabled = gc.isenabled()
        gc.disable()
        self._timer = QTimer(self, interval=EVERY_MS)
        self._timer.timeout.connect(_collect)
        self._timer.start()

    def stop(self) -> None:
        """Leave it to Python again."""
        self._timer.stop()
        if self._was_enabled:
            gc.enable()


def _collect() -> None:
    """The oldest generation that is due, as Python itself would."""
    for generation in (2, 1, 0):
        if gc.get_count()[generation] > gc.get_threshold()[generation]:
            gc.collect(generation)
            return
