"""How quickly frames follow each other."""

SOON_S = 0.07
"""Within this many seconds the next frame follows soon: a result is then painted with it rather than on its own."""


class Pace:
    """Tells whether the next frame comes soon. Not thread-safe."""

    def __init__(self) -> None:
        self.is_quick = False
        """Whether the last two frames followed each other soon."""
        self._last_s: float | None = None

    def add(self, arrived_s: float) -> None:
        """Note when a frame arrived, on the monotonic clock."""
        self.is_quick = self._last_s is not None and arrived_s - self._last_s < SOON_S
        self._last_s = arrived_s
