"""The networks have the structure that cards and training rely on."""

import inspect

import keras
import numpy as np
import pytest
from models import TINY_ARGUMENTS, TINY_SIZE_PX, is_one_sentence

from agecam.errors import WeightsError
from agecam.models.card import NETWORK_NAMES
from agecam.models.networks import NETWORKS, OUTPUTS, build_network
from agecam.types import FloatArray


def outputs(network: keras.Model, faces: FloatArray) -> FloatArray:
    return np.asarray(network(faces, training=False))


TINY = {"compact": (TINY_SIZE_PX, TINY_ARGUMENTS), "vgg_face": (32, {"channels": 2, "features": 8})}


@pytest.mark.parametrize("name", sorted(NETWORKS))
def test_every_network_has_103_outputs(name: str) -> None:
    size_px, arguments = TINY[name]
    network = build_network(name, size_px, **arguments)
    assert network.input_shape == (None, size_px, size_px, 3)
    assert network.output_shape == (None, OUTPUTS)
    assert OUTPUTS == 103


def test_cards_can_name_every_network() -> None:
    assert set(NETWORK_NAMES) == set(NETWORKS)


def test_the_shipped_network_is_small() -> None:
    size_px = inspect.signature(NETWORKS["compact"]).parameters["size_px"].default
    assert size_px <= 112
    assert build_network("compact", size_px).count_params() <= 5_000_000


def test_the_seed_determines_the_weights() -> None:
    faces = np.random.default_rng(0).uniform(0, 255, (2, TINY_SIZE_PX, TINY_SIZE_PX, 3)).astype(np.float32)

    def of_seed(seed: int) -> FloatArray:
        keras.utils.set_random_seed(seed)
        return outputs(build_network("compact", TINY_SIZE_PX, **TINY_ARGUMENTS), faces)

    assert np.array_equal(of_seed(3), of_seed(3))
    assert np.abs(of_seed(3) - of_seed(4)).max() > 1e-3


def test_the_network_scales_its_pixels_itself() -> None:
    network = build_network("compact", TINY_SIZE_PX, **TINY_ARGUMENTS)
    scaled = keras.Model(network.input, network.get_layer("scale").output)
    ends = np.array([0, 255], np.float32).reshape(2, 1, 1, 1) * np.ones((1, TINY_SIZE_PX, TINY_SIZE_PX, 3), np.float32)
    low, high = outputs(scaled, ends)
    assert (low.min(), high.max()) == (pytest.approx(-2), pytest.approx(2, abs=0.02))


def test_an_unknown_network_is_reported_in_one_sentence() -> None:
    with pytest.raises(WeightsError) as failure:
        build_network("huge", 96)
    assert is_one_sentence(str(failure.value))
    assert "huge" in str(failure.value)
    assert "compact" in str(failure.value)
