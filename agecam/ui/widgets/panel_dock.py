"""Holds the panel beside the video."""

from PySide6.QtCore import QSize
from PySide6.QtGui import QAction
from PySide6.QtWidgets import QDockWidget, QMainWindow, QWidget

from agecam.ui.messages import Text

_NARROW_PX = 640
_SMALL = QSize(840, 560)
"""In a window narrower than the first, or smaller than the second in both directions, the panel gives way to the video,
until the user asks for it."""


class PanelDock(QDockWidget):
    """Can be moved to the other side; hides while the window is small."""

    def __init__(self, panel: QWidget, action: QAction, parent: QMainWindow) -> None:
        """
        Args:
            panel: what the dock holds.
            action: shows and hides it, and is checked while the panel is shown, whatever hid it.
            parent: the window.
        """
        super().__init__(Text.SHOW_PANEL.plain(), parent)
        self.setObjectName("people")
        self.setWidget(panel)
        self.setFeatures(QDockWidget.DockWidgetFeature.DockWidgetMovable)
        self._is_wanted = True
        self._is_away = False
        self._action = action
        self._main = parent
        action.triggered.connect(self._want)

    def _want(self, on: bool) -> None:
        """The user shows or hides the panel, at any size of the window."""
        self._is_wanted = on
        self._is_away = False
        self._show(on)

    def _show(self, on: bool) -> None:
        self.setVisible(on)
        self._action.setChecked(on)

    def begin(self, is_wanted: bool, window: QSize) -> None:
        """Show the panel if it is wanted and a window of this size has room for it."""
        self._is_wanted = is_wanted
        self._show(is_wanted and _has_room(window))

    def put_away(self, on: bool) -> None:
        """Hide the panel for a while, or show it again if it is wanted and there is room for it."""
        self._is_away = on
        self.setVisible(not on and self._is_wanted and _has_room(self._main.size()))

    def follow(self, old: QSize, new: QSize) -> None:
        """The size of the window has changed."""
        if self._is_wanted and not self._is_away and _has_room(old) != _has_room(new):
            self._show(_has_room(new))


def _has_room(window: QSize) -> bool:
    is_small = window.width() < _SMALL.width() and window.height() < _SMALL.height()
    return window.width() >= _NARROW_PX and not is_small
