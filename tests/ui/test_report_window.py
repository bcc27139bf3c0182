"""Reports saved from the window, and the PDF: its pages rendered and read by Qt."""

import base64
from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime
from pathlib import Path

import cv2
import numpy as np
import pytest
from live_parts import FakeFile, picture
from PySide6.QtCore import QBuffer, QByteArray, QSize, Qt, QTranslator
from PySide6.QtGui import QImage, QPainter
from PySide6.QtPdf import QPdfDocument
from PySide6.QtWidgets import QApplication, QFileDialog
from pytestqt.qtbot import QtBot
from window_parts import WindowHarness

from agecam.outputs.report.content import Film, Person, Picture, Report
from agecam.outputs.report.words import Phrase, Words
from agecam.overlay import OverlayStyle
from agecam.timeline import Sample, Stretch
from agecam.types import Image
from agecam.ui.main_window import MainWindow
from agecam.ui.messages import translate
from agecam.ui.system.pdf import pdf_document

CTRL, SHIFT = Qt.KeyboardModifier.ControlModifier, Qt.KeyboardModifier.ShiftModifier


@pytest.fixture
def harness(qtbot: QtBot, tmp_path: Path) -> Iterator[WindowHarness]:
    harness = WindowHarness(qtbot, tmp_path)
    harness.sources["clip.mp4"] = lambda _: FakeFile(60)
    yield harness
    harness.close()


def playing_window(harness: WindowHarness, **settings: object) -> MainWindow:
    window = harness.open_window(**settings)
    window.open("clip.mp4")
    harness.wait_for_label(window)
    harness.wait_until(lambda: len(harness.engine.analysed) > 10)
    return window


def wait_for_picture(harness: WindowHarness, window: MainWindow) -> None:
    """Wait until the result for a picture has been noted, which is a moment after its label is shown."""
    harness.wait_until(lambda: any(shown.people for shown in window.report._pictures.content(OverlayStyle())))


def saved(harness: WindowHarness, window: MainWindow, path: Path) -> bytes:
    window.report.save(path)
    harness.wait_until(lambda: f"Saved {path.name}" in window.video.toast.text.text())
    return path.read_bytes()


def portrait_in(page: bytes) -> Image:
    """The thumbnail on the first card."""
    data = page.split(b'class="card"')[1].split(b"base64,")[1].split(b'"')[0]
    image = cv2.imdecode(np.frombuffer(base64.b64decode(data), np.uint8), cv2.IMREAD_COLOR)
    assert image is not None
    return np.asarray(image, np.uint8)


def detail(image: Image) -> float:
    return float(np.asarray(cv2.Laplacian(image, cv2.CV_64F)).std())


def document_of(content: bytes) -> QPdfDocument:
    document = QPdfDocument(None)
    buffer = QBuffer(document)
    buffer.setData(QByteArray(content))
    buffer.open(QBuffer.OpenModeFlag.ReadOnly)
    document.load(buffer)
    assert document.status() is QPdfDocument.Status.Ready
    return document


def text_of(document: QPdfDocument) -> str:
    return "\n".join(document.getAllText(page).text() for page in range(document.pageCount()))


def rendered(document: QPdfDocument, page: int) -> Image:
    """`(842, 595, 3)`: one pixel for each point."""
    canvas = QImage(QSize(595, 842), QImage.Format.Format_BGR888)
    canvas.fill("white")
    painter = QPainter(canvas)
    painter.drawImage(0, 0, document.render(page, canvas.size()))
    painter.end()
    pixels = np.frombuffer(canvas.constBits(), np.uint8).reshape(canvas.height(), canvas.bytesPerLine())
    return pixels[:, : 3 * canvas.width()].reshape(canvas.height(), canvas.width(), 3).copy()


def person(number: int, stretches: tuple[tuple[float, float], ...] = ((0.0, 5.0),)) -> Person:
    samples = tuple(Sample(float(time_s), 30.0, 25.0, 36.0, "female", 0.9) for time_s in np.arange(0, 5, 0.5))
    thumbnail = np.full((64, 64, 3), (0, 0, 255), np.uint8)
    moments = tuple(Stretch(*ends) for ends in stretches)
    return Person(number, 30.0, 25.0, 36.0, "female", 0.9, thumbnail, moments, samples if stretches else ())


def report_of(people: int, pictures: int = 0, name: str = "clip.mp4") -> Report:
    shown = tuple(Picture(f"{index}.jpg", picture(index), (person(1, ()),)) for index in range(pictures))
    film = Film(name, 0.0, 5.0, tuple(person(number) for number in range(1, people + 1)))
    return Report(datetime(2026, 11, 27), "compact", "ab" * 32, (film,), shown)


# --- from the window -----------------------------------------------------------------------------------


def test_the_key_saves_what_the_dialog_names(
    harness: WindowHarness, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    window = playing_window(harness)
    asked: list[str] = []

    def answer(_parent: object, _title: str, suggestion: str, kinds: str) -> tuple[str, str]:
        asked.extend([suggestion, kinds])
        return str(tmp_path / "mine"), "PDF (*.pdf)"

    monkeypatch.setattr(QFileDialog, "getSaveFileName", answer)
    harness.press(window, "e", CTRL, SHIFT)
    harness.wait_until(lambda: "Saved mine.pdf" in window.video.toast.text.text())
    assert asked[0].endswith("clip-report.html") and "*.html" in asked[1] and "*.pdf" in asked[1]
    assert (tmp_path / "mine.pdf").read_bytes().startswith(b"%PDF")


def test_a_video_is_reported_as_people_over_time(harness: WindowHarness, tmp_path: Path) -> None:
    window = playing_window(harness)
    page = saved(harness, window, tmp_path / "report.html").decode()
    assert "clip.mp4" in page and "Person 1" in page and "<polyline" in page
    assert "2.0 s" in page  # the whole duration, not only what was played
    window.actions_.show_gender.setChecked(False)
    assert "female" in page
    assert "female" not in saved(harness, window, tmp_path / "other.html").decode()


def test_pictures_of_a_list_are_collected_and_those_of_another_are_not(harness: WindowHarness, tmp_path: Path) -> None:
    folders = []
    for number in range(2):
        folder = tmp_path / f"list{number}"
        folder.mkdir()
        for index in range(3):
            cv2.imwrite(str(folder / f"n{number}{index}.png"), picture(10 * number + index))
        folders.append(folder)
    window = harness.open_window()

    def is_noted(name: str) -> bool:
        content = window.report._pictures.content(OverlayStyle())
        return any(shown.name == name and shown.people for shown in content)

    for number, folder in enumerate(folders):
        window.open(str(folder))
        harness.wait_until(lambda: window.playlist.is_list)
        for index in range(3):
            harness.wait_until(lambda: is_noted(f"n{number}{index}.png"))  # noqa: B023
            if index < 2:
                harness.press(window, Qt.Key.Key_Right)
        page = saved(harness, window, tmp_path / f"{number}.html").decode()
        assert [f"n{number}{index}.png" in page for index in range(3)] == [True] * 3
        assert f"n{1 - number}0.png" not in page
        assert page.count("Face 1<") == 3


@pytest.mark.parametrize("name", ["blur_faces", "save_blurred"])
def test_blurring_covers_reports(name: str, harness: WindowHarness, tmp_path: Path) -> None:
    path = tmp_path / "a.png"
    cv2.imwrite(str(path), picture(0))
    window = harness.open_window()
    window.open(str(path))
    wait_for_picture(harness, window)
    clear = saved(harness, window, tmp_path / "clear.html")
    assert b"Faces are blurred" not in clear
    window.settings.replace(replace(window.settings.current, **{name: True}))
    blurred = saved(harness, window, tmp_path / "blurred.html")
    assert b"Faces are blurred" in blurred
    assert detail(portrait_in(blurred)) < 0.3 * detail(portrait_in(clear))


@pytest.mark.parametrize("is_still", [True, False])
def test_a_single_person_who_is_blurred_is_blurred_in_the_report(
    is_still: bool, harness: WindowHarness, tmp_path: Path
) -> None:
    if is_still:
        cv2.imwrite(str(tmp_path / "a.png"), picture(0))
        window = harness.open_window()
        window.open(str(tmp_path / "a.png"))
        wait_for_picture(harness, window)
    else:
        window = playing_window(harness)
        window.actions_.play.trigger()
    clear = portrait_in(saved(harness, window, tmp_path / "clear.html"))
    view = window.session.view()
    assert view is not None and view.faces
    window.picture._blur(view.faces[0], True)
    blurred = portrait_in(saved(harness, window, tmp_path / "blurred.html"))
    assert detail(blurred) < 0.3 * detail(clear)


def test_without_a_picture_there_is_no_report(harness: WindowHarness, tmp_path: Path) -> None:
    window = harness.open_window()
    harness.press(window, "e", CTRL, SHIFT)
    assert "Nothing to export yet" in window.video.toast.text.text()
    window.report.save(tmp_path / "report.html")
    assert not (tmp_path / "report.html").exists()


def test_a_report_that_cannot_be_written_is_a_sentence(harness: WindowHarness, tmp_path: Path) -> None:
    window = playing_window(harness)
    window.report.save(tmp_path / "report.doc")
    harness.wait_until(lambda: "choose a name ending in .html or .pdf" in window.video.toast.text.text())
    (tmp_path / "folder.html").mkdir()
    window.report.save(tmp_path / "folder.html")
    harness.wait_until(lambda: "is a folder" in window.video.toast.text.text())
    assert saved(harness, window, tmp_path / "report.html")


def test_closing_the_window_completes_the_report(
    harness: WindowHarness, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    window = playing_window(harness)
    window.report.save(tmp_path / "report.pdf")
    harness.close()
    document_of((tmp_path / "report.pdf").read_bytes())


# --- the PDF -------------------------------------------------------------------------------------------


def test_the_pdf_says_what_the_page_says(qapp: QApplication) -> None:
    document = document_of(pdf_document(report_of(3, 2), Words()))
    text = text_of(document)
    for words in ("Apparent ages", "clip.mp4", "ab" * 32, "Person 3", "Face 1", "1.jpg", "2026-11-27 00:00"):
        assert words in text, words
    assert "not how old the person is" in " ".join(text.split())
    assert "Page 1" in text and f"Page {document.pageCount()}" in text
    assert document.metaData(QPdfDocument.MetaDataField.Title) == "Apparent ages: clip.mp4 and 2 more"
    first = rendered(document, 0).astype(int)
    red = (first[..., 2] > 200) & (first[..., :2].max(-1) < 60)
    assert red.sum() > 3 * 40 * 40  # three thumbnails
    assert (first[:20] == 255).all() and (first[:, :20] == 255).all()  # the margins


@pytest.mark.parametrize("people", [0, 1, 7, 60])
def test_nothing_is_drawn_beyond_the_edge_of_a_page(people: int, qapp: QApplication) -> None:
    document = document_of(pdf_document(report_of(people, 1, name="a" * 300), Words()))
    assert document.pageCount() >= 1 + people // 20
    for page in range(document.pageCount()):
        image = rendered(document, page)
        assert (image[:30] == 255).all() and (image[-30:] == 255).all()
        assert (image[:, :30] == 255).all() and (image[:, -30:] == 255).all()
        assert (image != 255).any()
    text = text_of(document)
    assert [f"Person {number}\n" in text.replace("\r", "") for number in range(1, people + 1)] == [True] * people


def test_words_are_not_broken_but_long_names_are(qapp: QApplication) -> None:
    document = document_of(pdf_document(report_of(1, name="verylongname" * 30 + ".mp4"), Words()))
    text = text_of(document).replace("\r", "")
    assert "verylongname" * 30 + ".mp4" in text.replace("\n", "")
    sentence = Words()(Phrase.LIMITS)
    assert set(sentence.split()) <= set(text.split())


def test_a_report_is_in_the_language_of_the_window(qapp: QApplication) -> None:
    class Upper(QTranslator):
        def translate(self, _context: str, text: str, *_: object) -> str:  # type: ignore[override]
            return text.replace("Apparent ages", "Âges apparents")

    translator = Upper()
    qapp.installTranslator(translator)
    try:
        document = document_of(pdf_document(report_of(1), Words(translate)))
    finally:
        qapp.removeTranslator(translator)
    assert "Âges apparents" in text_of(document)


def test_a_file_name_that_is_not_text_does_not_stop_the_pdf(qapp: QApplication) -> None:
    document = document_of(pdf_document(report_of(1, name="clip\udcff<b>.mp4"), Words()))
    assert "<b>.mp4" in text_of(document)
