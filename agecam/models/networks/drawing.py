"""The network that tells drawn faces from photographed ones."""

import keras
from keras import layers

from agecam.models.networks.compact import compact

STAGES = ((32, 1), (96, 2))
"""The first of the compact network's stages: they see texture, which drawings lack."""


def drawing(size_px: int = 96) -> keras.Model:
    """`(N, size_px, size_px, 3)` RGB, 0 to 255 -> `(N, 1)` log odds that a face is drawn.

    A logistic regression on the means and the mean squares of the compact network's first feature maps.
    """
    backbone = compact(size_px, stages=STAGES)
    maps = [layer.output for layer in backbone.layers if isinstance(layer, layers.ReLU)]
    features = []
    for of in maps:
        features += [layers.GlobalAveragePooling2D()(of), layers.GlobalAveragePooling2D()(layers.Multiply()([of, of]))]
    logit = layers.Dense(1, dtype="float32", name="logit")(layers.Concatenate(name="features")(features))
    return keras.Model(backbone.input, logit, name="drawing")
