"""Announces to users of a screen reader who has come into view."""

import time

from PySide6.QtGui import QAccessible
from PySide6.QtWidgets import QWidget

from agecam.live.people import People
from agecam.ui.system.announcement import announce
from agecam.ui.widgets.people_rows import summary_of

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

    def follow(self, everyone: People, show_gender: bool, ages_of: frozenset[int] | None = None) -> None:
        """Announce somebody of the people in view who is new. Called several times a second.

        The ages of people who are not in `ages_of` are left out, unless it is None.
        """
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
                hides_age = ages_of is not None and person.track_id not in ages_of
                announce(self._window, summary_of(person, show_gender, hides_age))
