"""Full screen: what gives way to the picture, and when it comes back."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from live_parts import FakeFile
from PySide6.QtCore import QPoint, Qt
from PySide6.QtGui import QCursor
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot
from window_parts import DialogGuard, WindowHarness

from agecam.ui.controllers import full_screen
from agecam.ui.main_window import MainWindow

SOON_S = 0.4


@pytest.fixture
def harness(qtbot: QtBot, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[WindowHarness]:
    monkeypatch.setattr(full_screen, "HIDE_AFTER_S", SOON_S)
    guard = DialogGuard()
    harness = WindowHarness(qtbot, tmp_path)
    harness.sources["clip.mp4"] = lambda _: FakeFile(900)
    yield harness
    unexpected = guard.finish()
    harness.close()
    assert unexpected == []
    assert QApplication.overrideCursor() is None


@pytest.fixture
def window(harness: WindowHarness) -> MainWindow:
    """In full screen, with a clip and the mouse at rest in the middle of the picture."""
    window = harness.open_window()
    window.open("clip.mp4")
    harness.wait_until(window.playback.isVisible)
    QCursor.setPos(middle(window))
    harness.press(window, "f")
    assert window.isFullScreen()
    QCursor.setPos(middle(window))
    return window


def middle(window: MainWindow) -> QPoint:
    return window.video.mapToGlobal(window.video.rect().center())


def visible(window: MainWindow) -> list[str]:
    parts = {
        "menus": window.menuBar(),
        "toolbar": window._toolbar,
        "playback": window.playback,
        "panel": window.panel,
    }
    return [name for name, part in parts.items() if part.isVisible()]


EVERYTHING = ["menus", "toolbar", "playback", "panel"]


def test_all_parts_give_way_and_come_back(harness: WindowHarness, window: MainWindow) -> None:
    assert visible(window) == EVERYTHING
    harness.wait_until(lambda: visible(window) == [])
    cursor = QApplication.overrideCursor()
    assert cursor is not None
    assert cursor.shape() is Qt.CursorShape.BlankCursor
    harness.wait_until(lambda: window.video.height() == window.height())
    harness.press(window, Qt.Key.Key_Escape)
    assert not window.isFullScreen()
    assert visible(window) == EVERYTHING
    assert QApplication.overrideCursor() is None


@pytest.mark.parametrize(
    ("edge", "parts"), [("top", ["menus", "toolbar"]), ("bottom", ["playback"]), ("right", ["panel"]), ("left", [])]
)
def test_the_parts_of_an_edge_return_with_the_mouse(
    edge: str, parts: list[str], harness: WindowHarness, window: MainWindow
) -> None:
    harness.wait_until(lambda: visible(window) == [])
    room = window.rect()
    place = {
        "top": QPoint(room.center().x(), 0),
        "bottom": QPoint(room.center().x(), room.bottom()),
        "right": QPoint(room.right(), room.center().y()),
        "left": QPoint(0, room.center().y()),
    }[edge]
    QCursor.setPos(window.mapToGlobal(place))
    harness.wait_until(lambda: QApplication.overrideCursor() is None)
    harness.wait_until(lambda: visible(window) == parts)
    harness.wait(1500 * SOON_S)  # they stay while the mouse rests there
    assert visible(window) == parts
    QCursor.setPos(middle(window))
    harness.wait_until(lambda: visible(window) == [])


def test_parts_stay_while_the_mouse_moves(harness: WindowHarness, window: MainWindow) -> None:
    for step in range(12):
        QCursor.setPos(middle(window) + QPoint(5 * step, 0))
        harness.wait(100)
    assert visible(window) == EVERYTHING


def test_the_panel_is_shown_at_its_other_side(harness: WindowHarness, window: MainWindow) -> None:
    harness.press(window, "f")
    window.addDockWidget(Qt.DockWidgetArea.LeftDockWidgetArea, window._dock)
    harness.press(window, "f")
    QCursor.setPos(window.mapToGlobal(QPoint(window.width() * 3 // 4, window.height() // 2)))
    harness.wait_until(lambda: visible(window) == [])
    QCursor.setPos(window.mapToGlobal(QPoint(0, window.height() // 2)))
    harness.wait_until(lambda: visible(window) == ["panel"])


def test_a_panel_that_is_not_wanted_stays_away(harness: WindowHarness, window: MainWindow) -> None:
    harness.press(window, "p")
    harness.wait_until(lambda: visible(window) == [])
    QCursor.setPos(window.mapToGlobal(QPoint(window.width() - 1, window.height() // 2)))
    harness.wait(400)
    assert visible(window) == []
    harness.press(window, Qt.Key.Key_Escape)
    assert visible(window) == ["menus", "toolbar", "playback"]


def test_a_double_click_on_the_picture_toggles(harness: WindowHarness, window: MainWindow) -> None:
    QTest.mouseDClick(window.video, Qt.MouseButton.LeftButton)
    assert not window.isFullScreen()
    QTest.mouseDClick(window.video, Qt.MouseButton.LeftButton)
    assert window.isFullScreen()


def test_the_action_follows_the_system(harness: WindowHarness, window: MainWindow) -> None:
    window.showNormal()  # as a window manager can do
    harness.wait_until(lambda: not window.actions_.full_screen.isChecked())
    assert visible(window) == EVERYTHING


def test_a_window_closed_without_its_parts_has_them_the_next_time(harness: WindowHarness, window: MainWindow) -> None:
    harness.wait_until(lambda: visible(window) == [])
    harness.close()
    again = harness.restart()
    assert again.isFullScreen()
    again.open("clip.mp4")
    harness.wait_until(again.playback.isVisible)
    harness.press(again, "f")
    harness.wait_until(lambda: visible(again) == EVERYTHING)
