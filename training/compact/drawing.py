"""Fit the network that tells drawn faces from photographed ones, and write it to `assets/models/drawing/`.

    python -m training.compact.drawing --crops cache/crops/*.npz

The detector takes faces in comics for those of people. The first layers of the compact network see the difference: a
logistic regression on them is fitted to photographed faces, often without fine texture, and to the same faces redrawn
(`training.data.redrawn`). The threshold lies well above the highest log odds of a photographed face in the validation
split. Takes about five minutes. Expected of the test split: no photographed face of 6,951 counts as drawn, and 68 % of
the redrawn ones do.
"""

import argparse
from pathlib import Path
from typing import Any

import cv2
import keras
import numpy as np
import numpy.typing as npt
from keras import layers
from scipy.optimize import minimize
from tqdm import tqdm

from agecam.backends.keras import load_model
from agecam.backends.openvino import OpenVinoRunner
from agecam.models.card import WEIGHTS_SUFFIX
from agecam.models.files import file_digest
from agecam.models.networks import build_network
from agecam.models.onnx_graph import largest_difference
from agecam.models.store import DRAWING
from agecam.runtime.files import write_whole
from agecam.types import Image
from training import command
from training.compact.onnx_export import as_onnx, probe
from training.data.augment import Random, augmented, centre
from training.data.crops import Crops
from training.data.redrawn import redrawn
from training.files import write_json

PHOTOGRAPHED, REDRAWN = 18_000, 12_000
"""Training faces of each kind."""
PENALTY = 3e-4
"""Weight of the squared coefficients in the loss."""
MARGIN = 2.0
"""Distance of the threshold from the highest log odds of a photographed face in the validation split."""
_BATCH = 128

Features = npt.NDArray[np.float64]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--crops", type=Path, nargs="+", required=True, metavar="NPZ")
    parser.add_argument("--out", type=Path, default=Path("assets/models") / DRAWING)
    arguments = parser.parse_args()
    crops = Crops.load(arguments.crops)
    random = np.random.default_rng(1)
    size_px = crops.size_px
    network = with_backbone(size_px)
    extractor = keras.Model(network.input, network.get_layer("features").output)

    train = _rows(crops, "train", random, PHOTOGRAPHED)
    photographed = _features(extractor, [_view(crop, size_px, random) for crop in _bar(train, "Augmenting")])
    drawn = _features(extractor, [_drawing(crop, size_px, random) for crop in _bar(train[:REDRAWN], "Redrawing")])
    kernel, bias = fitted(photographed, drawn)
    network.get_layer("logit").set_weights([kernel[:, None].astype(np.float32), np.array([bias], np.float32)])

    plain = {split: [centre(crop, size_px) for crop in _rows(crops, split, random)] for split in ("val", "test")}
    scores = {split: _features(extractor, faces) @ kernel + bias for split, faces in plain.items()}
    threshold = round(float(scores["val"].max()) + MARGIN, 1)
    test = _rows(crops, "test", random, 2000)
    of_drawn = (
        _features(extractor, [_drawing(crop, size_px, random) for crop in _bar(test, "Redrawing")]) @ kernel + bias
    )
    figures = {
        "photographed": len(scores["test"]),
        "photographed_taken_for_drawn": int((scores["test"] >= threshold).sum()),
        "redrawn": len(of_drawn),
        "redrawn_recognised": int((of_drawn >= threshold).sum()),
    }
    write(network, arguments.out, {"margin": crops.margin, "threshold": threshold, "test": figures})
    print(
        f"Of {figures['photographed']:,} photographed faces, {figures['photographed_taken_for_drawn']} count as drawn; "
        f"of {figures['redrawn']:,} redrawn ones, {of_drawn[of_drawn >= threshold].size / len(of_drawn):.0%} do "
        f"(threshold {threshold})."
    )


def with_backbone(size_px: int) -> keras.Model:
    """The network with the first layers of the shipped compact network."""
    network = build_network(DRAWING, size_px)
    _, compact = load_model("compact")
    source = iter(layer for layer in compact.layers if layer.weights)
    for layer in network.layers:
        if isinstance(layer, layers.Conv2D | layers.BatchNormalization):
            layer.set_weights(next(source).get_weights())
    return network


def fitted(photographed: Features, drawn: Features) -> tuple[Features, float]:
    """Coefficients and constant of a logistic regression."""
    features = np.concatenate([photographed, drawn])
    signs = np.repeat([-1.0, 1.0], [len(photographed), len(drawn)])
    mean, spread = features.mean(0), features.std(0) + 1e-3
    scaled = (features - mean) / spread

    def loss(weights: Features) -> tuple[float, Features]:
        margins = signs * (scaled @ weights[:-1] + weights[-1])
        slopes = -signs / (1 + np.exp(margins)) / len(signs)
        value = np.logaddexp(0, -margins).mean() + PENALTY * (weights[:-1] ** 2).sum()
        return float(value), np.append(scaled.T @ slopes + 2 * PENALTY * weights[:-1], slopes.sum())

    found = minimize(loss, np.zeros(features.shape[1] + 1), jac=True, method="L-BFGS-B", options={"maxiter": 150}).x
    kernel = found[:-1] / spread
    return kernel, float(found[-1] - kernel @ mean)


def write(network: keras.Model, folder: Path, entries: dict[str, Any]) -> None:
    """Write weights, ONNX file and card."""
    folder.mkdir(parents=True, exist_ok=True)
    weights, onnx = folder / f"{DRAWING}{WEIGHTS_SUFFIX}", folder / f"{DRAWING}.onnx"
    network.save_weights(weights)
    write_whole(onnx, as_onnx(network))
    pictures, expected = probe(network, network.input_shape[1])
    content = {
        "made_from": "the first layers of the compact network, by training.compact.drawing",
        "licence": "as the compact network: see compact.md",
        "size_px": network.input_shape[1],
        "sha256": file_digest(weights),
        "onnx_sha256": file_digest(onnx),
        "largest_difference": float(f"{largest_difference(expected, OpenVinoRunner(onnx)(pictures)):.1e}"),
    }
    write_json(folder / f"{DRAWING}.json", content | entries, indent=2)


def _rows(crops: Crops, split: str, random: Random, count: int | None = None) -> Image:
    rows = np.flatnonzero((crops.splits == split) & crops.found)
    return crops.chosen(random.permutation(rows)[:count]).images


def _view(crop: Image, size_px: int, random: Random) -> Image:
    """As a camera sees a face, often without fine texture: distance, noise reduction and skin smoothing remove it."""
    view: Any = augmented(crop, size_px, random, share=0.5)
    kind = random.random()
    if kind < 0.25:
        low_px = round(random.uniform(0.15, 0.9) * size_px)
        small = cv2.resize(view, (low_px, low_px), interpolation=cv2.INTER_AREA)
        enlarged = int(random.choice([cv2.INTER_LINEAR, cv2.INTER_CUBIC]))
        view = cv2.resize(small, (size_px, size_px), interpolation=enlarged)
    elif kind < 0.4:
        view = cv2.GaussianBlur(view, (0, 0), random.uniform(0.5, 3))
    elif kind < 0.5:
        view = cv2.medianBlur(view, int(random.choice([3, 5])))
    elif kind < 0.65:
        view = cv2.bilateralFilter(view, 9, float(random.uniform(20, 60)), 9)
    return np.asarray(view, np.uint8)


def _drawing(crop: Image, size_px: int, random: Random) -> Image:
    return redrawn(augmented(crop, size_px, random, share=0.0), random)


def _features(extractor: keras.Model, faces: list[Image]) -> Features:
    parts = [
        np.asarray(extractor(np.stack(faces[first : first + _BATCH]).astype(np.float32), training=False))
        for first in _bar(range(0, len(faces), _BATCH), "Computing features")
    ]
    return np.concatenate(parts).astype(np.float64)


def _bar(items: Any, description: str) -> Any:
    return tqdm(items, desc=description, disable=None)


if __name__ == "__main__":
    command(main)
