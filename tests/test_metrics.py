"""Figures of merit, against values worked by hand."""

import math

import numpy as np
import numpy.typing as npt
import pytest

from training.metrics import (
    FAIRFACE_RANGES,
    by_set,
    chalearn_error,
    expected_age,
    likeliest_range,
    mean_absolute_error,
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
    assert (figures.mae, figures.bias) == (None, None)
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
