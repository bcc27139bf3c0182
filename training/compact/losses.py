"""The loss functions. Pure Keras, so they run on every backend.

Targets are `(N, 3)`: age_min, age_max (years, inclusive; equal where the age is known) and female (1 or 0). For
pictures blended by mixup they are `(N, 7)`: the targets of the first face, those of the second, and the share of the
first. Outputs are the networks' `(N, 103)` logits.
"""

from typing import Any

import keras
from keras import ops

from agecam.types import AGE_CLASSES

AGES = list(range(AGE_CLASSES))


class FaceLoss(keras.losses.Loss):
    """Label distribution and expectation for known ages, probability mass for age ranges, cross-entropy for gender.

    A known age is a Gaussian over the 101 classes (Gao et al. 2017), so that a near miss costs less than a far one; for
    a known range only the probability inside it counts. A further term is the distance, in years, of the expectation
    (the age that the program shows) from the age or range.
    """

    def __init__(
        self,
        spread_years: float = 2.0,
        expectation: float = 0.1,
        gender: float = 1.0,
        gender_smoothing: float = 0.02,
        **kwargs: Any,
    ) -> None:
        """
        Args:
            spread_years: standard deviation of the label distribution of a known age.
            expectation: weight of the error of the expectation, per year.
            gender: weight of the cross-entropy of gender.
            gender_smoothing: label smoothing of the gender: the probability of the other gender.
        """
        super().__init__(**kwargs)
        self.spread_years = spread_years
        self.expectation = expectation
        self.gender = gender
        self.gender_smoothing = gender_smoothing

    def call(self, y_true: Any, y_pred: Any) -> Any:
        if y_true.shape[1] == 3:
            return self._loss(y_true, y_pred)
        share = y_true[:, 6]
        return share * self._loss(y_true[:, 0:3], y_pred) + (1 - share) * self._loss(y_true[:, 3:6], y_pred)

    def _loss(self, y_true: Any, y_pred: Any) -> Any:
        low, high, female = y_true[:, 0:1], y_true[:, 1:2], y_true[:, 2]
        age_logits, gender_logits = y_pred[:, :AGE_CLASSES], y_pred[:, AGE_CLASSES:]
        ages = ops.cast(ops.array(AGES), y_pred.dtype)[None]
        log_p = ops.log_softmax(age_logits)

        known = ops.exp(-0.5 * ((ages - low) / self.spread_years) ** 2)
        known = known / ops.sum(known, axis=-1, keepdims=True)
        known_age_loss = -ops.sum(known * log_p, axis=-1)
        inside = ops.logical_and(ages >= low, ages <= high)
        range_loss = -ops.logsumexp(ops.where(inside, log_p, -1e9), axis=-1)
        age_loss = ops.where(ops.equal(low, high)[:, 0], known_age_loss, range_loss)

        expected = ops.sum(ops.exp(log_p) * ages, axis=-1)
        off_years = ops.relu(low[:, 0] - expected) + ops.relu(expected - high[:, 0])

        target = female * (1 - 2 * self.gender_smoothing) + self.gender_smoothing
        log_g = ops.log_softmax(gender_logits)
        gender_loss = -(target * log_g[:, 0] + (1 - target) * log_g[:, 1])
        return age_loss + self.expectation * off_years + self.gender * gender_loss


class DistributionLoss(keras.losses.Loss):
    """Cross-entropy against distributions: `(N, 103)` probabilities of the 101 ages and of female and male.

    As in `FaceLoss`, a further term is the distance in years of the expectations.
    """

    def __init__(self, expectation: float = 0.1, gender: float = 1.0, **kwargs: Any) -> None:
        """
        Args:
            expectation: weight of the error of the expectation, per year.
            gender: weight of the cross-entropy of gender.
        """
        super().__init__(**kwargs)
        self.expectation = expectation
        self.gender = gender

    def call(self, y_true: Any, y_pred: Any) -> Any:
        ages = ops.cast(ops.array(AGES), y_pred.dtype)[None]
        log_p, log_g = ops.log_softmax(y_pred[:, :AGE_CLASSES]), ops.log_softmax(y_pred[:, AGE_CLASSES:])
        age_loss = -ops.sum(y_true[:, :AGE_CLASSES] * log_p, axis=-1)
        gender_loss = -ops.sum(y_true[:, AGE_CLASSES:] * log_g, axis=-1)
        off_years = ops.abs(ops.sum((ops.exp(log_p) - y_true[:, :AGE_CLASSES]) * ages, axis=-1))
        return age_loss + self.expectation * off_years + self.gender * gender_loss


class DistilledLoss(keras.losses.Loss):
    """The loss against the targets, and knowledge distillation from a teacher network on the same augmented picture.

    Outputs are `(N, 206)`: the student's logits, then the teacher's.
    """

    def __init__(self, labels: FaceLoss | DistributionLoss, teacher_share: float = 0.5, **kwargs: Any) -> None:
        """
        Args:
            labels: loss against the targets, with `reduction=None`; its weights apply to the distillation too.
            teacher_share: weight of the distillation, 0 to 1; the targets have the rest.
        """
        super().__init__(**kwargs)
        self.teacher_share = teacher_share
        self.labels = labels

    def call(self, y_true: Any, y_pred: Any) -> Any:
        outputs = AGE_CLASSES + 2
        student, teacher = y_pred[:, :outputs], ops.stop_gradient(y_pred[:, outputs:])
        ages = ops.cast(ops.array(AGES), y_pred.dtype)[None]
        distillation = 0.0
        for part, weight in ((slice(0, AGE_CLASSES), 1.0), (slice(AGE_CLASSES, outputs), self.labels.gender)):
            teacher_p = ops.softmax(teacher[:, part])
            distillation -= weight * ops.sum(teacher_p * ops.log_softmax(student[:, part]), axis=-1)
        years = ops.sum((ops.softmax(student[:, :AGE_CLASSES]) - ops.softmax(teacher[:, :AGE_CLASSES])) * ages, axis=-1)
        distillation += self.labels.expectation * ops.abs(years)
        return (1 - self.teacher_share) * self.labels.call(y_true, student) + self.teacher_share * distillation
