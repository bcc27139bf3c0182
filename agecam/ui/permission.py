"""macOS lets a program use the camera only after a person has said yes, and asks on the window's thread."""

import platform
from collections.abc import Callable

from PySide6.QtCore import QPermission, Qt
from PySide6.QtWidgets import QApplication


def ask_for_camera(denied: Callable[[], None]) -> None:
    """Have the system ask, where it does; until the answer the camera gives no picture, and is tried again."""
    application = QApplication.instance()
    if not _ASKS or application is None:
        return
    from PySide6.QtCore import QCameraPermission

    def answered(permission: QPermission) -> None:
        if permission.status() == Qt.PermissionStatus.Denied:
            denied()

    application.requestPermission(QCameraPermission(), application, answered)


_ASKS = platform.system() == "Darwin"
