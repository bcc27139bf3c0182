"""Turns source arguments into single sources: a folder becomes its pictures and videos."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from itertools import count
from pathlib import Path

from agecam.batch.summary import counted
from agecam.errors import SourceError
from agecam.outputs.stills import safe_stem
from agecam.sources.folders import is_picture_file, list_folder
from agecam.sources.spec import is_live_spec, name_of, path_of, remarks_on, word_kind


@dataclass(frozen=True, slots=True)
class Input:
    """One source to analyse."""

    spec: str
    """Argument of `open_source`."""
    name: str
    """Name shown to people; never contains a password."""
    path: Path | None = None
    """None unless it is a file."""
    is_picture: bool = False
    is_live: bool = False
    """Whether frames that are not read in time may be lost."""


@dataclass(slots=True)
class FoundInputs:
    """The sources that arguments name."""

    inputs: list[Input]
    """In order, without duplicates."""
    errors: list[SourceError]
    """One for each unusable folder."""
    remarks: list[SourceError] = field(default_factory=list)
    """What the user should know about how an argument was understood."""
    other_files: int = 0
    """Files in the folders that are neither pictures nor videos."""
    other_folders: int = 0
    """Subfolders that were not searched."""

    def skipped(self) -> str | None:
        """A sentence on what was left out of folders; None if nothing was."""
        parts = [counted(self.other_files, "file of another kind", "files of other kinds")] if self.other_files else []
        parts += [counted(self.other_folders, "folder")] if self.other_folders else []
        if not parts:
            return None
        verb = "was" if self.other_files + self.other_folders == 1 else "were"
        hint = "; --recursive searches subfolders too" if self.other_folders else ""
        return f"{' and '.join(parts)} {verb} skipped{hint}."


def find_inputs(specs: Sequence[str], recursive: bool = False) -> FoundInputs:
    """The sources named by `specs`; folders stand for their pictures and videos, named `folder/file`.

    Missing files are kept: opening them gives the error.
    """
    inputs: dict[str, Input] = {}
    result = FoundInputs([], [])
    for spec in specs:
        try:
            found = _folder_inputs(path_of(spec), recursive, result) if _is_folder(spec) else [_single_input(spec)]
        except SourceError as error:
            result.errors.append(error)
            continue
        if _is_folder(spec):
            result.remarks += remarks_on(spec)
        for item in found:
            inputs.setdefault(item.spec, item)
    result.inputs = _with_unique_names(list(inputs.values()))
    return result


def unique_stems(inputs: Iterable[Input]) -> dict[Input, str]:
    """A safe, unique file name without suffix for each source: `photos_a` for `photos/a.jpg`."""
    stems: dict[Input, str] = {}
    used: set[str] = set()
    for item in inputs:
        stem = base = safe_stem(item.name.removesuffix(item.path.suffix) if item.path else item.name)
        numbers = count(2)
        while stem.casefold() in used:
            stem = f"{base}-{next(numbers)}"
        used.add(stem.casefold())
        stems[item] = stem
    return stems


def _is_folder(spec: str) -> bool:
    return word_kind(spec) is None and _is_dir(path_of(spec))


def _single_input(spec: str) -> Input:
    match word_kind(spec):
        case "demo":
            return Input(spec, "demo")
        case "camera":
            return Input(spec, spec.strip().replace("://", " "), is_live=True)
        case "address" | "pipe" | "nothing" as kind:
            return Input(spec, name_of(spec), is_live=kind == "address")
    path = path_of(spec)
    if _is_file(path):
        return Input(spec, path.name, path, is_picture=is_picture_file(path))
    return Input(spec, spec, is_live=is_live_spec(spec))


def _folder_inputs(folder: Path, recursive: bool, result: FoundInputs) -> list[Input]:
    content = list_folder(folder, recursive)
    result.errors += content.unreadable
    name = folder.resolve().name or str(folder)
    if not content.media:
        raise SourceError(f"The folder '{name}' contains no pictures or videos: choose another folder.")
    result.other_files += content.other_files
    result.other_folders += content.folders
    inputs = []
    for path in content.media:
        # In the folder '.', a file called 'demo' would otherwise be read as the word.
        spec = str(path) if len(path.parts) > 1 else f"./{path}"
        shown = f"{name}/{path.relative_to(folder).as_posix()}"
        inputs.append(Input(spec, shown, path, is_picture=is_picture_file(path)))
    return inputs


def _with_unique_names(inputs: Iterable[Input]) -> list[Input]:
    """Name files that share a name by their paths, and number addresses that differ only in their secrets."""
    inputs = list(inputs)
    counts = Counter(item.name for item in inputs)
    used: set[str] = set()
    named = []
    for item in inputs:
        name = item.path.as_posix() if item.path and counts[item.name] > 1 else item.name
        numbers = count(2)
        while "://" in name and name in used:
            name = f"{item.name} ({next(numbers)})"
        used.add(name)
        named.append(replace(item, name=name))
    return named


def _is_dir(path: Path) -> bool:
    try:
        return path.is_dir()
    except (OSError, ValueError):  # not a valid file name
        return False


def _is_file(path: Path) -> bool:
    try:
        return path.is_file()
    except (OSError, ValueError):
        return False
