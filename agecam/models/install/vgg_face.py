"""Combines VGG-Face files for age and gender into one model: weights, ONNX file and card. Needs no TensorFlow."""

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
from agecam.models.install.legacy_hdf5 import CONVOLUTIONS, FileLayout, Layers, opened
from agecam.models.install.vgg_face_files import onnx_of, write_weights
from agecam.models.vgg_face import BACKBONE, TASKS
from agecam.runtime.files import PartFile, explained, write_whole
from agecam.types import CropSpec

NAME = "vgg-face"
MARGIN = 0.4
"""Margin of the face crops in the IMDB-WIKI archives, on which the published weights were trained."""
UNCALIBRATED = Calibration(interval_tail=0.1, gender_temperature=1.0, unsure_below=0.6)
LICENCE = (
    "VGG-Face and weights trained on IMDB-WIKI are for research, not for commercial use (CC BY-NC 4.0; the pictures "
    "belong to their owners). The program's code is MIT."
)

Advance = Callable[[], None]
"""Called after each layer."""


@dataclass(frozen=True, slots=True)
class TaskFile:
    """A checked weights file for one task, age or gender."""

    path: Path
    layout: FileLayout
    sha256: str


def checked(path: Path, advance: Advance = lambda: None) -> TaskFile:
    """Check a whole file in the legacy HDF5 layout.

    Raises:
        WeightsError: it is damaged, has another structure, or is for neither age nor gender.
    """
    with opened(path) as layers:
        if layers.layout.task not in TASKS:
            raise WeightsError(
                f"{path} is VGG-Face itself, which recognises people rather than age or gender: train with it "
                "(python -m training.vgg_face.transfer), or use weights trained from it."
            )
        for index in range(CONVOLUTIONS):
            layers.tensors(index)
            advance()
        return TaskFile(path, layers.layout, file_digest(path))


def combine(
    task_files: dict[str, TaskFile],
    folder: Path,
    *,
    margin: float = MARGIN,
    name: str = NAME,
    advance: Advance = lambda: None,
) -> Card:
    """Write the model combined from both files into a folder, complete or not at all.

    The backbones are compared tensor by tensor; if they are equal, both heads share one.

    Args:
        task_files: by task.
        folder: of the model.
        margin: of the training crops, on every side, as a share of the detector's box.
        name: of the model.
        advance: called after each layer.

    Raises:
        WeightsError: the two files do not match.
        OutputError: the folder cannot be written.
    """
    age, gender = (task_files[task] for task in TASKS)
    if replace(age.layout, task="gender") != gender.layout:
        raise WeightsError(f"{age.path} and {gender.path} belong to networks of different sizes: add two that match.")
    weights, onnx = PartFile(folder / f"{name}{WEIGHTS_SUFFIX}"), PartFile(folder / f"{name}.onnx")
    try:
        weights.close()
        onnx.close()
        with opened(age.path) as age_layers, opened(gender.path) as gender_layers, explained(weights.final):
            shared = all(_equal(age_layers, gender_layers, index) for index in range(len(BACKBONE)))
            for _ in BACKBONE if shared else ():
                advance()  # these layers are written once, but the total counts both files
            layers = {"age": age_layers, "gender": gender_layers}
            write_weights(weights.path, layers, shared, advance)
        onnx.path.write_bytes(onnx_of(weights.path, weights.final.name, age.layout, shared))
        arguments = {"channels": age.layout.channels, "features": age.layout.features, "shared": shared}
        form = Form(onnx.final.name, file_digest(onnx.path), reads_weights=True)
        sha256 = file_digest(weights.path)
        card = _card(name, age.layout, arguments, margin, task_files, sha256, form, folder / f"{name}.json")
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
    layout: FileLayout,
    arguments: dict[str, Any],
    margin: float,
    task_files: dict[str, TaskFile],
    sha256: str,
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
        made_from=[
            {"task": task, "file": task_file.path.name, "sha256": task_file.sha256}
            for task, task_file in task_files.items()
        ],
        sha256=sha256,
        forms=[form],
        path=path,
    )
