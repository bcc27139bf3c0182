"""Announces to users of a screen reader who has come into view."""

import time

from PySide6.QtGui import QAccessible
from PySide6.QtWidgets import QWidget

from agecam.live.people import People, Person
from agecam.ui.messages import Text
from agecam.ui.system.announcement import announce

STEADY_S = 1.0
"""People are announced when they have been in view for this long: until then, estimates are not steady."""
INTERVAL_S = 3.0
"""Between two announcements, so that a crowd does not talk without end."""


class Announcer:
    """Announces each person once; of several who come together, one at a time."""

    def __init__(self, window: QWidget) -> None:
        self._window = window
        self._known: set[int] = set()
        self._last_s = -INTERVAL_S

    def follow(self, everyone: People, show_gender: bool) -> None:
        """Announce somebody of the people in view who is new. Called several times a second."""
        if not QAccessible.isActive():
            return
        people = everyone.in_view()
        self._known &= {person.track_id for person in people}
        now_s = time.monotonic()
        for person in people:
            is_steady = person.seconds >= STEADY_S or person.face.track is None
            if person.track_id not in self._known and is_steady and now_s >= self._last_s + INTERVAL_S:
                self._known.add(person.track_id)
                self._last_s = now_s
                announce(self._window, _summary(person, show_gender))


def _summary(person: Person, show_gender: bool) -> str:
    face = person.face
    gender = {"female": Text.FEMALE, "male": Text.MALE}.get(face.gender, Text.UNSURE)()
    text = Text.PERSON_SUMMARY(
        number=person.track_id,
        age=f"{face.age:.0f}",
        low=f"{face.age_low:.0f}",
        high=f"{face.age_high:.0f}",
        gender=gender if show_gender else "",
    )
    return text.rstrip(", ")
