"""What the window says about errors, and the ways on from them."""

import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from live_parts import FakeCamera, FakeFile, SquareEngine
from PySide6.QtCore import Qt, QTimer
from PySide6.QtGui import QGuiApplication
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QPushButton
from pytestqt.qtbot import QtBot
from window_parts import WindowHarness, press_button

from agecam.errors import SourceError, UnexpectedError, WeightsError
from agecam.runtime.crash import UncaughtErrors
from agecam.runtime.settings import Settings, load_settings
from agecam.sources import CameraInfo
from agecam.ui.main_window import MainWindow
from agecam.ui.widgets.dialogs import FailedStartDialog
from agecam.ui.widgets.notices import NoticeAction

SECRET = "rtsp://julia:secret@door/1"


def fail(*_: object, **__: object) -> None:
    raise RuntimeError(f"no luck with {SECRET}")


def cannot_read() -> None:
    raise SourceError("'clip.mp4' cannot be read: copy it again.")


def unexpected() -> UnexpectedError:
    try:
        fail()
    except RuntimeError as error:
        return UnexpectedError(error)
    raise AssertionError


@pytest.fixture
def harness(qtbot: QtBot, tmp_path: Path) -> Iterator[WindowHarness]:
    """A camera, and the hooks of the program around the window."""
    harness = WindowHarness(qtbot, tmp_path)
    harness.cameras = [CameraInfo(0, "Front camera")]
    harness.sources["0"] = lambda _: FakeCamera()
    with UncaughtErrors() as uncaught:
        harness.uncaught = uncaught
        yield harness
        harness.close()


def shown_actions(window: MainWindow) -> list[NoticeAction]:
    return [action for action, button in window.video.notice.buttons.items() if button.isVisible()]


def wait_for_notice(harness: WindowHarness, window: MainWindow, title: str) -> None:
    harness.wait_until(lambda: window.video.notice.isVisible() and window.video.notice.title.text() == title)


def test_an_error_in_a_slot_is_told_once_and_the_video_goes_on(
    harness: WindowHarness, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr("agecam.ui.controllers.saver.save_screenshot", fail)
    window = harness.open_window()
    window.open_first()
    harness.wait_for_label(window)
    harness.press(window, "s")
    harness.press(window, "s")
    wait_for_notice(harness, window, "Unexpected error")
    notice = window.video.notice
    assert "RuntimeError: no luck" in notice.text.text()
    assert "secret" not in notice.text.text()
    assert shown_actions(window) == [NoticeAction.COPY_DETAILS, NoticeAction.OTHER_SOURCE, NoticeAction.CONTINUE]
    assert caplog.text.count("Traceback") == 1
    assert "in fail" in caplog.text

    press_button(window, NoticeAction.COPY_DETAILS)
    copied = QGuiApplication.clipboard().text()
    assert "Traceback" in copied
    assert "in fail" in copied
    assert "secret" not in copied
    assert notice.isVisible()
    press_button(window, NoticeAction.CONTINUE)
    assert notice.isHidden()
    harness.press(window, "s")
    view = window.session.view()
    harness.wait_until(lambda: window.session.view() is not view)
    harness.wait(300)
    assert notice.isHidden()


def test_a_picture_that_cannot_be_painted_is_tried_again(
    harness: WindowHarness, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    window = harness.open_window()
    with monkeypatch.context() as broken:
        broken.setattr("agecam.ui.controllers.picture.uncovered", fail)
        window.open_first()
        wait_for_notice(harness, window, "Unexpected error")
        harness.wait(300)
        assert caplog.text.count("Traceback") == 1
        press_button(window, NoticeAction.TRY_AGAIN)
        harness.wait_until(lambda: caplog.text.count("Traceback") == 2)  # tried again, so told again
        wait_for_notice(harness, window, "Unexpected error")
    press_button(window, NoticeAction.TRY_AGAIN)
    harness.wait_for_label(window)
    harness.wait_until(window.video.notice.isHidden)


def test_an_error_while_opening_is_tried_again(harness: WindowHarness, monkeypatch: pytest.MonkeyPatch) -> None:
    harness.sources["clip.mp4"] = lambda _: FakeFile(90)
    window = harness.open_window()
    with monkeypatch.context() as broken:
        broken.setattr("agecam.ui.controllers.opener.ask_for_camera", fail)
        window.source_menu.chosen.emit("0")
        wait_for_notice(harness, window, "Unexpected error")
    assert window.video.picture is None
    press_button(window, NoticeAction.TRY_AGAIN)
    harness.wait_for_label(window)
    assert "camera 0" in window.windowTitle()

    with monkeypatch.context() as broken:
        broken.setattr("agecam.ui.controllers.opener.ask_for_camera", fail)
        window.source_menu.chosen.emit("0")
        wait_for_notice(harness, window, "Unexpected error")
    window.source_menu.chosen.emit("clip.mp4")
    harness.wait_for_label(window)
    harness.wait_until(window.video.notice.isHidden)
    assert "clip.mp4" in window.windowTitle()


def test_an_error_before_the_first_source_is_known(harness: WindowHarness, monkeypatch: pytest.MonkeyPatch) -> None:
    window = harness.open_window()
    with monkeypatch.context() as broken:
        broken.setattr(window.source, "_recognise", fail)
        QTimer.singleShot(0, window.open_first)
        wait_for_notice(harness, window, "Unexpected error")
    press_button(window, NoticeAction.TRY_AGAIN)
    harness.wait_for_label(window)
    harness.wait_until(window.video.notice.isHidden)


def test_an_error_that_ends_a_thread_is_told(harness: WindowHarness) -> None:
    window = harness.open_window()
    window.open_first()
    harness.wait_for_label(window)
    thread = threading.Thread(target=fail, name="worker")
    thread.start()
    thread.join()
    wait_for_notice(harness, window, "Unexpected error")
    press_button(window, NoticeAction.CONTINUE)
    assert window.video.notice.isHidden()


def test_an_error_in_a_panel_does_not_stop_the_status(harness: WindowHarness, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("agecam.ui.widgets.faces_panel.FacesPanel.show_people", fail)
    harness.loading.clear()
    window = harness.open_window()
    window.open_first()
    wait_for_notice(harness, window, "Unexpected error")
    harness.wait_until(lambda: NoticeAction.CONTINUE in shown_actions(window))
    press_button(window, NoticeAction.CONTINUE)
    harness.wait_until(window.video.step.isVisible)
    harness.loading.set()
    harness.wait_for_label(window)
    harness.wait_until(window.video.step.isHidden)


def test_a_source_with_an_unexpected_error_is_opened_again(
    harness: WindowHarness, caplog: pytest.LogCaptureFixture
) -> None:
    attempts = iter([fail, cannot_read])

    def open_file(_: Settings) -> FakeFile:
        next(attempts, lambda: None)()
        return FakeFile(90)

    harness.sources["clip.mp4"] = open_file
    window = harness.open_window()
    window.open("clip.mp4")
    wait_for_notice(harness, window, "Cannot show clip.mp4")
    assert "RuntimeError: no luck" in window.video.notice.text.text()
    assert "secret" not in window.video.notice.text.text()
    assert "in fail" in caplog.text  # the traceback
    press_button(window, NoticeAction.COPY_DETAILS)
    assert "in fail" in QGuiApplication.clipboard().text()
    press_button(window, NoticeAction.TRY_AGAIN)
    harness.wait_until(lambda: "copy it again" in window.video.notice.text.text())
    press_button(window, NoticeAction.TRY_AGAIN)
    harness.wait_until(lambda: window.video.picture is not None)
    harness.wait_until(window.video.notice.isHidden)


def test_networks_that_could_not_be_loaded_are_loaded_again(harness: WindowHarness) -> None:
    harness.engine_error = WeightsError("The weights 'compact' are damaged: install AgeCam again.")
    window = harness.open_window()
    window.open_first()
    wait_for_notice(harness, window, "Faces cannot be analysed")
    press_button(window, NoticeAction.TRY_AGAIN)
    harness.wait_for_label(window)
    harness.wait_until(window.video.notice.isHidden)
    assert len(harness.built) == 2


def test_a_still_picture_is_analysed_again(harness: WindowHarness) -> None:
    harness.sources["one.png"] = lambda _: FakeFile(1)
    harness.engine.fails_at = 0
    window = harness.open_window()
    window.open("one.png")
    wait_for_notice(harness, window, "Faces cannot be analysed")
    press_button(window, NoticeAction.TRY_AGAIN)
    harness.wait_until(lambda: len(harness.engine.analysed) == 2)
    harness.wait_until(window.video.notice.isVisible)
    harness.engine.fails_at = None
    press_button(window, NoticeAction.TRY_AGAIN)
    harness.wait_for_label(window)
    harness.wait_until(window.video.notice.isHidden)


def test_the_processor_replaces_a_gpu_that_fails(harness: WindowHarness) -> None:
    harness.engine_error = unexpected()
    window = harness.open_window(device="gpu")
    window.open_first()
    wait_for_notice(harness, window, "Faces cannot be analysed")
    assert NoticeAction.USE_PROCESSOR in shown_actions(window)
    assert window.video.step.isHidden()
    press_button(window, NoticeAction.USE_PROCESSOR)
    harness.wait_for_label(window)
    harness.wait_until(window.video.notice.isHidden)
    assert [options.device for options in harness.built] == ["gpu", "cpu"]
    harness.close()
    assert load_settings(harness.settings_path)[0].device == "cpu"


@pytest.mark.parametrize(("device", "of_engine", "is_offered"), [("auto", "GPU", True), ("auto", "CPU", False)])
def test_the_processor_is_offered_where_a_gpu_is_used(
    device: str, of_engine: str, is_offered: bool, harness: WindowHarness
) -> None:
    harness.engine = SquareEngine(fails_at=0, device=of_engine)
    window = harness.open_window(device=device)
    window.open_first()
    wait_for_notice(harness, window, "Faces cannot be analysed")
    assert (NoticeAction.USE_PROCESSOR in shown_actions(window)) is is_offered


def test_a_failing_list_of_cameras_is_logged_once(harness: WindowHarness, caplog: pytest.LogCaptureFixture) -> None:
    window = harness.open_window()
    window.cameras._list = fail  # type: ignore[assignment]
    window.cameras.start()
    window.open_first()
    harness.wait_until(lambda: window.video.picture is not None)
    assert "demo" in window.windowTitle()
    harness.wait(2500)
    assert caplog.text.count("cannot list the cameras") == 1


@pytest.mark.parametrize(("width", "rows"), [(900, 1), (500, 2), (330, 4)])
def test_the_buttons_fit_into_the_notice(width: int, rows: int, harness: WindowHarness) -> None:
    harness.engine_error = WeightsError("The weights 'compact' are damaged: install AgeCam again.")
    window = harness.open_window(device="gpu", show_panel=False)
    window.resize(width, 420)
    window.open_first()
    wait_for_notice(harness, window, "Faces cannot be analysed")
    harness.wait(50)
    notice = window.video.notice
    buttons = [button for button in notice.findChildren(QPushButton) if button.isVisible()]
    assert len(buttons) == 4
    places = [button.geometry() for button in buttons]
    for button, place in zip(buttons, places, strict=True):
        assert notice.rect().contains(place)
        assert place.width() >= button.sizeHint().width()
        assert place.top() > notice.text.geometry().bottom()
        assert not any(place.intersects(other) for other in places if other is not place)
    assert window.video.rect().contains(notice.geometry())
    assert len({place.top() for place in places}) == rows


def test_a_failed_start_is_shown_in_a_dialog(qtbot: QtBot) -> None:
    dialog = FailedStartDialog(unexpected())
    qtbot.addWidget(dialog)
    dialog.show()
    assert "RuntimeError: no luck" in dialog.text.text()
    assert "secret" not in dialog.text.text()
    QTest.mouseClick(dialog.copy_button, Qt.MouseButton.LeftButton)
    assert "in fail" in QGuiApplication.clipboard().text()
    assert dialog.isVisible()
