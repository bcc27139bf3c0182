"""Polls the connected cameras on a separate thread."""

import logging
import threading
from collections.abc import Callable

from PySide6.QtCore import QObject, Qt, Signal

from agecam.sources import CameraInfo

log = logging.getLogger(__name__)

INTERVAL_S = 2.0


class CameraWatcher(QObject):
    """Signals when a camera is connected or disconnected."""

    changed = Signal(list)
    """The cameras that are now connected."""
    _found = Signal(list)

    def __init__(self, list_cameras: Callable[[], list[CameraInfo]], parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._list = list_cameras
        self._cameras: list[CameraInfo] | None = None
        self._problem = ""
        self._stopping = threading.Event()
        self._found.connect(self._on_found, Qt.ConnectionType.QueuedConnection)
        self._thread = threading.Thread(target=self._run, name="cameras", daemon=True)

    def start(self) -> None:
        """Start polling."""
        self._thread.start()

    def stop(self) -> None:
        """Stop polling; does not wait for a driver that hangs."""
        self._stopping.set()
        if self._thread.ident is not None:
            self._thread.join(0.5)

    def connected(self) -> list[CameraInfo]:
        """The cameras found by the last poll; lists them now if there was none yet."""
        if self._cameras is None:
            self._cameras = self._list_safely()
        return self._cameras

    def _run(self) -> None:
        while not self._stopping.is_set():
            cameras = self._list_safely()
            if not self._stopping.is_set():
                self._found.emit(cameras)
            self._stopping.wait(INTERVAL_S)

    def _list_safely(self) -> list[CameraInfo]:
        """An error in a driver must not end the polling, and is logged once, not every two seconds."""
        try:
            return self._list()
        except Exception as error:
            if repr(error) != self._problem:
                self._problem = repr(error)
                log.exception("cannot list the cameras")
            return []

    def _on_found(self, cameras: list[CameraInfo]) -> None:
        if cameras != self._cameras or self._cameras is None:
            self._cameras = cameras
            self.changed.emit(cameras)
