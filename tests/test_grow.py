"""A deeper network goes on where a shallower one ended."""

import keras
import numpy as np
import pytest

from agecam.errors import UsageError
from agecam.models.networks import compact
from training.grow import begin_with

SHALLOW, DEEP = ((8, 1), (16, 2)), ((8, 2), (16, 4))


def network(stages: tuple[tuple[int, int], ...], seed: int) -> keras.Model:
    """With weights and running means that differ from layer to layer."""
    keras.utils.set_random_seed(seed)
    made = compact(32, stem=8, stages=stages)
    random = np.random.default_rng(seed)
    made.set_weights([weight + random.uniform(0.0, 0.05, weight.shape) for weight in made.get_weights()])
    return made


def test_a_deeper_network_begins_by_saying_the_same() -> None:
    start, deeper = network(SHALLOW, 1), network(DEEP, 2)
    faces = np.random.default_rng(3).uniform(0, 255, (4, 32, 32, 3)).astype(np.float32)
    said = start.predict(faces, verbose=0)
    assert np.abs(deeper.predict(faces, verbose=0) - said).max() > 0.1
    begin_with(deeper, start)
    np.testing.assert_allclose(deeper.predict(faces, verbose=0), said, rtol=1e-5, atol=1e-5)


def test_the_new_blocks_learn() -> None:
    start, deeper = network(SHALLOW, 1), network(DEEP, 2)
    begin_with(deeper, start)
    before = deeper.get_weights()
    deeper.compile("adam", "mse")
    faces = np.random.default_rng(3).uniform(0, 255, (8, 32, 32, 3)).astype(np.float32)
    deeper.fit(faces, np.ones((8, 103), np.float32), epochs=3, verbose=0)
    assert all(np.abs(now - then).max() > 0 for now, then in zip(deeper.get_weights(), before, strict=True))


@pytest.mark.parametrize(
    ("stages", "told"), [(((8, 1), (24, 2)), "8, 24, 103 channels"), (((8, 3), (16, 2)), "other layers of 8 channels")]
)
def test_another_network_is_refused(stages: tuple[tuple[int, int], ...], told: str) -> None:
    with pytest.raises(UsageError, match=told):
        begin_with(network(SHALLOW, 1), network(stages, 2))
