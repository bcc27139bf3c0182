"""Camera permission on macOS, which must be requested on the window's thread."""

import platform
from collections.abc import Callable

from PySide6.QtCore import QPermission, Qt
from PySide6.QtWidgets import QApplication


def ask_for_camera(denied: Callable[[], None]) -> None:
    """Request camera permission where the system requires it.

    Until the user answers, the camera delivers no frames and the session retries.

    Args:
        denied: called if the user denies permission.
    """
    application = QApplication.instance()
    if not _NEEDS_PERMISSION or application is None:
        return
    from PySide6.QtCore import QCameraPermission

    def answered(permission: QPermission) -> None:
        if permission.status() == Qt.PermissionStatus.Denied:
            denied()

    application.requestPermission(QCameraPermission(), application, answered)


_NEEDS_PERMISSION = platform.system() == "Darwin"
