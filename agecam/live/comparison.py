"""Which of two people looks older, computed from both age distributions."""

from dataclasses import dataclass

import numpy as np

from agecam.types import Face, FloatArray


@dataclass(frozen=True, slots=True, eq=False)
class Estimate:
    """The apparent age of one person at one moment."""

    number: int
    """The number of the person, as on their box."""
    source: str
    """Name of the source."""
    time_s: float
    """Seconds since the first frame of the source."""
    is_still: bool
    """Whether the source is a still picture."""
    face: Face

    @property
    def distribution(self) -> FloatArray:
        """The probability of each age, `(101,)`; sums to 1."""
        return self.face.age_distribution


def probability_older(first: FloatArray, second: FloatArray) -> float:
    """The probability, from 0 to 1, that the first person's age is above the second's.

    The ages are taken as independent of each other. Half the probability of the same age in years counts for each.

    Args:
        first: age distribution, `(101,)`, of any positive sum.
        second: likewise.
    """
    of_first, of_second = (np.asarray(part, np.float64) / float(np.sum(part)) for part in (first, second))
    below = np.cumsum(of_second) - of_second
    return float(np.clip(of_first @ (below + of_second / 2), 0.0, 1.0))
