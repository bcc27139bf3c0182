"""All figures of a set and of its groups, as written to `evaluation.json`.

Figures that the labels of a set do not allow are left out.
"""

from dataclasses import asdict
from typing import Any

import numpy as np
import numpy.typing as npt

from training.evaluation.metrics import (
    FAIRFACE_RANGES,
    Floats,
    Range,
    bootstrap_interval,
    calibration_error_by_chance,
    chalearn_error,
    covered,
    covered_estimates,
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
from training.evaluation.predictions import Predictions

CURVE_POINTS = 20
"""Number of points of a risk-coverage curve."""

Figures = dict[str, Any]


def figures(predictions: Predictions) -> Figures:
    """The figures of a set and, under `by`, of its groups by age band, gender, both, and race."""
    ranges = ranges_of(*predictions.targets[:, :2].T)
    result = _figures(predictions, ranges) | _curves(predictions, ranges)
    result["by"] = {
        kind: {name: _figures(predictions.select(rows), ranges) for name, rows in masks.items() if rows.any()}
        for kind, masks in groups(predictions).items()
    }
    return result


def end_to_end(faces_alone: Predictions, from_pictures: Predictions, found: npt.NDArray[np.bool_]) -> Figures:
    """Figures of the whole program, and of the same faces cropped at the position from `training.data.locate`.

    Args:
        faces_alone: predictions for all faces of the split, cropped alone.
        from_pictures: predictions for the faces that the program found in whole pictures.
        found: mask of these among all faces.
    """
    result: Figures = {"faces": len(found), "found": float(found.mean())}
    if found.any():
        ranges = ranges_of(*faces_alone.targets[:, :2].T)
        result["found_faces"] = _figures(from_pictures, ranges)
        result["same_faces_alone"] = _figures(faces_alone.select(found), ranges)
    return result


def groups(predictions: Predictions) -> dict[str, dict[str, npt.NDArray[np.bool_]]]:
    """Masks of the faces by age band (of the middle of a range), gender, both, and the set's label for race."""
    ages = predictions.targets[:, :2].mean(1)
    female = predictions.targets[:, 2] > 0.5
    races = np.array([face.race for face in predictions.faces], str)
    bands = {_band(low, high): (ages >= low) & (ages < _end(high)) for low, high in FAIRFACE_RANGES}
    genders = {"female": female, "male": ~female}
    return {
        "age": bands,
        "gender": genders,
        "age and gender": {
            f"{gender} {band}": in_band & of_gender
            for band, in_band in bands.items()
            for gender, of_gender in genders.items()
        },
        "race": {str(race): races == race for race in np.unique(races) if race},
    }


def _band(low: int, high: int) -> str:
    return f"{low}-{high}" if high < 100 else f"{low}+"


def _end(high: int) -> float:
    return high + 1 if high < 100 else np.inf


def _figures(predictions: Predictions, ranges: tuple[Range, ...] | None) -> Figures:
    targets = predictions.targets
    female = targets[:, 2] > 0.5
    right = (predictions.female >= 0.5) == female
    gender = gender_figures(predictions.female, female)
    result: Figures = {
        "faces": len(targets),
        "found": float(predictions.found.mean()),
        "gender": gender.accuracy,
        "gender_interval": bootstrap_interval(right.astype(float)),
        "precision": gender.precision,
        "recall": gender.recall,
        "confusion": gender.confusion,
        "unsure": float(predictions.unsure.mean()),
        "interval_years": float((predictions.high - predictions.low).mean()),
    }
    if not predictions.unsure.all():
        result["gender_when_sure"] = float(right[~predictions.unsure].mean())
    known = targets[:, 0] == targets[:, 1]
    if known.any():
        result |= _known_ages(predictions.select(known))
    if not known.all():
        result |= _known_ranges(predictions.select(~known), ranges)
    rated = np.array([face.apparent_mean is not None and face.apparent_std is not None for face in predictions.faces])
    if rated.any():
        result |= _rated_ages(predictions.select(rated))
    return result


def _known_ages(predictions: Predictions) -> Figures:
    truth = predictions.targets[:, 0].astype(float)
    error = expected_age(predictions.distribution) - truth
    inside = covered(predictions.low, predictions.high, truth, truth).astype(float)
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


def _known_ranges(predictions: Predictions, ranges: tuple[Range, ...] | None) -> Figures:
    age_min, age_max = predictions.targets[:, :2].T
    touched = covered(predictions.low, predictions.high, age_min, age_max).astype(float)
    result: Figures = {
        "ranges": len(touched),
        "range_touched": float(touched.mean()),
        "range_touched_interval": bootstrap_interval(touched),
    }
    if ranges:
        distance = range_distance(predictions.distribution, age_min, ranges)
        result["range_exact"] = float((distance == 0).mean())
        result["range_exact_interval"] = bootstrap_interval((distance == 0).astype(float))
        result["range_one_off"] = float((distance <= 1).mean())
    return result


def _rated_ages(predictions: Predictions) -> Figures:
    mean, std = np.array([(face.apparent_mean, face.apparent_std) for face in predictions.faces], float).T
    age = expected_age(predictions.distribution)
    return {
        "rated": len(age),
        "apparent_mae": float(np.abs(age - mean).mean()),
        "apparent_mae_interval": bootstrap_interval(np.abs(age - mean)),
        "apparent_bias": float((age - mean).mean()),
        "chalearn_error": chalearn_error(age, mean, std),
        "covered_guesses": float(covered_estimates(predictions.low, predictions.high, mean, std).mean()),
    }


def _curves(predictions: Predictions, ranges: tuple[Range, ...] | None) -> Figures:
    right = (predictions.female >= 0.5) == (predictions.targets[:, 2] > 0.5)
    probability = np.maximum(predictions.female, 1 - predictions.female)
    bins = reliability(probability, right)
    result: Figures = {
        "calibration_error": expected_calibration_error(bins),
        "calibration_error_by_chance": calibration_error_by_chance(probability),
        "reliability": [asdict(of) for of in bins],
        "gender_risk": _sampled_curve(risk_coverage(1.0 - right, 1 - probability)),
    }
    known = predictions.targets[:, 0] == predictions.targets[:, 1]
    width = predictions.high - predictions.low
    if known.any():
        error = np.abs(expected_age(predictions.distribution[known]) - predictions.targets[known, 0])
        result["age_risk"] = _sampled_curve(risk_coverage(error, width[known]))
    if ranges and not known.all():
        distance = range_distance(predictions.distribution[~known], predictions.targets[~known, 0], ranges)
        mass = range_mass(predictions.distribution[~known], ranges)
        result["range_risk"] = _sampled_curve(risk_coverage((distance > 0).astype(float), -mass.max(1)))
    return result


def _sampled_curve(curve: Floats) -> Figures:
    shares = np.arange(1, CURVE_POINTS + 1) / CURVE_POINTS
    indices = np.maximum(np.ceil(shares * len(curve)).astype(int), 1) - 1
    return {"area": float(curve.mean()), "shares": shares.tolist(), "risks": curve[indices].tolist()}
