"""One thin lane for each person of a video: when they are in view, and how old they look."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from PySide6.QtCore import QPointF, QRect, QRectF, Qt
from PySide6.QtGui import QColor, QFont, QImage, QPainter, QPainterPath, QPen, QPixmap, QPolygonF

from agecam.overlay.labels import DOT_TEXT_COLOUR
from agecam.timeline import Lane
from agecam.types import Image
from agecam.ui.widgets.label_images import qcolor

LANE_PX = 34
_THUMBNAIL_PX = 28
_MIN_RANGE_YEARS = 20.0
"""Height of a lane."""
_MIN_STRETCH_PX = 3.0
_COLUMN_PX = 4.0
"""At most one sample is painted for each so many pixels: a line of many short pieces takes long."""


@dataclass(frozen=True, slots=True)
class Scale:
    """Where the times of the video are in a lane."""

    left_px: float
    right_px: float
    duration_s: float

    def x_of(self, time_s: float) -> float:
        """The place of a time, in pixels."""
        return self.left_px + time_s / max(self.duration_s, 1e-3) * (self.right_px - self.left_px)

    def time_at(self, x: float) -> float:
        """The time at a place, within the video."""
        share = (x - self.left_px) / max(self.right_px - self.left_px, 1.0)
        return min(max(share, 0.0), 1.0) * self.duration_s


@dataclass(frozen=True, slots=True)
class Look:
    """The colours of texts, and whose ages are shown."""

    text: QColor
    quiet: QColor
    ages_of: frozenset[int] | None = None
    """Numbers of the people whose apparent age may be seen; None for everyone."""

    def shows_age_of(self, lane: Lane) -> bool:
        """Whether the apparent age of a person may be seen."""
        return self.ages_of is None or lane.number in self.ages_of


class LanePainter:
    """Paints lanes; keeps the thumbnails it has converted."""

    def __init__(self) -> None:
        self._thumbnails: dict[int, tuple[Image, QPixmap]] = {}
        self._years = (0.0, 100.0)

    def paint(self, painter: QPainter, lanes: Sequence[Lane], top_px: int, scale: Scale, look: Look) -> None:
        """Paint these lanes from `top_px` on, one below the other."""
        low, high = self._years
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        for row, lane in enumerate(lanes):
            place = QRect(0, top_px + row * LANE_PX, round(scale.right_px), LANE_PX)
            self._paint_head(painter, lane, place, scale, look)
            _paint_stretches(painter, lane, place, scale, (low, high) if look.shows_age_of(lane) else None)

    def begin(self, lanes: Sequence[Lane]) -> None:
        """These are all lanes: they have one scale of ages."""
        self._years = _age_range(lanes)
        kept = {lane.number for lane in lanes}
        self._thumbnails = {number: known for number, known in self._thumbnails.items() if number in kept}

    def _paint_head(self, painter: QPainter, lane: Lane, place: QRect, scale: Scale, look: Look) -> None:
        top = place.top() + (LANE_PX - _THUMBNAIL_PX) // 2
        thumbnail = QRect(8, top, _THUMBNAIL_PX, _THUMBNAIL_PX)
        shape = QPainterPath()
        shape.addRoundedRect(QRectF(thumbnail), 4, 4)
        painter.save()
        painter.setClipPath(shape)
        painter.drawPixmap(thumbnail, self._thumbnail_of(lane))
        painter.restore()
        painter.setPen(QPen(qcolor(lane.colour), 2))
        painter.setBrush(Qt.BrushStyle.NoBrush)
        painter.drawRoundedRect(QRectF(thumbnail), 4, 4)
        font = QFont(painter.font())
        font.setPixelSize(10)
        font.setBold(True)
        painter.setFont(font)
        number = str(lane.number)
        pill = QRectF(4, top - 2, max(14, painter.fontMetrics().horizontalAdvance(number) + 6), 13)
        painter.setPen(QPen(QColor(20, 20, 22, 200), 1))
        painter.setBrush(qcolor(lane.colour))
        painter.drawRoundedRect(pill, 6, 6)
        painter.setPen(qcolor(DOT_TEXT_COLOUR))
        painter.drawText(pill, Qt.AlignmentFlag.AlignCenter, number)
        if not look.shows_age_of(lane):
            return
        left, right = thumbnail.right() + 7, round(scale.left_px) - 4
        font.setPixelSize(14)
        painter.setFont(font)
        painter.setPen(look.text)
        flags = Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter
        painter.drawText(QRect(left, place.top(), right - left, LANE_PX), flags, f"{lane.age:.0f}")
        left += painter.fontMetrics().horizontalAdvance("000")
        font.setPixelSize(11)
        font.setBold(False)
        painter.setFont(font)
        painter.setPen(look.quiet)
        interval = f"{lane.age_low:.0f}\N{EN DASH}{lane.age_high:.0f}"
        if painter.fontMetrics().horizontalAdvance(interval) <= right - left:
            painter.drawText(QRect(left, place.top(), right - left, LANE_PX), flags, interval)

    def _thumbnail_of(self, lane: Lane) -> QPixmap:
        known = self._thumbnails.get(lane.number)
        if known is None or known[0] is not lane.clearest.thumbnail_bgr:
            known = lane.clearest.thumbnail_bgr, pixmap_of(lane.clearest.thumbnail_bgr)
            self._thumbnails[lane.number] = known
        return known[1]


def pixmap_of(image_bgr: Image) -> QPixmap:
    """A `(H, W, 3) uint8` BGR picture as a pixmap."""
    pixels = np.ascontiguousarray(image_bgr)
    height, width = pixels.shape[:2]
    return QPixmap.fromImage(QImage(pixels.data, width, height, pixels.strides[0], QImage.Format.Format_BGR888))


def _age_range(lanes: Sequence[Lane]) -> tuple[float, float]:
    """The ages at the bottom and at the top of all lanes."""
    low = min((float(lane.ages[:, 1].min()) for lane in lanes), default=0.0)
    high = max((float(lane.ages[:, 2].max()) for lane in lanes), default=100.0)
    missing = max(0.0, _MIN_RANGE_YEARS - (high - low)) / 2
    return low - missing, high + missing


def _paint_stretches(
    painter: QPainter, lane: Lane, place: QRect, scale: Scale, years: tuple[float, float] | None
) -> None:
    colour = qcolor(lane.colour)
    top, bottom = place.top() + 4.0, place.top() + LANE_PX - 4.0
    painter.setPen(QPen(QColor(128, 128, 128, 60), 1))
    painter.drawLine(QPointF(scale.left_px, place.bottom()), QPointF(scale.right_px, place.bottom()))
    for start_s, end_s in lane.stretches:
        left, right = scale.x_of(start_s), scale.x_of(end_s)
        area = QRectF(left, top, max(right - left, _MIN_STRETCH_PX), bottom - top)
        fill = QColor(colour)
        fill.setAlphaF(0.22 if years is not None else 0.75)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(fill)
        painter.drawRoundedRect(area, 3, 3)
        if years is not None:
            _paint_ages(painter, lane, (start_s, end_s), scale, area, years, colour)
    x = scale.x_of(lane.clearest.time_s)
    mark = QPolygonF([QPointF(x - 4, top - 3), QPointF(x + 4, top - 3), QPointF(x, top + 3)])
    painter.setPen(QPen(QColor(20, 20, 22, 200), 1))
    painter.setBrush(colour)
    painter.drawPolygon(mark)


def _paint_ages(
    painter: QPainter,
    lane: Lane,
    stretch: tuple[float, float],
    scale: Scale,
    area: QRectF,
    years: tuple[float, float],
    colour: QColor,
) -> None:
    """The interval as a band, and the apparent age as a line."""
    rows = slice(*np.searchsorted(lane.times_s, [stretch[0] - 1e-6, stretch[1] + 1e-6]).tolist())
    x = scale.left_px + lane.times_s[rows] / max(scale.duration_s, 1e-3) * (scale.right_px - scale.left_px)
    if not len(x):
        return
    ages = lane.ages[rows]
    if len(x) > area.width() / _COLUMN_PX:
        columns = np.unique((x / _COLUMN_PX).astype(int), return_index=True)[1]
        x, ages = x[columns], ages[columns]
    if len(x) == 1 or x[-1] - area.left() < _MIN_STRETCH_PX:
        x, ages = np.array([area.left(), area.right()]), ages[[0, -1]]
    else:
        x[0] = area.left()  # a sample is that of the end of its time
    y = area.bottom() - (ages - years[0]) / (years[1] - years[0]) * area.height()
    band = QColor(colour)
    band.setAlphaF(0.35)
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(band)
    painter.drawPolygon(_polygon(np.concatenate([x, x[::-1]]), np.concatenate([y[:, 1], y[::-1, 2]])))
    painter.setBrush(Qt.BrushStyle.NoBrush)
    painter.setPen(QPen(QColor(20, 20, 22, 120), 3))
    painter.drawPolyline(_polygon(x, y[:, 0]))
    painter.setPen(QPen(colour, 1.6))
    painter.drawPolyline(_polygon(x, y[:, 0]))


def _polygon(x: npt.NDArray[np.float64], y: npt.NDArray[np.float64]) -> QPolygonF:
    return QPolygonF([QPointF(*point) for point in zip(x.tolist(), y.tolist(), strict=True)])
