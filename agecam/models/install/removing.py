"""`agecam models remove`: removes a model that the user has installed."""

from pathlib import Path

from agecam.errors import OutputError, UsageError, WeightsError
from agecam.models.card import WEIGHTS_SUFFIX, load_card
from agecam.models.install.caffe import DESCRIPTION_SUFFIX
from agecam.models.install.web import is_address
from agecam.models.store import HALVES, is_built_in, waiting_files
from agecam.runtime.files import unwritable


def remove_model(name: str, folder: Path) -> list[tuple[Path, int]]:
    """Remove a model's card, weights and ONNX file, and its weights file that waits for the second one.

    Args:
        name: of the model.
        folder: where the user's models are installed.

    Returns:
        The removed files with their sizes in bytes.

    Raises:
        UsageError: the model belongs to AgeCam itself.
        WeightsError: the user has not installed such a model.
        OutputError: a file cannot be removed.
    """
    if is_built_in(name):
        raise UsageError("'{name}' is built in and cannot be removed.", name=name)
    files = [] if Path(name).name != name or is_address(name) else _files(name, folder)
    if not files:
        there = ", ".join(_names(folder))
        if not there:
            raise WeightsError("There is no model called '{name}' to remove: you have installed none.", name=name)
        raise WeightsError(
            "There is no model called '{name}' to remove; the models that you have installed are {there}.",
            name=name,
            there=there,
        )
    removed = []
    for path in files:
        try:
            size = path.lstat().st_size
            path.unlink()
        except OSError as error:
            raise _irremovable(path, error) from error
        removed.append((path, size))
    halves = folder / HALVES
    if halves.is_dir() and not any(halves.iterdir()):
        halves.rmdir()
    return removed


def _files(name: str, folder: Path) -> list[Path]:
    """The files of a model that exist, the card first: without it, nothing is installed."""
    card = folder / f"{name}.json"
    files = [card, folder / f"{name}{WEIGHTS_SUFFIX}", folder / f"{name}.onnx"]
    try:
        forms = [form.file for form in load_card(card).forms]
    except WeightsError:  # a strange card can be removed, too
        forms = []
    files += [folder / form for form in forms if form.startswith(f"{name}.")]  # never those of another model
    for waiting in waiting_files(folder).get(name, {}).values():
        files += [waiting, waiting.with_suffix(DESCRIPTION_SUFFIX)]
    return [path for path in dict.fromkeys(files) if path.exists() or path.is_symlink()]


def _names(folder: Path) -> list[str]:
    installed = [path.stem for path in folder.glob("*.json")] if folder.is_dir() else []
    return sorted({*installed, *waiting_files(folder)})


def _irremovable(path: Path, error: OSError) -> OutputError:
    if path.is_dir():
        return OutputError("{path} is a folder and none of AgeCam's: remove it yourself.", path=path)
    if isinstance(error, PermissionError):
        return OutputError(
            "{path} cannot be removed: close the programs that use it, check the permissions of its folder, and try "
            "again.",
            path=path,
        )
    return unwritable(path, error)
