"""Several files and folders in the window: the filmstrip, moving in the list, and the slideshow."""

import threading
from collections.abc import Iterator
from pathlib import Path

import cv2
import numpy as np
import pytest
from live_parts import FakeCamera, FakeFile
from PySide6.QtCore import QMimeData, QPoint, QPointF, Qt, QUrl
from PySide6.QtGui import QDragEnterEvent, QDropEvent, QImage
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QFileDialog, QLineEdit
from pytestqt.qtbot import QtBot
from window_parts import WindowHarness

from agecam.errors import SourceError
from agecam.live import Phase
from agecam.runtime.settings import Settings
from agecam.sources import FrameSource, open_source
from agecam.types import Image
from agecam.ui.main_window import MainWindow

ROLE = Qt.ItemDataRole
_GREY = QImage.Format.Format_Grayscale8


@pytest.fixture
def harness(qtbot: QtBot, tmp_path: Path) -> Iterator[WindowHarness]:
    harness = WindowHarness(qtbot, tmp_path)
    yield harness
    harness.close()


@pytest.fixture
def folder(harness: WindowHarness, hopper_bgr: Image) -> Path:
    """Pictures 1 to 5, each 10 px wider than the one before, so that it can be told which is shown; 3 is damaged."""
    folder = harness.folder / "pictures"
    folder.mkdir()
    for number in range(1, 6):
        cv2.imwrite(str(folder / f"{number}.png"), hopper_bgr[:300, : 200 + 10 * number])
    (folder / "3.png").write_bytes(b"\x89PNG\r\n\x1a\n")
    return folder


def number_on_screen(window: MainWindow) -> int | None:
    """Which picture is shown."""
    view = window.session.view()
    return None if view is None else (view.frame.image_bgr.shape[1] - 200) // 10


def wait_for(harness: WindowHarness, window: MainWindow, number: int) -> None:
    """Wait until a picture is shown and its name is in the title."""
    harness.wait_until(lambda: number_on_screen(window) == number and f", {number}.png" in window.windowTitle())
    harness.wait_until(lambda: window.video.picture is not None)


def drop(window: MainWindow, data: QMimeData) -> None:
    copy, left, none = Qt.DropAction.CopyAction, Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier
    QApplication.sendEvent(window, QDragEnterEvent(QPoint(50, 50), copy, data, left, none))
    QApplication.sendEvent(window, QDropEvent(QPointF(50, 50), copy, data, left, none))


def names(window: MainWindow) -> list[str]:
    """The names in the filmstrip."""
    model = window.filmstrip.model
    return [str(model.data(model.index(row), ROLE.DisplayRole)) for row in range(model.rowCount())]


# --- opening -------------------------------------------------------------------------------------------


def test_a_folder_opens_as_a_list(harness: WindowHarness, folder: Path) -> None:
    window = harness.open_window()
    window.open(str(folder))
    wait_for(harness, window, 1)
    assert window.windowTitle() == "1 of 5, 1.png \N{EN DASH} AgeCam"
    assert window.filmstrip.isVisible()
    assert window.filmstrip.caption.text() == "1 of 5, 1.png"
    assert window.filmstrip.view.currentIndex().row() == 0
    assert names(window) == ["1.png", "2.png", "3.png", "4.png", "5.png"]
    assert window.settings.current.recent == [str(folder)]
    harness.wait(1300)  # longer than a picture of a folder was shown when it played like a film
    assert number_on_screen(window) == 1
    assert not window.playback.isVisible()


def test_dropped_files_and_folders_open_in_their_order(harness: WindowHarness, folder: Path) -> None:
    window = harness.open_window()
    data = QMimeData()
    paths = [str(folder / "5.png"), str(folder / "no such.png"), str(folder), str(folder / "2.png")]
    data.setUrls([QUrl.fromLocalFile(path) for path in paths])
    drop(window, data)
    wait_for(harness, window, 5)
    assert names(window) == ["5.png", "1.png", "2.png", "3.png", "4.png", "5.png", "2.png"]
    assert window.windowTitle().startswith("1 of 7, 5.png")
    assert "no such.png" in window.video.toast.text.text()
    assert window.video.toast.isVisible()
    assert window.settings.current.recent == []


def test_a_dropped_text_is_a_list_of_paths_and_addresses(harness: WindowHarness, folder: Path) -> None:
    window = harness.open_window()
    data = QMimeData()
    data.setText(f"# a list\n{folder / '2.png'}\n\n{QUrl.fromLocalFile(str(folder / '4.png')).toString()}\r\n")
    drop(window, data)
    wait_for(harness, window, 2)
    assert names(window) == ["2.png", "4.png"]
    harness.press(window, Qt.Key.Key_Right)
    wait_for(harness, window, 4)


def test_a_drop_of_something_else_is_not_accepted(harness: WindowHarness) -> None:
    window = harness.open_window()
    data = QMimeData()
    data.setData("application/x-nothing", b"nothing")
    event = QDragEnterEvent(
        QPoint(5, 5), Qt.DropAction.CopyAction, data, Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier
    )
    event.ignore()
    QApplication.sendEvent(window, event)
    assert not event.isAccepted()


def test_several_files_can_be_chosen_in_the_dialog(harness: WindowHarness, folder: Path) -> None:
    window = harness.open_window()

    def choose(dialog: QFileDialog) -> None:
        assert dialog.fileMode() is QFileDialog.FileMode.ExistingFiles
        dialog.setDirectory(str(folder))
        name = dialog.findChild(QLineEdit, "fileNameEdit")
        assert name is not None
        name.setText('"4.png" "2.png"')
        dialog.accept()

    harness.in_dialog(QFileDialog, choose)
    window.actions_.open_file.trigger()
    wait_for(harness, window, 4)
    assert names(window) == ["4.png", "2.png"]


def test_a_single_file_has_no_strip(harness: WindowHarness, folder: Path) -> None:
    window = harness.open_window()
    window.open_all([str(folder)])
    wait_for(harness, window, 1)
    window.open(str(folder / "2.png"))
    harness.wait_until(lambda: number_on_screen(window) == 2)
    assert window.windowTitle() == "2.png \N{EN DASH} AgeCam"
    assert not window.filmstrip.isVisible()
    assert not window.actions_.following.isEnabled()
    harness.press(window, Qt.Key.Key_Right)
    harness.wait(100)
    assert number_on_screen(window) == 2


@pytest.mark.parametrize("content", ["empty", "damaged"])
def test_a_folder_of_nothing_that_can_be_shown_is_reported(
    harness: WindowHarness, content: str, caplog: pytest.LogCaptureFixture
) -> None:
    folder = harness.folder / "bad"
    folder.mkdir()
    for number in range(3 * (content == "damaged")):
        (folder / f"{number}.jpg").write_bytes(b"\xff\xd8\xff")
    window = harness.open_window()
    window.open(str(folder))
    harness.wait_until(lambda: window.video.notice.title.text() == "Cannot show bad")
    named = "0.jpg" if content == "damaged" else "contains no pictures or videos"
    assert named in window.video.notice.text.text()
    assert not window.filmstrip.isVisible()
    assert [record.levelname for record in caplog.records].count("ERROR") == 1
    cv2.imwrite(str(folder / "7.png"), np.full((60, 270, 3), 90, np.uint8))
    window.source.open_again()
    harness.wait_until(lambda: number_on_screen(window) == 7)


def test_closing_ends_the_list(harness: WindowHarness, folder: Path) -> None:
    window = harness.open_window()
    window.open(str(folder))
    wait_for(harness, window, 1)
    window.close_source()
    assert (window.windowTitle(), names(window)) == ("AgeCam", [])
    assert not window.filmstrip.isVisible()
    assert window.video.picture is None


# --- moving --------------------------------------------------------------------------------------------


def test_keys_go_from_picture_to_picture(harness: WindowHarness, folder: Path) -> None:
    window = harness.open_window()
    window.open(str(folder))
    wait_for(harness, window, 1)
    for key, number in (
        (Qt.Key.Key_Right, 2),
        (Qt.Key.Key_Left, 1),
        (Qt.Key.Key_Left, 1),
        (Qt.Key.Key_End, 5),
        (Qt.Key.Key_Right, 5),
        (Qt.Key.Key_PageUp, 4),
        (Qt.Key.Key_Home, 1),
        (Qt.Key.Key_PageDown, 2),
    ):
        harness.press(window, key)
        wait_for(harness, window, number)
        assert window.filmstrip.view.currentIndex().row() == number - 1
    assert harness.built == [window.settings.engine_options()]  # the networks are loaded once


def test_a_damaged_picture_is_skipped_in_both_directions(harness: WindowHarness, folder: Path) -> None:
    window = harness.open_window()
    window.open_all([str(folder / f"{number}.png") for number in (2, 3, 4)])
    wait_for(harness, window, 2)
    for key, number in ((Qt.Key.Key_Right, 4), (Qt.Key.Key_Left, 2)):
        window.video.toast.hide()
        harness.press(window, key)
        wait_for(harness, window, number)
        assert "3.png" in window.video.toast.text.text()
        assert window.video.toast.isVisible()
        assert window.filmstrip.view.currentIndex().row() == number // 2 - 1 + (number == 4)


def test_a_click_on_a_thumbnail_opens_it_and_a_damaged_one_says_why(harness: WindowHarness, folder: Path) -> None:
    window = harness.open_window()
    window.open(str(folder))
    wait_for(harness, window, 1)
    view, model = window.filmstrip.view, window.filmstrip.model

    def click(row: int) -> None:
        place = view.visualRect(model.index(row)).center()
        QTest.mouseClick(view.viewport(), Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier, place)

    click(4)
    wait_for(harness, window, 5)
    harness.wait_until(lambda: "3.png" in str(model.data(model.index(2), ROLE.ToolTipRole)))
    harness.wait_until(lambda: "damaged" in str(model.data(model.index(2), ROLE.ToolTipRole)))
    assert model.data(model.index(1), ROLE.ToolTipRole) == "2.png"
    click(2)
    harness.wait_until(lambda: window.video.notice.title.text() == "Cannot show 3.png")
    harness.wait_until(lambda: window.video.picture is None)
    assert window.windowTitle().startswith("3 of 5, 3.png")
    harness.press(window, Qt.Key.Key_Right)
    wait_for(harness, window, 4)
    harness.wait_until(window.video.notice.isHidden)


def test_of_many_moves_only_the_last_is_made_and_the_picture_stays_until_then(
    harness: WindowHarness, folder: Path
) -> None:
    opened: list[str] = []
    go = threading.Event()

    def slow(path: Path) -> FrameSource:
        opened.append(path.name)
        go.wait(10)
        return open_source(str(path))

    for number in (2, 3, 4):
        path = folder / f"{number}.png"
        harness.sources[str(path)] = lambda _, path=path: slow(path)  # type: ignore[misc]
    window = harness.open_window()
    window.open(str(folder))
    wait_for(harness, window, 1)
    for _ in range(4):
        window.actions_.forward.trigger()
        assert window.video.picture is not None
    assert "5 of 5" in window.windowTitle()
    assert window.filmstrip.view.currentIndex().row() == 4
    go.set()
    harness.wait_until(lambda: number_on_screen(window) == 5)
    assert opened == ["2.png"]


def test_a_picture_that_takes_long_is_announced(harness: WindowHarness, folder: Path) -> None:
    go = threading.Event()
    path = folder / "2.png"

    def slow(_: Settings) -> FrameSource:
        go.wait(10)
        return open_source(str(path))

    harness.sources[str(path)] = slow
    window = harness.open_window()
    window.open(str(folder))
    wait_for(harness, window, 1)
    harness.press(window, Qt.Key.Key_Right)
    harness.wait_until(lambda: window.video.notice.isVisible() and "Opening" in window.video.notice.title.text())
    assert window.video.picture is None
    go.set()
    harness.wait_until(lambda: number_on_screen(window) == 2)
    harness.wait_until(window.video.notice.isHidden)


def test_the_picture_before_does_not_stay_when_faces_are_to_be_blurred(harness: WindowHarness, folder: Path) -> None:
    go = threading.Event()
    path = folder / "2.png"

    def slow(_: Settings) -> FrameSource:
        go.wait(10)
        return open_source(str(path))

    harness.sources[str(path)] = slow
    window = harness.open_window()
    window.open(str(folder))
    wait_for(harness, window, 1)
    window.actions_.forward.trigger()
    assert window.video.picture is not None
    window.actions_.blur_faces.trigger()
    assert window.video.picture is None
    go.set()
    wait_for(harness, window, 2)


def test_a_folder_with_one_picture_has_no_strip(harness: WindowHarness, folder: Path) -> None:
    for number in (2, 3, 4, 5):
        (folder / f"{number}.png").unlink()
    window = harness.open_window()
    window.open(str(folder))
    harness.wait_until(lambda: window.windowTitle() == "1.png \N{EN DASH} AgeCam")
    assert number_on_screen(window) == 1
    assert not window.filmstrip.isVisible()
    harness.press(window, Qt.Key.Key_Space)
    assert not window.playlist.is_running


def test_repeat_joins_the_ends(harness: WindowHarness, folder: Path) -> None:
    window = harness.open_window(loop=True)
    window.open(str(folder))
    wait_for(harness, window, 1)
    harness.press(window, Qt.Key.Key_Left)
    wait_for(harness, window, 5)
    harness.press(window, Qt.Key.Key_Right)
    wait_for(harness, window, 1)


# --- videos, cameras and the slideshow -----------------------------------------------------------------


def fake_list(harness: WindowHarness, folder: Path, seconds: float = 1.0) -> list[str]:
    """A picture, a video, a camera that is missing, and a picture."""
    clip = folder / "clip.mp4"
    clip.touch()
    harness.sources[str(clip)] = lambda _: FakeFile(int(30 * seconds))

    def no_camera(_: Settings) -> FrameSource:
        raise SourceError("Camera 4 was not found.")

    harness.sources["4"] = no_camera
    return [str(folder / "1.png"), str(clip), "camera://4", str(folder / "5.png")]


def test_a_video_of_the_list_plays_and_stays_at_its_end(harness: WindowHarness, folder: Path) -> None:
    window = harness.open_window()
    window.open_all(fake_list(harness, folder, 12))
    wait_for(harness, window, 1)
    harness.press(window, Qt.Key.Key_Right)
    harness.wait_until(lambda: window.session.source_state.time_s > 0.1)
    assert "2 of 4" in window.windowTitle()
    assert window.playback.isVisible()
    harness.press(window, Qt.Key.Key_Right)  # five seconds on
    harness.wait_until(lambda: window.session.source_state.time_s > 5)
    harness.press(window, Qt.Key.Key_Space)
    harness.wait_until(lambda: window.session.source_state.phase is Phase.PAUSED)
    assert not window.playlist.is_running
    harness.press(window, Qt.Key.Key_Space)
    for _ in range(2):
        harness.press(window, Qt.Key.Key_Right)
        harness.wait(100)
    harness.wait_until(lambda: window.session.source_state.phase is Phase.ENDED)
    harness.wait(300)
    assert "2 of 4" in window.windowTitle()
    harness.press(window, Qt.Key.Key_PageDown)  # past the missing camera
    wait_for(harness, window, 5)
    assert "Camera 4" in window.video.toast.text.text()


def test_a_camera_of_the_list_is_shown_and_left_with_the_arrow_keys(harness: WindowHarness, folder: Path) -> None:
    specs = fake_list(harness, folder)
    harness.sources["4"] = lambda _: FakeCamera()
    window = harness.open_window()
    window.open_all(specs[2:])
    harness.wait_until(lambda: window.session.source_state.info is not None)
    harness.wait_until(lambda: window.session.view() is not None)
    assert window.source.is_camera
    assert "1 of 2, camera 4" in window.windowTitle()
    harness.press(window, Qt.Key.Key_Right)
    wait_for(harness, window, 5)
    assert not window.source.is_camera


def test_space_starts_and_stops_the_slideshow(
    harness: WindowHarness, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("agecam.ui.controllers.playlist.SLIDE_MS", 400)
    window = harness.open_window()
    window.open_all(fake_list(harness, folder))
    wait_for(harness, window, 1)
    harness.wait(800)
    assert number_on_screen(window) == 1  # it does not run by itself
    harness.press(window, Qt.Key.Key_Space)
    harness.wait_until(lambda: window.actions_.play.text() == "&Pause")
    shown: list[str] = []

    def note() -> bool:
        title = window.windowTitle().split(",")[0]
        if title not in shown:
            shown.append(title)
        return not window.playlist.is_running

    harness.wait_until(note)
    assert shown == ["1 of 4", "2 of 4", "4 of 4"] or shown == ["1 of 4", "2 of 4", "3 of 4", "4 of 4"]
    wait_for(harness, window, 5)
    harness.wait_until(lambda: window.actions_.play.text() == "&Play")
    harness.press(window, Qt.Key.Key_Home)
    wait_for(harness, window, 1)
    harness.press(window, Qt.Key.Key_Space)
    assert window.playlist.is_running
    harness.press(window, Qt.Key.Key_Space)
    assert not window.playlist.is_running
    harness.wait(700)
    assert number_on_screen(window) == 1


def test_the_slideshow_repeats_and_a_video_in_it_does_not(
    harness: WindowHarness, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("agecam.ui.controllers.playlist.SLIDE_MS", 200)
    window = harness.open_window(loop=True)
    window.open_all(fake_list(harness, folder, 0.3)[:2])
    wait_for(harness, window, 1)
    harness.press(window, Qt.Key.Key_Space)
    for title in ("2 of 2", "1 of 2", "2 of 2"):
        harness.wait_until(lambda title=title: title in window.windowTitle())  # type: ignore[misc]
    window.playlist.toggle_slideshow()
    assert not window.playlist.is_running


# --- the filmstrip -------------------------------------------------------------------------------------


def test_a_folder_of_ten_thousand_pictures_opens_at_once(harness: WindowHarness, folder: Path) -> None:
    content = (folder / "1.png").read_bytes()
    many = harness.folder / "many"
    many.mkdir()
    first = many / "1.png"
    first.write_bytes(content)
    for number in range(2, 10_001):
        (many / f"{number}.png").hardlink_to(first)
    window = harness.open_window()
    window.open(str(many))
    harness.wait_until(lambda: number_on_screen(window) == 1, 2000)
    harness.wait_until(lambda: "1 of 10000" in window.windowTitle())
    model = window.filmstrip.model
    harness.wait_until(lambda: model.thumbnails.get(many / "3.png") is not None)
    harness.press(window, Qt.Key.Key_End)
    harness.wait_until(lambda: "10000 of 10000" in window.windowTitle())
    harness.wait_until(lambda: model.thumbnails.get(many / "10000.png") is not None)
    harness.wait(200)
    assert model.thumbnails.bytes < 200 * 96 * 72 * 3  # only what was visible
    bar = window.filmstrip.view.horizontalScrollBar()
    assert bar.value() == bar.maximum()


def test_thumbnails_are_blurred_with_the_faces(harness: WindowHarness, folder: Path) -> None:
    window = harness.open_window()
    window.open(str(folder))
    wait_for(harness, window, 1)

    def sharpness() -> float:
        rect = window.filmstrip.view.visualRect(window.filmstrip.model.index(0))
        image = window.filmstrip.view.viewport().grab(rect).toImage().convertToFormat(_GREY)
        pixels = np.frombuffer(image.constBits(), np.uint8).reshape(image.height(), image.bytesPerLine())
        return float(np.abs(np.diff(pixels[20:-40, 30 : image.width() - 30].astype(int), axis=1)).mean())

    harness.wait_until(lambda: window.filmstrip.model.thumbnail(0) is not None)
    before = sharpness()
    assert before > 5
    harness.press(window, "u")
    harness.wait_until(lambda: sharpness() < before / 2)
    harness.press(window, "u")
    harness.wait_until(lambda: sharpness() == pytest.approx(before))
