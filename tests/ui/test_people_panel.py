"""The panel's list: people come, leave and come back, without losing the place in the list."""

import cv2
import numpy as np
import pytest
from live_parts import face_at
from PySide6.QtCore import QModelIndex, QPersistentModelIndex, Qt
from PySide6.QtGui import QColor, QFont, QImage
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication
from pytestqt.modeltest import ModelTester
from pytestqt.qtbot import QtBot

from agecam.live.people import People, Person
from agecam.overlay.labels import colour_of, forms_of
from agecam.overlay.style import DEFAULT_STYLE
from agecam.timeline.thumbnail import thumbnail_of
from agecam.types import Frame, FrameResult, Image
from agecam.ui.widgets.faces_panel import GROUP, FacesPanel
from agecam.ui.widgets.label_images import LabelImages
from agecam.ui.widgets.people_rows import PeopleModel


def person(number: int, first_s: float = 0.0, last_s: float = 1.0) -> Person:
    picture = np.full((64, 64, 3), number % 256, np.uint8)
    return Person(number, first_s, last_s, face_at(0, age=20 + number % 50, track=number), picture)


def people(*numbers: int) -> list[Person]:
    return [person(number) for number in numbers]


@pytest.fixture
def panel(qtbot: QtBot) -> FacesPanel:
    panel = FacesPanel()
    qtbot.addWidget(panel)
    panel.resize(300, 500)
    panel.show()
    return panel


def test_the_model_keeps_the_rows_of_those_who_stay(qtmodeltester: ModelTester) -> None:
    model = PeopleModel()
    removed: list[int] = []
    inserted: list[int] = []
    reset: list[bool] = []
    model.rowsRemoved.connect(lambda parent, first, last: removed.extend(range(first, last + 1)))
    model.rowsInserted.connect(lambda parent, first, last: inserted.extend(range(first, last + 1)))
    model.modelReset.connect(lambda: reset.append(True))
    qtmodeltester.check(model)
    model.show(people(1, 2, 3), set(), True)
    stays = QPersistentModelIndex(model.index_of(3))
    model.show(people(0, 3, 4), set(), True)
    assert [row.number for row in model.rows] == [0, 3, 4]
    assert stays.row() == 1
    assert removed == [1, 0]
    assert inserted == [0, 1, 2, 0, 2]
    assert not reset
    model.show(people(4, 3), set(), True)
    assert [row.number for row in model.rows] == [4, 3]
    assert reset
    model.show([], set(), True)
    assert model.rowCount() == 0
    assert not model.index_of(3).isValid()
    assert model.data(QModelIndex()) is None


def test_thumbnails_are_converted_only_when_they_change() -> None:
    model = PeopleModel()
    one = person(1)
    model.show([one], set(), True)
    first = model.rows[0].thumbnail
    model.show([one], set(), True)
    assert model.rows[0].thumbnail is first
    one.thumbnail_bgr = np.full((64, 64, 3), 200, np.uint8)
    model.show([one], set(), True)
    assert model.rows[0].thumbnail.pixelColor(5, 5).red() == 200


def test_the_list_stays_where_it_was_scrolled_to(panel: FacesPanel, qtbot: QtBot) -> None:
    panel.show_people(people(*range(1, 60)))
    bar = panel.list.verticalScrollBar()
    qtbot.waitUntil(lambda: bar.maximum() > 1500)
    bar.setValue(1500)
    panel.show_people(people(*range(1, 60), 60))
    assert bar.value() == 1500
    panel.choose(59)
    assert panel.list.viewport().rect().intersects(panel.list.visualRect(panel.list.model().index(58, 0)))


def test_who_has_left_comes_back_to_life(panel: FacesPanel) -> None:
    panel.show_people(people(1, 2, 3))
    panel.choose(2)
    panel.show_people([person(1), person(3, last_s=65)])
    assert [(row.number, row.has_left) for row in panel.rows] == [(1, False), (2, True), (3, False)]
    assert panel.rows[1].time == "left at 0:01"
    panel.show_people(people(1, 2, 3))
    assert not any(row.has_left for row in panel.rows)
    panel.show_people([])
    assert [row.number for row in panel.rows] == [2]
    chosen: list[object] = []
    panel.chosen.connect(chosen.append)
    panel.clear()
    assert panel.rows == []
    assert chosen == [None]


def test_blurring_covers_a_person_who_has_left(panel: FacesPanel, hopper_bgr: Image) -> None:
    one = person(1)
    one.thumbnail_bgr = thumbnail_of(hopper_bgr, face_at(178, 110, 200).box)
    panel.show_people([one])
    panel.choose(1)
    panel.show_people([])
    clear = panel.rows[0].person.thumbnail_bgr
    panel.show_people([], blurred=True)
    blurred = panel.rows[0].person.thumbnail_bgr
    assert cv2.Laplacian(blurred, cv2.CV_64F).var() < 0.05 * cv2.Laplacian(clear, cv2.CV_64F).var()
    assert panel.rows[0].thumbnail.pixelColor(20, 20).red() == blurred[20, 20, 2]
    panel.show_people([], blurred=True)
    assert panel.rows[0].person.thumbnail_bgr is blurred


def test_in_photographs_nobody_leaves(panel: FacesPanel) -> None:
    panel.show_people(people(1, 2), still=True)
    panel.choose(2)
    panel.show_people(people(1), still=True)
    assert [row.number for row in panel.rows] == [1]
    assert panel.chosen_number is None


def test_the_list_keeps_the_focus_while_nobody_is_in_view(panel: FacesPanel, qtbot: QtBot) -> None:
    panel.activateWindow()
    panel.list.setFocus()
    qtbot.waitUntil(panel.list.hasFocus)
    panel.show_people([])
    assert panel.list.hasFocus()
    panel.show_people([person(1), person(2)])
    QTest.keyClick(panel.list, Qt.Key.Key_Down)
    assert panel.list.hasFocus()
    assert panel.list.currentIndex().isValid()


def test_from_a_grid_back_to_rows(panel: FacesPanel) -> None:
    panel.show_people(people(*range(1, GROUP + 2)), still=True)
    assert panel.list.is_grid
    assert panel.summary
    panel.show_people(people(*range(1, GROUP + 2)), still=False)
    assert not panel.list.is_grid
    assert panel.summary == ""
    heights = {panel.list.visualRect(panel.list.model().index(i, 0)).height() for i in range(3)}
    assert len(heights) == 1
    assert panel.list.visualRect(panel.list.model().index(0, 0)).width() > 250


def test_a_row_shows_picture_and_number_in_the_colour_of_the_box(panel: FacesPanel) -> None:
    panel.show_people([person(90)])
    image = panel.list.viewport().grab().toImage().convertToFormat(QImage.Format.Format_RGB32)
    row = panel.list.visualRect(panel.list.model().index(0, 0))
    assert image.pixelColor(row.left() + 40, row.center().y()).name() == "#5a5a5a"
    blue, green, red = colour_of(90)
    corner = [
        image.pixelColor(x, y) for x in range(row.left(), row.left() + 24) for y in range(row.top(), row.top() + 24)
    ]
    assert corner.count(QColor(red, green, blue)) > 20


def test_unconfirmed_faces_are_not_listed_yet() -> None:
    from dataclasses import replace

    everyone, frame = People(), Frame(np.zeros((240, 320, 3), np.uint8), 0, 0.0, "clip.mp4")
    faces = (face_at(10, track=1), replace(face_at(100, track=2), confirmed=False))
    everyone.update(frame, FrameResult("clip.mp4", 0, 0.0, 320, 240, faces))
    assert [one.track_id for one in everyone.in_view()] == [1]


@pytest.mark.parametrize("left", [-30, 0, 400, 480])
@pytest.mark.parametrize("side", [20, 80, 300])
def test_thumbnails_at_the_edges(left: int, side: int, hopper_bgr: Image) -> None:
    cut = thumbnail_of(hopper_bgr, face_at(left, 20, side).box)
    assert cut.shape == (64, 64, 3)
    assert np.ptp(cut) > 20


def test_labels_are_rendered_for_the_screens_resolution(qapp: QApplication) -> None:
    full, short, dot = forms_of(face_at(0, track=7), 7, DEFAULT_STYLE)
    one, two = (LabelImages(QFont(), 13, ratio) for ratio in (1.0, 2.0))
    for form in (full, short, dot):
        size = one.layout(form)
        assert two.layout(form)[:2] == size[:2]
        assert (one.image(form, (0, 200, 0)).width(), two.image(form, (0, 200, 0)).width()) == (
            size.width,
            2 * size.width,
        )
        assert two.image(form, (0, 200, 0)).deviceIndependentSize().width() == size.width
    assert one.layout(full).width > one.layout(short).width > 0
    assert one.image(dot, (0, 200, 0)) is one.image(dot, (0, 200, 0))
    assert one.image(dot, (0, 200, 0)).pixelColor(3, one.layout(dot).height // 2).green() > 150
