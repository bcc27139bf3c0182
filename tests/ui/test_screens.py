"""The window's place: on a screen that exists, within its free area, at every scale factor."""

import base64
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from PySide6.QtCore import QByteArray, QDataStream, QIODevice, QRect, QSize
from PySide6.QtGui import QGuiApplication
from pytestqt.qtbot import QtBot
from window_parts import WindowHarness

from agecam.ui.system.screens import FIRST_SIZE

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def harness(qtbot: QtBot, tmp_path: Path) -> Iterator[WindowHarness]:
    harness = WindowHarness(qtbot, tmp_path)
    yield harness
    harness.close()


def geometry(place: QRect, screen: int = 0, screen_width: int | None = None, maximized: bool = False) -> str:
    """A geometry as `QWidget.saveGeometry` writes it (version 3), in base64."""
    data = QByteArray()
    stream = QDataStream(data, QIODevice.OpenModeFlag.WriteOnly)
    stream.setVersion(QDataStream.Version.Qt_4_0)
    stream.writeUInt32(0x1D9D0CB)
    stream.writeUInt16(3)
    stream.writeUInt16(0)
    stream << place << place  # type: ignore[operator]
    stream.writeInt32(screen)
    stream.writeUInt8(maximized)
    stream.writeUInt8(0)
    own_width = QGuiApplication.primaryScreen().geometry().width()
    stream.writeInt32(own_width if screen_width is None else screen_width)
    stream << place  # type: ignore[operator]
    return base64.b64encode(data.data()).decode()


FREE = QRect(0, 0, 800, 800)
"""Of the screen of Qt's offscreen platform."""


def test_a_place_that_exists_is_kept(harness: WindowHarness) -> None:
    assert QGuiApplication.primaryScreen().availableGeometry() == FREE
    window = harness.open_window(geometry=geometry(QRect(40, 60, 640, 480)))
    assert window.geometry() == QRect(40, 60, 640, 480)
    harness.close()
    again = harness.restart()
    assert again.geometry() == QRect(40, 60, 640, 480)


@pytest.mark.parametrize(
    ("place", "screen", "screen_width"),
    [
        (QRect(2000, 100, 640, 480), 1, None),
        (QRect(2000, 100, 1900, 1000), 1, 1920),
        (QRect(-900, -900, 640, 480), 2, None),
        (QRect(100, 100, 1240, 720), 0, None),
        (QRect(100, 100, 700, 1040), 0, None),
        (QRect(700, 700, 640, 480), 0, None),
        (QRect(0, 0, 3000, 2000), 0, None),
    ],
)
def test_a_place_that_is_gone_becomes_one_that_exists(
    place: QRect, screen: int, screen_width: int | None, harness: WindowHarness
) -> None:
    window = harness.open_window(geometry=geometry(place, screen, screen_width))
    assert FREE.contains(window.frameGeometry())
    assert window.width() >= min(place.width(), 600)
    moved = window.geometry()
    harness.close()
    assert harness.restart().geometry() == moved


@pytest.mark.parametrize("saved", ["", "no geometry", "AAAA"])
def test_without_a_place_the_window_takes_most_of_a_small_screen(saved: str, harness: WindowHarness) -> None:
    window = harness.open_window(geometry=saved)
    assert window.size() == QSize(720, 720)
    assert QSize(1240, 720) == FIRST_SIZE


def test_a_maximized_window_has_a_place_to_return_to(harness: WindowHarness) -> None:
    window = harness.open_window(geometry=geometry(QRect(100, 100, 1240, 900), maximized=True))
    assert window.isMaximized()
    assert FREE.contains(window.normalGeometry())


def test_a_full_screen_window_can_leave_full_screen_after_a_restart(harness: WindowHarness) -> None:
    window = harness.open_window()
    window.actions_.full_screen.trigger()
    assert window.isFullScreen()
    harness.close()
    again = harness.restart()
    assert again.isFullScreen()
    again.actions_.full_screen.trigger()
    assert not again.isFullScreen()
    assert again.menuBar().isVisible()


@pytest.mark.parametrize("size", [QSize(800, 500), QSize(500, 400), QSize(400, 320)])
def test_the_window_can_be_small(size: QSize, harness: WindowHarness) -> None:
    window = harness.open_window()
    window.open("demo")
    harness.wait_until(window.playback.isVisible)
    window.resize(600, 500)  # on the way the panel gives way
    harness.wait(50)
    window.resize(size)
    harness.wait(50)
    assert window.size() == size
    assert window.video.width() >= 320


def test_the_panel_gives_way_in_a_narrow_window(harness: WindowHarness) -> None:
    window = harness.open_window()
    assert window.panel.isVisible()
    window.resize(600, 500)
    harness.wait_until(lambda: not window.panel.isVisible())
    assert not window.actions_.show_panel.isChecked()
    assert window.settings.current.show_panel  # for the next start, which may have more room
    harness.wait_until(lambda: window.video.width() == 600)
    window.actions_.show_panel.trigger()  # who asks for it gets it
    assert window.panel.isVisible()
    window.resize(500, 500)
    harness.wait(50)
    assert window.panel.isVisible()
    window.resize(780, 600)
    window.resize(500, 500)
    harness.wait_until(lambda: not window.panel.isVisible())
    window.resize(780, 600)
    harness.wait_until(window.panel.isVisible)
    assert window.actions_.show_panel.isChecked()
    window.actions_.show_panel.trigger()
    assert not window.settings.current.show_panel
    window.resize(500, 500)
    window.resize(780, 600)
    harness.wait(50)
    assert not window.panel.isVisible()


PROGRAM = """
import json, sys
from pathlib import Path
from live_parts import SquareEngine
from agecam.runtime.settings import Settings
from agecam.ui.app import open_with, prepare_application, recognise
from agecam.ui.main_window import MainWindow
from agecam.ui.widgets.dialogs import SettingsDialog, ShortcutsDialog

application, translators = prepare_application("system")
settings = Settings(geometry=sys.argv[1])
window = MainWindow(settings, Path(sys.argv[2]), lambda _: SquareEngine(), open_with, recognise, list)
window.show()
dialogs = [SettingsDialog(settings, ["compact"], window), ShortcutsDialog(window.actions_, window)]
for dialog in dialogs:
    dialog.show()
application.processEvents()
free = application.primaryScreen().availableGeometry()
frames = [widget.frameGeometry().getRect() for widget in (window, *dialogs)]
print(json.dumps({"free": free.getRect(), "frames": frames, "minimum": window.minimumSizeHint().toTuple(),
                  "size": window.size().toTuple()}))
window.close()
"""


@pytest.mark.parametrize("scale", ["1", "1.5", "2"])
@pytest.mark.parametrize("saved", ["", "large"])
def test_every_window_fits_at_every_scale_factor(scale: str, saved: str, tmp_path: Path) -> None:
    env = os.environ | {"QT_QPA_PLATFORM": "offscreen", "QT_SCALE_FACTOR": scale, "PYTHONPATH": "tests"}
    place = geometry(QRect(100, 100, 1240, 720), screen_width=int(800 / float(scale))) if saved else ""
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM, place, str(tmp_path / "settings.json")],
        cwd=ROOT,
        env=env,
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.returncode == 0, done.stderr
    measured = json.loads(done.stdout)
    _, _, width, height = measured["free"]
    assert width == pytest.approx(800 / float(scale), abs=1)
    for _, _, frame_width, frame_height in measured["frames"]:
        assert frame_width <= width
        assert frame_height <= height
    assert measured["minimum"][0] <= width
    if not saved:
        assert measured["size"] == [int(0.9 * width), min(720, int(0.9 * height))]
