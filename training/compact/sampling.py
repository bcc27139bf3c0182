"""Sampling of faces for an epoch: rare ages more often, ages that are over-represented in a set less often."""

from collections.abc import Mapping

import numpy as np
import numpy.typing as npt
from scipy.ndimage import gaussian_filter1d

from agecam.types import AGE_CLASSES

MIN_WEIGHT, MAX_WEIGHT = 0.5, 4.0
"""Bounds of the sampling weight of a face, relative to the mean."""
_SMOOTHING_YEARS = 1.0

Weights = npt.NDArray[np.float64]


def weights_by_age(
    targets: npt.NDArray[np.float32], sets: npt.NDArray[np.str_], power: float, often: Mapping[str, float] | None = None
) -> Weights:
    """Sampling weights `(N,)`: how often each face is drawn in an epoch.

    In every set women weigh as much as men, and the mean is 1, or what `often` says.

    Args:
        targets: `(N, 3)` age_min, age_max, female.
        sets: `(N,)` names; ages are counted per set and gender.
        power: 0 leaves the ages as they are, 1 makes them equally frequent (within `MIN_WEIGHT` and `MAX_WEIGHT`).
        often: the mean weight of some sets.
    """
    weights = np.ones(len(targets))
    female = targets[:, 2] > 0.5
    for name in np.unique(sets):
        genders = [rows for rows in ((sets == name) & female, (sets == name) & ~female) if rows.any()]
        for rows in genders:
            share = (sets == name).sum() / len(genders) / rows.sum()
            weights[rows] = share * _of_group(targets[rows], power) * (often or {}).get(str(name), 1.0)
    return weights


def _of_group(targets: npt.NDArray[np.float32], power: float) -> Weights:
    """Weights of one set's women or men, with mean 1."""
    low, high = targets[:, 0].astype(int), targets[:, 1].astype(int)
    per_year = np.zeros(AGE_CLASSES)
    for first, last in zip(low, high, strict=True):
        per_year[first : last + 1] += 1 / (last - first + 1)
    if (low == high).all():
        per_year = gaussian_filter1d(per_year, _SMOOTHING_YEARS, mode="nearest")
    rarity = np.maximum(per_year[(low + high) // 2], 1e-3) ** -power
    bounded = np.clip(rarity / rarity.mean(), MIN_WEIGHT, MAX_WEIGHT)
    return np.asarray(bounded / bounded.mean())


def sample_rows(weights: Weights, random: np.random.Generator) -> npt.NDArray[np.intp]:
    """Draw as many rows as the weights sum up to, in proportion to the weights, in random order.

    Systematic sampling: a face of weight 1.3 is drawn once or twice, never zero or three times.
    """
    count = round(float(weights.sum()))
    ends = np.cumsum(weights) * (count / weights.sum())
    rows = np.searchsorted(ends, np.arange(count) + random.random(), side="right")
    return random.permutation(np.minimum(rows, len(weights) - 1))
