"""The only definitions of the age and gender networks. Pure Keras 3: no backend is named here.

Every network takes `(N, size, size, 3) float`, RGB, 0 to 255, and scales inside itself; it gives
`(N, 103)` logits: the 101 ages from 0 to 100, then female and male.
"""

from collections.abc import Callable
from typing import Any

import keras

from agecam.errors import WeightsError
from agecam.networks.compact import compact
from agecam.networks.vgg_face import vgg_face
from agecam.types import OUTPUTS

__all__ = ["NETWORKS", "OUTPUTS", "build_network", "compact", "vgg_face"]


def build_network(name: str, size_px: int, **arguments: Any) -> keras.Model:
    """The network a card names, not trained.

    Raises:
        WeightsError: no network has this name.
    """
    if name not in NETWORKS:
        raise WeightsError(
            "No network is called '{name}': there are {names}.", name=name, names=", ".join(sorted(NETWORKS))
        )
    return NETWORKS[name](size_px, **arguments)


NETWORKS: dict[str, Callable[..., keras.Model]] = {"compact": compact, "vgg_face": vgg_face}
