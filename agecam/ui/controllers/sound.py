"""The sound of the open video: follows the picture, and can be muted."""

import time

from PySide6.QtCore import QObject

from agecam.live import LiveSession, Phase
from agecam.live.capture import CaptureThread
from agecam.live.sound_sync import SoundSync
from agecam.sources.base import Sound as SoundInfo
from agecam.ui.actions import Actions, show_icon
from agecam.ui.system.audio import AudioSystem, FilePlayer
from agecam.ui.widgets.playback_bar import PlaybackBar

_DELAY_INTERVAL_S = 1.0


class Sound(QObject):
    """Plays the sound of videos that can be opened a second time: not that of pipes."""

    def __init__(self, session: LiveSession, actions: Actions, bar: PlaybackBar, parent: QObject) -> None:
        super().__init__(parent)
        self._session, self._mute, self._bar = session, actions.mute, bar
        self._system = AudioSystem(self)
        self._system.changed.connect(self._drop_player)  # the next one plays on the new device
        self._capture: CaptureThread | None = None
        self._player: FilePlayer | None = None
        self._sync: SoundSync | None = None
        self._delay_s = 0.0
        self._delay_at_s = 0.0
        self._mute.toggled.connect(self._show_mute)
        self._show_mute(self._mute.isChecked())

    @property
    def drift_s(self) -> float | None:
        """How far the sound is ahead of the picture, in seconds; None while there is no sound."""
        return self._sync.drift_s if self._sync is not None else None

    def refresh(self, speed: float) -> None:
        """Follow the picture, which plays at this speed. Called for each frame and several times a second."""
        state, now_s = self._session.source_state, time.monotonic()
        if self._session.capture is not self._capture:
            self._capture = self._session.capture
            self._drop_player()
        sound = state.info.sound if state.info is not None and not state.info.live else None
        # A player cannot be sent to a time in a file whose clock jumps.
        has_sound = sound is not None and sound.address is not None and not sound.has_jumps
        self._mute.setEnabled(has_sound)
        self._bar.mute.setVisible(has_sound)
        if sound is None or not has_sound or self._mute.isChecked():
            self._drop_player()
            return
        if not self._session.loading:  # two threads that load libraries at once may wait for each other for ever
            self._system.load()
        if self._system.is_ready and self._sync is None:
            self._open(sound)
        if self._sync is None:
            return
        view = self._session.view()
        if state.phase is not Phase.PLAYING or view is None:
            self._sync.stop(now_s)
        else:
            self._sync.follow(view.frame.time_s, view.arrived_s, self._delay(now_s), speed, now_s)

    def close(self) -> None:
        """Fall silent for good."""
        self._drop_player()
        self._system.close()

    def _open(self, sound: SoundInfo) -> None:
        assert sound.address is not None
        self._player = FilePlayer(sound.address, self)
        self._sync = SoundSync(self._player, sound.lead_s)

    def _drop_player(self) -> None:
        self._sync = None
        if self._player is not None:
            self._player.close()
            self._player = None

    def _delay(self, now_s: float) -> float:
        """How long frames take to the screen, in seconds."""
        if now_s > self._delay_at_s + _DELAY_INTERVAL_S:
            self._delay_s = (self._session.statistics().delay_p50_ms or 0.0) / 1000
            self._delay_at_s = now_s
        return self._delay_s

    def _show_mute(self, on: bool) -> None:
        show_icon(self._mute, "muted" if on else "volume", self._bar)
