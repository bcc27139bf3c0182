"""Opens the window. The networks are loaded by the inference thread, when the window is on the screen."""

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

from agecam import __version__
from agecam.engine.options import EngineOptions
from agecam.live import LiveEngine
from agecam.runtime.settings import Settings, Theme, default_path, load_settings
from agecam.sources import FrameSource, is_live_spec, list_cameras, name_of, open_source
from agecam.ui.look import apply_theme
from agecam.ui.main_window import MainWindow
from agecam.ui.messages import told
from agecam.ui.opener import OpenedSource

log = logging.getLogger(__name__)

_TRANSLATIONS = Path(__file__).parent / "translations"
_LOG_BYTES = 500_000


def run_window(spec: str | None, model: str | None = None) -> int:
    """Open the window with a source, by default the first camera or else the demo; returns the exit code.

    Args:
        model: to use from now on, instead of the one that the settings name.
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
        window.video.toast.tell(told(problem))
    QTimer.singleShot(0, lambda: window.open(spec) if spec else window.open_first())
    wake_for_signals(application, window)
    code = application.exec()
    del translators
    if not window.all_ended:
        # A camera driver hangs, or the networks are still being loaded: neither can be ended from outside, and
        # taking Python down around a running thread would crash. All files are closed.
        log.warning("a thread did not end in time")
        logging.shutdown()
        os._exit(code)
    return code


def prepare_application(theme: Theme) -> tuple[QApplication, list[QTranslator]]:
    """Qt's application, in the person's language; the translators must be kept alive."""
    # OpenCV has pointed Qt at the plugins and fonts of its own, older Qt.
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
    """The engine; imports what computes only now, on the thread that calls it. Raises AgeCamError."""
    from agecam.live.loading import build_live_engine

    return build_live_engine(options)


def open_with(spec: str, settings: Settings) -> FrameSource:
    """A source as the settings want it; raises SourceError."""
    return open_source(spec, settings.camera_mode)


def recognise(spec: str) -> OpenedSource:
    """What stands behind the words for a source, without opening it."""
    is_live = is_live_spec(spec)
    return OpenedSource(spec, name_of(spec), is_live, is_camera=is_live and "://" not in spec)


def install_translations(application: QApplication, locale: QLocale) -> list[QTranslator]:
    """The window's texts and Qt's own in a language, where we have it; they must be kept alive."""
    installed = []
    for folder, name in ((_TRANSLATIONS, "agecam"), (QLibraryInfo.path(_QT_TRANSLATIONS), "qtbase")):
        translator = QTranslator(application)
        if translator.load(locale, name, "_", str(folder)):
            application.installTranslator(translator)
            installed.append(translator)
    return installed


_QT_TRANSLATIONS = QLibraryInfo.LibraryPath.TranslationsPath


def start_log() -> Path:
    """Write warnings and errors to the file where the platform keeps logs; returns it."""
    path = user_log_path("AgeCam", appauthor=False) / "agecam.log"
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        handler: logging.Handler = logging.handlers.RotatingFileHandler(
            path, maxBytes=_LOG_BYTES, backupCount=1, encoding="utf-8", delay=True
        )
    except OSError:  # without a log rather than without a window
        handler = logging.NullHandler()
    handler.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(name)s: %(message)s"))
    ours = logging.getLogger("agecam")
    ours.handlers = [handler]
    ours.setLevel(logging.INFO)
    return path


def wake_for_signals(application: QApplication, window: MainWindow) -> None:
    """Ctrl-C in the terminal closes the window: Python sees it only when it runs, a few times a second."""
    signal.signal(signal.SIGINT, lambda *_: window.close())
    timer = QTimer(application, interval=200)
    timer.timeout.connect(lambda: None)
    timer.start()
