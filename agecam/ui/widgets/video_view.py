"""The video, scaled to fit, with notices and messages over it."""

import cv2
import numpy as np
from PySide6.QtCore import QRect, QSize, Qt, QTimer, Signal
from PySide6.QtGui import QColor, QImage, QPainter, QPaintEvent, QResizeEvent
from PySide6.QtWidgets import QFrame, QGridLayout, QHBoxLayout, QLabel, QPushButton, QVBoxLayout, QWidget

from agecam.types import Image
from agecam.ui.messages import Text
from agecam.ui.widgets.notices import NoticeAction, NoticeContent

TOAST_MS = 4500
_NOTICE_PX = 520
_MARGIN_PX = 20
"""Of the notice, at both sides."""
_BACKGROUND = QColor(18, 19, 22)
_OVERLAY = """
QFrame#notice, QFrame#toast, QLabel#hud, QLabel#recording { background: rgba(20, 20, 22, 215); border-radius: 8px; }
QFrame#notice QLabel, QFrame#toast QLabel, QLabel#hud { color: #f4f4f5; }
QLabel#title { font-size: 16px; font-weight: 600; }
QLabel#loading { color: #f4f4f5; background: rgba(20, 20, 22, 215); border-radius: 8px; padding: 6px 12px; }
QLabel#hud { font-family: monospace; font-size: 12px; padding: 8px 10px; }
QLabel#recording { color: #ff6b60; font-weight: 600; padding: 5px 10px; }
QFrame#notice QPushButton, QFrame#toast QPushButton {
    color: #f4f4f5; background: #3b3d44; border: 1px solid #5a5d66; border-radius: 5px; padding: 5px 12px; }
QFrame#notice QPushButton:hover, QFrame#toast QPushButton:hover { background: #4b4e57; }
QFrame#notice QPushButton:focus, QFrame#toast QPushButton:focus { border-color: #7db4ff; }
"""


class VideoView(QWidget):
    """Shows one picture at a time, letterboxed."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setMinimumSize(320, 200)
        self.setAttribute(Qt.WidgetAttribute.WA_OpaquePaintEvent)
        self.setAccessibleName(Text.VIDEO())
        self.setStyleSheet(_OVERLAY)
        self._picture: Image | None = None
        self._shown: QImage | None = None
        self.notice = Notice(self)
        self.toast = Toast(self)
        self.performance = _overlay_label(self, "hud")
        self.recording = _overlay_label(self, "recording")
        self.recording.setAccessibleName(Text.RECORDING())
        self.loading = _overlay_label(self, "loading")
        self.loading.setText(Text.LOADING())

    def sizeHint(self) -> QSize:  # noqa: N802, D102
        return QSize(960, 540)

    @property
    def picture(self) -> Image | None:
        """The displayed picture with labels, in its original size."""
        return self._picture

    def show_picture(self, image_bgr: Image | None) -> None:
        """Show a picture, `(H, W, 3) uint8` BGR, which must not be modified afterwards; None clears the view."""
        self._picture = image_bgr
        self._shown = None if image_bgr is None else self._scaled(image_bgr)
        self.update()

    def picture_rect(self) -> QRect:
        """Rectangle of the picture in this widget."""
        if self._picture is None:
            return self.rect()
        height, width = self._picture.shape[:2]
        size = QSize(width, height).scaled(self.size(), Qt.AspectRatioMode.KeepAspectRatio)
        rect = QRect(0, 0, max(1, size.width()), max(1, size.height()))
        rect.moveCenter(self.rect().center())
        return rect

    def show_recording(self, seconds: float | None) -> None:
        """Show the recording mark with the elapsed time; None hides it."""
        self.recording.setVisible(seconds is not None)
        if seconds is not None:
            minutes, rest = divmod(int(seconds), 60)
            self.recording.setText(f"\N{BLACK CIRCLE} {minutes:02d}:{rest:02d}")
            self._place_overlays()

    def show_performance(self, text: str | None) -> None:
        """Show the performance overlay; None hides it."""
        self.performance.setVisible(text is not None)
        if text is not None and text != self.performance.text():
            self.performance.setText(text)
            self._place_overlays()

    def show_loading(self, loading: bool) -> None:
        """Show or hide the message that the networks are loading."""
        if loading is self.loading.isHidden():
            self.loading.setVisible(loading)
            self._place_overlays()

    def paintEvent(self, event: QPaintEvent) -> None:  # noqa: N802, D102
        painter = QPainter(self)
        painter.fillRect(self.rect(), _BACKGROUND)
        if self._shown is not None:
            painter.drawImage(self.picture_rect(), self._shown)
        painter.end()

    def resizeEvent(self, event: QResizeEvent) -> None:  # noqa: N802, D102
        if self._picture is not None:
            self._shown = self._scaled(self._picture)
        self._place_overlays()

    def _scaled(self, image_bgr: Image) -> QImage:
        """Scale to physical pixels with OpenCV, which takes 1 ms where QPainter takes 10 ms."""
        ratio = self.devicePixelRatioF()
        rect = self.picture_rect()
        size = (max(1, round(rect.width() * ratio)), max(1, round(rect.height() * ratio)))
        shrinks = size[0] < image_bgr.shape[1]
        if size != (image_bgr.shape[1], image_bgr.shape[0]):
            interpolation = cv2.INTER_AREA if shrinks else cv2.INTER_LINEAR
            image_bgr = np.asarray(cv2.resize(image_bgr, size, interpolation=interpolation), np.uint8)
        pixels = np.ascontiguousarray(image_bgr)
        image = QImage(pixels.data, size[0], size[1], pixels.strides[0], QImage.Format.Format_BGR888).copy()
        image.setDevicePixelRatio(ratio)
        return image

    def _place_overlays(self) -> None:
        inner = self.rect().adjusted(14, 14, -14, -14)
        for overlay in (self.performance, self.recording, self.loading, self.toast):
            overlay.adjustSize()
        self.loading.move(inner.left(), inner.bottom() - self.loading.height())
        self.performance.move(inner.topLeft())
        self.recording.move(inner.right() - self.recording.width(), inner.top())
        self.toast.move(inner.center().x() - self.toast.width() // 2, inner.bottom() - self.toast.height())
        self.notice.fit(min(_NOTICE_PX, inner.width()))
        self.notice.move(inner.center().x() - self.notice.width() // 2, inner.center().y() - self.notice.height() // 2)


class Notice(QFrame):
    """Message over the video that stays until its cause is gone, with buttons."""

    chosen = Signal(object)
    """The NoticeAction of the pressed button."""

    def __init__(self, parent: VideoView) -> None:
        super().__init__(parent)
        self.setObjectName("notice")
        self._view = parent
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
        self.text.setText(content.text)
        self.text.setVisible(bool(content.text))
        for action, button in self.buttons.items():
            button.setVisible(action in content.actions)
        self.setAccessibleName(f"{content.title}. {content.text}")
        self.show()
        self._view._place_overlays()

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

    def __init__(self, parent: VideoView) -> None:
        super().__init__(parent)
        self.setObjectName("toast")
        self._view = parent
        self.text = QLabel(self)
        self.text.setTextFormat(Qt.TextFormat.PlainText)
        self.button = QPushButton(self)
        self.button.clicked.connect(self._act)
        self._action: object = None
        row = QHBoxLayout(self)
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
        self.button.setText(button)
        self.button.setVisible(bool(button))
        self._action = action
        self.show()
        self.raise_()
        self._view._place_overlays()
        self._timer.start()

    def _act(self) -> None:
        self.hide()
        if callable(self._action):
            self._action()


def _overlay_label(parent: QWidget, name: str) -> QLabel:
    label = QLabel(parent)
    label.setObjectName(name)
    label.setTextFormat(Qt.TextFormat.PlainText)
    label.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)
    label.hide()
    return label
