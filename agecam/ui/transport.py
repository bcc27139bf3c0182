"""Playing a file: what the bar and the keys do to the session's player, and what they show of it."""

from PySide6.QtCore import QObject

from agecam.live import LiveSession, Phase
from agecam.ui.actions import Actions
from agecam.ui.look import icon
from agecam.ui.messages import Text
from agecam.ui.playback_bar import PlaybackBar

JUMP_S = 5.0


class Transport(QObject):
    """Play, step, jump, seek, speed and repeat."""

    def __init__(self, session: LiveSession, actions: Actions, bar: PlaybackBar, parent: QObject) -> None:
        super().__init__(parent)
        self._session, self._actions, self._bar = session, actions, bar
        self._waits_for_networks = False
        for action, act in (
            (actions.play, self._toggle),
            (actions.step, self._step),
            (actions.back, lambda: self._jump(-JUMP_S)),
            (actions.forward, lambda: self._jump(JUMP_S)),
        ):
            action.triggered.connect(lambda _=False, act=act: act())
        bar.sought.connect(self._seek)
        bar.speed_chosen.connect(self._set_speed)

    @property
    def speed(self) -> float:
        """As a multiple of the file's own."""
        return float(self._bar.speed.currentData())

    def wait_for_networks(self, waits: bool) -> None:
        """Whether the file that is being opened stands at its first frame until the networks are loaded."""
        self._waits_for_networks = waits

    def set_loop(self, loop: bool) -> None:
        """Begin anew at the end, or stand there."""
        if (player := self._session.player) is not None:
            player.set_loop(loop)

    def refresh(self, *, is_file: bool) -> None:
        """Show where the player stands, and go on if it has waited long enough."""
        if self._waits_for_networks and not self._session.loading:
            self._waits_for_networks = False
            if (player := self._session.player) is not None:
                player.play()
        state = self._session.source_state
        plays = is_file and state.info is not None
        self._bar.setVisible(plays and (state.info is not None and state.info.frame_count != 1))
        self._bar.show_state(state)
        moving = state.phase is Phase.PLAYING
        play = self._actions.play
        text = (Text.PAUSE if moving else Text.PLAY)()
        if play.text() != text:
            play.setText(text)
            play.setIcon(icon("pause" if moving else "play", self._bar))
        for of_files in (play, self._actions.step, self._actions.back, self._actions.forward):
            of_files.setEnabled(plays)

    def _toggle(self) -> None:
        self._waits_for_networks = False
        if (player := self._session.player) is not None:
            if self._session.source_state.phase is Phase.PLAYING:
                player.pause()
            else:
                player.play()

    def _step(self) -> None:
        self._waits_for_networks = False
        if (player := self._session.player) is not None:
            player.step()

    def _jump(self, seconds: float) -> None:
        if (player := self._session.player) is not None and self._actions.back.isEnabled():
            player.seek(max(0.0, self._session.source_state.time_s + seconds))

    def _seek(self, time_s: float) -> None:
        if (player := self._session.player) is not None:
            player.seek(time_s)

    def _set_speed(self, speed: float) -> None:
        if (player := self._session.player) is not None:
            player.set_speed(speed)
