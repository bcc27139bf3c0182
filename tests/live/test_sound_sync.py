"""The sound follows the picture, with a simulated player and simulated time."""

import pytest

from agecam.live.sound_sync import SoundSync

FPS = 30
TOLERANCE_S = 0.04


class Device:
    """A player whose sound begins some time after `play`; its position is known 20 times a second, in steps."""

    def __init__(self, delay_s: float = 0.05) -> None:
        self.delay_s = delay_s
        self.now_s = 0.0
        self.plays: list[tuple[float, float, float]] = []
        """When, from where and at what speed it was started."""
        self.rates: list[float] = []
        self.pauses = 0
        self._heard: tuple[float, float, float] | None = None
        """A time, the position then, and the rate since."""

    def play(self, from_s: float, speed: float) -> None:
        self.plays.append((self.now_s, from_s, speed))
        self._heard = (self.now_s + self.delay_s, from_s, speed)

    def pause(self) -> None:
        self.pauses += 1
        self._heard = None

    def set_rate(self, rate: float) -> None:
        self.rates.append(rate)
        heard_s = self.heard_s
        if heard_s is not None:
            self._heard = (self.now_s, heard_s, rate)

    def interrupt(self, seconds: float) -> None:
        """An interruption after which the sound is late."""
        if self._heard is not None:
            self._heard = (self._heard[0] + seconds, *self._heard[1:])

    @property
    def heard_s(self) -> float | None:
        if self._heard is None or self.now_s < self._heard[0]:
            return None
        return self._heard[1] + self._heard[2] * (self.now_s - self._heard[0])

    @property
    def position(self) -> tuple[float, float] | None:
        heard_s = self.heard_s
        if heard_s is None:
            return None
        at_s = self.now_s - self.now_s % 0.05
        return (heard_s - (self.now_s - at_s)) // 0.021 * 0.021 + 0.01, at_s


class Playback:
    """A video that is played on the simulated clock."""

    def __init__(self, device: Device, lead_s: float = 0.0) -> None:
        self.device = device
        self.sync = SoundSync(device, lead_s)
        self.speed = 1.0
        self.time_s = 0.0
        self.lead_s = lead_s
        self.apart_s: list[float] = []
        """How far sound and picture were apart at each frame since `run` was called, where there was sound."""

    def run(self, seconds: float, pace: float = 1.0) -> None:
        """Play; at a pace other than 1, the picture is slower than it should be."""
        self.apart_s = []
        for _ in range(round(seconds * FPS * self.speed * pace)):
            self.device.now_s += 1 / (FPS * self.speed * pace)
            self.time_s += 1 / FPS
            now_s = self.device.now_s
            self.sync.follow(self.time_s, now_s - 0.01, 0.01, self.speed, now_s)
            heard_s = self.device.heard_s
            if heard_s is not None:
                self.apart_s.append(heard_s - self.lead_s - self.time_s)

    def stand_still(self, seconds: float) -> None:
        for _ in range(round(5 * seconds)):
            self.device.now_s += 0.2
            self.sync.stop(self.device.now_s)

    @property
    def worst_s(self) -> float:
        return max(abs(apart) for apart in self.apart_s)


@pytest.fixture
def playback() -> Playback:
    return Playback(Device())


@pytest.mark.parametrize("delay_s", [0.0, 0.05, 0.1, 0.4])
@pytest.mark.parametrize("lead_s", [0.0, 1.5])
def test_sound_and_picture_stay_together(delay_s: float, lead_s: float) -> None:
    playback = Playback(Device(delay_s), lead_s)
    playback.run(6)
    playback.run(60)
    assert len(playback.apart_s) == 60 * FPS
    assert playback.worst_s < TOLERANCE_S
    assert len(playback.device.plays) <= 2


def test_after_the_first_time_the_delay_of_the_device_is_known() -> None:
    playback = Playback(Device(0.3))
    playback.run(5)
    playback.stand_still(1)
    playback.run(2)
    assert playback.worst_s < TOLERANCE_S
    assert len(playback.apart_s) > 1.4 * FPS


def test_silence_while_the_picture_stands_still(playback: Playback) -> None:
    playback.run(3)
    playback.stand_still(2)
    assert playback.device.heard_s is None
    assert playback.device.pauses == 1
    playback.run(3)
    assert playback.worst_s < TOLERANCE_S


def test_a_frame_from_before_the_pause_does_not_start_the_sound(playback: Playback) -> None:
    playback.run(3)
    shown_s = playback.device.now_s
    playback.stand_still(5)
    playback.sync.follow(playback.time_s, shown_s, 0.01, 1.0, playback.device.now_s + 0.01)
    assert len(playback.device.plays) == 1
    playback.run(2)
    assert playback.worst_s < TOLERANCE_S


@pytest.mark.parametrize("to_s", [0.0, 1.0, 40.0])
def test_the_sound_follows_to_another_place(to_s: float, playback: Playback) -> None:
    playback.run(5)
    playback.time_s = to_s
    playback.run(3)
    assert playback.worst_s < TOLERANCE_S
    assert len(playback.device.plays) == 2


def test_silence_while_the_seek_bar_is_dragged(playback: Playback) -> None:
    playback.run(3)
    for step in range(20):
        playback.time_s = 10.0 + step
        playback.run(0.07)
        assert playback.device.heard_s is None
    playback.run(2)
    assert len(playback.device.plays) == 2
    assert playback.worst_s < TOLERANCE_S


@pytest.mark.parametrize("late_s", [0.05, 0.26, 0.6])
def test_the_sound_follows_when_the_picture_falls_behind(late_s: float, playback: Playback) -> None:
    playback.run(5)
    playback.device.now_s += late_s  # and goes on from there
    playback.run(4)
    playback.run(10)
    assert playback.worst_s < TOLERANCE_S
    assert len(playback.device.plays) <= 2


def test_small_differences_are_corrected_without_an_interruption(playback: Playback) -> None:
    playback.run(5)
    for _ in range(10):
        playback.device.interrupt(0.03)
        playback.run(4)
    assert playback.worst_s < TOLERANCE_S
    assert len(playback.device.plays) == 1
    assert all(abs(rate - 1) < 0.03 for rate in playback.device.rates)
    assert playback.device.rates[-1] == 1
    assert len(playback.device.rates) < 40


def test_a_picture_that_is_too_slow_has_no_stuttering_sound(playback: Playback) -> None:
    playback.run(30, pace=0.7)
    assert len(playback.device.plays) <= 2
    assert len(playback.apart_s) < 0.1 * 30 * FPS
    playback.run(2)
    playback.run(5)  # fast enough again
    assert len(playback.apart_s) == 5 * FPS
    assert playback.worst_s < TOLERANCE_S


@pytest.mark.parametrize("speed", [0.25, 4.0])
def test_no_sound_at_extreme_speeds(speed: float, playback: Playback) -> None:
    playback.run(2)
    playback.speed = speed
    playback.run(3)
    assert playback.device.heard_s is None
    playback.speed = 1.0
    playback.run(2)
    assert playback.worst_s < TOLERANCE_S


@pytest.mark.parametrize("speed", [0.5, 1.5, 2.0])
def test_sound_at_other_speeds(speed: float, playback: Playback) -> None:
    playback.run(2)
    playback.speed = speed
    playback.run(5)
    assert playback.worst_s < TOLERANCE_S * 2
    assert playback.device.plays[-1][2] == speed
    assert playback.device.rates == []
    playback.speed = 1.0
    playback.run(3)
    assert playback.worst_s < TOLERANCE_S


def test_the_drift_is_known_only_while_there_is_sound(playback: Playback) -> None:
    assert playback.sync.drift_s is None
    playback.run(3)
    assert abs(playback.sync.drift_s or 1) < TOLERANCE_S
    playback.stand_still(1)
    assert playback.sync.drift_s is None
