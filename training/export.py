"""From a finished run to a model the program can use: weights and card in `assets/models/`.

    python -m training.export --run runs/compact --data faces/{utkface,fairface,aaf}.zip --name compact
    python -m training.evaluate --weights compact --data faces/{utkface,fairface,aaf,omi}.zip --onto-card

Calibrates on the `val` split: the tails of the 80 % interval, the temperature of the gender
probability, and the probability under which the gender is 'unsure'.
"""

import argparse
import datetime
import hashlib
import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import keras
import numpy as np
import numpy.typing as npt
from scipy.optimize import minimize_scalar

from agecam.device import choose_device
from agecam.estimator import Estimator, interval
from agecam.networks import build_network
from agecam.types import AGE_CLASSES, GENDER_CLASSES, CropSpec
from agecam.weights import WEIGHTS_SUFFIX, Calibration, Card
from training import command
from training.crops import Crops
from training.datasets.face_zip import FaceZip
from training.judged import Judged, judge

LICENCE = (
    "Weights for research and non-commercial use: they are trained on sets whose pictures are licensed so "
    "(UTKFace: research, non-commercial; All-Age-Faces: none stated, treated as research; FairFace: CC BY 4.0). "
    "The program's code is MIT."
)
UNSURE_SHARE = 0.04
"""At most this share of the `val` faces is left 'unsure'."""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--run", type=Path, required=True, help="folder that training.train wrote")
    parser.add_argument("--data", nargs="+", type=Path, required=True, metavar="ZIP", help="what it was trained on")
    parser.add_argument("--name", default="compact")
    parser.add_argument("--out", type=Path, default=Path("assets/models"))
    options = parser.parse_args()
    run = json.loads((options.run / "run.json").read_text())
    crops = Crops.load([Path("cache/crops") / f"{path.stem}.npz" for path in options.data])
    arguments = json.loads(run["arguments"])
    network = build_network(run["network"], crops.size_px, **arguments)
    network.load_weights(options.run / "best.keras")

    options.out.mkdir(parents=True, exist_ok=True)
    card_path = options.out / f"{options.name}.json"
    weights_path = card_path.with_suffix(WEIGHTS_SUFFIX)
    part = weights_path.with_name(f"part-{weights_path.name}")
    network.save_weights(part)
    card = Card(
        name=options.name,
        network=run["network"],
        arguments=arguments,
        crop=CropSpec(crops.size_px, crops.margin),
        colour_order="RGB",
        value_range=(0, 255),
        age_bins=(0, AGE_CLASSES - 1),
        gender_classes=GENDER_CLASSES,
        decoding="expectation",
        calibration=Calibration(0.1, 1.0, 0.5),
        licence=LICENCE,
        date=datetime.date.today().isoformat(),
        data_sets=[_counts(path) for path in options.data],
        metrics={},
        sha256=hashlib.sha256(part.read_bytes()).hexdigest(),
        path=card_path,
    )
    card = replace(card, calibration=calibrate(card, network, options.data))
    part.replace(weights_path)
    card_path.write_text(json.dumps(card.as_dict(), indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
    print(f"{weights_path}: {weights_path.stat().st_size / 2**20:.1f} MiB, {network.count_params():,} parameters")
    print(card.calibration)


def calibrate(card: Card, network: keras.Model, data: list[Path]) -> Calibration:
    """Calibration on the `val` faces of all sets that the detector finds."""
    estimator = Estimator(card, network, choose_device("auto"))
    judged = [judge(estimator, path, "val") for path in data]
    female = np.concatenate([of.female[of.found] for of in judged])
    truth = np.concatenate([of.targets[of.found, 2] for of in judged])
    temperature = fit_temperature(female, truth)
    calibrated = 1 / (1 + np.exp(-_logit(female) / temperature))
    unsure_below = float(np.quantile(np.maximum(calibrated, 1 - calibrated), UNSURE_SHARE))
    return Calibration(round(fit_tail(judged), 4), round(temperature, 4), round(unsure_below, 3))


def fit_temperature(probability: npt.NDArray[np.float64], truth: npt.NDArray[Any]) -> float:
    """What to divide the logits by for the least cross-entropy (Guo et al. 2017)."""
    logits = _logit(probability)

    def cross_entropy(temperature: float) -> float:
        return float(np.logaddexp(0, np.where(truth > 0.5, -1, 1) * logits / temperature).mean())

    return float(minimize_scalar(cross_entropy, bounds=(0.2, 5), method="bounded").x)


def fit_tail(judged: list[Judged]) -> float:
    """What each end of the interval leaves out, so that it covers 80 % of the known ages; sets count alike."""

    def coverage(tail: float) -> float:
        shares = []
        for of in judged:
            known = [i for i, face in enumerate(of.faces) if face.age is not None and of.found[i]]
            if known:
                ends = np.array([interval(of.distribution[i], tail) for i in known])
                ages = np.array([of.faces[i].age_min for i in known])
                shares.append(((ages >= np.floor(ends[:, 0] + 0.5)) & (ages <= np.floor(ends[:, 1] + 0.5))).mean())
        return float(np.mean(shares))

    low, high = 0.001, 0.45
    for _ in range(20):
        middle = (low + high) / 2
        low, high = (middle, high) if coverage(middle) > 0.8 else (low, middle)
    return (low + high) / 2


def _logit(probability: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    clipped = np.clip(probability, 1e-6, 1 - 1e-6)
    return np.asarray(np.log(clipped / (1 - clipped)), np.float64)


def _counts(path: Path) -> dict[str, Any]:
    faces = FaceZip(path).faces
    return {"name": path.stem, **{split: sum(f.split == split for f in faces) for split in ("train", "val", "test")}}


if __name__ == "__main__":
    command(main)
