"""Opens the window. The inference thread loads the networks after the window is visible."""

import logging
import os
import signal
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

from PySide6.QtCore import QLibraryInfo, QLocale, QTimer, QTranslator
from PySide6.QtGui import QGuiApplication, QIcon
from PySide6.QtWidgets import QApplication

from agecam.engine.options import EngineOptions
from agecam.errors import as_agecam_error
from agecam.live import LiveEngine
from agecam.runtime import desktop_entry
from agecam.runtime.crash import UncaughtErrors
from agecam.runtime.log import start_log
from agecam.runtime.settings import Settings, Theme, default_path, load_settings
from agecam.runtime.signals import TERMINATION, exit_status, interruption
from agecam.sources import FrameSource, is_live_spec, list_cameras, name_of, open_source, word_kind
from agecam.ui.controllers.opener import OpenedSource
from agecam.ui.controllers.settings import with_installed_model
from agecam.ui.main_window import MainWindow
from agecam.ui.messages import translated
from agecam.ui.system.display import use_own_qt
from agecam.ui.system.qt_messages import LoggedQtMessages
from agecam.ui.theme import apply_theme
from agecam.ui.widgets.dialogs import FailedStartDialog
from agecam.version import __version__

log = logging.getLogger(__name__)

_TRANSLATIONS = Path(__file__).parent / "translations"


def run_window(specs: Sequence[str], model: str | None = None) -> int:
    """Open the window and run it; returns the exit code.

    Args:
        specs: sources to open; none for the first camera, or the demo if no camera is connected.
        model: model to use from now on, instead of the one in the settings.
    """
    log_path = start_log()
    with LoggedQtMessages(), UncaughtErrors() as uncaught:
        path = default_path()
        settings, problem = load_settings(path)
        if model is not None:
            settings = replace(settings, model=model)
        settings, missing = with_installed_model(settings)
        problem = problem or missing
        if problem is not None:
            log.error("%s", problem)
        application, translators = prepare_application(settings.theme)
        with close_on_signals(application) as signals:
            try:
                window = MainWindow(
                    settings,
                    path,
                    build_engine,
                    open_with,
                    recognise,
                    list_cameras,
                    log_path=log_path,
                    uncaught=uncaught,
                )
                window.cameras.start()
                window.show()
            except Exception as error:  # there may be no terminal in which the caller can report it
                FailedStartDialog(as_agecam_error(error)).exec()
                raise
            if problem is not None:
                window.video.toast.show_message(translated(problem))
            QTimer.singleShot(0, lambda: window.open_all(specs) if any(specs) else window.open_first())
            code = application.exec()
        del translators
        if signals:
            code = exit_status(interruption(signals[0]))
        if not window.all_ended:
            # A camera driver hangs, or the networks are still loading. Neither can be interrupted, and shutting Python
            # down while a thread runs would crash. All files are closed.
            log.warning("a thread did not stop in time")
            logging.shutdown()
            os._exit(code)
    return code


def prepare_application(theme: Theme) -> tuple[QApplication, list[QTranslator]]:
    """Create Qt's application in the system's language; keep the returned translators alive."""
    use_own_qt()
    application = QApplication.instance() or QApplication(sys.argv[:1])
    assert isinstance(application, QApplication)
    QGuiApplication.setApplicationDisplayName("AgeCam")
    QGuiApplication.setDesktopFileName(desktop_entry.NAME)
    application.setWindowIcon(QIcon(str(desktop_entry.ICON)))
    application.setApplicationName("AgeCam")
    application.setApplicationVersion(__version__)
    application.setStyle("Fusion")
    apply_theme(application, theme)
    return application, install_translations(application, QLocale.system())


def build_engine(options: EngineOptions) -> LiveEngine:
    """Build the engine; imports the backends only now, on the calling thread. Raises AgeCamError."""
    from agecam.live.loading import build_live_engine

    return build_live_engine(options)


def open_with(spec: str, settings: Settings) -> FrameSource:
    """Open a source with the camera mode from the settings; raises SourceError."""
    return open_source(spec, settings.camera_mode)


def recognise(spec: str) -> OpenedSource:
    """Identify the source that `spec` names without opening it."""
    is_live = is_live_spec(spec)
    return OpenedSource(spec, name_of(spec), is_live, is_camera=is_live and word_kind(spec) != "address")


def install_translations(application: QApplication, locale: QLocale) -> list[QTranslator]:
    """Install translations of the window's and Qt's texts, if available; keep the returned translators alive."""
    installed = []
    for folder, name in ((_TRANSLATIONS, "agecam"), (QLibraryInfo.path(_QT_TRANSLATIONS), "qtbase")):
        translator = QTranslator(application)
        if translator.load(locale, name, "_", str(folder)):
            application.installTranslator(translator)
            installed.append(translator)
    return installed


_QT_TRANSLATIONS = QLibraryInfo.LibraryPath.TranslationsPath


@contextmanager
def close_on_signals(application: QApplication) -> Iterator[list[int]]:
    """Close all windows on Ctrl-C in the terminal, and when the system asks the process to end.

    Python handles signals only while it runs bytecode, so a timer wakes it five times a second.

    Yields:
        A list that will hold the numbers of the signals.
    """
    received: list[int] = []

    def close(number: int, _: object) -> None:
        received.append(number)
        QTimer.singleShot(0, QApplication.closeAllWindows)  # not in the middle of what was interrupted

    before = {number: signal.getsignal(number) for number in (signal.SIGINT, *TERMINATION)}
    handled = [number for number, handler in before.items() if handler is not signal.SIG_IGN]  # SIGHUP under nohup
    for number in handled:
        signal.signal(number, close)
    timer = QTimer(application, interval=200)
    timer.timeout.connect(lambda: None)
    timer.start()
    try:
        yield received
    finally:
        timer.stop()
        for number in handled:
            signal.signal(number, before[number])
