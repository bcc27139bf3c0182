"""Labels rendered with the window's font in the screen's resolution, cached."""

import time
from collections import OrderedDict
from typing import NamedTuple

from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QFont, QFontMetricsF, QImage, QPainter, QPainterPath

from agecam.overlay.labels import Form, Run
from agecam.overlay.sprites import LABEL_BACKGROUND, LABEL_BACKGROUND_OPACITY, Colour

_MAX_BYTES = 2 << 20
"""Of the images kept, unless there are more in view."""
_IN_VIEW_S = 2.0
"""An image that was used within this time may be in view."""
_MAX_LAYOUTS = 512


class Layout(NamedTuple):
    """Size of a label and the places of its texts, in device-independent pixels."""

    width: int
    height: int
    texts: tuple[tuple[Run, float, float], ...]
    """Each run with its left and its baseline."""


class LabelImages:
    """Lays out and renders labels in one font size and for one screen resolution."""

    def __init__(self, font: QFont, text_px: int, ratio: float) -> None:
        """
        Args:
            text_px: font size in device-independent pixels.
            ratio: physical pixels per device-independent pixel.
        """
        self.text_px, self.ratio = text_px, ratio
        self._family = font
        self._fonts: dict[tuple[float, bool], tuple[QFont, QFontMetricsF]] = {}
        self._layouts: OrderedDict[Form, Layout] = OrderedDict()
        self._images: OrderedDict[tuple[Form, Colour], tuple[QImage, float]] = OrderedDict()
        """With the time of their last use, on the monotonic clock; the last one used is at the end."""
        self._bytes = 0

    def layout(self, form: Form) -> Layout:
        """Return the size of a label and the places of its texts."""
        layout = self._layouts.get(form)
        if layout is None:
            layout = self._layouts[form] = self._dot(form) if form.is_dot else self._label(form)
            if len(self._layouts) > _MAX_LAYOUTS:
                self._layouts.popitem(last=False)
        return layout

    def image(self, form: Form, colour: Colour) -> QImage:
        """Render a label with the colour of its face."""
        now_s = time.monotonic()
        if (form, colour) in self._images:
            image, _ = self._images.pop((form, colour))
        else:
            image = self._rendered(form, colour)
            self._bytes += image.sizeInBytes()
        self._images[form, colour] = image, now_s
        while self._bytes > _MAX_BYTES and next(iter(self._images.values()))[1] < now_s - _IN_VIEW_S:
            self._bytes -= self._images.popitem(last=False)[1][0].sizeInBytes()
        return image

    def _font(self, run: Run) -> tuple[QFont, QFontMetricsF]:
        key = (run.scale, run.bold)
        if key not in self._fonts:
            font = QFont(self._family)
            font.setPixelSize(max(6, round(run.scale * self.text_px)))
            font.setWeight(QFont.Weight.DemiBold if run.bold else QFont.Weight.Normal)
            self._fonts[key] = (font, QFontMetricsF(font))
        return self._fonts[key]

    def _label(self, form: Form) -> Layout:
        padding, bar = round(0.45 * self.text_px), _bar_px(self.text_px)
        texts = []
        right, baseline = 0.0, 0.0
        for line in form.lines:
            # Based on the height of capitals, not the font's line height, so that the margins look even.
            baseline += padding + max(self._font(run)[1].capHeight() for run in line)
            x = float(bar + padding)
            for run in line:
                texts.append((run, x, baseline))
                x += self._font(run)[1].horizontalAdvance(run.text)
                right = max(right, x)
                x += 0.4 * self.text_px
        return Layout(round(right + padding + 0.5), round(baseline + padding + 0.5), tuple(texts))

    def _dot(self, form: Form) -> Layout:
        ((run,),) = form.lines
        metrics = self._font(run)[1]
        padding = 0.3 * run.scale * self.text_px
        height = round(metrics.capHeight() + 2 * padding)
        advance = metrics.horizontalAdvance(run.text)
        width = max(height, round(advance + 2 * padding))
        return Layout(width, height, ((run, (width - advance) / 2, (height + metrics.capHeight()) / 2),))

    def _rendered(self, form: Form, colour: Colour) -> QImage:
        layout = self.layout(form)
        size = (round(layout.width * self.ratio + 0.499), round(layout.height * self.ratio + 0.499))
        image = QImage(*size, QImage.Format.Format_ARGB32_Premultiplied)
        image.setDevicePixelRatio(self.ratio)
        image.fill(Qt.GlobalColor.transparent)
        painter = QPainter(image)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        whole = QRectF(0, 0, layout.width, layout.height)
        painter.setPen(Qt.PenStyle.NoPen)
        if form.is_dot:
            radius = layout.height / 2
            painter.setBrush(qcolor(LABEL_BACKGROUND, LABEL_BACKGROUND_OPACITY))
            painter.drawRoundedRect(whole, radius, radius)
            painter.setBrush(qcolor(colour))
            painter.drawRoundedRect(whole.adjusted(1, 1, -1, -1), radius - 1, radius - 1)
        else:
            radius = 0.3 * self.text_px
            shape = QPainterPath()
            shape.addRoundedRect(whole, radius, radius)
            painter.fillPath(shape, qcolor(LABEL_BACKGROUND, LABEL_BACKGROUND_OPACITY))
            painter.setClipPath(shape)
            painter.fillRect(QRectF(0, 0, _bar_px(self.text_px), layout.height), qcolor(colour))
            painter.setClipping(False)
        for run, x, baseline in layout.texts:
            painter.setFont(self._font(run)[0])
            painter.setPen(qcolor(run.colour))
            painter.drawText(QPointF(x, baseline), run.text)
        painter.end()
        return image


def qcolor(colour: Colour, opacity: float = 1.0) -> QColor:
    """Return a BGR colour as Qt's."""
    blue, green, red = colour
    return QColor(red, green, blue, round(255 * opacity))


def _bar_px(text_px: int) -> int:
    return max(2, round(text_px / 5))
