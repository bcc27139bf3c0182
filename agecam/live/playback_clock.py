"""Decides when the frames of a file are due, by their timestamps and the playback speed, ignoring pauses."""

import time

MAX_LAG_S = 0.25
"""Beyond this lag playback does not catch up: it continues from the current frame."""

SPEEDS = (0.25, 0.5, 1.0, 1.5, 2.0, 4.0)
"""Multiples of the normal speed that the user can choose."""


class PlaybackClock:
    """Maps file time to the monotonic clock. Used by one thread."""

    def __init__(self, speed: float = 1.0) -> None:
        self.speed = speed
        self._anchor: tuple[float, float] | None = None
        """A file time, and when it was shown on the monotonic clock."""

    def restart(self) -> None:
        """Make the next frame due immediately: after a pause, a seek or a change of speed."""
        self._anchor = None

    def wait_s(self, time_s: float) -> float:
        """Seconds until the frame at `time_s` is due; 0 for a late one."""
        now = time.monotonic()
        if self._anchor is None:
            self._anchor = (time_s, now)
            return 0.0
        wait = self._anchor[1] + (time_s - self._anchor[0]) / self.speed - now
        if wait < -MAX_LAG_S or wait > 10:
            self._anchor = (time_s, now)
            return 0.0
        return max(wait, 0.0)
