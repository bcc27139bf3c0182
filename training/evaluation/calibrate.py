"""Calibrate a model's age intervals and gender probabilities on `val`, and write the calibration on its card.

    python -m training.evaluation.calibrate --weights compact --data faces/{utkface,fairface,aaf}.zip

training.compact.export does the same; this step is for existing weights. It sets three things from the `val` faces
that the detector finds; all sets have equal weight, whatever their size:

1. The tail that the 80 % interval leaves out at each end of the age distribution, by split conformal prediction (Vovk
   et al. 2005; Lei et al. 2018): the largest tail for which 80 % of the known ages are covered, with one more face
   counted as missed. Age ranges are not used, since they only show whether an interval can be right. With enough known
   ages the tail depends on the estimated age (`training.evaluation.age_tails`), by conformalised quantile regression
   (Romano et al. 2019).
2. The temperature that divides the gender logits: the one with the lowest cross-entropy (Guo et al. 2017).
3. The probability below which the gender is 'unsure': 4 % of the `val` faces lie below it.

The guarantee: for faces drawn and labelled like the `val` faces, the interval covers 80 % on average, whatever the
network. There are few `val` faces, so a test set may be off by one or two percent. There is no guarantee for single
ages or groups, or for other kinds of sets: coverage is lower for harder pictures, and higher for labels that average
many people's estimates. To show how much sets differ, each set's coverage is also measured with a calibration on the
other sets only ('left out').
"""

import argparse
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy.optimize import minimize_scalar

from agecam.backends import choose_backend
from agecam.errors import UsageError
from agecam.models.card import Calibration, Card, load_card
from agecam.models.store import find_model, network_files
from agecam.types import AGE_CLASSES
from agecam.vision.estimator import Estimator
from training import command
from training.data.labels import remarks
from training.evaluation.age_tails import KNOTS, fit_age_tails
from training.evaluation.metrics import INTERVAL_SHARE, Bools, Floats, expected_calibration_error, reliability
from training.evaluation.predictions import Predictions, predict
from training.files import markdown_table, write_json

UNSURE_SHARE = 0.04
"""Share of the `val` faces that are 'unsure'."""

UNCALIBRATED = Calibration(interval_tail=(1 - INTERVAL_SHARE) / 2, gender_temperature=1.0, unsure_below=0.5)

SetReport = dict[str, Any]
"""Calibration results of one set, as stored on the card."""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--weights", default="compact", help="name of a model, or path of its card or weights")
    parser.add_argument("--data", nargs="+", type=Path, required=True, metavar="ZIP", help="what it was trained on")
    options = parser.parse_args()
    card = load_card(find_model(options.weights))
    calibration, reports = calibrate(card, options.data)
    # Figures measured with another calibration are no longer valid.
    metrics = card.metrics if calibration == card.calibration else {}
    card = replace(card, calibration=calibration, metrics=metrics | {"calibration": reports})
    write_json(card.path, card.as_dict(), indent=2)
    print(calibration_summary(calibration, reports))
    if not metrics:
        print("The other figures were removed from the card: run training.evaluation.evaluate with --onto-card.")


def calibrate(card: Card, data: Sequence[Path]) -> tuple[Calibration, list[SetReport]]:
    """Calibrate a model on the `val` faces of some sets; returns the calibration and its results on each set.

    Raises:
        UsageError: no face was found in `val` of any set.
        SourceError: a zip is not in the documented format.
    """
    for path in data:
        remarks(path)
    network = choose_backend()[0].runner(network_files(card))
    estimator = Estimator(replace(card, calibration=UNCALIBRATED), network)
    predictions = [predict(estimator, path, "val") for path in data]
    predictions = [of_set.select(of_set.found) for of_set in predictions if of_set.found.any()]
    if not predictions:
        raise UsageError("No face was found in the split 'val' of any set: calibrate on sets with 'val' faces.")
    return fit_calibration(predictions)


def fit_calibration(predictions: Sequence[Predictions]) -> tuple[Calibration, list[SetReport]]:
    """Calibrate from the predictions of an uncalibrated estimator."""
    female = np.concatenate([of.female for of in predictions])
    truth = np.concatenate([of.targets[:, 2] > 0.5 for of in predictions])
    weights = _equal_set_weights([len(of.faces) for of in predictions])
    temperature = round(fit_temperature(female, truth, weights), 4)
    calibrated = _likelier_probability(female, temperature)
    unsure_below = round(weighted_quantile(calibrated, weights, UNSURE_SHARE), 3)

    with_ages = _with_ages(predictions)
    scores = {of.name: tail_scores(of.distribution[rows], *of.targets[rows, :2].T) for of, rows in with_ages}
    ages = {of.name: of.distribution[rows] @ np.arange(AGE_CLASSES) for of, rows in with_ages}
    tails = _tails(scores, ages)
    reports = []
    for of in predictions:
        probability = _likelier_probability(of.female, temperature)
        bins = reliability(probability, (of.female >= 0.5) == (of.targets[:, 2] > 0.5))
        report: SetReport = {
            "set": of.name,
            "faces": len(of.faces),
            "calibration_error": round(expected_calibration_error(bins), 4),
            "unsure": round(float((probability < unsure_below).mean()), 4),
        }
        if of.name in scores:
            own_scores, own_ages = scores[of.name], ages[of.name]
            report |= {"ages": len(own_scores), "coverage": _coverage(own_scores, own_ages, tails)}
            others = {name: of_set for name, of_set in scores.items() if name != of.name}
            if others:
                report["coverage_left_out"] = _coverage(own_scores, own_ages, _tails(others, ages))
        reports.append(report)
    return replace(tails, gender_temperature=temperature, unsure_below=unsure_below), reports


def tail_scores(distribution: Floats, age_min: Floats, age_max: Floats) -> Floats:
    """`(N,)`: the largest tail for which each face's interval still overlaps the years `age_min` to `age_max`.

    The inverse of `agecam.vision.decoding.interval` with `training.evaluation.metrics.covered`: a year is covered if
    the probability up to its end and the probability from its start on both exceed the tail.
    """
    reached = np.cumsum(distribution, axis=1, dtype=np.float64)
    reached = np.concatenate([np.zeros((len(reached), 1)), reached / reached[:, -1:]], axis=1)
    rows = np.arange(len(reached))
    last = np.minimum(age_max.astype(int), AGE_CLASSES - 1)
    first = np.minimum(age_min.astype(int), AGE_CLASSES - 1)
    scores = np.minimum(reached[rows, last + 1], 1 - reached[rows, first])
    return np.where(age_min < AGE_CLASSES, scores, 0.0)  # no interval extends beyond the last age


def conformal_tail(scores: Floats, weights: Floats, share: float = INTERVAL_SHARE) -> float:
    """The largest tail that covers `share` of the faces with one more face counted as missed, to four decimals.

    Args:
        scores: from `tail_scores`.
        weights: weight of each face; they sum to 1.
        share: target coverage.
    """
    order = np.argsort(scores)
    still_covered = np.cumsum(weights[order][::-1])[::-1]
    enough = np.flatnonzero(still_covered >= share * (1 + 1 / len(scores)))
    if not len(enough):
        return 0.0
    # Nearly all of a distribution can lie in one year; the tail must stay below one half.
    return float(np.floor(min(scores[order[enough[-1]]], 0.45) * 1e4) / 1e4)


def fit_temperature(probability: Floats, truth: Bools, weights: Floats) -> float:
    """The temperature with the lowest weighted cross-entropy (Guo et al. 2017)."""
    true_logits = np.where(truth, 1, -1) * _logit(probability)

    def cross_entropy(temperature: float) -> float:
        return float(weights @ np.logaddexp(0, -true_logits / temperature))

    return float(minimize_scalar(cross_entropy, bounds=(0.2, 5), method="bounded").x)


def weighted_quantile(values: Floats, weights: Floats, share: float) -> float:
    """The smallest value for which `share` of the weight lies at or below it."""
    order = np.argsort(values)
    place = np.searchsorted(np.cumsum(weights[order]), share * weights.sum())
    return float(values[order[min(place, len(values) - 1)]])


def calibration_summary(calibration: Calibration, reports: Sequence[SetReport]) -> str:
    """A calibration as a sentence and a Markdown table."""

    def share(report: SetReport, key: str) -> str:
        return f"{report[key]:.1%}" if key in report else ""

    pairs = zip(calibration.tails, calibration.tail_ages, strict=True)
    tails = ", ".join(f"{tail:.1%} at {age:.0f}" for tail, age in pairs) or f"{calibration.interval_tail:.2%}"
    keys = ("coverage", "coverage_left_out", "calibration_error", "unsure")
    heading = ["val faces of", "found", "80 % interval covers", "left out", "gender calibration error", "unsure"]
    rows = [[of["set"], f"{of['faces']:,}", *(share(of, key) for key in keys)] for of in reports]
    return (
        f"The 80 % interval leaves out {tails} of the age distribution at each end; the gender "
        f"temperature is {calibration.gender_temperature:.3f}, and below a probability of "
        f"{calibration.unsure_below:.1%} the gender is 'unsure'.\n\n{markdown_table(heading, rows)}"
    )


def _with_ages(predictions: Sequence[Predictions]) -> list[tuple[Predictions, npt.NDArray[np.bool_]]]:
    known = [(of, of.targets[:, 0] == of.targets[:, 1]) for of in predictions]
    return [(of, rows) for of, rows in known if rows.any()]


def _tails(scores: Mapping[str, Floats], ages: Mapping[str, Floats]) -> Calibration:
    """The tails for some sets' scores; the rest of the calibration is not set."""
    if not scores:
        return UNCALIBRATED
    together, weights = np.concatenate(list(scores.values())), _equal_set_weights([len(of) for of in scores.values()])
    calibration = replace(UNCALIBRATED, interval_tail=conformal_tail(together, weights))
    by_age = fit_age_tails(together, np.concatenate([ages[name] for name in scores]), weights)
    if by_age is None:
        return calibration
    return replace(calibration, tail_ages=KNOTS, tails=tuple(map(float, by_age)))


def _coverage(scores: Floats, ages: Floats, tails: Calibration) -> float:
    return round(float((scores > [tails.tail_at(age) for age in ages]).mean()), 4)


def _equal_set_weights(counts: Sequence[int]) -> Floats:
    """Weights of the faces that give every set the same total weight."""
    return np.repeat([1 / count / len(counts) for count in counts], counts)


def _likelier_probability(female: Floats, temperature: float) -> Floats:
    """Probability of the likelier gender at a temperature."""
    return np.asarray(1 / (1 + np.exp(-np.abs(_logit(female)) / temperature)))


def _logit(probability: Floats) -> Floats:
    clipped = np.clip(probability, 1e-6, 1 - 1e-6)
    return np.asarray(np.log(clipped / (1 - clipped)))


if __name__ == "__main__":
    command(main)
