"""Keeps the results of a session for an export, compressed: an hour of them takes some 10 MiB instead of 50."""

import threading
import zlib
from collections import deque
from collections.abc import Iterator

MAX_RESULTS = 100_000
"""An hour at 30 results per second; older results are dropped."""
_BLOCK_CHARACTERS = 1 << 16
"""How much text is compressed at once, which takes a few milliseconds."""


class ResultHistory:
    """The latest results, each as text. Thread-safe."""

    def __init__(self, max_results: int = MAX_RESULTS) -> None:
        """`max_results`: at least as many are kept, if there were as many."""
        self._max_results = max_results
        self._lock = threading.Lock()
        self._blocks: deque[tuple[int, bytes]] = deque()
        """Number of results and compressed text of each block."""
        self._newest: list[str] = []
        """Not compressed yet."""
        self._characters = self._count = 0

    def __len__(self) -> int:
        return self._count

    def add(self, text: str) -> None:
        """Add a result."""
        with self._lock:
            self._newest.append(text)
            self._count += 1
            self._characters += len(text)
            if self._characters >= _BLOCK_CHARACTERS:
                self._blocks.append((len(self._newest), zlib.compress("".join(self._newest).encode())))
                self._newest, self._characters = [], 0
            while self._blocks and self._count - self._blocks[0][0] >= self._max_results:
                self._count -= self._blocks.popleft()[0]

    def texts(self) -> Iterator[str]:
        """The texts up to now, oldest first, several results at a time."""
        with self._lock:
            blocks, newest = list(self._blocks), "".join(self._newest)
        for _, block in blocks:
            yield zlib.decompress(block).decode()
        if newest:
            yield newest
