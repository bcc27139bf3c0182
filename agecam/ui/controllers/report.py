"""Saves a report about the open video, or about the pictures of the list, as a page or as PDF."""

import logging
import threading
from collections.abc import Callable
from datetime import datetime
from pathlib import Path

from PySide6.QtCore import QObject, Qt, Signal
from PySide6.QtGui import QAction
from PySide6.QtWidgets import QFileDialog, QWidget

from agecam.errors import AgeCamError
from agecam.live.caught import caught
from agecam.models.store import weights_sha256
from agecam.outputs.report import check_report_path, is_pdf
from agecam.outputs.report.content import Film, Report
from agecam.outputs.report.films import film_of
from agecam.outputs.report.html import html_page
from agecam.outputs.report.pictures import Pictures
from agecam.outputs.report.words import Words
from agecam.outputs.stills import safe_stem
from agecam.overlay import OverlayStyle
from agecam.runtime.files import write_whole
from agecam.timeline import Timeline
from agecam.types import Frame, FrameResult
from agecam.ui.controllers.picture import PictureController, PictureParts
from agecam.ui.messages import Text, translate, translated

log = logging.getLogger(__name__)


class ReportController(QObject):
    """Collects what is seen, and saves reports on a thread of its own."""

    _ended = Signal(object)
    """The Path of the file, or the AgeCamError for which there is none."""

    def __init__(
        self,
        parts: PictureParts,
        picture: PictureController,
        timeline: Callable[[], Timeline],
        action: QAction,
        parent: QWidget,
    ) -> None:
        """`timeline` returns that of the open source."""
        super().__init__(parent)
        self._session, self._saver, self._settings = parts.session, parts.saver, parts.settings
        self._toast, self._picture, self._window = parts.video.toast, picture, parent
        self._pictures = Pictures()
        self._timeline = timeline
        self._thread: threading.Thread | None = None
        action.triggered.connect(lambda: self._ask())
        picture.shown.connect(self._note_marks)
        self._ended.connect(self._show_end, Qt.ConnectionType.QueuedConnection)

    def add(self, frame: Frame, result: FrameResult) -> None:
        """Note a result, without hidden faces; called on the inference thread."""
        if frame.still:
            self._pictures.add(frame, result)

    def reset(self, is_same_list: bool) -> None:
        """Another source is open; pictures are kept while it is of the same list."""
        if not is_same_list:
            self._pictures.reset()

    def save(self, path: Path) -> None:
        """Save the report; a message says how that ended."""
        style = self._saver.saved_style(self._settings.overlay_style())
        view = self._picture.view()
        if view is None:
            self._toast.show_message(Text.NOTHING_TO_EXPORT())
            return
        self._toast.show_message(Text.SAVING_REPORT())
        if self._thread is not None:
            return
        is_still, model = view.frame.still, self._settings.current.model
        name, end_s, timeline = view.frame.source, self._end_s(view.frame.time_s), self._timeline()

        def run() -> None:
            try:
                lanes = [] if is_still else timeline.lanes(style.blur_faces)
                films = () if is_still else (film_of(name, lanes, 0.0, end_s),)
                report = self._content(films, style, model)
                self._ended.emit(_write(path, report))
            except Exception as error:
                self._ended.emit(caught(error))

        self._thread = threading.Thread(target=run, name="report", daemon=True)
        self._thread.start()

    def finish(self, timeout_s: float) -> bool:
        """Wait for a report that is being saved, and return whether it is complete; for the end of the program."""
        thread = self._thread
        if thread is not None:
            thread.join(timeout_s)
        return thread is None or not thread.is_alive()

    def _end_s(self, time_s: float) -> float:
        """The end of the open source, of a live one so far, in seconds."""
        info = self._session.source_state.info
        return (info.duration_s if info is not None and not info.live else None) or time_s

    def _content(self, films: tuple[Film, ...], style: OverlayStyle, model: str) -> Report:
        left_out, left_out_faces = (0, 0) if films else self._pictures.left_out
        return Report(
            created=datetime.now(),
            model=model,
            sha256=weights_sha256(model),
            films=films,
            pictures=() if films else self._pictures.content(style),
            left_out=left_out,
            left_out_faces=left_out_faces,
            shows_gender=style.show_gender,
            blurred=style.blur_faces,
        )

    def _ask(self) -> None:
        view = self._picture.view()
        if view is None:
            self._toast.show_message(Text.NOTHING_TO_EXPORT())
            return
        folder = self._settings.current.saving_folder
        name = f"{safe_stem(Path(view.frame.source).stem)}-report.html"
        kinds = {f"{Text.WEB_PAGE()} (*.html)": ".html", "PDF (*.pdf)": ".pdf"}
        path, kind = QFileDialog.getSaveFileName(
            self._window, Text.SAVE_REPORT.plain(), str(folder / name), ";;".join(kinds)
        )
        if path:
            self.save(Path(path) if Path(path).suffix else Path(path + kinds.get(kind, ".html")))

    def _note_marks(self) -> None:
        view = self._picture.view()
        if view is None:
            return
        if view.frame.still:
            self._pictures.mark(view.frame, view.faces, view.hidden, view.blurred or ())

    def _show_end(self, end: Path | AgeCamError) -> None:
        self._thread = None
        if isinstance(end, Path):
            self._toast.show_message(Text.SAVED(name=end.name))
        else:
            log.error("%s", end)
            self._toast.show_message(translated(end))


def _write(path: Path, report: Report) -> Path:
    check_report_path(path)  # before the work
    words = Words(translate)
    if is_pdf(path):
        from agecam.ui.system.pdf import pdf_document

        return write_whole(path, pdf_document(report, words))
    return write_whole(path, html_page(report, words))
