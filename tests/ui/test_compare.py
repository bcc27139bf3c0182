"""Comparing two people, or a person with a pinned moment, in the window."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from crowd_parts import CrowdEngine, centre_of, click, crowd_harness, open_clip
from live_parts import face_at
from PySide6.QtCore import Qt
from PySide6.QtGui import QAccessible, QContextMenuEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QMenu
from pytestqt.qtbot import QtBot
from window_parts import DialogGuard, WindowHarness

from agecam.types import Face
from agecam.ui.main_window import MainWindow
from agecam.ui.system import announcement
from agecam.ui.widgets.everybody import PanelTabs

# Menus grab the keyboard and come to the front, which Qt's offscreen platform cannot do.
pytestmark = pytest.mark.qt_log_ignore(
    r"This plugin does not support (raise\(\)|grabbing the keyboard|propagateSizeHints)", extend=True
)


def faces() -> tuple[Face, ...]:
    """Three people; of the first two, the second is older in 75 % of cases: 30 against 30 or 40."""
    people = []
    for index, shares in enumerate(({30: 1.0}, {30: 0.5, 40: 0.5}, {70: 1.0})):
        distribution = np.zeros(101, np.float32)
        for age, share in shares.items():
            distribution[age] = share
        age = float(distribution @ np.arange(101))
        face = face_at(10 + 100 * index, 90, 60, age=age, track=index + 1)
        face.age_distribution[:] = distribution
        people.append(face)
    return tuple(people)


@pytest.fixture
def harness(qtbot: QtBot, tmp_path: Path) -> Iterator[WindowHarness]:
    guard = DialogGuard()
    harness = crowd_harness(qtbot, tmp_path)
    assert isinstance(harness.engine, CrowdEngine)
    harness.engine.faces = faces()
    yield harness
    unexpected = guard.finish()
    harness.close()
    assert unexpected == []


def ctrl_click(window: MainWindow, number: int) -> None:
    at = centre_of(window, number)
    QTest.mouseClick(window.video, Qt.MouseButton.LeftButton, Qt.KeyboardModifier.ControlModifier, at)


def ctrl_click_row(window: MainWindow, number: int) -> None:
    people = window.panel.list
    place = people.visualRect(window.panel._model.index_of(number)).center()
    QTest.mouseClick(people.viewport(), Qt.MouseButton.LeftButton, Qt.KeyboardModifier.ControlModifier, place)


@pytest.mark.parametrize("ctrl_click_second", [ctrl_click, ctrl_click_row])
def test_ctrl_and_a_click_compare_two_people(harness: WindowHarness, ctrl_click_second) -> None:  # type: ignore[no-untyped-def]
    window = open_clip(harness)
    click(window, centre_of(window, 1))
    ctrl_click_second(window, 2)
    card = window.extras.comparison.card
    assert card.isVisible()
    assert card.sentence.text() == "Person 2 is likely older: 75 %"
    first, second = card.chart.series
    assert [first.number, second.number] == [1, 2]
    assert (first.distribution == faces()[0].age_distribution).all()
    assert (second.distribution == faces()[1].age_distribution).all()
    assert "Person 1: 30 (25\N{EN DASH}35)" in card.legends[0].text()
    assert "Person 2: 35 (30\N{EN DASH}40)" in card.legends[1].text()
    colours = {card.chart.colour(series.number).name() for series in card.chart.series}
    assert len(colours) == 2
    assert all(any(colour in legend.text() for legend in card.legends) for colour in colours)
    assert window.panel.chosen_number == 1
    assert window.panel.plot is not None and window.panel.plot.isHidden()


def test_both_distributions_are_painted_in_their_colours(harness: WindowHarness) -> None:
    window = open_clip(harness)
    click(window, centre_of(window, 1))
    ctrl_click(window, 3)
    chart = window.extras.comparison.card.chart
    image = chart.grab().toImage()
    pixels = {image.pixelColor(x, y).name() for x in range(image.width()) for y in range(image.height())}
    assert {chart.colour(1).name(), chart.colour(3).name()} <= pixels


def test_the_button_leaves_the_comparison(harness: WindowHarness) -> None:
    window = open_clip(harness)
    click(window, centre_of(window, 1))
    ctrl_click(window, 2)
    card = window.extras.comparison.card
    assert card.end.text() == "End comparison"
    QTest.mouseClick(card.end, Qt.MouseButton.LeftButton)
    assert card.isHidden()
    assert window.panel.chosen_number == 1
    assert window.panel.plot is not None and window.panel.plot.isVisible()
    ctrl_click(window, 2)
    assert card.isVisible()
    ctrl_click(window, 2)  # the same again
    assert card.isHidden()


def test_the_keyboard_compares_and_leaves(harness: WindowHarness) -> None:
    window = open_clip(harness)
    people = window.panel.list
    people.setFocus(Qt.FocusReason.TabFocusReason)
    people.setCurrentIndex(window.panel._model.index_of(1))
    QTest.keyClick(people, Qt.Key.Key_Return)
    people.setCurrentIndex(window.panel._model.index_of(3))
    QTest.keyClick(people, Qt.Key.Key_Return, Qt.KeyboardModifier.ControlModifier)
    card = window.extras.comparison.card
    assert card.sentence.text() == "Person 3 is likely older: > 99 %"
    for _ in range(20):
        if (focus := QApplication.focusWidget()) is card.end:
            break
        QTest.keyClick(focus, Qt.Key.Key_Tab)
    assert QApplication.focusWidget() is card.end
    QTest.keyClick(card.end, Qt.Key.Key_Space)
    assert card.isHidden()


def test_the_menu_of_a_face_compares_and_leaves(harness: WindowHarness) -> None:
    window = open_clip(harness)

    def entries(number: int) -> dict[str, object]:
        at = centre_of(window, number)
        event = QContextMenuEvent(QContextMenuEvent.Reason.Mouse, at, window.video.mapToGlobal(at))
        QApplication.sendEvent(window.video, event)
        harness.wait_until(lambda: isinstance(QApplication.activePopupWidget(), QMenu))
        menu = QApplication.activePopupWidget()
        assert isinstance(menu, QMenu)
        actions = {action.text().replace("&", ""): action for action in menu.actions()}
        menu.hide()
        return actions

    assert "Compare with the chosen person" not in entries(2)
    click(window, centre_of(window, 1))
    entries(2)["Compare with the chosen person"].trigger()  # type: ignore[attr-defined]
    assert window.extras.comparison.second == 2
    entries(2)["End comparison"].trigger()  # type: ignore[attr-defined]
    assert not window.extras.comparison.is_on


def test_ctrl_and_a_click_without_a_chosen_person_chooses(harness: WindowHarness) -> None:
    window = open_clip(harness)
    ctrl_click(window, 2)
    assert window.panel.chosen_number == 2
    assert not window.extras.comparison.is_on
    ctrl_click(window, 2)
    assert not window.extras.comparison.is_on


def test_another_choice_compares_with_the_same_second_person(harness: WindowHarness) -> None:
    window = open_clip(harness)
    click(window, centre_of(window, 1))
    ctrl_click(window, 2)
    click(window, centre_of(window, 3))
    assert [series.number for series in window.extras.comparison.card.chart.series] == [3, 2]
    click(window, centre_of(window, 2))  # there are no two people any more
    assert not window.extras.comparison.is_on


def test_a_pinned_moment_is_compared_with_another_person(harness: WindowHarness) -> None:
    window = open_clip(harness)
    click(window, centre_of(window, 2))
    harness.press(window, Qt.Key.Key_P, Qt.KeyboardModifier.ShiftModifier)
    card = window.extras.comparison.card
    assert card.isVisible()
    assert card.sentence.text() == "Each is equally likely to be older: 50 %"
    assert "Person 2 (clip.mp4, 0:0" in card.legends[1].text()
    click(window, centre_of(window, 3))
    assert card.sentence.text() == "Person 3 is likely older: > 99 %"


def test_a_pinned_moment_stays_as_it_was_also_for_another_source(harness: WindowHarness) -> None:
    window = open_clip(harness)
    click(window, centre_of(window, 2))
    window.actions_.pin.trigger()
    assert isinstance(harness.engine, CrowdEngine)
    harness.engine.faces = faces()[2:]
    window.open("camera://0")
    card = window.extras.comparison.card
    harness.wait_until(lambda: len(window.video.faces.boxes()) == 1 and len(window.panel.rows) == 1)
    (number,) = window.video.faces.boxes()
    assert card.sentence.text() == "Click a person to compare."
    click(window, centre_of(window, number))
    assert card.sentence.text() == f"Person {number} is likely older: > 99 %"
    assert (card.chart.series[1].distribution == faces()[1].age_distribution).all()


def test_two_people_are_no_longer_compared_in_another_source(harness: WindowHarness) -> None:
    window = open_clip(harness)
    click(window, centre_of(window, 1))
    ctrl_click(window, 2)
    window.open("camera://0")
    harness.wait_until(lambda: len(window.panel.rows) == 3)
    assert not window.extras.comparison.is_on
    assert window.extras.comparison.card.isHidden()


def test_who_leaves_is_still_compared(harness: WindowHarness) -> None:
    window = harness.open_window()
    window.open("camera://0")
    harness.wait_until(lambda: len(window.panel.rows) == 3)
    click(window, centre_of(window, 1))
    ctrl_click(window, 2)
    assert isinstance(harness.engine, CrowdEngine)
    harness.engine.faces = faces()[:1]
    harness.wait_until(lambda: list(window.video.faces.boxes()) == [1])
    harness.wait(300)
    assert window.extras.comparison.card.sentence.text() == "Person 2 is likely older: 75 %"


def test_pinning_without_a_choice_asks_for_one(harness: WindowHarness) -> None:
    window = open_clip(harness)
    window.actions_.pin.trigger()
    assert "click the person" in window.video.toast.text.text()
    assert not window.extras.comparison.is_on


def test_the_panel_is_shown_for_it(harness: WindowHarness) -> None:
    window = open_clip(harness)
    click(window, centre_of(window, 1))
    window.actions_.show_panel.trigger()
    assert not window.panel.isVisible()
    ctrl_click(window, 2)
    assert window.extras.comparison.card.isVisible()


def test_it_is_announced_once(harness: WindowHarness, monkeypatch: pytest.MonkeyPatch) -> None:
    window = open_clip(harness)
    click(window, centre_of(window, 1))
    said: list[str] = []
    monkeypatch.setattr(QAccessible, "isActive", staticmethod(lambda: True))
    monkeypatch.setattr(
        announcement.QAccessible, "updateAccessibility", staticmethod(lambda event: said.append(event.message()))
    )
    ctrl_click(window, 2)
    harness.wait(500)
    compared = [text for text in said if "likely older" in text]
    assert compared == [
        "Person 1: 30 (25\N{EN DASH}35). Person 2: 35 (30\N{EN DASH}40). Person 2 is likely older: 75 %"
    ]
    assert "75 %" in window.extras.comparison.card.chart.accessibleName()


def test_the_tab_with_the_people_in_view_comes_forward(harness: WindowHarness) -> None:
    window = open_clip(harness)
    tabs = window.findChild(PanelTabs)
    assert isinstance(tabs, PanelTabs)
    tabs.setCurrentIndex(1)
    assert not window.panel.isVisible()
    click(window, centre_of(window, 1))
    ctrl_click(window, 2)
    assert window.extras.comparison.card.isVisible()
