"""Opens the window. The inference thread loads the networks after the window is visible."""

import logging
import logging.handlers
import os
import signal
import sys
from dataclasses import replace
from pathlib import Path

from platformdirs import user_log_path
from PySide6.QtCore import QLibraryInfo, QLocale, QTimer, QTranslator
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QApplication

from agecam.engine.options import EngineOptions
from agecam.live import LiveEngine
from agecam.runtime.settings import Settings, Theme, default_path, load_settings
from agecam.sources import FrameSource, is_live_spec, list_cameras, name_of, open_source
from agecam.ui.controllers.opener import OpenedSource
from agecam.ui.main_window import MainWindow
from agecam.ui.messages import translated
from agecam.ui.theme import apply_theme
from agecam.version import __version__

log = logging.getLogger(__name__)

_TRANSLATIONS = Path(__file__).parent / "translations"
_LOG_BYTES = 500_000


def run_window(spec: str | None, model: str | None = None) -> int:
    """Open the window and run it; returns the exit code.

    Args:
        spec: source to open; None for the first camera, or the demo if no camera is connected.
        model: model to use from now on, instead of the one in the settings.
    """
    log_path = start_log()
    path = default_path()
    settings, problem = load_settings(path)
    if problem is not None:
        log.error("%s", problem)
    if model is not None:
        settings = replace(settings, model=model)
    application, translators = prepare_application(settings.theme)
    window = MainWindow(settings, path, build_engine, open_with, recognise, list_cameras, log_path=log_path)
    window.cameras.start()
    window.show()
    if problem is not None:
        window.video.toast.show_message(translated(problem))
    QTimer.singleShot(0, lambda: window.open(spec) if spec else window.open_first())
    wake_for_signals(application, window)
    code = application.exec()
    del translators
    if not window.all_ended:
        # A camera driver hangs, or the networks are still loading. Neither can be interrupted, and shutting Python
        # down while a thread runs would crash. All files are closed.
        log.warning("a thread did not stop in time")
        logging.shutdown()
        os._exit(code)
    return code


def prepare_application(theme: Theme) -> tuple[QApplication, list[QTranslator]]:
    """Create Qt's application in the system's language; keep the returned translators alive."""
    # OpenCV sets these variables to the plugins and fonts of its bundled, older Qt.
    for name in ("QT_QPA_PLATFORM_PLUGIN_PATH", "QT_QPA_FONTDIR"):
        if "cv2" in os.environ.get(name, ""):
            del os.environ[name]
    application = QApplication.instance() or QApplication(sys.argv[:1])
    assert isinstance(application, QApplication)
    QGuiApplication.setApplicationDisplayName("AgeCam")
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
    return OpenedSource(spec, name_of(spec), is_live, is_camera=is_live and "://" not in spec)


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


def start_log() -> Path:
    """Start logging to a file in the platform's log folder; returns its path."""
    path = user_log_path("AgeCam", appauthor=False) / "agecam.log"
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        handler: logging.Handler = logging.handlers.RotatingFileHandler(
            path, maxBytes=_LOG_BYTES, backupCount=1, encoding="utf-8", delay=True
        )
    except OSError:  # the window must open even if no log can be written
        handler = logging.NullHandler()
    handler.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(name)s: %(message)s"))
    logger = logging.getLogger("agecam")
    logger.handlers = [handler]
    logger.setLevel(logging.INFO)
    return path


def wake_for_signals(application: QApplication, window: MainWindow) -> None:
    """Close the window on Ctrl-C in the terminal.

    Python handles signals only while it runs bytecode, so a timer wakes it five times a second.
    """
    signal.signal(signal.SIGINT, lambda *_: window.close())
    timer = QTimer(application, interval=200)
    timer.timeout.connect(lambda: None)
    timer.start()
