"""Keeps the sound of a video in step with its picture, whatever plays the sound."""

from collections import deque
from statistics import median
from typing import Protocol

SPEEDS_WITH_SOUND = (0.5, 2.0)
"""Slowest and fastest playback speed at which sound is played."""
MAX_DRIFT_S = 0.015
"""A larger difference between sound and picture is corrected. People notice about 40 ms."""
_GOOD_DRIFT_S = 0.005
_RATE_STEP = 0.02
"""Of the correction; the pitch changes with it by a third of a semitone."""
_SEEK_DRIFT_S = 0.08
"""Beyond it, a correction by the rate would take too long: the sound jumps."""
_SEEK_DRIFT_AT_OTHER_SPEEDS_S = 0.05
"""There the rate is not changed, since what keeps the pitch would be interrupted."""
_JUMP_S = 0.3
"""The picture was sought if it is this far from where it was expected."""
_QUIET_S = 0.1
"""The sound starts when the picture has run for this long: while the seek bar is dragged, there is silence."""
_SETTLE_S = 0.6
"""After the start of the sound, its drift is not measured, since its device needs a moment."""
_PACE_S = 0.04
"""By how much the picture may fall behind within `_PICTURES` frames."""
_FIRST_DELAY_S, _MAX_DELAY_S = 0.05, 1.0
_PICTURES, _POSITIONS = 15, 10
"""Number of measurements whose median counts: each one alone is some 20 ms off."""
_RETRIES = 3
"""After as many jumps of the sound that did not last for `_LASTING_S`, there is silence for `_GIVE_UP_S`."""
_LASTING_S, _GIVE_UP_S = 5.0, 10.0


class AudioPlayer(Protocol):
    """Plays the sound of one file. No method waits for the device."""

    @property
    def position(self) -> tuple[float, float] | None:
        """The last known position in seconds, and when it was reached on the monotonic clock; None if it has not
        moved since `play`."""

    def play(self, from_s: float, speed: float) -> None:
        """Play from a position, with the pitch unchanged at other speeds than 1."""

    def pause(self) -> None:
        """Fall silent."""

    def set_rate(self, rate: float) -> None:
        """Go on a little slower or faster than at speed 1, without interruption; the pitch changes too."""


class SoundSync:
    """Starts, stops and corrects the sound so that it follows the picture.

    All times are in seconds. `now_s` and `shown_s` are on the monotonic clock; other times are those of the picture.
    """

    def __init__(self, player: AudioPlayer, lead_s: float) -> None:
        """
        Args:
            lead_s: position of the player minus time of the picture.
        """
        self._player, self._lead_s = player, lead_s
        self._speed = 1.0
        self._shown_s = 0.0
        """When the last frame was shown."""
        self._pictures: deque[float] = deque(maxlen=_PICTURES)
        """Time of the picture when the monotonic clock was at 0, extrapolated from each of the last frames."""
        self._positions: deque[float] = deque(maxlen=_POSITIONS)
        """The same from the positions of the player."""
        self._measured_s = 0.0
        self._jumped_s = 0.0
        """When the picture began, or was sought."""
        self._started_s: float | None = None
        """When the sound began; None in silence."""
        self._delays_s = {True: _FIRST_DELAY_S, False: _FIRST_DELAY_S}
        """By how much the sound was late after the last `play` at speed 1, and at another one."""
        self._knows_delay = False
        self._rate = 1.0
        self._retries = 0
        self._silent_until_s = 0.0
        self._stopped_s = 0.0

    @property
    def drift_s(self) -> float | None:
        """How far the sound is ahead of the picture; None while that is not known."""
        if self._started_s is None or len(self._positions) < _POSITIONS // 2 or not self._pictures:
            return None
        return median(self._positions) - median(self._pictures)

    @property
    def _keeps_pace(self) -> bool:
        """Whether the picture is as fast as it should be: to one that is too slow there is no sound."""
        return abs(self._pictures[-1] - self._pictures[0]) < _PACE_S

    def stop(self, now_s: float) -> None:
        """Fall silent: the picture stands still, or the sound is not wanted. Called often meanwhile."""
        self._pause()
        self._pictures.clear()
        self._stopped_s = now_s

    def follow(self, time_s: float, arrived_s: float, delay_s: float, speed: float, now_s: float) -> None:
        """Follow the picture. Called often while it plays.

        Args:
            time_s: time of the last frame.
            arrived_s: when it arrived.
            delay_s: how long a frame takes from its arrival to the screen.
            speed: playback speed.
        """
        if not SPEEDS_WITH_SOUND[0] <= speed <= SPEEDS_WITH_SOUND[1]:
            self.stop(now_s)
            return
        if arrived_s <= self._stopped_s:  # it has been on the screen since before a pause
            return
        self._add_picture(time_s, arrived_s + delay_s, speed)
        if self._started_s is None:
            if now_s >= max(self._jumped_s + _QUIET_S, self._silent_until_s) and self._keeps_pace:
                self._start(now_s)
            return
        self._add_position()
        drift_s = self.drift_s
        if drift_s is None or now_s < self._started_s + _SETTLE_S:
            return
        if not self._knows_delay:
            self._knows_delay = True
            delay_s = self._delays_s[speed == 1] - drift_s / speed
            self._delays_s[speed == 1] = min(max(delay_s, 0.0), _MAX_DELAY_S)
        if abs(drift_s) > _SEEK_DRIFT_S:
            self._restart(now_s)
        elif speed == 1:
            self._correct(drift_s)
        elif abs(drift_s) > _SEEK_DRIFT_AT_OTHER_SPEEDS_S and self._retries == 0:
            self._restart(now_s)

    def _add_picture(self, time_s: float, shown_s: float, speed: float) -> None:
        if shown_s == self._shown_s and speed == self._speed and self._pictures:
            return
        begun_s = time_s - speed * shown_s
        has_jumped = speed != self._speed or not self._pictures or abs(begun_s - self._pictures[-1]) > _JUMP_S
        self._shown_s, self._speed = shown_s, speed
        if has_jumped:
            self._pause()
            self._pictures.clear()
            self._jumped_s = shown_s
            self._retries = 0
        self._pictures.append(begun_s)

    def _add_position(self) -> None:
        position = self._player.position
        if position is not None and position[1] > self._measured_s:
            self._measured_s = position[1]
            self._positions.append(position[0] - self._lead_s - self._speed * position[1])

    def _start(self, now_s: float) -> None:
        time_s = median(self._pictures) + self._speed * (now_s + self._delays_s[self._speed == 1])
        self._player.play(max(0.0, time_s + self._lead_s), self._speed)
        self._started_s = self._measured_s = now_s
        self._rate = 1.0
        self._knows_delay = False
        self._positions.clear()

    def _restart(self, now_s: float) -> None:
        """Jump to where the picture is."""
        lasted_s = now_s - (self._started_s or now_s)
        self._retries = self._retries + 1 if lasted_s < _LASTING_S else 1
        self._pause()
        if self._retries > _RETRIES:
            self._retries = 0
            self._silent_until_s = now_s + _GIVE_UP_S
        elif self._keeps_pace:
            self._start(now_s)

    def _correct(self, drift_s: float) -> None:
        if abs(drift_s) > MAX_DRIFT_S:
            rate = 1 - _RATE_STEP if drift_s > 0 else 1 + _RATE_STEP
        elif abs(drift_s) < _GOOD_DRIFT_S or (drift_s > 0) == (self._rate > 1):
            rate = 1.0
        else:
            return
        if rate != self._rate:
            self._rate = rate
            self._player.set_rate(rate)

    def _pause(self) -> None:
        if self._started_s is not None:
            self._started_s = None
            self._positions.clear()
            self._player.pause()
