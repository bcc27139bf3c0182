"""Files that are complete or absent: written under a temporary name and renamed when done."""

import errno
import os
import shutil
import time
from abc import ABC, abstractmethod
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from itertools import count
from pathlib import Path
from types import TracebackType
from typing import TypeVar

from agecam.errors import OutputError
from agecam.runtime.parts import part_name, remove_stale_parts

PathLike = str | os.PathLike[str]


_REPLACE_DELAYS_S = (0.05, 0.1, 0.2, 0.4, 0.8)
"""A virus scanner or a search index may hold a file for a moment."""


class PartFile:
    """A temporary file next to its final path, open for binary writing.

    Opening creates missing folders and the temporary file, so that an unwritable place is detected before any work is
    done. `commit` or `discard` ends it; later calls of either do nothing. An existing file of the same name is
    replaced; with `keep_existing` it is kept, and the new file is called `name-2.png`, `name-3.png` and so on.
    """

    def __init__(self, path: PathLike, *, keep_existing: bool = False) -> None:
        self.final = Path(path)
        self._keep_existing = keep_existing
        self.ended = False
        with explained(path):
            if not keep_existing:
                if self.final.is_symlink():
                    self.final = Path(os.path.realpath(path))  # replace the target, not the link
                _check_replaceable(self.final)
            self.final.parent.mkdir(parents=True, exist_ok=True)
            remove_stale_parts(self.final.parent)
            self.path = self.final.with_name(part_name())
            # Unbuffered, so that an error is raised by the write that fails.
            self._file = self.path.open("xb", buffering=0)

    def write(self, data: bytes) -> None:
        """Append `data`; nothing of it remains if that fails, so that the file ends with a complete record."""
        start = self._file.tell()
        with explained(self.final):
            try:
                rest = memoryview(data)
                while rest:
                    rest = rest[self._file.write(rest) :]
            except OSError:
                self._file.seek(start)
                self._file.truncate()
                raise

    def close(self) -> None:
        """Close the temporary file, for callers that write to its path."""
        with explained(self.final):
            self._file.close()

    def commit(self) -> Path:
        """Move the file to its final path and return that; nothing is left behind on failure.

        If the file there cannot be replaced, for example because a spreadsheet has it open on Windows, the new file is
        called `name-2.csv` and so on.
        """
        if self.ended:
            return self.final
        try:
            self.close()
            with explained(self.final):
                if self._keep_existing or not self._replaced():
                    self.final = next(name for name in _numbered(self.final) if _moved(self.path, name))
        finally:
            self.discard()
        return self.final

    def _replaced(self) -> bool:
        """Move the file to its final path; False if the file there cannot be replaced, even after a few attempts."""
        for delay_s in (*_REPLACE_DELAYS_S, None):
            try:
                self.path.replace(self.final)
            except OSError:
                if not self.final.exists():  # the folder is the problem, not a file in the way
                    raise
                if delay_s is None:
                    return False
                time.sleep(delay_s)
            else:
                break
        return True

    def discard(self) -> None:
        """Remove the temporary file."""
        self.ended = True
        with suppress(OSError):
            self._file.close()
        with suppress(OSError):
            self.path.unlink()


def write_whole(path: PathLike, content: bytes) -> Path:
    """Write a file atomically; raises OutputError if it cannot be written."""
    file = PartFile(path)
    try:
        file.write(content)
        return file.commit()
    finally:
        file.discard()


@contextmanager
def whole_file(path: PathLike) -> Iterator[Path]:
    """Yield a temporary path; it is moved to `path` when the block ends, and removed if the block fails.

    It has the suffix of `path`, which some libraries depend on. Raises OutputError if the file cannot be written.
    """
    file = PartFile(path)
    part = file.path.with_name(f"{file.path.name}{''.join(file.final.suffixes)}")
    try:
        file.close()
        with explained(file.final):
            yield part
            part.replace(file.path)
        file.commit()
    finally:
        file.discard()
        part.unlink(missing_ok=True)


class LastingFile:
    """A file under its final name from the start, for recordings that stay usable if the program is killed.

    Never replaces an existing file: instead of `name.mp4` it is called `name-2.mp4` and so on. If it is deleted while
    open, `commit` writes it again from the open file.
    """

    def __init__(self, path: PathLike) -> None:
        self.ended = False
        self._requested = Path(path)
        with explained(path):
            self._create()

    def _create(self) -> None:
        self._requested.parent.mkdir(parents=True, exist_ok=True)
        self.final = self.path = next(name for name in _numbered(self._requested) if _created(name))
        self._open = self.path.open("rb")

    def close(self) -> None:
        """Do nothing: the file is written by its path."""

    def commit(self) -> Path:
        """Complete the file and return its path; raises OutputError if it was deleted and cannot be restored."""
        if self.ended:
            return self.final
        self.ended = True
        with self._open as opened, explained(self._requested):
            if os.fstat(opened.fileno()).st_nlink == 0:  # deleted, not moved; possible where open files can be deleted
                self._create()
                with self._open, self.path.open("wb") as restored:
                    shutil.copyfileobj(opened, restored)
        return self.final

    def discard(self) -> None:
        """Remove the file unless it was completed."""
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
    """Move a file to `name`; False if that name is taken."""
    try:
        os.link(path, name)  # unlike a rename, this never replaces a file
    except FileExistsError:
        return False
    except OSError:  # a file system without hard links
        if name.exists():
            return False
        path.replace(name)
    else:
        path.unlink()
    return True


_W = TypeVar("_W", bound="Writer")


class Writer(ABC):
    """Base class of writers: leaving `with` completes the file, also after an error, as far as it was written.

    After an error before anything was written, no file is left, and an earlier one is kept.
    """

    has_content = False
    """Whether anything was written, except a header."""

    @property
    @abstractmethod
    def path(self) -> Path:
        """Final path of the file; it may change in `close`."""

    @abstractmethod
    def close(self) -> None:
        """Complete the file under its final name; nothing is left behind on failure."""

    @abstractmethod
    def discard(self) -> None:
        """Remove what was written."""

    def __enter__(self: _W) -> _W:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if error is None:
            self.close()
        elif self.has_content:
            with suppress(OutputError):  # the first error is the one to tell
                self.close()
        else:
            self.discard()


def check_writable(path: PathLike) -> None:
    """Raise `OutputError` if no file can be written to `path`; leaves nothing there."""
    PartFile(path).discard()


@contextmanager
def explained(name: PathLike) -> Iterator[None]:
    """Convert OSError into an `OutputError` that gives `name` and the way out."""
    try:
        yield
    except OSError as error:
        raise unwritable(name, error) from error


def unwritable(name: PathLike, error: Exception) -> OutputError:
    """The `OutputError` for an error of the operating system."""
    match getattr(error, "errno", None):
        case errno.ENOSPC:
            output_error = OutputError(
                "Cannot write {name}: the disk is full; free some space or choose another place.", name=name
            )
        case errno.EDQUOT:
            output_error = OutputError(
                "Cannot write {name}: your disk quota is used up; free some space or choose another place.",
                name=name,
            )
        case errno.EPIPE:
            output_error = OutputError(
                "Cannot write {name}: the reading program has exited; let it read to the end, or write to a file.",
                name=name,
            )
        case errno.EFBIG:
            output_error = OutputError(
                "Cannot write {name}: the file grew larger than this disk allows; choose another place.", name=name
            )
        case errno.EACCES | errno.EPERM:
            output_error = OutputError(
                "Cannot write {name}: permission was denied; choose a place where you may write.", name=name
            )
        case errno.EROFS:
            output_error = OutputError(
                "Cannot write {name}: the disk is read-only; choose a place where you may write.", name=name
            )
        case errno.ENAMETOOLONG:
            output_error = OutputError("Cannot write {name}: the name is too long; choose a shorter one.", name=name)
        case errno.EEXIST | errno.ENOTDIR:
            output_error = OutputError(
                "Cannot write {name}: a file has the name of its folder; choose another place.", name=name
            )
        case _:
            reason = getattr(error, "strerror", None) or str(error)
            output_error = OutputError(
                "Cannot write {name}: {reason}; choose another place.",
                name=name,
                reason=f"{reason[:1].lower()}{reason[1:]}",
            )
    return output_error
