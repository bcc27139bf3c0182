"""Weights files of VGG-Face and of what is made of it, in Keras's older HDF5 layout: read and checked, layer by layer.

In this layout a file (or its group `model_weights`) names its layers in the attribute `layer_names`, and each layer's
group its tensors in `weight_names`. Only the numbers are read, in their order: names differ from file to file.
"""

import warnings
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any

import h5py
import numpy as np

from agecam.errors import WeightsError
from agecam.models.vgg_face import PEOPLE, TASKS, TRUNK, WIDENINGS
from agecam.types import FloatArray

CONVOLUTIONS = len(TRUNK) + 3
CLASSES = {"people": PEOPLE, **TASKS}
"""What a file's last layer tells it apart by."""


@dataclass(frozen=True, slots=True)
class Layout:
    """The form of the network that a file's tensors are of."""

    task: str
    """'people', 'age' or 'gender'."""
    size_px: int
    """Side of the pictures."""
    channels: int
    features: int

    def shapes(self) -> list[tuple[int, ...]]:
        """Of the kernels, in order."""
        widths = [3, *(self.channels * WIDENINGS[block - 1] for block, _ in TRUNK)]
        trunk = [(3, 3, before, after) for before, after in pairwise(widths)]
        fc6 = (self.size_px // 32, self.size_px // 32, widths[-1], self.features)
        return [*trunk, fc6, (1, 1, self.features, self.features), (1, 1, self.features, CLASSES[self.task])]


@dataclass(frozen=True, slots=True)
class Layers:
    """An open file whose form was checked."""

    path: Path
    layout: Layout
    _pairs: list[tuple[Any, Any]]

    def tensors(self, index: int) -> tuple[FloatArray, FloatArray]:
        """Kernel `(height, width, in, out)` and bias `(out,)` of a convolution, from 0 on.

        Raises:
            WeightsError: they cannot be read, or are not all finite.
        """
        kernel, bias = (self._numbers(of, index) for of in self._pairs[index])
        return kernel, bias

    def _numbers(self, dataset: Any, index: int) -> FloatArray:
        try:
            numbers = np.asarray(dataset[...], np.float32)
        except (OSError, ValueError) as error:
            raise WeightsError(f"{self.path} is damaged in layer {index + 1}: get the file again.") from error
        if not np.isfinite(numbers).all():
            raise WeightsError(
                f"{self.path} holds numbers that are not finite, in layer {index + 1} of {CONVOLUTIONS}: "
                "get the file again."
            )
        return numbers


@contextmanager
def opened(path: Path) -> Iterator[Layers]:
    """The layers of a file, its form checked; its numbers are checked as they are read.

    Raises:
        WeightsError: it cannot be read, or does not have the form of VGG-Face.
    """
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error")  # of h5py, on what it does not know
            file = h5py.File(path, "r")
    except FileNotFoundError:
        raise WeightsError(f"There is no {path}: check the path.") from None
    except (OSError, Warning) as error:
        raise WeightsError(
            f"{path} is not a weights file in the HDF5 format, or is incomplete: get it again."
        ) from error
    with file:
        pairs = _pairs(file, path)
        yield Layers(path, _layout(pairs, path), pairs)


def _pairs(file: Any, path: Path) -> list[tuple[Any, Any]]:
    try:
        group = file.get("model_weights", file)
        pairs = []
        for layer in group.attrs["layer_names"]:
            names = group[layer].attrs["weight_names"]
            if len(names):
                kernel, bias = (group[layer][name] for name in names)
                pairs.append((kernel, bias))
    except (KeyError, TypeError, ValueError, RuntimeError, OSError, AttributeError) as error:
        raise WeightsError(
            f"{path} is not in Keras's older layout, with a kernel and a bias for each layer: name the file as it was "
            "published, or as training.transfer wrote it."
        ) from error
    if len(pairs) != CONVOLUTIONS:
        raise WeightsError(
            f"{path} has {len(pairs)} layers with weights and VGG-Face has {CONVOLUTIONS}: name another."
        )
    return pairs


def _layout(pairs: list[tuple[Any, Any]], path: Path) -> Layout:
    """The one that its first and last shapes tell, if all shapes are of it."""
    kernels = [tuple(int(side) for side in kernel.shape) for kernel, _ in pairs]
    task = next((name for name, classes in CLASSES.items() if kernels[-1][-1:] == (classes,)), None)
    if task is None:
        raise WeightsError(
            f"{path} gives {kernels[-1][-1] if kernels[-1] else 'no'} classes; 101 (age), 2 (gender) or 2622 (people) "
            "were expected: name another."
        )
    layout = Layout(task, 32 * kernels[len(TRUNK)][0], kernels[0][-1], kernels[-1][-2] if len(kernels[-1]) > 1 else 0)
    for index, (shape, expected) in enumerate(zip(kernels, layout.shapes(), strict=True)):
        bias, number = tuple(pairs[index][1].shape), f"layer {index + 1} of {CONVOLUTIONS}"
        if shape != expected or bias != expected[-1:]:
            raise WeightsError(
                f"{path} has weights of {_by(shape)} and {_by(bias)} in {number}, where VGG-Face has {_by(expected)} "
                f"and {_by(expected[-1:])}: name another."
            )
    return layout


def _by(shape: tuple[int, ...]) -> str:
    return " x ".join(str(side) for side in shape) or "nothing"


def write(path: Path, names: Sequence[str], tensors: Iterable[tuple[FloatArray, FloatArray]]) -> None:
    """The other way round: kernels and biases of layers, in order, one layer in memory at a time.

    The file is not complete before this returns.
    """
    with h5py.File(path, "w") as file:
        file.attrs["layer_names"] = [name.encode() for name in names]
        file.attrs["backend"], file.attrs["keras_version"] = b"tensorflow", b"2.2.4"
        for name, (kernel, bias) in zip(names, tensors, strict=True):
            group = file.create_group(name)
            of_layer = {f"{name}/kernel:0": kernel, f"{name}/bias:0": bias}
            group.attrs["weight_names"] = [of.encode() for of in of_layer]
            for tensor, numbers in of_layer.items():
                group.create_dataset(tensor, data=numbers)
