"""Sampling of faces for an epoch: rare ages more often, ages that are over-represented in a set less often."""

import numpy as np
import numpy.typing as npt
from scipy.ndimage import gaussian_filter1d

from agecam.types import AGE_CLASSES

MIN_WEIGHT, MAX_WEIGHT = 0.5, 4.0
"""Bounds of the sampling weight of a face, relative to the mean."""
_SMOOTHING_YEARS = 1.0

Weights = npt.NDArray[np.float64]


def weights_by_age(targets: npt.NDArray[np.float32], sets: npt.NDArray[np.str_], power: float) -> Weights:
    """Sampling weights `(N,)`, with mean 1 in every set: how often each face is drawn in an epoch.

    Args:
        targets: `(N, 3)` age_min, age_max, female.
        sets: `(N,)` names; ages are counted per set, so that each set keeps its share.
        power: 0 leaves the set as it is, 1 makes all its ages equally frequent (within `MIN_WEIGHT` and `MAX_WEIGHT`).
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
        bounded = np.clip(rarity / rarity.mean(), MIN_WEIGHT, MAX_WEIGHT)
        weights[rows] = bounded / bounded.mean()
    return weights


def sample_rows(weights: Weights, random: np.random.Generator) -> npt.NDArray[np.intp]:
    """Draw as many rows as there are weights, in proportion to the weights, in random order.

    Systematic sampling: a face of weight 1.3 is drawn once or twice, never zero or three times.
    """
    ends = np.cumsum(weights) * (len(weights) / weights.sum())
    rows = np.searchsorted(ends, np.arange(len(weights)) + random.random(), side="right")
    return random.permutation(np.minimum(rows, len(weights) - 1))
