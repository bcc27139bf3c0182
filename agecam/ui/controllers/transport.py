"""Playback controls for files: connects the actions and the playback bar to the session's capture."""

from PySide6.QtCore import QObject

from agecam.live import LiveSession, Phase
from agecam.ui.actions import Actions
from agecam.ui.messages import Text
from agecam.ui.theme import icon
from agecam.ui.widgets.playback_bar import PlaybackBar

JUMP_S = 5.0


class Transport(QObject):
    """Handles play, step, jump, seek, speed and repeat."""

    def __init__(self, session: LiveSession, actions: Actions, bar: PlaybackBar, parent: QObject) -> None:
        super().__init__(parent)
        self._session, self._actions, self._bar = session, actions, bar
        self._waiting_for_networks = False
        for action, handler in (
            (actions.play, self._toggle),
            (actions.step, self._step),
            (actions.back, lambda: self._jump(-JUMP_S)),
            (actions.forward, lambda: self._jump(JUMP_S)),
        ):
            action.triggered.connect(lambda _=False, handler=handler: handler())
        bar.sought.connect(self._seek)
        bar.speed_chosen.connect(self._set_speed)

    @property
    def speed(self) -> float:
        """Playback speed as a multiple of the file's own."""
        return float(self._bar.speed.currentData())

    def wait_for_networks(self, waits: bool) -> None:
        """Set whether the file being opened stays at its first frame until the networks are loaded."""
        self._waiting_for_networks = waits

    def set_loop(self, loop: bool) -> None:
        """Set whether playback starts again at the end of the file."""
        if (capture := self._session.capture) is not None:
            capture.set_loop(loop)

    def refresh(self, *, is_file: bool) -> None:
        """Show the playback state, and start a file that was waiting for the networks once they are loaded."""
        if self._waiting_for_networks and not self._session.loading:
            self._waiting_for_networks = False
            if (capture := self._session.capture) is not None:
                capture.play()
        state = self._session.source_state
        is_playable = is_file and state.info is not None
        self._bar.setVisible(is_playable and (state.info is not None and state.info.frame_count != 1))
        self._bar.show_state(state)
        is_playing = state.phase is Phase.PLAYING
        play = self._actions.play
        text = (Text.PAUSE if is_playing else Text.PLAY)()
        if play.text() != text:
            play.setText(text)
            play.setIcon(icon("pause" if is_playing else "play", self._bar))
        for action in (play, self._actions.back, self._actions.forward):
            action.setEnabled(is_playable)
        self._actions.step.setEnabled(is_playable and state.phase is not Phase.ENDED)

    def _toggle(self) -> None:
        self._waiting_for_networks = False
        if (capture := self._session.capture) is not None:
            if self._session.source_state.phase is Phase.PLAYING:
                capture.pause()
            else:
                capture.play()

    def _step(self) -> None:
        self._waiting_for_networks = False
        if (capture := self._session.capture) is not None:
            capture.step()

    def _jump(self, seconds: float) -> None:
        if (capture := self._session.capture) is not None and self._actions.back.isEnabled():
            capture.seek(max(0.0, self._session.source_state.time_s + seconds))

    def _seek(self, time_s: float) -> None:
        if (capture := self._session.capture) is not None:
            capture.seek(time_s)

    def _set_speed(self, speed: float) -> None:
        if (capture := self._session.capture) is not None:
            capture.set_speed(speed)
