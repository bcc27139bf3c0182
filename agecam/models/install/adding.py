"""`agecam models add`: installs weights files as a model in the user's data folder."""

import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from agecam.errors import AgeCamError, UsageError
from agecam.models.card import WEIGHTS_SUFFIX, Card, load_card
from agecam.models.install.caffe import DESCRIPTION_SUFFIX, SUFFIX, described_task, stored_task
from agecam.models.install.download import Watch, download, file_name
from agecam.models.install.layers import CONVOLUTIONS
from agecam.models.install.origins import STUDY
from agecam.models.install.vgg_face import TaskFile, checked, combine, origin_of
from agecam.models.install.web import is_address
from agecam.models.store import DOWNLOADS, HALVES, find_model, is_built_in, network_files, waiting_files
from agecam.models.vgg_face import TASKS
from agecam.runtime.addresses import redact
from agecam.runtime.files import PartFile, explained

StartProgress = Callable[[str, str], "Watch"]
"""Starts a progress bar with a description and a unit; returns a function to update it."""

Check = Callable[[Card], object]


@dataclass(frozen=True, slots=True)
class Incomplete:
    """One of two weights files was added and the other is still missing."""

    task: str
    missing: str


def add_model(
    sources: list[str],
    folder: Path,
    start_progress: StartProgress,
    check: Check,
    *,
    name: str | None = None,
    margin: float | None = None,
) -> Card | Incomplete:
    """Install a model.

    Args:
        sources: paths or addresses: the VGG-Face or Caffe files for age and gender, those of one task (kept until the
            others are added), or one weights file with its card next to it.
        folder: where models are installed.
        start_progress: shows progress.
        check: raises WeightsError if a model does not run.
        name: of a model that is combined from two files; None for that of their origin.
        margin: around the detector's box, used to train the two files; None for that of their origin.

    Returns:
        The card of the installed model, or what is missing.

    Raises:
        SourceError: an address cannot be downloaded.
        UsageError: both files are for the same task, or the model is already installed or called like a built-in one.
        WeightsError: a file is damaged or not supported.
        OutputError: the folder cannot be written.
    """
    downloads = folder / DOWNLOADS
    names = _file_names(sources)
    paths = [_local_path(source, downloads, name, start_progress) for source, name in zip(sources, names, strict=True)]
    if len(paths) == 1 and paths[0].name.endswith((WEIGHTS_SUFFIX, ".json")) and not is_address(sources[0]):
        return _copy_model(paths[0], folder, check)
    waiting = folder / HALVES
    try:
        task_files = _task_files(paths, start_progress)
    except AgeCamError as error:
        _remove(paths, downloads)  # up to half a gigabyte of no use
        raise _naming_addresses(error, paths, sources) from error
    name = name or next(iter(task_files.values())).origin.name
    for task, kept in waiting_files(folder).get(name, {}).items():
        if task not in task_files:
            description = kept.with_suffix(DESCRIPTION_SUFFIX)
            task_files[task] = checked(kept, description=description if description.is_file() else None)
    if missing := [task for task in TASKS if task not in task_files]:
        task, task_file = next(iter(task_files.items()))
        _keep(task_file, waiting / f"{name}-{task}{SUFFIX if task_file.origin is STUDY else '.h5'}")
        _remove(paths, downloads)
        return Incomplete(task, missing[0])
    watch = start_progress("Combining", "layer")
    card = combine(task_files, folder, margin=margin, name=name, advance=_counted(watch, 2 * CONVOLUTIONS))
    _remove([*paths, *(path for task_file in task_files.values() for path in _files(task_file))], downloads, waiting)
    return card


def _file_names(sources: list[str]) -> list[str]:
    """A name for the file of each address; those of different addresses differ."""
    names: list[str] = []
    for source in sources:
        name = first = file_name(source)
        number = 1
        while name.casefold() in (other.casefold() for other in names):
            number += 1
            name = f"{Path(first).stem}-{number}{Path(first).suffix}"
        names.append(name)
    return names


def _local_path(source: str, folder: Path, name: str, start_progress: StartProgress) -> Path:
    if not is_address(source):
        return Path(source)
    return download(source, folder, start_progress(f"Downloading {name}", "B"), name)


def _naming_addresses(error: AgeCamError, paths: list[Path], sources: list[str]) -> AgeCamError:
    """The same error, with an address instead of the file that was downloaded from it and is already removed."""
    text = str(error)
    for path, source in zip(paths, sources, strict=True):
        if is_address(source):
            text = text.replace(str(path), redact(source.strip()))
    return type(error)(text)


def _task_files(paths: list[Path], start_progress: StartProgress) -> dict[str, TaskFile]:
    """The checked weights files by task, each of Caffe's with its description if that is among the files."""
    descriptions: dict[str, Path] = {}
    for path in paths:
        if DESCRIPTION_SUFFIX in path.suffixes:
            task = described_task(path)
            if task in descriptions:
                raise _both_for(task, descriptions[task], path)
            descriptions[task] = path
    task_files: dict[str, TaskFile] = {}
    for path in paths:
        if path in descriptions.values():
            continue
        description = descriptions.get(stored_task(path)) if descriptions and origin_of(path) is STUDY else None
        advance = _counted(start_progress(f"Checking {path.name}", "layer"), CONVOLUTIONS)
        task_file = checked(path, advance, description)
        task = task_file.layout.task
        if task in task_files:
            raise _both_for(task, task_files[task].path, path)
        task_files[task] = task_file
    used = [task_file.description for task_file in task_files.values()]
    for description in descriptions.values():
        if description not in used:
            raise UsageError(
                "{description} describes a network, but its weights are missing: name its {suffix} file, too.",
                description=description,
                suffix=SUFFIX,
            )
    return task_files


def _both_for(task: str, one: Path, other: Path) -> UsageError:
    return UsageError("{one} and {other} are both for {task}: name only one of them.", one=one, other=other, task=task)


def _files(task_file: TaskFile) -> list[Path]:
    return [path for path in (task_file.path, task_file.description) if path is not None]


def _keep(task_file: TaskFile, to: Path) -> None:
    """Copy a weights file, and its description first, which is of no use alone; they replace those kept before."""
    kept = [to]
    if task_file.description is not None:
        kept.append(to.with_suffix(DESCRIPTION_SUFFIX))
        _copy(task_file.description, kept[-1])
    _copy(task_file.path, to)
    _remove([path for path in to.parent.glob(f"{to.stem}.*") if path not in kept], to.parent)


def _counted(watch: Watch, total: int) -> Callable[[], None]:
    done = 0

    def advance() -> None:
        nonlocal done
        done += 1
        watch(done, total)

    return advance


def _copy_model(path: Path, folder: Path, check: Check) -> Card:
    """Install a model that is already in AgeCam's own layout."""
    card = load_card(find_model(str(path)))
    if card.path.parent.resolve() == folder.resolve():
        raise UsageError(f"{card.path} is already installed.")
    if is_built_in(card.path.stem):
        raise UsageError(
            "'{name}' is the name of a built-in model: give the files of the new one another name.", name=card.path.stem
        )
    network_files(card).weights.check()
    check(card)
    others = [card.path.with_name(form.file) for form in card.forms]
    for file in (card.weights_path, *others, card.path):  # the card last: without it nothing is installed
        _copy(file, folder / file.name)
    return load_card(folder / card.path.name)


def _copy(path: Path, to: Path) -> None:
    file = PartFile(to)
    try:
        file.close()
        with explained(to):
            shutil.copyfile(path, file.path)
        file.commit()
    finally:
        file.discard()


def _remove(paths: list[Path], *folders: Path) -> None:
    """Remove the files that lie in these folders, then the folders if they are empty."""
    for path in paths:
        if path.parent in folders:
            path.unlink(missing_ok=True)
    for folder in folders:
        if folder.is_dir() and not any(folder.iterdir()):
            folder.rmdir()
