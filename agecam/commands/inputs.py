"""From what a person names to single sources: folders become their pictures and videos."""

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import count
from pathlib import Path

from agecam.errors import SourceError
from agecam.outputs.stills import safe_stem
from agecam.sources.pictures import is_picture, natural_key
from agecam.sources.stream import redact
from agecam.sources.words import is_live_spec, word_kind

_MEDIA_NAME = re.compile(
    r".*\.(?:avif|bmp|dib|gif|hei[cf]|j2k|jfif|jp2|jpe?g?|p[bgnp]m|png|tiff?|webp"
    r"|3gp|asf|avi|flv|m2ts|m4v|mkv|mov|mp4|mpe?g|mts|og[gv]|ts|vob|webm|wmv)",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class Input:
    """One source to analyse."""

    spec: str
    """What `open_source` takes."""
    name: str
    """What the person knows it by; never a password."""
    path: Path | None = None
    """Where it lies, if it is a file."""
    is_picture: bool = False
    is_live: bool = False
    """Whether frames are lost when they are not read in time."""


def find_inputs(specs: Sequence[str]) -> tuple[list[Input], list[SourceError]]:
    """The sources behind `specs`, in order, each once; and a failure for each folder without any.

    What is not there is kept: opening it says so. The name of a file in a folder has the folder's before it.
    """
    inputs: dict[str, Input] = {}
    failures = []
    for spec in specs:
        try:
            found = list(_folder(Path(spec)) if _is_folder(spec) else [_single(spec)])
        except SourceError as error:
            failures.append(error)
            continue
        for item in found:
            inputs.setdefault(item.spec, item)
    return _told_apart(list(inputs.values())), failures


def stems_of(inputs: Iterable[Input]) -> dict[Input, str]:
    """A file name for each source, without suffix, safe and unique: `photos_a` for `photos/a.jpg`."""
    stems: dict[Input, str] = {}
    taken: set[str] = set()
    for item in inputs:
        stem = first = safe_stem(item.name.removesuffix(item.path.suffix) if item.path else item.name)
        numbers = count(2)
        while stem.casefold() in taken:
            stem = f"{first}-{next(numbers)}"
        taken.add(stem.casefold())
        stems[item] = stem
    return stems


def _is_folder(spec: str) -> bool:
    return word_kind(spec) is None and _is_dir(Path(spec))


def _single(spec: str) -> Input:
    kind = word_kind(spec)
    if kind == "demo":
        return Input(spec, "demo")
    if kind is not None:
        return Input(spec, redact(spec.strip()) if "://" in spec else spec.strip(), is_live=True)
    path = Path(spec)
    if _is_file(path):
        return Input(spec, path.name, path, is_picture=_shows_picture(path))
    return Input(spec, spec, is_live=is_live_spec(spec))


def _folder(folder: Path) -> Iterator[Input]:
    name = folder.resolve().name or str(folder)
    try:
        files = [path for path in folder.iterdir() if not path.name.startswith(".") and _is_file(path)]
    except OSError as error:
        raise SourceError(f"The folder '{name}' cannot be read ({error.strerror}): check its permissions.") from error
    media = [path for path in files if _MEDIA_NAME.fullmatch(path.name) or _shows_picture(path)]
    if not media:
        raise SourceError(f"The folder '{name}' holds no pictures and no videos: choose another one.")
    for path in sorted(media, key=natural_key):
        # Joined to '.', a name like 'demo' would lose its folder.
        spec = str(path) if len(path.parts) > 1 else f"./{path}"
        yield Input(spec, f"{name}/{path.name}", path, is_picture=_shows_picture(path))


def _told_apart(inputs: Iterable[Input]) -> list[Input]:
    """Files of one name get their path for a name."""
    inputs = list(inputs)
    times = Counter(item.name for item in inputs)
    return [replace(item, name=item.path.as_posix()) if item.path and times[item.name] > 1 else item for item in inputs]


def _shows_picture(path: Path) -> bool:
    try:
        return is_picture(path)
    except OSError:
        return False


def _is_dir(path: Path) -> bool:
    try:
        return path.is_dir()
    except (OSError, ValueError):  # a name that no file can have
        return False


def _is_file(path: Path) -> bool:
    try:
        return path.is_file()
    except (OSError, ValueError):
        return False
