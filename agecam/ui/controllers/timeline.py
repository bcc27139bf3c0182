"""The people timeline: fills while a video plays, can be filled at once, and is changed by hand."""

import logging
from functools import partial
from pathlib import Path

from PySide6.QtCore import QObject, QPoint, Qt, Signal
from PySide6.QtWidgets import QMenu, QWidget

from agecam.errors import AgeCamError
from agecam.live import BuildEngine, Phase
from agecam.live.inference import InferenceResult
from agecam.live.whole import WholeAnalysis
from agecam.outputs.stills import safe_stem
from agecam.sources.spec import word_kind
from agecam.timeline import Everybody, Timeline
from agecam.timeline.export import save_lanes
from agecam.types import Frame, FrameResult
from agecam.ui.actions import Actions
from agecam.ui.controllers.everybody import EverybodyController
from agecam.ui.controllers.exports import ask_for_lanes_file
from agecam.ui.controllers.opener import Opener
from agecam.ui.controllers.picture import PictureController, PictureParts
from agecam.ui.controllers.playlist import PlaylistController
from agecam.ui.messages import Text, translated
from agecam.ui.widgets.panel_dock import PanelDock
from agecam.ui.widgets.playback_bar import clock
from agecam.ui.widgets.timeline_panel import TimelinePanel

log = logging.getLogger(__name__)

_STOP_S = 1.5
"""How long closing waits for the analysis of the whole video."""
_MAX_JOINED = 24
"""Lanes that the menu offers to join with."""


class TimelineController(QObject):
    """Keeps the timelines of what was opened, shows that of the open video, and everybody in the panel's second tab."""

    _changed = Signal()
    """The analysis of the whole video has changed, on its own thread."""

    def __init__(
        self,
        parts: PictureParts,
        picture: PictureController,
        source: Opener,
        playlist: PlaylistController,
        build: BuildEngine,
        actions: Actions,
        panel: TimelinePanel,
        dock: PanelDock,
        parent: QWidget,
    ) -> None:
        """
        Args:
            build: builds another engine, for the whole video.
            panel: shows the lanes.
            dock: holds the panel with the people.
        """
        super().__init__(parent)
        self._session, self._settings, self._panel = parts.session, parts.settings, parts.panel
        self._toast, self._picture, self._source, self._playlist = parts.video.toast, picture, source, playlist
        self._build, self._actions, self._window = build, actions, parent
        self._people = Everybody()
        self._filling = self._people.current
        """The timeline of the results that arrive; used on the inference thread."""
        self._generation: int | None = None
        """Of the source that these results are of."""
        self._blurred: tuple[int, int, set[int]] = 0, 0, set()
        """Generation, run, and who was blurred in the view before."""
        self._shown: tuple[object, ...] = ()
        self.whole: WholeAnalysis | None = None
        """The running analysis of the whole video."""
        self._stopped: list[WholeAnalysis] = []
        """Those that have been stopped and may not have ended yet."""
        self.panel = panel
        self.everybody = EverybodyController(self._people, parts, dock, self._seek, self)
        self.panel.view.sought.connect(self._seek)
        self.panel.view.menu_requested.connect(self._open_menu)
        self.panel.button.clicked.connect(self._toggle_whole)
        self._changed.connect(self._follow_whole, Qt.ConnectionType.QueuedConnection)
        source.changed.connect(self._reset)
        picture.listed.connect(self.refresh)
        picture.shown.connect(self._show_position)
        actions.show_timeline.toggled.connect(lambda _: self.refresh())
        actions.analyse_whole.triggered.connect(self._toggle_whole)
        actions.save_lanes.triggered.connect(self._save)

    @property
    def current(self) -> Timeline:
        """The timeline of the open source."""
        return self._people.current

    def close(self) -> bool:
        """Stop the analysis of the whole video, and return whether it has ended; for the end of the program."""
        self._stop_whole()
        return all(whole.stop(_STOP_S) for whole in self._stopped)

    # --- on the inference thread -----------------------------------------------------------------------

    def number(self, result: InferenceResult) -> FrameResult:
        """The result with the numbers of the people as tracks."""
        if result.task.generation != self._generation:
            self._generation = result.task.generation
            self._filling = self._people.use(self._key())
        info = self._session.source_state.info
        is_live = info is not None and info.live
        return self._filling.number(result.task.frame, result.frame_result, live=is_live, run=result.engine_run)

    def collect(self, frame: Frame, result: FrameResult) -> None:
        """Add a numbered result without what the user says are no faces."""
        self._filling.collect(frame, result)

    def _key(self) -> str:
        opening, opened = self._source.opening, self._source.opened
        entry = opening.opened.playlist.current if opening is not None and opening.opened is not None else None
        return entry.spec if entry is not None else opened.spec if opened is not None else ""

    # --- showing ---------------------------------------------------------------------------------------

    def refresh(self) -> None:
        """Show the lanes as they are now; called several times a second."""
        self._note_marks()
        self.everybody.refresh()
        duration_s = self._duration_s()
        can_analyse = duration_s is not None and word_kind(self._spec()) != "pipe"
        self._actions.analyse_whole.setEnabled(can_analyse and (self.whole is not None or not self.current.complete))
        is_wanted = duration_s is not None and self._settings.current.show_timeline
        if not self.panel.show_if(is_wanted) or duration_s is None:
            return
        timeline, blurs, ages_of = self.current, self._settings.current.blur_faces, self._settings.ages_of
        shown = id(timeline), timeline.revision, blurs, ages_of
        if shown != self._shown:
            self._shown = shown
            lanes = timeline.lanes(blurs)
            self.panel.view.show_lanes(lanes, ages_of)
            text = Text.TIMELINE_WHOLE_COUNT if timeline.complete else Text.TIMELINE_COUNT
            self.panel.caption.setText(text(count=len(lanes)))
        self.panel.show_progress(None if self.whole is None else self.whole.progress, timeline.complete)
        self.panel.button.setEnabled(can_analyse)
        self.panel.fit(duration_s, self._window.height())
        self._show_position()

    def _show_position(self) -> None:
        if self.panel.isVisible() and (view := self._session.view()) is not None:
            self.panel.view.show_position(view.frame.time_s)

    def _duration_s(self) -> float | None:
        """The length of the open video; None if no video is open, or if its length is unknown."""
        info = self._session.source_state.info
        is_video = info is not None and not info.live and not info.is_picture and info.frame_count != 1
        return (info.duration_s or None) if info is not None and is_video else None

    def _spec(self) -> str:
        return self._source.opened.spec if self._source.opened is not None else ""

    def _reset(self) -> None:
        """Another source is open; people stay while it is of the same list."""
        self._stop_whole()
        if self._playlist.keeps_picture:
            self._people.leave()
        else:
            self._people.clear()
        self._blurred = 0, 0, set()
        self.refresh()

    def _seek(self, time_s: float) -> None:
        if (capture := self._session.capture) is not None:
            capture.seek(time_s)

    def _note_marks(self) -> None:
        """Blur the thumbnails of the people whom the user blurs, and forget what the user says is no face."""
        view = self._picture.view()
        if view is None:
            return
        numbers = {face.track for face in view.faces if face.track is not None}
        blurred = {n for index in view.blurred or () if (n := view.faces[index].track) is not None}
        generation, run, before = self._blurred
        is_same = (generation, run) == (view.generation, view.run)
        self._blurred = view.generation, view.run, blurred
        if view.frame.still:
            boxes = [face.box for face in view.hidden if face.confirmed]
            self.current.forget_places(boxes, view.frame.time_s)
            places = [view.faces[index].box for index in view.blurred or ()]
            self.current.set_private(self.current.numbers_at(places, view.frame.time_s))
            return
        # Whoever was blurred a moment ago and is in view unblurred was asked to be shown again.
        self.current.set_private(blurred, (before - blurred) & numbers if is_same else ())
        self.current.forget([n for face in view.hidden if (n := face.track) is not None])

    # --- the menu of a lane ----------------------------------------------------------------------------

    def _open_menu(self, number: int, time_s: float, where: QPoint) -> None:
        lane = next((lane for lane in self.panel.view.lanes if lane.number == number), None)
        if lane is None:
            return
        timeline = self.current
        menu = QMenu(self.panel)
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        menu.addAction(Text.CLEAREST_MOMENT(), partial(self._seek, lane.clearest.time_s))
        join = menu.addMenu(Text.JOIN_WITH())
        for other in timeline.joinable(number)[:_MAX_JOINED]:
            join.addAction(Text.PERSON_SHORT(number=other), partial(self._join, timeline, number, other))
        join.setEnabled(not join.isEmpty())
        split = menu.addAction(Text.SPLIT_HERE(time=clock(time_s)), partial(self._split, timeline, number, time_s))
        split.setEnabled(lane.first_s < time_s <= lane.last_s)
        menu.addSeparator()
        menu.addAction(self._actions.save_lanes)
        menu.popup(where)

    def _join(self, timeline: Timeline, one: int, other: int) -> None:
        timeline.join(one, other)
        self.refresh()

    def _split(self, timeline: Timeline, number: int, time_s: float) -> None:
        timeline.split(number, time_s)
        self.refresh()

    def _save(self) -> None:
        view, lanes = self._picture.view(), self.current.lanes()
        if view is None or view.frame.still or not lanes:
            self._toast.show_message(Text.NO_TIMELINE())
            return
        name = view.frame.source
        path = ask_for_lanes_file(self._settings.current.saving_folder, safe_stem(Path(name).stem), self._window)
        if path is None:
            return
        try:
            saved = save_lanes(path, name, lanes)
        except AgeCamError as error:
            log.error("%s", error)
            self._toast.show_message(translated(error))
        else:
            self._toast.show_message(Text.SAVED(name=saved.name))

    # --- the whole video -------------------------------------------------------------------------------

    def _toggle_whole(self) -> None:
        if self.whole is not None:
            self._stop_whole()
        elif (open_source := self._source.once_more()) is not None and self._duration_s() is not None:
            options = self._settings.engine_options()
            self.whole = WholeAnalysis(open_source, self._build, options, self._changed.emit, self._is_playing)
        self.refresh()

    def _is_playing(self) -> bool:
        return self._session.source_state.phase is Phase.PLAYING

    def _stop_whole(self) -> None:
        whole, self.whole = self.whole, None
        self._stopped = [stopped for stopped in self._stopped if not stopped.ended]
        if whole is not None:
            whole.stop()
            self._stopped.append(whole)

    def _follow_whole(self) -> None:
        whole = self.whole
        if whole is None:
            return
        if whole.ended:
            self.whole = None
            if whole.done:
                self._adopt(whole.timeline)
            elif whole.error is not None:
                log.error("%s", whole.error)
                self._toast.show_message(translated(whole.error))
        self.refresh()

    def _adopt(self, timeline: Timeline) -> None:
        timeline.take_over(self.current)
        self._people.replace_current(timeline)
        self._filling = timeline
        self._toast.show_message(Text.WHOLE_ANALYSED(count=len(timeline)))
