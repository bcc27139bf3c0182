"""P-Net, R-Net and O-Net of MTCNN (Zhang et al. 2016), as the `mtcnn` package trained them.

They take BGR of 0 to 255: the change to RGB and the scaling to -1..1 are folded into each network's first
convolution, so nothing is done to the pixels before.
"""

from functools import lru_cache
from typing import Any

import numpy as np
import tensorflow as tf
from mtcnn.network.onet import ONet
from mtcnn.network.pnet import PNet
from mtcnn.network.rnet import RNet
from mtcnn.utils.tensorflow import load_weights

from agecam.detection.pyramid import GREY

_Weights = dict[str, list[np.ndarray]]
_YXYX = [1, 0, 3, 2]  # the package's offsets are (x1, y1, x2, y2)


class Networks:
    """P-Net, R-Net and O-Net as plain graph functions over constants."""

    def __init__(self, pnet: _Weights, rnet: _Weights, onet: _Weights) -> None:
        self._pnet, self._rnet, self._onet = (_folded(weights) for weights in (pnet, rnet, onet))

    def pnet(self, x: tf.Tensor) -> tf.Tensor:
        """-> `(1, rows, columns, 5)`: four offsets and the logit of 'face'."""
        w = self._pnet
        x = tf.nn.max_pool2d(_conv(x, w, 1), 2, 2, "SAME")
        x = _conv(_conv(x, w, 2), w, 3)
        return tf.nn.conv2d(x, w["head"][0], 1, "VALID") + w["head"][1]

    def rnet(self, x: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        """`(N, 24, 24, 3)` -> four offsets, the logit of 'face'."""
        w = self._rnet
        x = tf.nn.max_pool2d(_conv(x, w, 1), 3, 2, "SAME")
        x = tf.nn.max_pool2d(_conv(x, w, 2), 3, 2, "VALID")
        x = _dense(_conv(x, w, 3), w, "fc4", "prelu4")
        y = x @ w["head"][0] + w["head"][1]
        return y[:, :4], y[:, 4]

    def onet(self, x: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor, tf.Tensor]:
        """`(N, 48, 48, 3)` -> four offsets, five x and five y, the logit of 'face'."""
        w = self._onet
        x = tf.nn.max_pool2d(_conv(x, w, 1), 3, 2, "SAME")
        x = tf.nn.max_pool2d(_conv(x, w, 2), 3, 2, "VALID")
        x = tf.nn.max_pool2d(_conv(x, w, 3), 2, 2, "SAME")
        x = _dense(_conv(x, w, 4), w, "fc5", "prelu5")
        y = x @ w["head"][0] + w["head"][1]
        return y[:, :4], y[:, 5:], y[:, 4]


@lru_cache(maxsize=1)
def folded_networks() -> Networks:
    """From the package's files, once."""
    return Networks(*(_read(network(), name) for network, name in ((PNet, "pnet"), (RNet, "rnet"), (ONet, "onet"))))


def _conv(x: tf.Tensor, weights: _Weights, number: int) -> tf.Tensor:
    kernel, bias = weights[f"conv{number}"]
    return _prelu(tf.nn.conv2d(x, kernel, 1, "VALID") + bias, weights[f"prelu{number}"][0])


def _dense(x: tf.Tensor, weights: _Weights, name: str, activation: str) -> tf.Tensor:
    kernel, bias = weights[name]
    flat = tf.reshape(tf.transpose(x, (0, 2, 1, 3)), (-1, kernel.shape[0]))
    return _prelu(flat @ kernel + bias, weights[activation][0])


def _prelu(x: tf.Tensor, slope: np.ndarray) -> tf.Tensor:
    # In the one form that OpenVINO makes part of the convolution before it.
    return tf.nn.relu(x) - slope * tf.nn.relu(-x)


def _folded(weights: _Weights) -> _Weights:
    """Take BGR of 0 to 255 at the first convolution, and join the outputs into one head.

    For x in RGB and u = (x - 127.5) / 128: k*u + b = (k/128)*x + (b - 127.5/128 * sum(k)), exact because
    the convolutions do not pad. The two-class softmax is the sigmoid of the difference of its logits.
    """
    folded = dict(weights)
    kernel, bias = weights["conv1"]
    folded["conv1"] = [kernel[:, :, ::-1] / 128, bias - GREY / 128 * kernel.sum((0, 1, 2))]
    heads = [weights[name] for name in weights if name.startswith(("conv4-", "fc5-", "fc6-"))]
    offsets, *landmarks, classes = heads
    parts = [
        [part[..., _YXYX] for part in offsets],
        [part[..., 1:] - part[..., :1] for part in classes],
        *landmarks,
    ]
    folded["head"] = [np.concatenate(column, axis=-1) for column in zip(*parts, strict=True)]
    return folded


def _read(network: Any, name: str) -> _Weights:
    network.build()
    network.set_weights(load_weights(f"{name}.lz4"))
    return {
        layer.name: [w.reshape(w.shape[-1]) if "prelu" in layer.name else w for w in layer.get_weights()]
        for layer in network.layers
        if layer.get_weights()
    }
