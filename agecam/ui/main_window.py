"""The main window: shows the session's state and turns user actions into calls of the session."""

import logging
from collections.abc import Callable, Sequence
from pathlib import Path

from PySide6.QtCore import QByteArray, QEvent, Qt, QTimer
from PySide6.QtGui import QCloseEvent, QResizeEvent
from PySide6.QtWidgets import QMainWindow, QVBoxLayout, QWidget

from agecam.errors import AgeCamError
from agecam.live import BuildEngine, LiveSession
from agecam.live.inference import InferenceResult
from agecam.live.marks import Marks
from agecam.live.people import People
from agecam.runtime.crash import UncaughtErrors
from agecam.runtime.settings import Settings, save_settings
from agecam.sources import CameraInfo, list_modes
from agecam.ui.actions import build_actions, redraw_icons
from agecam.ui.controllers.announcer import Announcer
from agecam.ui.controllers.blur_help import BlurHelp
from agecam.ui.controllers.camera_watcher import CameraWatcher
from agecam.ui.controllers.drops import Drops
from agecam.ui.controllers.exports import export_results
from agecam.ui.controllers.extras import Extras
from agecam.ui.controllers.full_screen import FullScreen
from agecam.ui.controllers.help import Help
from agecam.ui.controllers.opener import Opener, OpenSpec, Recognise
from agecam.ui.controllers.picture import PictureController, PictureParts
from agecam.ui.controllers.playlist import PlaylistController
from agecam.ui.controllers.power_saver import PowerSaver
from agecam.ui.controllers.recorder import Recorder
from agecam.ui.controllers.recovery import Recovery
from agecam.ui.controllers.report import ReportController
from agecam.ui.controllers.saver import Saver
from agecam.ui.controllers.settings import SettingsController
from agecam.ui.controllers.sound import Sound
from agecam.ui.controllers.status import StatusReporter
from agecam.ui.controllers.timeline import TimelineController
from agecam.ui.controllers.transport import Transport
from agecam.ui.controllers.virtual_camera import VirtualCameraController
from agecam.ui.menus import build_toolbar, fill_menu_bar
from agecam.ui.system.bridge import Bridge
from agecam.ui.system.focus import SpacePresses
from agecam.ui.system.garbage import GarbageCollector
from agecam.ui.system.screens import place_window
from agecam.ui.theme import icon
from agecam.ui.widgets.faces_panel import FacesPanel
from agecam.ui.widgets.filmstrip import Filmstrip
from agecam.ui.widgets.notices import performance_text
from agecam.ui.widgets.panel_dock import PanelDock
from agecam.ui.widgets.playback_bar import PlaybackBar
from agecam.ui.widgets.source_menu import ListModes, SourceMenu
from agecam.ui.widgets.timeline_panel import TimelinePanel
from agecam.ui.widgets.video_view import VideoView
from agecam.ui.widgets.welcome import Welcome

log = logging.getLogger(__name__)

_FINISH_S = 10.0
"""How long closing waits for recordings to be completed."""
REFRESH_MS = 200
"""Interval for the panel and the statistics, slow enough to read them."""


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
        uncaught: UncaughtErrors | None = None,
    ) -> None:
        """
        Args:
            build: builds the engine, on the inference thread.
            open_spec: opens a source, on the capture thread.
            recognise: identifies a source without opening it.
            cameras: lists the connected cameras; called on a separate thread.
            modes: lists the modes of a camera.
            log_path: file that 'Open log file' opens.
            uncaught: the errors that nothing has caught.
        """
        super().__init__()
        self._settings_path = settings_path
        self._people = People()
        self._closed = False
        self.all_ended = True
        """After closing: whether all threads have ended."""

        self._garbage = GarbageCollector(self)
        self.actions_ = build_actions(self)
        self.settings = SettingsController(settings, self.actions_, self)
        self.source_menu = SourceMenu(self.actions_, self.settings.get_current, modes, self)
        self._toolbar = build_toolbar(self, self.source_menu, self.actions_)  # first, as for the Tab key
        self.video = VideoView(self)
        self.welcome = Welcome(self.actions_, self.settings.get_current, self)
        self.playback = PlaybackBar(self.actions_, self)
        self.lanes = TimelinePanel(self.playback, self)
        self.filmstrip = Filmstrip(self)
        self.panel = FacesPanel(self)
        self._build_layout()
        fill_menu_bar(self.menuBar(), self.source_menu, self.actions_)
        SpacePresses(self)
        self.announcer = Announcer(self)
        self.saver = Saver(self.video.toast, self.settings.get_current, lambda: self.bridge.wake())

        self.bridge = Bridge(self)
        self.bridge.woken.connect(self._refresh)
        self.session = LiveSession(
            build, self.settings.engine_options(), self.bridge.wake, self._on_result, lambda r: self.timeline.number(r)
        )
        uncaught = uncaught or UncaughtErrors()
        self.status = StatusReporter(self.session, self.video, self.settings.get_current, uncaught)
        self.transport = Transport(self.session, self.actions_, self.playback, self)
        self.full_screen = FullScreen(self.actions_.full_screen, self, self._toolbar, self._below, self._dock)
        self.sound = Sound(self.session, self.actions_, self.playback, self)
        get_settings, toast = self.settings.get_current, self.video.toast
        self.help = Help(self.session, get_settings, self.status.errors, self.actions_, toast, log_path, self)
        self.cameras = CameraWatcher(cameras, self)
        self.source = Opener(
            open_spec,
            recognise,
            self.session,
            self.transport,
            self.source_menu,
            self.cameras,
            self.video.toast,
            self.settings.get_current,
            self,
        )
        self.playlist = PlaylistController(
            self.source, self.session, self.transport, self.actions_, self.filmstrip, toast, get_settings, self
        )
        shown_with = PictureParts(
            self.video, self.panel, self.session, self.saver, self.settings, lambda: self.source.is_camera
        )
        self.picture = PictureController(shown_with, self._people, Marks(), self.actions_, self)
        self.recorder = Recorder(self.saver, self.session, self.actions_, self.video, self.settings, self)
        self.calls = VirtualCameraController(shown_with, self.picture, self.actions_.show_in_calls, self)
        self.power = PowerSaver(self.session, self._needs_pictures, get_settings, self)
        self.timeline = TimelineController(
            shown_with, self.picture, self.source, self.playlist, build, self.actions_, self.lanes, self._dock, self
        )
        self.report = ReportController(
            shown_with, self.picture, lambda: self.timeline.current, self.actions_.save_report, self
        )
        self.extras = Extras(shown_with, self.picture, self.transport, self.actions_, self._below, self)
        self.blur_help = BlurHelp(self.session, self.actions_.blur_faces, get_settings)
        self.recovery = Recovery(
            self.video.notice, self.session, self.settings, self.source, self.source_menu, uncaught, self.help, self
        )
        self.recovery.acted.connect(self._refresh)
        self._refresh_timer = QTimer(self, interval=REFRESH_MS)
        self._refresh_timer.timeout.connect(self._refresh)  # a result waits for a frame, which may not come
        self._refresh_timer.timeout.connect(self._refresh_periodically)
        self._refresh_timer.start()
        self._connect()
        self._restore()
        self.status.refresh(None)

    # --- state of the session --------------------------------------------------------------------------

    def _refresh(self) -> None:
        self.status.refresh(self.source.name)  # first, so that it is true even if painting fails
        self._refresh_playback()
        self.recorder.refresh()
        if not self.session.rests and (view := self.picture.refresh()) is not None:
            self.source.check_resolution(view)

    def _redraw(self) -> None:
        """Draw the current view again, after a change of style or mirroring."""
        self.picture.redraw()
        self._refresh()
        self._refresh_periodically()

    def _apply_settings(self) -> None:
        self.session.use(self.settings.engine_options())
        self._redraw()

    def _refresh_periodically(self) -> None:
        self.power.refresh()
        if self.session.rests:
            return
        self.announcer.follow(self._people, self.settings.current.show_gender, self.settings.ages_of)
        self.picture.refresh_panel()
        self.video.show_performance(
            performance_text(self.session.statistics()) if self.settings.current.show_hud else None
        )
        self.blur_help.refresh()

    def _needs_pictures(self) -> bool:
        return self.saver.recording is not None or self.calls.calls is not None

    def _refresh_playback(self) -> None:
        self.playlist.refresh()
        self.transport.refresh(is_file=self.source.is_file)
        self.sound.refresh(self.transport.speed)

    def _on_result(self, result: InferenceResult) -> None:
        """Called on the inference thread."""
        visible = self.picture.result_of(result)
        self.timeline.collect(result.task.frame, visible)
        self.saver.add_result(visible)
        self.report.add(result.task.frame, visible)

    # --- sources ---------------------------------------------------------------------------------------

    def open(self, spec: str, remember: bool = True) -> None:
        """Open a source; a folder is opened as a list."""
        self.open_all([spec], remember)

    def open_all(self, specs: Sequence[str], remember: bool = True) -> None:
        """Open sources as a list; see `PlaylistController.open`."""
        self.playlist.open(specs, remember)
        self._refresh()

    def open_first(self) -> None:
        """Open the first camera; see `Opener.open_first`."""
        self.source.open_first()
        self.welcome.begin()
        self._refresh()

    def close_source(self) -> None:
        """Close the source."""
        self.source.close()
        self._refresh()

    def _on_source_changed(self) -> None:
        """Remove everything that belongs to the last source."""
        self.video.toast.hide()
        self.recorder.stop()
        self.report.reset(self.playlist.keeps_picture)
        self.picture.reset(self.playlist.keeps_picture)
        self.extras.forget_people()

    # --- saving ----------------------------------------------------------------------------------------

    def take_screenshot(self) -> list[Path]:
        """Save a screenshot; returns the written files."""
        return self.saver.screenshot(self.picture.view(), self.settings.overlay_style(), self.source.is_camera)

    def details(self) -> str:
        """Diagnostic details for a problem report; contains no passwords."""
        return self.help.details(self.source.name)

    # --- layout, state and closing ---------------------------------------------------------------------

    def _build_layout(self) -> None:
        centre = QWidget(self)
        rows = QVBoxLayout(centre)
        rows.setContentsMargins(0, 0, 0, 0)
        rows.setSpacing(0)
        rows.addWidget(self.video, stretch=1)
        self._below = QWidget(centre)
        below = QVBoxLayout(self._below)
        below.setContentsMargins(0, 0, 0, 0)
        below.setSpacing(0)
        below.addWidget(self.playback)
        below.addWidget(self.lanes)
        below.addWidget(self.welcome)
        below.addWidget(self.filmstrip)
        rows.addWidget(self._below)
        self.setCentralWidget(centre)
        self._dock = PanelDock(self.panel, self.actions_.show_panel, self)
        self.addDockWidget(Qt.DockWidgetArea.RightDockWidgetArea, self._dock)

    def _connect(self) -> None:
        do = self.actions_
        for action, handler in (
            (do.close_source, self.close_source),
            (do.quit, self.close),
            (do.screenshot, self.take_screenshot),
            (
                do.copy,
                lambda: self.saver.copy(self.picture.view(), self.settings.overlay_style(), self.source.is_camera),
            ),
            (do.export_csv, lambda: export_results(self.saver, self.settings.current.saving_folder, self)),
            (do.open_saved, self.saver.open_folder),
        ):
            action.triggered.connect(lambda _=False, handler=handler: handler())
        do.loop.toggled.connect(self.transport.set_loop)
        for action in (do.show_panel, do.show_hud):
            action.toggled.connect(self._refresh_periodically)
        self.settings.style_changed.connect(self._redraw)
        self.settings.replaced.connect(self._apply_settings)
        self.video.double_clicked.connect(do.full_screen.toggle)
        self.source.changed.connect(self._on_source_changed)
        self.source.changed.connect(self.welcome.hide)
        self.welcome.camera_wanted.connect(lambda: self.source_menu.offer_cameras(self.welcome.camera))
        self.source_menu.chosen.connect(self.open)
        self.source_menu.several_chosen.connect(self.open_all)
        Drops(self).dropped.connect(self.open_all)
        self.playlist.outdated.connect(lambda: self.video.show_picture(None))

    def _restore(self) -> None:
        place_window(self, QByteArray.fromBase64(self.settings.current.geometry.encode()))
        if self.settings.current.layout:
            self.restoreState(QByteArray.fromBase64(self.settings.current.layout.encode()))
        self._dock.begin(self.settings.current.show_panel, self.size())
        self.full_screen.begin()
        self.setFocus()  # not the first button, which the space bar would press instead of 'Pause'

    def resizeEvent(self, event: QResizeEvent) -> None:  # noqa: N802, D102
        super().resizeEvent(event)
        if event.oldSize().isValid():
            self._dock.follow(event.oldSize(), event.size())

    def changeEvent(self, event: QEvent) -> None:  # noqa: N802, D102
        super().changeEvent(event)
        if event.type() == QEvent.Type.PaletteChange and hasattr(self, "_toolbar"):
            redraw_icons(self.actions_, self)
            self.source_menu.cameras.menuAction().setIcon(icon("camera", self))

    def closeEvent(self, event: QCloseEvent) -> None:  # noqa: N802, D102
        if not self._closed:
            self._closed = True
            self._refresh_timer.stop()
            self.settings.current.geometry = _base64(self.saveGeometry())
            self.settings.current.layout = _base64(self.saveState())
            self.recorder.withdraw_question()
            self.hide()  # completing a recording may take a moment
            self.bridge.close()
            self.all_ended = self.saver.finish(_FINISH_S)
            self.all_ended &= self.calls.close() and self.report.finish(_FINISH_S)
            self.all_ended &= self.timeline.close() & self.extras.close(_FINISH_S)
            self.cameras.stop()
            self.all_ended &= self.session.close()
            self.sound.close()
            self.all_ended &= self.filmstrip.stop()
            self._garbage.stop()
            try:
                save_settings(self.settings.current, self._settings_path)
            except AgeCamError as error:
                log.error("%s", error)
        event.accept()


def _base64(data: QByteArray) -> str:
    return bytes(data.toBase64().data()).decode()
