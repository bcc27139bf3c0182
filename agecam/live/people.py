"""The people in view and their estimates so far, as the faces panel shows them."""

import threading
from collections import deque
from collections.abc import Collection
from dataclasses import dataclass, field, replace

from agecam.overlay import blur_everything
from agecam.overlay.labels import number_of
from agecam.timeline.thumbnail import thumbnail_of
from agecam.types import Face, FloatArray, Frame, FrameResult, Image

KEPT_AGES = 150
GONE_S = 1.5
"""People leave the list this long after they were last seen."""
_THUMBNAIL_INTERVAL_S = 1.0
"""Minimum time between thumbnail updates."""


@dataclass(slots=True)
class Person:
    """One person in view."""

    track_id: int
    """In a still picture, the number of the face."""
    first_s: float
    last_s: float
    face: Face
    """As last seen."""
    thumbnail_bgr: Image
    ages: deque[float] = field(default_factory=lambda: deque(maxlen=KEPT_AGES))
    """Apparent ages from the latest analyses, in years."""
    thumbnail_at_s: float = 0.0

    @property
    def seconds(self) -> float:
        """Seconds this person has been in view."""
        return self.last_s - self.first_s

    @property
    def distribution(self) -> FloatArray:
        """Age distribution, `(101,)`; sums to 1."""
        return self.face.age_distribution


class People:
    """The people in view, by track_id. Thread-safe."""

    def __init__(self) -> None:
        self._people: dict[int, Person] = {}
        self._lock = threading.Lock()

    def reset(self) -> None:
        """Forget everyone: for a new source."""
        with self._lock:
            self._people = {}

    def update(self, frame: Frame, result: FrameResult) -> None:
        """Add the next analysis. Faces that are not confirmed are left out."""
        # Cutting out the thumbnails of a large group takes a while: the window must not wait for it.
        thumbnails = {
            number: thumbnail_of(frame.image_bgr, result.faces[index].box)
            for index, number in self._without_new_thumbnail(frame, result)
        }
        with self._lock:
            self._update(frame, result, thumbnails)

    def in_view(self, blurred: bool = False, also_blurred: Collection[int] = ()) -> list[Person]:
        """A snapshot of the people in view, longest in view first.

        Args:
            blurred: whether all thumbnails are blurred.
            also_blurred: track IDs of people whose thumbnails are blurred in any case.
        """
        with self._lock:
            people = [replace(person, ages=person.ages.copy()) for person in self._people.values()]
        for person in people:
            if blurred or person.track_id in also_blurred:
                person.thumbnail_bgr = blur_everything(person.thumbnail_bgr)
        return sorted(people, key=lambda person: (person.first_s, person.track_id))

    def _without_new_thumbnail(self, frame: Frame, result: FrameResult) -> list[tuple[int, int]]:
        """Index and number of the faces that need a thumbnail from this frame."""
        with self._lock:
            known = {} if self._is_new_start(frame, result) else self._people
            numbered = [(index, number_of(face, index)) for index, face in enumerate(result.faces)]
            return [
                (index, number)
                for index, number in numbered
                if result.faces[index].confirmed
                if number not in known or result.time_s - known[number].thumbnail_at_s >= _THUMBNAIL_INTERVAL_S
            ]

    def _is_new_start(self, frame: Frame, result: FrameResult) -> bool:
        # After a step back, too, the tracks begin again: their numbers may be those of other people.
        return frame.still or any(person.last_s > result.time_s for person in self._people.values())

    def _update(self, frame: Frame, result: FrameResult, thumbnails: dict[int, Image]) -> None:
        now_s = result.time_s
        if self._is_new_start(frame, result):
            self._people = {}
        for index, face in enumerate(result.faces):
            if not face.confirmed:
                continue
            number = number_of(face, index)
            person = self._people.get(number)
            if person is None:
                cut = thumbnails[number] if number in thumbnails else thumbnail_of(frame.image_bgr, face.box)
                person = Person(number, now_s, now_s, face, cut, thumbnail_at_s=now_s)
                self._people[number] = person
            elif number in thumbnails:
                person.thumbnail_bgr, person.thumbnail_at_s = thumbnails[number], now_s
            person.face, person.last_s = face, now_s
            person.ages.append(face.age)
        self._people = {number: person for number, person in self._people.items() if now_s - person.last_s <= GONE_S}
