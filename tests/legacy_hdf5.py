"""Writes VGG-Face weights files as published: in Keras's legacy HDF5 layout, with h5py alone."""

from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path
from typing import Any

import h5py
import numpy as np

from agecam.types import FloatArray

Tensors = list[tuple[FloatArray, FloatArray]]


def shapes(classes: int, channels: int = 64, features: int = 4096, side: int = 7) -> list[tuple[int, ...]]:
    """Shapes of the kernels, as in the paper."""
    widths = [3, *(channels * times for times in (1, 1, 2, 2, 4, 4, 4, 8, 8, 8, 8, 8, 8))]
    backbone = [(3, 3, before, after) for before, after in pairwise(widths)]
    return [
        *backbone,
        (side, side, widths[-1], features),
        (1, 1, features, features),
        (1, 1, features, classes),
    ]


def random_tensors(classes: int, seed: int = 0, backbone_seed: int = 0, **form: int) -> Tensors:
    """Kernels and biases that preserve the scale of signals (He et al. 2015)."""
    tensors = []
    for index, shape in enumerate(shapes(classes, **form)):
        random = np.random.default_rng((backbone_seed if index < 13 else seed, index))
        scale = np.float32(np.sqrt(2 / np.prod(shape[:-1])))
        kernel = random.standard_normal(shape, np.float32) * scale
        tensors.append((kernel, random.uniform(-0.05, 0.05, shape[-1]).astype(np.float32)))
    return tensors


def write_published(path: Path, tensors: Sequence[tuple[Any, Any]], *, whole_model: bool = False) -> Path:
    """Write a file like `save_weights` of Keras 2, including layers without weights.

    With `whole_model`, write it like `save`, in a group of the file.
    """
    names = []
    with h5py.File(path, "w") as file:
        root = file.create_group("model_weights") if whole_model else file
        for number, (kernel, bias) in enumerate(tensors, start=1):
            empty = root.create_group(f"zero_padding2d_{number}")
            empty.attrs["weight_names"] = np.array([], "S1")
            name = f"conv2d_{number}" if number < len(tensors) else "predictions"
            group = root.create_group(name)
            group.attrs["weight_names"] = np.array([f"{name}/kernel:0".encode(), f"{name}/bias:0".encode()])
            group.create_dataset(f"{name}/kernel:0", data=kernel)
            group.create_dataset(f"{name}/bias:0", data=bias)
            names += [empty.name.rsplit("/", 1)[-1], name]
        root.attrs["layer_names"] = np.array([name.encode() for name in names])
        root.attrs["backend"], root.attrs["keras_version"] = b"tensorflow", b"2.1.6"
    return path
