"""The age and the gender half of VGG-Face -> one model: weights, ONNX form and card. Needs no TensorFlow."""

import datetime
import json
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from agecam.errors import WeightsError
from agecam.models.card import CONVENTIONS, WEIGHTS_SUFFIX, Calibration, Card, Form
from agecam.models.files import file_digest
from agecam.models.install.legacy_hdf5 import CONVOLUTIONS, Layers, Layout, opened
from agecam.models.install.vgg_face_files import onnx_of, write_weights
from agecam.models.vgg_face import TASKS, TRUNK
from agecam.runtime.files import PartFile, explained, write_whole
from agecam.types import CropSpec

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
    weights, onnx = PartFile(folder / f"{name}{WEIGHTS_SUFFIX}"), PartFile(folder / f"{name}.onnx")
    try:
        weights.close()
        onnx.close()
        with opened(age.path) as age_layers, opened(gender.path) as gender_layers, explained(weights.final):
            shared = all(_equal(age_layers, gender_layers, index) for index in range(len(TRUNK)))
            for _ in TRUNK if shared else ():
                advance()  # read once and written once
            layers = {"age": age_layers, "gender": gender_layers}
            write_weights(weights.path, layers, shared, advance)
        onnx.path.write_bytes(onnx_of(weights.path, weights.final.name, age.layout, shared))
        arguments = {"channels": age.layout.channels, "features": age.layout.features, "shared": shared}
        form = Form(onnx.final.name, file_digest(onnx.path), reads_weights=True)
        sha = file_digest(weights.path)
        card = _card(name, age.layout, arguments, margin, halves, sha, form, folder / f"{name}.json")
        weights.commit()
        onnx.commit()
    finally:
        weights.discard()
        onnx.discard()
    write_whole(card.path, json.dumps(card.as_dict(), indent=2, ensure_ascii=False).encode() + b"\n")
    return card


def _equal(one: Layers, other: Layers, index: int) -> bool:
    return all(np.array_equal(*pair) for pair in zip(one.tensors(index), other.tensors(index), strict=True))


def _card(
    name: str,
    layout: Layout,
    arguments: dict[str, Any],
    margin: float,
    halves: dict[str, Half],
    sha: str,
    form: Form,
    path: Path,
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
        forms=[form],
        path=path,
    )
