"""The lanes of a timeline, which scroll if there are many, with the position of the video across them."""

from collections.abc import Sequence

from PySide6.QtCore import QEvent, QPoint, QPointF, QSize, Qt, Signal
from PySide6.QtGui import (
    QColor,
    QContextMenuEvent,
    QHelpEvent,
    QKeyEvent,
    QMouseEvent,
    QPainter,
    QPaintEvent,
    QPalette,
    QPen,
    QPixmap,
    QResizeEvent,
)
from PySide6.QtWidgets import QAbstractScrollArea, QFrame, QToolTip, QWidget

from agecam.timeline import Lane
from agecam.ui.messages import Text
from agecam.ui.widgets.people_list import quiet_colour
from agecam.ui.widgets.playback_bar import clock
from agecam.ui.widgets.timeline_lanes import LANE_PX, LanePainter, Look, Scale

_EDGE_PX = 2


class TimelineView(QAbstractScrollArea):
    """Paints the visible lanes once for each change, and the position of the video over them."""

    sought = Signal(float)
    """The user wants to see this time of the video, in seconds."""
    menu_requested = Signal(int, float, QPoint)
    """The number of the lane that was clicked with the right button, the time there, and where on the screen."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.lanes: Sequence[Lane] = ()
        self.current = 0
        """Row that the keyboard has reached."""
        self._scale = Scale(100, 200, 1.0)
        self._position_s = 0.0
        self._ages_of: frozenset[int] | None = None
        self._painter = LanePainter()
        self._picture: QPixmap | None = None
        """The visible lanes; None when they must be painted again."""
        self.setAccessibleName(Text.TIMELINE_NAME())
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.viewport().setMouseTracking(True)
        self.viewport().setAutoFillBackground(False)
        self.verticalScrollBar().setSingleStep(LANE_PX)
        self.verticalScrollBar().valueChanged.connect(self._forget_picture)

    def sizeHint(self) -> QSize:  # noqa: N802, D102
        return QSize(200, len(self.lanes) * LANE_PX + 2 * _EDGE_PX)

    def minimumSizeHint(self) -> QSize:  # noqa: N802, D102
        return QSize(1, LANE_PX)

    def show_lanes(self, lanes: Sequence[Lane], ages_of: frozenset[int] | None = None) -> None:
        """Show these lanes.

        Args:
            lanes: from top to bottom.
            ages_of: numbers of the people whose apparent age may be seen; None for everyone.
        """
        has_grown = len(lanes) != len(self.lanes)
        self.lanes, self._ages_of = lanes, ages_of
        self.current = min(self.current, max(0, len(lanes) - 1))
        self._painter.begin(lanes)
        if has_grown:
            self._fit_scroll_bar()
            self.updateGeometry()
        self._forget_picture()

    def set_scale(self, scale: Scale) -> None:
        """Set where the times of the video are."""
        if scale != self._scale:
            self._scale = scale
            self._forget_picture()

    def show_position(self, time_s: float) -> None:
        """Show where the video is."""
        if time_s != self._position_s:
            self._position_s = time_s
            self.viewport().update()

    def lane_at(self, y: float) -> Lane | None:
        """The lane at a height of the viewport; None below the last one."""
        row = int((y + self.verticalScrollBar().value() - _EDGE_PX) // LANE_PX)
        return self.lanes[row] if 0 <= row < len(self.lanes) else None

    def place_of(self, number: int, time_s: float | None = None) -> QPointF:
        """Where in the viewport a time of a lane is, or its thumbnail."""
        row = next(row for row, lane in enumerate(self.lanes) if lane.number == number)
        y = _EDGE_PX + row * LANE_PX + LANE_PX / 2 - self.verticalScrollBar().value()
        return QPointF(self._scale.x_of(time_s) if time_s is not None else 20.0, y)

    # --- events ----------------------------------------------------------------------------------------

    def paintEvent(self, event: QPaintEvent) -> None:  # noqa: N802, D102
        if self._picture is None:
            self._picture = self._painted()
        painter = QPainter(self.viewport())
        painter.drawPixmap(0, 0, self._picture)
        x = self._scale.x_of(self._position_s)
        painter.setPen(QPen(self.palette().color(QPalette.ColorRole.Highlight), 2))
        painter.drawLine(QPointF(x, 0), QPointF(x, min(self.viewport().height(), len(self.lanes) * LANE_PX + 4)))
        if self.hasFocus() and self.lanes:
            painter.setPen(QPen(self.palette().color(QPalette.ColorRole.Highlight), 1))
            top = _EDGE_PX + self.current * LANE_PX - self.verticalScrollBar().value()
            painter.drawRect(1, top, self.viewport().width() - 3, LANE_PX - 1)
        painter.end()

    def _painted(self) -> QPixmap:
        ratio = self.devicePixelRatioF()
        picture = QPixmap(self.viewport().size() * ratio)
        picture.setDevicePixelRatio(ratio)
        picture.fill(QColor(0, 0, 0, 0))
        offset = self.verticalScrollBar().value() - _EDGE_PX
        first = max(0, offset // LANE_PX)
        shown = self.lanes[first : first + self.viewport().height() // LANE_PX + 2]
        painter = QPainter(picture)
        painter.setFont(self.font())
        palette = self.palette()
        look = Look(palette.color(QPalette.ColorRole.WindowText), quiet_colour(palette), self._ages_of)
        self._painter.paint(painter, shown, first * LANE_PX - offset, self._scale, look)
        painter.end()
        return picture

    def resizeEvent(self, event: QResizeEvent) -> None:  # noqa: N802, D102
        super().resizeEvent(event)
        self._fit_scroll_bar()
        self._forget_picture()

    def changeEvent(self, event: QEvent) -> None:  # noqa: N802, D102
        super().changeEvent(event)
        if event.type() in (QEvent.Type.PaletteChange, QEvent.Type.FontChange):
            self._forget_picture()

    def mousePressEvent(self, event: QMouseEvent) -> None:  # noqa: N802, D102
        lane = self.lane_at(event.position().y())
        if event.button() == Qt.MouseButton.LeftButton and lane is not None:
            self.sought.emit(self._time_for(lane, event.position().x()))

    def mouseMoveEvent(self, event: QMouseEvent) -> None:  # noqa: N802, D102
        lane = self.lane_at(event.position().y())
        self.viewport().setCursor(Qt.CursorShape.PointingHandCursor if lane else Qt.CursorShape.ArrowCursor)
        if event.buttons() & Qt.MouseButton.LeftButton and lane is not None and not self._is_head(event.position().x()):
            self.sought.emit(self._scale.time_at(event.position().x()))

    def contextMenuEvent(self, event: QContextMenuEvent) -> None:  # noqa: N802, D102
        is_key = event.reason() is QContextMenuEvent.Reason.Keyboard
        if is_key and self.lanes:
            place = self.place_of(self.lanes[self.current].number, self._position_s).toPoint()
        else:
            place = event.pos()
        lane = self.lane_at(place.y())
        if lane is not None:
            time_s = self._scale.time_at(place.x())
            self.menu_requested.emit(lane.number, time_s, self.viewport().mapToGlobal(place))

    def keyPressEvent(self, event: QKeyEvent) -> None:  # noqa: N802, D102
        step = {Qt.Key.Key_Up: -1, Qt.Key.Key_Down: 1}.get(Qt.Key(event.key()))
        if step is not None and self.lanes:
            self.current = min(max(self.current + step, 0), len(self.lanes) - 1)
            self._scroll_to_current()
        elif event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter) and self.lanes:
            self.sought.emit(self.lanes[self.current].clearest.time_s)
        else:
            super().keyPressEvent(event)

    def viewportEvent(self, event: QEvent) -> bool:  # noqa: N802, D102
        if isinstance(event, QHelpEvent) and event.type() == QEvent.Type.ToolTip:
            QToolTip.showText(event.globalPos(), self._tip_at(event.pos()), self.viewport())
            return True
        return super().viewportEvent(event)

    # --- parts -----------------------------------------------------------------------------------------

    def _is_head(self, x: float) -> bool:
        return x < self._scale.left_px - 2

    def _time_for(self, lane: Lane, x: float) -> float:
        """The clearest moment for a click on the head of a lane, else the time clicked."""
        return lane.clearest.time_s if self._is_head(x) else self._scale.time_at(x)

    def _tip_at(self, point: QPoint) -> str:
        lane = self.lane_at(point.y())
        if lane is None:
            return ""
        hides = self._ages_of is not None and lane.number not in self._ages_of
        if self._is_head(point.x()):
            return Text.TIMELINE_HEAD_TIP(number=lane.number, time=clock(lane.clearest.time_s))
        time_s = self._scale.time_at(point.x())
        sample = None if hides else lane.sample_at(time_s)
        if sample is None:
            return Text.TIMELINE_LANE_TIP(number=lane.number, time=clock(time_s))
        ages = {"age": f"{sample.age:.0f}", "low": f"{sample.age_low:.0f}", "high": f"{sample.age_high:.0f}"}
        return Text.TIMELINE_AGE_TIP(number=lane.number, time=clock(time_s), **ages)

    def _scroll_to_current(self) -> None:
        bar, top = self.verticalScrollBar(), self.current * LANE_PX
        bar.setValue(min(max(bar.value(), top + LANE_PX + 2 * _EDGE_PX - self.viewport().height()), top))
        self.viewport().update()

    def _fit_scroll_bar(self) -> None:
        height = len(self.lanes) * LANE_PX + 2 * _EDGE_PX
        self.verticalScrollBar().setRange(0, max(0, height - self.viewport().height()))
        self.verticalScrollBar().setPageStep(self.viewport().height())

    def _forget_picture(self) -> None:
        self._picture = None
        self.viewport().update()
