"""The report: what the page contains, what it never contains, and where it is refused."""

import base64
import re
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from html.parser import HTMLParser
from pathlib import Path
from xml.etree import ElementTree

import cv2
import numpy as np
import pytest
from live_parts import picture
from models import is_one_sentence

from agecam.errors import OutputError
from agecam.outputs.report import check_report_path, is_pdf
from agecam.outputs.report.charts import PRINTED, THEMED, age_bar, clock, timeline
from agecam.outputs.report.content import Film, Person, Picture, Report
from agecam.outputs.report.html import html_page
from agecam.outputs.report.words import Phrase, Words
from agecam.timeline import Sample, Stretch
from agecam.types import Image

HOSTILE = "<script>alert('1')</script> & \"quotes\" \u202egpj.mp4"
VOID = {"meta", "img", "line", "rect", "polygon", "polyline", "circle"}


class Page(HTMLParser):
    """The elements and texts of a page; fails if elements are not closed in order."""

    def __init__(self, page: bytes) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.texts: list[str] = []
        self._open: list[str] = []
        self.feed(page.decode())
        assert not self._open

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))
        if tag not in VOID:
            self._open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        assert self._open.pop() == tag

    def handle_data(self, data: str) -> None:
        if self._open and self._open[-1] != "style" and data.strip():
            self.texts.append(data.strip())

    @property
    def text(self) -> str:
        return "\n".join(self.texts)

    def pictures(self) -> list[Image]:
        images = []
        for tag, attributes in self.elements:
            if tag == "img":
                source = attributes["src"] or ""
                kind, data = source.split(",", 1)
                assert kind == "data:image/jpeg;base64"
                image = cv2.imdecode(np.frombuffer(base64.b64decode(data), np.uint8), cv2.IMREAD_COLOR)
                assert image is not None
                images.append(np.asarray(image, np.uint8))
        return images


def person(number: int = 1, age: float = 30.0, stretches: Sequence[tuple[float, float]] = ((1.0, 5.0),)) -> Person:
    samples = [
        Sample(float(time_s), age, age - 5, age + 6, "female", 0.9)
        for start_s, end_s in stretches
        for time_s in np.arange(start_s, end_s, 0.5)
    ]
    return Person(
        number,
        age,
        age - 5,
        age + 6,
        "female",
        0.9,
        np.full((64, 64, 3), 10 * number, np.uint8),
        tuple(Stretch(*ends) for ends in stretches),
        tuple(samples),
        stretches[0][0] if stretches else 0.0,
    )


def report_of(*people: Person, name: str = "clip.mp4", **values: object) -> Report:
    film = Film(name, 0.0, 75.0, people)
    made = Report(datetime(2026, 11, 27, 8, 5), "compact", "ab" * 32, films=(film,))
    return replace(made, **values)  # type: ignore[arg-type]


# --- the page ------------------------------------------------------------------------------------------


def test_the_page_names_source_date_model_people_and_ages() -> None:
    page = Page(html_page(report_of(person(1, 30.4), person(2, 51.2, [(2, 4), (60, 70.5)]))))
    for text in ("clip.mp4", "2026-11-27 08:05", "compact", "ab" * 32, "1:15", "30 to 51", "Person 1", "Person 2"):
        assert text in page.texts, text
    assert "80 % interval: 25 to 36" in page.texts
    assert "in view for 12 s" in page.texts
    assert "female (90 %)" in page.texts
    assert "An apparent age is how old a face looks" in page.text
    assert ("html", {"lang": "en"}) in page.elements


def test_the_page_contains_everything_and_runs_nothing() -> None:
    content = html_page(report_of(person()))
    page = Page(content)
    assert not {"script", "link", "iframe", "object", "base", "form"} & {tag for tag, _ in page.elements}
    for tag, attributes in page.elements:
        for name, value in attributes.items():
            assert not name.startswith("on")
            if name in ("src", "href", "action", "data"):
                assert (value or "").startswith("data:image/jpeg;"), tag
    assert not re.search(rb"@import|url\(", content)
    policy = [a["content"] for tag, a in page.elements if tag == "meta" and "http-equiv" in a]
    assert policy and "default-src 'none'" in (policy[0] or "")


@pytest.mark.parametrize("place", ["film", "picture", "model", "translation"])
def test_names_from_outside_are_text(place: str) -> None:
    report = report_of(person(), name=HOSTILE if place == "film" else "clip.mp4")
    words = Words()
    if place == "picture":
        report = replace(report, pictures=(Picture(HOSTILE, picture(0), ()),))
    elif place == "model":
        report = replace(report, model=HOSTILE)
    elif place == "translation":
        words = Words(lambda text: f"<b>{text}</b>")
    plain, page = Page(html_page(report_of(person()))), Page(html_page(report, words))
    assert {"script", "b"}.isdisjoint(tag for tag, _ in page.elements)
    assert HOSTILE in page.text if place != "translation" else "<b>Apparent ages</b>" in page.text
    assert {tag for tag, _ in page.elements} - {tag for tag, _ in plain.elements} <= {"h3"}


def test_names_that_are_not_valid_text_can_be_written() -> None:
    assert b"clip\\udcff.mp4" in html_page(report_of(person(), name="clip\udcff.mp4"))


def test_gender_can_be_hidden() -> None:
    shown, hidden = (Page(html_page(report_of(person(), shows_gender=on))).text for on in (True, False))
    assert "female" in shown and "Gender" in shown
    assert "female" not in hidden and "Gender" not in hidden


def test_an_unsure_gender_has_no_probability() -> None:
    page = Page(html_page(report_of(replace(person(), gender="unsure"))))
    assert "unsure" in page.texts
    assert "90 %" not in page.text


def test_nobody_is_a_sentence() -> None:
    page = Page(html_page(report_of(pictures=(Picture("a.jpg", picture(0), ()),))))
    assert page.texts.count("No face was found.") == 2
    assert "0" in page.texts
    assert not any(tag == "svg" for tag, _ in page.elements)


def test_what_is_left_out_is_counted() -> None:
    report = report_of(person(), pictures=(Picture("a.jpg", picture(0), (), left_out=7),), left_out=3, left_out_faces=5)
    page = Page(html_page(replace(report, films=(replace(report.films[0], left_out=2),))))
    assert "Not listed because there are too many: 2" in page.texts
    assert "Not listed because there are too many: 7" in page.texts
    assert "Pictures not shown because there are too many: 3" in page.texts
    assert page.texts[page.texts.index("People") + 1] == str(1 + 2 + 7 + 5)
    assert page.texts[page.texts.index("Pictures") + 1] == "4"


def test_every_phrase_can_be_translated() -> None:
    asked: list[str] = []

    def translate(text: str) -> str:
        asked.append(text)
        return "ko" if text == Phrase.LANGUAGE.value else text.upper().replace("{", "{{").replace("}", "}}")

    report = report_of(
        *(replace(person(number), gender=gender) for number, gender in enumerate(("female", "male", "unsure"), 1)),  # type: ignore[arg-type]
        pictures=(Picture("a.jpg", picture(0), (person(1, stretches=()),)), Picture("b.jpg", picture(1), (), 1)),
        blurred=True,
        left_out=1,
    )
    report = replace(report, films=(replace(report.films[0], left_out=1),))
    page = Page(html_page(report, Words(translate)))
    pdf_only = {Phrase.PAGE}
    only_without_people = {Phrase.FACES}
    assert {phrase for phrase in Phrase if phrase.value not in asked} == pdf_only | only_without_people
    assert ("html", {"lang": "ko"}) in page.elements
    english = {phrase.value.split("{")[0] for phrase in Phrase if len(phrase.value.split("{")[0]) > 3}
    assert not [text for text in page.texts if any(text.startswith(word) for word in english)]


# --- charts --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("ink", [THEMED, PRINTED])
def test_charts_are_well_formed(ink: object) -> None:
    people = [person(1), person(2, 0.0, [(0, 0), (70, 75)]), person(3, 100, [(20.2, 20.3)])]
    film = Film("clip.mp4", 0, 75, tuple(people))
    for svg in (age_bar(people[0], Words(), ink), timeline(film, people, Words(), ink)):  # type: ignore[arg-type]
        root = ElementTree.fromstring(svg)
        assert root.get("aria-label")
        assert "nan" not in svg


def test_lanes_show_stretches_where_they_are() -> None:
    film = Film("clip.mp4", 10.0, 110.0, ())
    someone = person(1, 30, [(10, 35), (60, 110)])
    root = ElementTree.fromstring(timeline(film, [someone], Words(), PRINTED))
    rects = [
        (float(rect.get("x") or 0), float(rect.get("width") or 0))
        for rect in root.iter("{http://www.w3.org/2000/svg}rect")
    ]
    (left, whole), *stretches = rects
    assert stretches[0] == pytest.approx((left, 0.25 * whole), abs=0.11)
    assert stretches[1] == pytest.approx((left + 0.5 * whole, 0.5 * whole), abs=0.11)
    lines = list(root.iter("{http://www.w3.org/2000/svg}polyline"))
    assert len(lines) == 2  # nothing is drawn across the gap


def test_older_is_higher() -> None:
    film = Film("clip.mp4", 0.0, 10.0, ())
    someone = replace(
        person(),
        samples=(Sample(1, 20, 15, 25, "male", 0.9), Sample(4, 60, 50, 70, "male", 0.9)),
        stretches=(Stretch(1, 4),),
    )
    root = ElementTree.fromstring(timeline(film, [someone], Words(), PRINTED))
    (line,) = root.iter("{http://www.w3.org/2000/svg}polyline")
    first, last = [tuple(map(float, point.split(","))) for point in (line.get("points") or "").split()]
    assert first[0] < last[0] and first[1] > last[1]


def test_a_long_film_has_a_page_of_bearable_size() -> None:
    hour = person(1, 30, [(0.0, 3600.0)])
    film = Film("film.mp4", 0, 3600, (hour,))
    assert len(hour.samples) == 7200
    assert len(timeline(film, [hour], Words(), THEMED)) < 40_000


@pytest.mark.parametrize(
    ("seconds", "precise", "text"),
    [
        (0, False, "0:00"),
        (65.9, False, "1:05"),
        (3665, False, "1:01:05"),
        (2.34, True, "0:02.3"),
        (59.97, True, "1:00.0"),
    ],
)
def test_times(seconds: float, precise: bool, text: str) -> None:
    assert clock(seconds, precise) == text


# --- the file ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["a.txt", "a", "a.html.gz", "folder.html"])
def test_other_names_are_refused(name: str, tmp_path: Path) -> None:
    (tmp_path / "folder.html").mkdir()
    with pytest.raises(OutputError) as caught:
        check_report_path(tmp_path / name)
    assert is_one_sentence(str(caught.value))
    assert name in str(caught.value)
    assert [path.name for path in tmp_path.iterdir()] == ["folder.html"]


def test_kinds_are_known_by_their_names() -> None:
    assert is_pdf("a.PDF") and not is_pdf("pdf.html")
    check_report_path(Path("nowhere") / ".." / "a.HTM")
