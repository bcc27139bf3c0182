"""The photo booth over the picture: the countdown in large figures, and the flash."""

from PySide6.QtCore import QEvent, QObject, QPointF, QRectF, Qt, QVariantAnimation
from PySide6.QtGui import QColor, QFont, QPainter, QPainterPath, QPaintEvent, QPen
from PySide6.QtWidgets import QWidget

FLASH_MS = 350
_FIGURE = 0.45
"""Height of the figure, relative to the picture."""
_OPACITY = 235
"""Of the flash at its beginning."""
_DOT_PX = 7


class BoothOverlay(QWidget):
    """Covers its parent, and lets clicks through."""

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)
        self.figure: int | None = None
        """What is shown; None while there is only a flash."""
        self._taken, self._count = 0, 0
        self._path = QPainterPath()
        self._flash = QVariantAnimation(self, startValue=_OPACITY, endValue=0, duration=FLASH_MS)
        self._flash.valueChanged.connect(lambda _: self.update())
        self._flash.finished.connect(self._end_flash)
        self._parent = parent
        parent.installEventFilter(self)
        self.hide()

    @property
    def flashes(self) -> bool:
        """Whether the flash can be seen."""
        return self._flash.state() is QVariantAnimation.State.Running

    def show_figure(self, figure: int, taken: int, count: int) -> None:
        """Show a figure of the countdown, and how many of all shots have been taken."""
        self.figure, self._taken, self._count = figure, taken, count
        self._show()
        self._path = self._path_of(str(figure))
        self.update()

    def flash(self) -> None:
        """Show a flash, which fades, and no figure."""
        self.figure = None
        self._show()
        self._flash.start()

    def end(self) -> None:
        """Show no figure any more; a flash fades."""
        self.figure = None
        self.update()
        if not self.flashes:
            self.hide()

    def cancel(self) -> None:
        """Disappear at once."""
        self.figure = None
        self._flash.stop()
        self.hide()

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:  # noqa: N802, D102
        if event.type() == QEvent.Type.Resize and not self.isHidden():
            self._show()
            if self.figure is not None:
                self._path = self._path_of(str(self.figure))
        return False

    def paintEvent(self, event: QPaintEvent) -> None:  # noqa: N802, D102
        painter = QPainter(self)
        if self.flashes:
            painter.fillRect(self.rect(), QColor(255, 255, 255, int(self._flash.currentValue())))
        if self.figure is not None:
            painter.setRenderHint(QPainter.RenderHint.Antialiasing)
            painter.setPen(QPen(QColor(0, 0, 0, 150), 10, Qt.PenStyle.SolidLine, Qt.PenCapStyle.RoundCap))
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.drawPath(self._path)
            painter.fillPath(self._path, QColor(255, 255, 255, 240))
            self._paint_dots(painter)
        painter.end()

    def _show(self) -> None:
        self.setGeometry(self._parent.rect())
        self.show()
        self.raise_()

    def _end_flash(self) -> None:
        if self.figure is None:
            self.hide()

    def _path_of(self, text: str) -> QPainterPath:
        """The outline of a figure in the middle."""
        font = QFont(self.font())
        font.setPixelSize(max(24, round(_FIGURE * self.height())))
        font.setBold(True)
        path = QPainterPath()
        path.addText(0, 0, font, text)
        return path.translated(QRectF(self.rect()).center() - path.boundingRect().center())

    def _paint_dots(self, painter: QPainter) -> None:
        """One dot for each shot, filled when it has been taken."""
        step = 4 * _DOT_PX
        left = self.width() / 2 - step * (self._count - 1) / 2
        y = self._path.boundingRect().bottom() + 4 * _DOT_PX
        for index in range(self._count):
            painter.setPen(QPen(QColor(0, 0, 0, 150), 4))
            centre = QPointF(left + index * step, y)
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.drawEllipse(centre, _DOT_PX + 1, _DOT_PX + 1)
            painter.setPen(QPen(QColor(255, 255, 255), 2))
            painter.setBrush(QColor(255, 255, 255) if index < self._taken else Qt.BrushStyle.NoBrush)
            painter.drawEllipse(centre, _DOT_PX, _DOT_PX)
