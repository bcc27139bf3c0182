"""Figures of merit, against values worked by hand."""

import math

import numpy as np
import numpy.typing as npt
import pytest

from training.metrics import (
    FAIRFACE_RANGES,
    bootstrap_interval,
    by_set,
    calibration_error_by_chance,
    chalearn_error,
    covered,
    covered_guesses,
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


def sure_of(*ages: int) -> npt.NDArray[np.float64]:
    return np.eye(101)[list(ages)]


def test_ranges_hold_every_age_once() -> None:
    assert [age for low, high in FAIRFACE_RANGES for age in range(low, high + 1)] == list(range(101))


def test_softmax_of_a_worked_example_and_of_large_logits() -> None:
    assert softmax(np.array([0, math.log(3)])) == pytest.approx([0.25, 0.75])
    assert softmax(np.array([[1000.0, 1000.0], [-1000.0, 0.0]])) == pytest.approx(np.array([[0.5, 0.5], [0, 1]]))


def test_expectation() -> None:
    assert expected_age(0.25 * sure_of(20, 100) + 0.75 * sure_of(40, 0)) == pytest.approx([35, 25])
    assert expected_age(np.full((1, 101), 1 / 101)) == pytest.approx([50])


def test_mean_absolute_error() -> None:
    assert mean_absolute_error(np.array([30.0, 40.0, 50.0]), np.array([33.0, 40.0, 41.0])) == pytest.approx(4)


def test_chalearn_error_is_one_minus_the_likeness() -> None:
    mean, std = np.array([30.0, 30.0]), np.array([4.0, 4.0])
    assert chalearn_error(mean, mean, std) == 0
    # One standard deviation off: 1 - exp(-1/2); two: 1 - exp(-2).
    off = chalearn_error(np.array([34.0, 22.0]), mean, std)
    assert off == pytest.approx((2 - math.exp(-0.5) - math.exp(-2)) / 2)
    assert chalearn_error(np.array([100.0, 100.0]), mean, std) == pytest.approx(1)


def test_the_likeliest_range_has_the_most_probability_not_the_highest_peak() -> None:
    spread = 0.4 * sure_of(5)[0] + 0.3 * sure_of(21)[0] + 0.3 * sure_of(28)[0]
    ends = [age for bounds in FAIRFACE_RANGES for age in bounds]
    assert likeliest_range(spread[None]).tolist() == [3]
    assert likeliest_range(sure_of(*ends)).tolist() == [index for index in range(9) for _ in range(2)]


def test_figures_of_known_ages() -> None:
    targets = np.array([[30, 30, 1], [40, 40, 0], [50, 50, 1], [60, 60, 0]], np.float64)
    figures = set_figures(sure_of(32, 40, 44, 61), np.array([0.9, 0.2, 0.4, 0.7]), targets)
    assert figures.count == 4
    assert figures.mae == pytest.approx((2 + 0 + 6 + 1) / 4)
    assert figures.bias == pytest.approx((2 + 0 - 6 + 1) / 4)
    assert (figures.range_exact, figures.range_one_off) == (None, None)
    assert figures.gender == pytest.approx(0.5)


def test_figures_of_ranges() -> None:
    targets = np.array([[20, 29, 1], [30, 39, 1], [70, 100, 0], [0, 2, 0]], np.float64)
    figures = set_figures(sure_of(25, 45, 20, 2), np.array([0.9, 0.9, 0.1, 0.1]), targets)
    assert figures.mae is None
    assert figures.bias == pytest.approx((0 + 6 - 50 + 0) / 4)  # from the nearer end
    assert figures.range_exact == pytest.approx(2 / 4)
    assert figures.range_one_off == pytest.approx(3 / 4)
    assert figures.gender == 1


def test_figures_of_a_mixed_set_take_each_face_for_what_is_known_of_it() -> None:
    targets = np.array([[30, 30, 1], [20, 29, 1]], np.float64)
    figures = set_figures(sure_of(33, 40), np.array([0.9, 0.9]), targets)
    assert figures.mae == pytest.approx(3)
    assert (figures.range_exact, figures.range_one_off) == (0, 0)


def test_sets_are_kept_apart() -> None:
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


def test_bootstrap_in_several_blocks_draws_as_often() -> None:
    # 9,000 values are drawn in five blocks: of values 0 and 1 the interval is that of a share.
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
    distance = range_distance(sure_of(5, 5, 28, 99), np.array([4, 60, 60, 60]), ranges)
    assert distance.tolist() == [0, 2, 1, 0]
    # Between two ranges neither has the probability: the mass inside them decides.
    spread = 0.6 * sure_of(10)[0] + 0.1 * sure_of(6)[0] + 0.3 * sure_of(25)[0]
    assert range_distance(spread[None], np.array([25]), ranges).tolist() == [0]


def test_an_interval_covers_the_years_its_ends_fall_into() -> None:
    low, high = np.array([29.5, 29.49, 20.0, 20.0]), np.array([35.0, 35.0, 28.49, 28.5])
    assert covered(low, high, np.full(4, 29), np.full(4, 29)).tolist() == [False, True, False, True]
    # A range is touched by one year of it.
    assert covered(np.array([29.5]), np.array([35.0]), np.array([20]), np.array([30])).tolist() == [True]
    assert covered(np.array([29.5]), np.array([35.0]), np.array([36]), np.array([40])).tolist() == [False]


def test_single_guesses_in_an_interval() -> None:
    # 26 to 34 as shown reaches from 25.5 to 34.5: 4.5 years either side of the mean, one standard deviation of 4.5.
    share = covered_guesses(np.array([26.2, 26.2]), np.array([33.8, 33.8]), np.array([30.0, 30]), np.array([4.5, 0]))
    assert share == pytest.approx([math.erf(1 / math.sqrt(2)), 1])


def test_gender_figures() -> None:
    female = np.array([True, True, True, False, False])
    figures = gender_figures(np.array([0.9, 0.5, 0.2, 0.6, 0.1]), female)
    assert figures.confusion == {"female": {"female": 2, "male": 1}, "male": {"female": 1, "male": 1}}
    assert figures.accuracy == pytest.approx(3 / 5)
    assert figures.precision == {"female": pytest.approx(2 / 3), "male": pytest.approx(1 / 2)}
    assert figures.recall == {"female": pytest.approx(2 / 3), "male": pytest.approx(1 / 2)}


def test_gender_figures_of_one_gender_leave_out_what_has_no_faces() -> None:
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


def test_calibration_error_by_chance_is_that_of_true_probabilities() -> None:
    # Of one face said to be 0.8: right four times in five and then 0.2 off, else 0.8.
    assert calibration_error_by_chance(np.array([0.8]), draws=20_000) == pytest.approx(0.32, abs=0.01)
    random = np.random.default_rng(0)
    probability = random.uniform(0.5, 1, 5000)
    true = [reliability(probability, random.random(5000) < probability) for _ in range(20)]
    by_chance = calibration_error_by_chance(probability)
    assert np.mean([expected_calibration_error(bins) for bins in true]) == pytest.approx(by_chance, rel=0.15)
    assert by_chance < 0.03


def test_risk_coverage_takes_the_surest_first() -> None:
    curve = risk_coverage(np.array([6.0, 1.0, 2.0]), np.array([0.9, 0.1, 0.5]))
    assert curve == pytest.approx([1, 1.5, 3])
    assert curve.mean() == pytest.approx(5.5 / 3)
