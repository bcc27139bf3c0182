"""Decodes network outputs into ages, intervals and gender labels, for all of AgeCam."""

import numpy as np

from agecam.models.card import Calibration
from agecam.types import AGE_CLASSES, Attributes, FloatArray, Gender

_AGES = np.arange(AGE_CLASSES, dtype=np.float32)


def decode(logits: FloatArray, calibration: Calibration) -> list[Attributes]:
    """Attributes of N faces from `(N, 103)` logits: 101 ages, then female and male."""
    distributions = _softmax(logits[:, :AGE_CLASSES])
    genders = _softmax(logits[:, AGE_CLASSES:] / np.float32(calibration.gender_temperature))
    return [
        attributes_of(distribution, float(gender[0]), calibration)
        for distribution, gender in zip(distributions, genders, strict=True)
    ]


def attributes_of(distribution: FloatArray, female_probability: float, calibration: Calibration) -> Attributes:
    """One face's attributes from its `(101,)` age distribution and calibrated gender probability."""
    age = float(distribution @ _AGES)
    low, high = interval(distribution, calibration.tail_at(age))
    probability = max(female_probability, 1 - female_probability)
    gender: Gender = "female" if female_probability >= 0.5 else "male"
    return Attributes(
        age=age,
        age_low=low,
        age_high=high,
        gender=gender if probability >= calibration.unsure_below else "unsure",
        gender_probability=probability,
        female_probability=female_probability,
        age_distribution=distribution,
    )


def interval(distribution: FloatArray, tail: float) -> tuple[float, float]:
    """Bounds in years that exclude `tail` of a `(101,)` distribution at each end; each age is a bin one year wide."""
    reached = np.concatenate([[0], np.cumsum(distribution, dtype=np.float64)])
    low, high = np.interp([tail, 1 - tail], reached / reached[-1], np.arange(AGE_CLASSES + 1) - 0.5)
    return float(max(low, 0)), float(min(high, AGE_CLASSES - 1))


def _softmax(logits: FloatArray) -> FloatArray:
    shifted = np.exp(logits - logits.max(axis=-1, keepdims=True))
    return np.asarray(shifted / shifted.sum(axis=-1, keepdims=True), np.float32)
