"""Reads the weights of a VGG-16 for ages or genders from Caffe's files.

A description (`.prototxt`) may come with the weights (`.caffemodel`). As in Caffe, it then says which layers there are,
and the weights belong to them by name. Dropout and the softmax at the end are left out: the first does nothing in
inference, the second belongs to the decoding of the outputs.
"""

import math
import mmap
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

import numpy as np

from agecam.errors import WeightsError
from agecam.models.install.caffe_format import Blob, CaffeLayer, described_layers, stored_layers
from agecam.models.install.layers import CONVOLUTIONS, FileLayout, by
from agecam.models.vgg_face import BACKBONE, TASKS
from agecam.types import FloatArray

SUFFIX, DESCRIPTION_SUFFIX = ".caffemodel", ".prototxt"
STRUCTURE = (
    *(
        kind
        for index, (_, layer) in enumerate(BACKBONE)
        for kind in (("Pooling",) if index and layer == 1 else ()) + ("Convolution", "ReLU")
    ),
    *("Pooling", "InnerProduct", "ReLU", "InnerProduct", "ReLU", "InnerProduct"),
)
"""Kinds of the layers of a VGG-16."""
USUAL_NAMES = (*(f"conv{block}_{layer}" for block, layer in BACKBONE), "fc6", "fc7", "fc8")
"""Names of the layers with weights; that of the last one only begins so."""
_WITHOUT_EFFECT = frozenset(
    {"Accuracy", "Data", "Dropout", "DummyData", "HDF5Data", "ImageData", "Input", "MemoryData", "Silence", "Split"}
)
_FINAL = frozenset({"Softmax", "SoftmaxWithLoss"})
_OPTIONS = {
    "Convolution": {"kernel_size": 3, "pad": 1, "stride": 1, "group": 1, "dilation": 1, "bias_term": 1},
    "InnerProduct": {"axis": 1, "transpose": 0, "bias_term": 1},
    "Pooling": {"pool": 0, "kernel_size": 2, "stride": 2, "pad": 0, "global_pooling": 0},
    "ReLU": {"negative_slope": 0},
}
"""Options of the layers of a VGG-16; pooling 0 is that of the maximum."""
_CHUNK_BYTES = 2**24


@dataclass(frozen=True, slots=True)
class CaffeLayers:
    """The layers of an open file whose structure was checked."""

    path: Path
    layout: FileLayout
    _file: BinaryIO
    _layers: list[CaffeLayer]

    def tensors(self, index: int) -> tuple[FloatArray, FloatArray]:
        """As described at `Layers`: kernel `(height, width, in, out)`, the first one for RGB, and bias `(out,)`.

        Raises:
            WeightsError: they cannot be read, or are not all finite.
        """
        kernel, bias = (self._values(blob, index) for blob in self._layers[index].blobs)
        height, width, before, after = self.layout.shapes()[index]
        # Caffe has (out, in, height, width), also in the first fully connected layer, whose 'in' is flattened.
        kernel = kernel.reshape(after, before, height, width).transpose(2, 3, 1, 0)
        if index == 0:
            kernel = kernel[:, :, ::-1]  # Caffe's networks take BGR
        return np.ascontiguousarray(kernel), bias

    def _values(self, blob: Blob, index: int) -> FloatArray:
        """All values in order. They are converted piece by piece, so that no more than the result is in memory."""
        values = np.empty(math.prod(blob.shape), np.float32)
        size, done = np.dtype(blob.dtype).itemsize, 0
        try:
            for start, count in blob.parts:
                self._file.seek(start)
                for first in range(0, count, _CHUNK_BYTES // size):
                    content = self._file.read(size * min(count - first, _CHUNK_BYTES // size))
                    piece = np.frombuffer(content, blob.dtype)
                    with np.errstate(over="ignore"):  # found as not finite
                        values[done : done + len(piece)] = piece
                    if not np.isfinite(values[done : done + len(piece)]).all():
                        raise WeightsError(
                            "{path} has weights that are not finite in the layer '{layer}': get the file again.",
                            path=self.path,
                            layer=self._layers[index].name,
                        )
                    done += len(piece)
        except (OSError, ValueError) as error:
            raise _damaged(self.path) from error
        if done < len(values):
            raise _damaged(self.path)
        return values


@contextmanager
def opened(path: Path, description: Path | None = None) -> Iterator[CaffeLayers]:
    """Open a file and check its structure; tensors are checked when they are read.

    Args:
        path: of the weights.
        description: of the network; None if the names and shapes in the weights file have to suffice.

    Raises:
        WeightsError: a file cannot be read, or the network is no VGG-16 for ages or genders.
    """
    with _file(path) as file:
        stored = _stored(file, path)
        if description is None:
            layers = _weighted(stored, path)
        else:
            described, input_sides = described_layers(description)
            layers = _with_weights(_weighted(described, description), stored, description, path)
        layout = _layout(layers, path)
        if description is not None and input_sides and input_sides[1:] != [3, layout.size_px, layout.size_px]:
            raise WeightsError(
                "{description} describes an input of {given}, but the weights in {path} are for 3 x {size} x {size}: "
                "add files that belong together.",
                description=description,
                given=by(tuple(input_sides[1:])),
                path=path,
                size=layout.size_px,
            )
        yield CaffeLayers(path, layout, file, layers)


def described_task(path: Path) -> str:
    """The task of a described network, 'age' or 'gender'; raises WeightsError."""
    last = _weighted(described_layers(path)[0], path)[-1]
    classes = last.values("num_output")
    task = next((task for task, count in TASKS.items() if classes == [count]), None)
    if task is None:
        raise _unsuitable(path, last, _words(classes))
    return task


def stored_task(path: Path) -> str:
    """The task of a weights file by its number of classes, 'age' or 'gender'; raises WeightsError."""
    with _file(path) as file:
        last = [layer for layer in _stored(file, path) if layer.blobs][-1]
    classes = last.blobs[-1].shape[-1:]
    task = next((task for task, count in TASKS.items() if classes == (count,)), None)
    if task is None:
        raise _unsuitable(path, last, by(classes))
    return task


def _file(path: Path) -> BinaryIO:
    try:
        return path.open("rb")
    except FileNotFoundError:
        raise WeightsError("{path} does not exist: check the path.", path=path) from None
    except OSError as error:
        raise _damaged(path) from error


def _stored(file: BinaryIO, path: Path) -> list[CaffeLayer]:
    try:
        with mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as data:
            layers = stored_layers(data)
    except (OSError, ValueError) as error:
        raise _damaged(path) from error
    if not any(layer.blobs for layer in layers):
        raise _damaged(path)
    return layers


def _damaged(path: Path) -> WeightsError:
    return WeightsError("{path} is not a file of Caffe weights, or is incomplete: get the file again.", path=path)


def _weighted(layers: Sequence[CaffeLayer], path: Path) -> list[CaffeLayer]:
    """The layers with weights; raises WeightsError if the network is not a VGG-16."""
    chain = [layer for layer in layers if layer.kind not in _WITHOUT_EFFECT]
    if chain and chain[-1].kind in _FINAL:
        del chain[-1]
    weighted = [layer for layer in chain if layer.kind in ("Convolution", "InnerProduct")]
    expected = STRUCTURE
    if all(layer.blobs for layer in chain) and _have_usual_names(weighted):  # a file of nothing but weights
        expected = tuple(kind for kind in STRUCTURE if kind in ("Convolution", "InnerProduct"))
    for layer, kind in zip(chain, expected, strict=False):
        if layer.kind != kind:
            raise WeightsError(
                "{path} has the layer '{layer}' of the kind {kind}, where VGG-16 has {expected}: use another file, or "
                "add the network's {suffix} file, too.",
                path=path,
                layer=layer.name,
                kind=layer.kind,
                expected=kind,
                suffix=DESCRIPTION_SUFFIX,
            )
    if len(chain) != len(expected):
        raise WeightsError(
            "{path} has {count} layers up to '{layer}', but VGG-16 has {expected}: use another file.",
            path=path,
            count=len(chain),
            layer=chain[-1].name if chain else "",
            expected=len(expected),
        )
    for layer in chain:
        _check_options(layer, path)
    return weighted


def _have_usual_names(layers: Sequence[CaffeLayer]) -> bool:
    return len(layers) == CONVOLUTIONS and all(
        layer.name.startswith(name) if name == USUAL_NAMES[-1] else layer.name == name
        for layer, name in zip(layers, USUAL_NAMES, strict=True)
    )


def _check_options(layer: CaffeLayer, path: Path) -> None:
    if layer.options is None and layer.kind != "Pooling" and layer.name in USUAL_NAMES:
        return  # weights alone: their shapes are checked
    for option, expected in _OPTIONS[layer.kind].items():
        values = layer.values(option)
        if not values or any(value != expected for value in values):
            raise WeightsError(
                "{path} has the layer '{layer}' with {option} {given}, where VGG-16 has {expected}: use another file.",
                path=path,
                layer=layer.name,
                option=option,
                given=_words(values),
                expected=expected,
            )


def _with_weights(
    described: Sequence[CaffeLayer], stored: Sequence[CaffeLayer], description: Path, path: Path
) -> list[CaffeLayer]:
    """The stored layers in the order of the description."""
    by_name = {layer.name: layer for layer in stored if layer.blobs}
    layers = []
    for layer in described:
        if layer.name not in by_name:
            raise WeightsError(
                "{path} has no weights for the layer '{layer}' of {description}: add files that belong together.",
                path=path,
                layer=layer.name,
                description=description,
            )
        found = by_name[layer.name]
        outputs = layer.values("num_output")
        if found.blobs[-1].shape[-1:] != tuple(outputs):
            raise WeightsError(
                "{path} has weights for {found} outputs in the layer '{layer}', where {description} describes "
                "{described}: add files that belong together.",
                path=path,
                found=by(found.blobs[-1].shape[-1:]),
                layer=layer.name,
                description=description,
                described=_words(outputs),
            )
        layers.append(found)
    return layers


def _layout(layers: Sequence[CaffeLayer], path: Path) -> FileLayout:
    """The structure given by the shapes; raises WeightsError if they do not match VGG-16's."""
    for layer in layers:
        sides = [len(blob.shape) for blob in layer.blobs]
        if len(sides) != 2 or sides[0] < 2 or sides[1] < 1:
            raise WeightsError(
                "{path} does not have a matrix and a bias in the layer '{layer}': use another file.",
                path=path,
                layer=layer.name,
            )
    first, fc6, last = layers[0].blobs[0].shape, layers[len(BACKBONE)].blobs[0].shape, layers[-1].blobs[0].shape
    task = next((task for task, count in TASKS.items() if last[-2] == count), None)
    if task is None:
        raise _unsuitable(path, layers[-1], str(last[-2]))
    side = math.isqrt(fc6[-1] // max(1, layers[len(BACKBONE) - 1].blobs[0].shape[0]))
    layout = FileLayout(task, 32 * side, first[0], fc6[-2])
    for layer, (height, width, before, after) in zip(layers, layout.shapes(), strict=True):
        expected = (after, before, height, width) if layer.kind == "Convolution" else (after, before * height * width)
        kernel, bias = (_without_leading_ones(blob.shape) for blob in layer.blobs)
        if kernel != _without_leading_ones(expected) or bias != _without_leading_ones((after,)):
            raise WeightsError(
                "{path} has weights of {kernel} and {bias} in the layer '{layer}', where VGG-16 has {expected} and "
                "{outputs}: use another file.",
                path=path,
                kernel=by(kernel),
                bias=by(bias),
                layer=layer.name,
                expected=by(expected),
                outputs=after,
            )
    return layout


def _words(values: Sequence[float]) -> str:
    return " x ".join(f"{value:g}" for value in values) or "not given"


def _without_leading_ones(shape: tuple[int, ...]) -> tuple[int, ...]:
    """Old files give four sides of each tensor."""
    while len(shape) > 1 and shape[0] == 1:
        shape = shape[1:]
    return shape


def _unsuitable(path: Path, layer: CaffeLayer, classes: str) -> WeightsError:
    return WeightsError(
        "{path} has {classes} outputs in its last layer '{layer}' instead of 101 ages or 2 genders: use another file.",
        path=path,
        classes=classes,
        layer=layer.name,
    )
