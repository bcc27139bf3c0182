"""Label texts in the language of the window, drawn with system fonts where necessary."""

from functools import lru_cache

import numpy as np
from PySide6.QtGui import QColor, QFont, QFontDatabase, QFontMetrics, QImage, QPainter

from agecam.overlay import Words
from agecam.overlay.typeface import Written, dejavu, dejavu_file
from agecam.ui.messages import Text


def words_of_window() -> Words:
    """Translated words for the labels; system fonts are used if they are not ASCII, as the label font may lack them."""
    female, male, unsure = Text.FEMALE(), Text.MALE(), Text.UNSURE()
    return Words(female, male, unsure, dejavu if f"{female}{male}{unsure}".isascii() else with_system_fonts)


def with_system_fonts(text: str, size_px: int, bold: bool) -> Written:
    """Like `agecam.overlay.typeface.dejavu`, but Qt finds a font for every character; for the window's thread only."""
    font = QFont(_families()[bold])
    font.setBold(bold)
    font.setPixelSize(size_px)
    metrics = QFontMetrics(font)
    advance, ascent = metrics.horizontalAdvance(text), metrics.ascent()
    image = QImage(advance + 1, metrics.height(), QImage.Format.Format_Grayscale8)
    image.fill(0)
    painter = QPainter(image)
    painter.setFont(font)
    painter.setPen(QColor("white"))
    painter.drawText(0, ascent, text)
    painter.end()
    rows = np.frombuffer(image.constBits(), np.uint8).reshape(image.height(), image.bytesPerLine())
    return Written(rows[:, : image.width()].copy(), advance, ascent)


@lru_cache(maxsize=1)
def _families() -> tuple[str, str]:
    """Qt's family names of the label font, regular and bold."""
    names = [
        QFontDatabase.applicationFontFamilies(QFontDatabase.addApplicationFont(str(dejavu_file(bold))))
        for bold in (False, True)
    ]
    return names[0][0], names[1][0]
