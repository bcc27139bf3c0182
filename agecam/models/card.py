"""The card of a model: what travels with its weights.

A model is a few files of one name: `NAME.weights.h5` holds the network's weights, `NAME.onnx` the network ready to run,
and `NAME.json` the card, which says everything else: how to crop, what the outputs mean, how they were trained and how
well they do. Nothing of the card is written a second time in code.
"""

import json
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, get_args

from agecam.errors import WeightsError
from agecam.types import AGE_CLASSES, GENDER_CLASSES, Alignment, CropSpec

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
class Form:
    """The network in another form than Keras weights, in a file beside the card."""

    file: str
    sha256: str
    format: str = "onnx"
    precision: str = "float32"
    """Of the numbers in it."""
    reads_weights: bool = False
    """Whether it only points to the numbers, which lie in the Keras weights file."""
    largest_difference: float | None = None
    """Of its logits from those of the Keras network, as a share of the largest logit, where it was measured."""


@dataclass(frozen=True, slots=True)
class Card:
    """What travels with a weights file."""

    name: str
    network: str
    """Which of `agecam.models.networks`."""
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
    forms: list[Form] = field(default_factory=list)
    """Further forms of the network; none where a model was installed by version 0.1."""
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
            "The card {path} cannot be used ({reason}): reinstall the model.", path=path, reason=reason_of(error)
        ) from error
    return card


def _card(content: Any, path: Path) -> Card:
    if not isinstance(content, dict) or content.get("card_version") != CARD_VERSION:
        raise ValueError(f"not a card of version {CARD_VERSION}")
    crop, calibration = CropSpec(**content.pop("crop")), Calibration(**content.pop("calibration"))
    for key in ("value_range", "age_bins", "gender_classes"):
        content[key] = tuple(content[key])
    forms = [Form(**form) for form in content.pop("forms", [])]
    card = Card(**content, crop=crop, calibration=calibration, forms=forms, path=path)
    understood = {
        **{name.replace("_", " "): getattr(card, name) == value for name, value in CONVENTIONS.items()},
        "crop": crop.alignment in get_args(Alignment) and crop.interpolation == "bilinear-2x",
        "crop size": isinstance(crop.size_px, int) and 16 <= crop.size_px <= 512,
        "crop margin": -0.3 <= crop.margin <= 2,
        "interval": 0 <= calibration.interval_tail < 0.5,
        "gender temperature": 0 < calibration.gender_temperature < 100,
        "unsure threshold": 0.5 <= calibration.unsure_below <= 1,
        "further files": all(form.file == Path(form.file).name for form in forms),
    }
    for what, fits in understood.items():
        if not fits:
            raise ValueError(f"this version of AgeCam does not know its {what}")
    return card


def reason_of(error: Exception) -> str:
    """Why, in a few words that can stand in a sentence."""
    text = (error.strerror if isinstance(error, OSError) else None) or str(error)
    # The first sentence: Keras goes on to list every layer.
    return " ".join(text.split()).split(". ")[0].rstrip(".")[:160] or type(error).__name__
