"""Small models and demo frames shared by tests, created at run time."""

import hashlib
import itertools
import json
import tempfile
from collections.abc import Sequence
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any

import keras
import numpy as np

from agecam.backends.keras import KerasRunner
from agecam.models.card import WEIGHTS_SUFFIX, Calibration, Card, Form
from agecam.models.networks import build_network
from agecam.sources.demo import DemoSource
from agecam.types import GENDER_CLASSES, Box, CropSpec, Detection, FloatArray, Image
from agecam.vision.estimator import Estimator
from training.compact.onnx_export import as_onnx

ASTRONAUT_LANDMARKS: FloatArray = np.array(
    [[203.7, 99.5], [246.2, 102.4], [223.6, 127.3], [200.4, 138.1], [245.0, 140.5]], np.float32
)
"""As detected in the portrait, in pixels."""

GOLDEN_SQUARES = {
    "collins": (223.9099, 122.0355, 53.6694, 3.0258),
    "hopper": (266.0247, 233.1536, 110.5711, -6.4062),
}
"""Crop squares of the faces in the two portraits for `tests/golden`, as detected by MTCNN from 60 px on."""

TINY_ARGUMENTS: dict[str, Any] = {"stem": 8, "stages": [[8, 1], [16, 1]]}
TINY_SIZE_PX = 32


def tiny_network(seed: int = 0) -> keras.Model:
    """A network with random weights whose outputs depend clearly on the picture."""
    keras.utils.set_random_seed(seed)
    network = build_network("compact", TINY_SIZE_PX, **TINY_ARGUMENTS)
    kernel, bias = network.get_layer("logits").get_weights()
    network.get_layer("logits").set_weights([4 * kernel, bias])
    return network


def tiny_card(path: Path, sha256: str = "") -> Card:
    return Card(
        name=path.stem,
        network="compact",
        arguments=TINY_ARGUMENTS,
        crop=CropSpec(TINY_SIZE_PX, 0.0),
        colour_order="RGB",
        value_range=(0, 255),
        age_bins=(0, 100),
        gender_classes=GENDER_CLASSES,
        decoding="expectation",
        calibration=Calibration(interval_tail=0.1, gender_temperature=1.0, unsure_below=0.6),
        licence="MIT",
        date="2025-01-31",
        data_sets=[{"name": "made", "train": 8, "val": 4, "test": 4}],
        metrics={},
        sha256=sha256,
        path=path,
    )


def write_model(folder: Path, name: str = "tiny") -> Path:
    """Write a tiny model's card, weights and ONNX file, as `training.compact.export` does; returns the card's path."""
    path = folder / f"{name}.json"
    weights, onnx = _tiny_files()
    path.with_suffix(WEIGHTS_SUFFIX).write_bytes(weights)
    path.with_suffix(".onnx").write_bytes(onnx)
    form = Form(f"{name}.onnx", hashlib.sha256(onnx).hexdigest())
    card = replace(tiny_card(path, hashlib.sha256(weights).hexdigest()), forms=[form])
    path.write_text(json.dumps(card.as_dict()), encoding="utf-8")
    return path


@cache
def _tiny_files() -> tuple[bytes, bytes]:
    """Keras weights and the ONNX file."""
    network = tiny_network()
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / f"tiny{WEIGHTS_SUFFIX}"
        network.save_weights(path)
        return path.read_bytes(), as_onnx(network)


def estimator_of(network: keras.Model, card: Card | None = None) -> Estimator:
    """An estimator for a Keras network that is not on disk."""
    return Estimator(card or tiny_card(Path("tiny.json")), KerasRunner(network, keras, "cpu:0"))


def change_card(path: Path, **changes: Any) -> None:
    """Change values on a card."""
    path.write_text(json.dumps(json.loads(path.read_text(encoding="utf-8")) | changes), encoding="utf-8")


@cache
def demo_images(*indices: int) -> tuple[Image, ...]:
    """Frames of the demo, `(720, 1280, 3) uint8` BGR; read only."""
    frames = itertools.islice(DemoSource(), max(indices) + 1)
    by_index = {frame.index: frame.image_bgr for frame in frames if frame.index in indices}
    return tuple(by_index[index] for index in indices)


def overlap(a: Sequence[float], b: Sequence[float]) -> float:
    """Intersection over union of two boxes."""
    width = min(a[0] + a[2], b[0] + b[2]) - max(a[0], b[0])
    height = min(a[1] + a[3], b[1] + b[3]) - max(a[1], b[1])
    shared = max(width, 0.0) * max(height, 0.0)
    return shared / (a[2] * a[3] + b[2] * b[3] - shared)


def face_at(box: Box, landmarks: Any = None) -> Detection:
    points = np.zeros((5, 2)) if landmarks is None else landmarks
    return Detection(box, 0.99, np.asarray(points, np.float32))


def is_one_sentence(text: str) -> bool:
    """Whether the text is a single sentence on one line, ending with a full stop."""
    return text.endswith(".") and "\n" not in text and "Traceback" not in text and ". " not in text
