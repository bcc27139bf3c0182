"""Places the parts of a report on the pages of a PDF."""

from collections.abc import Sequence

import numpy as np
from PySide6.QtCore import QByteArray, QPointF, QRectF, QSizeF, Qt
from PySide6.QtGui import QColor, QFont, QFontMetricsF, QImage, QPainter, QPainterPath, QPdfWriter
from PySide6.QtSvg import QSvgRenderer

from agecam.outputs.report.charts import PRINTED, WIDTH, age_bar, lanes_height, timeline
from agecam.outputs.report.content import Film, Person, Picture, Report
from agecam.outputs.report.html import about, facts, notes_of, title_of
from agecam.outputs.report.words import Phrase, Words
from agecam.types import Image
from agecam.version import __version__

PER_POINT = 10
"""Units per typographic point: all lengths are in these units, so that they are whole numbers."""
_LANES_A_PAGE = 16
"""More people are shown in several timelines."""
_GAP = 100
_PORTRAIT = 560
_BODY, _SMALL = 95, 82
_AGE = 190
_INK, _FAINT, _LINE = QColor(PRINTED.text), QColor(PRINTED.faint), QColor("#c9ccd3")


class Layout:
    """Places the parts of a report below each other, on as many pages as they need."""

    def __init__(self, writer: QPdfWriter, painter: QPainter, report: Report, words: Words) -> None:
        self._writer, self._painter = writer, painter
        self._report, self._words = report, words
        self._size = QSizeF(writer.width(), writer.height() - 220)  # with room for the page's number
        self._y = 0.0
        self._page = 1
        self._images = QPainter.RenderHint.SmoothPixmapTransform | QPainter.RenderHint.Antialiasing
        painter.setRenderHints(self._images)

    def draw(self) -> None:
        """Draw all pages."""
        report, words = self._report, self._words
        self._number_page()
        self._text(words(Phrase.HEADING), 220, bold=True)
        self._text(title_of(report, words), 130, _FAINT)
        self._y += 80
        self._facts()
        if report.blurred:
            self._y += 60
            self._text(words(Phrase.BLURRED), _BODY)
        for film in report.films:
            self._film(film, several=len(report.sources) > 1)
        if report.pictures:
            self._heading(words(Phrase.PICTURES), 3 * _PORTRAIT)
        for picture in report.pictures:
            self._picture(picture)
        if report.left_out:
            self._text(words(Phrase.MORE_PICTURES, count=report.left_out), _BODY, _FAINT)
        self._about()

    # --- parts -----------------------------------------------------------------------------------------

    def _facts(self) -> None:
        rows = facts(self._report, self._words)
        metrics = self._metrics(_BODY)
        column = max(metrics.horizontalAdvance(label) for label, _ in rows) + 150
        for label, value in rows:
            height = self._height(value, _BODY, self._size.width() - column)
            self._room(height)
            self._write(label, QRectF(0, self._y, column, height), _BODY, _FAINT)
            self._write(value, QRectF(column, self._y, self._size.width() - column, height), _BODY)
            self._y += height + 15

    def _film(self, film: Film, several: bool) -> None:
        if several:
            self._heading(film.name, 2 * _PORTRAIT)
        if not film.people:
            self._text(self._words(Phrase.NO_ONE), _BODY)
            return
        self._heading(self._words(Phrase.PEOPLE), 2 * _PORTRAIT)
        self._cards(film.people, Phrase.PERSON)
        if film.left_out:
            self._text(self._words(Phrase.MORE_PEOPLE, count=film.left_out), _BODY, _FAINT)
        for start in range(0, len(film.people), _LANES_A_PAGE):
            people = film.people[start : start + _LANES_A_PAGE]
            height = self._size.width() * lanes_height(len(people)) / WIDTH
            if start == 0:
                self._heading(self._words(Phrase.IN_VIEW_HEADING), height)
            self._room(height)
            self._svg(timeline(film, people, self._words, PRINTED), QRectF(0, self._y, self._size.width(), height))
            self._y += height + _GAP

    def _picture(self, picture: Picture) -> None:
        height_px, width_px = picture.image_bgr.shape[:2]
        scale = min(0.62 * self._size.width() / width_px, 0.36 * self._size.height() / height_px)
        height = scale * height_px
        self._room(self._height(picture.name, _BODY, self._size.width(), bold=True) + height + 2 * _PORTRAIT)
        self._text(picture.name, _BODY, bold=True)
        self._painter.drawImage(QRectF(0, self._y + 20, scale * width_px, height), _image(picture.image_bgr))
        self._y += height + _GAP
        if picture.people:
            self._cards(picture.people, Phrase.FACE)
        else:
            self._text(self._words(Phrase.NO_ONE), _BODY, _FAINT)
        if picture.left_out:
            self._text(self._words(Phrase.MORE_PEOPLE, count=picture.left_out), _BODY, _FAINT)
        self._y += _GAP

    def _about(self) -> None:
        sentences = [*about(self._report, self._words), self._words(Phrase.PRIVACY, version=__version__)]
        self._heading(self._words(Phrase.ABOUT), sum(self._height(text, 90, self._size.width()) for text in sentences))
        for sentence in sentences:
            self._text(sentence, 90)
            self._y += 40

    # --- cards -----------------------------------------------------------------------------------------

    def _cards(self, people: Sequence[Person], name: Phrase) -> None:
        """Two columns of cards; a row of them is never divided between pages."""
        width = (self._size.width() - _GAP) / 2
        for start in range(0, len(people), 2):
            row = people[start : start + 2]
            texts = [self._lines(person) for person in row]
            inside = width - _PORTRAIT - 3 * 70
            height = max(sum(self._height(text, _SMALL, inside) for text in lines) for lines in texts) + 700
            self._room(height + _GAP)
            for column, (person, lines) in enumerate(zip(row, texts, strict=True)):
                frame = QRectF(column * (width + _GAP), self._y, width, height)
                self._card(person, self._words(name, number=person.number), lines, frame)
            self._y += height + _GAP

    def _lines(self, person: Person) -> list[str]:
        interval = self._words(Phrase.INTERVAL, low=round(person.age_low), high=round(person.age_high))
        return [interval, *notes_of(person, self._report, self._words)]

    def _card(self, person: Person, name: str, lines: Sequence[str], frame: QRectF) -> None:
        painter = self._painter
        painter.setPen(_LINE)
        painter.drawRoundedRect(frame, 70, 70)
        self._portrait(person.thumbnail_bgr, QRectF(frame.left() + 70, frame.top() + 70, _PORTRAIT, _PORTRAIT))
        x, y = frame.left() + _PORTRAIT + 140, frame.top() + 60
        width = frame.right() - x - 70
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(QColor(PRINTED.person(person.number)))
        painter.drawEllipse(QPointF(x + 35, y + 62), 35, 35)
        painter.setBrush(Qt.BrushStyle.NoBrush)
        self._write(name, QRectF(x + 100, y, width - 100, 130), _BODY, bold=True)
        age = self._words(Phrase.YEARS, age=round(person.age))
        self._write(age, QRectF(x, y + 115, width, 260), _AGE, bold=True)
        indent = self._metrics(_AGE, bold=True).horizontalAdvance(age) + 50
        # On the same line as the large figure: 0.95 em is about the ascent of usual fonts.
        self._write(self._words(Phrase.APPARENT_AGE), QRectF(x + indent, y + 215, width - indent, 120), _SMALL, _FAINT)
        y += 360
        for line in lines:
            height = self._height(line, _SMALL, width)
            self._write(line, QRectF(x, y, width, height), _SMALL, _FAINT)
            y += height
        bar = min(width, 1500.0)
        self._svg(age_bar(person, self._words, PRINTED), QRectF(x, y + 20, bar, bar * 28 / 220))

    def _portrait(self, image_bgr: Image, place: QRectF) -> None:
        outline = QPainterPath()
        outline.addRoundedRect(place, 50, 50)
        self._painter.save()
        self._painter.setClipPath(outline)
        self._painter.drawImage(place, _image(image_bgr))
        self._painter.restore()

    # --- text and pages --------------------------------------------------------------------------------

    def _heading(self, text: str, followed_by: float) -> None:
        """A heading on the same page as what follows it."""
        self._room(350 + min(followed_by, self._size.height() - 700))
        self._y += 140 if self._y else 0
        self._text(text, 140, bold=True)
        self._y += 50

    def _text(self, text: str, size: int, colour: QColor = _INK, bold: bool = False) -> None:
        height = self._height(text, size, self._size.width(), bold)
        self._room(height)
        self._write(text, QRectF(0, self._y, self._size.width(), height), size, colour, bold)
        self._y += height

    def _room(self, height: float) -> None:
        """Begin a new page unless there is room for so much on this one."""
        if self._y + height > self._size.height() and self._y > 0:
            self._writer.newPage()
            self._y = 0.0
            self._page += 1
            self._number_page()

    def _number_page(self) -> None:
        place = QRectF(0, self._writer.height() - 130, self._size.width(), 130)
        self._write(self._words(Phrase.PAGE, number=self._page), place, _SMALL, _FAINT)

    def _write(self, text: str, place: QRectF, size: int, colour: QColor = _INK, bold: bool = False) -> None:
        self._painter.setFont(_font(size, bold))
        self._painter.setPen(colour)
        self._painter.drawText(place, self._wrapping(text, size, place.width(), bold), text)

    def _height(self, text: str, size: int, width: float, bold: bool = False) -> float:
        wrapping = self._wrapping(text, size, width, bold)
        return self._metrics(size, bold).boundingRect(QRectF(0, 0, width, 1e6), wrapping, text).height() + 8

    def _wrapping(self, text: str, size: int, width: float, bold: bool) -> int:
        """Lines end between words, except where a word such as a file's name is longer than a line."""
        metrics = self._metrics(size, bold)
        fits = all(metrics.horizontalAdvance(word) <= width for word in text.split())
        return int(Qt.TextFlag.TextWordWrap if fits else Qt.TextFlag.TextWrapAnywhere)

    def _metrics(self, size: int, bold: bool = False) -> QFontMetricsF:
        return QFontMetricsF(_font(size, bold), self._writer)

    def _svg(self, svg: str, place: QRectF) -> None:
        self._painter.setFont(_font(_SMALL, bold=False))  # which texts of the chart inherit
        QSvgRenderer(QByteArray(svg.encode())).render(self._painter, place)


def _font(size: int, bold: bool) -> QFont:
    font = QFont()
    font.setPixelSize(size)
    font.setBold(bold)
    return font


def _image(image_bgr: Image) -> QImage:
    pixels = np.ascontiguousarray(image_bgr)
    height, width = pixels.shape[:2]
    return QImage(pixels.data, width, height, pixels.strides[0], QImage.Format.Format_BGR888).copy()
