"""The photo booth: a countdown, four shots, and a collage that is saved."""

import logging
from datetime import datetime
from functools import partial

from PySide6.QtCore import QEvent, QFile, QObject, Qt, QTimer, Signal
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QWidget

from agecam.errors import AgeCamError
from agecam.live.booth import SHOTS, STEPS, BoothPicture, BoothWorker, Outcome, roughly_reduced, saved_collage, shot_of
from agecam.live.calls import is_huge, picture_for_calls, reduced
from agecam.live.screenshot import stamped_name
from agecam.overlay import Placer
from agecam.types import Image
from agecam.ui.actions import Actions
from agecam.ui.controllers.picture import PictureController, PictureParts
from agecam.ui.messages import Text, translated
from agecam.ui.system.announcement import announce
from agecam.ui.widgets.booth_overlay import BoothOverlay
from agecam.ui.widgets.booth_strip import BoothStrip

log = logging.getLogger(__name__)

STEP_MS = 1000
"""How long a figure of the countdown is shown."""


class BoothController(QObject):
    """Follows the action 'Photo booth'. `Escape`, or the action again, cancels a run."""

    _done = Signal(int, object)
    """The number of a run, and what a task of it has made; emitted on the booth's thread."""

    def __init__(
        self, parts: PictureParts, picture: PictureController, actions: Actions, strip: BoothStrip, parent: QWidget
    ) -> None:
        super().__init__(parent)
        self._video, self._saver, self._settings = parts.video, parts.saver, parts.settings
        self._is_camera, self._picture, self._window, self.strip = parts.is_camera, picture, parent, strip
        self.overlay = BoothOverlay(self._video)
        self._worker = BoothWorker(self._done.emit)
        self._run = 0
        self._step: int | None = None
        """Position in `STEPS`; None while the booth is not running."""
        self._images: list[Image] = []
        self._are_blurred: list[bool] = []
        self._stem = ""
        self._timer = QTimer(self, singleShot=True)
        self._timer.timeout.connect(self._advance)
        self._done.connect(self._show_outcome, Qt.ConnectionType.QueuedConnection)
        actions.booth.triggered.connect(lambda: self.cancel() if self.is_running else self.start())
        strip.remove_wanted.connect(self._remove)
        strip.failed.connect(self._report)
        picture.listed.connect(lambda: strip.set_blurred(self._settings.current.blur_faces))

    @property
    def is_running(self) -> bool:
        """Whether the countdown is running."""
        return self._step is not None

    def start(self) -> None:
        """Begin with the countdown."""
        if self._picture.view() is None:
            self._video.toast.show_message(Text.NOTHING_TO_SAVE())
            return
        self._run += 1
        self._images, self._are_blurred = [], []
        self._stem = f"{stamped_name()}_booth"
        self._window.installEventFilter(self)
        self._show_step(0)

    def cancel(self) -> None:
        """End the run; its shots are discarded."""
        if not self.is_running:
            return
        self._end()
        self.overlay.cancel()
        self._images = []
        self._run += 1  # what its tasks still make belongs to no run
        for picture in self.strip.pictures:
            if picture.path is None and picture.stem.startswith(f"{self._stem}-"):
                self.strip.remove(picture)
        self._video.toast.show_message(Text.BOOTH_CANCELLED())

    def close(self, timeout_s: float) -> bool:
        """End the run and wait for the collage that is being saved; returns whether it is complete."""
        if self.is_running:
            self._end()
        self.strip.close_viewer()
        self.strip.clear()
        return self._worker.finish(timeout_s)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:  # noqa: N802, D102
        if not isinstance(event, QKeyEvent) or event.type() != QEvent.Type.ShortcutOverride:
            return False
        if event.key() != Qt.Key.Key_Escape or not self.is_running:
            return False
        event.accept()  # otherwise it would also leave full screen
        self.cancel()
        return True

    # --- the course ------------------------------------------------------------------------------------

    def _show_step(self, index: int) -> None:
        self._step = index
        step = STEPS[index]
        self.overlay.show_figure(step.figure, len(self._images), SHOTS)
        announce(self._video, str(step.figure))
        self._timer.start(STEP_MS)

    def _advance(self) -> None:
        if self._step is None:
            return
        step = STEPS[self._step]
        try:
            is_taken = step.figure > 1 or self._take(step.shot)
        except Exception:
            self._end()
            raise
        if not is_taken:
            self.cancel()  # the source was closed
            return
        if self._step + 1 < len(STEPS):
            self._show_step(self._step + 1)
        else:
            self._end()
            self._save()

    def _take(self, number: int) -> bool:
        """Take a shot as screenshots are, though not larger than Full HD; returns whether there was a picture."""
        view = self._picture.view()
        if view is None:
            return False
        style = self._saver.saved_style(self._settings.overlay_style())
        whole = view.frame.image_bgr
        small = reduced(roughly_reduced(whole) if is_huge(whole) else whole)
        image = picture_for_calls(view, style, self._saver.mirrors(self._is_camera()), Placer(), small)
        self._images.append(image)
        self._are_blurred.append(style.blur_faces)
        self._worker.put(self._run, partial(shot_of, image, f"{self._stem}-{number}", style.blur_faces))
        announce(self._video, Text.BOOTH_TAKEN(number=number, count=SHOTS))
        self.overlay.flash()
        return True

    def _end(self) -> None:
        self._step = None
        self._timer.stop()
        self._window.removeEventFilter(self)
        self.overlay.end()

    def _save(self) -> None:
        settings, images, self._images = self._settings.current, self._images, []
        self._worker.put(
            self._run,
            partial(
                saved_collage,
                settings.saving_folder,
                images,
                settings.booth_grid,
                self._stem,
                all(self._are_blurred),
                datetime.now(),
            ),
        )

    # --- the pictures ----------------------------------------------------------------------------------

    def _show_outcome(self, run: int, outcome: Outcome) -> None:
        if isinstance(outcome, AgeCamError):
            self._report(outcome)
        elif outcome.path is not None:
            self.strip.add(outcome, Text.BOOTH_COLLAGE(name=outcome.path.name))
            text = Text.SAVED_IN(name=outcome.path.name, folder=outcome.path.parent)
            self._video.toast.show_message(text, Text.OPEN(), self._saver.open_folder)
        elif run == self._run:  # it was not cancelled
            number = outcome.stem.rpartition("-")[2]
            self.strip.add(outcome, Text.BOOTH_SHOT(number=number, count=SHOTS))

    def _remove(self, picture: BoothPicture) -> None:
        path = picture.path
        if path is not None and path.exists():
            done = QFile.moveToTrash(str(path))
            if not (done[0] if isinstance(done, tuple) else done):
                self._video.toast.show_message(Text.CANNOT_DELETE(name=path.name, folder=path.parent))
                return
            self._video.toast.show_message(Text.MOVED_TO_TRASH(name=path.name))
        self.strip.remove(picture)

    def _report(self, error: AgeCamError) -> None:
        log.error("%s", error)
        self._video.toast.show_message(translated(error))
