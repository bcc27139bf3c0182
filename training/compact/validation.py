"""What happens after an epoch: metrics on `val`, the log, the best weights."""

import argparse
import json
import math
import time
from dataclasses import asdict
from pathlib import Path

import keras
import numpy as np

from agecam.runtime.files import whole_file
from training.compact.batches import resized
from training.data.augment import centre
from training.data.crops import DecodedCrops
from training.evaluation.metrics import SetFigures, by_set


class ValidationCallback(keras.callbacks.Callback):
    """After an epoch: metrics on `val`, the log, the best weights so far, and the time left."""

    def __init__(
        self, network: keras.Model, val: DecodedCrops, size_px: int, options: argparse.Namespace, best: float
    ) -> None:
        super().__init__()
        self.network, self.val, self.options = network, val, options
        faces = np.stack([centre(crop, size_px) for crop in val.images])
        self.faces = resized(faces, options.size or size_px).astype(np.float32)
        self.log = options.out / "log.jsonl"
        self.started: tuple[int, float] | None = None
        self.best = best

    def on_epoch_begin(self, epoch: int, logs: dict[str, float] | None = None) -> None:
        self.started = self.started or (epoch, time.monotonic())

    def on_epoch_end(self, epoch: int, logs: dict[str, float] | None = None) -> None:
        last = epoch + 1 == self.options.epochs
        if (epoch + 1) % self.options.validate_every and not last:
            return
        logits = self.network.predict(self.faces, batch_size=512, verbose=0)
        figures = by_set(logits, self.val.targets, self.val.sets)
        score = total_score(figures)
        if score < self.best:
            self.best = score
            _save(self.network, self.options.out / "best.keras")
        val = {name: asdict(value) for name, value in figures.items()}
        line = {"epoch": epoch + 1, "loss": (logs or {}).get("loss", math.nan), "score": score, "val": val}
        with self.log.open("a") as file:
            file.write(json.dumps(line) + "\n")
        print(
            f"epoch {epoch + 1}: loss {line['loss']:.3f}, score {score:.3f}, {_summary(figures)}, {self._left(epoch)}",
            flush=True,
        )

    def _left(self, epoch: int) -> str:
        first, since = self.started or (epoch, time.monotonic())
        passed = (time.monotonic() - since) / 60
        left = passed / (epoch + 1 - first) * (self.options.epochs - epoch - 1)
        if self.options.minutes:
            left = max(0, min(left, self.options.minutes - passed))
        return f"{left:.0f} min left"


def total_score(figures: dict[str, SetFigures]) -> float:
    """One number for choosing the weights, smaller is better.

    One year of error counts as much as two percentage points of gender or about eight of age range. All sets have equal
    weight.
    """
    scores = []
    for value in figures.values():
        years = value.mae if value.mae is not None else (1 - (value.range_exact or 0)) * 12
        scores.append(years + (1 - value.gender) * 50)
    return float(np.mean(scores))


def _summary(figures: dict[str, SetFigures]) -> str:
    parts = []
    for name, value in figures.items():
        age = f"{value.mae:.2f} y" if value.mae is not None else f"{value.range_exact:.1%}"
        parts.append(f"{name} {age} ({value.bias:+.1f}) {value.gender:.1%}")
    return "; ".join(parts)


def _save(network: keras.Model, path: Path) -> None:
    """Save the network completely or not at all, even if the program is stopped."""
    with whole_file(path) as part:
        network.save(part)
