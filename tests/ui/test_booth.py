"""The photo booth in the window: the countdown, the shots, the collage, and the strip."""

from collections.abc import Iterator
from pathlib import Path

import cv2
import numpy as np
import pytest
from crowd_parts import crowd_harness, open_clip, row_of_faces
from live_parts import HEIGHT, WIDTH, FakeCamera
from PySide6.QtCore import QFile, Qt
from PySide6.QtGui import QAccessible
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QPushButton
from pytestqt.qtbot import QtBot
from window_parts import DialogGuard, WindowHarness

from agecam.ui.controllers import booth
from agecam.ui.main_window import MainWindow
from agecam.ui.system import announcement
from agecam.ui.widgets.booth_viewer import BoothViewer

# Windows come to the front, which Qt's offscreen platform cannot do.
pytestmark = pytest.mark.qt_log_ignore(r"This plugin does not support (raise\(\)|propagateSizeHints)", extend=True)


@pytest.fixture
def harness(qtbot: QtBot, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[WindowHarness]:
    monkeypatch.setattr(booth, "STEP_MS", 60)
    guard = DialogGuard()
    harness = crowd_harness(qtbot, tmp_path)
    harness.sources["0"] = lambda _: FakeCamera()
    yield harness
    unexpected = guard.finish()
    harness.close()
    assert unexpected == []


def start(harness: WindowHarness, **settings: object) -> MainWindow:
    """A camera with three faces, and the booth running."""
    window = harness.open_window(**settings)
    window.open("camera://0")
    harness.wait_until(lambda: len(window.video.faces.boxes()) == 3)
    harness.press(window, Qt.Key.Key_S, Qt.KeyboardModifier.ShiftModifier)
    assert window.extras.booth.is_running
    return window


def taken(harness: WindowHarness, **settings: object) -> MainWindow:
    """The window after a run of the booth."""
    window = start(harness, **settings)
    harness.wait_until(lambda: len(window.extras.booth.strip.pictures) == 5)
    return window


def saved(harness: WindowHarness) -> list[Path]:
    return sorted(harness.saved.iterdir()) if harness.saved.exists() else []


def test_a_countdown_in_large_figures_a_flash_and_four_shots(harness: WindowHarness) -> None:
    figures: list[int | None] = []
    flashes: list[bool] = []
    window = start(harness)
    overlay = window.extras.booth.overlay
    assert overlay.isVisible()
    assert overlay.geometry() == window.video.rect()

    def is_over() -> bool:
        if not figures or figures[-1] != overlay.figure:
            figures.append(overlay.figure)
        flashes.append(overlay.flashes)
        return not window.extras.booth.is_running

    harness.wait_until(is_over)
    assert [figure for figure in figures if figure is not None][:3] == [3, 2, 1]
    assert any(flashes)
    harness.wait_until(overlay.isHidden)  # the flash fades
    harness.wait_until(lambda: len(window.extras.booth.strip.pictures) == 5)
    shots = [picture for picture in window.extras.booth.strip.pictures if picture.path is None]
    assert len({shot.png for shot in shots}) == 4


def test_the_figure_covers_much_of_the_picture(harness: WindowHarness, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(booth, "STEP_MS", 60_000)
    window = start(harness)
    before = window.video.grab().toImage()
    white = sum(
        before.pixelColor(x, y).lightness() > 235
        for x in range(0, before.width(), 4)
        for y in range(0, before.height(), 4)
    )
    assert white > 0.01 * before.width() * before.height() / 16
    harness.press(window, Qt.Key.Key_Escape)


def test_the_strip_of_four_is_saved_where_screenshots_go(harness: WindowHarness) -> None:
    window = taken(harness)
    (path,) = saved(harness)
    assert path.name.startswith("AgeCam_") and path.name.endswith("_booth.png")
    height, width = cv2.imread(str(path)).shape[:2]
    assert WIDTH < width < 1.2 * WIDTH
    assert 4 * HEIGHT < height < 5 * HEIGHT
    toast = window.video.toast
    assert toast.isVisible()
    assert path.name in toast.text.text() and str(harness.saved) in toast.text.text()


def test_the_collage_of_two_columns_is_a_choice_that_is_kept(harness: WindowHarness) -> None:
    window = harness.open_window()
    window.actions_.booth_grid.trigger()
    window.close()
    window = harness.restart()
    assert window.actions_.booth_grid.isChecked()
    window.open("camera://0")
    harness.wait_until(lambda: len(window.video.faces.boxes()) == 3)
    window.actions_.booth.trigger()
    harness.wait_until(lambda: len(window.extras.booth.strip.pictures) == 5)
    (path,) = saved(harness)
    height, width = cv2.imread(str(path)).shape[:2]
    assert 2 * WIDTH < width < 2.3 * WIDTH
    assert 2 * HEIGHT < height < 2.5 * HEIGHT


def test_labels_are_in_the_pictures(harness: WindowHarness) -> None:
    window = taken(harness, mirror_camera=False)
    shot = window.extras.booth.strip.pictures[0]
    x, y, side, _ = row_of_faces(3)[0].box
    around = shot.preview_bgr[int(y) - 4 : int(y + side) + 4, int(x) - 4 : int(x + side) + 4]
    assert around.max() > 200  # the box; the square is elsewhere


def test_escape_cancels_and_nothing_is_saved(harness: WindowHarness) -> None:
    window = start(harness)
    controller = window.extras.booth
    harness.wait_until(lambda: len(controller.strip.pictures) == 2)
    harness.press(window, Qt.Key.Key_Escape)
    assert not controller.is_running
    assert controller.overlay.isHidden()
    assert "cancelled" in window.video.toast.text.text()
    harness.wait(400)
    assert controller.strip.pictures == []
    assert controller.strip.isHidden()
    assert saved(harness) == []


def test_escape_cancels_first_and_leaves_full_screen_then(harness: WindowHarness) -> None:
    window = start(harness)
    window.actions_.full_screen.setChecked(True)
    harness.wait_until(window.isFullScreen)
    harness.press(window, Qt.Key.Key_Escape)
    assert not window.extras.booth.is_running
    assert window.isFullScreen()
    harness.press(window, Qt.Key.Key_Escape)
    harness.wait_until(lambda: not window.isFullScreen())


def test_without_a_picture_it_does_not_begin(harness: WindowHarness) -> None:
    window = harness.open_window()
    window.actions_.booth.trigger()
    assert not window.extras.booth.is_running
    assert "Nothing to save yet" in window.video.toast.text.text()


def test_it_ends_when_the_source_is_closed(harness: WindowHarness) -> None:
    window = start(harness)
    window.close_source()
    harness.wait_until(lambda: not window.extras.booth.is_running)
    harness.wait(200)
    assert saved(harness) == []


@pytest.mark.parametrize("setting", ["blur_faces", "save_blurred"])
def test_with_blur_every_face_is_blurred(harness: WindowHarness, setting: str) -> None:
    class Textured(FakeCamera):
        def read(self):  # type: ignore[no-untyped-def]
            frame = super().read()
            if frame is not None:
                frame.image_bgr[:] = np.random.default_rng(5).integers(0, 256, frame.image_bgr.shape, np.uint8)
            return frame

    harness.sources["0"] = lambda _: Textured()
    hidden = dict.fromkeys(("show_box", "show_age", "show_interval", "show_gender", "show_track"), False)
    window = taken(harness, **{setting: True}, mirror_camera=False, **hidden)
    (path,) = saved(harness)
    collage = cv2.imread(str(path))
    gap = (collage.shape[1] - WIDTH) // 2
    for shot in range(4):
        top = gap + shot * (HEIGHT + gap)
        picture = collage[top : top + HEIGHT, gap : gap + WIDTH]
        for face in row_of_faces(3):
            x, y, side, _ = (int(value) for value in face.box)
            assert cv2.Laplacian(picture[y : y + side, x : x + side], cv2.CV_64F).var() < 2000
        assert cv2.Laplacian(picture[150:, :], cv2.CV_64F).var() > 20_000
    assert all(picture.blurred for picture in window.extras.booth.strip.pictures)


def test_a_folder_that_cannot_be_written_is_named(harness: WindowHarness) -> None:
    harness.saved.write_text("a file")
    window = start(harness)
    harness.wait_until(lambda: "not a folder" in window.video.toast.text.text())
    assert len(window.extras.booth.strip.pictures) == 4  # the shots can still be dragged out


# --- the strip -----------------------------------------------------------------------------------------


def test_shots_are_dragged_out_as_files_that_are_removed_at_the_end(harness: WindowHarness) -> None:
    window = taken(harness)
    pictures = window.extras.booth.strip.list
    assert pictures.dragEnabled()
    shot, collage = pictures.item(0), pictures.item(4)
    (url,) = pictures.mimeData([shot]).urls()
    path = Path(url.toLocalFile())
    assert path.suffix == ".png"
    assert path.read_bytes() == window.extras.booth.strip.pictures[0].png
    assert pictures.mimeData([collage]).urls()[0].toLocalFile() == str(saved(harness)[0])
    assert len(saved(harness)) == 1  # nothing else is stored
    window.close()
    assert not path.exists()


def test_a_click_or_a_key_shows_a_picture_large(harness: WindowHarness) -> None:
    window = taken(harness)
    strip = window.extras.booth.strip
    assert not strip.view.isEnabled()
    strip.list.setFocus(Qt.FocusReason.TabFocusReason)
    QTest.keyClick(strip.list, Qt.Key.Key_Home)
    QTest.keyClick(strip.list, Qt.Key.Key_Return)
    assert isinstance(strip.viewer, BoothViewer)
    harness.wait_until(strip.viewer.isVisible)
    assert strip.viewer.windowTitle() == "Photo 1 of 4, not saved"
    for _ in range(4):
        QTest.keyClick(strip.viewer, Qt.Key.Key_Right)
    assert strip.viewer.windowTitle().startswith("Collage, saved as AgeCam_")
    QTest.keyClick(strip.viewer, Qt.Key.Key_Left)
    assert strip.viewer.windowTitle() == "Photo 4 of 4, not saved"
    QTest.keyClick(strip.viewer, Qt.Key.Key_Delete)
    assert len(strip.pictures) == 4
    QTest.keyClick(strip.viewer, Qt.Key.Key_Escape)
    harness.wait_until(lambda: strip.viewer is None)


def press(button: QPushButton) -> None:
    QTest.mouseClick(button, Qt.MouseButton.LeftButton)


def test_deleting_a_shot_and_the_collage(harness: WindowHarness, monkeypatch: pytest.MonkeyPatch) -> None:
    window = taken(harness)
    strip = window.extras.booth.strip
    (path,) = saved(harness)
    strip.list.setCurrentRow(1)
    press(strip.delete)
    assert [picture.stem[-2:] for picture in strip.pictures] == ["-1", "-3", "-4", "th"]
    assert saved(harness) == [path]

    def to_trash(name: str) -> bool:
        Path(name).rename(harness.folder / "trash.png")
        return True

    monkeypatch.setattr(QFile, "moveToTrash", staticmethod(to_trash))
    strip.list.setCurrentRow(3)
    press(strip.delete)
    assert saved(harness) == []
    assert len(strip.pictures) == 3
    assert path.name in window.video.toast.text.text()
    press(strip.close_all)
    assert strip.pictures == []
    assert strip.isHidden()


def test_a_collage_that_cannot_be_moved_to_the_trash_stays(
    harness: WindowHarness, monkeypatch: pytest.MonkeyPatch
) -> None:
    window = taken(harness)
    strip = window.extras.booth.strip
    monkeypatch.setattr(QFile, "moveToTrash", staticmethod(lambda _: False))
    strip.list.setCurrentRow(4)
    press(strip.delete)
    assert len(strip.pictures) == 5
    assert "cannot be moved to the trash" in window.video.toast.text.text()


def test_blurring_afterwards_covers_the_pictures_in_the_window(harness: WindowHarness) -> None:
    window = taken(harness)
    strip = window.extras.booth.strip
    item = strip.list.item(0)
    before = item.icon().pixmap(100).toImage()
    window.actions_.blur_faces.trigger()
    assert item.icon().pixmap(100).toImage() != before
    assert not item.flags() & Qt.ItemFlag.ItemIsDragEnabled
    window.actions_.blur_faces.trigger()
    assert item.icon().pixmap(100).toImage() == before
    assert item.flags() & Qt.ItemFlag.ItemIsDragEnabled


def test_the_oldest_pictures_leave_the_strip(harness: WindowHarness) -> None:
    window = taken(harness)
    strip = window.extras.booth.strip
    first = strip.pictures[0]
    for _ in range(4):
        for picture in strip.pictures[:4]:
            strip.add(picture, "again")
    assert len(strip.pictures) == 15
    assert strip.pictures[-1] is not None and first.png


def test_it_works_with_a_paused_clip(harness: WindowHarness) -> None:
    window = open_clip(harness)
    window.actions_.booth.trigger()
    harness.wait_until(lambda: len(window.extras.booth.strip.pictures) == 5)
    assert len(saved(harness)) == 1


def test_the_countdown_is_announced(harness: WindowHarness, monkeypatch: pytest.MonkeyPatch) -> None:
    said: list[str] = []
    monkeypatch.setattr(QAccessible, "isActive", staticmethod(lambda: True))
    monkeypatch.setattr(
        announcement.QAccessible, "updateAccessibility", staticmethod(lambda event: said.append(event.message()))
    )
    taken(harness)
    counted = [text for text in said if text.isdecimal() or text.startswith("Photo")]
    assert counted == [*"321", "Photo 1 of 4", *"21", "Photo 2 of 4", *"21", "Photo 3 of 4", *"21", "Photo 4 of 4"]
    assert QApplication.activeModalWidget() is None
