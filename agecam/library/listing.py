"""The pictures that sources name, one after another; folders, patterns, archives and lists are not held as a whole."""

import glob
import os
import posixpath
import tarfile
import zipfile
from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

import pyarrow.parquet as pq

from agecam.errors import SourceError
from agecam.library.storage import connect, is_local, shown
from agecam.sources.picture_files.formats import PICTURE_NAME

ZIP_SUFFIXES = (".zip",)
TAR_SUFFIXES = {
    **{".tar": None, ".tar.gz": "gzip", ".tgz": "gzip", ".tar.bz2": "bz2", ".tbz2": "bz2"},
    **{".tar.xz": "xz", ".txz": "xz"},
}
"""With the name that fsspec gives to their compression."""
LIST_SUFFIXES = (".txt", ".lst", ".list")
_PATTERN_CHARACTERS = "*?["


class Item(NamedTuple):
    """A picture to analyse, with the fields of `schema.WORK`."""

    path: str
    address: str
    member: str | None = None
    offset: int | None = None
    size: int | None = None
    suspect: bool = False


class Listing:
    """Lists sources. Those that cannot be read are left out, and kept in `errors`."""

    def __init__(self, sources: Sequence[str], recursive: bool = False) -> None:
        """
        Args:
            sources: folders, pictures, patterns, zip and tar archives, text and Parquet lists; paths or addresses.
            recursive: whether to search the subfolders of folders too.
        """
        self._sources = sources
        self._recursive = recursive
        self.errors: list[SourceError] = []
        self.skipped = 0
        """Files in folders and archives whose names are not those of pictures."""

    def __iter__(self) -> Iterator[Item]:
        for source in self._sources:
            try:
                yield from self._source(source)
            except SourceError as error:
                self.errors.append(error)
            except Exception as error:  # any of the client of a server, or a damaged archive
                reason = (getattr(error, "strerror", None) or str(error) or type(error).__name__).partition("\n")[0]
                self.errors.append(
                    SourceError(
                        "'{source}' cannot be listed ({reason}): check the path and its permissions.",
                        source=shown(source),
                        reason=reason.rstrip("."),
                    )
                )

    def _source(self, source: str) -> Iterator[Item]:
        files, path = connect(source)
        lower = path.lower()
        if any(character in path for character in _PATTERN_CHARACTERS) and not files.exists(path):
            yield from self._pattern(files, path, source)
        elif is_local(files) and files.isdir(path):
            yield from self._folder(files, path, source)
        elif is_local(files) and not files.exists(path):
            raise SourceError("'{source}' does not exist: check the path.", source=shown(source))
        elif lower.endswith(ZIP_SUFFIXES):
            yield from self._zip(files, path)
        elif lower.endswith(tuple(TAR_SUFFIXES)):
            yield from self._tar(files, path)
        elif lower.endswith(".parquet"):
            yield from self._named(_parquet_names(files, path, source), source)
        elif lower.endswith(LIST_SUFFIXES):
            yield from self._named(_text_names(files, path), source)
        elif is_local(files) or PICTURE_NAME.fullmatch(posixpath.basename(path)):
            yield _item(files, path)
        else:
            yield from self._folder(files, path, source)

    def _pattern(self, files: Any, pattern: str, source: str) -> Iterator[Item]:
        found = False
        paths = glob.iglob(pattern, recursive=True) if is_local(files) else files.glob(pattern)
        for path in paths:
            if is_local(files) and os.path.isdir(path):
                continue
            if self._is_picture(path):
                found = True
                yield _item(files, path)
        if not found:
            raise SourceError("No picture matches '{source}': check the pattern.", source=shown(source))

    def _folder(self, files: Any, folder: str, source: str) -> Iterator[Item]:
        found = False
        walk = _local_files(folder, self._recursive) if is_local(files) else _files(files, folder, self._recursive)
        for path, size in walk:
            if self._is_picture(path):
                found = True
                yield _item(files, path, size)
        if not found:
            raise SourceError(
                "The folder '{source}' contains no pictures: choose another, or search its subfolders with "
                "--recursive.",
                source=shown(source),
            )

    def _zip(self, files: Any, path: str) -> Iterator[Item]:
        address = _address(files, path)
        with files.open(path, "rb") as file, zipfile.ZipFile(file) as archive:
            for member in archive.infolist():
                if not member.is_dir() and self._is_picture(member.filename):
                    yield Item(f"{shown(address)}/{member.filename}", address, member.filename, None, member.file_size)

    def _tar(self, files: Any, path: str) -> Iterator[Item]:
        address = _address(files, path)
        with files.open(path, "rb", compression=compression(path)) as file, tarfile.open(fileobj=file) as archive:
            for member in archive:
                archive.members.clear()  # type: ignore[attr-defined]  # otherwise it keeps them all
                if member.isfile() and self._is_picture(member.name):
                    name = f"{shown(address)}/{shown(member.name.removeprefix('./'))}"
                    yield Item(name, address, None, member.offset_data, member.size)

    def _named(self, names: Iterator[str], source: str) -> Iterator[Item]:
        """Pictures of a list, whose relative paths begin at the folder of the list; they need not exist."""
        base = os.path.dirname(connect(source)[1])
        prefix = source.rpartition("/")[0] if "://" in source else base
        for name in names:
            absolute = name if "://" in name or os.path.isabs(name) else posixpath.join(prefix, name)
            yield _item(*connect(absolute))

    def _is_picture(self, path: str) -> bool:
        name = posixpath.basename(path)
        is_picture = not name.startswith(".") and PICTURE_NAME.fullmatch(name) is not None
        self.skipped += not is_picture
        return is_picture


def compression(tar_path: str) -> str | None:
    """How a tar archive is compressed, by its name, for `fsspec`."""
    return next((how for suffix, how in TAR_SUFFIXES.items() if tar_path.lower().endswith(suffix)), None)


def _item(files: Any, path: str, size: int | None = None) -> Item:
    address = _address(files, path)
    return Item(shown(address), address, size=size)


def _address(files: Any, path: str) -> str:
    return os.path.abspath(path) if is_local(files) else str(files.unstrip_protocol(path))


def _local_files(folder: str, recursive: bool) -> Iterator[tuple[str, None]]:
    """As the system lists them: a folder of a million files is neither sorted nor held."""
    with os.scandir(folder) as entries:
        for entry in entries:
            if entry.name.startswith("."):
                continue
            if entry.is_dir():
                if recursive and not entry.is_symlink():
                    yield from _local_files(entry.path, recursive)
            else:
                yield entry.path, None


def _files(files: Any, folder: str, recursive: bool) -> Iterator[tuple[str, int | None]]:
    for _, _, found in files.walk(folder, maxdepth=None if recursive else 1, detail=True):
        for entry in found.values():
            yield entry["name"], entry.get("size")


def _text_names(files: Any, path: str) -> Iterator[str]:
    with files.open(path, "rt", encoding="utf-8-sig", errors="surrogateescape") as lines:
        for line in lines:
            if name := line.strip("\r\n"):
                yield name


def _parquet_names(files: Any, path: str, source: str) -> Iterator[str]:
    with files.open(path, "rb") as file:
        table = pq.ParquetFile(file)
        if "path" not in table.schema_arrow.names:
            raise SourceError(
                "The list '{source}' has no column 'path': give the column with the paths this name.",
                source=shown(source),
            )
        for batch in table.iter_batches(columns=["path"]):
            yield from (name for name in batch.column(0).to_pylist() if name)
