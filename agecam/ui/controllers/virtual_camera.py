"""Shows the picture in calls: other programs see it as that of a camera."""

import logging
import threading

from PySide6.QtCore import QObject, Qt, QTimer, Signal
from PySide6.QtGui import QAction
from PySide6.QtWidgets import QWidget

from agecam.errors import AgeCamError
from agecam.live.calls import PERIOD_S, Calls, empty_picture, is_huge, picture_for_calls, reduced
from agecam.overlay import Placer
from agecam.types import Frame, Image
from agecam.ui.controllers.picture import PictureController, PictureParts
from agecam.ui.messages import Text, translated
from agecam.ui.system.announcement import announce
from agecam.vision.pyramid import half_of

log = logging.getLogger(__name__)

_STOP_S = 1.0
"""How long closing waits for the virtual camera."""


class VirtualCameraController(QObject):
    """Follows the action 'Show in calls'. The pictures are drawn as those of saved files."""

    _changed = Signal()
    """Something has changed on the showing's thread."""

    def __init__(
        self,
        parts: PictureParts,
        picture: PictureController,
        action: QAction,
        parent: QWidget,
    ) -> None:
        super().__init__(parent)
        self._session, self._saver, self._settings = parts.session, parts.saver, parts.settings
        self._video, self._is_camera = parts.video, parts.is_camera
        self._picture, self._action = picture, action
        self.calls: Calls | None = None
        """The running one."""
        self._last: Image | None = None
        self._reduced: tuple[Image, Image] | None = None
        """A huge picture, and what it was reduced to."""
        self._reducing: threading.Thread | None = None
        self._placer = Placer()
        self._is_outdated = False
        self._pause = QTimer(self, singleShot=True, interval=round(1000 * PERIOD_S))
        """While it runs, there is no need to draw again: the camera would not show it."""
        self._pause.timeout.connect(self._draw_if_outdated)
        self._patience = QTimer(self, interval=100)
        """Runs until the networks are loaded: two threads that load libraries at once may wait for each other."""
        self._patience.timeout.connect(self._begin_if_loaded)
        self._changed.connect(self._follow, Qt.ConnectionType.QueuedConnection)
        action.toggled.connect(self._switch)
        picture.shown.connect(self._draw)

    def close(self) -> bool:
        """Give the virtual camera back, and return whether that was possible in time."""
        calls, reducing = self.calls, self._reducing
        self._end()
        if reducing is not None:
            reducing.join(_STOP_S)
        return (calls is None or calls.stop(_STOP_S)) and (reducing is None or not reducing.is_alive())

    def _switch(self, on: bool) -> None:
        if not on:
            self._end()
        elif self._picture.view() is None:
            self._video.toast.show_message(Text.NOTHING_TO_SHOW())
            self._action.setChecked(False)
        else:
            self._patience.start()
            self._begin_if_loaded()

    def _begin_if_loaded(self) -> None:
        if self._session.loading:
            return
        self._patience.stop()
        self._placer.reset()
        view = self._picture.view()
        if view is None:  # it was closed meanwhile
            self._action.setChecked(False)
            return
        self._last = empty_picture(view.frame.image_bgr)
        self.calls = Calls(self._last, self._changed.emit)
        self._draw()

    def _end(self) -> None:
        self._patience.stop()
        calls, self.calls, self._last, self._reduced = self.calls, None, None, None
        if calls is not None:
            calls.stop()
        self._video.show_calls(None)

    def _follow(self) -> None:
        """Show how the showing goes; it may have ended by itself."""
        calls = self.calls
        if calls is None:
            self._reduced = None
            return
        if calls.ended:
            self._action.setChecked(False)
            if calls.error is not None:
                self._report(calls.error)
        elif calls.name is not None:
            status = Text.SHOWING_IN_CALLS(name=calls.name)
            if self._video.calls.isHidden():
                self._video.show_calls(status)
                announce(self._video, status)
            self._draw()

    def _report(self, error: AgeCamError) -> None:
        log.error("%s", error)
        self._video.toast.show_message(translated(error))

    # --- pictures --------------------------------------------------------------------------------------

    def _draw(self) -> None:
        """Draw what the window shows now, at most as often as the camera shows it."""
        if self.calls is None or self._last is None:
            return
        if self._pause.isActive():
            self._is_outdated = True
            return
        self._is_outdated = False
        self._pause.start()
        view = self._picture.view()
        if view is None:  # nothing of a closed source stays visible
            self._placer.reset()
            self._show(empty_picture(self._last))
        elif (small := self._small(view.frame)) is not None:
            style = self._saver.saved_style(self._settings.overlay_style())
            mirror = self._saver.mirrors(self._is_camera())
            self._show(picture_for_calls(view, style, mirror, self._placer, small))

    def _draw_if_outdated(self) -> None:
        if self._is_outdated:
            self._draw()

    def _show(self, image: Image) -> None:
        self._last = image
        if self.calls is not None:
            self.calls.show(image)

    def _small(self, frame: Frame) -> Image | None:
        """The picture not larger than the camera; None if that takes a while: then it is drawn later."""
        half = half_of(frame)
        image_bgr = frame.image_bgr if half is None else half
        if not is_huge(image_bgr):
            return reduced(image_bgr)
        if self._reduced is not None and self._reduced[0] is image_bgr:
            return self._reduced[1]
        if self._reducing is None:
            self._reducing = threading.Thread(target=self._reduce, args=(image_bgr,), name="reducing", daemon=True)
            self._reducing.start()
        return None

    def _reduce(self, image_bgr: Image) -> None:
        try:
            self._reduced = image_bgr, reduced(image_bgr)
        finally:
            self._reducing = None
        self._changed.emit()
