"""Calibrate a model on `val`, so that what it says of its own doubt is true, and write that on its card.

    python -m training.calibrate --weights compact --data faces/{utkface,fairface,aaf}.zip

training.export does the same; this is for weights that stay as they are. Three numbers, from the `val` faces that the
detector finds, where all sets together count alike, however large they are:

1. The tail that the 80 % interval leaves out at each end of the age distribution, by split conformal prediction (Vovk
   et al. 2005; Lei et al. 2018): the largest under which 80 % of the known ages are covered, one more face counted as
   missed. Ranges only say whether an interval can be right, so they have no say in it.
2. The temperature that divides the gender logits, by the least cross-entropy (Guo et al. 2017).
3. The probability under which the gender is 'unsure': the lowest 4 % of the `val` faces fall under it.

What this promises: of faces drawn as the `val` faces are, and labelled as they are, the interval covers 80 % on
average, whatever the network; the `val` faces are few, so a test set may well lie one or two percent off. It does not
promise 80 % of every age or group, nor of another kind of set: harder pictures are covered less, and labels that
average many people's guesses more. How far sets can lie apart is measured here too: each set's coverage if only the
others had been known ('left out').
"""

import argparse
from collections.abc import Sequence
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
from training.files import write_json
from training.judged import Judged, judge
from training.labels import remarks
from training.metrics import INTERVAL_SHARE, Bools, Floats, expected_calibration_error, reliability
from training.tables import markdown

UNSURE_SHARE = 0.04
"""This share of the `val` faces is left 'unsure'."""

UNCALIBRATED = Calibration(interval_tail=(1 - INTERVAL_SHARE) / 2, gender_temperature=1.0, unsure_below=0.5)

SetReport = dict[str, Any]
"""What calibration saw of one set, as the card keeps it."""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--weights", default="compact", help="name of a model, or path of its card or weights")
    parser.add_argument("--data", nargs="+", type=Path, required=True, metavar="ZIP", help="what it was trained on")
    options = parser.parse_args()
    card = load_card(find_model(options.weights))
    calibration, reports = calibrate(card, options.data)
    # Figures that were measured under another calibration say nothing of this one.
    metrics = card.metrics if calibration == card.calibration else {}
    card = replace(card, calibration=calibration, metrics=metrics | {"calibration": reports})
    write_json(card.path, card.as_dict(), indent=2)
    print(told(calibration, reports))
    if not metrics:
        print("The card has no other figures now: run training.evaluate with --onto-card.")


def calibrate(card: Card, data: Sequence[Path]) -> tuple[Calibration, list[SetReport]]:
    """The calibration of a model on the `val` faces of some sets, and what it comes to on each of them.

    Raises:
        UsageError: none of the sets has `val` faces.
        SourceError: a zip is not of the documented form.
    """
    for path in data:
        remarks(path)
    network = choose_backend()[0].runner(network_files(card))
    estimator = Estimator(replace(card, calibration=UNCALIBRATED), network)
    judged = [judge(estimator, path, "val") for path in data]
    judged = [of.of(of.found) for of in judged if of.found.any()]
    if not judged:
        raise UsageError("None of the sets has faces of the split 'val': calibration needs some.")
    return calibration_of(judged)


def calibration_of(judged: Sequence[Judged]) -> tuple[Calibration, list[SetReport]]:
    """The same from the guesses of an uncalibrated estimator."""
    female = np.concatenate([of.female for of in judged])
    truth = np.concatenate([of.targets[:, 2] > 0.5 for of in judged])
    weights = _alike([len(of.faces) for of in judged])
    temperature = round(fit_temperature(female, truth, weights), 4)
    calibrated = _sure(female, temperature)
    unsure_below = round(weighted_quantile(calibrated, weights, UNSURE_SHARE), 3)

    scores = {of.name: tail_scores(of.distribution[rows], *of.targets[rows, :2].T) for of, rows in _with_ages(judged)}
    tail = _tail(list(scores.values()))
    reports = []
    for of in judged:
        sure = _sure(of.female, temperature)
        bins = reliability(sure, (of.female >= 0.5) == (of.targets[:, 2] > 0.5))
        report: SetReport = {
            "set": of.name,
            "faces": len(of.faces),
            "calibration_error": round(expected_calibration_error(bins), 4),
            "unsure": round(float((sure < unsure_below).mean()), 4),
        }
        if of.name in scores:
            report |= {"ages": len(scores[of.name]), "coverage": _coverage(scores[of.name], tail)}
            others = [scores[name] for name in scores if name != of.name]
            if others:
                report["coverage_left_out"] = _coverage(scores[of.name], _tail(others))
        reports.append(report)
    return Calibration(tail, temperature, unsure_below), reports


def tail_scores(distribution: Floats, age_min: Floats, age_max: Floats) -> Floats:
    """`(N,)`: each face's largest tail under which its interval still touches the years `age_min` to `age_max`.

    The inverse of `agecam.vision.decoding.interval` and `training.metrics.covered`: a year is covered as long as the
    probability up to its end, and that from its start on, exceed the tail.
    """
    reached = np.cumsum(distribution, axis=1, dtype=np.float64)
    reached = np.concatenate([np.zeros((len(reached), 1)), reached / reached[:, -1:]], axis=1)
    rows = np.arange(len(reached))
    last = np.minimum(age_max.astype(int), AGE_CLASSES - 1)
    first = np.minimum(age_min.astype(int), AGE_CLASSES - 1)
    scores = np.minimum(reached[rows, last + 1], 1 - reached[rows, first])
    return np.where(age_min < AGE_CLASSES, scores, 0.0)  # no interval reaches past the last age


def conformal_tail(scores: Floats, weights: Floats, share: float = INTERVAL_SHARE) -> float:
    """The largest tail that covers `share` of the faces and of one more like them, to four places.

    Args:
        scores: of `tail_scores`.
        weights: what each face counts; they sum to 1.
    """
    order = np.argsort(scores)
    still_covered = np.cumsum(weights[order][::-1])[::-1]
    enough = np.flatnonzero(still_covered >= share * (1 + 1 / len(scores)))
    if not len(enough):
        return 0.0
    # A bin of one year can hold nearly all of a distribution: no tail reaches one half.
    return float(np.floor(min(scores[order[enough[-1]]], 0.45) * 1e4) / 1e4)


def fit_temperature(probability: Floats, truth: Bools, weights: Floats) -> float:
    """What to divide the logits by for the least weighted cross-entropy (Guo et al. 2017)."""
    towards_truth = np.where(truth, 1, -1) * _logit(probability)

    def cross_entropy(temperature: float) -> float:
        return float(weights @ np.logaddexp(0, -towards_truth / temperature))

    return float(minimize_scalar(cross_entropy, bounds=(0.2, 5), method="bounded").x)


def weighted_quantile(values: Floats, weights: Floats, share: float) -> float:
    """The smallest value at or under which `share` of the weight lies."""
    order = np.argsort(values)
    place = np.searchsorted(np.cumsum(weights[order]), share * weights.sum())
    return float(values[order[min(place, len(values) - 1)]])


def told(calibration: Calibration, reports: Sequence[SetReport]) -> str:
    """A calibration in words and as a table."""

    def share(report: SetReport, key: str) -> str:
        return f"{report[key]:.1%}" if key in report else ""

    keys = ("coverage", "coverage_left_out", "calibration_error", "unsure")
    heading = ["val faces of", "found", "80 % interval covers", "left out", "gender calibration error", "unsure"]
    rows = [[of["set"], f"{of['faces']:,}", *(share(of, key) for key in keys)] for of in reports]
    return (
        f"Each end of the 80 % interval leaves out {calibration.interval_tail:.2%} of the age distribution; "
        f"the gender's temperature is {calibration.gender_temperature:.3f}, and under "
        f"{calibration.unsure_below:.1%} it is 'unsure'.\n\n{markdown(heading, rows)}"
    )


def _with_ages(judged: Sequence[Judged]) -> list[tuple[Judged, npt.NDArray[np.bool_]]]:
    known = [(of, of.targets[:, 0] == of.targets[:, 1]) for of in judged]
    return [(of, rows) for of, rows in known if rows.any()]


def _tail(scores: Sequence[Floats]) -> float:
    if not scores:
        return UNCALIBRATED.interval_tail
    return conformal_tail(np.concatenate(scores), _alike([len(of) for of in scores]))


def _coverage(scores: Floats, tail: float) -> float:
    return round(float((scores > tail).mean()), 4)


def _alike(counts: Sequence[int]) -> Floats:
    """Weights under which sets count alike."""
    return np.repeat([1 / count / len(counts) for count in counts], counts)


def _sure(female: Floats, temperature: float) -> Floats:
    """Probability of the likelier gender at a temperature."""
    return np.asarray(1 / (1 + np.exp(-np.abs(_logit(female)) / temperature)))


def _logit(probability: Floats) -> Floats:
    clipped = np.clip(probability, 1e-6, 1 - 1e-6)
    return np.asarray(np.log(clipped / (1 - clipped)))


if __name__ == "__main__":
    command(main)
