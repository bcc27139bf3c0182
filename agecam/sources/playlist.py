"""A list of sources of which one is open at a time, such as the pictures of a folder."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from agecam.errors import SourceError
from agecam.sources.base import FrameSource
from agecam.sources.camera import camera_named
from agecam.sources.folders import list_folder
from agecam.sources.spec import missing, name_of, path_of, remarks_on, word_kind


@dataclass(frozen=True, slots=True)
class Entry:
    """One source of a list."""

    spec: str
    """Argument of `open_source`."""
    name: str
    """Display name; never contains a password."""
    path: Path | None = None
    """None unless it is a file."""


@dataclass(frozen=True, slots=True)
class Playlist:
    """The entries and the number of the open one."""

    entries: tuple[Entry, ...] = ()
    position: int = 0

    @property
    def current(self) -> Entry | None:
        """The open entry; None in an empty list."""
        return self.entries[self.position] if self.entries else None

    def after(self, step: int, wraps: bool = False) -> int | None:
        """The position `step` entries on; None beyond the ends, unless the list starts again there."""
        position = self.position + step
        if wraps and self.entries:
            return position % len(self.entries)
        return position if 0 <= position < len(self.entries) else None

    def at(self, position: int) -> "Playlist":
        """The same list at another position."""
        return replace(self, position=position)


@dataclass(frozen=True, slots=True)
class Opened:
    """What opening a list, or moving in it, has led to."""

    playlist: Playlist
    skipped: tuple[SourceError, ...] = ()
    """Why entries were left out."""
    remarks: tuple[SourceError, ...] = ()
    """What the user should know about how the specs were understood."""


OpenEntry = Callable[[str], FrameSource]
"""Opens the spec of an entry; raises SourceError."""


class Opening:
    """Opens one entry of a list, and the same again if it is called again.

    Called on the thread that reads the source, since listing a large folder takes time. Any thread may read `opened`.
    """

    def __init__(self, entries: Callable[[], "FoundEntries"], position: int = 0, step: int = 0) -> None:
        """
        Args:
            entries: lists the entries; raises SourceError.
            position: entry to open.
            step: if that cannot be opened, try the following entries, 1, or the previous ones, -1; 0 tries no other.
        """
        self._entries, self._position, self._step = entries, position, step
        self.opened: Opened | None = None
        """None until an entry is open."""

    @property
    def skips(self) -> bool:
        """Whether entries that cannot be opened are skipped."""
        return self._step != 0

    def __call__(self, open_entry: OpenEntry) -> FrameSource:
        """Open the entry. If none can be opened, raises the SourceError of the first that was tried."""
        if self.opened is not None and (current := self.opened.playlist.current) is not None:
            return open_entry(current.spec)
        found = self._entries()
        playlist = Playlist(found.entries, self._position)
        failures: list[SourceError] = []
        while playlist.current is not None:
            try:
                source = open_entry(playlist.current.spec)
            except SourceError as error:
                failures.append(error)
                position = playlist.after(self._step) if self._step else None
                if position is None:
                    break
                playlist = playlist.at(position)
                continue
            self.opened = Opened(playlist, (*found.errors, *failures), found.remarks)
            return source
        raise (*failures, *found.errors)[0]


@dataclass(frozen=True, slots=True)
class FoundEntries:
    """The entries that specs name."""

    entries: tuple[Entry, ...]
    errors: tuple[SourceError, ...] = ()
    """Why specs were left out; at least one if there is no entry."""
    remarks: tuple[SourceError, ...] = ()
    """What the user should know about how the specs were understood."""


def find_entries(specs: Sequence[str]) -> FoundEntries:
    """The entries that specs name, in order; a folder stands for its pictures and videos.

    What does not exist is left out. Files are not opened: some may be damaged.
    """
    entries: list[Entry] = []
    errors: list[SourceError] = []
    remarks: list[SourceError] = []
    for spec in specs:
        try:
            entries += _entries_of(spec)
            remarks += remarks_on(spec) if is_folder(spec) else ()  # those on files come from their source
        except SourceError as error:
            errors.append(error)
    if not entries and not errors:
        errors.append(SourceError("No source was given: name a camera, video, picture, folder or stream address."))
    return FoundEntries(tuple(entries), tuple(errors), tuple(remarks))


def is_folder(spec: str) -> bool:
    """Whether a spec is the path of a folder."""
    try:
        return word_kind(spec) is None and path_of(spec).is_dir()
    except (OSError, ValueError):  # not a valid file name
        return False


def _entries_of(spec: str) -> list[Entry]:
    kind = word_kind(spec)
    if kind == "nothing":
        return []
    if kind is not None:
        return [Entry(spec, name_of(spec))]
    path = path_of(spec)
    if is_folder(spec):
        return _files_in(path)
    try:
        is_file, exists = path.is_file(), path.exists()
    except (OSError, ValueError):
        is_file = exists = False
    if not exists and camera_named(spec) is None:
        raise missing(spec)
    return [Entry(spec, name_of(spec), path if is_file else None)]


def _files_in(folder: Path) -> list[Entry]:
    paths = list_folder(folder, recursive=False).media
    if not paths:
        name = folder.resolve().name or str(folder)
        raise SourceError("The folder '{name}' contains no pictures or videos: choose another folder.", name=name)
    # A file called 'demo' in the folder '.' would otherwise be read as the word.
    return [Entry(str(path) if path.is_absolute() else f"./{path}", path.name, path) for path in paths]
