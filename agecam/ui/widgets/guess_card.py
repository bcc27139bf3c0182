"""'Guess first': the question, the guess, and what the network says."""

from PySide6.QtCore import QEvent, Qt, Signal
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QHBoxLayout, QLabel, QPushButton, QSlider, QSpinBox, QVBoxLayout, QWidget

from agecam.live.guessing import Guess, Score
from agecam.types import AGE_CLASSES
from agecam.ui.messages import Text
from agecam.ui.system.announcement import announce
from agecam.ui.widgets.distribution_chart import DistributionChart, Series

_EMPTY = -1
"""The value of the field before anything is entered."""
_MIDDLE = 30
"""Where the arrow keys begin."""
_SLIDER_KEYS = {
    *(Qt.Key.Key_Left, Qt.Key.Key_Right, Qt.Key.Key_Up, Qt.Key.Key_Down),
    *(Qt.Key.Key_Home, Qt.Key.Key_End, Qt.Key.Key_PageUp, Qt.Key.Key_PageDown),
}


class GuessCard(QWidget):
    """Asks for one person's age at a time."""

    guessed = Signal(int)
    """The guess, in years."""
    edited = Signal()
    """The user has begun to enter an age."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.question = QLabel(self, wordWrap=True, textFormat=Qt.TextFormat.PlainText)
        self.question.setObjectName("question")
        self.question.setStyleSheet("QLabel#question { font-size: 15px; font-weight: 600; }")
        self.result = QLabel(self, wordWrap=True, textFormat=Qt.TextFormat.PlainText)
        self.slider = _Slider(self)
        self.field = _AgeField(self)
        self.reveal = QPushButton(Text.REVEAL(), self)
        self.reveal.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self.chart = DistributionChart(self)
        self.score = QLabel(self, wordWrap=True, textFormat=Qt.TextFormat.PlainText)
        self._number: int | None = None
        self._answered: Guess | None = None
        rows = QVBoxLayout(self)
        rows.setContentsMargins(10, 8, 10, 8)
        rows.setSpacing(6)
        rows.addWidget(self.question)
        self.entry = QWidget(self)
        entry = QVBoxLayout(self.entry)
        entry.setContentsMargins(0, 0, 0, 0)
        entry.addWidget(self.slider)
        line = QHBoxLayout()
        line.addWidget(self.field, stretch=1)
        line.addWidget(self.reveal, stretch=1)
        entry.addLayout(line)
        rows.addWidget(self.entry)
        rows.addWidget(self.result)
        rows.addWidget(self.chart)
        rows.addWidget(self.score)
        self.slider.valueChanged.connect(self._follow_slider)
        self.slider.sliderReleased.connect(lambda: self._follow_slider(self.slider.value()))  # it may not have moved
        self.field.valueChanged.connect(self._follow_field)
        self.field.entered.connect(self._reveal)
        self.reveal.clicked.connect(self._reveal)
        self.show_nobody()
        self.show_score(Score())

    @property
    def number(self) -> int | None:
        """The number of the person who is asked about; None for no one."""
        return self._number

    def ask(self, number: int) -> None:
        """Ask for a person's age; what has been entered for them stays."""
        if number == self._number and self._answered is None:
            return
        self._number, self._answered = number, None
        text = Text.HOW_OLD(number=number)
        self.question.setText(text)
        self.entry.show()
        self._hide_answer()
        self._clear_entry()
        self.field.setAccessibleName(text)
        self.slider.setAccessibleName(text)
        announce(self, text)

    def show_answer(self, guess: Guess) -> None:
        """Show a guess beside the network's estimate."""
        if guess is self._answered:
            return
        self._number, self._answered = guess.number, guess
        face = guess.face
        values = {"age": f"{face.age:.0f}", "low": f"{face.age_low:.0f}", "high": f"{face.age_high:.0f}"}
        inside = Text.GUESS_INSIDE if guess.is_inside else Text.GUESS_OUTSIDE
        answer, result = Text.GUESS_ANSWER(**values), inside(guess=guess.years, years=f"{guess.off_years:.0f}")
        text = f"{answer}. {result}"
        self.question.setText(answer)
        self.result.setText(result)
        self.result.show()
        self.entry.hide()
        series = Series(face.age_distribution, face.age, face.age_low, face.age_high, guess.number)
        self.chart.show_series([series], guess.years, text)
        self.chart.show()
        announce(self, text)

    def show_nobody(self) -> None:
        """Nobody is asked about: nobody is in view, or several people are and one must be chosen."""
        self._number = self._answered = None
        self.question.setText(Text.CHOOSE_TO_GUESS())
        self.entry.hide()
        self._hide_answer()

    def show_score(self, score: Score) -> None:
        """Show how good the guesses are so far."""
        self.score.setVisible(score.count > 0)
        self.score.setText(
            Text.GUESS_SCORE(off=f"{score.off_years:.1f}", count=score.count, inside=score.inside)
            if score.count > 1
            else Text.GUESS_SCORE_FIRST(off=f"{score.off_years:.0f}", inside=score.inside)
        )

    def take_focus(self) -> None:
        """Let the user type an age at once."""
        if not self.entry.isHidden():
            self.field.setFocus(Qt.FocusReason.OtherFocusReason)
            self.field.selectAll()

    def _hide_answer(self) -> None:
        self.result.hide()
        self.chart.hide()

    def _clear_entry(self) -> None:
        for widget, value in ((self.field, _EMPTY), (self.slider, (AGE_CLASSES - 1) // 2)):
            widget.blockSignals(True)
            widget.setValue(value)
            widget.blockSignals(False)
        self.reveal.setEnabled(False)

    def _follow_slider(self, years: int) -> None:
        self.field.setValue(years)

    def _follow_field(self, years: int) -> None:
        self.reveal.setEnabled(years != _EMPTY)
        if years != _EMPTY:
            self.slider.blockSignals(True)
            self.slider.setValue(years)
            self.slider.blockSignals(False)
            self.edited.emit()

    def _reveal(self) -> None:
        if self._number is not None and self._answered is None and self.field.value() != _EMPTY:
            self.guessed.emit(self.field.value())


class _AgeField(QSpinBox):
    """An age from 0 to 100, empty at first."""

    entered = Signal()
    """The user has pressed the Enter key."""

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self.setRange(_EMPTY, AGE_CLASSES - 1)
        self.setSpecialValueText(" ")
        self.setValue(_EMPTY)

    def stepBy(self, steps: int) -> None:  # noqa: N802
        if self.value() == _EMPTY:
            self.setValue(_MIDDLE)
        elif self.value() + steps > _EMPTY:
            super().stepBy(steps)

    def keyPressEvent(self, event: QKeyEvent) -> None:  # noqa: N802
        super().keyPressEvent(event)
        if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            self.entered.emit()


class _Slider(QSlider):
    """Takes the arrow keys for itself, which otherwise move in the video."""

    def __init__(self, parent: QWidget) -> None:
        super().__init__(Qt.Orientation.Horizontal, parent)
        self.setRange(0, AGE_CLASSES - 1)
        self.setPageStep(5)

    def event(self, event: QEvent) -> bool:
        if not isinstance(event, QKeyEvent) or event.type() != QEvent.Type.ShortcutOverride:
            return super().event(event)
        if event.key() not in _SLIDER_KEYS or event.modifiers() != Qt.KeyboardModifier.NoModifier:
            return super().event(event)
        event.accept()
        return True
