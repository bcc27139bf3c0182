"""All figures of a judged set, and of its parts, as they stand in `evaluation.json`.

A figure that a set cannot give is left out.
"""

from dataclasses import asdict
from typing import Any

import numpy as np
import numpy.typing as npt

from training.judged import Judged
from training.metrics import (
    FAIRFACE_RANGES,
    Floats,
    Range,
    bootstrap_interval,
    calibration_error_by_chance,
    chalearn_error,
    covered,
    covered_guesses,
    cumulative_score,
    expected_age,
    expected_calibration_error,
    gender_figures,
    range_distance,
    range_mass,
    ranges_of,
    reliability,
    risk_coverage,
)

CURVE_POINTS = 20
"""A risk-coverage curve is told at so many shares of the faces."""

Figures = dict[str, Any]


def figures(judged: Judged) -> Figures:
    """The figures of a set and, under `by`, of its parts by age band, gender and race."""
    ranges = ranges_of(*judged.targets[:, :2].T)
    whole = _figures(judged, ranges) | _curves(judged, ranges)
    whole["by"] = {
        kind: {name: _figures(judged.of(rows), ranges) for name, rows in of_kind.items() if rows.any()}
        for kind, of_kind in groups(judged).items()
    }
    return whole


def end_to_end(faces_alone: Judged, of_pictures: Judged, found: npt.NDArray[np.bool_]) -> Figures:
    """What the whole program makes of the pictures, beside what the same faces give when cut by `training.locate`.

    Args:
        faces_alone: all faces of the split.
        of_pictures: those that the program found, as it judged them.
        found: which of all they are.
    """
    result: Figures = {"faces": len(found), "found": float(found.mean())}
    if found.any():
        ranges = ranges_of(*faces_alone.targets[:, :2].T)
        result["found_faces"] = _figures(of_pictures, ranges)
        result["same_faces_alone"] = _figures(faces_alone.of(found), ranges)
    return result


def groups(judged: Judged) -> dict[str, dict[str, npt.NDArray[np.bool_]]]:
    """Masks of the faces by age band (a range counts where its middle lies), gender and the set's word for race."""
    ages = judged.targets[:, :2].mean(1)
    female = judged.targets[:, 2] > 0.5
    races = np.array([face.race for face in judged.faces], str)
    return {
        "age": {_band(low, high): (ages >= low) & (ages < _end(high)) for low, high in FAIRFACE_RANGES},
        "gender": {"female": female, "male": ~female},
        "race": {str(race): races == race for race in np.unique(races) if race},
    }


def _band(low: int, high: int) -> str:
    return f"{low}-{high}" if high < 100 else f"{low}+"


def _end(high: int) -> float:
    return high + 1 if high < 100 else np.inf


def _figures(judged: Judged, ranges: tuple[Range, ...] | None) -> Figures:
    targets = judged.targets
    female = targets[:, 2] > 0.5
    right = (judged.female >= 0.5) == female
    gender = gender_figures(judged.female, female)
    result: Figures = {
        "faces": len(targets),
        "found": float(judged.found.mean()),
        "gender": gender.accuracy,
        "gender_interval": bootstrap_interval(right.astype(float)),
        "precision": gender.precision,
        "recall": gender.recall,
        "confusion": gender.confusion,
        "unsure": float(judged.unsure.mean()),
        "interval_years": float((judged.high - judged.low).mean()),
    }
    if not judged.unsure.all():
        result["gender_when_sure"] = float(right[~judged.unsure].mean())
    known = targets[:, 0] == targets[:, 1]
    if known.any():
        result |= _known_ages(judged.of(known))
    if not known.all():
        result |= _known_ranges(judged.of(~known), ranges)
    rated = np.array([face.apparent_mean is not None and face.apparent_std is not None for face in judged.faces])
    if rated.any():
        result |= _rated_ages(judged.of(rated))
    return result


def _known_ages(judged: Judged) -> Figures:
    truth = judged.targets[:, 0].astype(float)
    error = expected_age(judged.distribution) - truth
    inside = covered(judged.low, judged.high, truth, truth).astype(float)
    return {
        "ages": len(error),
        "mae": float(np.abs(error).mean()),
        "mae_interval": bootstrap_interval(np.abs(error)),
        "bias": float(error.mean()),
        "bias_interval": bootstrap_interval(error),
        "within_5": cumulative_score(error),
        "coverage": float(inside.mean()),
        "coverage_interval": bootstrap_interval(inside),
    }


def _known_ranges(judged: Judged, ranges: tuple[Range, ...] | None) -> Figures:
    touched = covered(judged.low, judged.high, judged.targets[:, 0], judged.targets[:, 1]).astype(float)
    result: Figures = {
        "ranges": len(touched),
        "range_touched": float(touched.mean()),
        "range_touched_interval": bootstrap_interval(touched),
    }
    if ranges:
        distance = range_distance(judged.distribution, judged.targets[:, 0], ranges)
        result["range_exact"] = float((distance == 0).mean())
        result["range_exact_interval"] = bootstrap_interval((distance == 0).astype(float))
        result["range_one_off"] = float((distance <= 1).mean())
    return result


def _rated_ages(judged: Judged) -> Figures:
    mean, std = np.array([(face.apparent_mean, face.apparent_std) for face in judged.faces], float).T
    age = expected_age(judged.distribution)
    return {
        "rated": len(age),
        "apparent_mae": float(np.abs(age - mean).mean()),
        "apparent_mae_interval": bootstrap_interval(np.abs(age - mean)),
        "apparent_bias": float((age - mean).mean()),
        "chalearn_error": chalearn_error(age, mean, std),
        "covered_guesses": float(covered_guesses(judged.low, judged.high, mean, std).mean()),
    }


def _curves(judged: Judged, ranges: tuple[Range, ...] | None) -> Figures:
    right = (judged.female >= 0.5) == (judged.targets[:, 2] > 0.5)
    probability = np.maximum(judged.female, 1 - judged.female)
    bins = reliability(probability, right)
    result: Figures = {
        "calibration_error": expected_calibration_error(bins),
        "calibration_error_by_chance": calibration_error_by_chance(probability),
        "reliability": [asdict(of) for of in bins],
        "gender_risk": _told(risk_coverage(1.0 - right, 1 - probability)),
    }
    known = judged.targets[:, 0] == judged.targets[:, 1]
    width = judged.high - judged.low
    if known.any():
        error = np.abs(expected_age(judged.distribution[known]) - judged.targets[known, 0])
        result["age_risk"] = _told(risk_coverage(error, width[known]))
    if ranges and not known.all():
        distance = range_distance(judged.distribution[~known], judged.targets[~known, 0], ranges)
        mass = range_mass(judged.distribution[~known], ranges)
        result["range_risk"] = _told(risk_coverage((distance > 0).astype(float), -mass.max(1)))
    return result


def _told(curve: Floats) -> Figures:
    shares = np.arange(1, CURVE_POINTS + 1) / CURVE_POINTS
    places = np.maximum(np.ceil(shares * len(curve)).astype(int), 1) - 1
    return {"area": float(curve.mean()), "shares": shares.tolist(), "risks": curve[places].tolist()}
