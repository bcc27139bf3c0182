"""The keys of a player, the Tab key, the space bar, and what a screen reader says."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from live_parts import FakeFile
from PySide6.QtCore import QLocale, QPoint, Qt
from PySide6.QtGui import QAccessible, QContextMenuEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QToolBar, QToolButton, QWidget
from pytestqt.qtbot import QtBot
from window_parts import DialogGuard, WindowHarness

from agecam.live import Phase
from agecam.ui.app import install_translations
from agecam.ui.controllers import announcer
from agecam.ui.main_window import MainWindow
from agecam.ui.system import announcement


@pytest.fixture
def harness(qtbot: QtBot, tmp_path: Path) -> Iterator[WindowHarness]:
    """`clip.mp4` holds 900 frames, 30 s."""
    guard = DialogGuard()
    harness = WindowHarness(qtbot, tmp_path)
    harness.sources["clip.mp4"] = lambda _: FakeFile(900)
    yield harness
    unexpected = guard.finish()
    harness.close()
    assert unexpected == []


@pytest.fixture
def paused(harness: WindowHarness) -> MainWindow:
    """The window with the clip, paused near its start."""
    window = harness.open_window()
    window.open("clip.mp4")
    harness.wait_until(lambda: window.session.source_state.time_s > 0.1)
    harness.press(window, " ")
    harness.wait_until(lambda: window.session.source_state.phase is Phase.PAUSED)
    harness.wait_until(lambda: window.actions_.step_back.isEnabled())
    return window


def toolbar_button(window: MainWindow, name: str) -> QToolButton:
    toolbar = window.findChild(QToolBar)
    assert toolbar is not None
    button = toolbar.widgetForAction(getattr(window.actions_, name))
    assert isinstance(button, QToolButton)
    return button


# --- moving in a file ----------------------------------------------------------------------------------


def test_single_steps(harness: WindowHarness, paused: MainWindow) -> None:
    state = paused.session.source_state

    def index() -> int:
        return round(30 * paused.session.source_state.time_s)

    at = round(30 * state.time_s)
    harness.press(paused, ".")
    harness.wait_until(lambda: index() == at + 1)
    for _ in range(3):
        harness.press(paused, ",")
    harness.wait_until(lambda: index() == at - 2)
    assert paused.session.source_state.phase is Phase.PAUSED


def test_jumps_add_up(harness: WindowHarness, paused: MainWindow) -> None:
    at_s = paused.session.source_state.time_s
    for _ in range(3):
        harness.press(paused, Qt.Key.Key_Right)
    harness.wait_until(lambda: abs(paused.session.source_state.time_s - at_s - 15) < 0.1)
    harness.press(paused, Qt.Key.Key_Left)
    harness.wait_until(lambda: abs(paused.session.source_state.time_s - at_s - 10) < 0.1)


def test_start_and_end(harness: WindowHarness, paused: MainWindow) -> None:
    harness.press(paused, Qt.Key.Key_End)
    harness.wait_until(lambda: paused.session.view().frame.index == 899)  # type: ignore[union-attr]
    harness.press(paused, Qt.Key.Key_Home)
    harness.wait_until(lambda: paused.session.view().frame.index == 0)  # type: ignore[union-attr]


def test_slower_faster_and_normal_speed(harness: WindowHarness, paused: MainWindow) -> None:
    speed = paused.playback.speed
    chosen: list[float] = []
    paused.playback.speed_chosen.connect(chosen.append)
    for key in "]][[[[[\b":
        harness.press(paused, key)
    assert chosen == [1.5, 2.0, 1.5, 1.0, 0.5, 0.25, 1.0]  # there is nothing slower than a quarter
    assert speed.currentData() == 1.0
    for _ in range(5):
        harness.press(paused, "]")
    assert speed.currentData() == 4.0
    harness.press(paused, " ")
    at_s = paused.session.source_state.time_s
    harness.wait(1000)
    assert paused.session.source_state.time_s - at_s > 2.5


def test_repeat(harness: WindowHarness, paused: MainWindow) -> None:
    harness.press(paused, "l")
    assert paused.settings.current.loop
    assert paused.actions_.loop.isChecked()


def test_keys_of_a_player_do_nothing_without_a_file(harness: WindowHarness) -> None:
    window = harness.open_window()
    for name in ("step", "step_back", "start", "end", "slower", "faster", "normal_speed", "mute", "play"):
        assert not getattr(window.actions_, name).isEnabled(), name


# --- space bar and Tab key -----------------------------------------------------------------------------


def test_the_space_bar_presses_the_button_with_the_focus(harness: WindowHarness, paused: MainWindow) -> None:
    button = toolbar_button(paused, "blur_faces")
    button.setFocus(Qt.FocusReason.TabFocusReason)
    harness.wait_until(lambda: QApplication.focusWidget() is button)
    QTest.keyClick(button, Qt.Key.Key_Space)  # type: ignore[call-overload]
    assert paused.actions_.blur_faces.isChecked()
    assert paused.session.source_state.phase is Phase.PAUSED
    button.clearFocus()
    harness.press(paused, " ")
    harness.wait_until(lambda: paused.session.source_state.phase is Phase.PLAYING)


def test_other_keys_work_while_a_button_has_the_focus(harness: WindowHarness, paused: MainWindow) -> None:
    button = toolbar_button(paused, "blur_faces")
    button.setFocus(Qt.FocusReason.TabFocusReason)
    QTest.keyClick(button, "]")  # type: ignore[call-overload]
    assert paused.playback.speed.currentData() == 1.5


def test_the_tab_key_goes_from_the_toolbar_to_the_playback_bar(harness: WindowHarness, paused: MainWindow) -> None:
    toolbar = paused.findChild(QToolBar)
    assert toolbar is not None
    first = toolbar_button(paused, "open_file")
    first.setFocus(Qt.FocusReason.TabFocusReason)
    visited: list[QWidget] = []
    while (widget := QApplication.focusWidget()) not in visited:
        assert widget is not None
        visited.append(widget)
        QTest.keyClick(widget, Qt.Key.Key_Tab)  # type: ignore[call-overload]
    areas = [
        "toolbar" if toolbar.isAncestorOf(widget) else "playback" if paused.playback.isAncestorOf(widget) else "other"
        for widget in visited
    ]
    assert areas.count("toolbar") >= 5
    assert areas.count("playback") >= 5
    bar = [widget for widget, area in zip(visited, areas, strict=True) if area == "playback"]
    from_playback = areas.index("playback")
    assert "playback" not in areas[: areas.index("toolbar")]
    assert "toolbar" not in areas[from_playback : from_playback + areas.count("playback")]
    in_bar = [widget.mapTo(paused.playback, widget.rect().center()).x() for widget in visited if widget in bar]
    assert in_bar == sorted(in_bar)
    assert paused.playback.slider in visited


# --- texts ---------------------------------------------------------------------------------------------


def test_the_korean_toolbar_shows_no_access_keys(harness: WindowHarness) -> None:
    application = QApplication.instance()
    assert isinstance(application, QApplication)
    translators = install_translations(application, QLocale(QLocale.Language.Korean, QLocale.Country.SouthKorea))
    try:
        window = harness.open_window()
        names = ("open_file", "screenshot", "record", "show_panel", "full_screen")
        buttons = [toolbar_button(window, name) for name in names]
        camera = window._toolbar.widgetForAction(window.source_menu.cameras.menuAction())
        assert isinstance(camera, QToolButton)
        for button in (*buttons, camera):
            text = button.text()
            assert text
            assert "(" not in text
        assert "(&F)" in window.actions_.full_screen.text()
        assert window.actions_.full_screen.toolTip().endswith("(F)")
    finally:
        for translator in translators:
            application.removeTranslator(translator)


def test_the_tooltip_of_play_follows_its_state(harness: WindowHarness, paused: MainWindow) -> None:
    assert paused.actions_.play.toolTip() == "Play (Space)"
    harness.press(paused, " ")
    harness.wait_until(lambda: paused.actions_.play.toolTip() == "Pause (Space)")


# --- screen readers ------------------------------------------------------------------------------------


def test_arrivals_and_messages_are_announced(
    harness: WindowHarness, paused: MainWindow, monkeypatch: pytest.MonkeyPatch
) -> None:
    said: list[str] = []

    def say(event: object) -> None:
        said.append(event.message())  # type: ignore[attr-defined]

    monkeypatch.setattr(QAccessible, "isActive", staticmethod(lambda: True))
    monkeypatch.setattr(announcement.QAccessible, "updateAccessibility", staticmethod(say))
    monkeypatch.setattr(announcer, "INTERVAL_S", 0.0)
    paused.video.toast.show_message("Saved a.png")
    assert said == ["Saved a.png"]
    harness.press(paused, " ")
    harness.wait_until(lambda: len(said) > 1)
    assert said[1] == "Person 1: apparent age 30, between 25 and 35, female"
    harness.wait(500)
    assert said.count(said[1]) == 1
    paused.close_source()
    harness.wait_until(lambda: any("Nothing is open" in text for text in said))


def test_no_context_menu_can_hide_the_toolbar(harness: WindowHarness) -> None:
    window = harness.open_window()
    button = toolbar_button(window, "record")
    event = QContextMenuEvent(QContextMenuEvent.Reason.Keyboard, QPoint(5, 5), button.mapToGlobal(QPoint(5, 5)))
    QApplication.sendEvent(button, event)
    harness.wait(50)
    assert QApplication.activePopupWidget() is None
