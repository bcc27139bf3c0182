"""The list of people: rows for a few, a grid of thumbnails for a group."""

import numpy as np
from PySide6.QtCore import QEvent, QModelIndex, QPersistentModelIndex, QPointF, QRect, QRectF, QSize, Qt, Signal
from PySide6.QtGui import (
    QColor,
    QFont,
    QKeyEvent,
    QMouseEvent,
    QPainter,
    QPainterPath,
    QPalette,
    QPen,
    QPolygonF,
    QResizeEvent,
)
from PySide6.QtWidgets import QFrame, QListView, QStyle, QStyledItemDelegate, QStyleOptionViewItem, QWidget

from agecam.overlay.labels import DOT_TEXT_COLOUR, colour_of
from agecam.timeline.thumbnail import THUMBNAIL_PX
from agecam.ui.messages import Text
from agecam.ui.widgets.label_images import qcolor
from agecam.ui.widgets.people_rows import ROW_ROLE, PeopleModel, Row

_ROW_PX, _CELL = 84, QSize(78, 96)
_PADDING = 8
_CHOSEN = QColor("#f0a020")
_QUIET = 0.68
"""Share of the text colour in the colour of secondary texts; the rest is the background colour."""
_MIN_RANGE_YEARS = 12.0
"""Height of a sparkline."""


class PeopleList(QListView):
    """Shows a `PeopleModel`."""

    person_clicked = Signal(object)
    """The number of the clicked person."""
    compared = Signal(object)
    """The number of the person who was clicked while `Ctrl` was held."""
    hovered = Signal(object)
    """The number of the person under the pointer; None for no one."""

    def __init__(self, model: PeopleModel, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setModel(model)
        self.setAccessibleName(Text.PEOPLE())
        self._modifiers = Qt.KeyboardModifier.NoModifier
        """Those of the last click."""
        self.chosen: int | None = None
        self.compared_with: int | None = None
        """The number of the person with whom the chosen one is compared."""
        self.lit: int | None = None
        """The number of the person pointed at, here or in the picture."""
        self.setItemDelegate(_PersonDelegate(self))
        self.setSelectionMode(QListView.SelectionMode.NoSelection)
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setUniformItemSizes(True)
        self.setMouseTracking(True)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setVerticalScrollMode(QListView.ScrollMode.ScrollPerPixel)
        self.verticalScrollBar().setSingleStep(_ROW_PX // 3)
        self.setResizeMode(QListView.ResizeMode.Adjust)
        self.viewport().setAutoFillBackground(False)
        self.clicked.connect(lambda index: self._act(index.data(ROW_ROLE).number, self._modifiers))
        self.entered.connect(lambda index: self.hovered.emit(index.data(ROW_ROLE).number))
        self.viewportEntered.connect(lambda: self.hovered.emit(None))

    @property
    def is_grid(self) -> bool:
        """Whether thumbnails are shown in a grid."""
        return self.viewMode() == QListView.ViewMode.IconMode

    def set_grid(self, on: bool) -> None:
        """Show a grid of thumbnails, or rows."""
        if on != self.is_grid:
            self.setViewMode(QListView.ViewMode.IconMode if on else QListView.ViewMode.ListMode)
            self.setMovement(QListView.Movement.Static)
            self.setResizeMode(QListView.ResizeMode.Adjust)
            self.setUniformItemSizes(True)
            policy = Qt.ScrollBarPolicy
            # If it came and went, the columns of the grid would not fit the width.
            self.setVerticalScrollBarPolicy(policy.ScrollBarAlwaysOn if on else policy.ScrollBarAsNeeded)
            self._fit_grid()

    def resizeEvent(self, event: QResizeEvent) -> None:  # noqa: N802, D102
        self._fit_grid()
        super().resizeEvent(event)

    def _fit_grid(self) -> None:
        """Let the columns of the grid share the width."""
        width = self.viewport().width() - 2
        columns = max(1, width // _CELL.width())
        self.setGridSize(QSize(max(_CELL.width(), width // columns), _CELL.height()) if self.is_grid else QSize())

    def light(self, chosen: int | None, lit: int | None) -> None:
        """Emphasise the chosen person and the one pointed at."""
        if (chosen, lit) != (self.chosen, self.lit):
            self.chosen, self.lit = chosen, lit
            self.viewport().update()

    def compare(self, number: int | None) -> None:
        """Emphasise the person with whom the chosen one is compared."""
        if number != self.compared_with:
            self.compared_with = number
            self.viewport().update()

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:  # noqa: N802, D102
        self._modifiers = event.modifiers()
        super().mouseReleaseEvent(event)

    def _act(self, number: int, modifiers: Qt.KeyboardModifier) -> None:
        compares = bool(modifiers & Qt.KeyboardModifier.ControlModifier)
        (self.compared if compares else self.person_clicked).emit(number)

    def keyPressEvent(self, event: QKeyEvent) -> None:  # noqa: N802, D102
        row = self.currentIndex().data(ROW_ROLE)
        if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter, Qt.Key.Key_Select) and isinstance(row, Row):
            self._act(row.number, event.modifiers())
        else:
            super().keyPressEvent(event)

    def leaveEvent(self, event: QEvent) -> None:  # noqa: N802, D102
        super().leaveEvent(event)
        self.hovered.emit(None)


class _PersonDelegate(QStyledItemDelegate):
    """Paints thumbnail, apparent age with interval, gender, time in view, and a sparkline of the age."""

    def __init__(self, people: PeopleList) -> None:
        super().__init__(people)
        self._people = people

    def sizeHint(self, option: QStyleOptionViewItem, index: QModelIndex | QPersistentModelIndex) -> QSize:  # noqa: N802
        return self._people.gridSize() if self._people.is_grid else QSize(200, _ROW_PX)

    def paint(
        self, painter: QPainter, option: QStyleOptionViewItem, index: QModelIndex | QPersistentModelIndex
    ) -> None:
        row = index.data(ROW_ROLE)
        if not isinstance(row, Row):
            return
        painter.save()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        area: QRect = option.rect
        palette: QPalette = option.palette
        state: QStyle.StateFlag = option.state
        self._paint_frame(painter, area, row, palette, bool(state & QStyle.StateFlag.State_HasFocus))
        if row.has_left:
            painter.setOpacity(0.5)
        if self._people.is_grid:
            _paint_cell(painter, area, row, palette)
        else:
            _paint_row(painter, area, row, palette)
        painter.restore()

    def _paint_frame(self, painter: QPainter, area: QRect, row: Row, palette: QPalette, has_focus: bool) -> None:
        frame = QRectF(area).adjusted(2.5, 2.5, -2.5, -2.5)
        is_chosen = row.number in (self._people.chosen, self._people.compared_with)
        fill = QColor(240, 160, 32, 28) if is_chosen else QColor(128, 128, 128, 40)
        painter.setPen(Qt.PenStyle.NoPen)
        if is_chosen or row.number == self._people.lit:
            painter.setBrush(fill)
            painter.drawRoundedRect(frame, 8, 8)
        if is_chosen or has_focus:
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.setPen(QPen(_CHOSEN if is_chosen else palette.color(QPalette.ColorRole.Highlight), 1))
            painter.drawRoundedRect(frame, 8, 8)


def quiet_colour(palette: QPalette) -> QColor:
    """The colour of secondary texts."""
    text, window = palette.color(QPalette.ColorRole.WindowText), palette.color(QPalette.ColorRole.Window)
    channels = zip(text.getRgb()[:3], window.getRgb()[:3], strict=True)  # type: ignore[index]
    return QColor(*(round(_QUIET * front + (1 - _QUIET) * back) for front, back in channels))


def _paint_row(painter: QPainter, area: QRect, row: Row, palette: QPalette) -> None:
    top = area.top() + (area.height() - THUMBNAIL_PX) // 2
    _paint_thumbnail(painter, QRect(area.left() + _PADDING, top, THUMBNAIL_PX, THUMBNAIL_PX), row)
    left = area.left() + 2 * _PADDING + THUMBNAIL_PX
    right = area.right() - _PADDING
    text, quiet = palette.color(QPalette.ColorRole.WindowText), quiet_colour(palette)
    used = _write(painter, QRect(left, top - 2, right - left, 28), row.age, text, 22, bold=True)
    after_age = left + used + (8 if used else 0)
    _write(painter, QRect(after_age, top + 1, right - after_age, 25), row.interval, quiet)
    time_px = _write(painter, QRect(left, top + 26, right - left, 18), row.time, quiet, at_right=True)
    _write(painter, QRect(left, top + 26, right - left - time_px - 6, 18), row.gender, text)
    if not row.hides_age:
        _paint_sparkline(painter, QRectF(left, top + 47, right - left, 18), list(row.person.ages))


def _paint_cell(painter: QPainter, area: QRect, row: Row, palette: QPalette) -> None:
    left = area.left() + (area.width() - THUMBNAIL_PX) // 2
    _paint_thumbnail(painter, QRect(left, area.top() + 6, THUMBNAIL_PX, THUMBNAIL_PX), row)
    below = QRect(area.left(), area.top() + 6 + THUMBNAIL_PX, area.width(), area.height() - THUMBNAIL_PX - 8)
    _write(painter, below, row.age, palette.color(QPalette.ColorRole.WindowText), 15, bold=True, centred=True)


def _paint_thumbnail(painter: QPainter, place: QRect, row: Row) -> None:
    """The picture with rounded corners, and on it the number in the colour of the person's box."""
    shape = QPainterPath()
    shape.addRoundedRect(QRectF(place), 6, 6)
    painter.save()
    painter.setClipPath(shape)
    painter.drawImage(place, row.thumbnail)
    painter.restore()
    font = QFont(painter.font())
    font.setPixelSize(11)
    font.setBold(True)
    painter.setFont(font)
    number = str(row.number)
    width = max(16, painter.fontMetrics().horizontalAdvance(number) + 8)
    pill = QRectF(place.left() - 3, place.top() - 3, width, 16)
    painter.setPen(QPen(QColor(20, 20, 22, 200), 1))
    painter.setBrush(qcolor(colour_of(row.number)))
    painter.drawRoundedRect(pill, 8, 8)
    painter.setPen(qcolor(DOT_TEXT_COLOUR))
    painter.drawText(pill, Qt.AlignmentFlag.AlignCenter, number)


def _write(
    painter: QPainter,
    place: QRect,
    text: str,
    colour: QColor,
    size_px: int = 0,
    bold: bool = False,
    centred: bool = False,
    at_right: bool = False,
) -> int:
    """Write a line of text, shortened to fit, and return its width in pixels."""
    font = QFont(painter.font())
    font.setPixelSize(size_px or 13)
    font.setWeight(QFont.Weight.DemiBold if bold else QFont.Weight.Normal)
    painter.setFont(font)
    painter.setPen(colour)
    metrics = painter.fontMetrics()
    shown = metrics.elidedText(text, Qt.TextElideMode.ElideRight, max(0, place.width()))
    flag = Qt.AlignmentFlag
    across = flag.AlignHCenter if centred else flag.AlignRight if at_right else flag.AlignLeft
    painter.drawText(place, across | flag.AlignVCenter, shown)
    return metrics.horizontalAdvance(shown)


def _paint_sparkline(painter: QPainter, place: QRectF, ages: list[float]) -> None:
    """The last apparent ages as a line, the median at half the height."""
    if len(ages) < 2:
        return
    years = np.asarray(ages)
    median = float(np.median(years))
    half_range = max(_MIN_RANGE_YEARS / 2, float(np.abs(years - median).max()) + 1)
    x = np.linspace(place.left(), place.right(), len(ages))
    y = place.center().y() - (years - median) / half_range * place.height() / 2
    painter.setPen(QPen(_CHOSEN, 1.6))
    painter.setBrush(Qt.BrushStyle.NoBrush)
    painter.drawPolyline(QPolygonF([QPointF(*point) for point in zip(x.tolist(), y.tolist(), strict=True)]))
