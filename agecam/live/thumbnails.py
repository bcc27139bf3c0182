"""Thumbnails of files, read on a separate thread and kept up to a limit of memory."""

import threading
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from agecam.errors import AgeCamError, as_agecam_error
from agecam.sources.thumbnails import read_thumbnail
from agecam.types import Image

LIMIT_BYTES = 32 * 2**20
MAX_WAITING = 128
"""More requests than fit on a screen: the oldest are those that were scrolled away."""
_ENTRY_BYTES = 1024
"""Counted for a thumbnail besides its pixels."""


@dataclass(frozen=True, slots=True)
class Thumbnail:
    """What was read from a file."""

    image_bgr: Image | None = None
    """`(H, W, 3) uint8` BGR; None if the picture is too large or cannot be read."""
    error: AgeCamError | None = None
    """Why it cannot be read."""


class Thumbnails:
    """The thumbnails by path. Its methods may be called on any thread."""

    def __init__(self, side_px: int, on_ready: Callable[[Path], None], limit_bytes: int = LIMIT_BYTES) -> None:
        """
        Args:
            side_px: longest side of a thumbnail.
            on_ready: called on the reading thread when a thumbnail has become available.
            limit_bytes: memory for thumbnails; beyond it, those that were not used for longest are dropped.
        """
        self._side_px, self._on_ready, self._limit_bytes = side_px, on_ready, limit_bytes
        self._condition = threading.Condition()
        self._known: OrderedDict[Path, Thumbnail] = OrderedDict()
        self._waiting: OrderedDict[Path, None] = OrderedDict()
        self._bytes = 0
        self._stopping = False
        self._thread: threading.Thread | None = None

    @property
    def bytes(self) -> int:
        """Memory that the thumbnails use."""
        return self._bytes

    def get(self, path: Path) -> Thumbnail | None:
        """The thumbnail, or None if it is not available yet: it is then read before those asked for earlier."""
        with self._condition:
            if (known := self._known.get(path)) is not None:
                self._known.move_to_end(path)
                return known
            self._waiting[path] = None
            self._waiting.move_to_end(path)
            if len(self._waiting) > MAX_WAITING:
                self._waiting.popitem(last=False)
            if self._thread is None and not self._stopping:
                self._thread = threading.Thread(target=self._run, name="thumbnails", daemon=True)
                self._thread.start()
            self._condition.notify()
        return None

    def forget(self) -> None:
        """Drop all thumbnails and requests."""
        with self._condition:
            self._known.clear()
            self._waiting.clear()
            self._bytes = 0

    def stop(self, timeout_s: float) -> bool:
        """End the thread, wait for up to `timeout_s` and return whether it has ended."""
        with self._condition:
            self._stopping = True
            self._waiting.clear()
            self._condition.notify()
        if self._thread is None:
            return True
        self._thread.join(timeout_s)
        return not self._thread.is_alive()

    def _run(self) -> None:
        while (path := self._next()) is not None:
            self._keep(path, self._read(path))
            if not self._stopping:
                self._on_ready(path)

    def _next(self) -> Path | None:
        """Wait for a request and return the latest; None when the thread must end."""
        with self._condition:
            self._condition.wait_for(lambda: self._stopping or self._waiting)
            return None if self._stopping else self._waiting.popitem()[0]

    def _read(self, path: Path) -> Thumbnail:
        try:
            return Thumbnail(read_thumbnail(path, self._side_px))
        except Exception as error:
            return Thumbnail(error=as_agecam_error(error))

    def _keep(self, path: Path, thumbnail: Thumbnail) -> None:
        with self._condition:
            if (before := self._known.pop(path, None)) is not None:
                self._bytes -= _size(before)
            self._known[path] = thumbnail
            self._bytes += _size(thumbnail)
            while self._bytes > self._limit_bytes and len(self._known) > 1:
                self._bytes -= _size(self._known.popitem(last=False)[1])


def _size(thumbnail: Thumbnail) -> int:
    return _ENTRY_BYTES + (thumbnail.image_bgr.nbytes if thumbnail.image_bgr is not None else 0)
