"""Everybody seen so far in the sources that were opened one after another, such as the entries of a list."""

import threading
from collections import OrderedDict
from dataclasses import dataclass

from agecam.timeline.lane import Lane
from agecam.timeline.timeline import MAX_LANES, Timeline


@dataclass(frozen=True, slots=True, eq=False)
class PersonSeen:
    """A person in a source."""

    source: str
    """Key of the source."""
    lane: Lane
    is_current: bool
    """Whether the source is the current one."""


class Everybody:
    """The timelines of the sources, of which one is current. Thread-safe."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._timelines: OrderedDict[str, Timeline] = OrderedDict()
        self._current = Timeline()
        self._key: str | None = None

    @property
    def current(self) -> Timeline:
        """The timeline of the current source."""
        return self._current

    def clear(self) -> None:
        """Forget everybody."""
        with self._lock:
            self._timelines.clear()
            self._current, self._key = Timeline(), None

    def leave(self) -> None:
        """The current source is closed; its people are kept."""
        with self._lock:
            self._current, self._key = Timeline(), None

    def use(self, key: str) -> Timeline:
        """Make a source current and return its timeline: that of before, if the source was open before."""
        with self._lock:
            if key != self._key:
                known = self._timelines.pop(key) if key in self._timelines else None
                self._current = Timeline() if known is None else known
                self._timelines[key], self._key = self._current, key
                self._drop_surplus()
            return self._current

    def replace_current(self, timeline: Timeline) -> None:
        """Replace the timeline of the current source."""
        with self._lock:
            self._current = timeline
            if self._key is not None:
                self._timelines[self._key] = timeline

    def people(self, blurred: bool = False) -> list[PersonSeen]:
        """Everybody, in the order in which the sources were opened.

        Args:
            blurred: whether all thumbnails are blurred.
        """
        with self._lock:
            timelines = list(self._timelines.items())
            current = self._current
        return [
            PersonSeen(key, lane, timeline is current)
            for key, timeline in timelines
            for lane in timeline.lanes(blurred)
        ]

    @property
    def private(self) -> int:
        """The number of people whose thumbnails are always blurred."""
        with self._lock:
            return sum(len(timeline.private) for timeline in self._timelines.values())

    @property
    def revision(self) -> tuple[int, int]:
        """Changes whenever `people` does."""
        with self._lock:
            return id(self._current), sum(timeline.revision + 1 for timeline in self._timelines.values())

    def _drop_surplus(self) -> None:
        """Drop the timelines that were not used for longest, beyond a number of people."""
        counts = {key: len(timeline) for key, timeline in self._timelines.items()}
        while sum(counts.values()) > MAX_LANES and len(counts) > 1:
            key = next(iter(counts))
            del counts[key], self._timelines[key]
