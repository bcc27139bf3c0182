"""Camera permission on macOS, for the window."""

from collections.abc import Callable

from PySide6.QtCore import QObject, Qt, Signal
from PySide6.QtWidgets import QApplication

from agecam.sources.permission import CameraAccess, camera_access, request_camera_access


def ask_for_camera(denied: Callable[[], None]) -> None:
    """Let the system ask the user where it requires a permission. Call it on the window's thread.

    Until the user answers, the camera cannot be opened and the session retries.

    Args:
        denied: called on the window's thread if the user denies permission now.
    """
    if camera_access() is not CameraAccess.UNDECIDED:
        return
    answer = _Answer(QApplication.instance())

    def received(granted: bool) -> None:
        if not granted:
            denied()
        answer.deleteLater()

    answer.received.connect(received, Qt.ConnectionType.QueuedConnection)
    request_camera_access(lambda granted: answer.received.emit(bool(granted)))


class _Answer(QObject):
    """Forwards the answer from the system's thread to the window's."""

    received = Signal(bool)
