"""The shipped network: small enough to run live on an ordinary processor."""

from typing import Any

import keras
from keras import layers

from agecam.types import OUTPUTS


def compact(
    size_px: int = 80,
    stem: int = 32,
    stages: tuple[tuple[int, int], ...] = ((32, 1), (96, 2), (160, 2), (256, 1)),
    dropout: float = 0.2,
    grid_features: int = 0,
) -> keras.Model:
    """A small residual network (He et al. 2016), with one backbone for both tasks.

    Args:
        size_px: side of the input, at most 112.
        stem: channels of the first convolution, which halves the resolution.
        stages: (channels, residual blocks) of each stage; each halves the resolution again.
        dropout: share of the pooled features dropped in training.
        grid_features: if 0, the last feature maps are averaged; otherwise they are flattened, because eyes and mouth of
            an aligned face are always in the same place, and reduced to this many features.
    """
    inputs = keras.Input((size_px, size_px, 3), name="faces_rgb")
    x = layers.Rescaling(1 / 64, offset=-2.0, name="scale")(inputs)
    x = layers.ReLU()(conv_bn(x, stem, stride=2))
    for channels, blocks in stages:
        for block in range(blocks):
            x = residual(x, channels, stride=2 if block == 0 else 1)
    return keras.Model(inputs, face_logits(x, dropout, grid_features), name="compact")


def face_logits(x: Any, dropout: float, grid_features: int = 0) -> Any:
    """Feature maps -> `(N, 103)` logits."""
    if grid_features:
        x = layers.Dense(grid_features, activation="relu")(layers.Flatten()(x))
    else:
        x = layers.GlobalAveragePooling2D()(x)
    x = layers.Dropout(dropout)(x)
    return layers.Dense(OUTPUTS, dtype="float32", name="logits")(x)


def conv_bn(x: Any, channels: int, kernel: int = 3, stride: int = 1) -> Any:
    """A convolution without bias, then batch normalisation."""
    x = layers.Conv2D(channels, kernel, stride, padding="same", use_bias=False, kernel_initializer="he_normal")(x)
    return layers.BatchNormalization(momentum=0.95, epsilon=1e-3)(x)


def residual(x: Any, channels: int, stride: int) -> Any:
    """A residual block of two convolutions (He et al. 2016)."""
    shortcut = x
    if stride > 1:
        # Averaging before the 1 x 1 convolution keeps what a strided one would discard (He et al. 2019).
        shortcut = layers.AveragePooling2D(stride, padding="same")(shortcut)
    if shortcut.shape[-1] != channels:
        shortcut = conv_bn(shortcut, channels, kernel=1)
    y = layers.ReLU()(conv_bn(x, channels, stride=stride))
    return layers.ReLU()(layers.Add()([conv_bn(y, channels), shortcut]))
