"""Writes the combined model: the Keras weights file, and the ONNX file that refers to its tensors.

The weights, a gigabyte, are stored once: the ONNX file gives the offsets of the tensors in the HDF5 file.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path

import h5py

from agecam.models.install.layers import FileLayout, Layers
from agecam.models.onnx_graph import NONE, OnnxGraph, external_tensor
from agecam.models.vgg_face import BACKBONE, TASKS
from agecam.types import OUTPUTS

HEAD = ("fc6", "fc7", "predictions")


def write_weights(path: Path, layers: Mapping[str, Layers], shared: bool, advance: Callable[[], None]) -> None:
    """Write the weights file, one layer in memory at a time; it is complete only when this returns.

    Args:
        path: of the weights file.
        layers: of the source files, by task.
        shared: whether one backbone serves both heads.
        advance: called after each layer.
    """
    with h5py.File(path, "w") as file:
        for task, index, name in _sources(shared):
            for variable, values in enumerate(layers[task].tensors(index)):
                file.create_dataset(f"layers/{name}/vars/{variable}", data=values, dtype="<f4")
            advance()


def onnx_of(path: Path, name: str, layout: FileLayout, shared: bool, mean_rgb: Sequence[float] | None = None) -> bytes:
    """Content of the ONNX file that belongs to a weights file.

    Args:
        path: current path of the weights file.
        name: its final name, next to the ONNX file.
        layout: structure of the network.
        shared: whether one backbone serves both heads.
        mean_rgb: subtracted from the pixels; None if they are scaled to 0 to 1.
    """
    graph = OnnxGraph("vgg_face", layout.size_px, layout.size_px)
    scaled = graph.scale(graph.pixels, 1 / 255) if mean_rgb is None else graph.subtract(graph.pixels, mean_rgb)
    with h5py.File(path, "r") as file:
        tensors = {
            (task, index): [external_tensor(Path(name), file[f"layers/{layer}/vars/{variable}"]) for variable in (0, 1)]
            for task, index, layer in _sources(shared)
        }
    heads, features = [], ""
    for task in TASKS:
        if not features or not shared:
            x = scaled
            for index, (block, layer) in enumerate(BACKBONE):
                if layer == 1 and block > 1:
                    x = graph.pool(x, "MaxPool", (2, 2), (2, 2), NONE)
                kernel, bias = tensors[task, index]
                x = graph.node("Relu", graph.convolution(x, kernel, bias, (1, 1, 1, 1)))
            features = graph.flatten(graph.pool(x, "MaxPool", (2, 2), (2, 2), NONE))
        x = features
        for index in range(len(BACKBONE), len(BACKBONE) + len(HEAD)):
            x = graph.dense(x, *tensors[task, index])
            if index < len(BACKBONE) + len(HEAD) - 1:
                x = graph.node("Relu", x)
        heads.append(x)
    return graph.as_bytes(graph.node("Concat", *heads, axis=1), ["N", OUTPUTS])


def _sources(shared: bool) -> Iterator[tuple[str, int, str]]:
    """For every layer with weights: task of the source file, index there, and layer name in the Keras weights file.

    Keras numbers the layers of each class in the order in which it runs them: the layers of the two heads alternate, as
    do those of the two backbones if there are two.
    """
    backbones = list(TASKS)[:1] if shared else list(TASKS)
    for index in range(len(BACKBONE)):
        for number, task in enumerate(backbones):
            yield task, index, _layer_name("conv2d", index * len(backbones) + number)
    for index in range(len(HEAD)):
        for number, task in enumerate(TASKS):
            yield task, len(BACKBONE) + index, _layer_name("__whole", index * len(TASKS) + number)


def _layer_name(kind: str, number: int) -> str:
    return f"{kind}_{number}" if number else kind
