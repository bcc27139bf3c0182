"""Chart of one or two age distributions, with intervals and a guess; it takes under a millisecond to paint."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from PySide6.QtCore import QLineF, QPointF, QRectF, QSize, Qt
from PySide6.QtGui import QColor, QFont, QPainter, QPaintEvent, QPalette, QPen, QPolygonF
from PySide6.QtWidgets import QWidget

from agecam.overlay.labels import colour_of
from agecam.types import AGE_CLASSES, FloatArray
from agecam.ui.messages import Text
from agecam.ui.widgets.label_images import qcolor
from agecam.ui.widgets.people_list import quiet_colour

_SIDE_PX, _TOP_PX = 10, 8
_BAND_PX = 7
"""Height of the bar that shows an interval."""
_TICK_YEARS = 20
_FONT_PX = 11
_LIGHT = 128
"""Lightness of a background from which colours are darkened."""


@dataclass(frozen=True, slots=True, eq=False)
class Series:
    """One distribution with its apparent age and interval, in years."""

    distribution: FloatArray
    """`(101,)`, sums to 1."""
    age: float
    low: float
    high: float
    number: int
    """The number of the person, which decides the colour."""
    dashed: bool = False
    """Whether it is drawn as a dashed outline, so that two series differ whatever their colours."""


class DistributionChart(QWidget):
    """The probability of each age from 0 to 100."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setMinimumHeight(150)
        self.series: Sequence[Series] = ()
        self.guess: int | None = None
        """A guessed age, marked by a line."""

    def sizeHint(self) -> QSize:  # noqa: N802, D102
        return QSize(280, 170)

    def show_series(self, series: Sequence[Series], guess: int | None = None, description: str = "") -> None:
        """Show these distributions; a screen reader reads the description."""
        self.series, self.guess = series, guess
        self.setAccessibleName(f"{Text.DISTRIBUTION()}: {description}")
        self.update()

    def paintEvent(self, event: QPaintEvent) -> None:  # noqa: N802, D102
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        font = QFont(self.font())
        font.setPixelSize(_FONT_PX)
        painter.setFont(font)
        below = 4 + (_BAND_PX + 3) * len(self.series) + 16 + 14
        above = _TOP_PX if self.guess is None else _TOP_PX + _FONT_PX + 4
        plot = QRectF(_SIDE_PX, above, self.width() - 2 * _SIDE_PX, self.height() - above - below)
        top = max([0.02, *(float(series.distribution.max()) for series in self.series)])
        for series in self.series:
            self._paint_series(painter, plot, series, top)
        for index, series in enumerate(self.series):
            y = plot.bottom() + 4 + index * (_BAND_PX + 3)
            colour = self.colour(series.number)
            band = QRectF(QPointF(_x(plot, series.low), y), QPointF(_x(plot, series.high), y + _BAND_PX))
            painter.setPen(QPen(colour, 1.2, Qt.PenStyle.DashLine if series.dashed else Qt.PenStyle.SolidLine))
            fill = QColor(colour)
            fill.setAlpha(70)
            painter.setBrush(fill)
            painter.drawRoundedRect(band, 3, 3)
            painter.setPen(QPen(colour, 2.5))
            painter.drawLine(QLineF(_x(plot, series.age), y - 1, _x(plot, series.age), y + _BAND_PX + 1))
        self._paint_guess(painter, plot)
        self._paint_axis(painter, plot)
        painter.end()

    def colour(self, number: int) -> QColor:
        """The colour of a person, darkened on a light background until it can be seen there."""
        colour = qcolor(colour_of(number))
        is_light = self.palette().color(QPalette.ColorRole.Window).lightness() >= _LIGHT
        return colour.darker(165) if is_light else colour

    def _paint_series(self, painter: QPainter, plot: QRectF, series: Series, top: float) -> None:
        x = [_x(plot, year) for year in range(AGE_CLASSES)]
        y = (plot.bottom() - series.distribution / top * plot.height()).tolist()
        points = [QPointF(*point) for point in zip(x, y, strict=True)]
        colour = self.colour(series.number)
        if not series.dashed:
            fill = QColor(colour)
            fill.setAlpha(70)
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(fill)
            ends = QPointF(x[0], plot.bottom()), QPointF(x[-1], plot.bottom())
            painter.drawPolygon(QPolygonF([ends[0], *points, ends[1]]))
        painter.setBrush(Qt.BrushStyle.NoBrush)
        painter.setPen(QPen(colour, 2, Qt.PenStyle.DashLine if series.dashed else Qt.PenStyle.SolidLine))
        painter.drawPolyline(QPolygonF(points))

    def _paint_guess(self, painter: QPainter, plot: QRectF) -> None:
        if self.guess is None:
            return
        colour = self.palette().color(QPalette.ColorRole.WindowText)
        x, metrics = _x(plot, self.guess), painter.fontMetrics()
        bottom = plot.bottom() + 4 + (_BAND_PX + 3) * len(self.series)
        painter.setPen(QPen(colour, 2))
        top = plot.top() - _FONT_PX - 4
        painter.drawLine(QLineF(x, top, x, bottom))
        words = Text.GUESS_MARK(age=self.guess)
        width = metrics.horizontalAdvance(words)
        is_right = x + 5 + width <= plot.right()
        painter.drawText(QPointF(x + 5 if is_right else x - 5 - width, top + metrics.ascent()), words)

    def _paint_axis(self, painter: QPainter, plot: QRectF) -> None:
        quiet = quiet_colour(self.palette())
        painter.setPen(QPen(quiet, 1))
        painter.drawLine(QLineF(plot.left(), plot.bottom() + 0.5, plot.right(), plot.bottom() + 0.5))
        top = plot.bottom() + 4 + (_BAND_PX + 3) * len(self.series)
        for year in range(0, AGE_CLASSES, _TICK_YEARS):
            x = _x(plot, year)
            painter.drawLine(QLineF(x, plot.bottom(), x, plot.bottom() + 3))
            painter.drawText(QRectF(x - 20, top, 40, 14), Qt.AlignmentFlag.AlignCenter, str(year))
        painter.drawText(QRectF(plot.left(), top + 13, plot.width(), 15), Qt.AlignmentFlag.AlignCenter, Text.AGE_AXIS())


def _x(plot: QRectF, years: float) -> float:
    return float(plot.left() + np.clip(years, 0, AGE_CLASSES - 1) / (AGE_CLASSES - 1) * plot.width())
