"""Brings the pictures of a work list to the disk of the worker, from wherever they are."""

import os
import posixpath
import shutil
import tempfile
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, BinaryIO

from agecam.errors import SourceError
from agecam.library.listing import Item, compression
from agecam.library.storage import connect, is_local

MAX_BYTES = 1 << 30
"""Larger files are not fetched; local ones are read from where they are."""


class Contents:
    """Opens pictures. The last archive stays open, as its pictures follow one another."""

    def __init__(self) -> None:
        self._archive_address = ""
        self._archive: Any = None

    @contextmanager
    def file(self, item: Item) -> Iterator[Path]:
        """The path of a picture's file for as long as the block runs; raises SourceError, OSError and others."""
        files, path = connect(item.address)
        if item.member is None and item.offset is None and is_local(files):
            yield Path(path)
            return
        with tempfile.TemporaryDirectory(prefix="agecam-") as folder:
            # The name is part of error messages, and one format is recognised by it.
            copy = Path(folder) / (posixpath.basename(item.member or item.path)[-100:] or "picture")
            with copy.open("wb") as target:
                self._copy(files, path, item, target)
            yield copy

    def _copy(self, files: Any, path: str, item: Item, target: BinaryIO) -> None:
        if item.member is None and item.offset is None:
            size = item.size if item.size is not None else files.size(path)
            _check_size(item.path, size)
            with files.open(path, "rb") as source:
                shutil.copyfileobj(source, target)
            return
        _check_size(item.path, item.size)
        if item.address != self._archive_address:
            self._close()
            file = files.open(path, "rb", compression=None if item.member is not None else compression(path))
            self._archive = file if item.member is None else zipfile.ZipFile(file)
            self._archive_address = item.address
        if item.member is not None:
            with self._archive.open(item.member) as source:
                shutil.copyfileobj(source, target)
        else:
            self._archive.seek(item.offset)
            left = item.size or 0
            while left and (part := self._archive.read(min(left, 1 << 20))):
                target.write(part)
                left -= len(part)

    def _close(self) -> None:
        if self._archive is not None:
            self._archive.close()
        self._archive, self._archive_address = None, ""


def _check_size(name: str, size: int | None) -> None:
    if (size or 0) > MAX_BYTES:
        raise SourceError(
            "The picture '{name}' is too large to read: make it smaller and try again.", name=os.path.basename(name)
        )
