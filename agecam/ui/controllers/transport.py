"""Playback controls for files: connects the actions and the playback bar to the session's capture."""

from typing import Protocol

from PySide6.QtCore import QObject

from agecam.live import LiveSession, Phase
from agecam.live.playback_clock import SPEEDS
from agecam.ui.actions import Actions, show_icon, show_text
from agecam.ui.messages import Text
from agecam.ui.widgets.playback_bar import PlaybackBar

JUMP_S = 5.0
_BEYOND_S = 1.0
"""A file may be a little longer than it states; a time after the end leads to the last frame."""


class ListKeys(Protocol):
    """What the playback keys do in a list, while it shows a picture and not a video."""

    @property
    def take_moves(self) -> bool:
        """Whether back, forward, start and end move in the list."""

    @property
    def take_play(self) -> bool:
        """Whether play starts and stops the slideshow."""

    @property
    def is_running(self) -> bool:
        """Whether the slideshow runs."""

    def move(self, step: int) -> None:
        """Open the next entry, 1, or the previous one, -1."""

    def move_to_first(self) -> None:
        """Open the first entry."""

    def move_to_last(self) -> None:
        """Open the last entry."""

    def toggle_slideshow(self) -> None:
        """Start or stop the slideshow."""


class Transport(QObject):
    """Handles play, step, jump, seek, speed and repeat."""

    def __init__(self, session: LiveSession, actions: Actions, bar: PlaybackBar, parent: QObject) -> None:
        super().__init__(parent)
        self._session, self._actions, self._bar = session, actions, bar
        self._waiting_for_networks = False
        self.list_keys: ListKeys | None = None
        for action, handler in (
            (actions.play, self._toggle),
            (actions.step, lambda: self._step(1)),
            (actions.step_back, lambda: self._step(-1)),
            (actions.back, lambda: self._jump(-JUMP_S)),
            (actions.forward, lambda: self._jump(JUMP_S)),
            (actions.start, self._go_to_start),
            (actions.end, self._go_to_end),
            (actions.slower, lambda: self._change_speed(-1)),
            (actions.faster, lambda: self._change_speed(1)),
            (actions.normal_speed, lambda: self._bar.choose_speed(1.0)),
        ):
            action.triggered.connect(lambda _=False, handler=handler: handler())
        bar.sought.connect(self._seek)
        bar.speed_chosen.connect(self._set_speed)

    @property
    def speed(self) -> float:
        """Playback speed as a multiple of the file's own."""
        return float(self._bar.speed.currentData())

    def wait_for_networks(self, waits: bool) -> None:
        """Set whether the file being opened stays at its first frame until faces were looked for in it."""
        self._waiting_for_networks = waits

    def pause(self) -> None:
        """Pause the file or the slideshow, if one is playing."""
        state, keys = self._session.source_state, self.list_keys
        if keys is not None and keys.take_play:
            if keys.is_running:
                keys.toggle_slideshow()
        elif state.phase is Phase.PLAYING and state.info is not None and not state.info.live:
            self._waiting_for_networks = False
            if (capture := self._session.capture) is not None:
                capture.pause()

    def set_loop(self, loop: bool) -> None:
        """Set whether playback starts again at the end of the file."""
        if (capture := self._session.capture) is not None:
            capture.set_loop(loop)

    def refresh(self, *, is_file: bool) -> None:
        """Show the playback state, and start a file that was waiting for the networks."""
        session = self._session
        is_ready = not session.loading and (session.has_result or session.engine_error is not None)
        if self._waiting_for_networks and is_ready:
            self._waiting_for_networks = False
            if (capture := self._session.capture) is not None:
                capture.play()
        state = self._session.source_state
        is_playable = is_file and state.info is not None
        self._bar.setVisible(is_playable and (state.info is not None and state.info.frame_count != 1))
        self._bar.show_state(state)
        keys = self.list_keys
        in_list, is_show = keys is not None and keys.take_moves, keys is not None and keys.take_play
        is_playing = keys.is_running if keys is not None and is_show else state.phase is Phase.PLAYING
        play = self._actions.play
        text = Text.PAUSE if is_playing else Text.PLAY
        if play.text() != text():
            show_text(play, text)
            show_icon(play, "pause" if is_playing else "play", self._bar)
        play.setEnabled(is_playable or is_show)
        do = self._actions
        for action in (do.back, do.forward, do.start, do.end):
            action.setEnabled(is_playable or in_list)
        for action in (do.step_back, do.slower, do.faster, do.normal_speed):
            action.setEnabled(is_playable)
        do.step.setEnabled(is_playable and state.phase is not Phase.ENDED)

    def _toggle(self) -> None:
        self._waiting_for_networks = False
        if self.list_keys is not None and self.list_keys.take_play:
            self.list_keys.toggle_slideshow()
        elif (capture := self._session.capture) is not None:
            if self._session.source_state.phase is Phase.PLAYING:
                capture.pause()
            else:
                capture.play()

    def _step(self, frames: int) -> None:
        self._waiting_for_networks = False
        if (capture := self._session.capture) is not None:
            if frames > 0:
                capture.step()
            else:
                capture.step_back()

    def _jump(self, seconds: float) -> None:
        if self.list_keys is not None and self.list_keys.take_moves:
            self.list_keys.move(1 if seconds > 0 else -1)
        elif (capture := self._session.capture) is not None and self._actions.back.isEnabled():
            capture.seek(capture.position_s + seconds)

    def _go_to_start(self) -> None:
        if self.list_keys is not None and self.list_keys.take_moves:
            self.list_keys.move_to_first()
        else:
            self._seek(0.0)

    def _go_to_end(self) -> None:
        info = self._session.source_state.info
        if self.list_keys is not None and self.list_keys.take_moves:
            self.list_keys.move_to_last()
        elif info is not None and info.duration_s is not None:
            self._seek(info.duration_s + _BEYOND_S)

    def _seek(self, time_s: float) -> None:
        if (capture := self._session.capture) is not None:
            capture.seek(time_s)

    def _set_speed(self, speed: float) -> None:
        if (capture := self._session.capture) is not None:
            capture.set_speed(speed)

    def _change_speed(self, steps: int) -> None:
        position = SPEEDS.index(self.speed) + steps
        self._bar.choose_speed(SPEEDS[min(max(position, 0), len(SPEEDS) - 1)])
