"""The age and the gender half of VGG-Face -> one model: weights and card."""

import datetime
import json
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from agecam.errors import WeightsError
from agecam.install.older_layout import CONVOLUTIONS, Layers, Layout, opened
from agecam.networks import build_network
from agecam.networks.vgg_face import TASKS, TRUNK, convolutions
from agecam.recorder.atomic import PartFile, explained, write_whole
from agecam.types import CropSpec
from agecam.weights import CONVENTIONS, WEIGHTS_SUFFIX, Calibration, Card, file_digest

NAME = "vgg-face"
MARGIN = 0.4
"""Of the faces that the archives of IMDB-WIKI are cut to, which the published weights were trained on."""
UNCALIBRATED = Calibration(interval_tail=0.1, gender_temperature=1.0, unsure_below=0.6)
LICENCE = (
    "The weights' own: those of VGG-Face and what is trained on IMDB-WIKI are for research, not for commercial use "
    "(CC BY-NC 4.0; the pictures belong to their owners). The program's code is MIT."
)

Advance = Callable[[], None]
"""Called for each layer that is done."""


@dataclass(frozen=True, slots=True)
class Half:
    """A weights file that says one thing about a face."""

    path: Path
    layout: Layout
    sha256: str


def checked(path: Path, advance: Advance = lambda: None) -> Half:
    """Read a file in the older layout from end to end.

    Raises:
        WeightsError: it is damaged, has another form, or says neither age nor gender.
    """
    with opened(path) as layers:
        if layers.layout.task not in TASKS:
            raise WeightsError(
                f"{path} is VGG-Face itself, which knows people and neither age nor gender: train with it "
                "(python -m training.transfer), or name weights that were."
            )
        for index in range(CONVOLUTIONS):
            layers.tensors(index)
            advance()
        return Half(path, layers.layout, file_digest(path))


def brought_together(
    halves: dict[str, Half], folder: Path, *, margin: float = MARGIN, name: str = NAME, advance: Advance = lambda: None
) -> Card:
    """Write the model of both halves into a folder, complete or not at all.

    The trunks are compared tensor by tensor; where they are equal, one serves both heads.

    Args:
        halves: by task.
        margin: that the faces were cut with for training, as a share of the detector's box on every side.

    Raises:
        WeightsError: the halves do not fit each other.
        OutputError: nothing can be written there.
    """
    age, gender = (halves[task] for task in TASKS)
    if replace(age.layout, task="gender") != gender.layout:
        raise WeightsError(f"{age.path} and {gender.path} are of networks of different sizes: add two that match.")
    with opened(age.path) as age_layers, opened(gender.path) as gender_layers:
        shared = all(_equal(age_layers, gender_layers, index) for index in range(len(TRUNK)))
        arguments: dict[str, Any] = {
            "channels": age.layout.channels,
            "features": age.layout.features,
            "shared": shared,
        }
        network = build_network("vgg_face", age.layout.size_px, **arguments)
        by_name = {layer.name: layer for layer in convolutions(network)}
        for task, layers in zip(TASKS, (age_layers, gender_layers), strict=True):
            for index, layer_name in enumerate(_names(task, shared)):
                if index >= len(TRUNK) or not shared or task == "age":
                    by_name[layer_name].set_weights(layers.tensors(index))
                advance()
    weights = PartFile(folder / f"{name}{WEIGHTS_SUFFIX}")
    try:
        weights.close()
        written = weights.path.with_name(f"{weights.path.name}{WEIGHTS_SUFFIX}")  # Keras insists on this ending
        try:
            with explained(weights.final):
                network.save_weights(written)
                written.replace(weights.path)
        finally:
            written.unlink(missing_ok=True)
        card = _card(name, age.layout, arguments, margin, halves, file_digest(weights.path), folder / f"{name}.json")
        weights.commit()
    finally:
        weights.discard()
    write_whole(card.path, json.dumps(card.as_dict(), indent=2, ensure_ascii=False).encode() + b"\n")
    return card


def _names(task: str, shared: bool) -> list[str]:
    prefix = "" if shared else f"{task}_"
    trunk = [f"{prefix}conv{block}_{layer}" for block, layer in TRUNK]
    return [*trunk, *(f"{task}_{layer}" for layer in ("fc6", "fc7", "predictions"))]


def _equal(one: Layers, other: Layers, index: int) -> bool:
    return all(np.array_equal(*pair) for pair in zip(one.tensors(index), other.tensors(index), strict=True))


def _card(
    name: str, layout: Layout, arguments: dict[str, Any], margin: float, halves: dict[str, Half], sha: str, path: Path
) -> Card:
    return Card(
        name=name,
        network="vgg_face",
        arguments=arguments,
        crop=CropSpec(layout.size_px, margin, alignment="box"),
        **CONVENTIONS,
        calibration=UNCALIBRATED,
        licence=LICENCE,
        date=datetime.date.today().isoformat(),
        data_sets=[],
        metrics={},
        made_from=[{"task": task, "file": half.path.name, "sha256": half.sha256} for task, half in halves.items()],
        sha256=sha,
        path=path,
    )
