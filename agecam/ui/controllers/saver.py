"""Saves screenshots, recordings and results, and copies the picture to the clipboard."""

import logging
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
from PySide6.QtCore import QUrl
from PySide6.QtGui import QDesktopServices, QGuiApplication, QImage

from agecam.errors import AgeCamError
from agecam.live.history import ResultHistory
from agecam.live.recording import Recording
from agecam.live.screenshot import SavingOptions, composed, save_screenshot, stamped_name
from agecam.live.view import View
from agecam.outputs.results import CsvWriter, csv_rows
from agecam.overlay import OverlayStyle, Placer
from agecam.runtime.settings import Settings
from agecam.types import FrameResult
from agecam.ui.messages import Text, translated
from agecam.ui.widgets.video_view import Toast

log = logging.getLogger(__name__)


class Saver:
    """Saves what the window shows, and reports success or failure in a toast."""

    def __init__(self, toast: Toast, settings: Callable[[], Settings], wake: Callable[[], None]) -> None:
        """`wake` is called on another thread when `refresh` has something to report."""
        self._toast = toast
        self._settings = settings
        self._results = ResultHistory()
        """As CSV rows."""
        self.recording: Recording | None = None
        """The running one."""
        self._finishing: list[Recording] = []
        self._wake = wake

    def add_result(self, result: FrameResult) -> None:
        """Keep a result in memory for the export; called on the inference thread."""
        if result.faces:
            self._results.add(csv_rows(result))

    def screenshot(self, view: View | None, style: OverlayStyle, is_camera: bool) -> list[Path]:
        """Save a screenshot; returns the written files."""
        if view is None:
            self._toast.show_message(Text.NOTHING_TO_SAVE())
            return []
        settings = self._settings()
        options = SavingOptions(
            mirror=self.mirrors(is_camera),
            clean=settings.save_clean,
            blur=settings.save_blurred,
            json=settings.save_json,
        )
        try:
            written = save_screenshot(settings.saving_folder, view, style, options)
        except AgeCamError as error:
            self._report(error)
            return []
        self._toast.show_message(Text.SAVED(name=written[0].name), Text.OPEN(), self.open_folder)
        return written

    def copy(self, view: View | None, style: OverlayStyle, is_camera: bool) -> None:
        """Put the annotated picture on the clipboard."""
        if view is None:
            self._toast.show_message(Text.NOTHING_TO_SAVE())
            return
        picture = np.ascontiguousarray(composed(view, self.saved_style(style), self.mirrors(is_camera)))
        height, width = picture.shape[:2]
        image = QImage(picture.data, width, height, picture.strides[0], QImage.Format.Format_BGR888).copy()
        QGuiApplication.clipboard().setImage(image)
        self._toast.show_message(Text.COPIED())

    def start_recording(self, view: View | None, fps: float | None) -> bool:
        """Start a recording; returns whether it was started."""
        if view is None:
            self._toast.show_message(Text.NOTHING_TO_SAVE())
            return False
        width, height = view.frame.size
        path = self._settings().saving_folder / f"{stamped_name()}.mp4"
        try:
            self.recording = Recording(path, width, height, fps or 30.0, self._wake)
        except AgeCamError as error:
            self._report(error)
            return False
        return True

    def record(self, view: View, style: OverlayStyle, is_camera: bool, placer: Placer | None = None) -> None:
        """Add a frame to the recording; `placer` keeps its labels steady."""
        if self.recording is None or self.recording.paused:
            return
        picture = composed(view, self.saved_style(style), self.mirrors(is_camera), placer)
        self.recording.put(picture, view.arrived_s)

    def stop_recording(self) -> None:
        """Stop the recording, if one is running; `refresh` reports its end."""
        recording, self.recording = self.recording, None
        if recording is not None:
            recording.stop()
            self._finishing.append(recording)
            self.refresh()

    def refresh(self) -> None:
        """Report recordings that have ended, by themselves or after `stop_recording`."""
        if self.recording is not None and self.recording.ended:
            self.stop_recording()
        for recording in [recording for recording in self._finishing if recording.ended]:
            self._finishing.remove(recording)
            self._report_end(recording)

    def finish(self, timeout_s: float) -> bool:
        """Stop the recording and wait until all files are complete; only for the end of the program.

        Returns whether they are. Errors are logged.
        """
        self.stop_recording()
        deadline = time.monotonic() + timeout_s
        is_complete = all(recording.wait(max(0.0, deadline - time.monotonic())) for recording in self._finishing)
        self.refresh()
        return is_complete

    def _report_end(self, recording: Recording) -> None:
        name = recording.path.name
        if recording.error is not None and recording.frames:
            log.error("%s", recording.error)
            sentence = Text.RECORDING_CUT(name=name, error=translated(recording.error))
            self._toast.show_message(sentence, Text.OPEN(), self.open_folder)
        elif recording.error is not None:
            self._report(recording.error)
        elif recording.frames:
            self._toast.show_message(Text.RECORDING_SAVED(name=name), Text.OPEN(), self.open_folder)
        else:
            self._toast.show_message(Text.RECORDING_EMPTY())

    def export_csv(self, path: Path) -> bool:
        """Write all results of this session; returns whether there were any and they could be written."""
        if not self._results:
            self._toast.show_message(Text.NOTHING_TO_EXPORT())
            return False
        try:
            writer = CsvWriter(path)
            try:
                for rows in self._results.texts():
                    writer.write_rows(rows)
                writer.close()
            finally:
                writer.discard()  # half an export is worth less than an earlier one
        except AgeCamError as error:
            self._report(error)
            return False
        self._toast.show_message(Text.SAVED(name=path.name))
        return True

    def open_folder(self) -> None:
        """Show the saved files in the system's file manager."""
        folder = self._settings().saving_folder
        while not folder.exists() and folder != folder.parent:
            folder = folder.parent
        QDesktopServices.openUrl(QUrl.fromLocalFile(str(folder)))

    def mirrors(self, is_camera: bool) -> bool:
        """Whether saved pictures of this source are mirrored."""
        settings = self._settings()
        return is_camera and settings.mirror_camera and settings.save_mirrored

    def saved_style(self, style: OverlayStyle) -> OverlayStyle:
        """The style of saved files, given that of the window."""
        return replace(style, blur_faces=style.blur_faces or self._settings().save_blurred)

    def _report(self, error: AgeCamError) -> None:
        log.error("%s", error)
        self._toast.show_message(translated(error))
