"""Two age distributions in one chart, with the probability that one person looks older."""

from dataclasses import dataclass

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QHBoxLayout, QLabel, QPushButton, QVBoxLayout, QWidget

from agecam.live.comparison import Estimate, probability_older
from agecam.ui.messages import Text
from agecam.ui.system.announcement import announce
from agecam.ui.widgets.distribution_chart import DistributionChart, Series

_SURE = 0.995
"""A probability above this is not written as 100 %."""


@dataclass(frozen=True, slots=True, eq=False)
class Compared:
    """One of the two, with a name."""

    name: str
    estimate: Estimate


class ComparisonCard(QWidget):
    """Shows one or two people; a button ends the comparison."""

    ended = Signal()
    """The user has pressed the button."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.sentence = QLabel(self, wordWrap=True, textFormat=Qt.TextFormat.PlainText)
        self.sentence.setObjectName("sentence")
        self.sentence.setStyleSheet("QLabel#sentence { font-size: 15px; font-weight: 600; }")
        self.legends = tuple(QLabel(self, wordWrap=True, textFormat=Qt.TextFormat.RichText) for _ in range(2))
        self.chart = DistributionChart(self)
        self.end = QPushButton(Text.END_COMPARISON(), self)
        self.end.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self.end.clicked.connect(lambda: self.ended.emit())
        self._announced = ""
        rows = QVBoxLayout(self)
        rows.setContentsMargins(10, 8, 10, 8)
        rows.setSpacing(4)
        rows.addWidget(self.sentence)
        for legend in self.legends:
            rows.addWidget(legend)
        rows.addWidget(self.chart)
        last = QHBoxLayout()
        last.addStretch()
        last.addWidget(self.end)
        rows.addLayout(last)

    def show_compared(self, first: Compared | None, second: Compared | None) -> None:
        """Show both distributions, or the one that is there and how to add the other."""
        both = [compared for compared in (first, second) if compared is not None]
        sentence = Text.CHOOSE_TO_COMPARE()
        if first is not None and second is not None:
            sentence = sentence_of(first, second)
        self.sentence.setText(sentence)
        series = []
        for legend, compared in zip(self.legends, (first, second), strict=True):
            legend.setVisible(compared is not None)
            if compared is None:
                continue
            face, number = compared.estimate.face, compared.estimate.number
            colour = self.chart.colour(number).name()
            mark = "\N{BLACK SQUARE}" if compared is first else "\N{WHITE SQUARE}"
            legend.setText(f'<span style="color: {colour}">{mark}</span>&nbsp; {_escaped(_line(compared))}')
            is_second = compared is second
            series.append(
                Series(compared.estimate.distribution, face.age, face.age_low, face.age_high, number, is_second)
            )
        description = ". ".join([*map(_line, both), sentence])
        self.chart.show_series(series, description=description)
        who = f"{[compared.name for compared in both]}"
        if who != self._announced:  # when the people change, not whenever a figure does
            self._announced = who
            announce(self, description)

    def forget(self) -> None:
        """The comparison has ended: the next one is announced, even of the same people."""
        self._announced = ""


def sentence_of(first: Compared, second: Compared) -> str:
    """Who is likely older, and with which probability."""
    probability = probability_older(first.estimate.distribution, second.estimate.distribution)
    percent = round(100 * max(probability, 1 - probability))
    if percent == 50:
        return Text.EQUALLY_OLD()
    name = first.name if probability > 0.5 else second.name
    shown = "> 99" if max(probability, 1 - probability) >= _SURE else str(percent)
    return Text.LIKELY_OLDER(name=name, percent=shown)


def _line(compared: Compared) -> str:
    face = compared.estimate.face
    return f"{compared.name}: {face.age:.0f} ({face.age_low:.0f}\N{EN DASH}{face.age_high:.0f})"


def _escaped(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
