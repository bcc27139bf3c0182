"""The target of each face as one distribution: its label, and what other networks say of it.

A label alone says too much or too little: UTKFace's ages are estimates with errors of several years, FairFace's are
ranges. The other networks were trained on half a million faces of other sets, and inside a range they agree with each
other although they never saw the ranges.
"""

from typing import Any

import numpy as np
import numpy.typing as npt

from agecam.types import AGE_CLASSES
from training.data.known_sets import known_set
from training.data.opinions import Opinions

Floats = npt.NDArray[np.float32]
Rows = npt.NDArray[np.bool_]

AGES = np.arange(AGE_CLASSES, dtype=np.float32)
LABEL_SHARE = 0.65
"""Of a known age; the teacher has the rest."""
DOUBTED_SHARE = 0.35
"""Of an age that was estimated by a network and lies far from the teacher's opinion."""
NEAR, FAR = 1.5, 3.0
"""Distances from the teacher's opinion, in its standard deviations, between which the share of such a label falls."""
SHORTEST_YEARS = 3.0
"""Smallest standard deviation used for that distance."""
PEERS_SPREAD_YEARS = 3.0
"""Standard deviation of the Gaussian around the peers' mean, inside a range."""
PEERS_SHARE = 0.5
"""Of the peers inside a range; the teacher has the rest."""
GENDER_LABEL_SHARE = 0.8
LARGEST_KNOWN_RANGE_YEARS = 3
"""A longer range is one that the set cannot narrow, and is left to the opinions."""
OPEN_RANGE_MIDDLE_YEARS = 76.0
"""Taken as the middle of '70 and over' when a peer is brought onto the ranges."""


def soft_targets(targets: Floats, sets: npt.NDArray[np.str_], opinions: Opinions) -> Floats:
    """`(N, 103)`: probabilities of the 101 ages and of female and male, as the network is to learn them.

    Args:
        targets: `(N, 3)`: age_min, age_max, female.
        sets: `(N,)` names of the sets.
        opinions: on the same faces.
    """
    low, high, female = targets.T
    teacher_ages = opinions.teacher[:, :AGE_CLASSES]
    asked = np.isfinite(teacher_ages[:, 0])
    ages = np.empty((len(targets), AGE_CLASSES), np.float32)

    known = high - low <= LARGEST_KNOWN_RANGE_YEARS
    labels = label_distributions(low[known], high[known])
    share = np.where(asked, label_shares((low + high) / 2, sets, teacher_ages), 1.0)[known, None]
    ages[known] = share * labels + (1 - share) * np.nan_to_num(teacher_ages[known])

    ages[~known] = _inside_ranges(low, high, female > 0.5, opinions, ~known)
    share = np.where(asked, GENDER_LABEL_SHARE, 1.0)
    female_target = share * female + (1 - share) * np.nan_to_num(opinions.teacher[:, AGE_CLASSES])
    return np.column_stack([ages, female_target, 1 - female_target]).astype(np.float32)


def label_distributions(low: Floats, high: Floats) -> Floats:
    """A Gaussian around each age, narrow for children; around the middle, and wider, for a range of a few years."""
    spread = np.sqrt(np.clip(0.6 + 0.05 * low, 0.6, 2.5) ** 2 + (high - low) ** 2 / 12)
    return _normalised(_gaussians((low + high) / 2, spread))


def label_shares(ages: Floats, sets: npt.NDArray[np.str_], teacher_ages: Floats) -> Floats:
    """Share of each label in its target: smaller where a network estimated it and the teacher disagrees."""
    mean = teacher_ages @ AGES
    spread = np.sqrt(np.maximum(teacher_ages @ AGES**2 - mean**2, SHORTEST_YEARS**2))
    doubt = np.clip((np.abs(ages - mean) / spread - NEAR) / (FAR - NEAR), 0, 1)
    estimated = np.isin(sets, [name for name in np.unique(sets) if known_set(str(name)).ages_estimated])
    return np.asarray(LABEL_SHARE - np.where(estimated, doubt, 0) * (LABEL_SHARE - DOUBTED_SHARE), np.float32)


def _inside_ranges(low: Floats, high: Floats, female: Rows, opinions: Opinions, rows: Rows) -> Floats:
    """The opinions, cut to the ranges; the whole range, evenly, where there is none."""
    inside = (low[rows, None] <= AGES) & (high[rows, None] >= AGES)
    teacher = _cut(opinions.teacher[rows, :AGE_CLASSES], inside)
    ages = [on_the_ranges(given, low, high, female, rows)[rows] for given in opinions.peer_ages.values()]
    given = np.isfinite(ages) if ages else np.zeros((1, int(rows.sum())), np.bool_)
    mean = np.where(given, ages, 0).sum(0) / np.maximum(given.sum(0), 1) if ages else np.zeros(int(rows.sum()))
    peers = _cut(_gaussians(np.clip(mean, low[rows], high[rows]), PEERS_SPREAD_YEARS), inside)
    peers[~given.any(0)] = np.nan
    both = np.where(np.isnan(teacher), peers, (1 - PEERS_SHARE) * teacher + PEERS_SHARE * peers)
    both = np.where(np.isnan(both), np.where(np.isnan(teacher), peers, teacher), both)
    return np.asarray(np.where(np.isnan(both), _normalised(inside.astype(np.float32)), both), np.float32)


def on_the_ranges(given: Floats, low: Floats, high: Floats, female: Rows, rows: Rows) -> Floats:
    """A peer's ages, corrected by a parabola for women and one for men, fitted to the middles of the ranges.

    A peer may be years off for one gender; here it is only asked who is older inside a range.
    """
    middle = np.where(high >= AGES[-1], OPEN_RANGE_MIDDLE_YEARS, (low + high) / 2)
    corrected = given.copy()
    for gender in (female, ~female):
        fitted = rows & gender & np.isfinite(given)
        if fitted.sum() > 100:
            curve = np.polyfit(given[fitted].astype(np.float64), middle[fitted], 2)
            corrected[gender] = np.polyval(curve, given[gender])
    return corrected


def _gaussians(mean: Any, spread: Any) -> Floats:
    off = (AGES - np.asarray(mean)[:, None]) / (spread if np.ndim(spread) == 0 else np.asarray(spread)[:, None])
    return np.asarray(np.exp(-0.5 * off**2), np.float32)


def _cut(distributions: Floats, inside: Rows) -> Floats:
    """Distributions cut to the ranges; NaN where hardly anything lies inside."""
    cut = np.where(inside, distributions, 0)
    mass = cut.sum(1, keepdims=True)
    return np.where(mass > 1e-4, cut / np.maximum(mass, 1e-4), np.nan).astype(np.float32)


def _normalised(distributions: Floats) -> Floats:
    return np.asarray(distributions / distributions.sum(1, keepdims=True), np.float32)
