"""The picture with its faces, scaled to fit or zoomed, with notices and messages over it."""

import cv2
import numpy as np
from PySide6.QtCore import QEvent, QPoint, QPointF, QRect, QSize, Qt, QTimer, Signal
from PySide6.QtGui import (
    QColor,
    QContextMenuEvent,
    QImage,
    QMouseEvent,
    QPainter,
    QPaintEvent,
    QResizeEvent,
    QWheelEvent,
)
from PySide6.QtWidgets import QApplication, QWidget

from agecam.types import Image, LargeImage, size_of, whole
from agecam.ui.messages import Text
from agecam.ui.widgets.face_overlay import FaceOverlay, Scene
from agecam.ui.widgets.over_video import NOTICE_PX, OVERLAY_STYLE, TOAST_MS, Notice, Toast, overlay_label
from agecam.ui.widgets.scaling import Scaler
from agecam.ui.widgets.viewport import Viewport

__all__ = ["TEXT_PX", "TOAST_MS", "Notice", "Toast", "VideoView"]

TEXT_PX = 13
"""Font size of labels, in device-independent pixels, unless the user has chosen another."""
_ZOOM_PER_NOTCH = 1.25
_NOTCH = 120
"""Angle of one notch of a mouse wheel, in eighths of a degree."""
_BACKGROUND = QColor(18, 19, 22)


class VideoView(QWidget):
    """Shows one picture at a time, letterboxed or zoomed."""

    clicked = Signal(object)
    """The number of the clicked face; None for a click elsewhere."""
    compared = Signal(object)
    """The number of the face that was clicked while `Ctrl` was held."""
    hovered = Signal(object)
    """The number of the face that is now under the pointer; None for no face."""
    menu_requested = Signal(object, QPoint)
    """The number of the face that was clicked with the right button, or None, and where on the screen."""
    double_clicked = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setMinimumSize(320, 200)
        self.setAttribute(Qt.WidgetAttribute.WA_OpaquePaintEvent)
        self.setMouseTracking(True)
        self.setAccessibleName(Text.VIDEO())
        self.setStyleSheet(OVERLAY_STYLE)
        self._picture: Image | LargeImage | None = None
        self._scaler: Scaler | None = None
        self._shown: tuple[QImage, QPointF] | None = None
        """The scaled visible part, and its top left corner in the widget."""
        self._small = np.empty((0, 0, 3), np.uint8)
        self._pixels: Image | None = None
        """Memory of the scaled part, which Qt does not copy."""
        self._scaling = (0, 0, 1, 1), (1, 1)
        """The part of the picture that is shown, and the size to which it is scaled."""
        self._refining = QTimer(self, singleShot=True, interval=0)
        """Runs while a huge picture is prepared for scaling; until then it is scaled roughly."""
        self._refining.timeout.connect(self._refine)
        self.viewport = Viewport()
        self.faces = FaceOverlay()
        self._text_px = TEXT_PX
        self._pressed_at: QPointF | None = None
        self._dragged_to: QPointF | None = None
        self.notice = Notice(self, self._place_overlays)
        self.toast = Toast(self, self._place_overlays)
        self.performance = overlay_label(self, "hud")
        self.recording = overlay_label(self, "recording")
        self.recording.setAccessibleName(Text.RECORDING())
        self.calls = overlay_label(self, "calls")
        self.step = overlay_label(self, "step")
        """The step before the first labels, in the middle of the picture."""

    def sizeHint(self) -> QSize:  # noqa: N802, D102
        return QSize(960, 540)

    # --- the picture -----------------------------------------------------------------------------------

    @property
    def has_picture(self) -> bool:
        """Whether a picture is displayed."""
        return self._picture is not None

    @property
    def picture(self) -> Image | None:
        """The displayed picture, mirrored if it is shown so, in its original size; boxes and labels are not in it."""
        if self._picture is None:
            return None
        image_bgr = whole(self._picture)
        return np.asarray(cv2.flip(image_bgr, 1), np.uint8) if self.viewport.mirrored else image_bgr

    def show_picture(
        self, picture: Image | LargeImage | None, scene: Scene | None = None, mirrored: bool = False
    ) -> None:
        """Show a picture with its faces; None clears the view.

        Args:
            picture: `(H, W, 3) uint8` BGR, or a large picture; must not be modified afterwards.
            scene: what lies over it.
            mirrored: whether to mirror it; texts are not.
        """
        is_new, before = picture is not self._picture, self.viewport
        self._picture = picture
        if is_new:
            self._scaler = None if picture is None else Scaler(picture)
        if picture is None:
            self.viewport = self.viewport.whole()
        self._fit(mirrored)
        self._arrange(scene or Scene())
        if is_new or before != self.viewport:
            self._scale()  # else only the faces have changed
        if self.underMouse() and self._dragged_to is None:
            self._hover(QPointF(self.mapFromGlobal(self.cursor().pos())))

    def set_text_px(self, text_px: int) -> None:
        """Set the font size of labels, in device-independent pixels."""
        if text_px != self._text_px:
            self._text_px = text_px
            self._arrange(self.faces.scene, steady=False)

    def light(self, chosen: int | None, hovered: int | None) -> None:
        """Emphasise the chosen person and the one pointed at, by number; their labels are always full."""
        if (chosen, hovered) != (self.faces.chosen, self.faces.hovered):
            self.faces.chosen, self.faces.hovered = chosen, hovered
            self._arrange(self.faces.scene)

    def picture_rect(self) -> QRect:
        """Rectangle of the whole picture in this widget; larger than it while zoomed."""
        if self._picture is None:
            return self.rect()
        left, top, width, height = self.viewport.place_of((0, 0, *self.viewport.picture))
        return QRect(round(left), round(top), max(1, round(width)), max(1, round(height)))

    # --- zooming and panning ---------------------------------------------------------------------------

    def reset_zoom(self) -> None:
        """Show the whole picture."""
        self._look(self.viewport.whole())

    def zoom(self, factor: float, at: QPointF | None = None) -> None:
        """Zoom around a point of this widget, by default its centre."""
        at = at or QPointF(self.rect().center())
        self._look(self.viewport.zoomed(factor, (at.x(), at.y())))

    def _look(self, viewport: Viewport) -> None:
        if viewport != self.viewport and self._picture is not None:
            self.viewport = viewport
            self._arrange(self.faces.scene, steady=False)
            self._scale()

    def wheelEvent(self, event: QWheelEvent) -> None:  # noqa: N802, D102
        notches = event.angleDelta().y() / _NOTCH
        if self._picture is not None and notches:
            self.zoom(_ZOOM_PER_NOTCH**notches, event.position())
            event.accept()

    # --- the pointer -----------------------------------------------------------------------------------

    def mousePressEvent(self, event: QMouseEvent) -> None:  # noqa: N802, D102
        if event.button() == Qt.MouseButton.LeftButton:
            self._pressed_at = event.position()

    def mouseMoveEvent(self, event: QMouseEvent) -> None:  # noqa: N802, D102
        point = event.position()
        if self._pressed_at is None:
            self._hover(point)
            return
        far = (point - self._pressed_at).manhattanLength() >= QApplication.startDragDistance()
        if self._dragged_to is None and far:
            self._dragged_to = self._pressed_at
            if self.viewport.zoom > 1:
                self.setCursor(Qt.CursorShape.ClosedHandCursor)
        if self._dragged_to is not None:
            moved = point - self._dragged_to
            self._dragged_to = point
            self._look(self.viewport.panned(moved.x(), moved.y()))

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:  # noqa: N802, D102
        if event.button() != Qt.MouseButton.LeftButton:
            return
        was_click = self._pressed_at is not None and self._dragged_to is None
        self._pressed_at = self._dragged_to = None
        self.unsetCursor()
        if was_click:
            number = self.faces.number_at(event.position())
            compares = number is not None and event.modifiers() & Qt.KeyboardModifier.ControlModifier
            (self.compared if compares else self.clicked).emit(number)
        self._hover(event.position())

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:  # noqa: N802, D102
        if event.button() == Qt.MouseButton.LeftButton:
            self.double_clicked.emit()

    def contextMenuEvent(self, event: QContextMenuEvent) -> None:  # noqa: N802, D102
        self.menu_requested.emit(self.faces.number_at(QPointF(event.pos())), event.globalPos())

    def leaveEvent(self, event: QEvent) -> None:  # noqa: N802, D102
        self._hover(None)

    def _hover(self, point: QPointF | None) -> None:
        number = None if point is None else self.faces.number_at(point)
        if number != self.faces.hovered:
            self.setCursor(Qt.CursorShape.ArrowCursor if number is None else Qt.CursorShape.PointingHandCursor)
            self.hovered.emit(number)

    # --- messages --------------------------------------------------------------------------------------

    def show_recording(self, seconds: float | None) -> None:
        """Show the recording mark with the elapsed time; None hides it."""
        self.recording.setVisible(seconds is not None)
        if seconds is not None:
            minutes, rest = divmod(int(seconds), 60)
            self.recording.setText(f"\N{BLACK CIRCLE} {minutes:02d}:{rest:02d}")
            self._place_overlays()

    def show_calls(self, text: str | None) -> None:
        """Show that the picture is shown in calls; None hides it."""
        self.calls.setVisible(text is not None)
        if text is not None:
            self.calls.setText(text)
            self._place_overlays()

    def show_performance(self, text: str | None) -> None:
        """Show the performance overlay; None hides it."""
        self.performance.setVisible(text is not None)
        if text is not None and text != self.performance.text():
            self.performance.setText(text)
            self._place_overlays()

    def show_step(self, text: str | None) -> None:
        """Name the step for which the picture has no labels yet; None hides it."""
        if text != (None if self.step.isHidden() else self.step.text()):
            self.step.setText(text or "")
            self.step.setVisible(text is not None)
            self._place_overlays()

    # --- painting --------------------------------------------------------------------------------------

    def paintEvent(self, event: QPaintEvent) -> None:  # noqa: N802, D102
        painter = QPainter(self)
        painter.fillRect(self.rect(), _BACKGROUND)
        if self._shown is not None:
            image, corner = self._shown
            painter.drawImage(corner, image)
            self.faces.paint(painter)
        painter.end()

    def event(self, event: QEvent) -> bool:  # noqa: D102
        if event.type() == QEvent.Type.DevicePixelRatioChange:
            self._arrange(self.faces.scene, steady=False)
            self._scale()
        return super().event(event)

    def resizeEvent(self, event: QResizeEvent) -> None:  # noqa: N802, D102
        if self._picture is not None:
            self._fit(self.viewport.mirrored)
            self._arrange(self.faces.scene, steady=False)
            self._scale()
        self._place_overlays()

    def _fit(self, mirrored: bool) -> None:
        size = size_of(self._picture) if self._picture is not None else (1, 1)
        self.viewport = self.viewport.fitted(size, (max(1, self.width()), max(1, self.height())), mirrored)

    def _arrange(self, scene: Scene, steady: bool = True) -> None:
        if not steady:
            scene = Scene(scene.faces, scene.style)
        self.faces.arrange(scene, self.viewport, self.font(), self._text_px, self.devicePixelRatioF())
        self.update()

    def _scale(self) -> None:
        """Scale the visible part to physical pixels with OpenCV, which takes 1 ms where QPainter takes 10 ms."""
        self.update()
        if self._scaler is None:
            self._shown = self._pixels = None
            return
        ratio = self.devicePixelRatioF()
        part = self.viewport.visible()
        left, top, width, height = (value * ratio for value in self.viewport.place_of(part))
        x0, y0, x1, y1 = part
        if self.viewport.mirrored:
            x0, x1 = self.viewport.picture[0] - x1, self.viewport.picture[0] - x0
        self._scaling = part, size = (x0, y0, x1, y1), (max(1, round(width)), max(1, round(height)))
        if self._scaler.is_ready(part, size):
            if self._small.shape[:2] != size[::-1]:
                self._small = np.empty((*size[::-1], 3), np.uint8)
            small = self._scaler.scaled(part, size, self._small)
        else:
            small = self._scaler.roughly_scaled(part, size)
            self._refining.start()
        # Qt copies pixels of this format to the screen as they are; nobody else writes to this array.
        self._pixels = pixels = np.asarray(cv2.cvtColor(small, cv2.COLOR_BGR2BGRA, self._pixels), np.uint8)
        if self.viewport.mirrored:
            cv2.flip(pixels, 1, pixels)
        image = QImage(pixels.data, pixels.shape[1], pixels.shape[0], pixels.strides[0], QImage.Format.Format_RGB32)
        image.setDevicePixelRatio(ratio)
        self._shown = image, QPointF(round(left) / ratio, round(top) / ratio)

    def _refine(self) -> None:
        if self._scaler is None:
            return
        self._scaler.work()
        if self._scaler.is_ready(*self._scaling):
            self._scale()
        else:
            self._refining.start()

    def _place_overlays(self) -> None:
        inner = self.rect().adjusted(14, 14, -14, -14)
        for overlay in (self.performance, self.recording, self.calls, self.step):
            overlay.adjustSize()
        self.toast.fit(inner.width())
        self.step.move(inner.center() - self.step.rect().center())
        self.performance.move(inner.topLeft())
        self.recording.move(inner.right() - self.recording.width(), inner.top())
        below = 0 if self.recording.isHidden() else self.recording.height() + 6
        self.calls.move(inner.right() - self.calls.width(), inner.top() + below)
        self.toast.move(inner.center().x() - self.toast.width() // 2, inner.bottom() - self.toast.height())
        self.notice.fit(min(NOTICE_PX, inner.width()))
        self.notice.move(inner.center().x() - self.notice.width() // 2, inner.center().y() - self.notice.height() // 2)
