"""Files that are complete or absent: written under a temporary name, moved to the final one when done."""

import errno
import os
import secrets
import shutil
from abc import ABC, abstractmethod
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from itertools import count
from pathlib import Path
from types import TracebackType
from typing import TypeVar

from agecam.errors import OutputError

PathLike = str | os.PathLike[str]


class PartFile:
    """A file in the making, open for binary writing beside its final name.

    Opening creates missing folders and the temporary file, so that a place where nothing can be written is
    known before any work is done. `commit` or `discard` ends it; what comes after the first of them does
    nothing. An earlier file of the same name is replaced; with `keep_existing` it stays, and `name.png` gives
    way to `name-2.png`, `name-3.png` and so on.
    """

    def __init__(self, path: PathLike, *, keep_existing: bool = False) -> None:
        self.final = Path(path)
        self._keep_existing = keep_existing
        self.ended = False
        with explained(path):
            if not keep_existing:
                if self.final.is_symlink():
                    self.final = Path(os.path.realpath(path))  # what it points to is replaced, not the link
                _check_replaceable(self.final)
            self.final.parent.mkdir(parents=True, exist_ok=True)
            self.path = self.final.with_name(f".agecam-{secrets.token_hex(6)}.part")
            self._file = self.path.open("xb")

    def write(self, data: bytes) -> None:
        """Append `data`."""
        with explained(self.final):
            self._file.write(data)

    def close(self) -> None:
        """Close the temporary file, for those who write it by its path."""
        with explained(self.final):
            self._file.close()

    def commit(self) -> Path:
        """Give the complete file its final name, and return that; nothing is left behind if that fails."""
        if self.ended:
            return self.final
        try:
            self.close()
            with explained(self.final):
                if self._keep_existing:
                    self.final = next(name for name in _numbered(self.final) if _moved(self.path, name))
                else:
                    self.path.replace(self.final)
        finally:
            self.discard()
        return self.final

    def discard(self) -> None:
        """Remove the temporary file."""
        self.ended = True
        with suppress(OSError):
            self._file.close()
        with suppress(OSError):
            self.path.unlink()


def write_whole(path: PathLike, content: bytes) -> Path:
    """Write a file, complete or not at all; raises OutputError where nothing can be written."""
    file = PartFile(path)
    try:
        file.write(content)
        return file.commit()
    finally:
        file.discard()


class LastingFile:
    """A file under its final name from the start, for recordings that stay usable if the program is killed.

    Never replaces an earlier file: `name.mp4` gives way to `name-2.mp4` and so on. If its folder is removed meanwhile,
    it is written anew from what is still open.
    """

    def __init__(self, path: PathLike) -> None:
        self.ended = False
        self._asked = Path(path)
        with explained(path):
            self._create()

    def _create(self) -> None:
        self._asked.parent.mkdir(parents=True, exist_ok=True)
        self.final = self.path = next(name for name in _numbered(self._asked) if _created(name))
        self._open = self.path.open("rb")

    def close(self) -> None:
        """Nothing to do: it is written by its path."""

    def commit(self) -> Path:
        """It is complete; raises OutputError if it is gone and cannot be brought back."""
        if self.ended:
            return self.final
        self.ended = True
        with self._open as lost, explained(self._asked):
            if os.fstat(lost.fileno()).st_nlink == 0:  # deleted, not moved; where files that are open can be
                self._create()
                with self._open, self.path.open("wb") as again:
                    shutil.copyfileobj(lost, again)
        return self.final

    def discard(self) -> None:
        """Remove it, unless it was completed."""
        if not self.ended:
            self.ended = True
            self._open.close()
            with suppress(OSError):
                self.path.unlink()


def _created(path: Path) -> bool:
    try:
        path.open("xb").close()
    except FileExistsError:
        return False
    return True


def _check_replaceable(path: Path) -> None:
    if path.is_dir():
        raise OutputError("Cannot write {path}: it is a folder; add a file name.", path=path)
    if path.exists() and not path.is_file():
        raise OutputError("Cannot write {path}: it is not an ordinary file; choose another name.", path=path)
    if path.exists() and not os.access(path, os.W_OK):
        raise OutputError("Cannot write {path}: it is read-only; choose another name.", path=path)


def _numbered(path: Path) -> Iterator[Path]:
    yield path
    for number in count(2):
        yield path.with_name(f"{path.stem}-{number}{path.suffix}")


def _moved(path: Path, name: Path) -> bool:
    """Move a file to a name that is free; False if it is taken."""
    try:
        os.link(path, name)  # unlike a rename, this never replaces
    except FileExistsError:
        return False
    except OSError:  # a file system without links
        if name.exists():
            return False
        path.replace(name)
    else:
        path.unlink()
    return True


_W = TypeVar("_W", bound="Writer")


class Writer(ABC):
    """What all writers share: `with` completes the file, or removes it when something went wrong."""

    @abstractmethod
    def close(self) -> None:
        """Complete the file under its final name. Leaves nothing behind if that fails."""

    @abstractmethod
    def discard(self) -> None:
        """Give up: remove what was written."""

    def __enter__(self: _W) -> _W:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if kind is None or issubclass(kind, KeyboardInterrupt):
            self.close()
        else:
            self.discard()


def check_writable(path: PathLike) -> None:
    """Raise `OutputError` if no file can be written at `path`; leaves nothing there."""
    PartFile(path).discard()


@contextmanager
def explained(name: PathLike) -> Iterator[None]:
    """Turn the operating system's errors into an `OutputError` that says `name` and the way out."""
    try:
        yield
    except OSError as error:
        raise unwritable(name, error) from error


def unwritable(name: PathLike, error: Exception) -> OutputError:
    """What to tell a person about an error of the operating system."""
    match getattr(error, "errno", None):
        case errno.ENOSPC:
            sentence = OutputError(
                "Cannot write {name}: the disk is full; free some space or choose another place.", name=name
            )
        case errno.EDQUOT:
            sentence = OutputError(
                "Cannot write {name}: your share of the disk is used up; free some space or choose another place.",
                name=name,
            )
        case errno.EPIPE:
            sentence = OutputError(
                "Cannot write {name}: the program that reads it has ended; let it read to the end, or write to a file.",
                name=name,
            )
        case errno.EFBIG:
            sentence = OutputError(
                "Cannot write {name}: the file grew larger than this disk allows; choose another place.", name=name
            )
        case errno.EACCES | errno.EPERM:
            sentence = OutputError(
                "Cannot write {name}: permission was denied; choose a place where you may write.", name=name
            )
        case errno.EROFS:
            sentence = OutputError(
                "Cannot write {name}: the disk is read-only; choose a place where you may write.", name=name
            )
        case errno.ENAMETOOLONG:
            sentence = OutputError("Cannot write {name}: the name is too long; choose a shorter one.", name=name)
        case errno.EEXIST | errno.ENOTDIR:
            sentence = OutputError(
                "Cannot write {name}: what should be its folder is a file; choose another place.", name=name
            )
        case _:
            reason = getattr(error, "strerror", None) or str(error)
            sentence = OutputError(
                "Cannot write {name}: {reason}; choose another place.",
                name=name,
                reason=f"{reason[:1].lower()}{reason[1:]}",
            )
    return sentence
