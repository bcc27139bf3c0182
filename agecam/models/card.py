"""The model card: metadata of a model's weights.

A model consists of files with the same name: `NAME.weights.h5` contains the network's weights, `NAME.onnx` the network
ready to run, and `NAME.json` the card, which describes everything else: the crop, the meaning of the outputs, the
training and the accuracy. Nothing on the card is repeated in code.
"""

import json
import stat
from dataclasses import asdict, dataclass, field
from itertools import pairwise
from pathlib import Path
from typing import Any, get_args

import numpy as np

from agecam.errors import WeightsError
from agecam.models.fields import from_json
from agecam.types import AGE_CLASSES, GENDER_CLASSES, Alignment, Border, CropSpec

CARD_VERSION = 1
NETWORK_NAMES = ("compact", "vgg_face")
"""Networks that a card can name; defined in `agecam.models.networks`."""
MAX_CARD_BYTES = 2**20
WEIGHTS_SUFFIX = ".weights.h5"
CONVENTIONS: dict[str, Any] = {
    "colour_order": "RGB",
    "value_range": (0, 255),
    "age_bins": (0, AGE_CLASSES - 1),
    "gender_classes": GENDER_CLASSES,
    "decoding": "expectation",
}
"""Values that are the same on every card, because this program supports no others."""


@dataclass(frozen=True, slots=True)
class Calibration:
    """How outputs are converted to displayed values; chosen on validation pictures."""

    interval_tail: float
    """Share of the age distribution that the 80 % interval excludes at each end, if it is the same at all ages."""
    gender_temperature: float
    """Divides the gender logits, so that 90 % means correct nine times in ten."""
    unsure_below: float
    """Below this probability the gender is 'unsure'."""
    tail_ages: tuple[float, ...] = ()
    tails: tuple[float, ...] = ()
    """Otherwise the shares at some estimated ages; linear between them, constant beyond them."""

    def tail_at(self, age: float) -> float:
        """Share of the age distribution that the interval excludes at each end, for an estimated age."""
        return float(np.interp(age, self.tail_ages, self.tails)) if self.tails else self.interval_tail


@dataclass(frozen=True, slots=True)
class Form:
    """The network in another format than Keras weights, in a file next to the card."""

    file: str
    sha256: str
    format: str = "onnx"
    precision: str = "float32"
    """Of the weights in the file."""
    reads_weights: bool = False
    """Whether the file has no weights itself and refers to those in the Keras weights file."""
    largest_difference: float | None = None
    """Largest difference from the logits of the Keras network, relative to the largest logit; None if not measured."""


@dataclass(frozen=True, slots=True)
class Card:
    """Metadata of a weights file."""

    name: str
    network: str
    """Name of a network in `agecam.models.networks`."""
    arguments: dict[str, Any]
    """The network's arguments except its input size."""
    crop: CropSpec
    colour_order: str
    value_range: tuple[float, float]
    """Of the input pixels; the network scales them itself."""
    age_bins: tuple[int, int]
    """First and last age; one class per year."""
    gender_classes: tuple[str, ...]
    decoding: str
    calibration: Calibration
    licence: str
    date: str
    data_sets: list[dict[str, Any]]
    """Name, counts and split of each training data set."""
    metrics: dict[str, Any]
    sha256: str
    """SHA-256 of the weights file."""
    opinions: list[dict[str, Any]] = field(default_factory=list)
    """Networks whose estimates of the training faces were learned too: name, licence, their training data, and the sets
    on which they were asked."""
    made_from: list[dict[str, str]] = field(default_factory=list)
    """Weights files that this model was combined from: task, name and SHA-256 of each."""
    forms: list[Form] = field(default_factory=list)
    """Further formats of the network; empty if the model was installed by version 0.1."""
    card_version: int = CARD_VERSION
    path: Path = field(default=Path(), compare=False)
    """Path of the card; not part of its content."""

    @property
    def input_size_px(self) -> int:
        """Side of the network's input square."""
        return self.crop.size_px

    @property
    def weights_path(self) -> Path:
        """The weights file: next to the card, with the same name."""
        return self.path.with_suffix(WEIGHTS_SUFFIX)

    def as_dict(self) -> dict[str, Any]:
        """Content of the card's file."""
        fields = asdict(self)
        del fields["path"]
        return fields


def load_card(path: Path) -> Card:
    """Read a card and check that this program supports it.

    Raises:
        WeightsError: it is missing, damaged or not supported.
    """
    try:
        status = path.stat()
        if not stat.S_ISREG(status.st_mode):
            raise ValueError("it is not a file")
        if status.st_size > MAX_CARD_BYTES:
            raise ValueError("it is too large for a card")
        card = _card(json.loads(path.read_text(encoding="utf-8")), path)
    except FileNotFoundError:
        raise WeightsError("The card {path} is missing: put it back next to its weights.", path=path) from None
    except UnicodeDecodeError as error:
        raise _unusable(path, "it is not a text") from error
    except (OSError, RecursionError, ValueError) as error:
        raise _unusable(path, reason_of(error)) from error
    return card


def _unusable(path: Path, reason: str) -> WeightsError:
    return WeightsError("The card {path} cannot be used ({reason}): reinstall the model.", path=path, reason=reason)


def _card(content: Any, path: Path) -> Card:
    if not isinstance(content, dict) or content.get("card_version") != CARD_VERSION:
        raise ValueError(f"it is not a card of version {CARD_VERSION}")
    crop = from_json(CropSpec, content.pop("crop", None), "crop")
    calibration = from_json(Calibration, content.pop("calibration", None), "calibration")
    forms = content.pop("forms", [])
    if not isinstance(forms, list):
        raise ValueError("its forms are not a list")
    forms = [from_json(Form, form, "form") for form in forms]
    card = from_json(Card, content, "", crop=crop, calibration=calibration, forms=forms, path=path)
    supported = {
        **{name.replace("_", " "): getattr(card, name) == value for name, value in CONVENTIONS.items()},
        "crop": crop.alignment in get_args(Alignment) and crop.interpolation == "bilinear-2x",
        "crop border": crop.border in get_args(Border),
        "squeezed crop": crop.alignment == "box" or not crop.squeezed,
        "crop size": 16 <= crop.size_px <= 512,
        "crop margin": -0.3 <= crop.margin <= 2,
        "interval": all(0 <= tail < 0.5 for tail in (calibration.interval_tail, *calibration.tails)),
        "interval by age": len(calibration.tails) == len(calibration.tail_ages)
        and all(first < second for first, second in pairwise(calibration.tail_ages)),
        "gender temperature": 0 < calibration.gender_temperature < 100,
        "unsure threshold": 0.5 <= calibration.unsure_below <= 1,
        "network": card.network in NETWORK_NAMES,
        "file names": all(form.file == Path(form.file).name for form in forms),
    }
    for what, fits in supported.items():
        if not fits:
            raise ValueError(f"this version of AgeCam does not support its {what}")
    return card


def reason_of(error: Exception) -> str:
    """Short reason for an error, for use inside a sentence."""
    text = (error.strerror if isinstance(error, OSError) else None) or str(error)
    # Only the first sentence: Keras goes on to list every layer.
    return " ".join(text.split()).split(". ")[0].rstrip(".")[:160] or type(error).__name__
