"""Lets the space bar press the button that has the focus, where it is also the shortcut of an action."""

from PySide6.QtCore import QEvent, QObject, Qt
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QAbstractButton, QApplication, QComboBox, QWidget
from shiboken6 import isValid


class SpacePresses(QObject):
    """Watches the widget that has the focus, and only that one, in the window that is its parent."""

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self._window = parent
        self._watched: QWidget | None = None
        application = QApplication.instance()
        assert isinstance(application, QApplication)
        application.focusChanged.connect(self._follow)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:  # noqa: N802, D102
        if event.type() == QEvent.Type.ShortcutOverride and isinstance(event, QKeyEvent):
            is_space = event.key() == Qt.Key.Key_Space and event.modifiers() == Qt.KeyboardModifier.NoModifier
            if is_space:
                event.accept()
            return is_space
        return False

    def _follow(self, _: QWidget | None, focused: QWidget | None) -> None:
        if self._watched is not None and isValid(self._watched):  # it may be deleted with the window
            self._watched.removeEventFilter(self)
        self._watched = None
        if isinstance(focused, QAbstractButton | QComboBox) and focused.window() is self._window:
            focused.installEventFilter(self)
            self._watched = focused
