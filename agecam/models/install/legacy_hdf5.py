"""Reads weights files of VGG-Face and networks based on it, in Keras's legacy HDF5 layout.

In this layout a file (or its group `model_weights`) lists its layers in the attribute `layer_names`, and each layer's
group lists its tensors in `weight_names`. Tensors are read in order, because names differ from file to file.
"""

import warnings
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import h5py
import numpy as np

from agecam.errors import WeightsError
from agecam.models.install.layers import CLASSES, CONVOLUTIONS, FileLayout, by
from agecam.models.vgg_face import BACKBONE
from agecam.types import FloatArray


@dataclass(frozen=True, slots=True)
class Hdf5Layers:
    """The layers of an open file whose structure was checked."""

    path: Path
    layout: FileLayout
    _pairs: list[tuple[Any, Any]]

    def tensors(self, index: int) -> tuple[FloatArray, FloatArray]:
        """Kernel `(height, width, in, out)` and bias `(out,)` of the convolution at `index`.

        Raises:
            WeightsError: they cannot be read, or are not all finite.
        """
        kernel, bias = (self._values(dataset, index) for dataset in self._pairs[index])
        return kernel, bias

    def _values(self, dataset: Any, index: int) -> FloatArray:
        try:
            values = np.asarray(dataset[...], np.float32)
        except (OSError, ValueError) as error:
            raise WeightsError(f"{self.path} is damaged in layer {index + 1}: get the file again.") from error
        if not np.isfinite(values).all():
            raise WeightsError(
                f"{self.path} has weights that are not finite in layer {index + 1} of {CONVOLUTIONS}: "
                "get the file again."
            )
        return values


@contextmanager
def opened(path: Path) -> Iterator[Hdf5Layers]:
    """Open a file and check its structure; tensors are checked when they are read.

    Raises:
        WeightsError: it cannot be read, or does not have the structure of VGG-Face.
    """
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error")  # h5py warns of unknown content
            file = h5py.File(path, "r")
    except FileNotFoundError:
        raise WeightsError(f"{path} does not exist: check the path.") from None
    except (OSError, Warning) as error:
        raise WeightsError(f"{path} is not an HDF5 weights file, or is incomplete: get the file again.") from error
    with file:
        pairs = _pairs(file, path)
        yield Hdf5Layers(path, _layout(pairs, path), pairs)


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
            f"{path} is not in Keras's legacy HDF5 layout with a kernel and a bias for each layer: use a published "
            "file, or one written by training.vgg_face.transfer."
        ) from error
    if len(pairs) != CONVOLUTIONS:
        raise WeightsError(
            f"{path} has {len(pairs)} layers with weights but VGG-Face has {CONVOLUTIONS}: use another file."
        )
    return pairs


def _layout(pairs: list[tuple[Any, Any]], path: Path) -> FileLayout:
    """The structure given by the first and last shapes; raises WeightsError if other shapes do not match it."""
    kernels = [tuple(int(side) for side in kernel.shape) for kernel, _ in pairs]
    task = next((name for name, classes in CLASSES.items() if kernels[-1][-1:] == (classes,)), None)
    if task is None:
        raise WeightsError(
            f"{path} has {kernels[-1][-1] if kernels[-1] else 'no'} classes instead of 101 (age), 2 (gender) or 2622 "
            "(people): use another file."
        )
    layout = FileLayout(
        task, 32 * kernels[len(BACKBONE)][0], kernels[0][-1], kernels[-1][-2] if len(kernels[-1]) > 1 else 0
    )
    for index, (shape, expected) in enumerate(zip(kernels, layout.shapes(), strict=True)):
        bias, number = tuple(pairs[index][1].shape), f"layer {index + 1} of {CONVOLUTIONS}"
        if shape != expected or bias != expected[-1:]:
            raise WeightsError(
                f"{path} has weights of {by(shape)} and {by(bias)} in {number}, where VGG-Face has {by(expected)} "
                f"and {by(expected[-1:])}: use another file."
            )
    return layout


def write(path: Path, names: Sequence[str], tensors: Iterable[tuple[FloatArray, FloatArray]]) -> None:
    """Write the kernels and biases of layers in this layout, one layer in memory at a time.

    The file is complete only when this returns.
    """
    with h5py.File(path, "w") as file:
        file.attrs["layer_names"] = [name.encode() for name in names]
        file.attrs["backend"], file.attrs["keras_version"] = b"tensorflow", b"2.2.4"
        for name, (kernel, bias) in zip(names, tensors, strict=True):
            group = file.create_group(name)
            by_name = {f"{name}/kernel:0": kernel, f"{name}/bias:0": bias}
            group.attrs["weight_names"] = [name.encode() for name in by_name]
            for tensor, values in by_name.items():
                group.create_dataset(tensor, data=values)
