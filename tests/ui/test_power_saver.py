"""While the window is minimised, nothing is computed that nobody sees; on battery, half as much."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

import psutil
import pytest
from live_parts import FakeCamera
from pytestqt.qtbot import QtBot
from window_parts import WindowHarness

from agecam.runtime.power import on_battery
from agecam.sources import CameraInfo
from agecam.ui.controllers import power_saver
from agecam.ui.main_window import MainWindow


@pytest.fixture
def harness(qtbot: QtBot, tmp_path: Path) -> Iterator[WindowHarness]:
    harness = WindowHarness(qtbot, tmp_path)
    harness.cameras = [CameraInfo(0, "Front camera")]
    harness.sources["0"] = lambda _: FakeCamera()
    yield harness
    harness.close()


def labelled_window(harness: WindowHarness, **settings: object) -> MainWindow:
    window = harness.open_window(**settings)
    window.open_first()
    harness.wait_for_label(window)
    return window


def frame_number(window: MainWindow) -> int:
    view = window.session.view()
    assert view is not None
    return view.frame_number


@pytest.mark.parametrize("blur", [False, True])
def test_a_minimised_window_only_reads_its_source(harness: WindowHarness, blur: bool) -> None:
    window = labelled_window(harness, blur_faces=blur)
    window.showMinimized()
    harness.wait_until(lambda: window.session.rests)
    window.session.begin_statistics()
    before = frame_number(window)
    harness.wait_until(lambda: frame_number(window) > before + 20)
    assert max(window.session.totals()) <= 1  # one may still have been on its way
    view = window.session.view()
    assert view is not None
    assert not view.complete  # with blurring, everything would be blurred
    window.showNormal()
    harness.wait_until(lambda: not window.session.rests)
    harness.wait_for_label(window)
    harness.wait_until(lambda: min(window.session.totals()) > 5)


def test_a_recording_goes_on_in_a_minimised_window(harness: WindowHarness) -> None:
    window = labelled_window(harness, asked_to_blur=True)
    harness.press(window, "r")
    recording = window.saver.recording
    assert recording is not None
    window.showMinimized()
    harness.wait_until(window.isMinimized)
    written = recording.frames
    harness.wait_until(lambda: recording.frames > written + 20)
    assert not window.session.rests
    window.actions_.record.trigger()
    harness.wait_until(lambda: window.session.rests)


class Battery(NamedTuple):
    """As of psutil."""

    percent: float
    secsleft: int
    power_plugged: bool | None


def run_on(monkeypatch: pytest.MonkeyPatch, plugged: bool | None) -> None:
    monkeypatch.setattr(psutil, "sensors_battery", lambda: Battery(50.0, 3600, plugged), raising=False)


@pytest.mark.parametrize(("plugged", "is_on_battery"), [(False, True), (True, False), (None, False)])
def test_a_battery_counts_only_if_it_is_used(
    plugged: bool | None, is_on_battery: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    run_on(monkeypatch, plugged)
    assert on_battery() is is_on_battery


def test_a_computer_without_a_battery_is_not_on_battery(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(psutil, "sensors_battery", lambda: None, raising=False)
    assert not on_battery()
    monkeypatch.delattr(psutil, "sensors_battery")
    assert not on_battery()


def share_analysed(harness: WindowHarness, window: MainWindow) -> float:
    window.session.begin_statistics()
    harness.wait_until(lambda: window.session.totals()[0] >= 60)
    shown, analysed = window.session.totals()
    return analysed / shown


def test_on_battery_half_of_the_frames_are_analysed(harness: WindowHarness, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(power_saver, "BATTERY_S", 0.1)
    run_on(monkeypatch, plugged=True)
    window = labelled_window(harness)
    harness.wait(400)
    assert share_analysed(harness, window) > 0.7
    run_on(monkeypatch, plugged=False)
    harness.wait(600)
    assert 0.2 < share_analysed(harness, window) <= 0.55
    view = window.session.view()
    assert view is not None
    assert view.faces
    window.settings.replace(replace(window.settings.current, spare_battery=False))
    harness.wait(600)
    assert share_analysed(harness, window) > 0.7
