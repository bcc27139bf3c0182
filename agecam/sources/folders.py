"""The pictures and videos of a folder, and what is left out."""

import os
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from agecam.errors import SourceError
from agecam.sources.pictures import is_picture, natural_key

_MEDIA_NAME = re.compile(
    r".*\.(?:avif|bmp|dib|exr|gif|hdr|hei[cf]|hif|ico|j2k|jfif|jp2|jpe?g|jxl|p[abgnpf]m|pcx|png|apng|psd|qoi|tga|tiff?|webp"
    r"|3gp|asf|avi|flv|m2ts|m4v|mjpe?g|mkv|mov|mp4|mpe?g|mts|og[gv]|ts|vob|webm|wmv)",
    re.IGNORECASE,
)


@dataclass(slots=True)
class FolderContent:
    """What was found in a folder. Hidden files and folders are not counted."""

    media: list[Path] = field(default_factory=list)
    """Pictures and videos, by the content of the file or its name; in natural order."""
    other_files: int = 0
    folders: int = 0
    """Subfolders that were not searched."""
    unreadable: list[SourceError] = field(default_factory=list)
    """One error for each subfolder that cannot be read."""


def list_folder(folder: Path, recursive: bool) -> FolderContent:
    """List a folder; with `recursive`, its subfolders too, except those behind symbolic links.

    Raises:
        SourceError: the folder itself cannot be read.
    """
    content = FolderContent()
    for path, is_folder in _entries(folder, recursive, content):
        if is_folder:
            content.folders += 1
        elif _MEDIA_NAME.fullmatch(path.name) or is_picture_file(path):
            content.media.append(path)
        else:
            content.other_files += 1
    return content


def is_picture_file(path: Path) -> bool:
    """Whether the content of a file is that of a picture; False if it cannot be read."""
    try:
        return is_picture(path)
    except OSError:
        return False


def _entries(folder: Path, recursive: bool, content: FolderContent) -> Iterator[tuple[Path, bool]]:
    """Files, and folders that are not searched, in natural order: the files of a folder, then its subfolders."""
    try:
        with os.scandir(folder) as found:
            entries = [entry for entry in found if not entry.name.startswith(".")]
    except OSError as error:
        name = folder.resolve().name or str(folder)
        raise SourceError(
            "The folder '{name}' cannot be read ({reason}): check its permissions.", name=name, reason=error.strerror
        ) from error
    paths = sorted((folder / entry.name for entry in entries), key=natural_key)
    by_name = {entry.name: entry for entry in entries}
    folders = []
    for path in paths:
        entry = by_name[path.name]
        if _holds(entry.is_dir):
            folders.append((path, entry))
        elif _holds(entry.is_file):
            yield path, False
    for path, entry in folders:
        if not recursive or entry.is_symlink():
            yield path, True
            continue
        try:
            yield from _entries(path, recursive, content)
        except SourceError as error:
            content.unreadable.append(error)


def _holds(question: Callable[[], bool]) -> bool:
    try:
        return question()
    except OSError:
        return False
