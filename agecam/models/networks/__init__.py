"""The only definitions of the networks, in pure Keras 3: no backend is named here.

The age and gender networks take `(N, size, size, 3) float`, RGB, 0 to 255, and scale the pixels themselves; they return
`(N, 103)` logits: the 101 ages from 0 to 100, then female and male. The networks of the detector take BGR.
"""

from collections.abc import Callable
from typing import Any

import keras

from agecam.errors import WeightsError
from agecam.models.networks.compact import compact
from agecam.models.networks.drawing import drawing
from agecam.models.networks.mtcnn import onet, pnet, rnet
from agecam.models.networks.vgg_face import vgg_face
from agecam.types import OUTPUTS

__all__ = ["NETWORKS", "OUTPUTS", "build_network", "compact", "vgg_face"]


def build_network(name: str, size_px: int | None, **arguments: Any) -> keras.Model:
    """Build an untrained network: one that a card can name, or one of the detector's.

    Raises:
        WeightsError: no network has this name.
    """
    definition = NETWORKS.get(name) or DETECTOR_NETWORKS.get(name)
    if definition is None:
        raise WeightsError(
            "There is no network called '{name}': choose one of {names}.", name=name, names=", ".join(sorted(NETWORKS))
        )
    return definition(size_px, **arguments)


NETWORKS: dict[str, Callable[..., keras.Model]] = {"compact": compact, "vgg_face": vgg_face}
DETECTOR_NETWORKS: dict[str, Callable[..., keras.Model]] = {
    "pnet": pnet,
    "rnet": rnet,
    "onet": onet,
    "drawing": drawing,
}
