"""Go on with a deeper network where a shallower one ended."""

import keras
import numpy as np

from agecam.errors import UsageError


def begin_with(network: keras.Model, start: keras.Model) -> None:
    """Give `network` the weights of `start`, which is the same or has fewer residual blocks in some stages.

    The blocks that `start` lacks begin as nothing: the scale of their last normalisation is 0, so that their input goes
    past them unchanged (Goyal et al. 2017) and both networks say the same of every picture (Chen et al. 2016).

    Raises:
        UsageError: they differ in more than that.
    """
    ours, theirs = _by_width(network), _by_width(start)
    if ours.keys() != theirs.keys():
        raise UsageError(f"The network to begin with has stages of {_widths(theirs)} channels, not {_widths(ours)}.")
    for width, layers in ours.items():
        known = theirs[width]
        new = layers[len(known) :]
        same = all(
            [weight.shape for weight in layer.weights] == [weight.shape for weight in old.weights]
            for layer, old in zip(layers, known, strict=False)
        )
        if len(known) > len(layers) or len(new) % 4 or not same:
            raise UsageError(f"The network to begin with has other layers of {width} channels.")
        for layer, old in zip(layers, known, strict=False):
            layer.set_weights(old.get_weights())
        for last in new[3::4]:  # convolution, normalisation, convolution, normalisation
            for factor in (last.gamma, last.beta):
                factor.assign(np.zeros(factor.shape, np.float32))


def _by_width(network: keras.Model) -> dict[int, list[keras.Layer]]:
    """Layers that have weights, from first to last, by the channels they give; those of a stage all give the same."""
    layers: dict[int, list[keras.Layer]] = {}
    for layer in network.layers:
        if layer.weights:
            layers.setdefault(int(layer.output.shape[-1]), []).append(layer)
    return layers


def _widths(layers: dict[int, list[keras.Layer]]) -> str:
    return ", ".join(str(width) for width in layers)
