"""Finds the picture that ends its worker's process, for example because memory is short.

Ray starts such a worker again and gives it the same batch. Markers beside the output show what it was doing: on a disk
each picture has one while it is analysed. On a server that would take two requests for each picture, so there is one
for the batch, and the pictures get theirs only after a worker has died with it.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from agecam.library.storage import Folder

FOLDER = "tries"
MAX_DEATHS = 2
"""A picture is given up when its worker has died with it this often while the run went on."""
MAX_DEATHS_IN_ALL = 4
"""The same over several runs: when a whole run is killed, the picture in work is rarely the reason."""


class Tries:
    """The markers of one batch."""

    def __init__(self, folder: Folder, run: str, batch: str, keys: Sequence[str]) -> None:
        """
        Args:
            folder: that of the output.
            run: name of the run.
            batch: name of the batch.
            keys: of its pictures.
        """
        self._folder = folder
        self._run = run
        self._batch = batch
        self._keys = keys
        self._is_careful = folder.is_local
        self._left: list[str] = []

    @contextmanager
    def batch(self, has_suspects: bool) -> Iterator[None]:
        """Mark the batch while the block runs; an exception removes the marker too, as it is no death.

        Args:
            has_suspects: whether one of its pictures was in work when an earlier run ended.
        """
        if not self._folder.is_local:
            died = not self._folder.create("\n".join(self._keys).encode(), FOLDER, self._batch)
            self._is_careful = died or has_suspects
        if self._is_careful:
            self._left = self._folder.names(FOLDER)
        try:
            yield
        finally:
            if not self._folder.is_local:
                self._folder.remove(FOLDER, self._batch)

    def is_given_up(self, key: str) -> bool:
        """Whether the picture has ended its worker too often."""
        deaths = self._deaths(key)
        in_this_run = sum(name.startswith(f"{key}-{self._run}-") for name in deaths)
        return in_this_run >= MAX_DEATHS or len(deaths) >= MAX_DEATHS_IN_ALL

    @contextmanager
    def picture(self, key: str) -> Iterator[None]:
        """Mark a picture while the block runs, if care is needed; afterwards it is no longer suspected."""
        if not self._is_careful:
            yield
            return
        deaths = self._deaths(key)
        marker = f"{key}-{self._run}-{len(deaths)}"
        self._folder.create(b"", FOLDER, marker)
        try:
            yield
        finally:
            for name in (marker, *deaths):
                self._folder.remove(FOLDER, name)

    def _deaths(self, key: str) -> list[str]:
        return [name for name in self._left if name.startswith(f"{key}-")]


def suspects(folder: Folder) -> set[str]:
    """The keys of the pictures that were in work when earlier runs ended."""
    found: set[str] = set()
    for name in folder.names(FOLDER):
        key, _, is_picture = name.partition("-")
        found |= {key} if is_picture else set((folder.read(FOLDER, name) or b"").decode().split())
    return found
