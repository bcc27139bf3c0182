"""The timeline below the playback bar: its lanes, and what analyses the whole video."""

from PySide6.QtCore import QPoint, Qt
from PySide6.QtWidgets import QHBoxLayout, QLabel, QProgressBar, QPushButton, QSizePolicy, QVBoxLayout, QWidget

from agecam.ui.messages import Text
from agecam.ui.widgets.playback_bar import PlaybackBar
from agecam.ui.widgets.timeline_lanes import LANE_PX, Scale
from agecam.ui.widgets.timeline_view import TimelineView

_SHARE = 0.25
"""Share of the window's height that the timeline takes at most."""
_VIDEO_PX = 200
"""Height that is left for the video; if there is less, the timeline gives way to it."""
_DIRECT = Qt.FindChildOption.FindDirectChildrenOnly
_MIN_LEFT_PX = 100
"""Room for a thumbnail and an age before the lanes."""


class TimelinePanel(QWidget):
    """Hidden unless a video is open."""

    def __init__(self, playback: PlaybackBar, parent: QWidget | None = None) -> None:
        """`playback` has the slider that the lanes are aligned with."""
        super().__init__(parent)
        self._playback = playback
        self.caption = QLabel(self)
        self.caption.setMinimumWidth(1)
        self.progress = QProgressBar(self)
        self.progress.setMaximumWidth(160)
        self.progress.setMaximumHeight(14)
        self.progress.setAccessibleName(Text.ANALYSE_WHOLE.plain())
        self.button = QPushButton(self)
        self.button.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self.view = TimelineView(self)
        head = QHBoxLayout()
        head.setContentsMargins(10, 0, 10, 2)
        head.addWidget(self.caption, stretch=1)
        head.addWidget(self.progress)
        head.addWidget(self.button)
        rows = QVBoxLayout(self)
        rows.setContentsMargins(0, 0, 0, 2)
        rows.setSpacing(0)
        rows.addLayout(head)
        rows.addWidget(self.view)
        self._rows = 0
        self.view.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.setMinimumSize(1, 1)  # the window may be made small
        self.show_progress(None)
        self.hide()

    def show_if(self, wanted: bool) -> bool:
        """Show the timeline if it is wanted and there is room for it in the window; returns whether it is shown."""
        below = self.parentWidget()
        centre = below.parentWidget() if below is not None else None
        if below is not None and centre is not None:
            beside = below.findChildren(QWidget, options=_DIRECT)
            taken = sum(widget.sizeHint().height() for widget in beside if widget is not self and not widget.isHidden())
            wanted &= centre.height() - taken - _VIDEO_PX >= self.sizeHint().height()
        self.setVisible(wanted)
        return wanted

    def show_progress(self, share: float | None, is_complete: bool = False) -> None:
        """Show how much of the video has been analysed, 0 to 1; None while nothing is being analysed."""
        self.progress.setVisible(share is not None)
        self.progress.setValue(round(100 * (share or 0.0)))
        self.button.setText(Text.STOP_ANALYSIS() if share is not None else Text.ANALYSE_WHOLE.plain())
        self.button.setVisible(share is not None or not is_complete)

    def fit(self, duration_s: float, window_height: int) -> None:
        """Align the lanes with the seek bar, and take as much of the window's height as they need and may have."""
        slider = self._playback.slider
        left = slider.mapToGlobal(QPoint(7, 0)).x() - self.view.mapToGlobal(QPoint(0, 0)).x()
        right = left + slider.width() - 14  # the middle of its handle reaches neither end
        room = self.view.viewport().width() - 6
        left = max(left, _MIN_LEFT_PX)
        self.view.set_scale(Scale(left, max(left + 20, min(right, room)), duration_s))
        most = max(1, int(_SHARE * window_height - self.button.sizeHint().height()) // LANE_PX)
        rows = min(max(1, len(self.view.lanes)), most)
        if rows != self._rows:
            self._rows = rows
            self.view.setFixedHeight(rows * LANE_PX + 4)
