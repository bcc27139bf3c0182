"""VGG-Face (Parkhi, Vedaldi and Zisserman 2015), and the age and gender networks based on it.

Weights files are read by the order of the convolutions (`agecam.models.install`), so it must not change.
"""

from collections.abc import Sequence
from typing import Any

import keras
from keras import layers, ops

from agecam.models.vgg_face import BACKBONE, CHANNEL_MULTIPLES, SIZE_PX, TASKS


def vgg_face(
    size_px: int = SIZE_PX,
    channels: int = 64,
    features: int = 4096,
    shared: bool = True,
    mean_rgb: Sequence[float] | None = None,
) -> keras.Model:
    """The age and gender network.

    Its weights are zero, because they are loaded from files and 254 million random numbers would take time.

    Args:
        size_px: side of the input, a multiple of 32.
        channels: of the first block.
        features: of the fully connected layers.
        shared: whether both heads use one backbone; otherwise each has its own, for weights whose backbones differ.
        mean_rgb: subtracted from the pixels, which then keep their scale; None to scale them to 0 to 1. It cannot be
            part of the first bias, as the convolutions pad with zeros after it is subtracted.
    """
    faces = keras.Input((size_px, size_px, 3), name="faces_rgb")
    if mean_rgb is None:
        scaled = layers.Rescaling(1 / 255, name="scale")(faces)
    else:
        scaled = layers.Rescaling(1.0, offset=[-mean for mean in mean_rgb], name="scale")(faces)
    logits, feature_maps = [], None
    for task, classes in TASKS.items():
        if feature_maps is None or not shared:
            feature_maps = backbone(scaled, channels, "" if shared else f"{task}_", "zeros")
        logits.append(head(feature_maps, classes, features, f"{task}_", "zeros"))
    return keras.Model(faces, layers.Concatenate(name="logits", dtype="float32")(logits), name="vgg_face")


def task_network(
    classes: int, size_px: int = SIZE_PX, channels: int = 64, features: int = 4096, initializer: str = "he_normal"
) -> keras.Model:
    """The network for one task, `(N, size, size, 3)` RGB, 0 to 255 -> `(N, classes)` logits.

    Used for training, with all but the last three convolutions frozen, and the structure of the published files. With
    2622 classes it is VGG-Face.
    """
    faces = keras.Input((size_px, size_px, 3), name="faces_rgb")
    feature_maps = backbone(layers.Rescaling(1 / 255, name="scale")(faces), channels, "", initializer)
    network = keras.Model(faces, head(feature_maps, classes, features, "", initializer), name="vgg_face_task")
    for layer in convolutions(network)[: len(BACKBONE)]:
        layer.trainable = False
    return network


def convolutions(network: keras.Model) -> list[keras.layers.Conv2D]:
    """Convolutions of a network, in the order of the weights files."""
    return [layer for layer in network.layers if isinstance(layer, keras.layers.Conv2D)]


def backbone(scaled: Any, channels: int, prefix: str, initializer: str) -> Any:
    """`(N, size, size, 3)`, 0 to 1 -> `(N, size / 32, size / 32, 8 * channels)`."""
    x = scaled
    for block, layer in BACKBONE:
        if layer == 1 and block > 1:
            x = layers.MaxPooling2D(2)(x)
        x = layers.Conv2D(
            channels * CHANNEL_MULTIPLES[block - 1],
            3,
            padding="same",
            activation="relu",
            kernel_initializer=initializer,
            name=f"{prefix}conv{block}_{layer}",
        )(x)
    return layers.MaxPooling2D(2, name=f"{prefix}pool5")(x)


def head(feature_maps: Any, classes: int, features: int, prefix: str, initializer: str) -> Any:
    """Output of the backbone -> `(N, classes)` logits."""
    side = feature_maps.shape[1]
    x = _Whole(features, side, activation="relu", kernel_initializer=initializer, name=f"{prefix}fc6")(feature_maps)
    x = layers.Dropout(0.5)(x)
    x = _Whole(features, 1, activation="relu", kernel_initializer=initializer, name=f"{prefix}fc7")(x)
    x = layers.Dropout(0.5)(x)
    # Half precision is too coarse for logits.
    x = _Whole(classes, 1, kernel_initializer="glorot_uniform", dtype="float32", name=f"{prefix}predictions")(x)
    return layers.Flatten()(x)


@keras.saving.register_keras_serializable("agecam")
class _Whole(keras.layers.Conv2D):
    """A convolution whose kernel covers the whole map, computed as a matrix product.

    As a convolution, the processor would rearrange its hundred million weights for every frame. Weights files contain
    the name of this class.
    """

    def call(self, inputs: Any) -> Any:
        weights = ops.reshape(self.kernel, (-1, self.filters))
        product = ops.matmul(ops.reshape(inputs, (-1, weights.shape[0])), weights) + self.bias
        return ops.reshape(self.activation(product), (-1, 1, 1, self.filters))
