"""The toolbar."""

from PySide6.QtCore import QEvent, Qt
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QToolBar, QWidget

_WITH_TEXT, _ICONS = Qt.ToolButtonStyle.ToolButtonTextBesideIcon, Qt.ToolButtonStyle.ToolButtonIconOnly


class Toolbar(QToolBar):
    """Shows its buttons with their texts if the window is wide enough, otherwise as icons with tooltips."""

    def __init__(self, title: str, parent: QWidget) -> None:
        super().__init__(title, parent)
        self.setToolButtonStyle(_WITH_TEXT)
        self._needed_px = 0
        """Width with texts."""

    def resizeEvent(self, event: QResizeEvent) -> None:  # noqa: N802, D102
        super().resizeEvent(event)
        self._fit()

    def event(self, event: QEvent) -> bool:  # noqa: D102
        done = super().event(event)
        if event.type() == QEvent.Type.LayoutRequest:  # the text of a button has changed
            self._fit()
        return done

    def _fit(self) -> None:
        if self.toolButtonStyle() == _WITH_TEXT:
            self._needed_px = self.sizeHint().width()
            if self._needed_px > self.width():
                self.setToolButtonStyle(_ICONS)
        elif self._needed_px <= self.width():
            self.setToolButtonStyle(_WITH_TEXT)
