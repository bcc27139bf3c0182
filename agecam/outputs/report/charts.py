"""Charts of a report as SVG. They use only what Qt's SVG renderer knows, too."""

from collections.abc import Sequence
from dataclasses import dataclass
from html import escape
from itertools import groupby

from agecam.outputs.report.content import Film, Person
from agecam.outputs.report.words import Phrase, Words
from agecam.overlay.labels import colour_of
from agecam.timeline.lane import Sample, Stretch
from agecam.types import AGE_CLASSES

WIDTH = 960
"""Of a timeline, in its own units, one of which is about a pixel on the screen."""
_LABELS = 96
"""Width of the column of names."""
_LANE, _GAP = 38, 8
_AXIS = 26
_MIN_STRETCH = 2.0
"""A moment is shown at least this wide."""
_MIN_STEP = 1.5
"""Smallest distance of two points of a line."""
_STEPS_S = (0.1, 0.2, 0.5, 1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 14400, 43200, 86400)
_MAX_TICKS = 10


@dataclass(frozen=True, slots=True)
class Ink:
    """Colours of the charts, as CSS values."""

    text: str
    faint: str
    track: str
    """Of empty lanes and axes."""
    mixed: bool = False
    """Whether the colours of people are mixed with the text colour by the browser, which knows the theme."""

    def person(self, number: int) -> str:
        """The colour of a person, dark or light enough for lines."""
        blue, green, red = colour_of(number)
        if self.mixed:
            return f"color-mix(in srgb, #{red:02x}{green:02x}{blue:02x} 72%, {self.text})"
        red, green, blue = (round(0.72 * value) for value in (red, green, blue))
        return f"#{red:02x}{green:02x}{blue:02x}"


THEMED = Ink("var(--text)", "var(--faint)", "var(--track)", mixed=True)
"""For a page with these CSS variables."""
PRINTED = Ink("#1d1f24", "#62666f", "#e9eaee")


def clock(seconds: float, precise: bool = False) -> str:
    """A time as `1:05` or `1:01:05`; with tenths if `precise`."""
    tenths = round(10 * max(0.0, seconds)) if precise else 10 * int(max(0.0, seconds))
    whole, tenth = divmod(tenths, 10)
    minutes, rest = divmod(whole, 60)
    hours, minutes = divmod(minutes, 60)
    text = f"{hours}:{minutes:02d}:{rest:02d}" if hours else f"{minutes}:{rest:02d}"
    return f"{text}.{tenth}" if precise else text


def age_bar(person: Person, words: Words, ink: Ink) -> str:
    """The age and its interval on an axis from 0 to 100 years, 220 x 26."""
    left, right = 2 * person.age_low + 10, 2 * person.age_high + 10
    x = 2 * person.age + 10
    colour = ink.person(person.number)
    label = words(Phrase.AGE_CHART, age=round(person.age), low=round(person.age_low), high=round(person.age_high))
    ticks = "".join(
        f'<text x="{2 * age + 10}" y="25" text-anchor="middle" style="fill:{ink.faint};font-size:9px">{age}</text>'
        for age in range(0, AGE_CLASSES, 25)
    )
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 220 28" role="img" aria-label="{escape(label)}" '
        'font-family="sans-serif">'
        f'<rect x="10" y="6" width="200" height="6" rx="3" style="fill:{ink.track}"/>'
        f'<rect x="{left:.1f}" y="5" width="{max(2.0, right - left):.1f}" height="8" rx="4" '
        f'style="fill:{colour};fill-opacity:0.5"/>'
        f'<rect x="{x - 1.5:.1f}" y="1" width="3" height="16" rx="1.5" style="fill:{colour}"/>{ticks}</svg>'
    )


def lanes_height(count: int) -> int:
    """Height of a timeline of so many people, in its own units."""
    return count * (_LANE + _GAP) + _AXIS


def timeline(film: Film, people: Sequence[Person], words: Words, ink: Ink) -> str:
    """One lane for each of the people: when they are in view, their age as a line and its interval as a band."""
    axis = _Axis(film, people)
    height = lanes_height(len(people))
    rows = []
    for row, person in enumerate(people):
        rows.append(_lane(person, row * (_LANE + _GAP), axis, words, ink))
    bottom = len(people) * (_LANE + _GAP)
    ticks = "".join(
        f'<line x1="{axis.x(time_s):.1f}" y1="0" x2="{axis.x(time_s):.1f}" y2="{bottom}" '
        f'style="stroke:{ink.track};stroke-width:1"/>'
        f'<text x="{axis.x(time_s):.1f}" y="{bottom + 14}" text-anchor="{anchor}" '
        f'style="fill:{ink.faint};font-size:12px">{clock(time_s, precise=axis.step_s < 1)}</text>'
        for time_s, anchor in axis.ticks()
    )
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" role="img" '
        f'aria-label="{escape(words(Phrase.TIMELINE))}" font-family="sans-serif">{ticks}{"".join(rows)}</svg>'
    )


class _Axis:
    """Places of times and ages in a timeline."""

    def __init__(self, film: Film, people: Sequence[Person]) -> None:
        self.start_s = film.start_s
        self.length_s = max(film.end_s - film.start_s, 1e-3)
        lows = [person.age_low for person in people] + [s.age_low for person in people for s in person.samples]
        highs = [person.age_high for person in people] + [s.age_high for person in people for s in person.samples]
        self.low, self.high = min(lows, default=0.0), max(highs, default=100.0)
        self.step_s = next((step for step in _STEPS_S if self.length_s / step <= _MAX_TICKS), _STEPS_S[-1])

    def x(self, time_s: float) -> float:
        return _LABELS + (WIDTH - _LABELS - 8) * min(1.0, max(0.0, (time_s - self.start_s) / self.length_s))

    def y(self, age: float) -> float:
        """Within a lane: older is higher."""
        return 3 + (_LANE - 6) * (1 - (age - self.low) / max(1.0, self.high - self.low))

    def ticks(self) -> list[tuple[float, str]]:
        """Times with the alignment of their texts."""
        first = -(-self.start_s // self.step_s)
        times = [(first + index) * self.step_s for index in range(_MAX_TICKS + 1)]
        inside = [time_s for time_s in times if time_s <= self.start_s + self.length_s + 1e-6]
        return [(time_s, "end" if self.x(time_s) > WIDTH - 24 else "middle") for time_s in inside]


def _lane(person: Person, top: int, axis: _Axis, words: Words, ink: Ink) -> str:
    colour = ink.person(person.number)
    name = escape(words(Phrase.PERSON, number=person.number))
    parts = [
        f'<text x="0" y="16" style="fill:{ink.text};font-size:13px;font-weight:600">{name}</text>',
        f'<text x="0" y="31" style="fill:{ink.faint};font-size:12px">{person.age:.0f} '
        f"({person.age_low:.0f}\N{EN DASH}{person.age_high:.0f})</text>",
        f'<rect x="{_LABELS}" y="0" width="{WIDTH - _LABELS - 8}" height="{_LANE}" rx="4" '
        f'style="fill:{ink.track};fill-opacity:0.55"/>',
    ]
    for stretch in person.stretches:
        x, end = axis.x(stretch.start_s), axis.x(stretch.end_s)
        parts.append(
            f'<rect x="{x:.1f}" y="0" width="{max(_MIN_STRETCH, end - x):.1f}" height="{_LANE}" rx="4" '
            f'style="fill:{colour};fill-opacity:0.22"/>'
        )
    for samples in _runs(person):
        points = _thinned([(axis.x(sample.time_s), sample) for sample in samples])
        upper = [f"{x:.1f},{axis.y(sample.age_high):.1f}" for x, sample in points]
        lower = [f"{x:.1f},{axis.y(sample.age_low):.1f}" for x, sample in reversed(points)]
        line = [f"{x:.1f},{axis.y(sample.age):.1f}" for x, sample in points]
        parts.append(f'<polygon points="{" ".join(upper + lower)}" style="fill:{colour};fill-opacity:0.35"/>')
        parts.append(
            f'<polyline points="{" ".join(line)}" '
            f'style="fill:none;stroke:{colour};stroke-width:2;stroke-linejoin:round"/>'
        )
    return f'<g transform="translate(0,{top})">{"".join(parts)}</g>'


def _thinned(points: list[tuple[float, Sample]]) -> list[tuple[float, Sample]]:
    """The points that are far enough apart to be seen, and the last one."""
    kept: list[tuple[float, Sample]] = []
    for point in points[:-1]:
        if not kept or point[0] - kept[-1][0] >= _MIN_STEP:
            kept.append(point)
    return [*kept, points[-1]]


def _runs(person: Person) -> list[list[Sample]]:
    """The samples of each stretch: nothing is drawn across the time between two of them."""

    def stretch_of(sample: Sample) -> Stretch | None:
        return next((s for s in person.stretches if s.start_s - 1e-3 <= sample.time_s <= s.end_s + 1e-3), None)

    runs = [list(samples) for stretch, samples in groupby(person.samples, stretch_of) if stretch is not None]
    return [run for run in runs if len(run) > 1]
