"""Weights and the card beside them: found, read, checked against each other, loaded.

A model is two files of one name: `NAME.weights.h5` holds the network's weights and `NAME.json` the card,
which says everything else: how to crop, what the outputs mean, how they were trained and how well
they do. Nothing of the card is written a second time in code.
"""

import hashlib
import json
import warnings
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass, field
from importlib import resources
from pathlib import Path
from typing import TYPE_CHECKING, Any, get_args

from agecam.errors import WeightsError
from agecam.types import AGE_CLASSES, GENDER_CLASSES, OUTPUTS, Alignment, CropSpec

if TYPE_CHECKING:
    import keras

CARD_VERSION = 1
MAX_CARD_BYTES = 2**20
WEIGHTS_SUFFIX = ".weights.h5"
CONVENTIONS: dict[str, Any] = {
    "colour_order": "RGB",
    "value_range": (0, 255),
    "age_bins": (0, AGE_CLASSES - 1),
    "gender_classes": GENDER_CLASSES,
    "decoding": "expectation",
}
"""What every card says alike, because it is all that this program does."""
LARGE_BYTES = 200_000_000
"""Of a weights file: such a network is slow and fills memory, so that half precision pays."""


@dataclass(frozen=True, slots=True)
class Calibration:
    """How the outputs become what a person reads; chosen on validation pictures."""

    interval_tail: float
    """The 80 % interval leaves out this share of the age distribution at each end."""
    gender_temperature: float
    """Divides the gender logits, so that 90 % means right nine times in ten."""
    unsure_below: float
    """Under this probability the gender is 'unsure'."""


@dataclass(frozen=True, slots=True)
class Card:
    """What travels with a weights file."""

    name: str
    network: str
    """Which of `agecam.networks`."""
    arguments: dict[str, Any]
    """The network's arguments but for its input size."""
    crop: CropSpec
    colour_order: str
    value_range: tuple[float, float]
    """Of the pixels the network takes; it scales them itself."""
    age_bins: tuple[int, int]
    """First and last age; one class a year."""
    gender_classes: tuple[str, ...]
    decoding: str
    calibration: Calibration
    licence: str
    date: str
    data_sets: list[dict[str, Any]]
    """Name, counts and split of what the network was trained on."""
    metrics: dict[str, Any]
    sha256: str
    """Of the weights file."""
    made_from: list[dict[str, str]] = field(default_factory=list)
    """Weights files from elsewhere that these were put together from: name and SHA-256 of each."""
    card_version: int = CARD_VERSION
    path: Path = field(default=Path(), compare=False)
    """Where the card lies; not part of it."""

    @property
    def input_size_px(self) -> int:
        """Side of the square the network takes."""
        return self.crop.size_px

    @property
    def weights_path(self) -> Path:
        """The weights file: beside the card, with the card's name."""
        return self.path.with_suffix(WEIGHTS_SUFFIX)

    def as_dict(self) -> dict[str, Any]:
        """The card as its file has it."""
        fields = asdict(self)
        del fields["path"]
        return fields


def model_folders() -> list[Path]:
    """Where models may lie: beside a checkout's code, in the installed package, in the person's data folder."""
    folders = [Path(__file__).resolve().parent.parent / "assets" / "models"]
    with suppress(ModuleNotFoundError):  # a checkout that was not installed
        folders.append(Path(str(resources.files("agecam.models"))))
    folders.append(user_models())
    return folders


def user_models() -> Path:
    """The folder in the person's data folder: what `agecam models add` installs."""
    import platformdirs

    return Path(platformdirs.user_data_dir("agecam", appauthor=False)) / "models"


def find_models() -> list[Path]:
    """The cards of all models on this machine, the shipped ones first; of one name only the first."""
    found: dict[str, Path] = {}
    for folder in model_folders():
        for path in sorted(folder.glob("*.json")) if folder.is_dir() else []:
            found.setdefault(path.stem, path)
    return list(found.values())


def find_model(name: str) -> Path:
    """The card of the model a person names: its name, or the path of its card or weights.

    Raises:
        WeightsError: there is none.
    """
    path = Path(name)
    if path.suffix == ".json":
        return path
    if path.name.endswith(WEIGHTS_SUFFIX):
        return path.with_name(path.name.removesuffix(WEIGHTS_SUFFIX) + ".json")
    cards = {card.stem: card for card in find_models()}
    if name not in cards:
        there = ", ".join(cards) or "none: reinstall AgeCam"
        raise WeightsError("There is no model called '{name}'; the models here are {there}.", name=name, there=there)
    return cards[name]


def load_card(path: Path) -> Card:
    """Read a card and check that this program understands it.

    Raises:
        WeightsError: it is missing, damaged, or says what this program does not do.
    """
    try:
        if path.stat().st_size > MAX_CARD_BYTES:
            raise ValueError("it is too large for a card")
        content = json.loads(path.read_text(encoding="utf-8"))
        card = _card(content, path)
    except FileNotFoundError:
        raise WeightsError("The card {path} is missing: put it back beside its weights.", path=path) from None
    except (OSError, ArithmeticError, LookupError, RecursionError, TypeError, ValueError) as error:
        raise WeightsError(
            "The card {path} cannot be used ({reason}): reinstall the model.", path=path, reason=_reason(error)
        ) from error
    return card


def _card(content: Any, path: Path) -> Card:
    if not isinstance(content, dict) or content.get("card_version") != CARD_VERSION:
        raise ValueError(f"not a card of version {CARD_VERSION}")
    crop, calibration = CropSpec(**content.pop("crop")), Calibration(**content.pop("calibration"))
    for key in ("value_range", "age_bins", "gender_classes"):
        content[key] = tuple(content[key])
    card = Card(**content, crop=crop, calibration=calibration, path=path)
    understood = {
        **{name.replace("_", " "): getattr(card, name) == value for name, value in CONVENTIONS.items()},
        "crop": crop.alignment in get_args(Alignment) and crop.interpolation == "bilinear-2x",
        "crop size": isinstance(crop.size_px, int) and 16 <= crop.size_px <= 512,
        "crop margin": -0.3 <= crop.margin <= 2,
        "interval": 0 <= calibration.interval_tail < 0.5,
        "gender temperature": 0 < calibration.gender_temperature < 100,
        "unsure threshold": 0.5 <= calibration.unsure_below <= 1,
    }
    for what, fits in understood.items():
        if not fits:
            raise ValueError(f"this version of AgeCam does not know its {what}")
    return card


def load_model(name: str = "compact", *, large_in_bfloat16: bool = False) -> tuple[Card, "keras.Model"]:
    """The card and the network, with its weights, of a model.

    Args:
        large_in_bfloat16: keep and compute a network of hundreds of megabytes in half precision, all but its logits.

    Raises:
        WeightsError: a file is missing or damaged, or card and weights do not fit each other.
    """
    card = load_card(find_model(name))
    from agecam.networks import build_network

    with ThreadPoolExecutor(1) as pool:  # reading a large file takes as long as making room for it
        digest = pool.submit(_digest, card)
        with _told_of(card):
            numbers = "bfloat16" if large_in_bfloat16 and _size(card) > LARGE_BYTES else "float32"
            with _numbers(numbers):
                network = build_network(card.network, card.crop.size_px, **card.arguments)
        if digest.result() != card.sha256:
            raise WeightsError(
                "The weights {path} are not the ones their card was written for, or are damaged: reinstall the model.",
                path=card.weights_path,
            )
    with _told_of(card), warnings.catch_warnings():
        # Keras only warns of weights that it skips.
        warnings.filterwarnings("error", category=UserWarning)
        # Only the numbers are read from the file: the network comes from our own code, none from the file.
        network.load_weights(card.weights_path)
    if network.output_shape != (None, OUTPUTS):
        raise WeightsError(
            "The network on the card {path} does not give {outputs} outputs.", path=card.path, outputs=OUTPUTS
        )
    return card, network


def _size(card: Card) -> int:
    return card.weights_path.stat().st_size if card.weights_path.exists() else 0


def _digest(card: Card) -> str:
    try:
        return file_digest(card.weights_path)
    except OSError as error:
        raise WeightsError(
            "The weights {path} cannot be read ({reason}): reinstall the model.",
            path=card.weights_path,
            reason=_reason(error),
        ) from error


@contextmanager
def _told_of(card: Card) -> Iterator[None]:
    try:
        yield
    except Exception as error:  # Keras and HDF5 raise nearly anything over what does not fit or is damaged
        raise WeightsError(
            "The weights {path} do not fit the network on their card ({reason}): reinstall the model.",
            path=card.weights_path,
            reason=_reason(error),
        ) from error


@contextmanager
def _numbers(kind: str) -> Iterator[None]:
    """What Keras builds meanwhile keeps its weights as, and computes in."""
    import keras

    before = keras.config.dtype_policy()
    keras.config.set_dtype_policy(kind)
    try:
        yield
    finally:
        keras.config.set_dtype_policy(before)


def file_digest(path: Path) -> str:
    """SHA-256 of a file of any size, in hexadecimal."""
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while part := file.read(2**20):
            digest.update(part)
    return digest.hexdigest()


def _reason(error: Exception) -> str:
    text = (error.strerror if isinstance(error, OSError) else None) or str(error)
    # The first sentence: Keras goes on to list every layer.
    return " ".join(text.split()).split(". ")[0].rstrip(".")[:160] or type(error).__name__
