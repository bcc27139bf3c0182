"""Loss functions, compared with values computed in NumPy."""

from typing import Any

import keras
import numpy as np
import numpy.typing as npt
import pytest
import tensorflow as tf

from training.compact.losses import DistilledLoss, DistributionLoss, FaceLoss

Floats = npt.NDArray[np.floating[Any]]
AGES = np.arange(101)


def targets(*rows: tuple[float, ...]) -> Floats:
    return np.array(rows, np.float32)


def logits_of(distribution: Floats, female: float = 0.5) -> Floats:
    """`(103,)` logits of this age distribution and this probability of 'female'."""
    both = np.concatenate([distribution, [female, 1 - female]])
    return np.asarray(np.log(np.maximum(both, 1e-12)), np.float32)


def gaussian(mean: float, spread: float = 2.0) -> Floats:
    density = np.exp(-0.5 * ((AGES - mean) / spread) ** 2)
    return np.asarray(density / density.sum())


def one_loss(loss: keras.losses.Loss, target: tuple[float, ...], logits: Floats) -> float:
    return float(loss(targets(target), logits[None]))


def distilled(share: float, gender: float = 1.0) -> DistilledLoss:
    return DistilledLoss(FaceLoss(gender=gender, reduction=None), share)


def expected_loss(target: tuple[float, float, float], logits: Floats) -> float:
    """`FaceLoss` with its defaults, in NumPy."""
    low, high, female = target
    p = np.exp(logits[:101].astype(np.float64))
    p /= p.sum()
    g = np.exp(logits[101:].astype(np.float64))
    g /= g.sum()
    age = -(gaussian(low) * np.log(p)).sum() if low == high else -np.log(p[int(low) : int(high) + 1].sum())
    expected = (p * AGES).sum()
    off = max(low - expected, 0) + max(expected - high, 0)
    smoothed = 0.02 + 0.96 * female
    return float(age + 0.1 * off - smoothed * np.log(g[0]) - (1 - smoothed) * np.log(g[1]))


@pytest.mark.parametrize("target", [(30, 30, 1), (0, 0, 0), (100, 100, 1), (20, 29, 0), (70, 100, 1), (0, 2, 1)])
def test_the_loss_matches_its_definition(target: tuple[float, float, float]) -> None:
    random = np.random.default_rng(0)
    for _ in range(5):
        logits = random.normal(0, 2, 103).astype(np.float32)
        assert one_loss(FaceLoss(), target, logits) == pytest.approx(expected_loss(target, logits), rel=1e-4)


def test_the_loss_of_a_batch_is_the_mean_over_its_faces() -> None:
    random = np.random.default_rng(1)
    rows = [(30, 30, 1), (20, 29, 0), (70, 100, 1)]
    logits = random.normal(0, 2, (3, 103)).astype(np.float32)
    each = [one_loss(FaceLoss(), row, of) for row, of in zip(rows, logits, strict=True)]
    assert float(FaceLoss()(targets(*rows), logits)) == pytest.approx(np.mean(each), rel=1e-5)


def test_the_loss_of_a_known_age_is_lowest_for_its_gaussian() -> None:
    loss, target = FaceLoss(), (40, 40, 1)
    best = one_loss(loss, target, logits_of(gaussian(40)))
    others = [gaussian(38), gaussian(43), gaussian(40, 1.0), gaussian(40, 4.0), np.full(101, 1 / 101)]
    for other in others:
        assert one_loss(loss, target, logits_of(other)) > best + 0.01
    # Nearer misses cost less.
    misses = [one_loss(loss, target, logits_of(gaussian(40 + off, 4))) for off in (0, 3, 6, 12, 25)]
    assert misses == sorted(misses)


def test_the_distribution_inside_a_range_does_not_matter() -> None:
    loss, target = FaceLoss(), (20, 29, 1)
    inside = np.zeros((4, 101))
    inside[0, 20], inside[1, 29], inside[2, 20:30], inside[3, [21, 28]] = 1, 1, 0.1, (0.3, 0.7)
    costs = [one_loss(loss, target, logits_of(row)) for row in inside]
    assert costs == pytest.approx([costs[0]] * 4, abs=1e-3)
    # Only the gender loss remains.
    assert costs[0] == pytest.approx(-np.log(0.5), abs=1e-3)
    assert one_loss(loss, target, logits_of(np.eye(101)[35])) > costs[0] + 5


def test_the_gender_loss_falls_with_the_probability_of_the_label() -> None:
    for female in (1.0, 0.0):
        costs = [one_loss(FaceLoss(), (30, 30, female), logits_of(gaussian(30), p)) for p in (0.1, 0.4, 0.6, 0.9)]
        assert costs == sorted(costs, reverse=bool(female))


def test_gradients_are_finite_for_confident_wrong_outputs() -> None:
    rows = targets((30, 30, 1), (20, 29, 0), (0, 0, 1), (100, 100, 0), (70, 100, 1))
    for scale in (0.0, 1.0, 100.0):
        logits = tf.Variable(scale * np.random.default_rng(0).normal(size=(5, 103)).astype(np.float32))
        with tf.GradientTape() as tape:
            value = FaceLoss()(rows, logits)
        gradient = tape.gradient(value, logits).numpy()
        assert np.isfinite(gradient).all()
        assert np.abs(gradient).max() > 0


def test_gradient_descent_reaches_the_age_and_the_range() -> None:
    rows = targets((60, 60, 1), (70, 100, 0))
    logits = tf.Variable(np.tile(logits_of(gaussian(30, 8)), (2, 1)))
    for _ in range(400):
        with tf.GradientTape() as tape:
            value = FaceLoss(reduction="sum")(rows, logits)
        logits.assign_sub(0.5 * tape.gradient(value, logits))
    p = tf.nn.softmax(logits[:, :101]).numpy()
    assert p[0] @ AGES == pytest.approx(60, abs=2)
    assert p[1, 70:].sum() > 0.9


def test_a_teacher_equal_to_the_labels_gives_the_loss_of_the_labels() -> None:
    student = np.random.default_rng(0).normal(0, 1, 103).astype(np.float32)
    teacher = logits_of(gaussian(40), 0.98)
    combined = np.concatenate([student, teacher])
    # The teacher has the distribution and smoothing of the labels: both parts of the loss are equal.
    expected = one_loss(FaceLoss(), (40, 40, 1), student)
    for share in (0.0, 0.5, 1.0):
        assert one_loss(distilled(share), (40, 40, 1), combined) == pytest.approx(expected, rel=1e-3)


def test_only_the_student_gets_gradients_from_distillation() -> None:
    teacher = logits_of(gaussian(50, 5), 0.2)
    both = tf.Variable(np.concatenate([np.zeros(103, np.float32), teacher])[None])
    with tf.GradientTape() as tape:
        value = distilled(1.0)(targets((20, 20, 1)), both)
    gradient = tape.gradient(value, both).numpy()[0]
    assert (gradient[103:] == 0).all()
    assert gradient[50] < 0 < gradient[20]
    agreeing = np.concatenate([teacher, teacher])
    off = np.concatenate([logits_of(gaussian(45, 5), 0.2), teacher])
    assert one_loss(distilled(1.0), (20, 20, 1), agreeing) < one_loss(distilled(1.0), (20, 20, 1), off)


def test_the_loss_of_a_mixup_picture_weights_both_labels() -> None:
    logits = np.random.default_rng(1).normal(0, 1, 103).astype(np.float32)
    one, other = (20, 20, 1), (60, 69, 0)
    expected = 0.7 * one_loss(FaceLoss(), one, logits) + 0.3 * one_loss(FaceLoss(), other, logits)
    assert one_loss(FaceLoss(), (*one, *other, 0.7), logits) == pytest.approx(expected, rel=1e-4)


def test_the_label_weights_apply_to_the_teacher() -> None:
    off = np.concatenate([logits_of(gaussian(40), 0.5), logits_of(gaussian(40), 0.9)])
    plain, heavy = (one_loss(distilled(1.0, gender=weight), (40, 40, 1), off) for weight in (1.0, 3.0))
    assert heavy > plain + 0.5


def test_distributions_are_learned_as_they_are() -> None:
    target = np.concatenate([gaussian(40, 3), [0.8, 0.2]]).astype(np.float32)[None]
    loss = DistributionLoss(expectation=0.2, gender=1.5)
    equal = float(loss(target, logits_of(gaussian(40, 3), 0.8)[None]))
    entropy = -(target * np.log(np.maximum(target, 1e-12)))[0]
    assert equal == pytest.approx(entropy[:101].sum() + 1.5 * entropy[101:].sum(), abs=1e-3)
    older = float(loss(target, logits_of(gaussian(45, 3), 0.8)[None]))
    cross = -(target[0, :101] * np.log(np.maximum(gaussian(45, 3), 1e-12))).sum()
    assert older == pytest.approx(cross + 0.2 * 5 + 1.5 * entropy[101:].sum(), abs=0.02)
    assert float(loss(target, logits_of(gaussian(40, 3), 0.2)[None])) > equal + 0.5
