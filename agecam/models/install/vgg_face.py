"""Combines weights of VGG-16 for age and gender into one model: weights, ONNX file and card. Needs no TensorFlow."""

import datetime
import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from agecam.errors import UsageError, WeightsError
from agecam.models.card import CONVENTIONS, WEIGHTS_SUFFIX, Calibration, Card, Form
from agecam.models.files import file_digest
from agecam.models.install import caffe, legacy_hdf5
from agecam.models.install.layers import CONVOLUTIONS, FileLayout, Layers
from agecam.models.install.origins import RECIPE, STUDY, Origin
from agecam.models.install.vgg_face_files import onnx_of, write_weights
from agecam.models.vgg_face import BACKBONE, TASKS
from agecam.runtime.files import PartFile, explained, write_whole
from agecam.types import CropSpec

MARGIN = RECIPE.margin
UNCALIBRATED = Calibration(interval_tail=0.1, gender_temperature=1.0, unsure_below=0.6)
_HDF5_SIGNATURE = b"\x89HDF\r\n\x1a\n"

Advance = Callable[[], None]
"""Called after each layer."""


@dataclass(frozen=True, slots=True)
class TaskFile:
    """A checked weights file for one task, age or gender."""

    path: Path
    layout: FileLayout
    sha256: str
    origin: Origin = RECIPE
    description: Path | None = None
    """Of the network, for weights from Caffe."""

    @contextmanager
    def opened(self) -> Iterator[Layers]:
        """Open the file and check its structure again; raises WeightsError."""
        with _opened(self.path, self.origin, self.description) as layers:
            yield layers


def origin_of(path: Path) -> Origin:
    """Where the weights in a file come from, by its content; by its name if there is no such file."""
    try:
        with path.open("rb") as file:
            if file.read(len(_HDF5_SIGNATURE)) == _HDF5_SIGNATURE:
                return RECIPE
    except OSError:
        pass
    return STUDY if caffe.SUFFIX in path.suffixes else RECIPE


def checked(path: Path, advance: Advance = lambda: None, description: Path | None = None) -> TaskFile:
    """Check a whole file, in the legacy HDF5 layout or of Caffe.

    Args:
        path: of the file.
        advance: called after each layer.
        description: of the network, for weights from Caffe.

    Raises:
        WeightsError: it is damaged, has another structure, or is for neither age nor gender.
    """
    origin = origin_of(path)
    with _opened(path, origin, description) as layers:
        if layers.layout.task not in TASKS:
            raise WeightsError(
                "{path} is VGG-Face itself, which recognises people rather than age or gender: train with it "
                "(python -m training.vgg_face.transfer), or use weights trained from it.",
                path=path,
            )
        for index in range(CONVOLUTIONS):
            layers.tensors(index)
            advance()
        return TaskFile(path, layers.layout, file_digest(path), origin, description)


@contextmanager
def _opened(path: Path, origin: Origin, description: Path | None) -> Iterator[Layers]:
    with caffe.opened(path, description) if origin is STUDY else legacy_hdf5.opened(path) as layers:
        yield layers


def combine(
    task_files: dict[str, TaskFile],
    folder: Path,
    *,
    margin: float | None = None,
    name: str | None = None,
    advance: Advance = lambda: None,
) -> Card:
    """Write the model combined from both files into a folder, complete or not at all.

    The backbones are compared tensor by tensor; if they are equal, both heads share one.

    Args:
        task_files: by task.
        folder: of the model.
        margin: of the training crops, on every side, as a share of the detector's box; None for that of their origin.
        name: of the model; None for that of their origin.
        advance: called after each layer.

    Raises:
        WeightsError: the two files do not match.
        UsageError: one of the files is from Caffe and the other is not.
        OutputError: the folder cannot be written.
    """
    age, gender = (task_files[task] for task in TASKS)
    origin = age.origin
    if gender.origin is not origin:
        raise UsageError(
            "{age} and {gender} need their pictures prepared in different ways: add two files from the same authors.",
            age=age.path,
            gender=gender.path,
        )
    name = name or origin.name
    if replace(age.layout, task="gender") != gender.layout:
        raise WeightsError(
            "{age} and {gender} belong to networks of different sizes: add two that match.",
            age=age.path,
            gender=gender.path,
        )
    weights, onnx = PartFile(folder / f"{name}{WEIGHTS_SUFFIX}"), PartFile(folder / f"{name}.onnx")
    try:
        weights.close()
        onnx.close()
        with age.opened() as age_layers, gender.opened() as gender_layers, explained(weights.final):
            shared = all(_equal(age_layers, gender_layers, index) for index in range(len(BACKBONE)))
            for _ in BACKBONE if shared else ():
                advance()  # these layers are written once, but the total counts both files
            layers = {"age": age_layers, "gender": gender_layers}
            write_weights(weights.path, layers, shared, advance)
        onnx.path.write_bytes(onnx_of(weights.path, weights.final.name, age.layout, shared, origin.mean_rgb))
        arguments: dict[str, Any] = {"channels": age.layout.channels, "features": age.layout.features, "shared": shared}
        if origin.mean_rgb is not None:
            arguments["mean_rgb"] = list(origin.mean_rgb)
        crop = origin.crop(age.layout.size_px, margin)
        form = Form(onnx.final.name, file_digest(onnx.path), reads_weights=True)
        sha256 = file_digest(weights.path)
        card = _card(name, crop, arguments, origin.licence, task_files, sha256, form, folder / f"{name}.json")
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
    crop: CropSpec,
    arguments: dict[str, Any],
    licence: str,
    task_files: dict[str, TaskFile],
    sha256: str,
    form: Form,
    path: Path,
) -> Card:
    return Card(
        name=name,
        network="vgg_face",
        arguments=arguments,
        crop=crop,
        **CONVENTIONS,
        calibration=UNCALIBRATED,
        licence=licence,
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
