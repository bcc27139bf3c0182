"""The window, used as people use it: keys, clicks, menus and dialogs, with sources that come and go."""

import json
import threading
from collections.abc import Callable, Iterator
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import av
import cv2
import numpy as np
import pytest
from live_parts import HEIGHT, SIDE, WIDTH, FakeCamera, FakeFile, SquareEngine, face_at, index_of, picture, square_left
from mjpeg import mjpeg_server
from PIL import Image as Pillow
from PySide6.QtCore import QLocale, QMimeData, QPoint, QPointF, Qt, QTimer, QUrl
from PySide6.QtGui import QDragEnterEvent, QDropEvent, QGuiApplication, QPalette
from PySide6.QtTest import QTest
from PySide6.QtWidgets import (
    QApplication,
    QDialogButtonBox,
    QFileDialog,
    QInputDialog,
    QToolButton,
    QWidget,
)
from pytestqt.qtbot import QtBot
from window_parts import Desk, entries, texts_of

from agecam.engine.schedule import Plan
from agecam.errors import SourceError, WeightsError
from agecam.live import Phase
from agecam.live.people import Person
from agecam.live.screenshot import KEYWORD
from agecam.overlay.typeface import dejavu
from agecam.runtime.settings import Settings, load_settings
from agecam.sources import CameraInfo, CameraMode
from agecam.types import Image
from agecam.ui.app import install_translations
from agecam.ui.dialogs import AboutDialog, SettingsDialog, ShortcutsDialog
from agecam.ui.faces_panel import PersonRow
from agecam.ui.look import apply_theme
from agecam.ui.main_window import MainWindow
from agecam.ui.typeface import with_system_fonts


@pytest.fixture
def desk(qtbot: QtBot, tmp_path: Path) -> Iterator[Desk]:
    """No dialog may open that a test did not ask for, and no thread may be left."""
    before = set(threading.enumerate())
    surprises: list[str] = []
    known: set[int] = set()

    def look() -> None:
        dialog = QApplication.activeModalWidget()
        if dialog is not None and id(dialog) not in known:
            known.add(id(dialog))
            QTimer.singleShot(3000, lambda: surprise(dialog))

    def surprise(dialog: QWidget) -> None:
        if QApplication.activeModalWidget() is dialog:  # nobody has answered it
            surprises.append(f"{type(dialog).__name__}: {dialog.windowTitle()}")
            dialog.close()

    timer = QTimer(interval=50)
    timer.timeout.connect(look)
    timer.start()
    desk = Desk(qtbot, tmp_path)
    yield desk
    desk.close()
    timer.stop()
    apply_theme(QApplication.instance(), "system")  # type: ignore[arg-type]
    assert surprises == []
    assert set(threading.enumerate()) <= before


@pytest.fixture
def camera(desk: Desk) -> Desk:
    """Camera 0 gives pictures."""
    desk.cameras = [CameraInfo(0, "Front camera")]
    desk.sources["0"] = lambda _: FakeCamera()
    return desk


def on_screen(window: MainWindow) -> Image:
    picture = window.video.picture
    assert picture is not None
    return picture


def square_at(image: Image) -> int:
    """Left edge of the textured square, which is brighter than everything else below its box's upper half."""
    row = image[140, :, :].min(axis=1)
    return int(np.flatnonzero(row > 120)[0])


# --- sources -------------------------------------------------------------------------------------------


def test_pictures_come_before_the_networks_are_loaded(camera: Desk) -> None:
    camera.loading.clear()
    window = camera.window()
    window.open_first()
    camera.until(lambda: window.video.picture is not None)
    assert window.video.loading.isVisible()
    assert window.video.notice.isHidden()
    assert window.session.view().faces == ()  # type: ignore[union-attr]
    camera.loading.set()
    camera.labelled(window)
    camera.until(window.video.loading.isHidden)
    assert "camera 0" in window.windowTitle()


def test_slow_networks_do_not_slow_the_picture(camera: Desk) -> None:
    camera.engine = SquareEngine(takes_s=0.3)
    camera.sources["0"] = lambda _: FakeCamera(fps=30)
    window = camera.window()
    window.open_first()
    camera.labelled(window)
    window.session.begin_figures()
    camera.pause(1500)
    shown, judged = window.session.totals()
    assert judged <= 6
    assert shown > 4 * judged
    # The box is where the face is in this picture, not where it was when it was judged: up to 50 px behind.
    # Where it jumps back to the left, nothing can follow: so a whole round is looked at.
    behind: dict[int, float] = {}

    def measured() -> bool:
        if (view := window.session.view()) is not None and view.faces:
            behind[view.frame.index] = abs(view.faces[0].box[0] - square_left(view.frame.index))
        return len(behind) > 60

    camera.until(measured)
    assert np.median(list(behind.values())) < SIDE / 6


def test_without_a_camera_the_demo_plays_until_one_comes(desk: Desk) -> None:
    window = desk.window()
    window.cameras.start()
    window.open_first()
    desk.until(lambda: window.video.picture is not None)
    assert "demo" in window.windowTitle()
    assert "demo" in window.video.toast.text.text()
    assert entries(window.source_menu.cameras.actions()) == ["No camera is connected"]
    desk.sources["2"] = lambda _: FakeCamera()
    desk.cameras = [CameraInfo(2, "New & better")]
    desk.until(lambda: "New & better is connected" in window.video.toast.text.text())
    assert entries(window.source_menu.cameras.actions()) == ["New  better"]
    QTest.mouseClick(window.video.toast.button, Qt.MouseButton.LeftButton)
    desk.until(lambda: "camera 2" in window.windowTitle())
    desk.cameras = []
    desk.until(lambda: entries(window.source_menu.cameras.actions()) == ["No camera is connected"])


def test_a_camera_that_is_pulled_out_comes_back_by_itself(desk: Desk) -> None:
    plugged = threading.Event()
    cameras = iter([FakeCamera(until=20)])

    def open_camera(_: Settings) -> FakeCamera:
        first = next(cameras, None)
        if first is None and not plugged.is_set():
            raise SourceError("There is no free camera with the number 0: connect it.")
        return first or FakeCamera()

    desk.sources["0"] = open_camera
    window = desk.window()
    window.open("0")
    desk.until(window.video.notice.isVisible)
    assert window.video.notice.title.text() == "Waiting for camera 0"
    assert "check its cable" in window.video.notice.text.text()
    assert "tries again by itself" in window.video.notice.text.text()
    assert window.video.picture is not None  # the last one stays
    desk.until(lambda: "no free camera" in window.video.notice.text.text())
    plugged.set()
    QTest.mouseClick(window.video.notice.act_button, Qt.MouseButton.LeftButton)
    desk.until(window.video.notice.isHidden, 1500)
    desk.labelled(window)


def test_a_camera_that_changes_its_size_is_followed(desk: Desk) -> None:
    desk.sources["0"] = lambda _: FakeCamera(grows_at=30)
    window = desk.window()
    window.open("0")
    desk.until(lambda: window.video.picture is not None)
    desk.press(window, "r")
    desk.until(lambda: on_screen(window).shape[0] == 2 * HEIGHT)
    desk.pause(300)
    desk.press(window, "r")
    (path,) = desk.saved.glob("*.mp4")
    with av.open(str(path)) as file:
        assert sum(1 for _ in file.decode(video=0)) > 20


def test_a_resolution_is_asked_for_and_what_came_is_told(camera: Desk) -> None:
    asked: list[CameraMode | None] = []

    def open_camera(settings: Settings) -> FakeCamera:
        asked.append(settings.camera_mode)
        return FakeCamera()

    camera.sources["0"] = open_camera
    window = camera.window()
    window.source_menu.show_cameras(camera.cameras)
    window.open_first()
    camera.until(lambda: window.video.picture is not None)
    window.source_menu.modes.aboutToShow.emit()
    first, *_, last = window.source_menu.modes.actions()
    assert (first.isChecked(), entries([last])) == (True, ["1280 \N{MULTIPLICATION SIGN} 720, 30 / s"])
    last.trigger()
    camera.until(lambda: f"gives {WIDTH} x {HEIGHT}" in window.video.toast.text.text())
    assert asked == [None, CameraMode(1280, 720, 30)]
    assert window.choices.settings.camera_mode == CameraMode(1280, 720, 30)


def test_what_cannot_be_opened_is_told_once(desk: Desk, caplog: pytest.LogCaptureFixture) -> None:
    window = desk.window()
    window.open(str(desk.folder / "no such video.mp4"))
    desk.until(lambda: window.video.notice.title.text() == "no such video.mp4 cannot be shown")
    assert "no such video.mp4" in window.video.notice.text.text()
    desk.pause(500)
    assert [record.levelname for record in caplog.records].count("ERROR") == 1
    QTest.mouseClick(window.video.notice.copy_button, Qt.MouseButton.LeftButton)
    copied = QGuiApplication.clipboard().text()
    assert "AgeCam" in copied
    assert "no such video.mp4" in copied
    QTest.mouseClick(window.video.notice.act_button, Qt.MouseButton.LeftButton)
    desk.until(lambda: window.video.picture is not None)
    assert "demo" in window.windowTitle()


def test_a_stream_that_is_cut_comes_back(desk: Desk) -> None:
    images = [picture(index) for index in range(10)]
    with mjpeg_server(images, fps=30, endless=True) as host:
        port = int(host.rpartition(":")[2])
        window = desk.window()
        window.open(f"http://julia:secret@{host}/live")
        desk.labelled(window)
        assert "secret" not in window.windowTitle()
    desk.until(lambda: window.session.source_state.phase is Phase.LOST)
    desk.until(window.video.notice.isVisible)
    assert "secret" not in texts_of(window.video.notice) + window.details()
    with mjpeg_server(images, port=port, fps=30, endless=True):
        desk.until(window.video.notice.isHidden)
        view = window.session.view()
        desk.until(lambda: window.session.view() is not view)
        assert "secret" not in json.dumps(window.choices.settings.recent)
        window.close_source()


@pytest.mark.parametrize("kind", ["picture", "folder", "video"])
def test_files_are_opened(
    kind: str, desk: Desk, astronaut_bgr: Image, hopper_bgr: Image, write_video: Callable[..., Path]
) -> None:
    if kind == "video":
        path = write_video("clip.mp4", [np.roll(astronaut_bgr, 2 * shift, axis=1) for shift in range(20)])
    else:
        path = desk.folder / "pictures"
        path.mkdir()
        cv2.imwrite(str(path / "a.png"), astronaut_bgr)
        cv2.imwrite(str(path / "b.png"), hopper_bgr)
        path = path / "b.png" if kind == "picture" else path
    window = desk.window()
    window.open(str(path))
    desk.labelled(window)
    assert window.playback.isVisible() is (kind != "picture")
    height = on_screen(window).shape[0]
    assert height in {"picture": (600,), "folder": (512, 600), "video": (512,)}[kind]
    assert window.choices.settings.recent == [str(path)]
    assert entries(window.source_menu.recent.actions())[0] == path.name


def test_a_file_is_dropped_on_the_window(desk: Desk, hopper_bgr: Image) -> None:
    path = desk.folder / "a b.png"
    cv2.imwrite(str(path), hopper_bgr)
    window = desk.window()
    data = QMimeData()
    data.setUrls([QUrl.fromLocalFile(str(path))])
    copy, left, none = Qt.DropAction.CopyAction, Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier
    QApplication.sendEvent(window, QDragEnterEvent(QPoint(50, 50), copy, data, left, none))
    QApplication.sendEvent(window, QDropEvent(QPointF(50, 50), copy, data, left, none))
    desk.until(lambda: window.video.picture is not None)
    assert "a b.png" in window.windowTitle()


def test_files_folders_and_addresses_are_chosen_in_dialogs(desk: Desk, hopper_bgr: Image) -> None:
    path = desk.folder / "one.png"
    cv2.imwrite(str(path), hopper_bgr)
    desk.sources["rtsp://door/1"] = lambda _: FakeCamera()
    window = desk.window()

    def choose(dialog: QFileDialog) -> None:
        dialog.selectFile(str(path))
        dialog.accept()

    def choose_folder(dialog: QFileDialog) -> None:
        dialog.setDirectory(str(desk.folder.parent))
        dialog.selectFile(str(desk.folder))
        dialog.accept()

    def name(dialog: QInputDialog) -> None:
        dialog.setTextValue(" rtsp://door/1 ")
        dialog.accept()

    assert desk.in_dialog(QFileDialog, choose) is not None
    window.actions_.open_file.trigger()
    desk.until(lambda: "one.png" in window.windowTitle())
    desk.in_dialog(QFileDialog, choose_folder)
    window.actions_.open_folder.trigger()
    desk.until(lambda: desk.folder.name in window.windowTitle())
    desk.in_dialog(QInputDialog, name)
    window.actions_.open_address.trigger()
    desk.until(lambda: "rtsp://door/1" in window.windowTitle())
    desk.in_dialog(QInputDialog, lambda dialog: dialog.reject())
    window.actions_.open_address.trigger()
    assert "rtsp://door/1" in window.windowTitle()


def test_closing_the_source_leaves_an_empty_window(camera: Desk) -> None:
    window = camera.window()
    window.open_first()
    camera.labelled(window)
    camera.until(lambda: window.panel.rows)
    camera.press(window, "w", Qt.KeyboardModifier.ControlModifier)
    assert window.video.picture is None
    assert window.panel.rows == []
    assert window.video.notice.title.text() == "Nothing is open"


def test_a_video_waits_for_the_networks_unless_it_is_told_to_play(desk: Desk) -> None:
    desk.sources["clip.mp4"] = lambda _: FakeFile(90)
    desk.loading.clear()
    window = desk.window()
    window.open("clip.mp4")
    desk.until(lambda: window.video.picture is not None)
    desk.pause(300)
    assert (index_of(on_screen(window)), window.session.source_state.phase) == (0, Phase.PAUSED)
    assert window.video.loading.isVisible()
    desk.loading.set()
    desk.labelled(window)
    desk.until(lambda: window.session.source_state.phase is Phase.PLAYING)

    desk.loading.clear()
    window.choices.replace(replace(window.choices.settings, min_face_px=80))
    desk.until(lambda: window.session.loading)
    window.open("clip.mp4")
    desk.until(lambda: window.session.source_state.phase is Phase.PAUSED and window.actions_.play.isEnabled())
    desk.press(window, Qt.Key.Key_Space)
    desk.until(lambda: window.session.source_state.time_s > 0.2)
    assert window.video.loading.isVisible()


# --- playing -------------------------------------------------------------------------------------------


@pytest.fixture
def clip(desk: Desk) -> Desk:
    """`clip.mp4` holds 90 frames of 3 s."""
    desk.sources["clip.mp4"] = lambda _: FakeFile(90)
    return desk


def test_a_file_plays_pauses_and_steps(clip: Desk) -> None:
    window = clip.window()
    window.open("clip.mp4")
    clip.until(lambda: window.session.source_state.time_s > 0.2)
    clip.press(window, Qt.Key.Key_Space)
    clip.until(lambda: window.session.source_state.phase is Phase.PAUSED)
    clip.pause(150)
    before = index_of(on_screen(window))
    assert window.actions_.play.text() == "&Play"
    clip.press(window, ".")
    clip.until(lambda: index_of(on_screen(window)) == before + 1)
    clip.pause(150)
    assert index_of(on_screen(window)) == before + 1
    clip.press(window, Qt.Key.Key_Space)
    clip.until(lambda: window.session.source_state.time_s > 1)
    assert window.actions_.play.text() == "&Pause"


def test_the_seek_bar_goes_where_it_is_clicked(clip: Desk) -> None:
    window = clip.window()
    window.open("clip.mp4")
    clip.until(lambda: window.playback.slider.isEnabled() and window.session.source_state.time_s > 0)
    clip.press(window, Qt.Key.Key_Space)
    clip.until(lambda: window.session.source_state.phase is Phase.PAUSED)
    slider = window.playback.slider
    QTest.mouseClick(slider, Qt.MouseButton.LeftButton, pos=QPoint(slider.width() * 2 // 3, slider.height() // 2))
    clip.until(lambda: abs(window.session.source_state.time_s - 2) < 0.15)
    assert window.session.source_state.phase is Phase.PAUSED
    clip.until(lambda: window.playback.time.text() == "0:02 / 0:03" or window.playback.time.text() == "0:01 / 0:03")
    clip.press(window, Qt.Key.Key_Left)
    clip.until(lambda: window.session.source_state.time_s == 0)


def test_speed_and_repeat(clip: Desk) -> None:
    window = clip.window()
    window.playback.speed.setCurrentIndex(window.playback.speed.count() - 1)
    window.open("clip.mp4")
    clip.until(lambda: window.session.source_state.phase is Phase.ENDED, 2500)  # 3 s at its own pace
    clip.until(lambda: window.playback.slider.value() == window.playback.slider.maximum())
    clip.press(window, "r", Qt.KeyboardModifier.ControlModifier)
    assert window.choices.settings.loop
    clip.press(window, Qt.Key.Key_Space)
    clip.until(lambda: window.session.source_state.phase is Phase.PLAYING)
    times: list[float] = []

    def went_back() -> bool:
        times.append(window.session.source_state.time_s)
        return any(later < earlier for earlier, later in pairwise(times))

    clip.until(went_back)


# --- on the picture ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("key", "name"),
    [("b", "show_box"), ("a", "show_age"), ("g", "show_gender"), ("n", "show_track"), ("u", "blur_faces")],
)
def test_a_key_changes_what_is_drawn(key: str, name: str, clip: Desk) -> None:
    window = clip.window()
    window.open("clip.mp4")
    clip.labelled(window)
    clip.press(window, Qt.Key.Key_Space)
    clip.until(lambda: window.session.source_state.phase is Phase.PAUSED)
    clip.pause(200)
    before, was = on_screen(window), getattr(window.choices.settings, name)
    clip.press(window, key)
    assert getattr(window.choices.settings, name) is not was
    assert getattr(window.actions_, name).isChecked() is not was
    assert not np.array_equal(on_screen(window), before)
    clip.press(window, key)
    np.testing.assert_array_equal(on_screen(window), before)


def test_cameras_are_mirrored_on_the_screen_and_not_in_what_is_saved(camera: Desk) -> None:
    window = camera.window(show_box=False, show_age=False, show_gender=False, show_track=False)
    window.open_first()
    camera.labelled(window)

    def sides() -> tuple[int, int]:
        """Where the square is: on the screen, and in a screenshot of the same view."""
        shown = square_at(on_screen(window))
        saved = cv2.imread(str(window.take_screenshot()[0]))
        assert saved is not None
        return shown, square_at(saved)

    shown, saved = sides()
    assert abs(shown - (WIDTH - saved - SIDE)) <= 8
    assert abs(saved - square_left(window.session.view().frame.index)) <= 24  # type: ignore[union-attr]
    window.choices.settings.save_mirrored = True
    shown, saved = sides()
    assert abs(shown - saved) <= 8
    window.choices.settings.save_mirrored = False
    camera.press(window, "m")
    camera.pause(100)
    shown, saved = sides()
    assert abs(shown - saved) <= 8


def test_the_figures_of_speed(camera: Desk) -> None:
    window = camera.window()
    window.open_first()
    camera.labelled(window)
    assert window.video.hud.isHidden()
    camera.press(window, "f")
    camera.until(lambda: "shown" in window.video.hud.text() and "faces 1" in window.video.hud.text())
    lines = window.video.hud.text().splitlines()
    assert [line.split()[0] for line in lines] == ["shown", "analysed", "delay", "dropped", "detector", "faces", "CPU"]
    camera.engine.plan = Plan(33.0, 12.4, 3, 2, 5, 56.0)
    camera.until(lambda: "step 12 of 33 ms" in window.video.hud.text())
    assert "detector 1 frame in 3, from 56 px\njudged 2 of 5" in window.video.hud.text()
    camera.pause(2200)
    assert float(window.video.hud.text().split()[1]) > 20
    camera.press(window, "f")
    assert window.video.hud.isHidden()


def test_full_screen_and_back(camera: Desk) -> None:
    window = camera.window()
    camera.press(window, Qt.Key.Key_F11)
    assert window.isFullScreen()
    assert window.menuBar().isHidden()
    camera.press(window, Qt.Key.Key_Escape)
    assert not window.isFullScreen()
    assert window.menuBar().isVisible()


# --- the panel -----------------------------------------------------------------------------------------


def test_a_person_has_a_row_and_a_click_shows_every_age(camera: Desk) -> None:
    window = camera.window()
    window.open_first()
    camera.until(lambda: len(window.panel.rows) == 1)
    (row,) = window.panel.rows
    camera.until(lambda: "1 s in view" in row.seconds.text())
    assert row.age.text() == "30"
    assert row.interval.text() == "25\N{EN DASH}35  #1"
    assert row.words.text() == "female 90 %"
    assert row.accessibleName() == "Person 1: apparent age 30, between 25 and 35, female"
    assert not row.thumbnail.pixmap().isNull()
    assert window.panel.plot is None
    QTest.mouseClick(row, Qt.MouseButton.LeftButton)
    plot = window.panel.plot
    assert plot is not None
    assert plot.isVisible()
    assert "apparent age 30" in plot.accessibleName()
    assert "likeliest 30" in plot.accessibleName()
    camera.engine.age = 62.0
    camera.until(lambda: "likeliest 62" in plot.accessibleName())
    camera.press(window, "g")
    camera.until(lambda: row.words.text() == "apparent age")
    row.setFocus()
    QTest.keyClick(row, Qt.Key.Key_Return)  # type: ignore[call-overload]
    assert plot.isHidden()
    camera.press(window, "p")
    assert not window.panel.isVisible()


def test_people_who_leave_leave_the_panel(desk: Desk) -> None:
    class Leaves(FakeCamera):
        def read(self):  # type: ignore[no-untyped-def]
            frame = super().read()
            if frame is not None and frame.index > 30:
                frame.image_bgr[:] = 40
            return frame

    desk.sources["0"] = lambda _: Leaves()
    window = desk.window()
    window.open("0")
    desk.until(lambda: window.panel.rows)
    desk.until(lambda: not window.panel.rows)
    assert window.panel.plot is None


def test_who_comes_takes_the_row_of_who_left(desk: Desk, hopper_bgr: Image) -> None:
    window = desk.window()
    thumbnail = hopper_bgr[:64, :64]

    def shown(*numbers: int) -> list[int]:
        people = [Person(n, 0, 1, face_at(0, age=float(n), track=n), thumbnail) for n in numbers]
        window.panel.show_people(people)
        for row, number in zip(window.panel.rows, numbers, strict=True):
            assert row.isVisible()
            assert row.age.text() == str(number)
            assert f"#{number}" in row.interval.text()
        rows = window.panel.rows
        return [rows.index(row) for row in sorted(rows, key=lambda row: row.y())]

    for first in range(10, 60, 3):
        shown(first, first + 1, first + 2)
        assert len([row for row in window.panel.findChildren(PersonRow) if row.isVisible()]) == 3
    window.panel.choose(first)
    shown(first + 2)
    assert [row.property("chosen") for row in window.panel.rows] == ["true"]
    shown()
    shown(3, 7)
    desk.until(lambda: shown(3, 7) == [0, 1])
    assert len(window.panel.findChildren(PersonRow)) == 3  # no more than were ever in view at once


# --- saving --------------------------------------------------------------------------------------------


def test_the_key_s_saves_the_annotated_picture_with_its_results(camera: Desk) -> None:
    window = camera.window(save_clean=True, save_json=True)
    camera.press(window, "s")
    assert "no picture to save" in window.video.toast.text.text()
    window.open_first()
    camera.labelled(window)
    camera.pause(100)
    camera.press(window, "s")
    camera.press(window, "s")
    files = sorted(path.name for path in camera.saved.iterdir())
    assert len(files) == 6
    assert window.video.toast.isVisible()
    assert window.video.toast.button.text() == "Open folder"
    main = min((camera.saved / name for name in files if "clean" not in name and name.endswith("png")), key=str)
    with Pillow.open(main) as saved:
        assert saved.size == (WIDTH, HEIGHT)
        (face,) = json.loads(saved.text[KEYWORD])["faces"]  # type: ignore[attr-defined]
    assert (face["age"], face["gender"]) == (30.0, "female")


def test_a_folder_that_cannot_be_written_is_told(camera: Desk) -> None:
    camera.saved.write_text("a file stands here")
    window = camera.window()
    window.open_first()
    camera.labelled(window)
    camera.press(window, "s")
    assert str(camera.saved) in window.video.toast.text.text()
    camera.press(window, "r")
    assert not window.actions_.record.isChecked()
    assert str(camera.saved) in window.video.toast.text.text()


def test_copy_puts_the_picture_on_the_clipboard(camera: Desk) -> None:
    window = camera.window()
    window.open_first()
    camera.labelled(window)
    window.actions_.copy.trigger()
    image = QGuiApplication.clipboard().image()
    assert (image.width(), image.height()) == (WIDTH, HEIGHT)


def test_recording_shows_its_mark_and_can_be_played(camera: Desk) -> None:
    window = camera.window()
    window.open_first()
    camera.labelled(window)
    camera.press(window, "r")
    camera.until(lambda: window.video.recording.isVisible() and "00:01" in window.video.recording.text())
    camera.press(window, "r")
    camera.until(window.video.recording.isHidden)
    (path,) = camera.saved.glob("*.mp4")
    assert path.name in window.video.toast.text.text()
    with av.open(str(path)) as file:
        frames = list(file.decode(video=0))
        assert file.streams.video[0].codec_context.name == "h264"
    assert (frames[0].width, frames[0].height) == (WIDTH, HEIGHT)
    assert float(frames[-1].time or 0) == pytest.approx(1.2, abs=0.7)
    assert np.ptp(frames[-1].to_ndarray(format="bgr24")) > 100


def test_closing_the_window_completes_the_recording(camera: Desk) -> None:
    window = camera.window()
    window.open_first()
    camera.labelled(window)
    camera.press(window, "r")
    camera.until(lambda: window.saver.recording is not None and window.saver.recording.frames > 5)
    camera.close()
    (path,) = camera.saved.glob("*")
    with av.open(str(path)) as file:
        assert sum(1 for _ in file.decode(video=0)) > 5


def test_the_results_of_the_session_become_a_table(camera: Desk) -> None:
    window = camera.window()
    target = camera.folder / "results"
    camera.in_dialog(QFileDialog, lambda dialog: (dialog.selectFile(str(target)), dialog.accept()))  # type: ignore[arg-type, return-value]
    window.actions_.export_csv.trigger()
    assert "nothing to export" in window.video.toast.text.text()
    window.open_first()
    camera.labelled(window)
    camera.in_dialog(QFileDialog, lambda dialog: (dialog.selectFile(str(target)), dialog.accept()))  # type: ignore[arg-type, return-value]
    window.actions_.export_csv.trigger()
    head, *rows = target.with_suffix(".csv").read_text().splitlines()
    assert "age" in head.split(",")
    assert rows


# --- habits --------------------------------------------------------------------------------------------


def test_settings_are_kept_over_a_restart(camera: Desk) -> None:
    def choose(dialog: SettingsDialog) -> None:
        dialog.min_face.setValue(120)
        dialog.theme.setCurrentIndex(dialog.theme.findData("dark"))
        dialog.save_json.setChecked(True)
        dialog.accept()

    window = camera.window()
    window.open_first()
    camera.labelled(window)
    camera.in_dialog(SettingsDialog, choose)
    window.actions_.settings.trigger()
    camera.until(lambda: len(camera.built) == 2)
    assert camera.built[1].min_face_px == 120
    camera.until(lambda: window.palette().color(QPalette.ColorRole.Window).lightness() < 100)
    camera.press(window, "i")
    camera.press(window, "f")
    window.resize(700, 500)
    camera.close()
    kept, _ = load_settings(camera.settings_path)
    assert (kept.min_face_px, kept.theme, kept.save_json, kept.show_interval, kept.show_hud) == (
        120,
        "dark",
        True,
        False,
        True,
    )
    again = camera.window_again()
    assert (again.width(), again.height()) == (700, 500)
    assert not again.actions_.show_interval.isChecked()
    assert again.actions_.show_hud.isChecked()


def test_cancelled_settings_change_nothing(camera: Desk) -> None:
    window = camera.window()
    before = window.choices.settings

    def change_and_cancel(dialog: SettingsDialog) -> None:
        dialog.min_face.setValue(200)
        dialog.reject()

    camera.in_dialog(SettingsDialog, change_and_cancel)
    window.actions_.settings.trigger()
    assert window.choices.settings is before
    assert before.min_face_px == 60


def test_networks_that_cannot_be_loaded_leave_the_picture(camera: Desk) -> None:
    camera.engine_error = WeightsError("The weights 'compact' are damaged: install AgeCam again.")
    window = camera.window()
    window.open_first()
    camera.until(window.video.notice.isVisible)
    assert "weights 'compact' are damaged" in window.video.notice.text.text()
    camera.until(lambda: window.video.picture is not None)
    window.choices.replace(Settings(min_face_px=80))
    camera.until(window.video.notice.isHidden)
    camera.labelled(window)


def test_a_window_closes_though_its_camera_hangs(desk: Desk) -> None:
    released = threading.Event()

    def hang(_: Settings) -> FakeCamera:
        released.wait(1.0)
        return FakeCamera()

    desk.sources["0"] = hang
    window = desk.window()
    window.open("0")
    desk.until(lambda: window.video.notice.title.text() == "Opening camera 0 ...")
    desk.close()


def test_shortcuts_are_listed(desk: Desk) -> None:
    window = desk.window()
    listed: dict[str, str] = {}

    def read(dialog: ShortcutsDialog) -> None:
        for row in range(dialog.table.rowCount()):
            what, key = dialog.table.item(row, 0), dialog.table.item(row, 1)
            assert what is not None
            assert key is not None
            listed[key.text()] = what.text()
        button = dialog.findChild(QDialogButtonBox)
        assert button is not None
        QTest.mouseClick(button.buttons()[0], Qt.MouseButton.LeftButton)

    desk.in_dialog(ShortcutsDialog, read)
    desk.press(window, "?")
    assert listed["S"] == "Screenshot"
    assert listed["F"] == "Figures of speed"
    assert len(listed) == sum(1 for action in window.actions_.all() if action.shortcuts())


def test_no_two_actions_share_a_key(desk: Desk) -> None:
    keys = [key.toString() for action in desk.window().actions_.all() for key in action.shortcuts()]
    assert len(keys) == len(set(keys))


def test_about_says_what_becomes_of_pictures(desk: Desk) -> None:
    window = desk.window()
    read: list[str] = []

    def look(dialog: AboutDialog) -> None:
        read.append(texts_of(dialog))
        dialog.reject()

    desk.in_dialog(AboutDialog, look)
    window.actions_.about.trigger()
    assert "Nothing leaves this computer" in read[0]
    assert "MIT" in read[0]
    assert "compact" in read[0]


def test_everything_that_takes_the_focus_has_a_name(camera: Desk) -> None:
    window = camera.window()
    window.open("demo")
    camera.until(lambda: window.playback.isVisible())
    for widget in window.findChildren(QWidget):
        if (
            widget.isVisible()
            and widget.focusPolicy() & Qt.FocusPolicy.TabFocus
            and widget.metaObject().className() != "QScrollArea"
        ):
            named = widget.accessibleName() or widget.property("text") or widget.toolTip()
            assert named, f"{widget} has no name for a screen reader"
    for button in window.findChildren(QToolButton):
        if button.defaultAction() is not None:
            assert button.toolTip()


def is_hangul(text: str) -> bool:
    return any("\uac00" <= letter <= "\ud7a3" for letter in text)


def test_the_window_speaks_korean(desk: Desk) -> None:
    application = QApplication.instance()
    assert isinstance(application, QApplication)
    translators = install_translations(application, QLocale(QLocale.Language.Korean, QLocale.Country.SouthKorea))
    try:
        window = desk.window()
        assert window.video.notice.title.text() == "열린 소스가 없습니다"
        read = texts_of(window) + "".join(entries(window.source_menu.actions()))
        assert is_hangul(read)
        assert is_hangul(window.choices.style().words.female)
        window.open("missing.mp4")
        desk.until(lambda: is_hangul(window.video.notice.text.text()))
        assert "missing.mp4" in window.video.notice.text.text()
    finally:
        for translator in translators:
            application.removeTranslator(translator)


@pytest.mark.parametrize("bold", [False, True])
def test_words_drawn_by_qt_look_as_those_of_the_label(desk: Desk, bold: bool) -> None:
    usual, by_qt = (draw("male 97", 40, bold) for draw in (dejavu, with_system_fonts))
    assert by_qt.advance_px == pytest.approx(usual.advance_px, abs=4)
    assert by_qt.ascent_px == pytest.approx(usual.ascent_px, abs=3)
    assert by_qt.opacity.mean() == pytest.approx(usual.opacity.mean(), rel=0.2)
    for axis in (0, 1):  # the letters stand in the same places
        ours, theirs = (np.flatnonzero(written.opacity.max(axis) > 100) for written in (by_qt, usual))
        assert ours[[0, -1]] == pytest.approx(theirs[[0, -1]], abs=4)


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_texts_stand_out_in_both_themes(theme: str, desk: Desk) -> None:
    window = desk.window(theme=theme)
    apply_theme(QApplication.instance(), theme)  # type: ignore[arg-type]
    desk.pause(50)
    palette = window.palette()
    window_colour, text = (palette.color(role) for role in (QPalette.ColorRole.Window, QPalette.ColorRole.WindowText))
    assert abs(window_colour.lightness() - text.lightness()) > 150
    assert (window_colour.lightness() < 128) is (theme == "dark")
    icon = window.actions_.screenshot.icon().pixmap(20, 20).toImage()
    drawn = [icon.pixelColor(x, y) for x in range(20) for y in range(20) if icon.pixelColor(x, y).alpha() > 200]
    assert drawn
    assert all(abs(colour.lightness() - window_colour.lightness()) > 100 for colour in drawn)
