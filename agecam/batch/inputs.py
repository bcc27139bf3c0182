"""Turns source arguments into single sources: a folder becomes its pictures and videos."""

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import count
from pathlib import Path

from agecam.errors import SourceError
from agecam.outputs.stills import safe_stem
from agecam.sources.pictures import is_picture, natural_key
from agecam.sources.spec import is_live_spec, word_kind
from agecam.sources.stream import redact

_MEDIA_NAME = re.compile(
    r".*\.(?:avif|bmp|dib|gif|hei[cf]|j2k|jfif|jp2|jpe?g?|p[bgnp]m|png|tiff?|webp"
    r"|3gp|asf|avi|flv|m2ts|m4v|mkv|mov|mp4|mpe?g|mts|og[gv]|ts|vob|webm|wmv)",
    re.IGNORECASE,
)


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
    """Whether frames that are not read in time are lost."""


def find_inputs(specs: Sequence[str]) -> tuple[list[Input], list[SourceError]]:
    """The sources named by `specs`, in order and without duplicates, and an error for each unusable folder.

    Missing files are kept: opening them gives the error. Files in a folder are named `folder/file`.
    """
    inputs: dict[str, Input] = {}
    errors = []
    for spec in specs:
        try:
            found = list(_folder_inputs(Path(spec)) if _is_folder(spec) else [_single_input(spec)])
        except SourceError as error:
            errors.append(error)
            continue
        for item in found:
            inputs.setdefault(item.spec, item)
    return _with_unique_names(list(inputs.values())), errors


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
    return word_kind(spec) is None and _is_dir(Path(spec))


def _single_input(spec: str) -> Input:
    kind = word_kind(spec)
    if kind == "demo":
        return Input(spec, "demo")
    if kind is not None:
        return Input(spec, redact(spec.strip()) if "://" in spec else spec.strip(), is_live=True)
    path = Path(spec)
    if _is_file(path):
        return Input(spec, path.name, path, is_picture=_is_picture_file(path))
    return Input(spec, spec, is_live=is_live_spec(spec))


def _folder_inputs(folder: Path) -> Iterator[Input]:
    name = folder.resolve().name or str(folder)
    try:
        files = [path for path in folder.iterdir() if not path.name.startswith(".") and _is_file(path)]
    except OSError as error:
        raise SourceError(f"The folder '{name}' cannot be read ({error.strerror}): check its permissions.") from error
    media = [path for path in files if _MEDIA_NAME.fullmatch(path.name) or _is_picture_file(path)]
    if not media:
        raise SourceError(f"The folder '{name}' contains no pictures or videos: choose another folder.")
    for path in sorted(media, key=natural_key):
        # In the folder '.', a file called 'demo' would otherwise be read as the word.
        spec = str(path) if len(path.parts) > 1 else f"./{path}"
        yield Input(spec, f"{name}/{path.name}", path, is_picture=_is_picture_file(path))


def _with_unique_names(inputs: Iterable[Input]) -> list[Input]:
    """Files that share a name are named by their paths instead."""
    inputs = list(inputs)
    counts = Counter(item.name for item in inputs)
    return [
        replace(item, name=item.path.as_posix()) if item.path and counts[item.name] > 1 else item for item in inputs
    ]


def _is_picture_file(path: Path) -> bool:
    try:
        return is_picture(path)
    except OSError:
        return False


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
