"""Live plot of the age distribution."""

import numpy as np
import pyqtgraph as pg
from PySide6.QtGui import QPalette
from PySide6.QtWidgets import QWidget

from agecam.types import AGE_CLASSES, FloatArray
from agecam.ui.messages import Text

_EXPECTATION_COLOUR = "#f0a020"
_MOST_LIKELY_COLOUR = "#3aa0d8"


class DistributionPlot(pg.PlotWidget):
    """Bar chart of the age distribution; the most likely age and the expected age are marked."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent, background=None)
        self.setMouseEnabled(x=False, y=False)
        self.setMenuEnabled(False)
        self.hideButtons()
        self.getPlotItem().setContentsMargins(0, 0, 0, 0)
        self.setMinimumHeight(170)
        self.setLabel("bottom", Text.AGE_AXIS())
        self.setXRange(-1, AGE_CLASSES, padding=0)
        self.hideAxis("left")
        self._bars = pg.BarGraphItem(x=np.arange(AGE_CLASSES), height=np.zeros(AGE_CLASSES), width=0.8, pen=None)
        self.addItem(self._bars)
        self._expectation, self._most_likely = _Mark(self, _EXPECTATION_COLOUR), _Mark(self, _MOST_LIKELY_COLOUR)

    def show_distribution(self, distribution: FloatArray) -> None:
        """Show a distribution over the ages 0 to 100, `(101,)`, sums to 1."""
        most_likely = int(distribution.argmax())
        age = float(distribution @ np.arange(AGE_CLASSES, dtype=np.float32))
        colour = self.palette().color(QPalette.ColorRole.Text)
        colour.setAlpha(150)
        brushes = [pg.mkBrush(_MOST_LIKELY_COLOUR if year == most_likely else colour) for year in range(AGE_CLASSES)]
        self._bars.setOpts(height=distribution, brushes=brushes)
        top = max(0.04, 1.45 * float(distribution.max()))
        self.setYRange(0, top, padding=0)
        # Both texts go on the same side of both lines, where there is room.
        on_left = max(age, most_likely) > 60
        x = min(age, most_likely) if on_left else max(age, most_likely)
        self._expectation.place(age, Text.EXPECTATION(age=f"{age:.0f}"), x, 0.94 * top, on_left)
        self._most_likely.place(most_likely, Text.MOST_LIKELY(age=most_likely), x, 0.80 * top, on_left)
        self.setAccessibleName(
            f"{Text.DISTRIBUTION()}: {Text.EXPECTATION(age=f'{age:.0f}')}, {Text.MOST_LIKELY(age=most_likely)}"
        )


class _Mark:
    """A vertical line at an age, with a text."""

    def __init__(self, plot: pg.PlotWidget, colour: str) -> None:
        self._line = pg.InfiniteLine(angle=90, pen=pg.mkPen(colour, width=2))
        self._text = pg.TextItem(color=colour)
        plot.addItem(self._line)
        plot.addItem(self._text)

    def place(self, age: float, text: str, x: float, y: float, on_left: bool) -> None:
        self._line.setValue(age)
        self._text.setText(text)
        self._text.setAnchor((1 if on_left else 0, 0.5))
        self._text.setPos(x, y)
