"""How often each face is seen in an epoch: rare ages more often, the spikes of a set less."""

import numpy as np
import numpy.typing as npt
from scipy.ndimage import gaussian_filter1d

from agecam.types import AGE_CLASSES

LEAST, MOST = 0.5, 4.0
"""However rare its age, a face comes at most so much more often than the average one, or so much less."""
_SMOOTHING_YEARS = 1.0

Weights = npt.NDArray[np.float64]


def weights_by_age(targets: npt.NDArray[np.float32], sets: npt.NDArray[np.str_], power: float) -> Weights:
    """`(N,)` with mean 1 in every set: how often a face comes in an epoch.

    Args:
        targets: `(N, 3)` age_min, age_max, female.
        sets: `(N,)` names; ages are counted in each set for itself, so that no set grows against another.
        power: 0 leaves the set as it is, 1 makes all its ages equally frequent (within `LEAST` and `MOST`).
    """
    weights = np.ones(len(targets))
    for name in np.unique(sets):
        rows = sets == name
        low, high = targets[rows, 0].astype(int), targets[rows, 1].astype(int)
        per_year = np.zeros(AGE_CLASSES)
        for first, last in zip(low, high, strict=True):
            per_year[first : last + 1] += 1 / (last - first + 1)
        if (low == high).all():
            per_year = gaussian_filter1d(per_year, _SMOOTHING_YEARS, mode="nearest")
        rarity = np.maximum(per_year[(low + high) // 2], 1e-3) ** -power
        bounded = np.clip(rarity / rarity.mean(), LEAST, MOST)
        weights[rows] = bounded / bounded.mean()
    return weights


def drawn(weights: Weights, random: np.random.Generator) -> npt.NDArray[np.intp]:
    """As many rows as there are weights, each as often as its weight says, in random order.

    Systematic: a face of weight 1.3 comes once or twice, never more and never not at all.
    """
    ends = np.cumsum(weights) * (len(weights) / weights.sum())
    rows = np.searchsorted(ends, np.arange(len(weights)) + random.random(), side="right")
    return random.permutation(np.minimum(rows, len(weights) - 1))
