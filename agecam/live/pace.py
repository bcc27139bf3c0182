"""When the frames of a file are due: at its own times, faster or slower, without the pauses."""

import time

LATE_S = 0.25
"""So far behind, a file is not rushed to catch up: it goes on from where it is."""

SPEEDS = (0.25, 0.5, 1.0, 1.5, 2.0, 4.0)


class Pace:
    """Maps a file's time to the clock's. Used by one thread."""

    def __init__(self, speed: float = 1.0) -> None:
        self.speed = speed
        self._anchor: tuple[float, float] | None = None
        """A time of the file, and when on the clock it was shown."""

    def restart(self) -> None:
        """The next frame is due at once: after a pause, a jump or another speed."""
        self._anchor = None

    def wait_s(self, time_s: float) -> float:
        """Seconds until the frame at `time_s` is due; 0 for one that is late."""
        now = time.monotonic()
        if self._anchor is None:
            self._anchor = (time_s, now)
            return 0.0
        wait = self._anchor[1] + (time_s - self._anchor[0]) / self.speed - now
        if wait < -LATE_S or wait > 10:
            self._anchor = (time_s, now)
            return 0.0
        return max(wait, 0.0)
