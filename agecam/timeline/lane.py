"""What is known of one person of a source: the values that `Timeline.lanes` returns."""

from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from agecam.overlay.labels import colour_of
from agecam.overlay.sprites import Colour
from agecam.types import Box, Gender, Image

GENDERS: tuple[Gender, ...] = ("female", "male", "unsure")


class Sample(NamedTuple):
    """What was estimated for a person at one time."""

    time_s: float
    age: float
    """Apparent age in years."""
    age_low: float
    age_high: float
    """`age_low..age_high` is the 80 % interval, in years."""
    gender: Gender
    gender_probability: float
    """Probability of the more likely gender, 0.5 to 1."""


class Stretch(NamedTuple):
    """A time during which a person is in view, in seconds; both ends are times of frames."""

    start_s: float
    end_s: float

    @property
    def seconds(self) -> float:
        """Its length."""
        return self.end_s - self.start_s


class Moment(NamedTuple):
    """A moment at which a face is seen clearly."""

    time_s: float
    quality: float
    """0 to 1, from the size, pose and sharpness of the face and the score of its detection."""
    box: Box
    """In pixels of the frame."""
    thumbnail_bgr: Image
    """`(64, 64, 3) uint8` BGR: the head with some margin."""


@dataclass(frozen=True, slots=True, eq=False)
class Lane:
    """One person of a source, as they were known when the lane was asked for."""

    number: int
    """From 1 in each source, in the order of appearance; the number on the label in the window."""
    stretches: tuple[Stretch, ...]
    """When the person is in view, in order; at least one."""
    times_s: npt.NDArray[np.float64]
    """`(N,)`, ascending: the times of the samples."""
    ages: npt.NDArray[np.float64]
    """`(N, 3)`: apparent age and both ends of the 80 % interval, in years."""
    genders: npt.NDArray[np.float64]
    """`(N, 2)`: index in `GENDERS`, and probability of the more likely gender."""
    clearest: Moment
    """The clearest moment."""
    blurred: bool = False
    """Whether the thumbnail is blurred."""
    age: float = field(init=False)
    """The apparent age in years: the median over the samples."""
    age_low: float = field(init=False)
    age_high: float = field(init=False)
    """The median ends of the 80 % interval, in years."""
    gender: Gender = field(init=False)
    """The most frequent one over the samples."""
    gender_probability: float = field(init=False)
    """Its mean probability, 0.5 to 1."""

    def __post_init__(self) -> None:
        age, low, high = np.median(self.ages, axis=0).tolist()
        kinds = self.genders[:, 0].astype(int)
        kind = int(np.bincount(kinds, minlength=len(GENDERS)).argmax())
        probability = float(self.genders[kinds == kind, 1].mean())
        values = {"age": age, "age_low": low, "age_high": high, "gender": GENDERS[kind]}
        for name, value in (values | {"gender_probability": probability}).items():
            object.__setattr__(self, name, value)

    @property
    def colour(self) -> Colour:
        """Blue, green and red, 0 to 255: the colour of the person's boxes and labels."""
        return colour_of(self.number)

    @property
    def first_s(self) -> float:
        """When the person is seen first."""
        return self.stretches[0].start_s

    @property
    def last_s(self) -> float:
        """When the person is seen last."""
        return self.stretches[-1].end_s

    @property
    def seconds(self) -> float:
        """For how long the person is in view altogether."""
        return sum(stretch.seconds for stretch in self.stretches)

    @property
    def samples(self) -> list[Sample]:
        """The estimates in the order of time, at most a few a second."""
        return self.samples_in(slice(None))

    def samples_in(self, rows: slice) -> list[Sample]:
        """Some of the samples."""
        known = zip(self.times_s[rows].tolist(), self.ages[rows].tolist(), self.genders[rows].tolist(), strict=True)
        return [
            Sample(time_s, age, low, high, GENDERS[int(kind)], probability)
            for time_s, (age, low, high), (kind, probability) in known
        ]

    def sample_at(self, time_s: float) -> Sample | None:
        """The sample nearest to a time within a stretch; None outside all stretches."""
        if not any(start_s <= time_s <= end_s for start_s, end_s in self.stretches):
            return None
        index = int(np.abs(self.times_s - time_s).argmin())
        return self.samples_in(slice(index, index + 1))[0]
