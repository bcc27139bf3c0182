"""The filmstrip: thumbnails of the files of a list, below the picture."""

from collections.abc import Sequence
from pathlib import Path

from PySide6.QtCore import (
    QModelIndex,
    QPersistentModelIndex,
    QPointF,
    QRect,
    QSize,
    QStringListModel,
    Qt,
    Signal,
)
from PySide6.QtGui import QColor, QImage, QPainter, QPalette, QPen, QPolygonF, QWheelEvent
from PySide6.QtWidgets import (
    QLabel,
    QListView,
    QStyle,
    QStyledItemDelegate,
    QStyleOptionViewItem,
    QVBoxLayout,
    QWidget,
)

from agecam.live.thumbnails import Thumbnail, Thumbnails
from agecam.overlay import blur_everything
from agecam.sources.picture_files.formats import PICTURE_NAME
from agecam.sources.playlist import Entry
from agecam.types import Image
from agecam.ui.messages import Text, translated

WIDTH_PX, HEIGHT_PX = 96, 72
"""Space for a thumbnail, in device-independent pixels."""
_MARGIN_PX = 5
_MARK_PX = 9
Index = QModelIndex | QPersistentModelIndex


class FilmstripModel(QStringListModel):
    """The entries of a list with their thumbnails, which are read when they are first painted.

    The names are in the base class, as the layout asks for the number of rows twice for each row.
    """

    ready = Signal(Path)
    """A thumbnail is available. `dataChanged` would make the view lay out all rows again."""

    def __init__(self, side_px: int, parent: QWidget) -> None:
        super().__init__(parent)
        self.entries: Sequence[Entry] = ()
        self.thumbnails = Thumbnails(side_px, self.ready.emit)

    def show_entries(self, entries: Sequence[Entry]) -> None:
        """Show another list."""
        self.entries = entries
        self.thumbnails.forget()
        self.setStringList([entry.name for entry in entries])

    def thumbnail(self, row: int) -> Thumbnail | None:
        """The thumbnail of a row; None if it is still being read, or if the entry is no file."""
        path = self.entries[row].path
        return None if path is None else self.thumbnails.get(path)

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> object:  # noqa: D102
        if index.isValid() and role in (Qt.ItemDataRole.ToolTipRole, Qt.ItemDataRole.AccessibleTextRole):
            thumbnail = self.thumbnail(index.row())
            reason = translated(thumbnail.error) if thumbnail is not None else ""
            return reason or self.entries[index.row()].name
        return super().data(index, role)


class Filmstrip(QWidget):
    """Row of thumbnails with the position in the list above it; hidden unless a list is open."""

    chosen = Signal(int)
    """The user has clicked the entry at this position."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.caption = QLabel(self)
        self.caption.setTextFormat(Qt.TextFormat.PlainText)
        self.caption.setContentsMargins(10, 0, 10, 0)
        self.caption.setMinimumWidth(1)
        self.model = FilmstripModel(round(WIDTH_PX * self.devicePixelRatioF()), self)
        self.view = _Row(self)
        self.view.setModel(self.model)
        self.delegate = _Painter(self.model, self.view)
        self.view.setItemDelegate(self.delegate)
        self.model.ready.connect(self._repaint, Qt.ConnectionType.QueuedConnection)
        self.view.clicked.connect(self._choose)
        self.view.activated.connect(self._choose)
        rows = QVBoxLayout(self)
        rows.setContentsMargins(0, 4, 0, 0)
        rows.setSpacing(2)
        rows.addWidget(self.caption)
        rows.addWidget(self.view)
        self._position = 0
        self.hide()

    def show_entries(self, entries: Sequence[Entry], position: int = 0) -> None:
        """Show a list and the open entry; fewer than two entries hide the strip."""
        if entries is not self.model.entries:
            self.model.show_entries(entries)
        self.setVisible(len(entries) > 1)
        if not entries:
            return
        self._position = position
        self.caption.setText(position_text(entries, position))
        index = self.model.index(position)
        self.view.setCurrentIndex(index)
        self.view.scrollTo(index, QListView.ScrollHint.PositionAtCenter)

    def set_blurred(self, on: bool) -> bool:
        """Set whether nobody may be recognised in the thumbnails; returns whether that has changed."""
        if on == self.delegate.blurred:
            return False
        self.delegate.blurred = on
        self.view.viewport().update()
        return True

    def stop(self, timeout_s: float = 1.0) -> bool:
        """End the thread that reads the thumbnails and return whether it has ended."""
        return self.model.thumbnails.stop(timeout_s)

    def _repaint(self, _: Path) -> None:
        self.view.viewport().update()

    def _choose(self, index: QModelIndex) -> None:
        if index.row() != self._position:
            self.chosen.emit(index.row())


def position_text(entries: Sequence[Entry], position: int) -> str:
    """The position in a list: `6 of 28, name.jpg`."""
    return Text.POSITION(number=position + 1, count=len(entries), name=entries[position].name)


class _Row(QListView):
    """A single row that the mouse wheel scrolls."""

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self.setAccessibleName(Text.FILMSTRIP())
        self.setFlow(QListView.Flow.LeftToRight)
        self.setWrapping(False)
        self.setUniformItemSizes(True)
        self.setVerticalScrollMode(QListView.ScrollMode.ScrollPerPixel)
        self.setHorizontalScrollMode(QListView.ScrollMode.ScrollPerPixel)
        self.setVerticalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setEditTriggers(QListView.EditTrigger.NoEditTriggers)
        self.setFrameShape(QListView.Shape.NoFrame)
        self.setFocusPolicy(Qt.FocusPolicy.TabFocus)  # a click leaves the keys to the window
        self.viewport().setAcceptDrops(False)  # files are dropped on the window
        bar_px = self.style().pixelMetric(QStyle.PixelMetric.PM_ScrollBarExtent)
        self.setFixedHeight(HEIGHT_PX + 2 * _MARGIN_PX + bar_px + 2)

    def wheelEvent(self, event: QWheelEvent) -> None:  # noqa: N802
        moved, bar = event.angleDelta(), self.horizontalScrollBar()
        bar.setValue(bar.value() - (moved.x() or moved.y()))
        event.accept()


class _Painter(QStyledItemDelegate):
    """Paints thumbnails, or placeholders for files that cannot be read and for sources that are no files."""

    def __init__(self, model: FilmstripModel, parent: QWidget) -> None:
        super().__init__(parent)
        self._model = model
        self._warning = parent.style().standardIcon(QStyle.StandardPixmap.SP_MessageBoxWarning)
        self.blurred = False

    def sizeHint(self, option: QStyleOptionViewItem, index: Index) -> QSize:  # noqa: N802
        return QSize(WIDTH_PX + 2 * _MARGIN_PX, HEIGHT_PX + 2 * _MARGIN_PX)

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: Index) -> None:
        cell: QRect = option.rect
        palette: QPalette = option.palette
        state: QStyle.StateFlag = option.state
        space = QRect(0, 0, WIDTH_PX, HEIGHT_PX)
        space.moveCenter(cell.center())
        painter.save()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform)
        thumbnail = self._model.thumbnail(index.row())
        if thumbnail is not None and thumbnail.image_bgr is not None:
            shown = self._paint_image(painter, space, thumbnail.image_bgr)
            if PICTURE_NAME.fullmatch(self._model.entries[index.row()].name) is None:
                _paint_play_mark(painter, shown)
        else:
            self._paint_placeholder(painter, space, palette, index.row(), thumbnail)
        if state & QStyle.StateFlag.State_Selected:
            painter.setPen(QPen(palette.color(QPalette.ColorRole.Highlight), 3))
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.drawRoundedRect(space.adjusted(-3, -3, 3, 3), 4, 4)
        painter.restore()

    def _paint_image(self, painter: QPainter, space: QRect, image_bgr: Image) -> QRect:
        """Paint a thumbnail and return where."""
        if self.blurred:
            image_bgr = blur_everything(image_bgr)
        height, width = image_bgr.shape[:2]
        image = QImage(image_bgr.data, width, height, image_bgr.strides[0], QImage.Format.Format_BGR888)
        size = QSize(width, height).scaled(space.size(), Qt.AspectRatioMode.KeepAspectRatio)
        target = QRect(space.topLeft(), size)
        target.moveCenter(space.center())
        painter.drawImage(target, image)
        return target

    def _paint_placeholder(
        self, painter: QPainter, space: QRect, palette: QPalette, row: int, thumbnail: Thumbnail | None
    ) -> None:
        painter.fillRect(space, palette.color(QPalette.ColorRole.Button))
        if thumbnail is not None and thumbnail.error is not None:
            side = HEIGHT_PX // 2
            icon_rect = QRect(0, 0, side, side)
            icon_rect.moveCenter(space.center())
            self._warning.paint(painter, icon_rect)
        elif thumbnail is not None or self._model.entries[row].path is None:
            painter.setPen(palette.color(QPalette.ColorRole.Text))
            wrap = Qt.AlignmentFlag.AlignCenter | Qt.TextFlag.TextWrapAnywhere
            painter.drawText(space.adjusted(3, 3, -3, -3), int(wrap), self._model.entries[row].name)


def _paint_play_mark(painter: QPainter, image: QRect) -> None:
    """A triangle on a dark disc in the lower left corner, for what is no picture."""
    centre = QPointF(image.left() + _MARK_PX + 3, image.bottom() - _MARK_PX - 3)
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(QColor(0, 0, 0, 170))
    painter.drawEllipse(centre, _MARK_PX, _MARK_PX)
    painter.setBrush(Qt.GlobalColor.white)
    side = _MARK_PX / 2
    corners = QPointF(-0.7 * side, -side), QPointF(side, 0), QPointF(-0.7 * side, side)
    painter.drawPolygon(QPolygonF([centre + corner for corner in corners]))
