"""Trunks that were weighed against the shipped one, at about equal cost: see the table in training/README.md.

    python -m training.train --network patches --crops ... --out runs/patches

Same contract as `agecam.models.networks`: `(N, size, size, 3)` RGB, 0 to 255 -> `(N, 103)` logits.
"""

from collections.abc import Callable
from typing import Any

import keras
from keras import layers

from agecam.models.networks.compact import compact, conv_bn, face_logits, residual

Stages = tuple[tuple[int, int], ...]


def inverted(
    size_px: int, stem: int = 32, stages: Stages = ((32, 2), (64, 3), (128, 4), (192, 2)), expansion: int = 4
) -> keras.Model:
    """Inverted residuals with depthwise convolutions (Sandler et al. 2018)."""
    inputs = keras.Input((size_px, size_px, 3), name="faces_rgb")
    x = layers.Rescaling(1 / 64, offset=-2.0)(inputs)
    x = layers.ReLU()(conv_bn(x, stem, stride=2))
    for channels, blocks in stages:
        for block in range(blocks):
            x = _inverted_residual(x, channels, 2 if block == 0 else 1, expansion)
    x = layers.ReLU()(conv_bn(x, 2 * stages[-1][0], kernel=1))
    return keras.Model(inputs, face_logits(x, dropout=0.2), name="inverted")


def _inverted_residual(x: Any, channels: int, stride: int, expansion: int) -> Any:
    y = layers.ReLU()(conv_bn(x, expansion * x.shape[-1], kernel=1))
    y = layers.DepthwiseConv2D(3, stride, padding="same", use_bias=False)(y)
    y = layers.ReLU()(layers.BatchNormalization(momentum=0.95)(y))
    y = conv_bn(y, channels, kernel=1)
    return layers.Add()([x, y]) if stride == 1 and x.shape[-1] == channels else y


def patches(
    size_px: int, stem: int = 64, stages: Stages = ((64, 1), (96, 2), (192, 2)), grid_features: int = 0
) -> keras.Model:
    """The picture is read in squares of 4 x 4 px at once, and what that saves goes into width (Liu et al. 2022)."""
    inputs = keras.Input((size_px, size_px, 3), name="faces_rgb")
    x = layers.Rescaling(1 / 64, offset=-2.0)(inputs)
    x = layers.ReLU()(conv_bn(x, stem, kernel=4, stride=4))
    for stage, (channels, blocks) in enumerate(stages):
        for block in range(blocks):
            x = residual(x, channels, stride=2 if block == 0 and stage > 0 else 1)
    return keras.Model(inputs, face_logits(x, 0.2, grid_features), name="patches")


TRUNKS: dict[str, Callable[..., keras.Model]] = {"compact": compact, "inverted": inverted, "patches": patches}
