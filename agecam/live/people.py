"""Who is in view, and what was said of them so far: what the panel beside the video shows."""

import threading
from collections import deque
from dataclasses import dataclass, field, replace

import cv2
import numpy as np

from agecam.types import Face, FloatArray, Frame, FrameResult, Image

THUMBNAIL_PX = 64
KEPT_AGES = 150
GONE_S = 1.5
"""So long after they were last seen, people leave the list."""
_THUMBNAIL_S = 1.0
"""So often a thumbnail may give way to a larger one."""


@dataclass(slots=True)
class Person:
    """One person in view."""

    number: int
    first_s: float
    last_s: float
    face: Face
    """As last seen."""
    thumbnail_bgr: Image
    ages: deque[float] = field(default_factory=lambda: deque(maxlen=KEPT_AGES))
    """Apparent ages of the last analyses."""
    thumbnail_at_s: float = 0.0

    @property
    def seconds(self) -> float:
        """How long this person has been in view."""
        return self.last_s - self.first_s

    @property
    def distribution(self) -> FloatArray:
        """`(101,)`, sums to 1."""
        return self.face.age_distribution


class People:
    """The people in view by their number. Safe from several threads."""

    def __init__(self) -> None:
        self._people: dict[int, Person] = {}
        self._lock = threading.Lock()

    def reset(self) -> None:
        """Another source begins."""
        with self._lock:
            self._people = {}

    def update(self, frame: Frame, result: FrameResult) -> None:
        """Take in the next analysis."""
        with self._lock:
            self._update(frame, result)

    def in_view(self) -> list[Person]:
        """As they are now, longest in view first; they do not change any more."""
        with self._lock:
            people = [replace(person, ages=person.ages.copy()) for person in self._people.values()]
        return sorted(people, key=lambda person: (person.first_s, person.number))

    def _update(self, frame: Frame, result: FrameResult) -> None:
        now_s = result.time_s
        taken_back = any(person.last_s > now_s + GONE_S for person in self._people.values())
        if taken_back or frame.still:
            self._people = {}
        for place, face in enumerate(result.faces):
            number = face.track if face.track is not None else place + 1
            person = self._people.get(number)
            if person is None:
                person = Person(number, now_s, now_s, face, _thumbnail(frame.image_bgr, face), thumbnail_at_s=now_s)
                self._people[number] = person
            elif now_s - person.thumbnail_at_s >= _THUMBNAIL_S:
                person.thumbnail_bgr, person.thumbnail_at_s = _thumbnail(frame.image_bgr, face), now_s
            person.face, person.last_s = face, now_s
            person.ages.append(face.age)
        self._people = {n: person for n, person in self._people.items() if now_s - person.last_s <= GONE_S}


def _thumbnail(image_bgr: Image, face: Face) -> Image:
    """`(THUMBNAIL_PX, THUMBNAIL_PX, 3)`: the head, with what lies around it."""
    x, y, width, height = face.box
    side = 1.35 * max(width, height)
    left, top = x + width / 2 - side / 2, y + height / 2 - side / 2
    scale = THUMBNAIL_PX / side
    matrix = np.array([[scale, 0, -left * scale], [0, scale, -top * scale]])
    # A picture that is shrunk far is averaged first: sampling would skip pixels.
    while scale < 0.4 and min(image_bgr.shape[:2]) > 8:
        part = image_bgr[: image_bgr.shape[0] // 2 * 2, : image_bgr.shape[1] // 2 * 2]
        image_bgr = np.asarray(cv2.resize(part, None, fx=0.5, fy=0.5, interpolation=cv2.INTER_AREA), np.uint8)
        scale *= 2
        matrix[:, :2] *= 2
    size = (THUMBNAIL_PX, THUMBNAIL_PX)
    return np.asarray(cv2.warpAffine(image_bgr, matrix, size, borderMode=cv2.BORDER_REPLICATE), np.uint8)
