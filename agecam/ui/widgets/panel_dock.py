"""Holds the panel beside the video."""

from PySide6.QtWidgets import QDockWidget, QMainWindow, QWidget

from agecam.ui.messages import Text

FROM_PX = 640
"""In a narrower window the panel gives way to the video, until the user asks for it."""


class PanelDock(QDockWidget):
    """Can be moved to the other side; hides while the window is narrow."""

    def __init__(self, panel: QWidget, parent: QMainWindow) -> None:
        super().__init__(Text.SHOW_PANEL.plain(), parent)
        self.setObjectName("people")
        self.setWidget(panel)
        self.setFeatures(QDockWidget.DockWidgetFeature.DockWidgetMovable)
        self._is_wanted = True
        self._is_away = False
        self._main = parent

    def want(self, on: bool) -> None:
        """The user shows or hides the panel, at any width of the window."""
        self._is_wanted = on
        self._is_away = False
        self.setVisible(on)

    def begin(self, is_wanted: bool, window_px: int) -> None:
        """Show the panel if it is wanted and a window of this width has room for it."""
        self._is_wanted = is_wanted
        self.setVisible(is_wanted and window_px >= FROM_PX)

    def put_away(self, on: bool) -> None:
        """Hide the panel for a while, or show it again if it is wanted and there is room for it."""
        self._is_away = on
        self.setVisible(not on and self._is_wanted and self._main.width() >= FROM_PX)

    def follow(self, old_px: int, new_px: int) -> None:
        """The width of the window has changed."""
        if self._is_wanted and not self._is_away and (old_px >= FROM_PX) != (new_px >= FROM_PX):
            self.setVisible(new_px >= FROM_PX)
