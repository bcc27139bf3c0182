"""The timeline in the window: it fills, is clicked, analysed as a whole, changed by hand and saved."""

import csv
import json
import threading
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import numpy as np
import pytest
from crowd_parts import CrowdEngine, crowd_harness, open_clip, row_of_faces
from live_parts import FakeFile, SquareEngine, face_at
from PySide6.QtCore import QPoint, Qt
from PySide6.QtGui import QContextMenuEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QFileDialog, QMenu
from pytestqt.qtbot import QtBot
from window_parts import WindowHarness

from agecam.live import Phase
from agecam.overlay import blur_everything
from agecam.runtime.settings import load_settings
from agecam.types import Face, Frame
from agecam.ui.main_window import MainWindow
from agecam.ui.widgets.timeline_lanes import LANE_PX

pytestmark = pytest.mark.qt_log_ignore(
    r"This plugin does not support (raise\(\)|grabbing the keyboard|propagateSizeHints)", extend=True
)
TICK_S = 1 / 30


@pytest.fixture
def harness(qtbot: QtBot, tmp_path: Path) -> Iterator[WindowHarness]:
    before = set(threading.enumerate())
    harness = crowd_harness(qtbot, tmp_path)
    yield harness
    harness.close()
    assert set(threading.enumerate()) <= before


@pytest.fixture
def engine(harness: WindowHarness) -> CrowdEngine:
    assert isinstance(harness.engine, CrowdEngine)
    return harness.engine


def play_to_end(harness: WindowHarness, window: MainWindow) -> None:
    window.open("clip.mp4")
    harness.wait_until(lambda: window.session.source_state.phase is Phase.ENDED)
    last = [2.9, 3.0]
    harness.wait_until(lambda: all(last[0] <= lane.last_s <= last[1] for lane in window.lanes.view.lanes[:1]))


def click(window: MainWindow, number: int, time_s: float | None = None) -> None:
    place = window.lanes.view.place_of(number, time_s).toPoint()
    QTest.mouseClick(window.lanes.view.viewport(), Qt.MouseButton.LeftButton, pos=place)


def faces_in_view(window: MainWindow) -> Sequence[Face]:
    view = window.session.view()
    return () if view is None else view.faces


def shown_s(window: MainWindow) -> float:
    view = window.session.view()
    assert view is not None
    return view.frame.time_s


def choose_in_menu(harness: WindowHarness, window: MainWindow, number: int, time_s: float, *texts: str) -> None:
    """Choose an entry of a lane's menu; several texts for an entry of a submenu."""
    view = window.lanes.view
    at = view.place_of(number, time_s).toPoint()
    reason = QContextMenuEvent.Reason.Mouse
    QApplication.sendEvent(view.viewport(), QContextMenuEvent(reason, at, view.viewport().mapToGlobal(at)))
    harness.wait_until(lambda: isinstance(QApplication.activePopupWidget(), QMenu))
    menu = top = QApplication.activePopupWidget()
    for text in texts:
        assert isinstance(menu, QMenu)
        action = next(action for action in menu.actions() if action.text().replace("&", "").startswith(text))
        submenu = action.menu()
        if isinstance(submenu, QMenu):
            menu = submenu
        else:
            assert action.isEnabled()
            action.trigger()
    assert top is not None
    top.close()


def test_it_fills_while_a_video_plays(harness: WindowHarness) -> None:
    window = harness.open_window()
    assert window.lanes.isHidden()
    play_to_end(harness, window)
    assert window.lanes.isVisible()
    lanes = window.lanes.view.lanes
    assert [(lane.number, lane.age) for lane in lanes] == [(1, 20), (2, 21), (3, 22)]
    assert all(lane.first_s < 0.5 and len(lane.stretches) == 1 for lane in lanes)
    assert window.lanes.caption.text() == "People so far: 3"
    window.close_source()
    assert window.lanes.isHidden()
    assert len(window.timeline.current) == 0


def test_the_lanes_are_below_the_seek_bar(harness: WindowHarness) -> None:
    window = harness.open_window()
    play_to_end(harness, window)
    slider, view = window.playback.slider, window.lanes.view

    def on_window(x: float) -> int:
        return view.viewport().mapTo(window, QPoint(round(x), 0)).x()

    left = slider.mapTo(window, QPoint(0, 0)).x()
    assert abs(on_window(view.place_of(1, 0.0).x()) - (left + 7)) <= 3
    assert abs(on_window(view.place_of(1, 3.0).x()) - (left + slider.width() - 7)) <= 3
    assert view.height() < window.height() / 4


def test_many_lanes_scroll(harness: WindowHarness, engine: CrowdEngine) -> None:
    engine.faces = row_of_faces(12)
    window = harness.open_window()
    window.resize(900, 700)
    window.open("clip.mp4")
    harness.wait_until(lambda: len(window.lanes.view.lanes) == 12)
    view = window.lanes.view
    assert window.lanes.height() <= window.height() / 4
    assert view.verticalScrollBar().maximum() >= 12 * LANE_PX - view.viewport().height()
    view.setFocus()
    for _ in range(11):
        QTest.keyClick(view, Qt.Key.Key_Down)
    assert view.lane_at(view.viewport().height() - 5) is view.lanes[11]


def test_a_click_goes_to_the_time_or_on_the_thumbnail_to_the_clearest_moment(harness: WindowHarness) -> None:
    window = harness.open_window()
    play_to_end(harness, window)
    click(window, 2, 1.5)
    harness.wait_until(lambda: abs(shown_s(window) - 1.5) < 0.05)
    clearest_s = next(lane.clearest.time_s for lane in window.lanes.view.lanes if lane.number == 2)
    click(window, 2)
    harness.wait_until(lambda: abs(shown_s(window) - clearest_s) < 2 * TICK_S)
    window.lanes.view.setFocus()
    click(window, 1, 2.5)
    harness.wait_until(lambda: abs(shown_s(window) - 2.5) < 0.05)
    QTest.keyClick(window.lanes.view, Qt.Key.Key_Down)
    QTest.keyClick(window.lanes.view, Qt.Key.Key_Return)
    harness.wait_until(lambda: abs(shown_s(window) - clearest_s) < 2 * TICK_S)


def test_people_keep_their_numbers_after_a_seek(harness: WindowHarness, engine: CrowdEngine) -> None:
    one, two, three = row_of_faces(3)
    window = harness.open_window()
    play_to_end(harness, window)

    def renumbered(frame: Frame) -> Sequence[Face]:  # as when the tracks begin again
        if frame.time_s > 2:
            return one, two, three
        return [
            face_at(*face.box[:2], face.box[2], face.age, track) for face, track in ((one, 3), (two, 1), (three, 2))
        ]

    engine.faces_at = renumbered
    click(window, 1, 1.0)
    harness.wait_until(lambda: abs(shown_s(window) - 1.0) < 0.05 and len(faces_in_view(window)) == 3)
    view = window.session.view()
    assert view is not None
    assert [(face.track, face.age) for face in view.faces] == [(1, 20), (2, 21), (3, 22)]
    assert len(window.timeline.current.lanes()) == 3


def test_t_hides_it_and_the_choice_is_kept(harness: WindowHarness) -> None:
    window = open_clip(harness)
    assert window.lanes.isVisible()
    harness.press(window, Qt.Key.Key_T)
    harness.wait_until(window.lanes.isHidden)
    window.close()
    settings, _ = load_settings(harness.settings_path)
    assert not settings.show_timeline
    again = harness.restart()
    again.open("clip.mp4")
    harness.wait_for_label(again)
    assert again.lanes.isHidden()
    harness.press(again, Qt.Key.Key_T)
    harness.wait_until(again.lanes.isVisible)


def test_in_a_low_window_it_gives_way_to_the_video(harness: WindowHarness) -> None:
    window = open_clip(harness)
    harness.wait_until(window.lanes.isVisible)
    window.resize(900, 330)
    harness.wait_until(lambda: not window.lanes.isVisible())
    assert window.video.height() >= 200
    assert window.actions_.show_timeline.isChecked()
    window.resize(900, 640)
    harness.wait_until(window.lanes.isVisible)


def test_a_camera_has_no_timeline(harness: WindowHarness) -> None:
    window = harness.open_window()
    window.open_first()
    harness.wait_for_label(window)
    assert window.lanes.isHidden()
    assert not window.actions_.analyse_whole.isEnabled()


def test_the_whole_video_is_analysed_at_once(harness: WindowHarness) -> None:
    window = open_clip(harness)
    assert window.lanes.view.lanes[0].last_s < 2
    QTest.mouseClick(window.lanes.button, Qt.MouseButton.LeftButton)
    assert window.lanes.button.text() == "Stop the analysis"
    assert window.lanes.progress.isVisible()
    harness.wait_until(lambda: window.timeline.current.complete)
    assert [(lane.number, round(lane.first_s, 1)) for lane in window.lanes.view.lanes] == [(1, 0), (2, 0), (3, 0)]
    assert all(lane.last_s > 2.9 for lane in window.lanes.view.lanes)
    assert window.lanes.caption.text() == "People in the whole video: 3"
    assert "People: 3" in window.video.toast.text.text()
    assert window.lanes.progress.isHidden()
    assert window.lanes.button.isHidden()
    before = [lane.stretches for lane in window.timeline.current.lanes()]
    harness.press(window, Qt.Key.Key_Space)  # what is played afterwards adds nothing
    harness.wait_until(lambda: window.session.source_state.phase is Phase.ENDED)
    assert [lane.stretches for lane in window.timeline.current.lanes()] == before
    assert len(harness.built) == 2


def test_the_analysis_of_the_whole_video_can_be_stopped(harness: WindowHarness, engine: CrowdEngine) -> None:
    window = open_clip(harness)
    engine.takes_s = 0.02
    window.actions_.analyse_whole.trigger()
    whole = window.timeline.whole
    assert whole is not None
    harness.wait_until(lambda: whole.progress > 0.05)
    before = window.timeline.current
    QTest.mouseClick(window.lanes.button, Qt.MouseButton.LeftButton)
    assert window.timeline.whole is None
    harness.wait_until(lambda: whole.ended)
    assert not whole.done
    assert window.timeline.current is before
    assert window.lanes.button.text() == "Analyse the whole video"
    window.actions_.analyse_whole.trigger()
    window.open("0")  # another source ends it as well
    assert window.timeline.whole is None


def test_an_error_ends_the_analysis_with_a_sentence(harness: WindowHarness) -> None:
    class Broken(FakeFile):
        def read(self) -> Frame | None:
            raise OSError("the disk is gone")

    window = open_clip(harness)
    harness.sources["clip.mp4"] = lambda _: Broken(90)
    window.actions_.analyse_whole.trigger()
    harness.wait_until(lambda: window.timeline.whole is None)
    assert "did not expect" in window.video.toast.text.text()
    assert len(window.lanes.view.lanes) == 3


def test_lanes_are_split_and_joined_in_their_menu(harness: WindowHarness) -> None:
    window = harness.open_window()
    play_to_end(harness, window)
    choose_in_menu(harness, window, 1, 1.5, "Split here")
    harness.wait_until(lambda: len(window.lanes.view.lanes) == 4)
    first, *_, later = window.lanes.view.lanes
    assert first.last_s < 1.6
    assert later.first_s > 1.4
    choose_in_menu(harness, window, first.number, 1.0, "Join with", f"Person {later.number}")
    harness.wait_until(lambda: len(window.lanes.view.lanes) == 3)
    assert window.lanes.view.lanes[0].last_s > 2.9
    choose_in_menu(harness, window, 1, 1.0, "Go to the clearest moment")
    clearest_s = window.lanes.view.lanes[0].clearest.time_s
    harness.wait_until(lambda: abs(shown_s(window) - clearest_s) < 2 * TICK_S)


@pytest.mark.parametrize(("name", "kind"), [("people", ".csv"), ("people.json", ".json")])
def test_lanes_are_saved(harness: WindowHarness, monkeypatch: pytest.MonkeyPatch, name: str, kind: str) -> None:
    window = open_clip(harness)
    path = harness.folder / name
    asked: list[str] = []

    def answer(*arguments: object) -> tuple[str, str]:
        asked.append(str(arguments[2]))
        return str(path), str(arguments[3]).split(";;")[0]

    monkeypatch.setattr(QFileDialog, "getSaveFileName", answer)
    window.actions_.save_lanes.trigger()
    saved = path.with_suffix(kind)
    assert Path(asked[0]).name == "clip-timeline.csv"
    assert saved.name in window.video.toast.text.text()
    if kind == ".csv":
        with saved.open(encoding="utf-8-sig", newline="") as file:
            assert [float(row["age"]) for row in csv.DictReader(file)] == [20, 21, 22]
    else:
        assert [person["age"] for person in json.loads(saved.read_text(encoding="utf-8"))["people"]] == [20, 21, 22]


def test_without_a_video_there_is_nothing_to_save(harness: WindowHarness) -> None:
    window = harness.open_window()
    window.actions_.save_lanes.trigger()
    assert "Nothing to save yet" in window.video.toast.text.text()


def test_blurring_covers_the_thumbnails(harness: WindowHarness) -> None:
    harness.engine = SquareEngine()  # its face is not of one colour
    window = open_clip(harness, 1)
    clear = window.lanes.view.lanes[0].clearest.thumbnail_bgr
    assert not window.lanes.view.lanes[0].blurred
    harness.press(window, Qt.Key.Key_U)
    assert all(lane.blurred for lane in window.lanes.view.lanes)
    blurred = window.lanes.view.lanes[0].clearest.thumbnail_bgr
    assert np.array_equal(blurred, blur_everything(clear))
    assert not np.array_equal(blurred, clear)
    harness.press(window, Qt.Key.Key_U)
    assert not any(lane.blurred for lane in window.lanes.view.lanes)


def blur_face(window: MainWindow, number: int, on: bool) -> None:
    window.picture._blur(window.video.faces.face_of(number), on)  # type: ignore[arg-type]


def test_a_person_who_is_blurred_is_blurred_in_the_timeline(harness: WindowHarness) -> None:
    window = open_clip(harness)
    blur_face(window, 2, True)
    assert [lane.number for lane in window.lanes.view.lanes if lane.blurred] == [2]
    harness.wait_until(lambda: (view := window.session.view()) is not None and view.complete)
    blur_face(window, 2, False)
    assert not any(lane.blurred for lane in window.lanes.view.lanes)


def test_hidden_ages_are_hidden_here_too(harness: WindowHarness) -> None:
    window = open_clip(harness)
    harness.wait(100)
    shown = window.lanes.view.grab().toImage()
    window.settings.show_ages_of(frozenset())
    assert window.lanes.view.grab().toImage() != shown
    window.settings.show_ages_of(None)
    window.timeline.refresh()
    assert window.lanes.view._ages_of is None


@pytest.fixture
def ages_in_tab(harness: WindowHarness) -> Callable[[MainWindow], list[str]]:
    def read(window: MainWindow) -> list[str]:
        grid = window.timeline.everybody.tab.grid
        return [grid.item(row).text() for row in range(grid.count())]

    return read


def open_tab(harness: WindowHarness, window: MainWindow) -> None:
    window.timeline.everybody.tabs.setCurrentIndex(1)
    harness.wait_until(window.timeline.everybody.tab.isVisible)


def test_everybody_so_far_is_in_the_second_tab(
    harness: WindowHarness, engine: CrowdEngine, ages_in_tab: Callable[[MainWindow], list[str]]
) -> None:
    faces = [face_at(10, 30, 40, 50, 1), face_at(80, 30, 60, 20, 2), face_at(200, 30, 50, 35, 3)]
    engine.faces_at = lambda frame: faces[:1] if frame.time_s < 1.5 else faces[1:]
    window = harness.open_window()
    window.open("clip.mp4")
    harness.wait_until(lambda: window.session.source_state.phase is Phase.ENDED)
    harness.wait_until(lambda: len(window.timeline.current) == 3)
    open_tab(harness, window)
    tab = window.timeline.everybody.tab
    assert ages_in_tab(window) == ["50", "20", "35"]
    assert tab.count.text() == "People: 3"
    for order, ages in ((1, ["20", "35", "50"]), (2, ["20", "35", "50"]), (0, ["50", "20", "35"])):
        tab.order.setCurrentIndex(order)
        tab.order.activated.emit(order)
        assert ages_in_tab(window) == ages
    tab.grid.itemClicked.emit(tab.grid.item(0))
    harness.wait_until(lambda: shown_s(window) < 1.5)
    assert tab.grid.item(0).toolTip() == "Person 1: apparent age 50, between 45 and 55"


def test_everybody_works_for_a_camera(harness: WindowHarness, ages_in_tab: Callable[[MainWindow], list[str]]) -> None:
    window = harness.open_window()
    window.open_first()
    harness.wait_for_label(window)
    open_tab(harness, window)
    harness.wait_until(lambda: ages_in_tab(window) == ["20", "21", "22"])
    window.open("clip.mp4")  # another source
    harness.wait_until(lambda: window.session.has_result)
    harness.wait_until(lambda: window.timeline.everybody.tab.count.text() == "People: 3")


def test_blurring_covers_everybody_at_once(harness: WindowHarness) -> None:
    harness.engine = SquareEngine()  # its face is not of one colour
    window = open_clip(harness, 1)
    open_tab(harness, window)
    tab = window.timeline.everybody.tab
    assert [person.lane.blurred for person in tab.people] == [False]
    clear = tab.grid.item(0).icon().pixmap(64, 64).toImage()
    harness.press(window, Qt.Key.Key_U)
    assert [person.lane.blurred for person in tab.people] == [True]
    assert tab.grid.item(0).icon().pixmap(64, 64).toImage() != clear
    window.timeline.everybody.tabs.setCurrentIndex(0)
    harness.press(window, Qt.Key.Key_U)
    window.timeline.everybody.tabs.setCurrentIndex(1)
    assert [person.lane.blurred for person in tab.people] == [False]
    blur_face(window, 1, True)
    assert [person.lane.blurred for person in tab.people] == [True]
