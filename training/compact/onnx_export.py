"""Export a model's network to ONNX, next to its Keras weights, and list it on the card. CPUs run this form.

    python -m training.compact.onnx_export --weights compact

training.compact.export does this itself. Takes a few seconds. Expected: both forms agree to 1e-5 of the largest logit.
"""

import argparse
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import keras
import numpy as np
from keras import layers

from agecam.backends.keras import load_model
from agecam.backends.openvino import OpenVinoRunner
from agecam.errors import UsageError
from agecam.models.card import Card, Form
from agecam.models.files import file_digest
from agecam.models.onnx_graph import NONE, OnnxGraph, Padding, largest_difference, same_padding
from agecam.runtime.files import write_whole
from training import command
from training.files import write_json

PROBES = 8
"""Number of random pictures on which both forms are compared."""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--weights", default="compact", help="name of a model, or path of its card or weights")
    card, network = load_model(parser.parse_args().weights)
    form = write_onnx(network, card.path)
    write_json(card.path, replace(card, forms=[form]).as_dict(), indent=2)
    print(form_summary(card, form))


def write_onnx(network: keras.Model, card_path: Path) -> Form:
    """Write the ONNX file next to a card and compare it with the Keras network.

    Returns:
        The entry for the card.

    Raises:
        UsageError: a layer is not supported.
        OutputError: the file cannot be written.
    """
    path = card_path.with_suffix(".onnx")
    write_whole(path, as_onnx(network))
    pictures, expected = probe(network, network.input_shape[1])
    difference = largest_difference(expected, OpenVinoRunner(path)(pictures))
    return Form(path.name, file_digest(path), largest_difference=float(f"{difference:.1e}"))


def form_summary(card: Card, form: Form) -> str:
    """One line for the terminal."""
    path = card.path.with_name(form.file)
    size = path.stat().st_size / 2**20
    return f"{path}: {size:.1f} MiB, differs from the Keras network by {form.largest_difference} of the largest logit"


def as_onnx(network: keras.Model) -> bytes:
    """The ONNX file of a functional network with one input and one output.

    Raises:
        UsageError: a layer is not supported.
    """
    height_px, width_px = network.input_shape[1:3]
    graph = OnnxGraph(network.name, height_px, width_px)
    names = {id(network.input): graph.pixels}
    for layer in network.layers:
        if isinstance(layer, layers.InputLayer):
            continue
        write = next((write for kind, write in _WRITERS.items() if type(layer) is kind), None)
        if write is None:
            raise UsageError(
                f"The layer {layer.name} ({type(layer).__name__}) cannot be exported to ONNX: add support in "
                "training/compact/onnx_export.py."
            )
        inputs = [names[id(tensor)] for tensor in keras.tree.flatten(layer.input)]
        names[id(layer.output)] = write(graph, layer, *inputs)
    output = names[id(network.output)]
    shape = ["N", *(side or f"side {number}" for number, side in enumerate(network.output_shape[1:]))]
    if len(shape) == 4:
        output = graph.node("Transpose", output, perm=[0, 2, 3, 1])
    return graph.as_bytes(output, shape)


def probe(network: keras.Model, side_px: int) -> tuple[Any, Any]:
    """Random pictures, and the output of the Keras network for them."""
    pictures = np.random.default_rng(0).uniform(0, 255, (PROBES, side_px, side_px, 3)).astype(np.float32)
    return pictures, np.asarray(network(pictures, training=False))


def _convolution(graph: OnnxGraph, layer: layers.Conv2D, x: str) -> str:
    kernel, *bias = layer.get_weights()
    padding = _padding(layer, layer.kernel_size)
    x = graph.convolution(x, kernel, bias[0] if bias else None, padding, layer.strides)
    return _activated(graph, layer, x)


def _dense(graph: OnnxGraph, layer: layers.Dense, x: str) -> str:
    return _activated(graph, layer, graph.dense(x, *layer.get_weights()))


def _activated(graph: OnnxGraph, layer: Any, x: str) -> str:
    if layer.activation is keras.activations.linear:
        return x
    if layer.activation is keras.activations.relu:
        return graph.node("Relu", x)
    raise UsageError(
        f"The activation of {layer.name} cannot be exported to ONNX: add support in training/compact/onnx_export.py."
    )


def _normalisation(graph: OnnxGraph, layer: layers.BatchNormalization, x: str) -> str:
    weights = [graph.numbers(of) for of in layer.get_weights()]
    return graph.node("BatchNormalization", x, *weights, epsilon=float(layer.epsilon))


def _prelu(graph: OnnxGraph, layer: layers.PReLU, x: str) -> str:
    (slope,) = layer.get_weights()
    return graph.node("PRelu", x, graph.numbers(slope.reshape(-1, 1, 1) if slope.ndim == 3 else slope))


def _pooling(operator: str) -> Callable[..., str]:
    def write(graph: OnnxGraph, layer: Any, x: str) -> str:
        return graph.pool(x, operator, layer.pool_size, layer.strides, _padding(layer, layer.pool_size))

    return write


def _padding(layer: Any, sides: tuple[int, int]) -> Padding:
    return same_padding(layer.input.shape[1:3], sides, layer.strides) if layer.padding == "same" else NONE


_WRITERS: dict[type, Callable[..., str]] = {
    layers.Rescaling: lambda graph, layer, x: graph.scale(x, layer.scale, layer.offset),
    layers.Conv2D: _convolution,
    layers.BatchNormalization: _normalisation,
    layers.ReLU: lambda graph, layer, x: graph.node("Relu", x),
    layers.PReLU: _prelu,
    layers.Add: lambda graph, layer, *x: graph.node("Add", *x),
    layers.Multiply: lambda graph, layer, *x: graph.node("Mul", *x),
    layers.Concatenate: lambda graph, layer, *x: graph.node("Concat", *x, axis=1),
    layers.MaxPooling2D: _pooling("MaxPool"),
    layers.AveragePooling2D: _pooling("AveragePool"),
    layers.GlobalAveragePooling2D: lambda graph, layer, x: graph.node("Flatten", graph.node("GlobalAveragePool", x)),
    layers.Flatten: lambda graph, layer, x: graph.flatten(x),
    layers.Dropout: lambda graph, layer, x: x,
    layers.Dense: _dense,
}


if __name__ == "__main__":
    command(main)
