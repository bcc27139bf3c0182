"""The first start: the choices below the picture, the step before the first labels, and a small window."""

import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from crowd_parts import pixels as pixels_of
from live_parts import FakeCamera, FakeFile
from PySide6.QtCore import QSize, Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QToolButton
from pytestqt.qtbot import QtBot
from window_parts import WindowHarness, texts_of

from agecam.live import Phase
from agecam.runtime.settings import load_settings
from agecam.sources import CameraInfo
from agecam.ui.main_window import MainWindow
from agecam.ui.widgets.scaling import Scaler
from agecam.ui.widgets.video_view import VideoView


@pytest.fixture
def harness(qtbot: QtBot, tmp_path: Path) -> Iterator[WindowHarness]:
    harness = WindowHarness(qtbot, tmp_path)
    harness.sources["clip.mp4"] = lambda _: FakeFile(90)
    harness.sources["2"] = lambda _: FakeCamera()
    yield harness
    harness.close()


def press(button: QToolButton) -> None:
    assert button.isVisible()
    QTest.mouseClick(button, Qt.MouseButton.LeftButton)


def first_start(harness: WindowHarness) -> MainWindow:
    window = harness.open_window(welcomed=False)
    window.open_first()
    harness.wait_until(window.welcome.demo.isVisible)
    return window


# --- the choices ---------------------------------------------------------------------------------------


def test_the_first_start_offers_three_choices_and_a_promise_once(harness: WindowHarness) -> None:
    window = first_start(harness)
    assert texts_of(window.welcome).split("\n") == [
        "Use a camera",
        "Open files",
        "Watch the demo",
        "Nothing leaves this computer",
    ]
    assert window.welcome.promise.isVisible()
    harness.close()
    again = harness.restart()
    again.open_first()
    harness.wait_until(lambda: again.video.picture is not None)
    assert again.welcome.isHidden()


def test_a_choice_ends_the_welcome(harness: WindowHarness) -> None:
    window = first_start(harness)
    before = window.session.source_state
    press(window.welcome.demo)
    harness.wait_until(lambda: window.session.source_state is not before)
    assert "demo" in window.windowTitle()
    assert window.welcome.isHidden()


@pytest.mark.qt_log_ignore("This plugin does not support", extend=True)  # a menu, on Qt's offscreen platform
def test_the_only_camera_is_opened_and_of_several_one_is_chosen(harness: WindowHarness) -> None:
    window = first_start(harness)
    press(window.welcome.camera)
    assert window.source_menu.cameras.isVisible()  # and says that there is none
    window.source_menu.cameras.close()
    window.source_menu.show_cameras([CameraInfo(2, "Front camera")])
    press(window.welcome.camera)
    harness.wait_until(lambda: "camera 2" in window.windowTitle())
    assert window.welcome.isHidden()


def test_a_source_named_at_the_start_needs_no_choices(harness: WindowHarness) -> None:
    window = harness.open_window(welcomed=False)
    window.open("clip.mp4")
    harness.wait_for_label(window)
    assert window.welcome.isHidden()
    harness.close()
    settings, _ = load_settings(harness.settings_path)
    assert not settings.welcomed  # the next start may be one without a source


def test_in_a_low_window_the_picture_comes_first(harness: WindowHarness) -> None:
    window = first_start(harness)
    window.resize(600, 500)  # on the way the panel gives way
    harness.wait_until(lambda: window.video.width() == 600)
    window.resize(400, 320)
    harness.wait_until(lambda: window.size() == QSize(400, 320))
    harness.wait_until(lambda: window.video.height() >= 200)
    assert not window.welcome.demo.isVisible()
    window.resize(700, 600)
    harness.wait_until(window.welcome.demo.isVisible)


# --- the step before the first labels ------------------------------------------------------------------


def test_the_demo_holds_still_until_its_first_faces(harness: WindowHarness) -> None:
    harness.loading.clear()
    window = harness.open_window()
    window.open("demo")
    harness.wait_until(lambda: window.video.picture is not None)
    harness.wait_until(window.video.step.isVisible)
    assert window.video.step.text() == "Loading neural networks..."
    middle = window.video.step.geometry().center() - window.video.rect().center()
    assert middle.manhattanLength() <= 2
    harness.wait(300)
    assert "Looking for faces..." in texts_of(window.panel)
    assert "No one is in view." not in texts_of(window.panel)
    assert window.session.source_state.time_s == 0
    assert window.session.source_state.phase is Phase.PAUSED
    harness.loading.set()
    harness.wait_until(lambda: window.session.source_state.time_s > 0)
    assert window.session.has_result
    harness.wait_until(window.video.step.isHidden)
    harness.wait_until(lambda: "Looking for faces..." not in texts_of(window.panel))


def test_a_slow_first_result_is_explained(harness: WindowHarness) -> None:
    harness.engine.takes_s = 1.0
    window = harness.open_window()
    harness.wait_until(lambda: not window.session.loading)
    window.open("clip.mp4")
    harness.wait_until(window.video.step.isVisible)
    assert window.video.step.text() == "Looking for faces..."
    harness.wait_for_label(window)
    harness.wait_until(window.video.step.isHidden)


def test_a_detector_that_fails_does_not_hold_the_demo(harness: WindowHarness) -> None:
    harness.engine.fails_at = 0
    window = harness.open_window()
    window.open("demo")
    harness.wait_until(lambda: window.session.source_state.time_s > 0)
    assert window.session.engine_error is not None


# --- small windows and huge pictures -------------------------------------------------------------------


def test_the_panel_gives_way_in_a_small_window(harness: WindowHarness) -> None:
    window = harness.open_window()
    assert window.panel.isVisible()
    window.resize(800, 500)
    harness.wait_until(lambda: not window.panel.isVisible())
    assert not window.actions_.show_panel.isChecked()
    window.resize(1000, 500)
    harness.wait_until(window.panel.isVisible)


def test_the_toolbar_shows_icons_where_texts_do_not_fit(harness: WindowHarness) -> None:
    window = harness.open_window()
    window.resize(1100, 600)
    toolbar = window._toolbar
    harness.wait_until(lambda: toolbar.toolButtonStyle() is Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
    window.resize(400, 600)
    harness.wait_until(lambda: toolbar.toolButtonStyle() is Qt.ToolButtonStyle.ToolButtonIconOnly)
    last = toolbar.widgetForAction(window.actions_.full_screen)
    harness.wait_until(lambda: last.isVisible() and last.geometry().right() < toolbar.width())
    window.resize(1100, 600)
    harness.wait_until(lambda: toolbar.toolButtonStyle() is Qt.ToolButtonStyle.ToolButtonTextBesideIcon)


def test_the_playback_bar_leaves_out_what_has_no_room(harness: WindowHarness) -> None:
    window = harness.open_window()
    window.open("clip.mp4")
    harness.wait_until(window.playback.isVisible)
    assert window.playback.speed.isVisible()
    bar = window.playback
    for width, has_speed, has_time in ((600, True, True), (330, False, True), (250, False, False)):
        bar.setParent(None)  # on its own, it can be narrower than the window
        bar.resize(width, bar.height())
        bar.show()
        harness.wait_until(lambda width=width: bar.width() == width)
        assert (bar.speed.isVisible(), bar.time.isVisible()) == (has_speed, has_time), width
        harness.wait_until(lambda: bar.slider.width() >= 60)


def test_a_long_message_has_several_lines_in_a_narrow_window(qtbot: QtBot) -> None:
    video = VideoView()
    qtbot.addWidget(video)
    video.resize(330, 300)
    video.show()
    video.toast.show_message("Saved recording with a name that does not fit into one line.mp4", "Open folder")
    assert video.rect().contains(video.toast.geometry())
    assert video.toast.text.height() > 1.8 * video.toast.text.fontMetrics().height()
    video.toast.show_message("Saved")
    assert video.toast.text.height() < 1.5 * video.toast.text.fontMetrics().height()
    assert video.toast.width() < 150


def test_a_huge_picture_is_shown_at_once_and_then_well(qtbot: QtBot) -> None:
    """Every second row is white: only if all pixels count, the picture is grey."""
    stripes = np.zeros((6000, 8800, 3), np.uint8)
    stripes[::2] = 255
    video = VideoView()
    qtbot.addWidget(video)
    video.resize(880, 600)
    video.show()
    began = time.perf_counter()
    video.show_picture(stripes)
    assert time.perf_counter() - began < 0.1  # scaled completely it takes several times that

    def is_fine() -> bool:
        shown = pixels_of(video.grab().toImage()).astype(np.float32)
        return bool(np.abs(shown[50:-50, 50:-50] - 127.5).max() <= 1)

    qtbot.waitUntil(is_fine, timeout=8000)


def test_halving_in_steps_gives_the_samepixels_of() -> None:
    image = np.random.default_rng(0).integers(0, 256, (4001, 5501, 3), np.uint8)
    part, size = (0, 0, 5501, 4001), (640, 465)
    one, other = Scaler(image), Scaler(image)
    assert not one.is_ready(part, size)
    steps = 0
    while not one.is_ready(part, size):
        one.work()
        steps += 1
    assert steps > 8
    assert np.array_equal(one.scaled(part, size), other.scaled(part, size))
    assert one.roughly_scaled(part, size).shape == (465, 640, 3)
