"""The sound of videos in the window. No audio device is needed; where there is one, nothing is heard of it."""

import logging
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from films import FRAMES, Film
from live_parts import FakeFile
from PySide6.QtCore import QObject
from PySide6.QtWidgets import QToolButton
from pytestqt.qtbot import QtBot
from window_parts import DialogGuard, WindowHarness

from agecam.live import Phase
from agecam.sources.base import Sound as SoundInfo
from agecam.ui.controllers import sound as sound_controller
from agecam.ui.main_window import MainWindow
from agecam.ui.system.audio import AudioSystem, FilePlayer

pytestmark = pytest.mark.qt_log_ignore(
    "pipewire",
    "PulseAudio",
    "pa_context_connect",
    "No audio device",
    "ALSA",
    "HW decoder",
    r"Couldn't (load|resolve) va",
    "Could not open media",
    extend=True,
)
"""What Qt Multimedia says where it finds no audio service."""


@pytest.fixture
def harness(qtbot: QtBot, tmp_path: Path) -> Iterator[WindowHarness]:
    before = set(threading.enumerate())
    guard = DialogGuard()
    harness = WindowHarness(qtbot, tmp_path)
    yield harness
    unexpected = guard.finish()
    harness.close()
    assert unexpected == []
    assert set(threading.enumerate()) <= before


@pytest.fixture
def film(tmp_path: Path) -> str:
    return str(Film("film.mp4", frames=10 * FRAMES).write(tmp_path))


class Recorder(QObject):
    """An `AudioPlayer` that notes what it is asked for; its sound is always exact."""

    created: list["Recorder"] = []  # noqa: RUF012

    def __init__(self, address: str, parent: QObject) -> None:
        super().__init__(parent)
        self.address = address
        self.plays: list[tuple[float, float]] = []
        self.is_playing = self.is_closed = False
        self._began = (0.0, 0.0, 1.0)
        self.created.append(self)

    def play(self, from_s: float, speed: float) -> None:
        self.plays.append((from_s, speed))
        self.is_playing = True
        self._began = (from_s, time.monotonic(), speed)

    def pause(self) -> None:
        self.is_playing = False

    def set_rate(self, rate: float) -> None:
        from_s, began_s, before = self._began
        now_s = time.monotonic()
        self._began = (from_s + before * (now_s - began_s), now_s, rate)

    @property
    def position(self) -> tuple[float, float] | None:
        from_s, began_s, rate = self._began
        now_s = time.monotonic()
        return (from_s + rate * (now_s - began_s), now_s) if self.is_playing else None

    def close(self) -> None:
        self.is_playing, self.is_closed = False, True


@pytest.fixture
def players(monkeypatch: pytest.MonkeyPatch) -> list[Recorder]:
    """The players that the window creates, on an audio device that is always there."""
    Recorder.created = []
    monkeypatch.setattr(sound_controller, "FilePlayer", Recorder)
    monkeypatch.setattr(AudioSystem, "is_ready", True)
    monkeypatch.setattr(AudioSystem, "load", lambda self: None)
    return Recorder.created


def mute_button(window: MainWindow) -> QToolButton:
    return window.playback.mute


# --- following the picture -----------------------------------------------------------------------------


def test_the_sound_follows_the_player(harness: WindowHarness, players: list[Recorder], film: str) -> None:
    window = harness.open_window()
    window.open(film)
    harness.wait_until(lambda: players and players[0].is_playing)
    player = players[0]
    assert player.address == film
    harness.wait_until(lambda: window.session.source_state.time_s > 2)
    assert len(player.plays) == 1
    assert abs(window.sound.drift_s or 1) < 0.04

    harness.press(window, " ")
    harness.wait_until(lambda: not player.is_playing)
    harness.press(window, ".")
    harness.wait(300)
    assert not player.is_playing
    harness.press(window, " ")
    harness.wait_until(lambda: player.is_playing)
    assert player.plays[-1][0] == pytest.approx(window.session.source_state.time_s, abs=0.3)

    window.playback.sought.emit(20.0)
    harness.wait_until(lambda: player.plays[-1][0] > 19 and player.is_playing)
    harness.press(window, "]")
    harness.wait_until(lambda: player.plays[-1][1] == 1.5)
    for _ in range(2):
        harness.press(window, "]")
    harness.wait_until(lambda: not player.is_playing)  # four times as fast
    harness.press(window, "\b")
    harness.wait_until(lambda: player.is_playing and player.plays[-1][1] == 1)


def test_silence_at_the_end_and_again_from_the_start(
    harness: WindowHarness, players: list[Recorder], tmp_path: Path
) -> None:
    window = harness.open_window()
    window.open(str(Film("short.mp4", frames=40).write(tmp_path)))
    harness.wait_until(lambda: players and players[0].is_playing)
    harness.wait_until(lambda: window.session.source_state.phase is Phase.ENDED)
    harness.wait_until(lambda: not players[0].is_playing)
    harness.press(window, "l")
    harness.press(window, " ")
    harness.wait_until(lambda: players[0].is_playing)
    plays = len(players[0].plays)
    harness.wait_until(lambda: len(players[0].plays) > plays)  # it has begun again
    assert players[0].plays[-1][0] < 0.5


def test_another_source_ends_the_sound(harness: WindowHarness, players: list[Recorder], film: str) -> None:
    window = harness.open_window()
    window.open(film)
    harness.wait_until(lambda: players and players[0].is_playing)
    window.open("demo")
    harness.wait_until(lambda: players[0].is_closed)
    window.open(film)
    harness.wait_until(lambda: len(players) == 2 and players[1].is_playing)
    window.close_source()
    harness.wait_until(lambda: players[1].is_closed)


def test_the_lead_of_the_sound_is_added(harness: WindowHarness, players: list[Recorder]) -> None:
    class Clip(FakeFile):
        def __init__(self) -> None:
            super().__init__(900)
            self._info = replace(self._info, sound=SoundInfo("/films/clip.mp4", 0.0, lead_s=2.5))

    harness.sources["clip.mp4"] = lambda _: Clip()
    window = harness.open_window()
    window.open("clip.mp4")
    harness.wait_until(lambda: players and players[0].is_playing)
    assert players[0].plays[0][0] == pytest.approx(2.5 + window.session.source_state.time_s, abs=0.3)


# --- muting --------------------------------------------------------------------------------------------


def test_muting_is_kept(harness: WindowHarness, players: list[Recorder], film: str) -> None:
    window = harness.open_window()
    window.open(film)
    harness.wait_until(lambda: players and players[0].is_playing)
    assert mute_button(window).isVisible()
    loud = window.actions_.mute.icon().cacheKey()
    harness.press(window, "m")
    harness.wait_until(lambda: players[0].is_closed)
    assert mute_button(window).isChecked()
    assert window.actions_.mute.icon().cacheKey() != loud
    harness.close()
    window = harness.restart()
    window.open(film)
    harness.wait_until(lambda: window.session.source_state.time_s > 0.5)
    assert mute_button(window).isChecked()
    assert len(players) == 1
    mute_button(window).click()
    harness.wait_until(lambda: len(players) == 2 and players[1].is_playing)
    assert not window.settings.current.mute


@pytest.mark.parametrize("sound", [None, SoundInfo(None, 0.0, 0.0), SoundInfo("/a.ts", 0.0, 0.0, has_jumps=True)])
def test_no_button_without_sound(sound: SoundInfo | None, harness: WindowHarness, players: list[Recorder]) -> None:
    class Clip(FakeFile):
        def __init__(self) -> None:
            super().__init__(90)
            self._info = replace(self._info, sound=sound)

    harness.sources["clip.mp4"] = lambda _: Clip()
    window = harness.open_window()
    window.open("clip.mp4")
    harness.wait_until(lambda: window.session.source_state.time_s > 0.3)
    assert window.playback.isVisible()
    assert not mute_button(window).isVisible()
    assert not window.actions_.mute.isEnabled()
    assert players == []


# --- Qt Multimedia -------------------------------------------------------------------------------------


def test_qt_multimedia_is_not_imported_at_the_start() -> None:
    code = "import agecam.ui.app, sys; sys.exit(any('Multimedia' in name for name in sys.modules))"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_without_qt_multimedia_videos_are_silent(
    harness: WindowHarness, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, film: str
) -> None:
    monkeypatch.setitem(sys.modules, "PySide6.QtMultimedia", None)  # as where libpulse is missing
    caplog.set_level(logging.INFO)
    window = harness.open_window()
    window.open(film)
    harness.wait_until(lambda: "without sound" in caplog.text)
    harness.wait_until(lambda: window.session.source_state.time_s > 1)
    window.open(film)
    harness.wait_until(lambda: 0 < window.session.source_state.time_s < 1)
    assert caplog.text.count("without sound") == 1
    assert window.video.notice.isHidden()
    assert window.video.toast.isHidden()


def test_a_real_player_plays_and_seeks(qtbot: QtBot, film: str) -> None:
    pytest.importorskip("PySide6.QtMultimedia", reason="a library of the system is missing", exc_type=ImportError)
    parent = QObject()
    player = FilePlayer(film, parent)
    player.play(2.0, 1.0)  # before it is loaded
    qtbot.waitUntil(lambda: player.position is not None, timeout=8000)
    position = player.position
    assert position is not None
    assert 1.9 < position[0] < 3.5
    player.play(20.0, 1.0)
    assert player.position is None
    qtbot.waitUntil(lambda: player.position is not None and player.position[0] > 20.2, timeout=8000)
    player.set_rate(1.02)
    player.play(5.0, 2.0)
    qtbot.waitUntil(lambda: player.position is not None and 5.2 < player.position[0] < 9, timeout=8000)
    player.pause()
    qtbot.wait(100)
    stopped = player.position
    qtbot.wait(200)
    assert player.position == stopped
    player.close()
    parent.deleteLater()


def test_the_player_never_waits(qtbot: QtBot, film: str) -> None:
    pytest.importorskip("PySide6.QtMultimedia", reason="a library of the system is missing", exc_type=ImportError)
    parent = QObject()
    calls: list[Callable[[FilePlayer], None]] = [
        lambda player: player.play(1.0, 1.0),
        lambda player: player.set_rate(1.02),
        lambda player: player.play(9.0, 1.0),
        FilePlayer.pause,
        FilePlayer.close,
    ]
    spent_s: list[list[float]] = []
    for _ in range(5):
        player = FilePlayer(film, parent)
        spent_s.append([])
        for call in calls:
            qtbot.wait(40)
            began_s = time.perf_counter()
            call(player)
            spent_s[-1].append(time.perf_counter() - began_s)
    parent.deleteLater()
    assert max(map(min, zip(*spent_s, strict=True))) < 0.03


def test_a_file_that_cannot_be_played_is_silent(qtbot: QtBot, tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    pytest.importorskip("PySide6.QtMultimedia", reason="a library of the system is missing", exc_type=ImportError)
    caplog.set_level(logging.INFO)
    parent = QObject()
    player = FilePlayer(str(tmp_path / "missing.mp4"), parent)
    player.play(0.0, 1.0)
    qtbot.waitUntil(lambda: "cannot be played" in caplog.text, timeout=8000)
    assert player.position is None
    player.close()
    parent.deleteLater()


def test_sound_is_loaded_after_the_networks(harness: WindowHarness, film: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Two threads that load libraries of Qt and OpenVINO at the same time have waited for each other for ever."""
    loads: list[bool] = []
    load = AudioSystem.load

    def noted_load(system: AudioSystem) -> None:
        loads.append(window.session.loading)
        load(system)

    monkeypatch.setattr(AudioSystem, "load", noted_load)
    harness.loading.clear()
    window = harness.open_window()
    window.open(film)
    harness.wait_until(lambda: window.video.picture is not None and window.playback.mute.isVisible())
    harness.wait(300)
    assert loads == []
    harness.loading.set()
    harness.wait_until(lambda: loads)
    assert not any(loads)
