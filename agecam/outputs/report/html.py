"""The report as one HTML page that contains its pictures and charts, runs no scripts and loads nothing."""

import base64
from collections.abc import Iterator
from html import escape

import cv2
import numpy as np

from agecam.outputs.report.charts import THEMED, age_bar, clock, timeline
from agecam.outputs.report.content import Film, Person, Picture, Report
from agecam.outputs.report.style import STYLE_SHEET
from agecam.outputs.report.words import Phrase, Words
from agecam.types import Image
from agecam.version import __version__

_QUALITY = 85
_POLICY = "default-src 'none'; img-src data:; style-src 'unsafe-inline'"
"""Whatever a file name contained, the browser would load nothing and run nothing."""


def html_page(report: Report, words: Words | None = None) -> bytes:
    """The complete page in UTF-8."""
    page = "\n".join(_page(report, words or Words()))
    # File names may contain bytes that are not valid Unicode.
    return page.encode("utf-8", "backslashreplace")


def facts(report: Report, words: Words) -> list[tuple[str, str]]:
    """Names and values of the summary at the top."""
    rows = [(words(Phrase.DATE), f"{report.created:%Y-%m-%d %H:%M}"), (words(Phrase.MODEL), report.model)]
    if report.sha256:
        rows.append((words(Phrase.WEIGHTS), report.sha256))
    if report.films:
        seconds = sum(film.end_s - film.start_s for film in report.films)
        rows.append((words(Phrase.DURATION), _duration(seconds, words)))
    if report.pictures:
        rows.append((words(Phrase.PICTURES), str(report.picture_count)))
    rows.append((words(Phrase.PEOPLE if report.films else Phrase.FACES), str(report.people_count)))
    ages = [round(person.age) for person in report.people()]
    if ages:
        rows.append((words(Phrase.AGES), words(Phrase.SPAN, low=min(ages), high=max(ages))))
    return rows


def title_of(report: Report, words: Words) -> str:
    """The names of the sources; of many only the first."""
    sources = report.sources
    if not sources:
        return words(Phrase.HEADING)
    return sources[0] if len(sources) == 1 else words(Phrase.SEVERAL, name=sources[0], count=len(sources) - 1)


def about(report: Report, words: Words) -> list[str]:
    """The sentences at the end: what the figures are, and their limits."""
    sentences = [words(Phrase.WHAT_IT_IS)]
    if report.shows_gender:
        sentences.append(words(Phrase.WHAT_GENDER_IS))
    return [*sentences, words(Phrase.LIMITS)]


def notes_of(person: Person, report: Report, words: Words) -> list[str]:
    """What a card says below the age."""
    lines = []
    if report.shows_gender:
        gender = words.gender(person.gender)
        if person.gender != "unsure":
            gender = words(Phrase.GENDER, gender=gender, percent=round(100 * person.gender_probability))
        lines.append(gender)
    if person.stretches:
        lines.append(words(Phrase.IN_VIEW, time=_duration(person.seconds, words)))
        lines.append(words(Phrase.CLEAREST, time=clock(person.clearest_s)))
    return lines


def _duration(seconds: float, words: Words) -> str:
    if seconds >= 60:
        return clock(seconds)
    return words(Phrase.SECONDS, seconds=f"{seconds:.1f}" if seconds < 10 else f"{seconds:.0f}")


def _page(report: Report, words: Words) -> Iterator[str]:
    name = title_of(report, words)
    yield f'<!DOCTYPE html>\n<html lang="{words(Phrase.LANGUAGE)}">\n<head>\n<meta charset="utf-8">'
    yield f'<meta http-equiv="Content-Security-Policy" content="{_POLICY}">'
    yield '<meta name="viewport" content="width=device-width, initial-scale=1">'
    yield f"<title>{escape(words(Phrase.TITLE, name=name))}</title>"
    yield f"<style>{STYLE_SHEET}</style>\n</head>\n<body>\n<main>"
    yield f"<header><h1>{escape(words(Phrase.HEADING))}</h1>"
    yield f'<p class="source">{_name(name)}</p>'
    yield '<dl class="facts">'
    for label, value in facts(report, words):
        shown = f"<code>{escape(value)}</code>" if label == words(Phrase.WEIGHTS) else _name(value)
        yield f"<dt>{escape(label)}</dt><dd>{shown}</dd>"
    yield "</dl>"
    if report.blurred:
        yield f'<p class="note">{escape(words(Phrase.BLURRED))}</p>'
    yield "</header>"
    several = len(report.sources) > 1
    for film in report.films:
        yield from _film(film, report, words, several)
    if report.pictures:
        yield f"<section><h2>{escape(words(Phrase.PICTURES))}</h2>"
        for picture in report.pictures:
            yield from _picture(picture, report, words)
        if report.left_out:
            yield _left_out(words(Phrase.MORE_PICTURES, count=report.left_out))
        yield "</section>"
    yield f'<footer class="about"><h2>{escape(words(Phrase.ABOUT))}</h2>'
    for sentence in about(report, words):
        yield f"<p>{escape(sentence)}</p>"
    yield f'<p class="privacy">{escape(words(Phrase.PRIVACY, version=__version__))}</p></footer>'
    yield "</main>\n</body>\n</html>\n"


def _film(film: Film, report: Report, words: Words, several: bool) -> Iterator[str]:
    yield "<section>"
    if several:
        yield f"<h2>{_name(film.name)}</h2>"
    if not film.people:
        yield f"<p>{escape(words(Phrase.NO_ONE))}</p></section>"
        return
    tag = "h3" if several else "h2"
    yield f"<{tag}>{escape(words(Phrase.PEOPLE))}</{tag}>"
    yield '<div class="cards">'
    for person in film.people:
        yield _card(person, words(Phrase.PERSON, number=person.number), report, words)
    yield "</div>"
    if film.left_out:
        yield _left_out(words(Phrase.MORE_PEOPLE, count=film.left_out))
    yield f"<{tag}>{escape(words(Phrase.IN_VIEW_HEADING))}</{tag}>"
    yield f'<div class="timeline">{timeline(film, film.people, words, THEMED)}</div></section>'


def _picture(picture: Picture, report: Report, words: Words) -> Iterator[str]:
    height, width = picture.image_bgr.shape[:2]
    yield f'<article class="picture"><h3>{_name(picture.name)}</h3>'
    yield f'<img src="{_jpeg(picture.image_bgr)}" width="{width}" height="{height}" '
    yield f'alt="{escape(picture.name)}">'
    if not picture.people:
        yield f"<p>{escape(words(Phrase.NO_ONE))}</p>"
    yield '<div class="cards">'
    for person in picture.people:
        yield _card(person, words(Phrase.FACE, number=person.number), report, words)
    yield "</div>"
    if picture.left_out:
        yield _left_out(words(Phrase.MORE_PEOPLE, count=picture.left_out))
    yield "</article>"


def _card(person: Person, name: str, report: Report, words: Words) -> str:
    interval = words(Phrase.INTERVAL, low=round(person.age_low), high=round(person.age_high))
    years = words(Phrase.YEARS, age=round(person.age))
    notes = "".join(f"<p>{escape(line)}</p>" for line in notes_of(person, report, words))
    return (
        f'<article class="card"><img src="{_jpeg(person.thumbnail_bgr)}" alt="{escape(name)}"><div class="words">'
        f'<div class="who"><span class="dot" style="background:{THEMED.person(person.number)}"></span>{escape(name)}'
        f'</div><div class="age">{escape(years)} <small>{escape(words(Phrase.APPARENT_AGE))}</small></div>'
        f"<p>{escape(interval)}</p>{notes}{age_bar(person, words, THEMED)}</div></article>"
    )


def _left_out(sentence: str) -> str:
    return f'<p class="left-out">{escape(sentence)}</p>'


def _name(text: str) -> str:
    """A name from outside: escaped, and isolated, since it may change the direction of writing."""
    return f"<bdi>{escape(text)}</bdi>"


def _jpeg(image_bgr: Image) -> str:
    """The picture as an address that contains it."""
    encoded = cv2.imencode(".jpg", image_bgr, [cv2.IMWRITE_JPEG_QUALITY, _QUALITY])[1]
    return f"data:image/jpeg;base64,{base64.b64encode(np.asarray(encoded).tobytes()).decode()}"
