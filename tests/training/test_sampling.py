import numpy as np

from training.compact.sampling import MAX_WEIGHT, MIN_WEIGHT, sample_rows, weights_by_age


def targets(*ages: tuple[int, int]) -> np.ndarray:
    return np.array([(low, high, 0) for low, high in ages], np.float32)


def test_with_power_zero_every_face_is_drawn_once() -> None:
    weights = weights_by_age(targets((1, 1), (1, 1), (50, 50)), np.array(["a"] * 3), power=0)
    assert weights.tolist() == [1, 1, 1]
    assert sorted(sample_rows(weights, np.random.default_rng(0))) == [0, 1, 2]


def test_rare_ages_are_drawn_more_often_and_frequent_ages_less() -> None:
    ages = [(26, 26)] * 400 + [(age, age) for age in range(40, 60) for _ in range(20)] + [(90, 90)] * 4
    weights = weights_by_age(targets(*ages), np.array(["a"] * len(ages)), power=0.5)
    spike, middle, rare = weights[0], weights[500], weights[-1]
    assert spike < 1 < middle < rare
    assert rare / spike <= MAX_WEIGHT / MIN_WEIGHT


def test_each_set_keeps_its_share() -> None:
    ages = [(1, 1)] * 30 + [(70, 100)] * 5 + [(3, 9)] * 45
    sets = np.array(["known"] * 30 + ["ranges"] * 50)
    weights = weights_by_age(targets(*ages), sets, power=0.5)
    assert np.isclose(weights[:30].sum(), 30)
    assert np.isclose(weights[30:].sum(), 50)
    assert weights[30] > weights[-1]


def test_women_are_drawn_as_often_as_men_in_every_set() -> None:
    rows = np.array([(age, age, age % 3 == 0) for age in range(20, 80)] * 2, np.float32)
    sets = np.array(["portraits"] * 60 + ["other"] * 60)
    weights = weights_by_age(rows, sets, power=0.3, often={"portraits": 3})
    for name, total in (("portraits", 180), ("other", 60)):
        for female in (0, 1):
            assert np.isclose(weights[(sets == name) & (rows[:, 2] == female)].sum(), total / 2)
    assert len(sample_rows(weights, np.random.default_rng(0))) == 240


def test_faces_are_drawn_in_proportion_to_their_weights() -> None:
    weights = np.array([0.5, 1.5, 2.0, 0.25, 0.75])
    random = np.random.default_rng(0)
    counts = np.mean([np.bincount(sample_rows(weights, random), minlength=5) for _ in range(4000)], axis=0)
    assert np.allclose(counts, weights, atol=0.05)
    for _ in range(50):
        once = np.bincount(sample_rows(weights, random), minlength=5)
        assert (np.abs(once - weights) < 1).all()
        assert once.sum() == 5
