"""'Guess first' in the window: nothing gives an age away before it has been guessed."""

import threading
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import cv2
import pytest
from crowd_parts import CrowdEngine, centre_of, click, crowd_harness, open_clip, row_of_faces
from live_parts import FakeFile
from PySide6.QtCore import Qt
from PySide6.QtGui import QAccessible
from PySide6.QtTest import QTest
from pytestqt.qtbot import QtBot
from window_parts import DialogGuard, WindowHarness

from agecam.live import Phase
from agecam.overlay.labels import plain_text
from agecam.types import Frame, Image
from agecam.ui.controllers import announcer, full_screen
from agecam.ui.main_window import MainWindow
from agecam.ui.system import announcement
from agecam.ui.widgets.everybody import PanelTabs


@pytest.fixture
def harness(qtbot: QtBot, tmp_path: Path) -> Iterator[WindowHarness]:
    guard = DialogGuard()
    harness = crowd_harness(qtbot, tmp_path)
    yield harness
    unexpected = guard.finish()
    harness.close()
    assert unexpected == []


@pytest.fixture
def engine(harness: WindowHarness) -> CrowdEngine:
    assert isinstance(harness.engine, CrowdEngine)
    return harness.engine


def labels(window: MainWindow) -> dict[int, str]:
    return {number: plain_text(form.lines)[0] for number, (form, _) in window.video.faces.labels().items()}


def playing(harness: WindowHarness, source: str = "camera://0") -> MainWindow:
    """Three people, aged 20, 21 and 22, and 'Guess first' switched on with its key."""
    window = harness.open_window()
    window.open(source)
    harness.wait_until(lambda: len(window.panel.rows) == 3)
    harness.press(window, Qt.Key.Key_G, Qt.KeyboardModifier.ShiftModifier)
    assert window.actions_.guess_first.isChecked()
    return window


def guess(harness: WindowHarness, window: MainWindow, text: str) -> None:
    """Type an age as the person would, into what has the focus."""
    field = window.extras.guess.card.field
    harness.wait_until(field.hasFocus)
    QTest.keyClicks(field, text)
    QTest.keyClick(field, Qt.Key.Key_Return)


def test_ages_are_hidden_in_picture_and_panel_until_they_are_guessed(harness: WindowHarness) -> None:
    window = playing(harness)
    harness.wait_until(lambda: labels(window) == {1: "? #1", 2: "? #2", 3: "? #3"})
    assert [(row.age, row.interval, row.hides_age) for row in window.panel.rows] == [("?", "", True)] * 3
    assert [row.summary for row in window.panel.rows] == [f"Person {n}: female" for n in (1, 2, 3)]
    card = window.extras.guess.card
    assert card.question.text() == "Click a person to guess their age."
    click(window, centre_of(window, 2))
    assert window.panel.plot is None or window.panel.plot.isHidden()
    assert card.question.text() == "How old does person 2 look?"
    assert card.chart.isHidden()
    guess(harness, window, "24")
    harness.wait_until(lambda: labels(window) == {1: "? #1", 2: "21 (16\N{EN DASH}26) #2", 3: "? #3"})
    assert [row.age for row in window.panel.rows] == ["?", "21", "?"]


def test_the_answer_shows_distribution_interval_and_guess(harness: WindowHarness) -> None:
    window = playing(harness)
    click(window, centre_of(window, 2))
    guess(harness, window, "24")
    card = window.extras.guess.card
    assert card.question.text() == "Apparent age 21 (16 to 26)"
    assert card.result.text() == "Your guess: 24. Years off: 3, inside the interval."
    assert card.chart.isVisible()
    (series,) = card.chart.series
    assert (series.age, series.low, series.high) == (21, 16, 26)
    assert (series.distribution == row_of_faces(3)[1].age_distribution).all()
    assert card.chart.guess == 24
    assert card.entry.isHidden()


def test_the_guess_is_marked_in_the_chart(harness: WindowHarness) -> None:
    window = playing(harness)
    click(window, centre_of(window, 2))
    guess(harness, window, "80")
    chart = window.extras.guess.card.chart
    marked = chart.grab().toImage()
    chart.show_series(chart.series, 20)
    other = chart.grab().toImage()
    columns = [
        x
        for x in range(marked.width())
        if sum(marked.pixel(x, y) != other.pixel(x, y) for y in range(marked.height())) > 60
    ]
    assert columns
    assert 0.17 < columns[0] / marked.width() < 0.23  # where it is not
    assert 0.77 < columns[-1] / marked.width() < 0.83


def test_a_running_score(harness: WindowHarness) -> None:
    window = playing(harness)
    card = window.extras.guess.card
    assert card.score.isHidden()
    for number, text in ((1, "23"), (2, "40"), (3, "20")):
        click(window, centre_of(window, number))
        guess(harness, window, text)
    # 3, 19 and 2 years off; the intervals reach 5 years to both sides.
    assert card.score.text() == "You: 8.0 years off on average in 3 guesses; inside the interval 2 of 3"
    window.actions_.guess_first.trigger()
    assert card.isHidden()
    window.actions_.guess_first.trigger()  # another game
    assert card.score.isHidden()


def test_an_age_can_be_slid(harness: WindowHarness) -> None:
    window = playing(harness)
    click(window, centre_of(window, 1))
    card = window.extras.guess.card
    assert not card.reveal.isEnabled()
    card.slider.setFocus(Qt.FocusReason.TabFocusReason)
    QTest.keyClick(card.slider, Qt.Key.Key_Home)
    for _ in range(3):
        QTest.keyClick(card.slider, Qt.Key.Key_Right)
    assert card.field.value() == 3
    QTest.mouseClick(card.reveal, Qt.MouseButton.LeftButton)
    game = window.extras.guess.game
    assert game is not None
    answer = game.guess_of(1)
    assert answer is not None and answer.years == 3


def test_the_middle_of_the_slider_can_be_chosen_without_moving_it(harness: WindowHarness) -> None:
    window = playing(harness)
    click(window, centre_of(window, 1))
    card = window.extras.guess.card
    QTest.mouseClick(card.slider, Qt.MouseButton.LeftButton, pos=card.slider.rect().center())
    assert card.field.value() == 50
    assert card.reveal.isEnabled()


def test_the_only_person_is_asked_about_without_a_click(harness: WindowHarness, engine: CrowdEngine) -> None:
    engine.faces = row_of_faces(1)
    window = harness.open_window()
    window.open("camera://0")
    harness.wait_until(lambda: len(window.panel.rows) == 1)
    window.actions_.guess_first.trigger()
    card = window.extras.guess.card
    assert card.question.text() == "How old does person 1 look?"
    harness.wait_until(card.field.hasFocus)
    QTest.keyClicks(card.field, "3")
    engine.faces = row_of_faces(2)  # somebody joins: what was typed stays
    harness.wait_until(lambda: len(window.panel.rows) == 2)
    harness.wait(250)
    assert card.field.value() == 3
    QTest.keyClicks(card.field, "0")
    QTest.keyClick(card.field, Qt.Key.Key_Return)
    assert "Your guess: 30" in card.result.text()
    harness.wait(250)
    assert "Your guess: 30" in card.result.text()  # until somebody else is chosen
    click(window, centre_of(window, 2))
    assert card.question.text() == "How old does person 2 look?"


def test_a_person_who_leaves_can_still_be_guessed(harness: WindowHarness, engine: CrowdEngine) -> None:
    window = playing(harness)
    click(window, centre_of(window, 2))
    engine.faces = row_of_faces(1)
    harness.wait_until(lambda: list(window.video.faces.boxes()) == [1])
    harness.wait(250)
    guess(harness, window, "30")
    assert "Apparent age 21" in window.extras.guess.card.question.text()


def test_a_video_pauses_for_a_guess_and_keys_are_the_windows_again_afterwards(harness: WindowHarness) -> None:
    window = playing(harness, "clip.mp4")
    assert window.session.source_state.phase is Phase.PLAYING
    click(window, centre_of(window, 3))
    harness.wait_until(lambda: window.session.source_state.phase is Phase.PAUSED)
    guess(harness, window, "22")
    assert not window.extras.guess.card.field.hasFocus()
    harness.press(window, Qt.Key.Key_Space)
    harness.wait_until(lambda: window.session.source_state.phase is Phase.PLAYING)


def test_who_is_recognised_after_a_jump_stays_guessed(harness: WindowHarness) -> None:
    window = open_clip(harness)
    window.actions_.guess_first.trigger()
    click(window, centre_of(window, 1))
    guess(harness, window, "20")
    harness.wait_until(lambda: labels(window)[1].startswith("20"))
    harness.press(window, Qt.Key.Key_Home)
    harness.wait_until(lambda: (view := window.session.view()) is not None and view.frame.index == 0)
    harness.wait_until(lambda: labels(window).get(2) == "? #2")
    assert labels(window)[1].startswith("20")
    game = window.extras.guess.game
    assert game is not None and game.score.count == 1


def test_in_every_picture_people_are_guessed_anew(
    harness: WindowHarness, engine: CrowdEngine, hopper_bgr: Image
) -> None:
    for name in "ab":
        cv2.imwrite(str(harness.folder / f"{name}.png"), hopper_bgr)
    engine.faces = tuple(face for face in row_of_faces(1))
    window = harness.open_window()
    window.open_all([str(harness.folder / "a.png"), str(harness.folder / "b.png")])
    harness.wait_until(lambda: len(window.panel.rows) == 1)
    window.actions_.guess_first.trigger()
    guess(harness, window, "30")
    harness.wait_until(lambda: labels(window)[1].startswith("20"))
    harness.press(window, Qt.Key.Key_PageDown)
    harness.wait_until(lambda: (view := window.session.view()) is not None and view.frame.source == "b.png")
    harness.wait_until(lambda: labels(window).get(1, "").startswith("?"))
    card = window.extras.guess.card
    harness.wait_until(lambda: card.question.text() == "How old does person 1 look?")
    card.take_focus()
    guess(harness, window, "24")
    assert card.score.text() == "You: 7.0 years off on average in 2 guesses; inside the interval 1 of 2"


def test_on_every_page_of_a_file_people_are_guessed_anew(harness: WindowHarness, engine: CrowdEngine) -> None:
    turn = threading.Event()

    class Pages(FakeFile):
        def read(self) -> Frame | None:
            frame = super().read()
            if frame is None or (frame.index and not turn.wait(8)):
                return None
            return replace(frame, still=True)

    harness.sources["pages"] = lambda _: Pages(2)
    engine.faces = row_of_faces(1)
    window = harness.open_window()
    window.open("pages")
    harness.wait_until(lambda: len(window.panel.rows) == 1)
    window.actions_.guess_first.trigger()
    window.extras.guess.card.guessed.emit(30)
    harness.wait_until(lambda: labels(window).get(1, "").startswith("20"))
    turn.set()
    harness.wait_until(lambda: (view := window.session.view()) is not None and view.frame.index == 1)
    harness.wait_until(lambda: labels(window).get(1, "").startswith("?"))


def test_saved_pictures_hide_the_age_too(harness: WindowHarness) -> None:
    window = open_clip(harness, mirror_camera=False)
    (open_path,) = window.take_screenshot()
    window.actions_.guess_first.trigger()
    (hidden_path,) = window.take_screenshot()
    shown, hidden = cv2.imread(str(open_path)), cv2.imread(str(hidden_path))
    assert (shown != hidden).any()
    window.actions_.guess_first.trigger()
    (again,) = window.take_screenshot()
    assert (cv2.imread(str(again)) == shown).all()


def test_people_are_not_compared_meanwhile(harness: WindowHarness) -> None:
    window = open_clip(harness)
    click(window, centre_of(window, 1))
    at = centre_of(window, 2)
    QTest.mouseClick(window.video, Qt.MouseButton.LeftButton, Qt.KeyboardModifier.ControlModifier, at)
    assert window.extras.comparison.is_on
    window.actions_.guess_first.trigger()
    assert not window.extras.comparison.is_on
    assert window.extras.comparison.card.isHidden()
    window.actions_.pin.trigger()
    assert not window.extras.comparison.is_on
    assert "Turn off 'Guess first'" in window.video.toast.text.text()


def test_a_screen_reader_does_not_say_the_age(harness: WindowHarness, monkeypatch: pytest.MonkeyPatch) -> None:
    said: list[str] = []
    monkeypatch.setattr(QAccessible, "isActive", staticmethod(lambda: True))
    monkeypatch.setattr(
        announcement.QAccessible, "updateAccessibility", staticmethod(lambda event: said.append(event.message()))
    )
    monkeypatch.setattr(announcer, "INTERVAL_S", 0.0)
    window = harness.open_window()
    window.actions_.guess_first.trigger()
    window.open("camera://0")
    harness.wait_until(lambda: "Person 3: female" in said)
    click(window, centre_of(window, 2))
    harness.wait_until(lambda: "How old does person 2 look?" in said)
    assert not [text for text in said if "age 2" in text]
    guess(harness, window, "30")
    assert said[-1].startswith("Apparent age 21")


def test_the_tab_with_the_people_in_view_comes_forward(harness: WindowHarness) -> None:
    window = open_clip(harness)
    tabs = window.findChild(PanelTabs)
    assert isinstance(tabs, PanelTabs)
    tabs.setCurrentIndex(1)
    assert not window.panel.isVisible()
    window.actions_.guess_first.trigger()
    assert window.extras.guess.card.isVisible()


def test_in_full_screen_the_panel_appears_for_a_guess(harness: WindowHarness, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(full_screen, "HIDE_AFTER_S", 0.05)
    window = playing(harness)
    window.actions_.full_screen.setChecked(True)
    harness.wait_until(lambda: not window.panel.isVisible())
    click(window, centre_of(window, 2))
    assert window.extras.guess.card.isVisible()
    guess(harness, window, "24")
    assert "Your guess: 24" in window.extras.guess.card.result.text()
