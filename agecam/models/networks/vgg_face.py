"""VGG-Face (Parkhi, Vedaldi and Zisserman 2015), and the age and gender networks that are made of it.

A layer's place among the convolutions is how weights files are read (`agecam.models.install`): their order stands.
"""

from typing import Any

import keras
from keras import layers, ops

from agecam.models.vgg_face import SIZE_PX, TASKS, TRUNK, WIDENINGS


def vgg_face(size_px: int = SIZE_PX, channels: int = 64, features: int = 4096, shared: bool = True) -> keras.Model:
    """Age and gender of a face.

    Its weights are zero: they are loaded from files, and random numbers for 254 million would take their time.

    Args:
        size_px: side of the input, a multiple of 32.
        channels: of the first block.
        features: of the fully connected layers.
        shared: one trunk for both heads; else each has its own, for weights whose trunks differ.
    """
    faces = keras.Input((size_px, size_px, 3), name="faces_rgb")
    scaled = layers.Rescaling(1 / 255, name="scale")(faces)
    logits, features_of = [], None
    for task, classes in TASKS.items():
        if features_of is None or not shared:
            features_of = trunk(scaled, channels, "" if shared else f"{task}_", "zeros")
        logits.append(head(features_of, classes, features, f"{task}_", "zeros"))
    return keras.Model(faces, layers.Concatenate(name="logits", dtype="float32")(logits), name="vgg_face")


def task_network(
    classes: int, size_px: int = SIZE_PX, channels: int = 64, features: int = 4096, initializer: str = "he_normal"
) -> keras.Model:
    """One network by itself, `(N, size, size, 3)` RGB, 0 to 255 -> `(N, classes)` logits: how it is trained, with all
    but its last three convolutions frozen, and how the published files have it. With 2622 classes, VGG-Face."""
    faces = keras.Input((size_px, size_px, 3), name="faces_rgb")
    features_of = trunk(layers.Rescaling(1 / 255, name="scale")(faces), channels, "", initializer)
    network = keras.Model(faces, head(features_of, classes, features, "", initializer), name="vgg_face_task")
    for layer in convolutions(network)[: len(TRUNK)]:
        layer.trainable = False
    return network


def convolutions(network: keras.Model) -> list[keras.layers.Conv2D]:
    """In the order of the weights files."""
    return [layer for layer in network.layers if isinstance(layer, keras.layers.Conv2D)]


def trunk(scaled: Any, channels: int, prefix: str, initializer: str) -> Any:
    """`(N, size, size, 3)`, 0 to 1 -> `(N, size / 32, size / 32, 8 * channels)`."""
    x = scaled
    for block, layer in TRUNK:
        if layer == 1 and block > 1:
            x = layers.MaxPooling2D(2)(x)
        x = layers.Conv2D(
            channels * WIDENINGS[block - 1],
            3,
            padding="same",
            activation="relu",
            kernel_initializer=initializer,
            name=f"{prefix}conv{block}_{layer}",
        )(x)
    return layers.MaxPooling2D(2, name=f"{prefix}pool5")(x)


def head(features_of: Any, classes: int, features: int, prefix: str, initializer: str) -> Any:
    """What the trunk gives -> `(N, classes)` logits."""
    side = features_of.shape[1]
    x = _Whole(features, side, activation="relu", kernel_initializer=initializer, name=f"{prefix}fc6")(features_of)
    x = layers.Dropout(0.5)(x)
    x = _Whole(features, 1, activation="relu", kernel_initializer=initializer, name=f"{prefix}fc7")(x)
    x = layers.Dropout(0.5)(x)
    # Logits to a few decimals need more than half precision.
    x = _Whole(classes, 1, kernel_initializer="glorot_uniform", dtype="float32", name=f"{prefix}predictions")(x)
    return layers.Flatten()(x)


@keras.saving.register_keras_serializable("agecam")
class _Whole(keras.layers.Conv2D):
    """A convolution whose kernel covers the whole map, computed as the matrix product that it is.

    The processor's convolution would lay its hundred million weights out anew in every frame.
    """

    def call(self, inputs: Any) -> Any:
        weights = ops.reshape(self.kernel, (-1, self.filters))
        product = ops.matmul(ops.reshape(inputs, (-1, weights.shape[0])), weights) + self.bias
        return ops.reshape(self.activation(product), (-1, 1, 1, self.filters))
