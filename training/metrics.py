"""Figures of merit, in numpy: what training watches and evaluation reports."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from agecam.types import AGE_CLASSES

FAIRFACE_RANGES = ((0, 2), (3, 9), (10, 19), (20, 29), (30, 39), (40, 49), (50, 59), (60, 69), (70, 100))

Floats = npt.NDArray[np.floating[Any]]


def softmax(logits: Floats) -> Floats:
    """Over the last axis."""
    shifted = np.exp(logits - logits.max(-1, keepdims=True))
    return np.asarray(shifted / shifted.sum(-1, keepdims=True))


def expected_age(distribution: Floats) -> Floats:
    """`(..., 101)` -> years: the expectation over the ages."""
    return np.asarray(distribution @ np.arange(AGE_CLASSES))


def mean_absolute_error(age: Floats, truth: Floats) -> float:
    return float(np.abs(age - truth).mean())


def likeliest_range(
    distribution: Floats, ranges: tuple[tuple[int, int], ...] = FAIRFACE_RANGES
) -> npt.NDArray[np.intp]:
    """`(N, 101)` -> index of the range with the most probability."""
    mass = np.stack([distribution[:, low : high + 1].sum(1) for low, high in ranges], axis=1)
    return np.asarray(mass.argmax(1))


def chalearn_error(age: Floats, mean: Floats, std: Floats) -> float:
    """`1 - exp(-(x - mu)^2 / (2 sigma^2))`, averaged: 0 is perfect (Escalera et al. 2015)."""
    return float((1 - np.exp(-((age - mean) ** 2) / (2 * std**2))).mean())


@dataclass(frozen=True, slots=True)
class SetFigures:
    """How a network does on one set; None where the set cannot say."""

    count: int
    mae: float | None
    """Years, over the faces whose age is known."""
    bias: float | None
    """Years, signed: positive is guessed too old."""
    range_exact: float | None
    """Share of faces with a known range only whose likeliest range is the right one."""
    range_one_off: float | None
    gender: float
    """Share of right guesses."""


def set_figures(distribution: Floats, female: Floats, targets: Floats) -> SetFigures:
    """Figures of one set.

    Args:
        distribution: `(N, 101)` age probabilities.
        female: `(N,)` probability of 'female'.
        targets: `(N, 3)` age_min, age_max, female.
    """
    known = targets[:, 0] == targets[:, 1]
    gender = float(((female > 0.5) == (targets[:, 2] > 0.5)).mean())
    mae = bias = exact = one_off = None
    if known.any():
        error = expected_age(distribution[known]) - targets[known, 0]
        mae, bias = float(np.abs(error).mean()), float(error.mean())
    if not known.all():
        right = np.searchsorted([low for low, _ in FAIRFACE_RANGES], targets[~known, 0], side="right") - 1
        distance = np.abs(likeliest_range(distribution[~known]) - right)
        exact, one_off = float((distance == 0).mean()), float((distance <= 1).mean())
    return SetFigures(len(targets), mae, bias, exact, one_off, gender)


def by_set(logits: Floats, targets: Floats, sets: npt.NDArray[np.str_]) -> dict[str, SetFigures]:
    """Figures of every set, from `(N, 103)` logits."""
    distribution, gender = softmax(logits[:, :AGE_CLASSES]), softmax(logits[:, AGE_CLASSES:])
    return {
        str(name): set_figures(distribution[sets == name], gender[sets == name, 0], targets[sets == name])
        for name in np.unique(sets)
    }
