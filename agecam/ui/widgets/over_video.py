"""Messages over the video: the notice that stays, the toast that disappears, and plain labels."""

from collections.abc import Callable

from PySide6.QtCore import Qt, QTimer, Signal
from PySide6.QtWidgets import QFrame, QGridLayout, QHBoxLayout, QLabel, QPushButton, QVBoxLayout, QWidget

from agecam.ui.system.announcement import announce
from agecam.ui.widgets.notices import NoticeAction, NoticeContent

TOAST_MS = 4500
NOTICE_PX = 520
"""Width of the notice where there is room."""
_MARGIN_PX = 20
"""Of the notice, at both sides."""
OVERLAY_STYLE = """
QFrame#notice, QFrame#toast, QLabel#hud, QLabel#recording, QLabel#calls {
    background: rgba(20, 20, 22, 215); border-radius: 8px; }
QFrame#notice QLabel, QFrame#toast QLabel, QLabel#hud { color: #f4f4f5; }
QLabel#title { font-size: 16px; font-weight: 600; }
QLabel#step { color: #f4f4f5; background: rgba(20, 20, 22, 215); border-radius: 8px; font-size: 15px;
    padding: 10px 18px; }
QLabel#hud { font-family: monospace; font-size: 12px; padding: 8px 10px; }
QLabel#recording { color: #ff6b60; font-weight: 600; padding: 5px 10px; }
QLabel#calls { color: #7fd6a2; font-weight: 600; padding: 5px 10px; }
QFrame#notice QPushButton, QFrame#toast QPushButton {
    color: #f4f4f5; background: #3b3d44; border: 1px solid #5a5d66; border-radius: 5px; padding: 5px 12px; }
QFrame#notice QPushButton:hover, QFrame#toast QPushButton:hover { background: #4b4e57; }
QFrame#notice QPushButton:focus, QFrame#toast QPushButton:focus { border-color: #7db4ff; }
"""


class Notice(QFrame):
    """Message over the video that stays until its cause is gone, with buttons."""

    chosen = Signal(object)
    """The NoticeAction of the pressed button."""

    def __init__(self, parent: QWidget, place: Callable[[], None]) -> None:
        """`place` is called when the size has changed."""
        super().__init__(parent)
        self.setObjectName("notice")
        self._place = place
        self._content: NoticeContent | None = None
        self.title, self.text = QLabel(self), QLabel(self)
        self.title.setObjectName("title")
        for label in (self.title, self.text):
            label.setWordWrap(True)
            label.setTextFormat(Qt.TextFormat.PlainText)
        self.buttons = {action: QPushButton(action.value(), self) for action in NoticeAction}
        for action, button in self.buttons.items():
            button.clicked.connect(lambda _=False, action=action: self.chosen.emit(action))
        self._grid = QGridLayout()
        self._grid.setColumnStretch(0, 1)
        rows = QVBoxLayout(self)
        rows.setContentsMargins(_MARGIN_PX, 16, _MARGIN_PX, 16)
        rows.addWidget(self.title)
        rows.addWidget(self.text)
        rows.addSpacing(4)
        rows.addLayout(self._grid)
        self.hide()

    def show_content(self, content: NoticeContent | None) -> None:
        """Show a notice; None hides it."""
        if content == self._content:
            return
        self._content = content
        if content is None:
            self.hide()
            return
        self.title.setText(content.title)
        is_line = not content.text and not content.actions
        self.title.setAlignment(Qt.AlignmentFlag.AlignCenter if is_line else Qt.AlignmentFlag.AlignLeft)
        self.text.setText(content.text)
        self.text.setVisible(bool(content.text))
        for action, button in self.buttons.items():
            button.setVisible(action in content.actions)
        self.setAccessibleName(f"{content.title}. {content.text}")
        announce(self, self.accessibleName())
        self.show()
        self._place()

    def fit(self, width_px: int) -> None:
        """Take this width and the height that the content then needs; the buttons form as few rows as possible."""
        self.setFixedWidth(width_px)
        shown = [self.buttons[action] for action in self._content.actions] if self._content is not None else []
        for columns in range(len(shown), 0, -1):
            blank = -len(shown) % columns  # in the first row, since the last button is the one to press
            cells = [divmod(blank + index, columns) for index in range(len(shown))]
            widths = [
                max((button.sizeHint().width() for button, cell in zip(shown, cells, strict=True) if cell[1] == column))
                for column in range(columns)
            ]
            if columns == 1 or sum(widths) + self._grid.spacing() * columns <= width_px - 2 * _MARGIN_PX:
                for button, (row, column) in zip(shown, cells, strict=True):
                    self._grid.addWidget(button, row, column + 1)
                break
        self.adjustSize()


class Toast(QFrame):
    """Short message that disappears after a few seconds."""

    def __init__(self, parent: QWidget, place: Callable[[], None]) -> None:
        """`place` is called when the size has changed."""
        super().__init__(parent)
        self.setObjectName("toast")
        self._place = place
        self.text = QLabel(self)
        self.text.setTextFormat(Qt.TextFormat.PlainText)
        self.button = QPushButton(self)
        self.button.clicked.connect(self._act)
        self._action: object = None
        self._row = row = QHBoxLayout(self)
        row.setContentsMargins(16, 9, 12, 9)
        row.addWidget(self.text)
        row.addWidget(self.button)
        self._timer = QTimer(self, singleShot=True, interval=TOAST_MS)
        self._timer.timeout.connect(self.hide)
        self.hide()

    def show_message(self, text: str, button: str = "", action: object = None) -> None:
        """Show a message; `action` is called when its button is pressed."""
        self.text.setText(text)
        self.setAccessibleName(text)
        announce(self, text)
        self.button.setText(button)
        self.button.setVisible(bool(button))
        self._action = action
        self.show()
        self.raise_()
        self._place()
        self._timer.start()

    def fit(self, width_px: int) -> None:
        """Be no wider than this: a long text has several lines."""
        margins = self.contentsMargins() + self._row.contentsMargins()
        room = width_px - margins.left() - margins.right()
        room -= self.button.sizeHint().width() + self._row.spacing() if not self.button.isHidden() else 0
        self.text.setWordWrap(False)
        self.text.setMinimumWidth(0)
        needed = self.text.sizeHint().width()
        self.text.setWordWrap(needed > room)
        self.text.setFixedWidth(max(1, min(needed, room)))
        self.adjustSize()

    def _act(self) -> None:
        self.hide()
        if callable(self._action):
            self._action()


def overlay_label(parent: QWidget, name: str) -> QLabel:
    """Create a hidden label that lets clicks through."""
    label = QLabel(parent)
    label.setObjectName(name)
    label.setTextFormat(Qt.TextFormat.PlainText)
    label.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)
    label.hide()
    return label
