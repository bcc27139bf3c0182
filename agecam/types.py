"""The values that travel through AgeCam, from the source to the window and the results file.

Conventions, everywhere: images are `(H, W, 3) uint8` in BGR order, as OpenCV gives them; boxes are
`(x, y, width, height)` and points `(x, y)`, in pixels of the source frame, x to the right and y down;
times are seconds from the start of the source.
"""

from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

Image = npt.NDArray[np.uint8]
"""`(H, W, 3) uint8`, BGR."""

FloatArray = npt.NDArray[np.float32]

Box = tuple[float, float, float, float]
"""`(x, y, width, height)` in pixels."""

Gender = Literal["female", "male", "unsure"]

AGE_CLASSES = 101
"""Ages 0 to 100, one class a year."""

GENDER_CLASSES = ("female", "male")

OUTPUTS = AGE_CLASSES + len(GENDER_CLASSES)
"""Of a network: the logits of the ages, then those of the genders."""

OUTSIDE_GREY = 127.0
"""What the crop of a face shows where it reaches past the frame."""


Alignment = Literal["five-landmarks", "box"]
"""What settles the square that a face is cut out by: its landmarks, turned upright, or the detector's box as it is."""


@dataclass(frozen=True, slots=True)
class CropSpec:
    """How a face is cut out of a frame; part of the weights' card."""

    size_px: int
    """Side of the square the network takes."""
    margin: float
    """Room around the square on every side, as a fraction of its side."""
    alignment: Alignment = "five-landmarks"
    interpolation: Literal["bilinear-2x"] = "bilinear-2x"
    """Sampled bilinearly at twice the resolution, large faces from a halved frame, then bilinearly down."""

    def widened(self, border_px: int) -> "CropSpec":
        """The same crop at the same resolution with `border_px` more on every side: its centre is, pixel
        for pixel, what this specification cuts."""
        side = 1 + 2 * self.margin
        size_px = self.size_px + 2 * border_px
        return CropSpec(size_px, (side * size_px / self.size_px - 1) / 2, self.alignment, self.interpolation)


@dataclass(frozen=True, slots=True, eq=False)
class Frame:
    """One picture of a source, with its place in it."""

    image_bgr: Image
    index: int
    """Counts from 0 over the frames the source delivered."""
    time_s: float
    """Seconds since the first frame; a file's own time stamp, a live source's clock."""
    source: str
    """Name a person knows the source by; never a path with secrets, never a password."""
    still: bool = False
    """A picture by itself, not one of many that follow each other: what is said of it rests on it alone."""


@dataclass(frozen=True, slots=True, eq=False)
class Detection:
    """One face found in a frame."""

    box: Box
    score: float
    """Probability that this is a face, 0 to 1."""
    landmarks: FloatArray
    """`(5, 2)` pixels: left eye, right eye, nose, left and right corner of the mouth, where 'left' is
    the viewer's left."""


@dataclass(frozen=True, slots=True, eq=False)
class Attributes:
    """What the networks say of one face."""

    age: float
    """Apparent age in years: the expectation over the 101 ages."""
    age_low: float
    age_high: float
    """`age_low..age_high` is the calibrated 80 % interval, in years."""
    gender: Gender
    gender_probability: float
    """Probability of the more likely gender, 0.5 to 1 (also where `gender` says 'unsure')."""
    female_probability: float
    age_distribution: FloatArray
    """`(101,)`, sums to 1: the probability of each age from 0 to 100."""


@dataclass(frozen=True, slots=True, eq=False)
class Face:
    """A face with its attributes: what a program gets, and one entry of a results line."""

    box: Box
    score: float
    landmarks: FloatArray
    age: float
    age_low: float
    age_high: float
    gender: Gender
    gender_probability: float
    female_probability: float
    age_distribution: FloatArray
    track: int | None = None
    """The person's number within this source, from 1; None for single pictures."""

    @classmethod
    def of(cls, detection: Detection, attributes: Attributes, track: int | None = None) -> "Face":
        """The face of a detection and what the networks say of it."""
        return cls(
            box=detection.box,
            score=detection.score,
            landmarks=detection.landmarks,
            age=attributes.age,
            age_low=attributes.age_low,
            age_high=attributes.age_high,
            gender=attributes.gender,
            gender_probability=attributes.gender_probability,
            female_probability=attributes.female_probability,
            age_distribution=attributes.age_distribution,
            track=track,
        )

    def as_dict(self) -> dict[str, Any]:
        """The face as the results line has it: pixels and years to one decimal, probabilities to three."""
        return {
            "track": self.track,
            "box": [round(float(v), 1) for v in self.box],
            "score": round(float(self.score), 3),
            "landmarks": [[round(float(x), 1), round(float(y), 1)] for x, y in self.landmarks],
            "age": round(float(self.age), 1),
            "age_low": round(float(self.age_low), 1),
            "age_high": round(float(self.age_high), 1),
            "gender": self.gender,
            "gender_probability": round(float(self.gender_probability), 3),
        }


@dataclass(frozen=True, slots=True, eq=False)
class FrameResult:
    """Everything AgeCam says about one frame. No faces is an empty tuple; a failure is an exception."""

    source: str
    frame: int
    time_s: float
    width: int
    height: int
    faces: tuple[Face, ...]

    def as_dict(self) -> dict[str, Any]:
        """One line of the JSON lines file."""
        return {
            "source": self.source,
            "frame": self.frame,
            "time_s": round(self.time_s, 3),
            "width": self.width,
            "height": self.height,
            "faces": [face.as_dict() for face in self.faces],
        }
