"""Recordings that are still being written when the window closes."""

import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from live_parts import FakeCamera
from pytestqt.qtbot import QtBot
from window_parts import WindowHarness

from agecam.errors import OutputError
from agecam.outputs import VideoWriter
from agecam.sources import CameraInfo
from agecam.types import Image
from agecam.ui.main_window import MainWindow


@pytest.fixture
def harness(qtbot: QtBot, tmp_path: Path) -> Iterator[WindowHarness]:
    harness = WindowHarness(qtbot, tmp_path)
    harness.cameras = [CameraInfo(0, "Front camera")]
    harness.sources["0"] = lambda _: FakeCamera()
    yield harness
    harness.close()


def recording_window(harness: WindowHarness) -> MainWindow:
    window = harness.open_window()
    window.open_first()
    harness.wait_for_label(window)
    harness.press(window, "r")
    harness.wait_until(lambda: window.saver.recording is not None and window.saver.recording.frames > 5)
    return window


def test_an_encoder_that_dies_at_the_end_is_logged(
    harness: WindowHarness, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def die(writer: VideoWriter) -> None:
        writer.discard()
        raise OutputError("The disk was pulled out.")

    window = recording_window(harness)
    monkeypatch.setattr(VideoWriter, "close", die)
    window.close()
    assert window.all_ended
    assert "The disk was pulled out" in caplog.text
    assert "Saved" not in window.video.toast.text.text()


def test_stopping_and_closing_do_not_wait_for_a_slow_encoder(
    harness: WindowHarness, monkeypatch: pytest.MonkeyPatch
) -> None:
    write, go_on = VideoWriter.write, threading.Event()

    def hang(writer: VideoWriter, image_bgr: Image, time_s: float) -> None:
        go_on.wait(20)
        write(writer, image_bgr, time_s)

    window = recording_window(harness)
    monkeypatch.setattr(VideoWriter, "write", hang)
    monkeypatch.setattr("agecam.ui.main_window._FINISH_S", 0.5)
    harness.wait(300)
    began_s = time.monotonic()
    harness.press(window, "r")
    assert time.monotonic() - began_s < 0.5
    assert not window.actions_.record.isChecked()
    harness.wait(300)
    assert "Saved" not in window.video.toast.text.text()
    began_s = time.monotonic()
    window.close()
    assert time.monotonic() - began_s < 4
    assert not window.isVisible()
    assert not window.all_ended  # the program then ends without it; what was written can be played
    go_on.set()
    window.all_ended = window.saver.finish(10)
