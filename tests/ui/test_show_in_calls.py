"""'Show in calls' in the window: what the virtual camera gets, the status, and how it ends."""

from collections.abc import Iterator
from pathlib import Path

import cv2
import numpy as np
import pytest
from live_parts import FakeCamera, FakeFile, picture
from pytestqt.qtbot import QtBot
from virtual_cameras import RecordingBackend, only_backend
from window_parts import WindowHarness

from agecam.errors import UnexpectedError
from agecam.live.calls import empty_picture
from agecam.sources import CameraInfo
from agecam.types import Image
from agecam.ui.main_window import MainWindow


@pytest.fixture
def harness(qtbot: QtBot, tmp_path: Path) -> Iterator[WindowHarness]:
    harness = WindowHarness(qtbot, tmp_path)
    harness.cameras = [CameraInfo(0, "Front camera")]
    harness.sources["0"] = lambda _: FakeCamera()
    harness.sources["clip.mp4"] = lambda _: FakeFile(10)
    yield harness
    harness.close()


@pytest.fixture
def opened() -> Iterator[list[RecordingBackend]]:
    with only_backend() as cameras:
        yield cameras


def showing_window(harness: WindowHarness, opened: list[RecordingBackend], source: str = "0") -> MainWindow:
    window = harness.open_window()
    window.open("camera://0" if source == "0" else source)
    harness.wait_for_label(window)
    window.actions_.show_in_calls.trigger()
    harness.wait_until(lambda: opened and len(opened[0].pictures) > 3)
    return window


def test_the_window_says_under_which_name_it_is_shown(harness: WindowHarness, opened: list[RecordingBackend]) -> None:
    window = showing_window(harness, opened)
    assert window.actions_.show_in_calls.isChecked()
    harness.wait_until(lambda: window.video.calls.isVisible())
    assert window.video.calls.text() == "Showing in calls as Test camera"
    window.actions_.show_in_calls.trigger()
    harness.wait_until(lambda: opened[0].closed)
    assert window.video.calls.isHidden()
    assert not window.actions_.show_in_calls.isChecked()
    window.actions_.show_in_calls.trigger()  # and again
    harness.wait_until(lambda: len(opened) == 2 and opened[1].pictures)


def test_the_camera_moves_and_has_labels_as_saved_files_have(
    harness: WindowHarness, opened: list[RecordingBackend]
) -> None:
    window = showing_window(harness, opened)
    harness.wait_until(lambda: len({image.tobytes() for image in opened[0].pictures}) > 10)
    # Mirrored on the screen, but not in calls: the square runs to the right.
    assert window.settings.current.mirror_camera and not window.settings.current.save_mirrored
    assert any((image[:90] != picture(0)[:90]).any() for image in opened[0].pictures)  # a label above the square
    for name in ("show_box", "show_age", "show_interval", "show_gender", "show_track"):
        getattr(window.actions_, name).setChecked(False)
    harness.wait_until(lambda: (opened[0].pictures[-1][:90] == picture(0)[:90]).all())


def test_while_paused_the_last_picture_is_repeated_and_can_still_be_blurred(
    harness: WindowHarness, opened: list[RecordingBackend]
) -> None:
    window = showing_window(harness, opened, "clip.mp4")
    window.actions_.play.trigger()
    for name in ("show_box", "show_age", "show_interval", "show_gender", "show_track"):
        getattr(window.actions_, name).setChecked(False)
    harness.wait_until(lambda: is_one_picture(opened[0].pictures[-5:]))
    clear = opened[0].pictures[-1]
    count = len(opened[0].times_s)
    harness.wait_until(lambda: len(opened[0].times_s) > count + 10)
    assert is_one_picture(opened[0].pictures[-10:])
    settings = window.settings.current
    settings.save_blurred = True  # only in saved files and calls, not on the screen
    window.settings.replace(settings)
    harness.wait_until(lambda: detail(opened[0].pictures[-1]) < 0.5 * detail(clear))
    count = len(opened[0].times_s)
    harness.wait_until(lambda: len(opened[0].times_s) > count + 10)
    assert all(detail(image) < 0.5 * detail(clear) for image in opened[0].pictures[-8:])


def test_nothing_of_a_closed_source_stays_in_the_call(harness: WindowHarness, opened: list[RecordingBackend]) -> None:
    window = showing_window(harness, opened)
    window.close_source()
    harness.wait_until(lambda: (opened[0].pictures[-1] == empty_picture(picture(0))).all())
    assert window.actions_.show_in_calls.isChecked()  # the call goes on with the next source
    window.open("clip.mp4")
    harness.wait_until(lambda: (opened[0].pictures[-1] != empty_picture(picture(0))).any())
    assert len(opened) == 1


def test_it_stops_when_the_device_goes(harness: WindowHarness, opened: list[RecordingBackend]) -> None:
    window = showing_window(harness, opened)
    opened[0].gone = True
    harness.wait_until(lambda: not window.actions_.show_in_calls.isChecked())
    assert "no longer takes pictures" in window.video.toast.text.text()
    assert window.video.calls.isHidden()
    assert opened[0].closed == 1


def test_without_a_driver_it_says_so_and_the_video_goes_on(harness: WindowHarness) -> None:
    class Failing(RecordingBackend):
        def __init__(self, **_: object) -> None:
            raise RuntimeError("no such device")

    window = harness.open_window()
    window.open_first()
    harness.wait_for_label(window)
    with only_backend(Failing):
        window.actions_.show_in_calls.trigger()
        harness.wait_until(lambda: not window.actions_.show_in_calls.isChecked())
    assert "virtual camera" in window.video.toast.text.text()
    shown = window.session.view()
    assert shown is not None
    harness.wait_until(lambda: (view := window.session.view()) and view.frame_number > shown.frame_number + 10)
    assert not any(isinstance(error, UnexpectedError) for error in window.status.errors())


def test_without_a_picture_there_is_nothing_to_show(harness: WindowHarness, opened: list[RecordingBackend]) -> None:
    window = harness.open_window()
    window.actions_.show_in_calls.trigger()
    assert not window.actions_.show_in_calls.isChecked()
    assert "Nothing to show yet" in window.video.toast.text.text()
    assert not opened


def test_closing_the_window_gives_the_camera_back(harness: WindowHarness, opened: list[RecordingBackend]) -> None:
    showing_window(harness, opened)
    harness.close()
    assert opened[0].closed == 1


def test_a_slow_device_does_not_delay_the_window(
    harness: WindowHarness, opened: list[RecordingBackend], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(RecordingBackend, "opening_s", 0.5)
    window = harness.open_window()
    window.open_first()
    harness.wait_for_label(window)
    first = window.session.view()
    assert first is not None
    window.actions_.show_in_calls.trigger()
    harness.wait_until(lambda: (view := window.session.view()) and view.frame_number > first.frame_number + 5)
    assert not opened
    window.actions_.show_in_calls.trigger()  # changed one's mind before it was open
    harness.wait_until(lambda: opened and opened[0].closed)


def test_huge_pictures_are_reduced_beside_the_window(
    harness: WindowHarness, opened: list[RecordingBackend], tmp_path: Path
) -> None:
    path = tmp_path / "huge.png"
    cv2.imwrite(str(path), picture(0).repeat(18, 0).repeat(18, 1))  # 25 million pixels
    window = showing_window(harness, opened, str(path))
    for name in ("show_box", "show_age", "show_interval", "show_gender", "show_track"):
        getattr(window.actions_, name).setChecked(False)
    expected = cv2.resize(picture(0), (1440, 1080), interpolation=cv2.INTER_NEAREST).astype(int)
    harness.wait_until(lambda: np.abs(opened[0].pictures[-1] - expected).mean() < 2)
    settings = window.settings.current
    settings.save_blurred = True
    window.settings.replace(settings)
    harness.wait_until(lambda: np.abs(opened[0].pictures[-1] - expected).mean() > 2)


def is_one_picture(images: list[Image]) -> bool:
    return len({image.tobytes() for image in images}) == 1


def detail(image: Image) -> float:
    return float(np.asarray(cv2.Laplacian(image, cv2.CV_64F)).std())
