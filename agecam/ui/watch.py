"""Which cameras are connected, looked up again and again on a thread of its own."""

import logging
import threading
from collections.abc import Callable

from PySide6.QtCore import QObject, Qt, Signal

from agecam.sources import CameraInfo

log = logging.getLogger(__name__)

EVERY_S = 2.0


class CameraWatch(QObject):
    """Tells when a camera comes or goes."""

    changed = Signal(list)
    """The cameras connected now."""
    _found = Signal(list)

    def __init__(self, list_cameras: Callable[[], list[CameraInfo]], parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._list = list_cameras
        self._known: list[CameraInfo] | None = None
        self._stopping = threading.Event()
        self._found.connect(self._take, Qt.ConnectionType.QueuedConnection)
        self._thread = threading.Thread(target=self._run, name="cameras", daemon=True)

    def start(self) -> None:
        """Look from now on."""
        self._thread.start()

    def stop(self) -> None:
        """Look no more; a driver that hangs is left behind."""
        self._stopping.set()
        if self._thread.ident is not None:
            self._thread.join(0.5)

    def now(self) -> list[CameraInfo]:
        """Those of the last look, or of one at once if there was none yet."""
        if self._known is None:
            self._known = self._list()
        return self._known

    def _run(self) -> None:
        while not self._stopping.is_set():
            try:
                cameras = self._list()
            except Exception:  # a driver's fault must not end the looking
                log.exception("the cameras cannot be listed")
                cameras = []
            if not self._stopping.is_set():
                self._found.emit(cameras)
            self._stopping.wait(EVERY_S)

    def _take(self, cameras: list[CameraInfo]) -> None:
        if cameras != self._known or self._known is None:
            self._known = cameras
            self.changed.emit(cameras)
