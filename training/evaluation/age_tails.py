"""Tails of the 80 % interval that depend on the estimated age.

With one tail for all ages, intervals are too wide for children, whose ages a network knows well, and too narrow for old
people. A quantile regression on the estimated age (Koenker and Bassett 1978), linear between a few ages, follows that.
"""

import numpy as np
from scipy.optimize import minimize

from training.evaluation.metrics import INTERVAL_SHARE, Floats

KNOTS = (5.0, 15.0, 25.0, 40.0, 55.0, 70.0)
"""Ages between which the tail is linear in its logit; below the first and above the last it is constant."""
MIN_FACES = 300
"""With fewer known ages, there is one tail for all ages."""
_MAX_TAIL = 0.45
_SMOOTH = 0.1
"""Width over which the kink of the regression's loss is rounded off, in logits."""
_PENALTY = 1e-3


def fit_age_tails(scores: Floats, ages: Floats, weights: Floats) -> Floats | None:
    """Tails at `KNOTS`, `(K,)`, that leave the same share uncovered at every estimated age; None for too few faces.

    Args:
        scores: `(N,)`: the largest tail that still covers each face (`training.evaluation.calibrate.tail_scores`).
        ages: `(N,)`: the estimated ages.
        weights: `(N,)`: weights of the faces; they sum to 1.
    """
    if len(scores) < MIN_FACES:
        return None
    values, shares = _logit(scores), hat_functions(ages)

    def loss(logits: Floats) -> float:
        missed = values - shares @ logits
        pinball = (1 - INTERVAL_SHARE) * missed + _SMOOTH * np.logaddexp(0, -missed / _SMOOTH)
        return float(weights @ pinball + _PENALTY * ((logits - logits.mean()) ** 2).sum())

    start = np.full(len(KNOTS), np.quantile(values, 1 - INTERVAL_SHARE))
    logits = minimize(loss, start, method="L-BFGS-B").x
    return _from_logit(logits + _conformal_shift(values - shares @ logits, weights))


def hat_functions(ages: Floats) -> Floats:
    """`(N, K)`: the share of each knot at each age, as in linear interpolation."""
    return np.stack([np.interp(ages, KNOTS, unit) for unit in np.eye(len(KNOTS))], axis=1)


def _conformal_shift(residuals: Floats, weights: Floats) -> float:
    """The largest shift with which the wanted share is still covered, with one more face counted as missed."""
    order = np.argsort(residuals)
    covered = np.cumsum(weights[order][::-1])[::-1]
    enough = np.flatnonzero(covered >= INTERVAL_SHARE * (1 + 1 / len(residuals)))
    # Just below the residual, so that this face itself is covered
    return float(residuals[order[enough[-1]]]) - 1e-6 if len(enough) else -10.0


def _logit(tails: Floats) -> Floats:
    clipped = np.clip(2 * tails, 0.004, 0.996)
    return np.asarray(np.log(clipped / (1 - clipped)))


def _from_logit(logits: Floats) -> Floats:
    tails = np.minimum(0.5 / (1 + np.exp(-logits)), _MAX_TAIL)
    return np.floor(tails * 1e4) / 1e4
