"""Calibration: known errors of synthetic predictions are found and corrected."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest

from agecam.models.card import Calibration
from agecam.types import AGE_CLASSES
from agecam.vision.decoding import interval
from training.data.face_zip import LabelledFace
from training.evaluation.age_tails import KNOTS, MIN_FACES, fit_age_tails
from training.evaluation.calibrate import (
    UNCALIBRATED,
    UNSURE_SHARE,
    calibration_summary,
    conformal_tail,
    fit_calibration,
    fit_temperature,
    tail_scores,
    weighted_quantile,
)
from training.evaluation.metrics import covered, expected_calibration_error, reliability
from training.evaluation.predictions import Predictions

AGES = np.arange(101)


def gaussians(means: npt.NDArray[np.float64], spread_years: float) -> npt.NDArray[np.float32]:
    heights = np.exp(-((AGES - means[:, None]) ** 2) / (2 * spread_years**2))
    return (heights / heights.sum(1, keepdims=True)).astype(np.float32)


def synthetic(
    name: str,
    count: int,
    *,
    spread_years: float = 4.0,
    true_years: float = 4.0,
    overconfident: float = 1.0,
    ranges: bool = False,
    seed: int = 0,
) -> Predictions:
    """Synthetic predictions.

    Ages are normally distributed with `true_years` around an estimate whose distribution has `spread_years`; gender
    logits are `overconfident` times too large.
    """
    random = np.random.default_rng(seed)
    means = random.uniform(30, 70, count)
    ages = np.clip(np.rint(random.normal(means, true_years)), 0, 100).astype(int)
    logits = random.normal(0, 2, count)
    female = random.random(count) < 1 / (1 + np.exp(-logits))
    faces = [
        LabelledFace(
            "",
            int(age) // 10 * 10 if ranges else int(age),
            int(age) // 10 * 10 + 9 if ranges else int(age),
            bool(is_female),
            "",
            None,
            None,
            "val",
        )
        for age, is_female in zip(ages, female, strict=True)
    ]
    nothing = np.zeros(count)
    return Predictions(
        name=name,
        faces=faces,
        found=np.ones(count, bool),
        distribution=gaussians(means, spread_years),
        female=1 / (1 + np.exp(-overconfident * logits)),
        low=nothing,
        high=nothing,
        unsure=np.zeros(count, bool),
    )


def coverage(of: Predictions, calibration: Calibration) -> float:
    tails = [calibration.tail_at(float(age)) for age in of.distribution @ np.arange(AGE_CLASSES)]
    low, high = np.array([interval(*pair) for pair in zip(of.distribution, tails, strict=True)]).T
    return float(covered(low, high, *of.targets[:, :2].T).mean())


def test_tail_scores_are_the_inverse_of_the_estimators_interval() -> None:
    random = np.random.default_rng(1)
    means = np.concatenate([random.uniform(0, 100, 60), [0, 0, 100, 100, 50]])
    distribution = gaussians(means, 3)
    ages = np.concatenate([np.clip(np.rint(random.normal(means[:60], 5)), 0, 100), [0, 2, 100, 116, 51]])
    scores = tail_scores(distribution, ages, ages)
    for tail in np.linspace(0.005, 0.45, 40):
        low, high = np.array([interval(of, float(tail)) for of in distribution]).T
        assert (covered(low, high, ages, ages) == (scores > tail)).all()


def test_tail_scores_of_ranges() -> None:
    distribution = gaussians(np.array([35.0, 35.0, 35.0]), 4)
    scores = tail_scores(distribution, np.array([30, 42, 20]), np.array([39, 49, 31]))
    for tail in (0.02, 0.1, 0.25):
        low, high = np.array([interval(of, tail) for of in distribution]).T
        touched = covered(low, high, np.array([30, 42, 20]), np.array([39, 49, 31]))
        assert (touched == (scores > tail)).all()
    assert scores[0] > 0.45


def test_conformal_tail_of_a_worked_example() -> None:
    scores = np.array([0.05, 0.1, 0.15, 0.2, 0.25, 0.3, 0.35, 0.4, 0.41, 0.42])
    # For a share of 0.8, nine of ten must be covered, since one more face counts as missed: the second lowest score.
    assert conformal_tail(scores, np.full(10, 0.1)) == pytest.approx(0.1)
    assert conformal_tail(scores, np.full(10, 0.1), share=0.5) == pytest.approx(0.25)
    # With three faces, no tail reaches the share.
    assert conformal_tail(np.array([0.2, 0.3, 0.4]), np.full(3, 1 / 3)) == 0


@pytest.mark.parametrize(("spread_years", "true_years"), [(4, 8), (8, 4), (5, 5)])
def test_intervals_of_the_wrong_width_are_corrected(spread_years: float, true_years: float) -> None:
    fault: dict[str, Any] = {"spread_years": spread_years, "true_years": true_years}
    calibration, (report,) = fit_calibration([synthetic("set", 3000, **fault)])
    fresh = synthetic("set", 3000, **fault, seed=9)
    assert coverage(fresh, calibration) == pytest.approx(0.8, abs=0.025)
    assert report["coverage"] == pytest.approx(0.8, abs=0.005)
    # Without calibration the coverage is wrong, except for correct widths, where rounding to whole years covers more.
    before = coverage(fresh, UNCALIBRATED)
    assert {4: before < 0.6, 8: before > 0.95, 5: 0.8 < before < 0.87}[spread_years]


def test_sets_have_equal_weight_whatever_their_size() -> None:
    sets = [synthetic("small", 500, true_years=9), synthetic("large", 4000, true_years=3, seed=1)]
    calibration, reports = fit_calibration(sets)
    shares = [coverage(of, calibration) for of in sets]
    assert np.mean(shares) == pytest.approx(0.8, abs=0.01)
    assert [report["coverage"] for report in reports] == pytest.approx(shares, abs=1e-4)
    # Calibrated on the other set only, the small set is covered far too little and the large one far too much.
    assert reports[0]["coverage_left_out"] < shares[0] - 0.1
    assert reports[1]["coverage_left_out"] > 0.95


def test_ranges_do_not_change_the_interval() -> None:
    known = synthetic("known", 1000)
    alone, _ = fit_calibration([known])
    both, reports = fit_calibration([known, synthetic("ranges", 1000, true_years=12, ranges=True)])
    assert (both.interval_tail, both.tails) == (alone.interval_tail, alone.tails)
    assert "coverage" not in reports[1]
    only, _ = fit_calibration([synthetic("ranges", 1000, ranges=True)])
    assert only.interval_tail == UNCALIBRATED.interval_tail


@pytest.mark.parametrize("overconfident", [0.5, 2.5])
def test_gender_temperature_is_found(overconfident: float) -> None:
    calibration, (report,) = fit_calibration([synthetic("set", 20_000, overconfident=overconfident)])
    assert calibration.gender_temperature == pytest.approx(overconfident, rel=0.06)
    assert report["calibration_error"] < 0.01
    fresh = synthetic("set", 20_000, overconfident=overconfident, seed=3)
    probability = np.maximum(fresh.female, 1 - fresh.female)
    before = expected_calibration_error(reliability(probability, (fresh.female > 0.5) == (fresh.targets[:, 2] > 0.5)))
    assert before > 0.05


def test_temperature_uses_the_weights() -> None:
    right = np.array([0.8] * 10)
    truth = np.array([True] * 6 + [False] * 4)
    # By weight, seven of ten are correct: 0.8 should have been 0.7.
    weights = np.array([0.7 / 6] * 6 + [0.3 / 4] * 4)
    expected = np.log(0.8 / 0.2) / np.log(0.7 / 0.3)
    assert fit_temperature(right, truth, weights) == pytest.approx(expected, rel=1e-3)


def test_the_least_certain_are_unsure() -> None:
    faces = synthetic("set", 5000)
    calibration, (report,) = fit_calibration([faces])
    assert report["unsure"] == pytest.approx(UNSURE_SHARE, abs=0.005)
    assert 0.5 < calibration.unsure_below < 0.7


def test_weighted_quantile() -> None:
    values = np.array([3.0, 1.0, 2.0])
    assert weighted_quantile(values, np.array([0.2, 0.5, 0.3]), 0.4) == 1
    assert weighted_quantile(values, np.array([0.2, 0.5, 0.3]), 0.6) == 2
    assert weighted_quantile(values, np.array([2.0, 5.0, 3.0]), 1.0) == 3


def test_the_summary_has_a_table() -> None:
    calibration, reports = fit_calibration([synthetic("known", 1000), synthetic("ranges", 1000, ranges=True)])
    lines = calibration_summary(calibration, reports).splitlines()
    assert all(f"{tail:.1%} at {age:.0f}" in lines[0] for tail, age in zip(calibration.tails, KNOTS, strict=True))
    assert cells(lines[4])[:2] == ["known", "1,000"]
    assert cells(lines[4])[2] == f"{reports[0]['coverage']:.1%}"
    assert cells(lines[5])[2] == ""


def cells(line: str) -> Sequence[str]:
    return [cell.strip() for cell in line.strip("|").split("|")]


def test_the_tail_follows_the_age() -> None:
    """As measured: children's ages are known better than the network thinks, old people's worse."""
    young, old = synthetic("set", 2000, true_years=3), synthetic("set", 2000, true_years=9, seed=2)
    young = young.select(young.distribution @ np.arange(AGE_CLASSES) < 38)
    old = old.select(old.distribution @ np.arange(AGE_CLASSES) > 50)
    together = [replace(young, name="young"), replace(old, name="old")]
    calibration, reports = fit_calibration(together)
    assert calibration.tail_at(32) > calibration.tail_at(60) + 0.05
    for of, report in zip(together, reports, strict=True):
        assert coverage(of, calibration) == pytest.approx(0.8, abs=0.08)
        assert report["coverage"] == pytest.approx(coverage(of, calibration), abs=1e-4)
    one = replace(calibration, tail_ages=(), tails=())
    assert coverage(young, one) > 0.9 > 0.7 > coverage(old, one)


def test_few_faces_get_one_tail() -> None:
    calibration, _ = fit_calibration([synthetic("set", MIN_FACES - 1)])
    assert calibration.tails == ()
    assert calibration.tail_at(20) == calibration.tail_at(70) == calibration.interval_tail
    few = np.linspace(0.1, 0.4, 10)
    assert fit_age_tails(few, few * 100, np.full(10, 0.1)) is None
