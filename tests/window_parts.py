"""The real window with fake sources and a fake engine, for tests."""

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
from agecam.runtime.crash import UncaughtErrors
from agecam.runtime.settings import Settings, load_settings
from agecam.sources import CameraInfo, CameraMode, FrameSource
from agecam.ui.app import open_with, recognise
from agecam.ui.controllers.opener import OpenedSource
from agecam.ui.main_window import MainWindow
from agecam.ui.widgets.notices import NoticeAction

Dialog = TypeVar("Dialog", bound=QDialog)
TIMEOUT_MS = 8000
CAMERA = "camera://"


class DialogGuard:
    """Reports dialogs that open while a test runs and that the test neither answers nor closes."""

    def __init__(self, patience_ms: int = 3000) -> None:
        """
        Args:
            patience_ms: how long a modal dialog may stay open; then it is closed, or the test would wait for ever.
        """
        self._patience_ms = patience_ms
        self._known: set[int] = set()
        self._unexpected: list[str] = []
        self._timer = QTimer(interval=10)
        self._timer.timeout.connect(self._check)
        self._timer.start()

    def finish(self) -> list[str]:
        """Stop watching; return what was unexpected, including dialogs that are still open, which are closed."""
        self._timer.stop()
        for widget in QApplication.topLevelWidgets():
            if isinstance(widget, QDialog) and widget.isVisible():
                self._report(widget)
        return self._unexpected

    def _check(self) -> None:
        dialog = QApplication.activeModalWidget()
        if dialog is not None and id(dialog) not in self._known:
            self._known.add(id(dialog))
            QTimer.singleShot(self._patience_ms, lambda: self._report_if_open(dialog))

    def _report_if_open(self, dialog: QWidget) -> None:
        if QApplication.activeModalWidget() is dialog:
            self._report(dialog)
            self._known.discard(id(dialog))

    def _report(self, dialog: QWidget) -> None:
        self._unexpected.append(f"{type(dialog).__name__}: {dialog.windowTitle()}")
        dialog.close()


class WindowHarness:
    """Opens the window with fake sources and a fake engine, and simulates its user."""

    def __init__(self, qtbot: QtBot, folder: Path) -> None:
        self._qtbot = qtbot
        self.folder = folder
        self.settings_path = folder / "settings.json"
        self.saved = folder / "saved"
        self.engine = SquareEngine()
        self.engine_error: AgeCamError | None = None
        """Raised by the first attempt to build the engine."""
        self.loading = threading.Event()
        """While cleared, the networks are still loading."""
        self.loading.set()
        self.built: list[EngineOptions] = []
        self.cameras: list[CameraInfo] = []
        self.modes: list[CameraMode] = [CameraMode(640, 480, 30), CameraMode(1280, 720, 30)]
        self.sources: dict[str, Callable[[Settings], FrameSource]] = {}
        """Fake sources by spec; a decimal number is a camera."""
        self.uncaught: UncaughtErrors | None = None
        """Errors that nothing has caught, for windows that are opened from now on."""
        self.windows: list[MainWindow] = []

    def open_window(self, **settings: object) -> MainWindow:
        """Open the window with these settings."""
        chosen = Settings(**({"folder": str(self.saved), "asked_to_blur": True, "welcomed": True} | settings))  # type: ignore[arg-type]
        return self._show(chosen)

    def restart(self) -> MainWindow:
        """Open the window with the saved settings, as after a restart."""
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
            uncaught=self.uncaught,
        )
        self.windows.append(window)
        window.show()
        with self._qtbot.waitExposed(window):
            pass
        window.activateWindow()
        with self._qtbot.waitActive(window):  # only the active window receives keys
            pass
        return window

    def wait_until(self, condition: Callable[[], object], timeout_ms: int = TIMEOUT_MS) -> None:
        """Let the window run until the condition holds."""
        self._qtbot.waitUntil(lambda: bool(condition()), timeout=timeout_ms)

    def wait(self, ms: int) -> None:
        """Let the window run for this time."""
        self._qtbot.wait(ms)

    def wait_for_label(self, window: MainWindow) -> None:
        """Wait until a face has a label."""
        self.wait_until(lambda: (view := window.session.view()) is not None and view.faces)
        self.wait_until(lambda: window.video.picture is not None)

    def press(self, window: MainWindow, key: Qt.Key | str, *modifiers: Qt.KeyboardModifier) -> None:
        """Press a key as soon as the window is active, which takes a moment after a dialog."""
        self.wait_until(lambda: QApplication.activeWindow() is window or window.activateWindow())
        held = Qt.KeyboardModifier.NoModifier
        for modifier in modifiers:
            held |= modifier
        QTest.keyClick(window, key, held)  # type: ignore[call-overload]

    def in_dialog(self, kind: type[Dialog], act: Callable[[Dialog], None]) -> list[Dialog]:
        """Run `act` in the dialog that opens next; the returned list then holds the dialog."""
        seen: list[Dialog] = []
        began = time.monotonic()

        def look() -> None:
            dialog = QApplication.activeModalWidget()
            if isinstance(dialog, kind):
                seen.append(dialog)
                act(dialog)
            elif time.monotonic() - began < TIMEOUT_MS / 1000:
                QTimer.singleShot(20, look)

        QTimer.singleShot(0, look)
        return seen

    def close(self) -> None:
        """Close all windows; fails if that takes longer than 2 s."""
        self.loading.set()
        for window in self.windows:
            began = time.monotonic()
            window.close()
            assert window.all_ended
            assert time.monotonic() - began < 2
            window.deleteLater()
        self.windows = []
        QApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete)
        gc.collect()  # so that it does not happen in a thread of a later test

    # Callbacks of the window.

    def _build(self, options: EngineOptions) -> LiveEngine:
        self.built.append(options)
        self.loading.wait(10)
        if self.engine_error is not None and len(self.built) == 1:
            raise self.engine_error
        return self.engine

    def _open(self, spec: str, settings: Settings) -> FrameSource:
        name = spec.removeprefix(CAMERA)
        return self.sources[name](settings) if name in self.sources else open_with(spec, settings)

    def _recognise(self, spec: str) -> OpenedSource:
        name = spec.removeprefix(CAMERA)
        if name not in self.sources:
            return recognise(spec)
        is_camera = name.isdecimal()
        return OpenedSource(spec, f"camera {name}" if is_camera else name, is_camera, is_camera)


def press_button(window: MainWindow, action: NoticeAction) -> None:
    """Press a button of the notice, which must be visible."""
    button = window.video.notice.buttons[action]
    assert button.isVisible(), action
    QTest.mouseClick(button, Qt.MouseButton.LeftButton)


def texts_of(widget: QWidget) -> str:
    """All texts in a widget, one per line."""
    parts = [child.property("text") for child in widget.findChildren(QWidget)]
    return "\n".join(part for part in parts if isinstance(part, str))


def menu_texts(actions: list[QAction]) -> list[str]:
    """Texts of the entries of a menu, without mnemonics."""
    return [action.text().replace("&", "") for action in actions if not action.isSeparator()]
