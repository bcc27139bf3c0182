"""Keeps windows on the screens that exist, and within the free area of theirs."""

from PySide6.QtCore import QByteArray, QRect, QSize
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QStyle, QWidget

FIRST_SIZE = QSize(1240, 720)
_SHARE = 0.9
"""Of the free area, for a window that opens for the first time."""


def place_window(window: QWidget, saved: QByteArray) -> None:
    """Give a window, before it is shown, the place from `saveGeometry`; without one, a size that suits its screen.

    A place on a screen that is gone, or that has become smaller, moves to a screen that is there.
    """
    free = QGuiApplication.primaryScreen().availableGeometry()
    window.resize(FIRST_SIZE.boundedTo(QSize(int(_SHARE * free.width()), int(_SHARE * free.height()))))
    if not saved.isEmpty():
        window.restoreGeometry(saved)
        place = _inside(window.geometry(), _room_at(window))
        if place != window.geometry() and not window.isFullScreen() and not window.isMaximized():
            window.setGeometry(place)


def fit_to_screen(dialog: QWidget, wanted: QSize) -> None:
    """Give a dialog the wanted size, or as much of it as the screen of its parent has room for."""
    dialog.resize(wanted.boundedTo(_room_at(dialog.parentWidget() or dialog).size()))


def _inside(place: QRect, room: QRect) -> QRect:
    place = QRect(place.topLeft(), place.size().boundedTo(room.size()))
    place.moveLeft(min(max(place.left(), room.left()), room.right() + 1 - place.width()))
    place.moveTop(min(max(place.top(), room.top()), room.bottom() + 1 - place.height()))
    return place


def _room_at(widget: QWidget) -> QRect:
    """The free area of the screen of a widget, without the title bar and border that the system adds to a window."""
    # Not `QWidget.screen`: PySide 6.11 makes the screen a child of the widget, and may destroy it with the widget.
    screen = QGuiApplication.screenAt(widget.geometry().center()) or QGuiApplication.primaryScreen()
    title_px = widget.style().pixelMetric(QStyle.PixelMetric.PM_TitleBarHeight)
    border_px = widget.style().pixelMetric(QStyle.PixelMetric.PM_MdiSubWindowFrameWidth)
    return screen.availableGeometry().adjusted(border_px, title_px, -border_px, -border_px)
