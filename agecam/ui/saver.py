"""Screenshots, the clipboard, recording and the session's results: everything that leaves the window for a file."""

import logging
from collections import deque
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
from PySide6.QtCore import QUrl
from PySide6.QtGui import QDesktopServices, QGuiApplication, QImage

from agecam.errors import AgeCamError
from agecam.live.recording import Recording
from agecam.live.screenshot import SavingOptions, composed, save_screenshot, stamped_name
from agecam.live.session import View
from agecam.outputs.results import CsvWriter, csv_rows
from agecam.overlay import OverlayStyle
from agecam.runtime.settings import Settings
from agecam.types import FrameResult, Image
from agecam.ui.messages import Text, told
from agecam.ui.video_view import Toast

log = logging.getLogger(__name__)

MOST_RESULTS = 100_000
"""An hour at 30 a second; older ones give way."""


class Saver:
    """Saves what the window shows, and tells about it in the toast."""

    def __init__(self, toast: Toast, settings: Callable[[], Settings]) -> None:
        self._toast = toast
        self._settings = settings
        self._results: deque[str] = deque(maxlen=MOST_RESULTS)
        """As rows of CSV, which take a quarter of the memory."""
        self.recording: Recording | None = None

    def note(self, result: FrameResult) -> None:
        """Remember a result for the export, in memory only; called on the inference thread."""
        if result.faces:
            self._results.append(csv_rows(result))

    def screenshot(self, view: View | None, style: OverlayStyle, is_camera: bool) -> list[Path]:
        """Write the files of a screenshot."""
        if view is None:
            self._toast.tell(Text.NOTHING_TO_SAVE())
            return []
        settings = self._settings()
        options = SavingOptions(
            mirror=self._mirrors(is_camera),
            clean=settings.save_clean,
            blur=settings.save_blurred,
            json=settings.save_json,
        )
        try:
            written = save_screenshot(settings.saving_folder, view, style, options)
        except AgeCamError as error:
            self._fail(error)
            return []
        self._toast.tell(Text.SAVED(name=written[0].name), Text.OPEN(), self.open_folder)
        return written

    def copy(self, view: View | None, style: OverlayStyle, is_camera: bool) -> None:
        """Put the annotated picture on the clipboard."""
        if view is None:
            self._toast.tell(Text.NOTHING_TO_SAVE())
            return
        picture = np.ascontiguousarray(composed(view, self._saved_style(style), self._mirrors(is_camera)))
        height, width = picture.shape[:2]
        image = QImage(picture.data, width, height, picture.strides[0], QImage.Format.Format_BGR888).copy()
        QGuiApplication.clipboard().setImage(image)
        self._toast.tell(Text.COPIED())

    def start_recording(self, view: View | None, fps: float | None) -> bool:
        """Begin a recording; whether that was possible."""
        if view is None:
            self._toast.tell(Text.NOTHING_TO_SAVE())
            return False
        height, width = view.frame.image_bgr.shape[:2]
        path = self._settings().saving_folder / f"{stamped_name()}.mp4"
        try:
            self.recording = Recording(path, width, height, fps or 30.0)
        except AgeCamError as error:
            self._fail(error)
            return False
        return True

    def record(self, view: View, style: OverlayStyle, is_camera: bool, shown: Image) -> None:
        """The next frame of the recording; `shown` is the picture on the screen."""
        if self.recording is None:
            return
        if self.recording.error is not None:
            self.stop_recording()
            return
        wanted, mirror = self._saved_style(style), self._mirrors(is_camera)
        same = wanted == style and mirror == (is_camera and self._settings().mirror_camera)
        self.recording.put(shown if same else composed(view, wanted, mirror), view.arrived_s)

    def stop_recording(self) -> Path | None:
        """Complete the recording, if there is one."""
        recording, self.recording = self.recording, None
        if recording is None:
            return None
        path = recording.stop()
        if recording.error is not None:
            self._fail(recording.error)
        elif path is not None:
            self._toast.tell(Text.RECORDING_ENDED(name=path.name), Text.OPEN(), self.open_folder)
        return path

    def export_csv(self, path: Path) -> bool:
        """Write every result of this session; whether there was anything and it could be written."""
        results = self._results.copy()
        if not results:
            self._toast.tell(Text.NOTHING_TO_EXPORT())
            return False
        try:
            with CsvWriter(path) as writer:
                for rows in results:
                    writer.write_rows(rows)
        except AgeCamError as error:
            self._fail(error)
            return False
        self._toast.tell(Text.SAVED(name=path.name))
        return True

    def open_folder(self) -> None:
        """Show the saved files in the system's file manager."""
        folder = self._settings().saving_folder
        while not folder.exists() and folder != folder.parent:
            folder = folder.parent
        QDesktopServices.openUrl(QUrl.fromLocalFile(str(folder)))

    def _mirrors(self, is_camera: bool) -> bool:
        settings = self._settings()
        return is_camera and settings.mirror_camera and settings.save_mirrored

    def _saved_style(self, style: OverlayStyle) -> OverlayStyle:
        return replace(style, blur_faces=style.blur_faces or self._settings().save_blurred)

    def _fail(self, error: AgeCamError) -> None:
        log.error("%s", error)
        self._toast.tell(told(error))
