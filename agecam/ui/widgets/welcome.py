"""The first choices, below the picture of the first start."""

from collections.abc import Callable

from PySide6.QtCore import QEvent, QSize, Qt, Signal
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QHBoxLayout, QLabel, QSizePolicy, QToolButton, QVBoxLayout, QWidget

from agecam.runtime.settings import Settings
from agecam.ui.actions import Actions
from agecam.ui.messages import Text
from agecam.ui.theme import icon

_ICON = QSize(28, 28)
_WIDEST_PX = 250
"""Of a button."""
_STYLE = """
QToolButton { border: 2px solid rgba(128, 128, 128, 90); border-radius: 8px; padding: 8px 6px; }
QToolButton:hover { background: rgba(128, 128, 128, 50); }
QToolButton:pressed { background: rgba(128, 128, 128, 100); }
QToolButton:focus { border-color: palette(highlight); }
"""


class Welcome(QWidget):
    """Three large buttons and what becomes of the pictures. Shown once, until a source is chosen."""

    camera_wanted = Signal()

    def __init__(self, actions: Actions, settings: Callable[[], Settings], parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._settings = settings
        self.setStyleSheet(_STYLE)
        self.camera = _button(Text.CHOOSE_CAMERA(), self)
        self.files = _button(Text.CHOOSE_FILES(), self)
        self.demo = _button(Text.WATCH_DEMO(), self)
        self.camera.clicked.connect(self.camera_wanted)
        self.files.clicked.connect(actions.open_file.trigger)
        self.demo.clicked.connect(actions.open_demo.trigger)
        row = QHBoxLayout()
        row.setSpacing(10)
        row.addStretch(1)
        for button in (self.camera, self.files, self.demo):
            row.addWidget(button, stretch=100)
        row.addStretch(1)
        self.promise = QLabel(Text.STAYS_HERE(), self, alignment=Qt.AlignmentFlag.AlignCenter)
        self._content = QWidget(self)
        rows = QVBoxLayout(self._content)
        rows.setContentsMargins(14, 12, 14, 10)
        rows.setSpacing(8)
        rows.addLayout(row)
        rows.addWidget(self.promise)
        outer = QVBoxLayout(self)
        outer.setContentsMargins(0, 0, 0, 0)
        outer.addWidget(self._content)
        self.setMinimumSize(1, 1)  # the picture comes first: in a low window there is no room for this
        self._draw_icons()
        self.hide()

    def begin(self) -> None:
        """Show the choices, unless they were shown at an earlier start."""
        if not self._settings().welcomed:
            self._settings().welcomed = True
            self.show()

    def changeEvent(self, event: QEvent) -> None:  # noqa: N802, D102
        super().changeEvent(event)
        if event.type() == QEvent.Type.PaletteChange and hasattr(self, "demo"):
            self._draw_icons()

    def resizeEvent(self, event: QResizeEvent) -> None:  # noqa: N802, D102
        super().resizeEvent(event)
        self._content.setVisible(self.height() >= self._content.minimumSizeHint().height())

    def _draw_icons(self) -> None:
        for button, name in ((self.camera, "camera"), (self.files, "file"), (self.demo, "play")):
            button.setIcon(icon(name, self))


def _button(text: str, parent: QWidget) -> QToolButton:
    button = QToolButton(parent)
    button.setText(text)
    button.setToolTip(text)
    button.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextUnderIcon)
    button.setIconSize(_ICON)
    button.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)
    button.setMaximumWidth(_WIDEST_PX)
    button.setFocusPolicy(Qt.FocusPolicy.TabFocus)
    return button
