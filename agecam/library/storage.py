"""Files and folders on everything that fsspec reaches: the local disk, S3, Google Cloud Storage, web servers."""

import hashlib
import os
import posixpath
import secrets
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, BinaryIO

import fsspec
from fsspec.implementations.local import LocalFileSystem

from agecam.errors import OutputError, UsageError
from agecam.runtime.files import explained, unwritable, whole_file

_WITH_SECRETS = ("http://", "https://", "ftp://", "sftp://", "ssh://", "smb://", "webdav://")


def connect(address: str) -> tuple[Any, str]:
    """The file system of an address, and the path in it; of a local path, the absolute one.

    Raises:
        UsageError: the scheme is unknown, or its package is not installed.
    """
    try:
        files, path = fsspec.core.url_to_fs(os.path.expanduser(address))
    except (ImportError, ValueError) as error:
        raise UsageError(
            "The address {address} cannot be used ({reason}): install the package for it, or use another address.",
            address=shown(address),
            reason=str(error).partition("\n")[0].rstrip("."),
        ) from error
    return files, path


def is_local(files: Any) -> bool:
    """Whether a file system is this computer's own."""
    return isinstance(files, LocalFileSystem)


def shown(address: str) -> str:
    """An address as the data set and messages have it: without user, password and query, which is replaced by a digest,
    as it may say which picture is meant. Bytes of a file name that are not UTF-8 become `\\xff`.
    """
    text = os.fsencode(address).decode("utf-8", "backslashreplace")
    if not text.startswith(_WITH_SECRETS):
        return text
    scheme, _, rest = text.partition("://")
    host, slash, path = rest.partition("/")
    path, _, query = path.partition("?")
    digest = f"?{hashlib.blake2b(query.encode(), digest_size=8).hexdigest()}" if query else ""
    return f"{scheme}://{host.rpartition('@')[2]}{slash}{path}{digest}"


@contextmanager
def written(address: str) -> Iterator[BinaryIO]:
    """A file to write, which is there under its name only if the block succeeds; raises OutputError."""
    files, path = connect(address)
    if is_local(files):
        with whole_file(path) as part, part.open("wb") as file:
            yield file
        return
    with tempfile.TemporaryDirectory(prefix="agecam-") as folder:
        copy = os.path.join(folder, "file")
        with explained(shown(address)):
            with open(copy, "wb") as file:
                yield file
            try:
                files.put_file(copy, path)
            except OSError:
                raise
            except Exception as error:  # of the client of an object store
                raise unwritable(shown(address), error) from error


class Folder:
    """A folder for output. Its methods raise OutputError if something cannot be written or read."""

    def __init__(self, address: str) -> None:
        self.name = shown(address)
        """For messages."""
        self.address = os.path.abspath(os.path.expanduser(address)) if "://" not in address else address
        self.files, self._root = connect(address)
        self.is_local = is_local(self.files)

    def path(self, *parts: str) -> str:
        """A path in the folder, for its file system."""
        return posixpath.join(self._root, *parts)

    def make(self, *parts: str) -> None:
        """Create a folder in this one if it is missing."""
        with self._explained():
            self.files.makedirs(self.path(*parts), exist_ok=True)

    def names(self, *parts: str) -> list[str]:
        """Names of what is in a folder; none if it does not exist."""
        with self._explained():
            self.files.invalidate_cache()
            try:
                found = self.files.ls(self.path(*parts), detail=False)
            except FileNotFoundError:
                return []
        return sorted(posixpath.basename(str(path).rstrip("/")) for path in found)

    def read(self, *parts: str) -> bytes | None:
        """Content of a file; None if it does not exist."""
        with self._explained():
            try:
                return bytes(self.files.cat_file(self.path(*parts)))
            except FileNotFoundError:
                return None

    def write(self, content: bytes, *parts: str) -> None:
        """Write a file: complete, or absent under its name."""
        path = self.path(*parts)
        with self._explained():
            if not self.is_local:  # an object appears only when it is complete
                self.files.pipe_file(path, content)
                return
            part = f"{path}.{secrets.token_hex(4)}.part"
            try:
                with open(part, "xb") as file:
                    file.write(content)
                    file.flush()
                    os.fsync(file.fileno())  # after a power failure, a renamed file may otherwise be empty
                os.replace(part, path)
            except OSError:
                if os.path.exists(part):
                    os.unlink(part)
                raise

    def create(self, content: bytes, *parts: str) -> bool:
        """Write a file that does not exist yet; False if it does."""
        path = self.path(*parts)
        with self._explained():
            if self.is_local:
                try:
                    with open(path, "xb") as file:
                        file.write(content)
                except FileExistsError:
                    return False
                return True
            self.files.invalidate_cache()
            if self.files.exists(path):
                return False
            self.files.pipe_file(path, content)
            return True

    def move(self, source: str, target: str) -> None:
        """Move a file, replacing one of that name."""
        with self._explained():
            if self.is_local:
                os.replace(source, target)
            else:
                self.files.mv(source, target)

    def remove(self, *parts: str) -> None:
        """Remove a file or a folder with all it contains; it may be missing."""
        with self._explained():
            try:
                self.files.rm(self.path(*parts), recursive=True)
            except FileNotFoundError:
                return

    @contextmanager
    def _explained(self) -> Iterator[None]:
        with explained(self.name):
            try:
                yield
            except (OSError, OutputError):
                raise
            except Exception as error:  # of the client of an object store
                raise unwritable(self.name, error) from error
