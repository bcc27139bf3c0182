"""`agecam models add`: weights files, wherever they lie -> a model in the person's data folder."""

import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from agecam.errors import AgeCamError, UsageError
from agecam.models.card import WEIGHTS_SUFFIX, Card, load_card
from agecam.models.install.download import Watch, download, file_name, is_address
from agecam.models.install.legacy_hdf5 import CONVOLUTIONS
from agecam.models.install.vgg_face import MARGIN, NAME, Half, brought_together, checked
from agecam.models.store import find_model, network_files
from agecam.models.vgg_face import TASKS
from agecam.runtime.files import PartFile, explained

Begin = Callable[[str, str], "Watch"]
"""Begins a progress bar, of what and in which unit; what it gives is called as the work goes on."""

Check = Callable[[Card], object]


@dataclass(frozen=True, slots=True)
class Waiting:
    """A half that was added alone: the other one is awaited."""

    task: str
    missing: str


def add_model(
    what: list[str], folder: Path, begin: Begin, check: Check, *, name: str | None = None, margin: float = MARGIN
) -> Card | Waiting:
    """Install a model.

    Args:
        what: paths or addresses: both halves of a VGG-Face of age and gender, one of them (it waits for the other),
            or one weights file that lies beside its card.
        folder: where models are installed.
        begin: how progress is shown.
        check: raises WeightsError for a model that does not run.
        name: of the model, where it is put together here.
        margin: around the detector's box, that the two halves were trained with.

    Raises:
        SourceError: an address cannot be fetched.
        WeightsError: a file is damaged, or not what AgeCam knows.
        OutputError: the folder cannot be written.
    """
    fetched = folder / "downloads"
    paths = [_local(of, fetched, begin) for of in what]
    if len(paths) == 1 and paths[0].name.endswith((WEIGHTS_SUFFIX, ".json")) and not is_address(what[0]):
        return _copied(paths[0], folder, check)
    waiting = folder / "halves"
    try:
        halves = _halves(paths, begin)
    except AgeCamError:
        _forget(paths, fetched)  # half a gigabyte of something else
        raise
    for task in TASKS:
        if task not in halves and (kept := waiting / f"{name or NAME}-{task}.h5").exists():
            halves[task] = checked(kept)
    if missing := [task for task in TASKS if task not in halves]:
        task, half = next(iter(halves.items()))
        _copy(half.path, waiting / f"{name or NAME}-{task}.h5")
        _forget(paths, fetched)
        return Waiting(task, missing[0])
    watch = begin("Putting them together", "layer")
    card = brought_together(halves, folder, margin=margin, name=name or NAME, advance=_counted(watch, 2 * CONVOLUTIONS))
    _forget([*paths, *(half.path for half in halves.values())], fetched, waiting)
    return card


def _local(of: str, folder: Path, begin: Begin) -> Path:
    return download(of, folder, begin(f"Fetching {file_name(of)}", "B")) if is_address(of) else Path(of)


def _halves(paths: list[Path], begin: Begin) -> dict[str, Half]:
    halves: dict[str, Half] = {}
    for path in paths:
        half = checked(path, _counted(begin(f"Checking {path.name}", "layer"), CONVOLUTIONS))
        if half.layout.task in halves:
            raise UsageError(
                f"{halves[half.layout.task].path} and {path} both say the {half.layout.task}: name one of them."
            )
        halves[half.layout.task] = half
    return halves


def _counted(watch: Watch, of: int) -> Callable[[], None]:
    done = 0

    def advance() -> None:
        nonlocal done
        done += 1
        watch(done, of)

    return advance


def _copied(path: Path, folder: Path, check: Check) -> Card:
    """A model in our own layout, which lies somewhere else."""
    card = load_card(find_model(str(path)))
    if card.path.parent.resolve() == folder.resolve():
        raise UsageError(f"{card.path} is installed already.")
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


def _forget(paths: list[Path], *folders: Path) -> None:
    """Remove what was only fetched or kept on the way."""
    for path in paths:
        if path.parent in folders:
            path.unlink(missing_ok=True)
    for folder in folders:
        if folder.is_dir() and not any(folder.iterdir()):
            folder.rmdir()
