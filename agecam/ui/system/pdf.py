"""Writes a report as PDF, laid out with Qt. Needs no display; may be used on any thread."""

import ctypes
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from PySide6.QtCore import QBuffer, QLibraryInfo, QMarginsF
from PySide6.QtGui import QFont, QFontDatabase, QGuiApplication, QPageSize, QPainter, QPdfWriter

from agecam.errors import OutputError
from agecam.outputs.report.content import Report
from agecam.outputs.report.html import title_of
from agecam.outputs.report.words import Phrase, Words
from agecam.overlay.typeface import dejavu_file
from agecam.ui.system.display import use_own_qt
from agecam.ui.system.pdf_layout import PER_POINT, Layout
from agecam.version import __version__

_MARGIN_MM = 15.0


def check_without_window() -> None:
    """Raise OutputError if Qt cannot start without a display; Qt itself would abort the process."""
    use_own_qt()
    if sys.platform.startswith("linux"):
        plugins = Path(QLibraryInfo.path(QLibraryInfo.LibraryPath.PluginsPath), "platforms")
        try:
            ctypes.CDLL(str(plugins / "libqoffscreen.so"))
        except OSError as error:
            raise OutputError(
                "A PDF needs a library of the system that cannot be loaded ({reason}): install it, or choose a name "
                "ending in .html.",
                reason=" ".join(str(error).split()),
            ) from error


def pdf_without_window(report: Report) -> bytes:
    """The report as a PDF, for a command that has no window; in English."""
    with _qt_without_window():
        return pdf_document(report, Words())


@contextmanager
def _qt_without_window() -> Iterator[None]:
    """Lets Qt use fonts without a display."""
    if QGuiApplication.instance() is not None:
        yield
        return
    check_without_window()
    application = QGuiApplication(["agecam", "-platform", "offscreen"])
    if not QFontDatabase.families():
        number = QFontDatabase.addApplicationFont(str(dejavu_file(bold=False)))
        application.setFont(QFont(QFontDatabase.applicationFontFamilies(number)[0]))
    yield
    del application


def pdf_document(report: Report, words: Words) -> bytes:
    """The report as a PDF of A4 pages. Qt must be running: the window's, or `without_window`."""
    buffer = QBuffer()
    buffer.open(QBuffer.OpenModeFlag.WriteOnly)
    writer = QPdfWriter(buffer)
    writer.setResolution(72 * PER_POINT)
    writer.setPageSize(QPageSize(QPageSize.PageSizeId.A4))
    writer.setPageMargins(QMarginsF(_MARGIN_MM, _MARGIN_MM, _MARGIN_MM, _MARGIN_MM))
    writer.setTitle(words(Phrase.TITLE, name=title_of(report, words)))
    writer.setCreator(f"AgeCam {__version__}")
    painter = QPainter(writer)
    try:
        Layout(writer, painter, report, words).draw()
    finally:
        painter.end()
    return bytes(buffer.data().data())
