"""Passes the latest value from one thread to another; a new value replaces one not yet taken."""

import threading
from typing import Generic, TypeVar

_Value = TypeVar("_Value")


class Mailbox(Generic[_Value]):
    """A thread-safe slot for one value: a slow reader skips values but never gets old ones."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._value: _Value | None = None
        self._closed = False
        self._replaced = 0

    @property
    def replaced(self) -> int:
        """Number of values replaced before they were taken."""
        return self._replaced

    def put(self, value: _Value) -> None:
        """Store a value; ignored after `close`."""
        with self._changed:
            if self._closed:
                return
            self._replaced += self._value is not None
            self._value = value
            self._changed.notify()

    def take(self, timeout_s: float | None = None) -> _Value | None:
        """Wait for a value and remove it; None on timeout or when the mailbox is closed."""
        with self._changed:
            self._changed.wait_for(lambda: self._closed or self._value is not None, timeout_s)
            value, self._value = self._value, None
            return value

    def clear(self) -> None:
        """Discard the stored value."""
        with self._changed:
            self._value = None

    def close(self) -> None:
        """Discard the stored value and wake all waiting threads; permanent."""
        with self._changed:
            self._closed, self._value = True, None
            self._changed.notify_all()

    @property
    def closed(self) -> bool:
        """Whether `close` was called."""
        return self._closed
