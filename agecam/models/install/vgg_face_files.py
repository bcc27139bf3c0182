"""VGG-Face of age and gender on disk: the weights file as Keras has it, and the ONNX form that points into it.

The numbers, a gigabyte, exist once: where the HDF5 file keeps a tensor in one piece, the ONNX file names its place.
"""

from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

import h5py

from agecam.models.install.legacy_hdf5 import Layers, Layout
from agecam.models.onnx_graph import NONE, OnnxGraph, stored
from agecam.models.vgg_face import TASKS, TRUNK
from agecam.types import OUTPUTS

HEAD = ("fc6", "fc7", "predictions")


def write_weights(path: Path, layers: Mapping[str, Layers], shared: bool, advance: Callable[[], None]) -> None:
    """Write the weights file, one layer in memory at a time; it is not complete before this returns.

    Args:
        layers: of the files that it is made from, by task.
        shared: whether one trunk serves both heads.
        advance: called for each layer.
    """
    with h5py.File(path, "w") as file:
        for task, index, name in _places(shared):
            for place, numbers in enumerate(layers[task].tensors(index)):
                file.create_dataset(f"layers/{name}/vars/{place}", data=numbers, dtype="<f4")
            advance()
        # Keras looks for the layers without numbers, too.
        for name in _WITHOUT_NUMBERS:
            file.create_group(f"layers/{name}/vars")


def onnx_of(path: Path, name: str, layout: Layout, shared: bool) -> bytes:
    """The ONNX file that belongs to a weights file.

    Args:
        path: the weights file as it lies now.
        name: what it will be called, beside the ONNX file.
    """
    graph = OnnxGraph("vgg_face", layout.size_px, layout.size_px)
    scaled = graph.scale(graph.pixels, 1 / 255)
    with h5py.File(path, "r") as file:
        numbers = {
            (task, index): [stored(Path(name), file[f"layers/{layer}/vars/{place}"]) for place in (0, 1)]
            for task, index, layer in _places(shared)
        }
    heads, features = [], ""
    for task in TASKS:
        if not features or not shared:
            x = scaled
            for index, (block, layer) in enumerate(TRUNK):
                if layer == 1 and block > 1:
                    x = graph.pool(x, "MaxPool", (2, 2), (2, 2), NONE)
                kernel, bias = numbers[task, index]
                x = graph.node("Relu", graph.convolution(x, kernel, bias, (1, 1, 1, 1)))
            features = graph.flatten(graph.pool(x, "MaxPool", (2, 2), (2, 2), NONE))
        x = features
        for index in range(len(TRUNK), len(TRUNK) + len(HEAD)):
            x = graph.dense(x, *numbers[task, index])
            if index < len(TRUNK) + len(HEAD) - 1:
                x = graph.node("Relu", x)
        heads.append(x)
    return graph.as_bytes(graph.node("Concat", *heads, axis=1), ["N", OUTPUTS])


def _places(shared: bool) -> Iterator[tuple[str, int, str]]:
    """Of every layer with numbers: the task whose file has it, its place there, and what Keras calls it in its file.

    Keras counts the layers of each kind in the order in which it would run them: the two heads side by side, and the
    two trunks where there are two.
    """
    trunks = list(TASKS)[:1] if shared else list(TASKS)
    for index in range(len(TRUNK)):
        for place, task in enumerate(trunks):
            yield task, index, _counted("conv2d", index * len(trunks) + place)
    for place in range(len(HEAD)):
        for number, task in enumerate(TASKS):
            yield task, len(TRUNK) + place, _counted("__whole", place * len(TASKS) + number)


def _counted(kind: str, number: int) -> str:
    return f"{kind}_{number}" if number else kind


_WITHOUT_NUMBERS = ("input_layer", "rescaling", "concatenate")
