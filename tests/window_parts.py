"""The real window on a desk of its own: sources and engine by name, everything else as people have it."""

import gc
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

from live_parts import SquareEngine
from PySide6.QtCore import QEvent, Qt, QTimer
from PySide6.QtGui import QAction
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QDialog, QWidget
from pytestqt.qtbot import QtBot

from agecam.engine.options import EngineOptions
from agecam.errors import AgeCamError
from agecam.live import LiveEngine
from agecam.runtime.settings import Settings, load_settings
from agecam.sources import CameraInfo, CameraMode, FrameSource
from agecam.ui.app import open_with, recognise
from agecam.ui.main_window import MainWindow
from agecam.ui.opener import OpenedSource

Dialog = TypeVar("Dialog", bound=QDialog)
SOON_MS = 8000


class Desk:
    """A window, what it can open, and the hands before it."""

    def __init__(self, qtbot: QtBot, folder: Path) -> None:
        self._qtbot = qtbot
        self.folder = folder
        self.settings_path = folder / "settings.json"
        self.saved = folder / "saved"
        self.engine = SquareEngine()
        self.engine_error: AgeCamError | None = None
        """Of the first attempt to build it."""
        self.loading = threading.Event()
        """Cleared, the networks are not loaded yet."""
        self.loading.set()
        self.built: list[EngineOptions] = []
        self.cameras: list[CameraInfo] = []
        self.modes: list[CameraMode] = [CameraMode(640, 480, 30), CameraMode(1280, 720, 30)]
        self.sources: dict[str, Callable[[Settings], FrameSource]] = {}
        """What is opened by name instead of for real; those named 'camera ...' are live."""
        self.windows: list[MainWindow] = []

    def window(self, **settings: object) -> MainWindow:
        """Open the window as a person who has these settings would find it."""
        chosen = Settings(**({"folder": str(self.saved)} | settings))  # type: ignore[arg-type]
        return self._show(chosen)

    def window_again(self) -> MainWindow:
        """As after a restart."""
        settings, problem = load_settings(self.settings_path)
        assert problem is None
        return self._show(settings)

    def _show(self, settings: Settings) -> MainWindow:
        window = MainWindow(
            settings,
            self.settings_path,
            self._build,
            self._open,
            self._recognise,
            lambda: list(self.cameras),
            lambda _: list(self.modes),
        )
        self.windows.append(window)
        window.show()
        with self._qtbot.waitExposed(window):
            pass
        window.activateWindow()
        with self._qtbot.waitActive(window):  # keys go to the active window alone
            pass
        return window

    def until(self, condition: Callable[[], object], timeout_ms: int = SOON_MS) -> None:
        """Let the window run until something is so."""
        self._qtbot.waitUntil(lambda: bool(condition()), timeout=timeout_ms)

    def pause(self, ms: int) -> None:
        """Let the window run for so long."""
        self._qtbot.wait(ms)

    def labelled(self, window: MainWindow) -> None:
        """Until a face has its label."""
        self.until(lambda: (view := window.session.view()) is not None and view.faces)
        self.until(lambda: window.video.picture is not None)

    def press(self, window: MainWindow, key: Qt.Key | str, *modifiers: Qt.KeyboardModifier) -> None:
        """A key, as the keyboard sends it to the window: it has the focus again after a dialog."""
        self.until(lambda: QApplication.activeWindow() is window or window.activateWindow())
        held = Qt.KeyboardModifier.NoModifier
        for modifier in modifiers:
            held |= modifier
        QTest.keyClick(window, key, held)  # type: ignore[call-overload]

    def in_dialog(self, kind: type[Dialog], act: Callable[[Dialog], None]) -> list[Dialog]:
        """Do this in the dialog that opens next; the list holds it then."""
        seen: list[Dialog] = []
        began = time.monotonic()

        def look() -> None:
            dialog = QApplication.activeModalWidget()
            if isinstance(dialog, kind):
                seen.append(dialog)
                act(dialog)
            elif time.monotonic() - began < SOON_MS / 1000:
                QTimer.singleShot(20, look)

        QTimer.singleShot(0, look)
        return seen

    def close(self) -> None:
        """Close every window; fails where that takes long."""
        self.loading.set()
        for window in self.windows:
            began = time.monotonic()
            window.close()
            assert window.all_ended
            assert time.monotonic() - began < 2
            window.deleteLater()
        self.windows = []
        QApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete)
        gc.collect()  # here, and not in a thread of a later test

    # What the window is given.

    def _build(self, options: EngineOptions, _: object) -> LiveEngine:
        self.built.append(options)
        self.loading.wait(10)
        if self.engine_error is not None and len(self.built) == 1:
            raise self.engine_error
        return self.engine

    def _open(self, spec: str, settings: Settings) -> FrameSource:
        return self.sources[spec](settings) if spec in self.sources else open_with(spec, settings)

    def _recognise(self, spec: str) -> OpenedSource:
        if spec not in self.sources:
            return recognise(spec)
        is_camera = spec.isdecimal()
        return OpenedSource(spec, f"camera {spec}" if is_camera else spec, is_camera, is_camera)


def texts_of(widget: QWidget) -> str:
    """All that can be read in a widget."""
    parts = [child.property("text") for child in widget.findChildren(QWidget)]
    return "\n".join(part for part in parts if isinstance(part, str))


def entries(actions: list[QAction]) -> list[str]:
    """Of a menu, as a person reads them."""
    return [action.text().replace("&", "") for action in actions if not action.isSeparator()]
