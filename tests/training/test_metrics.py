"""Metrics, compared with values calculated by hand."""

import math

import numpy as np
import numpy.typing as npt
import pytest

from training.evaluation.metrics import (
    FAIRFACE_RANGES,
    bootstrap_interval,
    by_set,
    calibration_error_by_chance,
    chalearn_error,
    covered,
    covered_estimates,
    cumulative_score,
    expected_age,
    expected_calibration_error,
    gender_figures,
    likeliest_range,
    mean_absolute_error,
    range_distance,
    ranges_of,
    reliability,
    risk_coverage,
    set_figures,
    softmax,
)


def certain(*ages: int) -> npt.NDArray[np.float64]:
    return np.eye(101)[list(ages)]


def test_ranges_contain_every_age_once() -> None:
    assert [age for low, high in FAIRFACE_RANGES for age in range(low, high + 1)] == list(range(101))


def test_softmax_of_an_example_and_of_large_logits() -> None:
    assert softmax(np.array([0, math.log(3)])) == pytest.approx([0.25, 0.75])
    assert softmax(np.array([[1000.0, 1000.0], [-1000.0, 0.0]])) == pytest.approx(np.array([[0.5, 0.5], [0, 1]]))


def test_expected_age() -> None:
    assert expected_age(0.25 * certain(20, 100) + 0.75 * certain(40, 0)) == pytest.approx([35, 25])
    assert expected_age(np.full((1, 101), 1 / 101)) == pytest.approx([50])


def test_mean_absolute_error() -> None:
    assert mean_absolute_error(np.array([30.0, 40.0, 50.0]), np.array([33.0, 40.0, 41.0])) == pytest.approx(4)


def test_chalearn_error_of_an_example() -> None:
    mean, std = np.array([30.0, 30.0]), np.array([4.0, 4.0])
    assert chalearn_error(mean, mean, std) == 0
    # One standard deviation off: 1 - exp(-1/2); two: 1 - exp(-2).
    off = chalearn_error(np.array([34.0, 22.0]), mean, std)
    assert off == pytest.approx((2 - math.exp(-0.5) - math.exp(-2)) / 2)
    assert chalearn_error(np.array([100.0, 100.0]), mean, std) == pytest.approx(1)


def test_the_likeliest_range_has_the_most_probability_not_the_highest_peak() -> None:
    spread = 0.4 * certain(5)[0] + 0.3 * certain(21)[0] + 0.3 * certain(28)[0]
    ends = [age for bounds in FAIRFACE_RANGES for age in bounds]
    assert likeliest_range(spread[None]).tolist() == [3]
    assert likeliest_range(certain(*ends)).tolist() == [index for index in range(9) for _ in range(2)]


def test_figures_of_known_ages() -> None:
    targets = np.array([[30, 30, 1], [40, 40, 0], [50, 50, 1], [60, 60, 0]], np.float64)
    figures = set_figures(certain(32, 40, 44, 61), np.array([0.9, 0.2, 0.4, 0.7]), targets)
    assert figures.count == 4
    assert figures.mae == pytest.approx((2 + 0 + 6 + 1) / 4)
    assert figures.bias == pytest.approx((2 + 0 - 6 + 1) / 4)
    assert (figures.range_exact, figures.range_one_off) == (None, None)
    assert figures.gender == pytest.approx(0.5)


def test_figures_of_ranges() -> None:
    targets = np.array([[20, 29, 1], [30, 39, 1], [70, 100, 0], [0, 2, 0]], np.float64)
    figures = set_figures(certain(25, 45, 20, 2), np.array([0.9, 0.9, 0.1, 0.1]), targets)
    assert figures.mae is None
    assert figures.bias == pytest.approx((0 + 6 - 50 + 0) / 4)  # from the nearer end
    assert figures.range_exact == pytest.approx(2 / 4)
    assert figures.range_one_off == pytest.approx(3 / 4)
    assert figures.gender == 1


def test_figures_of_a_set_with_ages_and_ranges_use_each_label_as_given() -> None:
    targets = np.array([[30, 30, 1], [20, 29, 1]], np.float64)
    figures = set_figures(certain(33, 40), np.array([0.9, 0.9]), targets)
    assert figures.mae == pytest.approx(3)
    assert (figures.range_exact, figures.range_one_off) == (0, 0)


def test_figures_are_separate_for_each_set() -> None:
    logits = np.full((3, 103), -50.0)
    for row, (age, gender) in enumerate([(20, 0), (30, 1), (50, 1)]):
        logits[row, [age, 101 + gender]] = 50
    targets = np.array([[20, 20, 1], [35, 35, 1], [52, 52, 0]], np.float64)
    figures = by_set(logits, targets, np.array(["a", "b", "a"]))
    assert sorted(figures) == ["a", "b"]
    assert (figures["a"].count, figures["a"].gender) == (2, 1)
    assert figures["a"].mae == pytest.approx(1)
    assert (figures["b"].count, figures["b"].gender) == (1, 0)
    assert figures["b"].mae == pytest.approx(5)


def test_cumulative_score_counts_both_ends() -> None:
    assert cumulative_score(np.array([0.0, -5.0, 5.0, 5.1, -9.0])) == pytest.approx(3 / 5)


def test_chalearn_error_where_all_raters_agree() -> None:
    assert chalearn_error(np.array([30.0, 31.0]), np.array([30.0, 30.0]), np.zeros(2)) == pytest.approx(1 / 2)


def test_bootstrap_interval_is_that_of_the_mean() -> None:
    values = np.random.default_rng(5).normal(10, 3, 400)
    low, high = bootstrap_interval(values)
    reach = 1.96 * values.std() / math.sqrt(400)
    assert low == pytest.approx(values.mean() - reach, abs=0.05)
    assert high == pytest.approx(values.mean() + reach, abs=0.05)
    assert bootstrap_interval(values) == (low, high)
    assert bootstrap_interval(values, seed=2) != (low, high)
    assert bootstrap_interval(np.array([4.0])) == (4, 4)


def test_bootstrap_in_several_blocks_draws_the_same_number() -> None:
    # 9,000 values are drawn in five blocks; for values 0 and 1 the interval is that of a share.
    values = (np.arange(9000) % 4 == 0).astype(float)
    low, high = bootstrap_interval(values)
    reach = 1.96 * math.sqrt(0.25 * 0.75 / 9000)
    assert (low, high) == (pytest.approx(0.25 - reach, abs=0.0015), pytest.approx(0.25 + reach, abs=0.0015))


def test_ranges_of_a_set() -> None:
    def ranges(*pairs: tuple[int, int]) -> object:
        return ranges_of(*np.array(pairs).T)

    assert ranges((30, 39), (70, 100), (25, 25)) == FAIRFACE_RANGES
    assert ranges((25, 32), (4, 6), (25, 32), (60, 100)) == ((4, 6), (25, 32), (60, 100))
    assert ranges((20, 30), (30, 40)) is None
    assert ranges((20, 20)) == FAIRFACE_RANGES


def test_distance_in_ranges_of_another_set() -> None:
    ranges = ((4, 6), (25, 32), (60, 100))
    distance = range_distance(certain(5, 5, 28, 99), np.array([4, 60, 60, 60]), ranges)
    assert distance.tolist() == [0, 2, 1, 0]
    # Probability between two ranges does not count, only the mass inside them.
    spread = 0.6 * certain(10)[0] + 0.1 * certain(6)[0] + 0.3 * certain(25)[0]
    assert range_distance(spread[None], np.array([25]), ranges).tolist() == [0]


def test_the_ends_of_an_interval_are_rounded_to_years() -> None:
    low, high = np.array([29.5, 29.49, 20.0, 20.0]), np.array([35.0, 35.0, 28.49, 28.5])
    assert covered(low, high, np.full(4, 29), np.full(4, 29)).tolist() == [False, True, False, True]
    # One common year is enough to overlap a range.
    assert covered(np.array([29.5]), np.array([35.0]), np.array([20]), np.array([30])).tolist() == [True]
    assert covered(np.array([29.5]), np.array([35.0]), np.array([36]), np.array([40])).tolist() == [False]


def test_share_of_single_estimates_in_an_interval() -> None:
    # The interval shown as 26 to 34 spans 25.5 to 34.5: one standard deviation of 4.5 years on either side of the mean.
    share = covered_estimates(np.array([26.2, 26.2]), np.array([33.8, 33.8]), np.array([30.0, 30]), np.array([4.5, 0]))
    assert share == pytest.approx([math.erf(1 / math.sqrt(2)), 1])


def test_gender_figures() -> None:
    female = np.array([True, True, True, False, False])
    figures = gender_figures(np.array([0.9, 0.5, 0.2, 0.6, 0.1]), female)
    assert figures.confusion == {"female": {"female": 2, "male": 1}, "male": {"female": 1, "male": 1}}
    assert figures.accuracy == pytest.approx(3 / 5)
    assert figures.precision == {"female": pytest.approx(2 / 3), "male": pytest.approx(1 / 2)}
    assert figures.recall == {"female": pytest.approx(2 / 3), "male": pytest.approx(1 / 2)}


def test_gender_figures_without_faces_of_one_gender_are_none() -> None:
    figures = gender_figures(np.array([0.9, 0.8]), np.array([True, True]))
    assert figures.precision == {"female": 1, "male": None}
    assert figures.recall == {"female": 1, "male": None}


def test_reliability_and_calibration_error() -> None:
    probability = np.array([0.5, 0.52, 0.93, 0.91, 0.92, 1.0])
    right = np.array([True, False, True, True, False, True])
    bins = reliability(probability, right)
    assert [(of.faces, of.said, of.right) for of in bins] == [
        (2, pytest.approx(0.51), pytest.approx(0.5)),
        (3, pytest.approx(0.92), pytest.approx(2 / 3)),
        (1, 1, 1),
    ]
    error = (2 * 0.01 + 3 * (0.92 - 2 / 3) + 0) / 6
    assert expected_calibration_error(bins) == pytest.approx(error)


def test_calibration_error_by_chance_is_that_of_exact_probabilities() -> None:
    # One face with a probability of 0.8: in four of five cases it is correct and the error 0.2, otherwise 0.8.
    assert calibration_error_by_chance(np.array([0.8]), draws=20_000) == pytest.approx(0.32, abs=0.01)
    random = np.random.default_rng(0)
    probability = random.uniform(0.5, 1, 5000)
    true = [reliability(probability, random.random(5000) < probability) for _ in range(20)]
    by_chance = calibration_error_by_chance(probability)
    assert np.mean([expected_calibration_error(bins) for bins in true]) == pytest.approx(by_chance, rel=0.15)
    assert by_chance < 0.03


def test_risk_coverage_takes_the_most_certain_first() -> None:
    curve = risk_coverage(np.array([6.0, 1.0, 2.0]), np.array([0.9, 0.1, 0.5]))
    assert curve == pytest.approx([1, 1.5, 3])
    assert curve.mean() == pytest.approx(5.5 / 3)
