"""The menu of a face in the window: copy it, blur it, or hide what is not a face."""

import csv
import json
from collections.abc import Callable, Iterator
from pathlib import Path

import av
import cv2
import numpy as np
import pytest
from crowd_parts import CrowdEngine, centre_of, click, crowd_harness, open_clip, pixels, row_of_faces
from live_parts import HEIGHT, WIDTH, FakeCamera
from PIL import Image as Pillow
from PySide6.QtCore import QPoint
from PySide6.QtGui import QContextMenuEvent, QGuiApplication
from PySide6.QtWidgets import QApplication, QMenu
from pytestqt.qtbot import QtBot
from window_parts import WindowHarness

from agecam.live.screenshot import KEYWORD
from agecam.types import Image
from agecam.ui.main_window import MainWindow

# Menus grab the keyboard and come to the front, which Qt's offscreen platform cannot do.
pytestmark = pytest.mark.qt_log_ignore(
    r"This plugin does not support (raise\(\)|grabbing the keyboard|propagateSizeHints)", extend=True
)


@pytest.fixture
def harness(qtbot: QtBot, tmp_path: Path) -> Iterator[WindowHarness]:
    harness = crowd_harness(qtbot, tmp_path)
    yield harness
    harness.close()


@pytest.fixture
def engine(harness: WindowHarness) -> CrowdEngine:
    assert isinstance(harness.engine, CrowdEngine)
    return harness.engine


def ask_for_menu(window: MainWindow, number: int | None) -> None:
    """Click a face, or the place between the faces, with the right button."""
    at = QPoint(3, 3) if number is None else centre_of(window, number)
    reason = QContextMenuEvent.Reason.Mouse
    QApplication.sendEvent(window.video, QContextMenuEvent(reason, at, window.video.mapToGlobal(at)))


def choose_in_menu(harness: WindowHarness, window: MainWindow, number: int | None, text: str) -> None:
    """Open the menu of a face, or of the place between the faces, and choose an entry."""
    ask_for_menu(window, number)
    harness.wait_until(lambda: isinstance(QApplication.activePopupWidget(), QMenu))
    menu = QApplication.activePopupWidget()
    assert isinstance(menu, QMenu)
    (action,) = [action for action in menu.actions() if action.text().replace("&", "") == text]
    action.trigger()
    menu.close()


def sharpness(image: Image) -> float:
    return float(cv2.Laplacian(image, cv2.CV_64F).var())


@pytest.fixture
def textured(harness: WindowHarness) -> Callable[[], MainWindow]:
    """A camera whose picture is all texture, with three faces."""

    class Textured(FakeCamera):
        def read(self):  # type: ignore[no-untyped-def]
            frame = super().read()
            if frame is not None:
                frame.image_bgr[:] = np.random.default_rng(5).integers(0, 256, frame.image_bgr.shape, np.uint8)
            return frame

    def start(**settings: object) -> MainWindow:
        harness.sources["0"] = lambda _: Textured()
        window = harness.open_window(mirror_camera=False, **settings)
        window.open_first()
        harness.wait_until(lambda: len(window.video.faces.boxes()) == 3 and len(window.panel.rows) == 3)
        return window

    return start


def face_part(image: Image, number: int) -> Image:
    x, y, width, height = (round(value) for value in row_of_faces(3)[number - 1].box)
    return image[y + 8 : y + height - 8, x + 8 : x + width - 8]


def test_one_face_can_be_blurred(
    harness: WindowHarness, engine: CrowdEngine, textured: Callable[[], MainWindow]
) -> None:
    engine.detect_every = 10_000
    window = textured(show_box=False, show_age=False, show_interval=False, show_gender=False, show_track=False)
    harness.wait_until(lambda: not window.session.view().complete)  # type: ignore[union-attr]
    original = np.random.default_rng(5).integers(0, 256, (HEIGHT, WIDTH, 3), np.uint8)
    clear = sharpness(face_part(original, 2))
    choose_in_menu(harness, window, 2, "Blur this face")
    picture = window.video.picture
    assert picture is not None
    assert sharpness(picture) < 0.05 * clear  # at once, and all of it until the first complete result
    harness.wait_until(lambda: (view := window.session.view()) is not None and view.complete)
    assert engine.thorough
    for _ in range(10):
        harness.wait(20)
        assert window.session.view().complete  # type: ignore[union-attr]
        picture = window.video.picture
        assert picture is not None
        assert sharpness(face_part(picture, 2)) < 0.05 * clear
        assert sharpness(face_part(picture, 1)) > 0.9 * clear
    saved = cv2.imread(str(window.take_screenshot()[0]))
    assert saved is not None
    assert sharpness(face_part(np.asarray(saved, np.uint8), 2)) < 0.05 * clear
    assert sharpness(face_part(np.asarray(saved, np.uint8), 3)) > 0.9 * clear
    harness.wait_until(lambda: sharpness(pixels(window.panel.rows[1].thumbnail)) < 100)
    assert sharpness(pixels(window.panel.rows[0].thumbnail)) > 1000
    choose_in_menu(harness, window, 2, "Copy this face")
    copied = pixels(QGuiApplication.clipboard().image())
    assert sharpness(copied[20:-20, 20:-20]) < 0.05 * clear
    choose_in_menu(harness, window, 2, "Blur this face")
    harness.wait_until(lambda: not engine.thorough)
    picture = window.video.picture
    assert picture is not None
    assert sharpness(face_part(picture, 2)) > 0.9 * clear


def test_a_blurred_face_is_blurred_in_recordings(harness: WindowHarness, textured: Callable[[], MainWindow]) -> None:
    window = textured()
    choose_in_menu(harness, window, 2, "Blur this face")
    harness.press(window, "r")
    harness.wait_until(lambda: window.saver.recording is not None and window.saver.recording.frames > 15)
    harness.press(window, "r")
    harness.wait_until(lambda: "Saved recording" in window.video.toast.text.text())
    (path,) = harness.saved.glob("*.mp4")
    with av.open(str(path)) as file:
        frames = [frame.to_ndarray(format="bgr24") for frame in file.decode(video=0)]
    assert len(frames) > 10
    for image in frames[2:]:
        assert sharpness(face_part(image, 2)) < 0.1 * sharpness(face_part(image, 1))


def test_not_a_face_is_hidden_everywhere(harness: WindowHarness, textured: Callable[[], MainWindow]) -> None:
    window = textured()
    click(window, centre_of(window, 2))
    assert window.panel.chosen_number == 2
    choose_in_menu(harness, window, 2, "Not a face")
    assert set(window.video.faces.boxes()) == {1, 3}
    assert window.panel.chosen_number is None
    assert [row.number for row in window.panel.rows] == [1, 3]
    harness.wait(300)
    assert set(window.video.faces.boxes()) == {1, 3}
    assert [row.number for row in window.panel.rows] == [1, 3]
    with Pillow.open(window.take_screenshot()[0]) as saved:
        line = json.loads(saved.text[KEYWORD])  # type: ignore[attr-defined]
    assert [face["track"] for face in line["faces"]] == [1, 3]
    frame = window.session.view().frame.index  # type: ignore[union-attr]
    harness.wait(300)
    assert window.saver.export_csv(harness.folder / "all.csv")
    with (harness.folder / "all.csv").open(encoding="utf-8", newline="") as file:
        later = {row["track"] for row in csv.DictReader(file) if int(row["frame"]) > frame}
    assert later == {"1", "3"}
    choose_in_menu(harness, window, None, "Show hidden faces")
    harness.wait_until(lambda: set(window.video.faces.boxes()) == {1, 2, 3} and len(window.panel.rows) == 3)


def test_a_face_is_copied(harness: WindowHarness, textured: Callable[[], MainWindow]) -> None:
    window = textured()
    choose_in_menu(harness, window, 1, "Copy this face")
    image = QGuiApplication.clipboard().image()
    assert (image.width(), image.height()) == (64, 68)  # the box with a margin, within the picture
    assert "copied" in window.video.toast.text.text()


def test_between_the_faces_there_is_no_menu(harness: WindowHarness) -> None:
    window = open_clip(harness)
    ask_for_menu(window, None)
    harness.wait(50)
    assert QApplication.activePopupWidget() is None


def test_marks_of_one_source_do_not_reach_the_next(harness: WindowHarness) -> None:
    window = open_clip(harness)
    choose_in_menu(harness, window, 2, "Not a face")
    choose_in_menu(harness, window, 1, "Blur this face")
    window.panel.choose(3)
    window.open("clip.mp4")
    harness.wait_until(lambda: set(window.video.faces.boxes()) == {1, 2, 3})
    assert window.panel.chosen_number is None
    assert window.picture.view().blurred is None  # type: ignore[union-attr]
