"""Full screen: the menus, the bars and the panel give way to the picture until the mouse comes to their edge."""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial

from PySide6.QtCore import QEvent, QObject, QPoint, QRect, Qt, QTimer
from PySide6.QtGui import QAction, QCursor, QKeySequence
from PySide6.QtWidgets import QApplication, QMainWindow, QToolBar, QWidget

from agecam.ui.widgets.panel_dock import PanelDock

HIDE_AFTER_S = 2.0
"""How long after the last movement of the mouse the parts are hidden."""
EDGE_PX = 6
_INTERVAL_MS = 100


@dataclass
class EdgePart:
    """Widgets along one edge of the window, which are hidden and shown together."""

    edge: Qt.Edge
    widgets: Sequence[QWidget]
    show: Callable[[bool], None]
    """Shows or hides them."""
    is_shown: bool = True

    def contains(self, point: QPoint, window: QWidget) -> bool:
        """Whether a point of the screen is at the edge of the window, or on the widgets."""
        at = window.mapFromGlobal(point)
        room = window.rect()
        strip = {
            Qt.Edge.TopEdge: QRect(0, 0, room.width(), EDGE_PX),
            Qt.Edge.BottomEdge: QRect(0, room.height() - EDGE_PX, room.width(), EDGE_PX),
            Qt.Edge.LeftEdge: QRect(0, 0, EDGE_PX, room.height()),
            Qt.Edge.RightEdge: QRect(room.width() - EDGE_PX, 0, EDGE_PX, room.height()),
        }[self.edge]
        return strip.contains(at) or any(
            widget.isVisible() and widget.rect().contains(widget.mapFromGlobal(point)) for widget in self.widgets
        )


class FullScreen(QObject):
    """Follows the action 'Full screen'; Esc leaves full screen."""

    def __init__(
        self, action: QAction, window: QMainWindow, toolbar: QToolBar, below: QWidget, dock: PanelDock
    ) -> None:
        """
        Args:
            below: what lies below the picture.
            dock: holds the panel.
        """
        super().__init__(window)
        self._action, self._window = action, window
        self._toolbar, self._below, self._dock = toolbar, below, dock
        self._parts: Sequence[EdgePart] = ()
        self._hides_pointer = False
        self._pointer = QPoint()
        self._moved_s = 0.0
        self._timer = QTimer(self, interval=_INTERVAL_MS)
        self._timer.timeout.connect(self._follow_pointer)
        self._escape = QAction(self, enabled=False)
        self._escape.setShortcut(QKeySequence("Esc"))
        self._escape.triggered.connect(lambda: action.setChecked(False))
        window.addAction(self._escape)
        action.toggled.connect(self._set)
        window.installEventFilter(self)
        QApplication.instance().focusChanged.connect(self._wake)  # type: ignore[union-attr]

    def begin(self) -> None:
        """Take over the state in which the window opens."""
        for widget in (self._window.menuBar(), self._toolbar, self._below):
            widget.show()
        self._action.setChecked(self._window.isFullScreen())

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:  # noqa: N802, D102
        if event.type() == QEvent.Type.WindowStateChange and not self._window.isMinimized():
            self._action.setChecked(self._window.isFullScreen())  # the system can end it, too
        elif event.type() == QEvent.Type.Close:
            self._timer.stop()
            self._show_pointer(True)
        return False

    def _set(self, on: bool) -> None:
        state = self._window.windowState()
        full = Qt.WindowState.WindowFullScreen
        self._window.setWindowState(state | full if on else state & ~full)
        self._escape.setEnabled(on)
        self._show_pointer(True)
        if on:
            self._parts = self._find_parts()
            self._pointer = QCursor.pos()
            self._moved_s = time.monotonic()
            self._timer.start()
        else:
            self._timer.stop()
            for part in self._parts:
                part.show(True)
            self._parts = ()

    def _follow_pointer(self) -> None:
        pointer, now_s = QCursor.pos(), time.monotonic()
        if pointer != self._pointer or QApplication.activePopupWidget() is not None:
            self._moved_s = now_s
        self._pointer = pointer
        is_resting = now_s > self._moved_s + HIDE_AFTER_S
        self._show_pointer(not is_resting)
        for part in self._parts:
            is_at = self._window.isActiveWindow() and part.contains(pointer, self._window)
            if is_at or is_resting:
                self._show(part, is_at)

    def _find_parts(self) -> list[EdgePart]:
        """The parts with their edges; the user can move the panel to the other side."""
        window, top = self._window, (self._window.menuBar(), self._toolbar)
        is_left = window.dockWidgetArea(self._dock) is Qt.DockWidgetArea.LeftDockWidgetArea
        return [
            EdgePart(Qt.Edge.TopEdge, top, partial(_set_visible, top)),
            EdgePart(Qt.Edge.BottomEdge, [self._below], self._below.setVisible),
            EdgePart(
                Qt.Edge.LeftEdge if is_left else Qt.Edge.RightEdge,
                [self._dock],
                lambda on: self._dock.put_away(not on),
            ),
        ]

    def _show_pointer(self, on: bool) -> None:
        if on is self._hides_pointer:
            self._hides_pointer = not on
            if on:
                QApplication.restoreOverrideCursor()
            else:
                QApplication.setOverrideCursor(Qt.CursorShape.BlankCursor)

    def _wake(self) -> None:
        """Whoever moves the focus with the keyboard needs to see it."""
        self._moved_s = time.monotonic()

    @staticmethod
    def _show(part: EdgePart, on: bool) -> None:
        if on != part.is_shown:
            part.is_shown = on
            part.show(on)


def _set_visible(widgets: Sequence[QWidget], on: bool) -> None:
    for widget in widgets:
        widget.setVisible(on)
