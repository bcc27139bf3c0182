"""Where models are stored, and which files belong to a model."""

import json
from contextlib import suppress
from dataclasses import dataclass
from importlib import resources
from pathlib import Path
from typing import Any

from agecam.errors import WeightsError
from agecam.models.card import WEIGHTS_SUFFIX, Card, load_card
from agecam.models.files import KnownFile, NetworkFiles
from agecam.models.vgg_face import TASKS
from agecam.types import CropSpec

DEFAULT_MODEL = "compact"
DOWNLOADS, HALVES = "downloads", "halves"
"""In the folder of the user's models: incomplete downloads; weights files that wait for their second one."""


def model_folders() -> list[Path]:
    """Folders that may contain models: in the checkout, in the installed package, in the user's data folder."""
    folders = [Path(__file__).resolve().parents[2] / "assets" / "models"]
    with suppress(ModuleNotFoundError):  # a checkout that was not installed
        folders.append(Path(str(resources.files("agecam.assets"))))
    folders.append(user_models())
    return folders


def user_models() -> Path:
    """The models folder in the user's data folder, where `agecam models add` installs."""
    import platformdirs

    return Path(platformdirs.user_data_dir("agecam", appauthor=False)) / "models"


def is_built_in(name: str) -> bool:
    """Whether a model belongs to AgeCam itself."""
    return any((folder / f"{name}.json").is_file() for folder in model_folders()[:-1])


def waiting_files(folder: Path) -> dict[str, dict[str, Path]]:
    """Weights files that wait for the second one of their model: by name of the model, then by task."""
    found: dict[str, dict[str, Path]] = {}
    for path in sorted((folder / HALVES).glob("*")):
        name, _, task = path.stem.rpartition("-")
        if name and task in TASKS and path.suffix in (".h5", ".caffemodel"):
            found.setdefault(name, {})[task] = path
    return found


def model_or_default(name: str) -> str:
    """The name itself, or that of the built-in model if there is no such model any more."""
    try:
        return name if find_model(name).is_file() else DEFAULT_MODEL
    except (WeightsError, OSError, ValueError):
        return DEFAULT_MODEL


def find_models() -> list[Path]:
    """Paths of all model cards on this machine, shipped models first; duplicate names are skipped."""
    found: dict[str, Path] = {}
    for folder in model_folders():
        for path in sorted(folder.glob("*.json")) if folder.is_dir() else []:
            found.setdefault(path.stem, path)
    return list(found.values())


def find_model(name: str) -> Path:
    """Path of a model's card.

    Args:
        name: of the model, or the path of its card or weights.

    Raises:
        WeightsError: there is no such model.
    """
    path = Path(name)
    if path.suffix == ".json":
        return path
    if path.name.endswith(WEIGHTS_SUFFIX):
        return path.with_name(path.name.removesuffix(WEIGHTS_SUFFIX) + ".json")
    cards = {card.stem: card for card in find_models()}
    if name not in cards:
        there = ", ".join(cards) or "none (reinstall AgeCam)"
        raise WeightsError(
            "There is no model called '{name}'; the installed models are {there}.", name=name, there=there
        )
    return cards[name]


def weights_sha256(name: str) -> str:
    """SHA-256 of a model's weights, from its card; empty if there is no such model any more."""
    with suppress(WeightsError):
        return load_card(find_model(name)).sha256
    return ""


def network_files(card: Card) -> NetworkFiles:
    """The files of a model's network."""
    onnx = next((form for form in card.forms if (form.format, form.precision) == ("onnx", "float32")), None)
    return NetworkFiles(
        card.network,
        card.crop.size_px,
        card.arguments,
        KnownFile(card.weights_path, card.sha256),
        KnownFile(card.path.with_name(onnx.file), onnx.sha256) if onnx is not None else None,
        onnx_reads_weights=onnx is not None and onnx.reads_weights,
    )


def detector_files() -> dict[str, NetworkFiles]:
    """The files of MTCNN's three networks, by name: 'pnet', 'rnet' and 'onet'.

    Raises:
        WeightsError: they are missing from the installation.
    """
    path, content = _detector_card(DETECTOR)
    return {name: _files_of(name, entry, path) for name, entry in content["networks"].items()}


@dataclass(frozen=True, slots=True)
class DrawingCard:
    """The network that tells drawn faces from photographed ones, and how it is used."""

    files: NetworkFiles
    crop: CropSpec
    threshold: float
    """Log odds from which a face counts as drawn."""


def drawing_card() -> DrawingCard:
    """The card of the network for drawn faces.

    Raises:
        WeightsError: it is missing from the installation.
    """
    path, content = _detector_card(DRAWING)
    return DrawingCard(
        _files_of(DRAWING, content, path), CropSpec(content["size_px"], content["margin"]), content["threshold"]
    )


def _detector_card(name: str) -> tuple[Path, dict[str, Any]]:
    for folder in model_folders()[:-1]:
        path = folder / name / f"{name}.json"
        with suppress(FileNotFoundError):
            return path, json.loads(path.read_text(encoding="utf-8"))
    raise WeightsError("The networks of the face detector are missing: reinstall AgeCam.")


def _files_of(name: str, entry: dict[str, Any], card: Path) -> NetworkFiles:
    return NetworkFiles(
        name,
        entry["size_px"],
        {},
        KnownFile(card.with_name(f"{name}{WEIGHTS_SUFFIX}"), entry["sha256"]),
        KnownFile(card.with_name(f"{name}.onnx"), entry["onnx_sha256"]),
    )


DETECTOR, DRAWING = "mtcnn", "drawing"
"""Names of the folders of the detector's networks, and of their cards."""
