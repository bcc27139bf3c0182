"""One place between two threads: the newest value replaces one that nobody took."""

import threading
from typing import Generic, TypeVar

_Value = TypeVar("_Value")


class Mailbox(Generic[_Value]):
    """Nothing piles up here: a slow reader sees fewer values, never older ones."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._value: _Value | None = None
        self._closed = False
        self._replaced = 0

    @property
    def replaced(self) -> int:
        """How many values gave way to newer ones before anybody took them."""
        return self._replaced

    def put(self, value: _Value) -> None:
        """Leave a value; after `close` it is let go."""
        with self._changed:
            if self._closed:
                return
            self._replaced += self._value is not None
            self._value = value
            self._changed.notify()

    def take(self, timeout_s: float | None = None) -> _Value | None:
        """Wait for a value and take it; None when the time is over or the mailbox is closed."""
        with self._changed:
            self._changed.wait_for(lambda: self._closed or self._value is not None, timeout_s)
            value, self._value = self._value, None
            return value

    def peek(self) -> _Value | None:
        """What lies here, which stays."""
        with self._changed:
            return self._value

    def clear(self) -> None:
        """Let go of what lies here."""
        with self._changed:
            self._value = None

    def close(self) -> None:
        """Wake whoever waits, with nothing; for good."""
        with self._changed:
            self._closed, self._value = True, None
            self._changed.notify_all()

    @property
    def closed(self) -> bool:
        """Whether the end has come."""
        return self._closed
