"""P-Net, R-Net and O-Net of MTCNN (Zhang et al. 2016), as they run here.

They take BGR, 0 to 255: the conversion to RGB and the scaling to -1..1 are folded into each network's first
convolution, and all outputs are joined in one head, so pixels need no preprocessing and one array is returned. The
weights are those of the `mtcnn` package, folded by `training.compact.export_detector`.

Boxes are offsets of (top, left, bottom, right), relative to the side of the box.
"""

from typing import Any

import keras
from keras import layers


def pnet(size_px: int | None = None) -> keras.Model:
    """`(1, H, W, 3)` -> `(1, rows, columns, 5)`: four offsets and the 'face' logit, for every second pixel."""
    pixels = keras.Input((size_px, size_px, 3), name="pixels_bgr")
    x = layers.MaxPooling2D(2, 2, "same")(_conv(pixels, 10, 1))
    x = _conv(_conv(x, 16, 2), 32, 3)
    return keras.Model(pixels, layers.Conv2D(5, 1, name="head")(x), name="pnet")


def rnet(size_px: int = 24) -> keras.Model:
    """`(N, 24, 24, 3)` -> `(N, 5)`: four offsets and the 'face' logit."""
    pixels = keras.Input((size_px, size_px, 3), name="pixels_bgr")
    x = layers.MaxPooling2D(3, 2, "same")(_conv(pixels, 28, 1))
    x = layers.MaxPooling2D(3, 2)(_conv(x, 48, 2))
    x = _dense(_conv(x, 64, 3, kernel=2), 128, 4)
    return keras.Model(pixels, layers.Dense(5, name="head")(x), name="rnet")


def onet(size_px: int = 48) -> keras.Model:
    """`(N, 48, 48, 3)` -> `(N, 15)`: four offsets, the 'face' logit, five x and five y of the landmarks."""
    pixels = keras.Input((size_px, size_px, 3), name="pixels_bgr")
    x = layers.MaxPooling2D(3, 2, "same")(_conv(pixels, 32, 1))
    x = layers.MaxPooling2D(3, 2)(_conv(x, 64, 2))
    x = layers.MaxPooling2D(2, 2, "same")(_conv(x, 64, 3))
    x = _dense(_conv(x, 128, 4, kernel=2), 256, 5)
    return keras.Model(pixels, layers.Dense(15, name="head")(x), name="onet")


def _conv(x: Any, channels: int, number: int, kernel: int = 3) -> Any:
    x = layers.Conv2D(channels, kernel, name=f"conv{number}")(x)
    return layers.PReLU(shared_axes=[1, 2], name=f"prelu{number}")(x)


def _dense(x: Any, features: int, number: int) -> Any:
    x = layers.Dense(features, name=f"fc{number}")(layers.Flatten(name="flatten")(x))
    return layers.PReLU(name=f"prelu{number}")(x)
