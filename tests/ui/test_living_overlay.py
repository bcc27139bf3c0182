"""Faces in the window: boxes and labels over the picture, clicks, the pointer, and zooming."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest
from crowd_parts import CrowdEngine, centre_of, click, crowd_harness, open_clip, pixels, row_of_faces
from live_parts import FakeFile, face_at
from PySide6.QtCore import QPoint, QPointF, QRectF, Qt
from PySide6.QtGui import QWheelEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot
from window_parts import WindowHarness

from agecam.types import Frame, Image
from agecam.ui.main_window import MainWindow


@pytest.fixture
def harness(qtbot: QtBot, tmp_path: Path) -> Iterator[WindowHarness]:
    harness = crowd_harness(qtbot, tmp_path)
    yield harness
    harness.close()


@pytest.fixture
def engine(harness: WindowHarness) -> CrowdEngine:
    assert isinstance(harness.engine, CrowdEngine)
    return harness.engine


def move(window: MainWindow, to: QPoint) -> None:
    QTest.mouseMove(window.video, to)


def wheel(window: MainWindow, at: QPoint, notches: int) -> None:
    place, far = QPointF(at), QPointF(window.video.mapToGlobal(at))
    modifiers, buttons = Qt.KeyboardModifier.NoModifier, Qt.MouseButton.NoButton
    event = QWheelEvent(
        place, far, QPoint(), QPoint(0, 120 * notches), buttons, modifiers, Qt.ScrollPhase.NoScrollPhase, False
    )
    QApplication.sendEvent(window.video, event)


def grabbed(window: MainWindow) -> Image:
    return pixels(window.video.grab().toImage())


def part(image: Image, rect: QRectF) -> Image:
    return image[round(rect.top()) : round(rect.bottom()), round(rect.left()) : round(rect.right())]


def texts(window: MainWindow) -> dict[int, str]:
    """The visible labels by number, as plain text."""
    return {
        number: " | ".join(" ".join(run.text for run in line) for line in form.lines)
        for number, (form, _) in window.video.faces.labels().items()
    }


# --- painting ------------------------------------------------------------------------------------------


def test_labels_are_painted_over_the_picture_in_the_screens_resolution(harness: WindowHarness) -> None:
    window = open_clip(harness)
    view, picture = window.session.view(), window.video.picture
    assert view is not None
    assert picture is view.frame.image_bgr  # nothing is drawn into it
    assert texts(window)[1] == "20 (15\N{EN DASH}25) #1 | female 90 %"
    labels = window.video.faces.labels()
    _, rect = labels[1]
    assert 30 <= rect.height() <= 48  # two lines of 13 px, whatever the size of the picture
    on_screen = part(grabbed(window), rect)
    assert on_screen.max() > 230
    assert (on_screen < 90).all(axis=2).mean() > 0.5
    scale = window.video.viewport.scale
    assert scale > 1.2
    left, top, right, bottom = window.video.faces.boxes()[1].getCoords()  # type: ignore[misc]
    origin = window.video.picture_rect().topLeft()
    assert (left, top) == pytest.approx((origin.x() + 10 * scale, origin.y() + 30 * scale), abs=1)
    assert (right - left, bottom - top) == pytest.approx((40 * scale, 40 * scale))


def test_the_keys_for_larger_and_smaller_labels_are_remembered(harness: WindowHarness) -> None:
    window = open_clip(harness)
    before = window.video.faces.labels()[1][1].height()
    for _ in range(3):
        harness.press(window, Qt.Key.Key_Plus, Qt.KeyboardModifier.ControlModifier)
    larger = window.video.faces.labels()[1][1].height()
    assert larger > 1.3 * before
    harness.close()
    again = open_clip(harness, show_panel=True, label_px=19)
    assert again.settings.current.label_px == 19
    assert again.video.faces.labels()[1][1].height() == larger
    for _ in range(20):
        harness.press(again, Qt.Key.Key_Minus, Qt.KeyboardModifier.ControlModifier)
    assert again.settings.current.label_px == 9
    assert again.video.faces.labels()[1][1].height() < before


def test_a_new_person_has_a_dotted_box_without_numbers(harness: WindowHarness, engine: CrowdEngine) -> None:
    one, two = row_of_faces(2)
    engine.faces = (one, replace(two, confirmed=False))
    window = harness.open_window()
    window.open("clip.mp4")
    harness.wait_until(lambda: set(window.video.faces.boxes()) == {1, 2} and window.panel.rows)
    harness.wait(300)
    assert set(texts(window)) == {1}
    assert [row.number for row in window.panel.rows] == [1]

    def gaps(number: int) -> int:
        """How often the colour of the upper side of the box changes."""
        box = window.video.faces.boxes()[number]
        row = grabbed(window)[round(box.top()), round(box.left()) + 10 : round(box.right()) - 10].astype(int)
        return int((np.abs(np.diff(row.sum(axis=1))) > 120).sum())

    assert gaps(1) <= 2
    assert gaps(2) > 8
    engine.faces = (one, two)
    harness.wait_until(lambda: set(texts(window)) == {1, 2} and len(window.panel.rows) == 2)


def test_crowds_have_ages_or_dots_with_the_numbers_of_the_panel(harness: WindowHarness, engine: CrowdEngine) -> None:
    engine.faces = tuple(
        face_at(2 + index % 20 * 15.8, 4 + index // 20 * 23, 13, age=20, track=index + 1) for index in range(200)
    )
    window = open_clip(harness, 200)
    assert [row.number for row in window.panel.rows] == list(range(1, 201))
    labels = window.video.faces.labels()
    dots = {number: form for number, (form, _) in labels.items() if form.is_dot}
    assert len(dots) > 10
    assert all(form.lines[0][0].text == str(number) for number, form in dots.items())
    boxes = window.video.faces.boxes()
    for number, (_, rect) in labels.items():
        assert not [other for other, box in boxes.items() if rect.adjusted(1, 1, -1, -1).intersects(box)], number
    hidden_or_dot = next(number for number in boxes if number not in labels or number in dots)
    click(window, centre_of(window, hidden_or_dot))
    assert texts(window)[hidden_or_dot].startswith("20 (15\N{EN DASH}25)")  # full for the chosen person


def test_two_hundred_people_do_not_block_the_window(harness: WindowHarness, engine: CrowdEngine) -> None:
    import time

    engine.faces = tuple(
        face_at(2 + index % 20 * 15.8, 4 + index // 20 * 23, 13, age=20, track=index + 1) for index in range(200)
    )
    window = open_clip(harness, 200)
    view = window.session.view()
    assert view is not None
    times_ms = {}
    for name, act in (
        ("picture", lambda: window.picture._show(view, steady=True)),
        ("paint", window.video.repaint),
        ("panel", window.picture.refresh_panel),
        ("paint panel", window.panel.repaint),
    ):
        taken = []
        for _ in range(7):
            started = time.thread_time()
            act()
            taken.append(1e3 * (time.thread_time() - started))
        times_ms[name] = min(taken)
    assert max(times_ms.values()) < 30, times_ms


# --- choosing and pointing -----------------------------------------------------------------------------


def test_a_click_on_a_face_chooses_it_and_elsewhere_no_one(harness: WindowHarness, engine: CrowdEngine) -> None:
    engine.faces = row_of_faces(12)
    window = open_clip(harness, 12)
    people = window.panel.list
    last = people.model().index(11, 0)
    assert not people.viewport().rect().intersects(people.visualRect(last))
    click(window, centre_of(window, 12))
    assert window.panel.chosen_number == 12
    assert people.viewport().rect().contains(people.visualRect(last).center())
    plot = window.panel.plot
    assert plot is not None
    assert plot.isVisible()
    assert "apparent age 31" in plot.accessibleName()
    click(window, centre_of(window, 2))
    assert window.panel.chosen_number == 2
    assert "apparent age 21" in plot.accessibleName()
    assert people.viewport().rect().contains(people.visualRect(people.model().index(1, 0)).center())
    click(window, QPoint(5, window.video.height() - 5))
    assert window.panel.chosen_number is None
    assert not plot.isVisible()


def test_in_a_mirrored_camera_picture_the_face_under_the_pointer_is_meant(harness: WindowHarness) -> None:
    window = harness.open_window()
    window.open_first()
    harness.wait_until(lambda: len(window.video.faces.boxes()) == 3)
    assert window.video.viewport.mirrored
    boxes = window.video.faces.boxes()
    assert boxes[1].left() > boxes[2].left() > boxes[3].left()
    click(window, centre_of(window, 3))
    assert window.panel.chosen_number == 3
    view, picture = window.session.view(), window.video.picture
    assert view is not None and picture is not None
    harness.wait_until(lambda: window.video.faces.labels().keys() == {1, 2, 3})
    _, rect = window.video.faces.labels()[3]
    bar = part(grabbed(window), rect)[:, :2].reshape(-1, 3).astype(int)
    assert np.ptp(bar, axis=1).mean() > 40  # the coloured bar stays at the left: texts are not mirrored


def test_pointing_lights_row_and_box(harness: WindowHarness) -> None:
    window = open_clip(harness, show_gender=False)
    people, faces = window.panel.list, window.video.faces
    move(window, centre_of(window, 2))
    harness.wait_until(lambda: people.lit == 2)
    assert faces.hovered == 2
    assert window.video.cursor().shape() is Qt.CursorShape.PointingHandCursor
    before = grabbed(window)
    move(window, QPoint(3, 3))
    harness.wait_until(lambda: people.lit is None)
    box = faces.boxes()[2].adjusted(-4, -4, 4, 4)
    assert not np.array_equal(part(before, box), part(grabbed(window), box))
    QTest.mouseMove(people.viewport(), people.visualRect(people.model().index(2, 0)).center())
    harness.wait_until(lambda: faces.hovered == 3)
    assert people.lit == 3


def test_a_chosen_person_who_leaves_stays_in_the_panel(harness: WindowHarness, engine: CrowdEngine) -> None:
    def until_frame_40(frame: Frame) -> tuple[object, ...]:
        return row_of_faces(3) if frame.index < 40 else row_of_faces(1)

    engine.faces_at = until_frame_40  # type: ignore[assignment]
    harness.sources["long.mp4"] = lambda _: FakeFile(900)
    window = harness.open_window()
    window.open("long.mp4")
    harness.wait_until(lambda: len(window.panel.rows) == 3)
    click(window, centre_of(window, 3))
    harness.wait_until(lambda: [row.number for row in window.panel.rows] == [1, 3])
    left = window.panel.rows[1]
    assert left.has_left
    assert left.time == "left at 0:01"
    assert left.summary.endswith("left at 0:01")
    assert window.panel.plot is not None
    assert window.panel.plot.isVisible()
    window.panel.choose(None)
    assert [row.number for row in window.panel.rows] == [1]


def test_a_large_group_in_a_photograph_is_a_grid(
    harness: WindowHarness, engine: CrowdEngine, hopper_bgr: Image, tmp_path: Path
) -> None:
    engine.faces = row_of_faces(12)
    cv2.imwrite(str(tmp_path / "group.png"), hopper_bgr)
    window = harness.open_window()
    window.open(str(tmp_path / "group.png"))
    harness.wait_until(lambda: len(window.panel.rows) == 12)
    assert not window.panel.list.is_grid
    engine.faces = row_of_faces(13)
    window.open(str(tmp_path / "group.png"))
    harness.wait_until(lambda: len(window.panel.rows) == 13)
    people = window.panel.list
    assert people.is_grid
    assert window.panel.summary == "13 people, apparent ages 20 to 32"
    first, second = (people.visualRect(people.model().index(i, 0)) for i in (0, 1))
    assert first.top() == second.top()
    QTest.mouseClick(people.viewport(), Qt.MouseButton.LeftButton, pos=second.center())
    assert window.panel.chosen_number == 2
    assert window.video.faces.chosen == 2


def test_rows_have_names_for_screen_readers(harness: WindowHarness) -> None:
    window = open_clip(harness)
    people = window.panel.list
    names = [people.model().index(i, 0).data(Qt.ItemDataRole.AccessibleTextRole) for i in range(3)]
    assert names[1] == "Person 2: apparent age 21, between 16 and 26, female"
    assert people.accessibleName() == "People in view"


# --- zooming -------------------------------------------------------------------------------------------


def test_the_wheel_zooms_at_the_pointer_and_0_resets(harness: WindowHarness) -> None:
    window = open_clip(harness)
    whole, at = grabbed(window), centre_of(window, 2)
    place = window.video.faces.boxes()[2].center()
    wheel(window, at, 4)
    assert window.video.viewport.zoom == pytest.approx(1.25**4)
    assert window.video.faces.boxes()[2].center().x() == pytest.approx(place.x(), abs=1)
    zoomed = grabbed(window)
    assert not np.array_equal(zoomed, whole)
    assert window.video.faces.labels()[2][1].height() < 48  # texts keep their size
    click(window, centre_of(window, 2))
    assert window.panel.chosen_number == 2
    window.panel.choose(None)
    harness.press(window, "0")
    assert window.video.viewport.zoom == 1
    move(window, QPoint(3, 3))
    np.testing.assert_array_equal(grabbed(window), whole)


def test_dragging_moves_a_zoomed_picture_and_chooses_no_one(harness: WindowHarness) -> None:
    window = open_clip(harness)
    start = centre_of(window, 2)
    wheel(window, start, 6)
    before = window.video.faces.boxes()[2].topLeft()
    QTest.mousePress(window.video, Qt.MouseButton.LeftButton, pos=start)
    for step in range(1, 5):
        move(window, start + QPoint(10 * step, 5 * step))
        harness.wait(5)
    QTest.mouseRelease(window.video, Qt.MouseButton.LeftButton, pos=start + QPoint(40, 20))
    moved = window.video.faces.boxes()[2].topLeft() - before
    assert (moved.x(), moved.y()) == pytest.approx((40, 20), abs=1)
    assert window.panel.chosen_number is None


def test_a_zoomed_picture_shows_the_details_of_the_frame(harness: WindowHarness) -> None:
    window = harness.open_window(show_panel=False)
    fine = np.zeros((1600, 2400, 3), np.uint8)
    fine[:, ::2] = 255
    window.video.show_picture(fine)
    window.video.notice.hide()  # 'Nothing is open'
    middle = np.s_[300:330, 100:600]
    assert np.ptp(grabbed(window)[middle]) < 20  # grey: several columns in one
    window.video.zoom(16.0)
    sharp = grabbed(window)[middle]
    assert sharp.min() < 5
    assert sharp.max() > 250


def test_a_double_click_is_reported(harness: WindowHarness, qtbot: QtBot) -> None:
    window = harness.open_window()
    with qtbot.waitSignal(window.video.double_clicked, timeout=1000):
        QTest.mouseDClick(window.video, Qt.MouseButton.LeftButton, pos=QPoint(30, 30))
    harness.wait(50)
    window.actions_.full_screen.setChecked(False)
