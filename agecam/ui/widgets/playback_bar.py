"""Playback controls for files: play, pause, step, seek, speed and repeat."""

from itertools import pairwise

from PySide6.QtCore import QSignalBlocker, Qt, Signal
from PySide6.QtGui import QAction, QMouseEvent, QResizeEvent
from PySide6.QtWidgets import QComboBox, QHBoxLayout, QLabel, QSlider, QStyle, QStyleOptionSlider, QToolButton, QWidget

from agecam.live.capture import CaptureState, Phase
from agecam.live.playback_clock import SPEEDS
from agecam.ui.actions import Actions
from agecam.ui.messages import Text
from agecam.ui.theme import BUTTON_STYLE

TICKS_PER_S = 100
_SLIDER_PX = 80
"""Room that the slider keeps."""
_SLIDER_STYLE = """
QSlider { min-height: 22px; }
QSlider::groove:horizontal { height: 4px; border-radius: 2px; background: rgba(128, 128, 128, 110); }
QSlider::sub-page:horizontal { height: 4px; border-radius: 2px; background: palette(highlight); }
QSlider::sub-page:horizontal:disabled { background: transparent; }
QSlider::handle:horizontal { width: 14px; margin: -5px 0; border-radius: 7px; background: palette(button-text); }
QSlider::handle:horizontal:disabled { background: rgba(128, 128, 128, 160); }
QSlider::handle:horizontal:focus { background: palette(highlight); }
"""
"""Qt's own groove can hardly be seen in a dark theme."""


class PlaybackBar(QWidget):
    """Bar with the playback controls, below the video."""

    sought = Signal(float)
    """Position in seconds from the start."""
    speed_chosen = Signal(float)

    def __init__(self, actions: Actions, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.slider = SeekSlider(self)
        self.slider.sought.connect(lambda ticks: self.sought.emit(ticks / TICKS_PER_S))
        self.time = QLabel(self)
        self.speed = QComboBox(self)
        self.speed.setAccessibleName(Text.SPEED().replace("&", ""))
        self.speed.setToolTip(self.speed.accessibleName())
        self.speed.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        for speed in SPEEDS:
            self.speed.addItem(f"{speed:g}\N{MULTIPLICATION SIGN}", speed)
        self.speed.setCurrentIndex(SPEEDS.index(1.0))
        self.speed.activated.connect(lambda index: self.speed_chosen.emit(SPEEDS[index]))
        row = QHBoxLayout(self)
        row.setContentsMargins(10, 4, 10, 6)
        for action in (actions.step_back, actions.play, actions.step):
            row.addWidget(_button(action, self))
        row.addWidget(self.slider, stretch=1)
        row.addWidget(self.time)
        row.addWidget(self.speed)
        row.addWidget(_button(actions.loop, self))
        self.mute = _button(actions.mute, self)
        """Hidden where the source has no sound."""
        self.mute.hide()
        row.addWidget(self.mute)
        self._row = row
        self.setMinimumWidth(1)  # it must not make the window wider
        items = [row.itemAt(position) for position in range(row.count())]
        widgets = [item.widget() for item in items if item is not None]
        with_focus = [widget for widget in widgets if widget is not None and widget is not self.time]
        for before, after in pairwise(with_focus):
            self.setTabOrder(before, after)  # from left to right
        self._buttons = [widget for widget in with_focus if isinstance(widget, QToolButton)]

    def resizeEvent(self, event: QResizeEvent) -> None:  # noqa: N802, D102
        super().resizeEvent(event)
        self._make_room()

    def _make_room(self) -> None:
        """In a narrow window, the list of speeds and then the time give way to the slider."""
        spacing = self._row.spacing()
        margins = self._row.contentsMargins()
        room = self.width() - margins.left() - margins.right() - _SLIDER_PX
        for button in self._buttons:
            room -= button.sizeHint().width() + spacing if not button.isHidden() else 0
        for widget in (self.time, self.speed):
            room -= max(widget.sizeHint().width(), widget.minimumWidth()) + spacing
            widget.setVisible(room >= 0)

    def choose_speed(self, speed: float) -> None:
        """Choose one of `SPEEDS`, as the user can in the list."""
        index = SPEEDS.index(speed)
        if index != self.speed.currentIndex():
            self.speed.setCurrentIndex(index)
            self.speed_chosen.emit(speed)

    def show_state(self, state: CaptureState) -> None:
        """Show the playback state."""
        duration_s = state.info.duration_s if state.info is not None else None
        self.slider.setEnabled(duration_s is not None)
        total_s = duration_s or 0.0
        with QSignalBlocker(self.slider):
            self.slider.setMaximum(max(1, round(total_s * TICKS_PER_S)))
            if not self.slider.isSliderDown():
                at_end = state.phase is Phase.ENDED
                self.slider.setValue(self.slider.maximum() if at_end else round(state.time_s * TICKS_PER_S))
        widest = "".join("0" if letter.isdigit() else letter for letter in clock(total_s))
        self.time.setMinimumWidth(self.fontMetrics().horizontalAdvance(f"{widest} / {widest}"))
        self._make_room()
        self.time.setText(f"{clock(min(state.time_s, total_s) if total_s else state.time_s)} / {clock(total_s)}")


class SeekSlider(QSlider):
    """Slider that jumps to where it is clicked; `sought` reports user actions only."""

    sought = Signal(int)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(Qt.Orientation.Horizontal, parent)
        self.setAccessibleName(Text.SEEK_BAR())
        self.setStyleSheet(_SLIDER_STYLE)
        self.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self.setSingleStep(5 * TICKS_PER_S)
        self.setPageStep(10 * TICKS_PER_S)
        self.sliderMoved.connect(self.sought)
        self.actionTriggered.connect(lambda _: self.sought.emit(self.sliderPosition()))

    def mousePressEvent(self, event: QMouseEvent) -> None:  # noqa: N802, D102
        option = QStyleOptionSlider()
        self.initStyleOption(option)
        handle = self.style().subControlRect(
            QStyle.ComplexControl.CC_Slider, option, QStyle.SubControl.SC_SliderHandle, self
        )
        if event.button() == Qt.MouseButton.LeftButton and not handle.contains(event.position().toPoint()):
            span = self.width() - handle.width()
            x = round(event.position().x() - handle.width() / 2)
            value = QStyle.sliderValueFromPosition(self.minimum(), self.maximum(), x, span)
            self.setSliderPosition(value)
            self.sought.emit(value)
        super().mousePressEvent(event)


def clock(seconds: float) -> str:
    """Format a time as `1:05` or `1:02:03`."""
    minutes, rest = divmod(max(0, int(seconds)), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02d}:{rest:02d}" if hours else f"{minutes}:{rest:02d}"


def _button(action: QAction, parent: QWidget) -> QToolButton:
    button = QToolButton(parent)
    button.setDefaultAction(action)
    button.setAutoRaise(True)
    button.setStyleSheet(BUTTON_STYLE)
    button.setFocusPolicy(Qt.FocusPolicy.TabFocus)
    return button
