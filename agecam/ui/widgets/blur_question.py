"""The question before the first recording: whether faces are visible in it."""

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QDialog, QDialogButtonBox, QLabel, QPushButton, QVBoxLayout, QWidget

from agecam.ui.messages import Text

_WIDTH_PX = 420


class BlurQuestion(QDialog):
    """Non-modal, so that the video goes on and can be used. Closing it is no answer."""

    answered = Signal(bool)
    """Whether to blur faces."""

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self.setWindowTitle(Text.RECORD.plain())
        self.text = QLabel(Text.ASK_TO_BLUR(), wordWrap=True, textFormat=Qt.TextFormat.PlainText)
        font = self.text.font()
        font.setBold(True)
        self.text.setFont(font)
        self.hint = QLabel(Text.ASK_TO_BLUR_LATER(), wordWrap=True, textFormat=Qt.TextFormat.PlainText)
        self.visible = QPushButton(Text.FACES_VISIBLE())
        self.blurred = QPushButton(Text.FACES_BLURRED())
        buttons = QDialogButtonBox(self)
        for button, blur in ((self.visible, False), (self.blurred, True)):
            buttons.addButton(button, QDialogButtonBox.ButtonRole.ActionRole)
            button.setAutoDefault(False)  # Return chooses only after Tab
            button.clicked.connect(lambda _=False, blur=blur: self.answered.emit(blur))
        rows = QVBoxLayout(self)
        rows.addWidget(self.text)
        rows.addWidget(self.hint)
        rows.addWidget(buttons)
        self.setFixedWidth(_WIDTH_PX)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setFocus()  # rather than the first button

    def keyPressEvent(self, event: QKeyEvent) -> None:  # noqa: N802, D102
        focused = self.focusWidget()
        if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter) and isinstance(focused, QPushButton):
            focused.click()
        else:
            super().keyPressEvent(event)
