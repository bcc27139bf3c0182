"""The record button, pauses, the question before the first recording, and what blurring says it does not cover."""

import re
import threading
from collections.abc import Iterator
from pathlib import Path

import av
import cv2
import numpy as np
import pytest
from live_parts import FakeCamera
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QToolButton
from pytestqt.qtbot import QtBot
from window_parts import WindowHarness

from agecam.live import Phase
from agecam.live.recording import Recording
from agecam.outputs import VideoWriter
from agecam.runtime.settings import load_settings
from agecam.sources import CameraInfo
from agecam.types import Image
from agecam.ui.main_window import MainWindow
from agecam.ui.widgets.blur_question import BlurQuestion

PERIOD_S = 1 / 60
"""Of the camera."""


@pytest.fixture
def harness(qtbot: QtBot, tmp_path: Path) -> Iterator[WindowHarness]:
    harness = WindowHarness(qtbot, tmp_path)
    harness.cameras = [CameraInfo(0, "Front camera")]
    harness.sources["0"] = lambda _: FakeCamera()
    yield harness
    harness.close()


def camera_window(harness: WindowHarness, **settings: object) -> MainWindow:
    window = harness.open_window(**settings)
    window.open_first()
    harness.wait_for_label(window)
    return window


def recording_of(window: MainWindow) -> Recording:
    recording = window.saver.recording
    assert recording is not None
    return recording


def button_text(window: MainWindow) -> str:
    (button,) = [
        button for button in window.findChildren(QToolButton) if button.defaultAction() is window.actions_.record
    ]
    return button.text()


def frame_times(path: Path) -> list[float]:
    with av.open(str(path)) as file:
        return [float(frame.time or 0) for frame in file.decode(video=0)]


def question_of(window: MainWindow) -> BlurQuestion:
    question = window.recorder.question
    assert question is not None
    assert question.isVisible()
    return question


# --- the button ----------------------------------------------------------------------------------------


def test_the_button_counts_what_is_in_the_file(harness: WindowHarness) -> None:
    window = camera_window(harness)
    assert button_text(window) == "Record video"
    harness.press(window, "r")
    assert button_text(window) == "Stop, 0:00"
    assert window.actions_.record.text().replace("&", "") == "Stop recording"
    assert window.actions_.record.toolTip() == "Stop recording (R)"
    harness.wait_until(lambda: button_text(window) == "Stop, 0:01")
    recording = recording_of(window)
    harness.press(window, "r")
    assert button_text(window) == "Record video"
    harness.wait_until(lambda: "Saved recording" in window.video.toast.text.text())
    times = frame_times(recording.path)
    assert recording.frames == len(times)
    assert recording.seconds == pytest.approx(times[-1] + PERIOD_S, abs=0.02)


def test_the_clock_stands_while_nothing_is_written(harness: WindowHarness, monkeypatch: pytest.MonkeyPatch) -> None:
    window = camera_window(harness)
    write, go_on = VideoWriter.write, threading.Event()

    def hang(writer: VideoWriter, image_bgr: Image, time_s: float) -> None:
        go_on.wait(20)
        write(writer, image_bgr, time_s)

    monkeypatch.setattr(VideoWriter, "write", hang)
    harness.press(window, "r")
    harness.wait_until(lambda: recording_of(window).dropped > 30)  # more than a second of frames
    assert button_text(window) == "Stop, 0:00"
    assert recording_of(window).seconds == 0
    go_on.set()
    harness.wait_until(lambda: button_text(window) == "Stop, 0:01")


def test_a_recording_of_a_paused_video_says_that_it_is_empty(harness: WindowHarness) -> None:
    window = harness.open_window(asked_to_blur=True)
    window.open("demo")
    harness.wait_for_label(window)
    harness.press(window, Qt.Key.Key_Space)
    harness.wait_until(lambda: window.session.source_state.phase is Phase.PAUSED)
    harness.wait(100)  # what was on its way has been shown
    harness.press(window, "r")
    path = recording_of(window).path
    harness.press(window, "r")
    harness.wait_until(lambda: "Nothing was recorded" in window.video.toast.text.text())
    assert not path.exists()


# --- pauses --------------------------------------------------------------------------------------------


def test_a_pause_leaves_no_gap_in_the_file(harness: WindowHarness) -> None:
    window = camera_window(harness)
    assert not window.actions_.pause_recording.isEnabled()
    harness.press(window, "r")
    recording = recording_of(window)
    harness.wait_until(lambda: recording.frames > 10)
    harness.press(window, "r", Qt.KeyboardModifier.ShiftModifier)
    assert window.actions_.pause_recording.isChecked()
    assert re.fullmatch(r"Stop, 0:0\d, paused", button_text(window))
    assert window.video.recording.isHidden()
    number = 0
    for _ in range(2):  # what waits is still written, then nothing more
        number = recording.frames
        shown = window.session.view()
        assert shown is not None
        harness.wait_until(lambda: (view := window.session.view()) and view.frame_number > shown.frame_number + 25)  # noqa: B023
    assert recording.frames == number
    seconds = recording.seconds
    harness.press(window, "r", Qt.KeyboardModifier.ShiftModifier)
    assert not window.actions_.pause_recording.isChecked()
    harness.wait_until(lambda: recording.frames > number + 10)
    assert window.video.recording.isVisible()
    harness.press(window, "r")
    assert not window.actions_.pause_recording.isEnabled()
    harness.wait_until(lambda: recording.ended)
    times = frame_times(recording.path)
    assert len(times) == recording.frames
    assert times[number] - times[number - 1] == pytest.approx(PERIOD_S, abs=0.002)
    assert times[number - 1] == pytest.approx(seconds - PERIOD_S, abs=0.02)


def test_a_paused_recording_is_complete_when_it_is_stopped(harness: WindowHarness) -> None:
    window = camera_window(harness)
    harness.press(window, "r")
    recording = recording_of(window)
    harness.wait_until(lambda: recording.frames > 5)
    window.actions_.pause_recording.trigger()
    harness.press(window, "r")
    harness.wait_until(lambda: recording.path.name in window.video.toast.text.text())
    assert len(frame_times(recording.path)) == recording.frames
    harness.press(window, "r")  # the next one is not paused
    harness.wait_until(lambda: recording_of(window).frames > 2)


# --- the question --------------------------------------------------------------------------------------


def test_the_first_recording_waits_for_the_answer_and_the_video_does_not(harness: WindowHarness) -> None:
    window = camera_window(harness, asked_to_blur=False)
    harness.press(window, "r")
    question = question_of(window)
    assert not question.isModal()
    assert "visible or blurred" in question.text.text()
    assert window.saver.recording is None
    assert not window.actions_.record.isChecked()
    first = window.session.view()
    assert first is not None
    harness.wait_until(lambda: (view := window.session.view()) and view.frame_number > first.frame_number + 10)
    QTest.mouseClick(question.visible, Qt.MouseButton.LeftButton)
    assert window.recorder.question is None
    harness.wait_until(lambda: recording_of(window).frames > 5)
    assert not window.settings.current.save_blurred
    harness.press(window, "r")
    harness.press(window, "r")  # it asks only once
    assert window.recorder.question is None
    assert window.saver.recording is not None
    harness.close()
    settings, _ = load_settings(harness.settings_path)
    assert settings.asked_to_blur
    assert not settings.save_blurred


def test_blurred_faces_are_blurred_in_the_file_but_not_on_the_screen(
    harness: WindowHarness, monkeypatch: pytest.MonkeyPatch
) -> None:
    put, recorded = Recording.put, list[Image]()

    def noting(recording: Recording, image_bgr: Image, time_s: float) -> None:
        recorded.append(image_bgr)
        put(recording, image_bgr, time_s)

    monkeypatch.setattr(Recording, "put", noting)
    window = camera_window(harness, asked_to_blur=False, mirror_camera=False)
    for key in "bgin":
        harness.press(window, key)  # no labels
    window.actions_.show_age.setChecked(False)
    harness.press(window, "r")
    QTest.mouseClick(question_of(window).blurred, Qt.MouseButton.LeftButton)
    assert window.settings.current.save_blurred
    assert not window.settings.current.blur_faces
    harness.wait_until(lambda: recording_of(window).frames > 10)
    harness.press(window, "r")
    shown = window.video.picture
    view = window.session.view()
    assert shown is not None
    assert view is not None
    assert view.faces
    x, y, width, height = (round(value) for value in view.faces[0].box)
    inside = (slice(y, y + height), slice(x, x + width))
    assert max(detail(image[inside]) for image in recorded) < 0.5 * detail(shown[inside])


def test_return_answers_the_question_only_after_tab(harness: WindowHarness) -> None:
    window = camera_window(harness, asked_to_blur=False)
    window.actions_.record.trigger()
    question = question_of(window)
    QTest.keyClick(question, Qt.Key.Key_Return)
    assert question.isVisible() and window.saver.recording is None
    question.blurred.setFocus()
    QTest.keyClick(question.blurred, Qt.Key.Key_Return)
    assert not question.isVisible()
    assert window.saver.recording is not None and window.settings.current.save_blurred


def test_closing_the_question_is_no_answer(harness: WindowHarness) -> None:
    window = camera_window(harness, asked_to_blur=False)
    harness.press(window, "r")
    QTest.keyClick(question_of(window), Qt.Key.Key_Escape)
    assert window.recorder.question is None
    assert window.saver.recording is None
    assert not window.settings.current.asked_to_blur
    harness.press(window, "r")
    window.close_source()  # takes the question away
    assert window.recorder.question is None
    window.open_first()
    harness.wait_for_label(window)
    harness.press(window, "r")
    assert question_of(window).isVisible()
    harness.close()  # with the question open


@pytest.mark.parametrize("name", ["blur_faces", "save_blurred"])
def test_nobody_is_asked_who_blurs_faces_already(name: str, harness: WindowHarness) -> None:
    window = camera_window(harness, asked_to_blur=False, **{name: True})
    harness.press(window, "r")
    assert window.recorder.question is None
    assert window.saver.recording is not None
    assert not window.settings.current.asked_to_blur


def test_without_a_picture_there_is_no_question(harness: WindowHarness) -> None:
    window = harness.open_window(asked_to_blur=False)
    harness.press(window, "r")
    assert window.recorder.question is None
    assert "Nothing to save yet" in window.video.toast.text.text()


# --- what blurring does not cover ----------------------------------------------------------------------


def test_the_tooltip_of_blurring_names_the_smallest_face(harness: WindowHarness) -> None:
    window = harness.open_window()
    assert window.actions_.blur_faces.toolTip() == "Blur faces (U)"
    window.open_first()
    harness.wait_for_label(window)
    view = window.session.view()
    assert view is not None
    expected = max(24, round(min(view.frame.image_bgr.shape[:2]) / 12))
    tooltip = "Blur faces (U)\nFaces under {} px are not covered"
    harness.wait_until(lambda: window.actions_.blur_faces.toolTip() == tooltip.format(expected))
    settings = window.settings.current
    settings.smallest_face_px = 90
    window.settings.replace(settings)
    assert window.actions_.blur_faces.toolTip() == tooltip.format(90)


def detail(image: Image) -> float:
    return float(np.asarray(cv2.Laplacian(image, cv2.CV_64F)).std())
