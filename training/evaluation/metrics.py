"""Metrics in NumPy, for validation during training and for evaluation."""

from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy.special import ndtr

from agecam.types import AGE_CLASSES

Range = tuple[int, int]
"""First and last age in years, both inclusive."""

FAIRFACE_RANGES = ((0, 2), (3, 9), (10, 19), (20, 29), (30, 39), (40, 49), (50, 59), (60, 69), (70, 100))

INTERVAL_SHARE = 0.8
"""Target coverage of the program's age intervals."""

RESAMPLES = 1000
"""Resamples of the bootstrap."""

RELIABILITY_BINS = 10
"""Bins from 0.5, the lowest probability of the likelier of two classes, to 1."""

Floats = npt.NDArray[np.floating[Any]]
Bools = npt.NDArray[np.bool_]


def softmax(logits: Floats) -> Floats:
    """Softmax over the last axis."""
    shifted = np.exp(logits - logits.max(-1, keepdims=True))
    return np.asarray(shifted / shifted.sum(-1, keepdims=True))


def expected_age(distribution: Floats) -> Floats:
    """`(..., 101)` -> `(...)`: the expected age in years."""
    return np.asarray(distribution @ np.arange(AGE_CLASSES))


def mean_absolute_error(age: Floats, truth: Floats) -> float:
    return float(np.abs(age - truth).mean())


def cumulative_score(error: Floats, years: float = 5) -> float:
    """Share of errors of at most `years` (CS@5 by default)."""
    return float((np.abs(error) <= years).mean())


def chalearn_error(age: Floats, mean: Floats, std: Floats) -> float:
    """`1 - exp(-(x - mu)^2 / (2 sigma^2))`, averaged: 0 is perfect (Escalera et al. 2015)."""
    spread = np.maximum(std, 1e-3)  # where all raters agree, only their value is right
    return float((1 - np.exp(-((age - mean) ** 2) / (2 * spread**2))).mean())


def bootstrap_interval(values: Floats, share: float = 0.95, seed: int = 1) -> tuple[float, float]:
    """Percentile bootstrap interval of the mean of `(N,)` values."""
    random = np.random.default_rng(seed)
    at_once = max(1, 2_000_000 // len(values))
    means = [
        values[random.integers(0, len(values), (min(at_once, RESAMPLES - first), len(values)))].mean(1)
        for first in range(0, RESAMPLES, at_once)
    ]
    low, high = np.quantile(np.concatenate(means), [(1 - share) / 2, (1 + share) / 2])
    return float(low), float(high)


# --- ages known as ranges ------------------------------------------------------------------------------


def ranges_of(age_min: npt.NDArray[Any], age_max: npt.NDArray[Any]) -> tuple[Range, ...] | None:
    """The age ranges of a set, in order: FairFace's if they fit, otherwise its own; None if these overlap."""
    own = sorted({(int(low), int(high)) for low, high in zip(age_min, age_max, strict=True) if low < high})
    if set(own) <= set(FAIRFACE_RANGES):
        return FAIRFACE_RANGES
    if any(high >= low for (_, high), (low, _) in pairwise(own)):
        return None
    return tuple(own)


def range_mass(distribution: Floats, ranges: tuple[Range, ...] = FAIRFACE_RANGES) -> Floats:
    """`(N, 101)` -> `(N, ranges)`: probability mass of each range."""
    return np.stack([distribution[:, low : high + 1].sum(1) for low, high in ranges], axis=1)


def likeliest_range(distribution: Floats, ranges: tuple[Range, ...] = FAIRFACE_RANGES) -> npt.NDArray[np.intp]:
    """`(N, 101)` -> `(N,)`: index of the most probable range."""
    return np.asarray(range_mass(distribution, ranges).argmax(1))


def range_distance(distribution: Floats, age_min: Floats, ranges: tuple[Range, ...] = FAIRFACE_RANGES) -> Floats:
    """`(N,)`: distance, in ranges, of the likeliest range from the one that starts at `age_min`; 0 is exact."""
    right = np.searchsorted([low for low, _ in ranges], age_min, side="right") - 1
    return np.asarray(np.abs(likeliest_range(distribution, ranges) - right))


# --- the interval --------------------------------------------------------------------------------------


def covered(low: Floats, high: Floats, age_min: Floats, age_max: Floats) -> Bools:
    """Whether each interval overlaps the years from `age_min` to `age_max` (equal where the age is known).

    Labels are whole years, so the ends of an interval are rounded to whole years, as the program shows them.
    """
    return np.asarray((age_max >= np.floor(low + 0.5)) & (age_min <= np.floor(high + 0.5)))


def covered_estimates(low: Floats, high: Floats, mean: Floats, std: Floats) -> Floats:
    """`(N,)`: share of single raters' estimates in each interval, if they are normally distributed."""
    spread = np.maximum(std, 1e-3)
    first, last = np.floor(low + 0.5) - 0.5, np.floor(high + 0.5) + 0.5
    return np.asarray(ndtr((last - mean) / spread) - ndtr((first - mean) / spread))


# --- gender --------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class GenderFigures:
    """Gender at a threshold of 0.5, compared with the labels; None for a ratio without faces."""

    accuracy: float
    precision: dict[str, float | None]
    """For 'female' and 'male': share of correct ones among the faces estimated so."""
    recall: dict[str, float | None]
    """For 'female' and 'male': share of correct ones among the faces labelled so."""
    confusion: dict[str, dict[str, int]]
    """Label -> estimate -> number of faces."""


def gender_figures(female_probability: Floats, female: Bools) -> GenderFigures:
    labels = {"female": female, "male": ~female}
    estimates = {"female": female_probability >= 0.5, "male": female_probability < 0.5}
    confusion = {
        label: {estimate: int((rows & chosen).sum()) for estimate, chosen in estimates.items()}
        for label, rows in labels.items()
    }
    right = {name: int((labels[name] & estimates[name]).sum()) for name in labels}
    return GenderFigures(
        accuracy=sum(right.values()) / len(female),
        precision={name: right[name] / rows.sum() if rows.any() else None for name, rows in estimates.items()},
        recall={name: right[name] / rows.sum() if rows.any() else None for name, rows in labels.items()},
        confusion=confusion,
    )


@dataclass(frozen=True, slots=True)
class ReliabilityBin:
    """The faces whose probability lies in one bin."""

    faces: int
    said: float
    """Mean probability."""
    right: float
    """Share of correct estimates."""


def reliability(probability: Floats, right: Bools) -> list[ReliabilityBin]:
    """Reliability of the likelier of two classes, in bins of equal width from 0.5 to 1 without empty ones."""
    indices = _bin_indices(probability)
    masks = [indices == index for index in range(RELIABILITY_BINS) if (indices == index).any()]
    return [
        ReliabilityBin(int(rows.sum()), float(probability[rows].mean()), float(right[rows].mean())) for rows in masks
    ]


def expected_calibration_error(bins: list[ReliabilityBin]) -> float:
    """Mean difference between probability and share of correct estimates, over the faces (Guo et al. 2017)."""
    return sum(of.faces * abs(of.said - of.right) for of in bins) / sum(of.faces for of in bins)


def calibration_error_by_chance(probability: Floats, draws: int = 200, seed: int = 1) -> float:
    """Expected calibration error if every probability were exact: above zero, because the sample is finite."""
    random = np.random.default_rng(seed)
    in_bin = np.eye(RELIABILITY_BINS)[_bin_indices(probability)]
    off = [np.abs((probability - (random.random(len(probability)) < probability)) @ in_bin).sum() for _ in range(draws)]
    return float(np.mean(off) / len(probability))


def _bin_indices(probability: Floats) -> npt.NDArray[np.int_]:
    return np.asarray(np.minimum((probability - 0.5) * 2 * RELIABILITY_BINS, RELIABILITY_BINS - 1), int)


# --- risk and coverage ---------------------------------------------------------------------------------


def risk_coverage(error: Floats, uncertainty: Floats) -> Floats:
    """`(N,)`: mean error of the k least uncertain faces, for k from 1 to N. Its mean is the area under the curve."""
    most_certain_first = error[np.argsort(uncertainty, kind="stable")]
    return np.asarray(np.cumsum(most_certain_first) / np.arange(1, len(error) + 1))


# --- metrics of a set, for validation during training --------------------------------------------------


@dataclass(frozen=True, slots=True)
class SetFigures:
    """Metrics of a network on one set; None where the labels do not allow it."""

    count: int
    mae: float | None
    """Years, over the faces of known age."""
    bias: float
    """Years, signed: positive means estimated too old; for a range, measured from its nearer end."""
    range_exact: float | None
    """Among the faces with only a range: share whose likeliest range is the right one."""
    range_one_off: float | None
    gender: float
    """Share of correct estimates."""


def set_figures(distribution: Floats, female: Floats, targets: Floats) -> SetFigures:
    """Metrics of one set.

    Args:
        distribution: `(N, 101)` age probabilities.
        female: `(N,)` probability of 'female'.
        targets: `(N, 3)` age_min, age_max, female.
    """
    known = targets[:, 0] == targets[:, 1]
    gender = float(((female > 0.5) == (targets[:, 2] > 0.5)).mean())
    age = expected_age(distribution)
    error = age - np.clip(age, targets[:, 0], targets[:, 1])
    mae = exact = one_off = None
    if known.any():
        mae = float(np.abs(error[known]).mean())
    if not known.all():
        distance = range_distance(distribution[~known], targets[~known, 0])
        exact, one_off = float((distance == 0).mean()), float((distance <= 1).mean())
    return SetFigures(len(targets), mae, float(error.mean()), exact, one_off, gender)


def by_set(logits: Floats, targets: Floats, sets: npt.NDArray[np.str_]) -> dict[str, SetFigures]:
    """Metrics of every set, from `(N, 103)` logits."""
    distribution, gender = softmax(logits[:, :AGE_CLASSES]), softmax(logits[:, AGE_CLASSES:])
    return {
        str(name): set_figures(distribution[sets == name], gender[sets == name, 0], targets[sets == name])
        for name in np.unique(sets)
    }
