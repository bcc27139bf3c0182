"""The people in view and their estimates so far, as the faces panel shows them."""

import threading
from collections import deque
from dataclasses import dataclass, field, replace

import cv2
import numpy as np

from agecam.overlay import blur_everything
from agecam.types import Face, FloatArray, Frame, FrameResult, Image

THUMBNAIL_PX = 64
KEPT_AGES = 150
GONE_S = 1.5
"""People leave the list this long after they were last seen."""
_THUMBNAIL_INTERVAL_S = 1.0
"""Minimum time between thumbnail updates."""


@dataclass(slots=True)
class Person:
    """One person in view."""

    track_id: int
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
        """Add the next analysis."""
        with self._lock:
            self._update(frame, result)

    def in_view(self, blurred: bool = False) -> list[Person]:
        """A snapshot of the people in view, longest in view first; with `blurred`, their thumbnails are."""
        with self._lock:
            people = [replace(person, ages=person.ages.copy()) for person in self._people.values()]
        if blurred:
            people = [replace(person, thumbnail_bgr=blur_everything(person.thumbnail_bgr)) for person in people]
        return sorted(people, key=lambda person: (person.first_s, person.track_id))

    def _update(self, frame: Frame, result: FrameResult) -> None:
        now_s = result.time_s
        jumped_back = any(person.last_s > now_s + GONE_S for person in self._people.values())
        if jumped_back or frame.still:
            self._people = {}
        for index, face in enumerate(result.faces):
            track_id = face.track if face.track is not None else index + 1
            person = self._people.get(track_id)
            if person is None:
                person = Person(track_id, now_s, now_s, face, _thumbnail(frame.image_bgr, face), thumbnail_at_s=now_s)
                self._people[track_id] = person
            elif now_s - person.thumbnail_at_s >= _THUMBNAIL_INTERVAL_S:
                person.thumbnail_bgr, person.thumbnail_at_s = _thumbnail(frame.image_bgr, face), now_s
            person.face, person.last_s = face, now_s
            person.ages.append(face.age)
        self._people = {
            track_id: person for track_id, person in self._people.items() if now_s - person.last_s <= GONE_S
        }


def _thumbnail(image_bgr: Image, face: Face) -> Image:
    """`(THUMBNAIL_PX, THUMBNAIL_PX, 3) uint8` BGR: the head with some margin."""
    x, y, width, height = face.box
    side = 1.35 * max(width, height)
    left, top = x + width / 2 - side / 2, y + height / 2 - side / 2
    scale = THUMBNAIL_PX / side
    matrix = np.array([[scale, 0, -left * scale], [0, scale, -top * scale]])
    # Strong downscaling averages pixels first: warpAffine alone would skip some.
    while scale < 0.4 and min(image_bgr.shape[:2]) > 8:
        even = image_bgr[: image_bgr.shape[0] // 2 * 2, : image_bgr.shape[1] // 2 * 2]
        image_bgr = np.asarray(cv2.resize(even, None, fx=0.5, fy=0.5, interpolation=cv2.INTER_AREA), np.uint8)
        scale *= 2
        matrix[:, :2] *= 2
    size = (THUMBNAIL_PX, THUMBNAIL_PX)
    return np.asarray(cv2.warpAffine(image_bgr, matrix, size, borderMode=cv2.BORDER_REPLICATE), np.uint8)
