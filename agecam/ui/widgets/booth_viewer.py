"""Shows a picture of the photo booth large."""

from PySide6.QtCore import QRect, QSize, Qt, Signal
from PySide6.QtGui import QColor, QKeyEvent, QPainter, QPaintEvent, QPixmap
from PySide6.QtWidgets import QDialog, QWidget

_BACKGROUND = QColor(18, 19, 22)
_SIZE = QSize(900, 700)


class BoothViewer(QDialog):
    """A window with one picture, as large as it fits. The arrow keys ask for another one, `Delete` for its removal."""

    moved = Signal(int)
    """The user asks for the next picture, 1, or the previous one, -1."""
    removed = Signal()
    """The user asks to remove the picture."""

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self.resize(_SIZE.boundedTo(parent.size()))
        self._picture = QPixmap()
        self._scaled = QPixmap()

    def show_picture(self, picture: QPixmap, name: str) -> None:
        """Show a picture under its name."""
        self._picture, self._scaled = picture, QPixmap()
        self.setWindowTitle(name)
        self.setAccessibleName(name)
        self.update()

    def paintEvent(self, event: QPaintEvent) -> None:  # noqa: N802, D102
        ratio = self.devicePixelRatioF()
        room = self.size() * ratio
        if self._scaled.isNull() or self._scaled.size().boundedTo(room) != self._scaled.size() or not self._fills(room):
            transformation = Qt.TransformationMode.SmoothTransformation
            self._scaled = self._picture.scaled(room, Qt.AspectRatioMode.KeepAspectRatio, transformation)
            self._scaled.setDevicePixelRatio(ratio)
        painter = QPainter(self)
        painter.fillRect(self.rect(), _BACKGROUND)
        place = QRect(0, 0, round(self._scaled.width() / ratio), round(self._scaled.height() / ratio))
        place.moveCenter(self.rect().center())
        painter.drawPixmap(place.topLeft(), self._scaled)
        painter.end()

    def keyPressEvent(self, event: QKeyEvent) -> None:  # noqa: N802, D102
        key = event.key()
        if key in (Qt.Key.Key_Left, Qt.Key.Key_Right):
            self.moved.emit(1 if key == Qt.Key.Key_Right else -1)
        elif key in (Qt.Key.Key_Delete, Qt.Key.Key_Backspace):
            self.removed.emit()
        else:
            super().keyPressEvent(event)

    def _fills(self, room: QSize) -> bool:
        """Whether the scaled picture reaches two edges of the room."""
        size = self._scaled.size()
        return abs(size.width() - room.width()) <= 1 or abs(size.height() - room.height()) <= 1
