"""Convert the three networks of the `mtcnn` package to Keras weights and ONNX files in `assets/models/mtcnn/`.

    python -m training.compact.export_detector

The conversion to RGB and the scaling of the pixels are folded into the first convolutions, and the outputs are joined
into one head, as in `agecam.models.networks.mtcnn`. Takes a few seconds. Expected: the Keras and ONNX networks agree to
1e-5 of the largest output, and `python -m training.evaluation.detection` gives the results listed there.
"""

import argparse
import importlib.metadata
from pathlib import Path
from typing import Any

import keras
import numpy as np
from mtcnn.network.onet import ONet
from mtcnn.network.pnet import PNet
from mtcnn.network.rnet import RNet
from mtcnn.utils.tensorflow import load_weights

from agecam.backends.openvino import OpenVinoRunner
from agecam.models.card import WEIGHTS_SUFFIX
from agecam.models.files import file_digest
from agecam.models.networks import DETECTOR_NETWORKS
from agecam.models.onnx_graph import largest_difference
from agecam.models.store import DETECTOR
from agecam.runtime.files import write_whole
from training import command
from training.compact.onnx_export import as_onnx, probe
from training.files import write_json

_GREY, _CONTRAST = 127.5, 128
"""The package's networks take (pixel - 127.5) / 128."""
_YXYX = [1, 0, 3, 2]
"""The package's offsets are (x1, y1, x2, y2)."""
_NETWORKS = {"pnet": (PNet, None), "rnet": (RNet, 24), "onet": (ONet, 48)}
"""The networks and the side of their input in pixels; P-Net takes any size."""

_Weights = list[np.ndarray]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=Path, default=Path("assets/models") / DETECTOR)
    out = parser.parse_args().out
    out.mkdir(parents=True, exist_ok=True)
    networks: dict[str, Any] = {}
    version = importlib.metadata.version("mtcnn")
    for name, (package_network, size_px) in _NETWORKS.items():
        network = folded(name, package_network())
        weights, onnx = out / f"{name}{WEIGHTS_SUFFIX}", out / f"{name}.onnx"
        network.save_weights(weights)
        write_whole(onnx, as_onnx(network))
        pictures, expected = probe(network, size_px or 64)
        difference = largest_difference(expected, np.stack([OpenVinoRunner(onnx)(of[None])[0] for of in pictures]))
        networks[name] = {
            "size_px": size_px,
            "sha256": file_digest(weights),
            "onnx_sha256": file_digest(onnx),
            "largest_difference": float(f"{difference:.1e}"),
        }
        print(f"{onnx}: {onnx.stat().st_size / 1e3:.0f} kB, differs by {difference:.1e} of the largest output")
    write_json(
        out / f"{DETECTOR}.json",
        {
            "made_from": f"the mtcnn package {version}, by training.compact.export_detector",
            "licence": "MIT, Copyright (c) 2019-2024 Iván de Paz Centeno: see LICENSE beside this file",
            "networks": networks,
        },
        indent=2,
    )


def folded(name: str, package_network: Any) -> keras.Model:
    """One of AgeCam's networks with the weights of the package's network.

    For x in RGB and u = (x - 127.5) / 128: k*u + b = (k/128)*x + (b - 127.5/128 * sum(k)). This is exact because the
    convolutions do not pad. The two-class softmax equals the sigmoid of the difference of its logits.
    """
    package_network.build()
    package_network.set_weights(load_weights(f"{name}.lz4"))
    source: dict[str, _Weights] = {of.name: of.get_weights() for of in package_network.layers if of.get_weights()}
    network = DETECTOR_NETWORKS[name]()
    for layer in network.layers:
        if not layer.weights:
            continue
        weights = _head(source) if layer.name == "head" else source[layer.name]
        if layer.name == "conv1":
            kernel, bias = weights
            weights = [kernel[:, :, ::-1] / _CONTRAST, bias - _GREY / _CONTRAST * kernel.sum((0, 1, 2))]
        elif layer.name.startswith("fc"):
            weights = [_rows_and_columns(weights[0], network.get_layer("flatten").input.shape), weights[1]]
        layer.set_weights([of.reshape(own.shape) for of, own in zip(weights, layer.weights, strict=True)])
    return network


def _head(source: dict[str, _Weights]) -> _Weights:
    """The package's outputs, concatenated: offsets, the logit of 'face', landmarks."""
    heads = [source[name] for name in source if name.startswith(("conv4-", "fc5-", "fc6-"))]
    offsets, *landmarks, classes = heads
    parts = [
        [part[..., _YXYX] for part in offsets],
        [part[..., 1:] - part[..., :1] for part in classes],
        *landmarks,
    ]
    return [np.concatenate(column, axis=-1) for column in zip(*parts, strict=True)]


def _rows_and_columns(kernel: np.ndarray, shape: tuple[int, ...]) -> np.ndarray:
    """Reorder the rows of a dense kernel: the package flattens columns before rows."""
    _, height, width, channels = shape
    return kernel.reshape(width, height, channels, -1).swapaxes(0, 1).reshape(kernel.shape)


if __name__ == "__main__":
    command(main)
