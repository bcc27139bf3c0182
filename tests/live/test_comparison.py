"""Who looks older: known values."""

import numpy as np
import pytest

from agecam.live.comparison import probability_older
from agecam.types import AGE_CLASSES, FloatArray


def at(**shares: float) -> FloatArray:
    """A distribution with these shares, as `at(a30=0.5, a40=0.5)`."""
    distribution = np.zeros(AGE_CLASSES, np.float32)
    for age, share in shares.items():
        distribution[int(age[1:])] = share
    return distribution


def normal(mean: float, deviation: float) -> FloatArray:
    ages = np.arange(AGE_CLASSES)
    density = np.exp(-((ages - mean) ** 2) / (2 * deviation**2))
    return np.asarray(density / density.sum(), np.float32)


@pytest.mark.parametrize(
    ("first", "second", "probability"),
    [
        (at(a40=1), at(a30=1), 1.0),
        (at(a30=1), at(a40=1), 0.0),
        (at(a30=1), at(a30=1), 0.5),
        (at(a30=0.5, a40=0.5), at(a30=1), 0.75),  # half of the tie, and all of the other half
        (at(a0=0.5, a100=0.5), at(a50=1), 0.5),
        (at(a20=0.2, a30=0.3, a40=0.5), at(a25=0.6, a40=0.4), 0.3 * 0.6 + 0.5 * (0.6 + 0.2)),
    ],
)
def test_known_values(first: FloatArray, second: FloatArray, probability: float) -> None:
    assert probability_older(first, second) == pytest.approx(probability, abs=1e-6)
    assert probability_older(second, first) == pytest.approx(1 - probability, abs=1e-6)


def test_normal_distributions_give_the_textbook_value() -> None:
    """The difference of two is normal: with mean 5 and deviation 5, it is above 0 in 84.1 % of cases."""
    assert probability_older(normal(45, 3), normal(40, 4)) == pytest.approx(0.8413, abs=0.001)


def test_agrees_with_draws() -> None:
    rng = np.random.default_rng(1)
    first, second = (np.asarray(rng.dirichlet(np.full(AGE_CLASSES, 0.3)), np.float32) for _ in range(2))
    of_first, of_second = (
        rng.choice(AGE_CLASSES, 400_000, p=part / part.sum(dtype=np.float64)) for part in (first, second)
    )
    drawn = (of_first > of_second).mean() + (of_first == of_second).mean() / 2
    assert probability_older(first, second) == pytest.approx(drawn, abs=0.003)


def test_the_sum_of_a_distribution_does_not_matter() -> None:
    assert probability_older(3 * at(a30=0.5, a40=0.5), at(a30=1)) == pytest.approx(0.75)
