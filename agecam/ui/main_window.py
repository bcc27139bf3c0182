"""The window: shows what the session has, and turns what a person does into calls of the session."""

import logging
from collections.abc import Callable
from pathlib import Path

from PySide6.QtCore import QByteArray, QEvent, Qt, QTimer
from PySide6.QtGui import (
    QAction,
    QCloseEvent,
    QDragEnterEvent,
    QDropEvent,
    QKeySequence,
)
from PySide6.QtWidgets import (
    QDockWidget,
    QFileDialog,
    QMainWindow,
    QVBoxLayout,
    QWidget,
)

from agecam.errors import AgeCamError
from agecam.live import BuildEngine, LiveSession, Phase, View
from agecam.live.analyst import Judged
from agecam.live.people import People
from agecam.live.screenshot import composed
from agecam.runtime.settings import Settings, save_settings
from agecam.sources import CameraInfo, list_modes
from agecam.ui.actions import ICONS, build_actions
from agecam.ui.bridge import Bridge
from agecam.ui.choices import Choices
from agecam.ui.faces_panel import FacesPanel
from agecam.ui.garbage import GarbageCollector
from agecam.ui.help import Help
from agecam.ui.look import icon
from agecam.ui.menus import build_toolbar, fill_menu_bar
from agecam.ui.messages import Text
from agecam.ui.notices import hud_text
from agecam.ui.opener import Opener, OpenSpec, Recognise
from agecam.ui.playback_bar import PlaybackBar
from agecam.ui.saver import Saver
from agecam.ui.source_menu import ListModes, SourceMenu
from agecam.ui.teller import Teller
from agecam.ui.transport import Transport
from agecam.ui.video_view import VideoView
from agecam.ui.watch import CameraWatch

log = logging.getLogger(__name__)

PANEL_MS = 200
"""The panel and the figures change slowly enough to be read."""


class MainWindow(QMainWindow):
    """AgeCam's window."""

    def __init__(
        self,
        settings: Settings,
        settings_path: Path,
        build: BuildEngine,
        open_spec: OpenSpec,
        recognise: Recognise,
        cameras: Callable[[], list[CameraInfo]],
        modes: ListModes = list_modes,
        log_path: Path | None = None,
    ) -> None:
        """
        Args:
            build: builds the engine, on the inference thread.
            cameras: those connected now; called on a thread of its own.
            modes: what a camera offers.
            log_path: file that 'Open log file' shows.
        """
        super().__init__()
        self._settings_path = settings_path
        self._painted: View | None = None
        self._people = People()
        self._closed = False
        self.all_ended = True
        """After closing: whether every thread has."""

        self._garbage = GarbageCollector(self)
        self.setWindowTitle("AgeCam")
        self.setAcceptDrops(True)
        self.actions_ = build_actions(self)
        self.choices = Choices(settings, self.actions_, self)
        self.video = VideoView(self)
        self.playback = PlaybackBar(self.actions_.play, self.actions_.step, self.actions_.loop, self)
        self.panel = FacesPanel(self)
        self._lay_out()
        self.source_menu = SourceMenu(self.actions_, self.choices.now, modes, self)
        fill_menu_bar(self.menuBar(), self.source_menu, self.actions_)
        self._toolbar = build_toolbar(self, self.source_menu, self.actions_)
        self.saver = Saver(self.video.toast, self.choices.now)

        self.bridge = Bridge(self)
        self.bridge.woken.connect(self._refresh)
        self.session = LiveSession(build, self.choices.engine_options(), self.bridge.wake, self._take_judged)
        self.teller = Teller(self.session, self.video)
        self.transport = Transport(self.session, self.actions_, self.playback, self)
        self.help = Help(self.session, self.choices.now, self.actions_, self.video.toast, log_path, self)
        self.cameras = CameraWatch(cameras, self)
        self.source = Opener(
            open_spec,
            recognise,
            self.session,
            self.transport,
            self.source_menu,
            self.cameras,
            self.video.toast,
            self.choices.now,
            self,
        )
        self._slow = QTimer(self, interval=PANEL_MS)
        self._slow.timeout.connect(self._refresh_slowly)
        self._slow.start()
        self._connect()
        self._restore()
        self.teller.refresh(None)

    # --- what the session has --------------------------------------------------------------------------

    def _refresh(self) -> None:
        view = self.session.view()
        if view is not None and view is not self._painted:
            self._paint(view)
            self.source.check_size(view)
        self.teller.refresh(self.source.name)
        self._refresh_playback()

    def _paint(self, view: View) -> None:
        is_new = self._painted is None or view.number != self._painted.number
        self._painted = view
        picture = composed(view, self.choices.style(), self._mirrors())
        self.video.show_picture(picture)
        if is_new:
            self.saver.record(view, self.choices.style(), self.source.is_camera, picture)
            self.session.painted(view)

    def _show_anew(self) -> None:
        """Another style or another way round: the same view."""
        if (view := self.session.view()) is not None:
            self.video.show_picture(composed(view, self.choices.style(), self._mirrors()))
        self._refresh_slowly()

    def _use_choices(self) -> None:
        self.session.use(self.choices.engine_options())
        self._show_anew()

    def _refresh_slowly(self) -> None:
        if self.choices.settings.show_panel:
            self.panel.show_people(self._people.in_view(), self.choices.settings.show_gender)
        self.video.show_hud(hud_text(self.session.figures()) if self.choices.settings.show_hud else None)
        recording = self.saver.recording
        self.video.show_recording(recording.seconds if recording is not None else None)
        if recording is not None and recording.error is not None:
            self.actions_.record.setChecked(False)
        self.teller.refresh(self.source.name)
        self._refresh_playback()

    def _refresh_playback(self) -> None:
        self.transport.refresh(is_file=self.source.is_file)

    def _take_judged(self, judged: Judged) -> None:
        """On the inference thread."""
        self._people.update(judged.task.frame, judged.result)
        self.saver.note(judged.result)

    # --- sources ---------------------------------------------------------------------------------------

    def open(self, spec: str, remember: bool = True) -> None:
        """Open what a person names."""
        self.source.open(spec, remember)
        self._refresh()

    def open_first(self) -> None:
        """The first camera; without one, the demo, until a camera comes."""
        self.source.open_first()
        self._refresh()

    def close_source(self) -> None:
        """Let go of the source."""
        self.source.close()
        self._refresh()

    def _begin_anew(self) -> None:
        """Another source, or none: nothing of the last one stays."""
        self.video.toast.hide()
        self.actions_.record.setChecked(False)  # what became of the recording is told
        self._painted = None
        self._people.reset()
        self.panel.show_people([])
        self.video.show_picture(None)
        name = self.source.name
        self.setWindowTitle(f"{name} \N{EN DASH} AgeCam" if name is not None else "AgeCam")

    def _mirrors(self) -> bool:
        return self.source.is_camera and self.choices.settings.mirror_camera

    def dragEnterEvent(self, event: QDragEnterEvent) -> None:  # noqa: N802, D102
        if event.mimeData().hasUrls():
            event.acceptProposedAction()

    def dropEvent(self, event: QDropEvent) -> None:  # noqa: N802, D102
        for url in event.mimeData().urls()[:1]:
            event.acceptProposedAction()
            self.open(url.toLocalFile() if url.isLocalFile() else url.toString())

    # --- saving ----------------------------------------------------------------------------------------

    def take_screenshot(self) -> list[Path]:
        """What the key S does."""
        return self.saver.screenshot(self.session.view(), self.choices.style(), self.source.is_camera)

    def _record(self, on: bool) -> None:
        if on:
            info = self.session.source_state.info
            if not self.saver.start_recording(self.session.view(), info.fps if info is not None else None):
                self.actions_.record.setChecked(False)
        elif self.saver.recording is not None:
            self.saver.stop_recording()
        self.actions_.record.setIcon(icon("stop" if self.saver.recording is not None else "record", self))
        self._refresh_slowly()

    def _export_csv(self) -> None:
        suggestion = str(self.choices.settings.saving_folder / "agecam-results.csv")
        path, _ = QFileDialog.getSaveFileName(self, Text.EXPORT_CSV.plain(), suggestion, f"{Text.CSV_FILES()} (*.csv)")
        if path:
            self.saver.export_csv(Path(path) if Path(path).suffix else Path(f"{path}.csv"))

    def _set_full_screen(self, on: bool) -> None:
        self.setWindowState(
            self.windowState() | Qt.WindowState.WindowFullScreen
            if on
            else self.windowState() & ~Qt.WindowState.WindowFullScreen
        )
        for part in (self.menuBar(), self._toolbar):
            part.setVisible(not on)

    def details(self) -> str:
        """What helps somebody who wants to help; no password is among it."""
        return self.help.details(self.source.name)

    # --- the window itself -----------------------------------------------------------------------------

    def _lay_out(self) -> None:
        centre = QWidget(self)
        rows = QVBoxLayout(centre)
        rows.setContentsMargins(0, 0, 0, 0)
        rows.setSpacing(0)
        rows.addWidget(self.video, stretch=1)
        rows.addWidget(self.playback)
        self.setCentralWidget(centre)
        self._dock = QDockWidget(Text.SHOW_PANEL.plain(), self)
        self._dock.setObjectName("people")
        self._dock.setWidget(self.panel)
        self._dock.setFeatures(QDockWidget.DockWidgetFeature.DockWidgetMovable)
        self.addDockWidget(Qt.DockWidgetArea.RightDockWidgetArea, self._dock)
        self.resize(1240, 720)

    def _connect(self) -> None:
        do = self.actions_
        for action, act in (
            (do.close_source, self.close_source),
            (do.quit, self.close),
            (do.screenshot, self.take_screenshot),
            (do.copy, lambda: self.saver.copy(self.session.view(), self.choices.style(), self.source.is_camera)),
            (do.export_csv, self._export_csv),
            (do.open_saved, self.saver.open_folder),
        ):
            action.triggered.connect(lambda _=False, act=act: act())
        do.loop.toggled.connect(self.transport.set_loop)
        do.show_panel.toggled.connect(self._dock.setVisible)
        for beside in (do.show_panel, do.show_hud):
            beside.toggled.connect(self._refresh_slowly)
        do.record.toggled.connect(self._record)
        do.full_screen.toggled.connect(self._set_full_screen)
        self.choices.redrawn.connect(self._show_anew)
        self.choices.replaced.connect(self._use_choices)
        leave = QAction(self)
        leave.setShortcut(QKeySequence("Esc"))
        leave.triggered.connect(lambda: do.full_screen.setChecked(False))
        self.addAction(leave)
        self.source.changed.connect(self._begin_anew)
        self.source_menu.chosen.connect(self.open)
        self.video.notice.copy_details.connect(lambda: self.help.copy_details(self.source.name))
        self.video.notice.act.connect(self._act_on_notice)

    def _act_on_notice(self) -> None:
        player = self.session.player
        if player is not None and self.session.source_state.phase is Phase.LOST:
            player.try_again()
        else:
            self.open("demo", remember=False)

    def _restore(self) -> None:
        if self.choices.settings.geometry:
            self.restoreGeometry(QByteArray.fromBase64(self.choices.settings.geometry.encode()))
        if self.choices.settings.layout:
            self.restoreState(QByteArray.fromBase64(self.choices.settings.layout.encode()))
        self._dock.setVisible(self.choices.settings.show_panel)

    def changeEvent(self, event: QEvent) -> None:  # noqa: N802, D102
        super().changeEvent(event)
        if event.type() == QEvent.Type.PaletteChange and hasattr(self, "_toolbar"):
            for name, drawing in ICONS.items():
                getattr(self.actions_, name).setIcon(icon(drawing, self))
            self.source_menu.cameras.menuAction().setIcon(icon("camera", self))

    def closeEvent(self, event: QCloseEvent) -> None:  # noqa: N802, D102
        if not self._closed:
            self._closed = True
            self._slow.stop()
            self.saver.stop_recording()
            self.bridge.close()
            self.cameras.stop()
            self.all_ended = self.session.close()
            self._garbage.stop()
            self.choices.settings.geometry = _base64(self.saveGeometry())
            self.choices.settings.layout = _base64(self.saveState())
            try:
                save_settings(self.choices.settings, self._settings_path)
            except AgeCamError as error:
                log.error("%s", error)
        event.accept()


def _base64(data: QByteArray) -> str:
    return bytes(data.toBase64().data()).decode()
