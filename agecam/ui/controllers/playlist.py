"""The list of sources: opens several files or a folder, moves in it, and runs the slideshow."""

import logging
from collections.abc import Callable, Sequence
from functools import partial

from PySide6.QtCore import QObject, QTimer, Signal
from PySide6.QtWidgets import QWidget

from agecam.errors import SourceError
from agecam.live import LiveSession, Phase
from agecam.runtime.settings import Settings
from agecam.sources.playlist import FoundEntries, Opened, Opening, Playlist, find_entries, is_folder
from agecam.ui.actions import Actions
from agecam.ui.controllers.opener import Opener
from agecam.ui.controllers.transport import Transport
from agecam.ui.messages import Text, translated
from agecam.ui.widgets.filmstrip import Filmstrip, position_text
from agecam.ui.widgets.video_view import Toast

log = logging.getLogger(__name__)

SLIDE_MS = 4000
"""How long the slideshow shows a picture."""
_PATIENCE_MS = 300
"""How long the picture before stays in view, and how long a move waits for the one before it."""


class PlaylistController(QObject):
    """Keeps the list that the open source belongs to. A source opened in another way ends the list."""

    outdated = Signal()
    """The picture of the entry before must no longer be shown: the open one gives none, or takes long."""

    def __init__(
        self,
        source: Opener,
        session: LiveSession,
        transport: Transport,
        actions: Actions,
        filmstrip: Filmstrip,
        toast: Toast,
        settings: Callable[[], Settings],
        window: QWidget,
    ) -> None:
        super().__init__(window)
        self._window = window
        self._source, self._session, self._transport = source, session, transport
        self._filmstrip, self._toast, self._settings = filmstrip, toast, settings
        self.playlist = Playlist()
        """Empty unless several sources or a folder were opened."""
        self.keeps_picture = False
        """Whether the picture stays until that of the source being opened arrives."""
        self._opening: Opening | None = None
        """What opens the current entry; None without a list."""
        self._arrived = True
        """Whether that has succeeded or failed."""
        self._waiting: tuple[int, int] | None = None
        """The last move that was asked for while the one before it was not finished."""
        self._running = False
        self._slide = QTimer(self, singleShot=True)
        self._slide.timeout.connect(self._show_next)
        self._patience = QTimer(self, singleShot=True, interval=_PATIENCE_MS)
        self._patience.timeout.connect(self._end_patience)
        transport.list_keys = self
        self._actions = actions
        actions.previous.triggered.connect(lambda: self.move(-1))
        actions.following.triggered.connect(lambda: self.move(1))
        filmstrip.chosen.connect(self.move_to)
        source.changed.connect(self._on_source_changed)
        self._show_title()

    def open(self, specs: Sequence[str], remember: bool = True) -> None:
        """Open one source, or several as a list; a folder stands for its pictures and videos.

        Args:
            remember: add a single source to the recent ones.
        """
        specs = list(specs)
        if len(specs) == 1 and not is_folder(specs[0]):
            self._source.open(specs[0], remember)
        elif specs:
            self._begin(specs[0], Opening(partial(find_entries, specs), step=1), remember and len(specs) == 1)

    def refresh(self) -> None:
        """Follow the session; called whenever its state may have changed."""
        if self._filmstrip.set_blurred(self._settings().blur_faces) and self.keeps_picture:
            self.outdated.emit()  # the picture before may show faces
        for action in (self._actions.previous, self._actions.following):
            action.setEnabled(self.is_list)
        if self._opening is None:
            return
        has_failed = self._session.source_state.phase is Phase.FAILED
        if not self._arrived and (self._opening.opened is not None or has_failed):
            self._arrived, self.keeps_picture = True, False
            if self._opening.opened is not None:
                self._adopt(self._opening.opened)
            else:
                self.outdated.emit()
        if self._arrived and self._waiting is not None:
            self._open_waiting()
        if self._running and self._arrived and not self._slide.isActive():
            self._continue_slideshow()

    # --- keys, see `ListKeys` --------------------------------------------------------------------------

    @property
    def take_moves(self) -> bool:
        """Whether back and forward move in the list: in a video they jump."""
        info = self._session.source_state.info
        return self.is_list and (info is None or info.live or info.is_picture)

    @property
    def take_play(self) -> bool:
        """Whether play starts and stops the slideshow."""
        info = self._session.source_state.info
        return self.is_list and (info is None or (info.is_picture and info.frame_count == 1))

    @property
    def is_list(self) -> bool:
        """Whether there are entries to move to."""
        return len(self.playlist.entries) > 1

    @property
    def is_running(self) -> bool:
        """Whether the slideshow runs."""
        return self._running

    def move(self, step: int) -> None:
        """Open the next entry, 1, or the previous one, -1; with 'repeat', the list has no ends."""
        position = self.playlist.after(step, wraps=self._settings().loop)
        if self.is_list and position is not None:
            self._go(position, step)

    def move_to(self, position: int) -> None:
        """Open this entry, even if it fails; the other moves skip what cannot be opened."""
        if self.is_list:
            self._go(position, 0)

    def move_to_first(self) -> None:
        """Open the first entry."""
        if self.is_list:
            self._go(0, 1)

    def move_to_last(self) -> None:
        """Open the last entry."""
        if self.is_list:
            self._go(len(self.playlist.entries) - 1, -1)

    def toggle_slideshow(self) -> None:
        """Start or stop the slideshow: from a picture it goes on after a few seconds, from a video at its end."""
        if self._running:
            self._stop_slideshow()
        elif self.is_list:
            self._running = True
            capture = self._session.capture
            if capture is not None and self._session.source_state.phase is Phase.PAUSED:  # it waited for the networks
                capture.play()
            self._slide.start(SLIDE_MS)

    # --- opening ---------------------------------------------------------------------------------------

    def _begin(self, spec: str, opening: Opening, remember: bool = False, *, is_move: bool = False) -> None:
        if not is_move:
            self._end_list()
        self._opening, self._waiting, self.keeps_picture = opening, None, is_move
        self._source.open(spec, remember, opening)
        self._patience.start()
        if self._running:
            self._transport.set_loop(False)

    def _on_source_changed(self) -> None:
        if self._opening is not None and self._source.opening is self._opening:
            self._arrived = False  # it is being opened, perhaps again after it failed
            self._show_title()
        else:
            self._opening, self._waiting, self.keeps_picture = None, None, False
            self._end_list()

    def _end_list(self) -> None:
        self._stop_slideshow()
        self._show(Playlist())

    def _adopt(self, opened: Opened) -> None:
        for error in (*opened.remarks, *opened.skipped):
            log.warning("%s", error)
        if opened.skipped:
            self._toast.show_message(_skipped_text(opened.skipped))
        elif opened.remarks:
            self._toast.show_message(translated(opened.remarks[0]))
        if (entry := opened.playlist.current) is not None:
            self._source.settle(entry.spec)
        if self._waiting is None:
            self._show(opened.playlist)

    def _show(self, playlist: Playlist) -> None:
        self.playlist = playlist
        self._filmstrip.show_entries(playlist.entries, playlist.position)
        self._show_title()

    def _show_title(self) -> None:
        """Name what is open, with its position in the list, in the title of the window."""
        entries = self.playlist.entries
        title = position_text(entries, self.playlist.position) if self.is_list else self._source.name
        self._window.setWindowTitle(f"{title} \N{EN DASH} AgeCam" if title is not None else "AgeCam")

    def _go(self, position: int, step: int) -> None:
        """Open an entry; while the one before it is being opened, only the last of several moves is made."""
        is_open = self._waiting is None and self._arrived and self._session.view() is not None
        if is_open and position == self.playlist.position:
            return
        self._slide.stop()
        self._show(self.playlist.at(position))
        self._waiting = position, step
        if self._arrived:
            self._open_waiting()

    def _open_waiting(self) -> None:
        if self._waiting is not None and self._waiting[0] < len(self.playlist.entries):
            position, step = self._waiting
            found = FoundEntries(self.playlist.entries)
            spec = self.playlist.entries[position].spec
            self._begin(spec, Opening(lambda: found, position, step), is_move=True)
        self._waiting = None

    def _end_patience(self) -> None:
        if self._waiting is not None:
            self._open_waiting()
        elif self._opening is not None and self._session.view() is None:
            self.outdated.emit()

    # --- the slideshow ---------------------------------------------------------------------------------

    def _continue_slideshow(self) -> None:
        """Wait a few seconds after a picture, not at all after a video."""
        state = self._session.source_state
        if state.phase in (Phase.ENDED, Phase.FAILED):
            if state.info is None or state.info.is_picture:
                self._slide.start(SLIDE_MS)
            else:
                self._show_next()

    def _show_next(self) -> None:
        position = self.playlist.after(1, wraps=self._settings().loop)
        if not self._running or position is None:
            self._stop_slideshow()
        elif self._session.source_state.phase in (Phase.ENDED, Phase.FAILED):
            self._go(position, 1)

    def _stop_slideshow(self) -> None:
        self._slide.stop()
        if self._running:
            self._running = False
            self._transport.set_loop(self._settings().loop)


def _skipped_text(errors: Sequence[SourceError]) -> str:
    first = translated(errors[0])
    return first if len(errors) == 1 else Text.SKIPPED(error=first, count=len(errors))
