"""Collects analysed videos, cameras and streams for a report, as people over time."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from agecam.outputs.report.content import Film, Person
from agecam.timeline import Lane, Timeline
from agecam.types import Frame, FrameResult

MAX_PEOPLE = 200
"""Of one source; those who are in view for longest. The others are only counted."""


@dataclass(slots=True)
class _Running:
    """What is known of one source."""

    name: str
    start_s: float
    end_s: float
    last_index: int = -1
    timeline: Timeline = field(default_factory=Timeline)


class Films:
    """The sources of a run, one after another."""

    def __init__(self) -> None:
        self._running: list[_Running] = []

    def add(self, frame: Frame, result: FrameResult) -> None:
        """Add the next frame; another name or a smaller index begins another source."""
        running = self._running[-1] if self._running else None
        if running is None or running.name != result.source or frame.index <= running.last_index:
            running = _Running(result.source, result.time_s, result.time_s)
            self._running.append(running)
        running.last_index = frame.index
        running.end_s = max(running.end_s, result.time_s + (frame.duration_s or 0.0))
        running.timeline.add(frame, result)

    def content(self, blurred: bool) -> tuple[Film, ...]:
        """The sources with the people in them; thumbnails are blurred if asked for."""
        return tuple(
            film_of(each.name, each.timeline.lanes(blurred), each.start_s, each.end_s) for each in self._running
        )


def film_of(name: str, lanes: Sequence[Lane], start_s: float, end_s: float) -> Film:
    """A source of this name, analysed from `start_s` to `end_s` seconds, with the people in its lanes."""
    longest = sorted(lanes, key=lambda lane: -lane.seconds)[:MAX_PEOPLE]
    in_order = sorted(longest, key=lambda lane: (lane.first_s, lane.number))
    return Film(
        name,
        min([start_s, *(lane.first_s for lane in lanes)]),
        max([end_s, *(lane.last_s for lane in lanes)]),
        tuple(map(_person, in_order)),
        len(lanes) - len(longest),
    )


def _person(lane: Lane) -> Person:
    return Person(
        lane.number,
        lane.age,
        lane.age_low,
        lane.age_high,
        lane.gender,
        lane.gender_probability,
        lane.clearest.thumbnail_bgr,
        lane.stretches,
        tuple(lane.samples),
        lane.clearest.time_s,
    )
