"""The compact network's teacher: the same task, ten times the size. It is not shipped."""

from typing import Any

import keras
from keras import layers

from agecam.models.networks.compact import face_logits


def large(
    size_px: int = 112,
    stem: int = 64,
    stages: tuple[tuple[int, int], ...] = ((64, 3), (128, 4), (256, 6), (512, 3)),
    dropout: float = 0.3,
    skipped: float = 0.15,
) -> keras.Model:
    """ResNet-34 (He et al. 2016) with squeeze-and-excitation (Hu et al. 2018), without the first pooling.

    Args:
        size_px: side of the input.
        stem: channels of the first convolution, which halves the resolution.
        stages: (channels, residual blocks) of each stage; each halves the resolution again.
        dropout: share of the pooled features dropped in training.
        skipped: how often the last residual block is skipped in training, the ones before it less often (stochastic
            depth, Huang et al. 2016).
    """
    inputs = keras.Input((size_px, size_px, 3), name="faces_rgb")
    x = layers.Rescaling(1 / 64, offset=-2.0, name="scale")(inputs)
    x = layers.ReLU()(_conv_bn(x, stem, stride=2))
    total = sum(blocks for _, blocks in stages)
    done = 0
    for channels, blocks in stages:
        for block in range(blocks):
            x = _residual(x, channels, 2 if block == 0 else 1, skipped * done / total)
            done += 1
    return keras.Model(inputs, face_logits(x, dropout), name="large")


def _residual(x: Any, channels: int, stride: int, skipped: float) -> Any:
    shortcut = x
    if stride > 1:
        shortcut = layers.AveragePooling2D(stride, padding="same")(shortcut)
    if shortcut.shape[-1] != channels:
        shortcut = _conv_bn(shortcut, channels, kernel=1)
    y = _conv_bn(layers.ReLU()(_conv_bn(x, channels, stride=stride)), channels)
    y = _reweighted(y, channels)
    if skipped:
        y = layers.Dropout(skipped, noise_shape=(None, 1, 1, 1))(y)
    return layers.ReLU()(layers.Add()([shortcut, y]))


def _reweighted(x: Any, channels: int) -> Any:
    """Squeeze-and-excitation: each channel weighted by what the means of all say."""
    weights = layers.Dense(channels // 8, activation="relu")(layers.GlobalAveragePooling2D()(x))
    weights = layers.Dense(channels, activation="sigmoid")(weights)
    return layers.Multiply()([x, layers.Reshape((1, 1, channels))(weights)])


def _conv_bn(x: Any, channels: int, kernel: int = 3, stride: int = 1) -> Any:
    """A convolution without bias, padded alike on both sides, then batch normalisation."""
    if kernel > 1:
        x = layers.ZeroPadding2D(kernel // 2)(x)
    x = layers.Conv2D(channels, kernel, stride, use_bias=False, kernel_initializer="he_normal")(x)
    return layers.BatchNormalization(momentum=0.95, epsilon=1e-3)(x)
