"""Data types used throughout AgeCam, from the source to the window and the results file.

Conventions: images are `(H, W, 3) uint8` in BGR order, as in OpenCV; boxes are `(x, y, width, height)` and points
`(x, y)`, in pixels of the source frame, x to the right and y down; times are seconds from the start of the source.
"""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any, Literal, Protocol, TypeVar, cast

import numpy as np
import numpy.typing as npt

from agecam.errors import AgeCamError

Image = npt.NDArray[np.uint8]
"""`(H, W, 3) uint8`, BGR."""

FloatArray = npt.NDArray[np.float32]

Derived = TypeVar("Derived")

Box = tuple[float, float, float, float]
"""`(x, y, width, height)` in pixels."""

Gender = Literal["female", "male", "unsure"]

AGE_CLASSES = 101
"""Ages 0 to 100, one class per year."""

GENDER_CLASSES = ("female", "male")

OUTPUTS = AGE_CLASSES + len(GENDER_CLASSES)
"""Number of network outputs: the age logits, then the gender logits."""

OUTSIDE_GREY = 127.0
"""Grey value of the parts of a face crop that lie outside the frame."""


MIN_FACE_PX, MAX_FACE_PX = 12, 10_000
"""Limits of the smallest face that can be asked for, in pixels: MTCNN sees nothing below the first."""

Alignment = Literal["five-landmarks", "box"]
"""What defines the crop of a face: its landmarks, rotated upright, or the detector's box, not rotated."""

Border = Literal["grey", "replicated"]
"""What a crop contains outside the frame: `OUTSIDE_GREY`, or the nearest pixels of the frame."""


@dataclass(frozen=True, slots=True)
class CropSpec:
    """How a face is cropped from a frame; part of the model card."""

    size_px: int
    """Side of the network's input square."""
    margin: float
    """Margin on every side of the square, as a fraction of its side; of a squeezed box, left and right as a fraction of
    its width, above and below of its height."""
    alignment: Alignment = "five-landmarks"
    interpolation: Literal["bilinear-2x"] = "bilinear-2x"
    """Bilinear sampling at twice the resolution (large faces from a reduced frame), then bilinear reduction."""
    squeezed: bool = False
    """Whether a box is resized to a square without keeping its proportions; otherwise the square around it is cut."""
    border: Border = "grey"
    once: bool = False
    """Whether each face is estimated once also in photographs, never a second time mirrored."""

    def widened(self, border_px: int) -> "CropSpec":
        """The same crop at the same resolution with `border_px` more on every side.

        Its centre is identical to this crop, pixel for pixel.
        """
        side = 1 + 2 * self.margin
        size_px = self.size_px + 2 * border_px
        return replace(self, size_px=size_px, margin=(side * size_px / self.size_px - 1) / 2)


class LargeImage(Protocol):
    """A large picture that is converted only when it is needed, once at each size. Thread-safe."""

    size: tuple[int, int]
    """Width and height in pixels; both are even."""

    def whole(self) -> Image:
        """The picture in full size."""

    def halved(self, times: int = 1) -> Image:
        """The picture at half its width and height, or at a quarter, and so on."""


@dataclass(frozen=True, slots=True, eq=False)
class Frame:
    """One picture of a source, with its position in the source."""

    image: Image | LargeImage
    """The picture; use `image_bgr` and `size`."""
    index: int
    """Counts the frames that the source delivered, from 0."""
    time_s: float
    """Seconds since the first frame: the time stamp in a file, the clock of a live source."""
    source: str
    """Name of the source as shown to the user; never contains a path with secrets or a password."""
    still: bool = False
    """A single picture rather than part of a sequence: its results depend on this picture alone."""
    duration_s: float | None = None
    """How long it is displayed, as far as the source tells; None if unknown."""
    remarks: tuple[AgeCamError, ...] = ()
    """What the user should know about this picture although it can be read, as that its file ends early."""
    _derived: dict[Any, Any] = field(default_factory=dict, init=False, repr=False)

    @property
    def image_bgr(self) -> Image:
        """The picture in full size."""
        return whole(self.image)

    @property
    def size(self) -> tuple[int, int]:
        """Width and height in pixels."""
        return size_of(self.image)

    def derived(self, make: Callable[["Frame"], Derived]) -> Derived:
        """What a function makes of the frame, computed once for all who ask for it, on any thread."""
        if make not in self._derived:
            self._derived[make] = make(self)
        return cast(Derived, self._derived[make])


def whole(image: Image | LargeImage) -> Image:
    """A picture in full size."""
    return image if isinstance(image, np.ndarray) else image.whole()


def size_of(image: Image | LargeImage) -> tuple[int, int]:
    """Width and height of a picture in pixels."""
    return (image.shape[1], image.shape[0]) if isinstance(image, np.ndarray) else image.size


@dataclass(frozen=True, slots=True, eq=False)
class Detection:
    """One face found in a frame."""

    box: Box
    score: float
    """Probability that this is a face, 0 to 1."""
    landmarks: FloatArray
    """`(5, 2)` pixels: left eye, right eye, nose, left and right corner of the mouth, where 'left' is
    the viewer's left."""
    turned_degrees: int = 0
    """By how many degrees clockwise the frame was turned to find the face: 0, 90, 180 or 270. Box and landmarks are
    those in the frame as it is."""

    def scaled(self, factor: float) -> "Detection":
        """The same face in a picture that is `factor` times as wide and high."""
        x, y, width, height = (factor * side for side in self.box)
        return replace(self, box=(x, y, width, height), landmarks=self.landmarks * np.float32(factor))


@dataclass(frozen=True, slots=True, eq=False)
class Attributes:
    """The networks' estimates for one face."""

    age: float
    """Apparent age in years: the expectation over the 101 ages."""
    age_low: float
    age_high: float
    """`age_low..age_high` is the calibrated 80 % interval, in years."""
    gender: Gender
    gender_probability: float
    """Probability of the more likely gender, 0.5 to 1, even if `gender` is 'unsure'."""
    female_probability: float
    age_distribution: FloatArray
    """`(101,)`, sums to 1: the probability of each age from 0 to 100."""


@dataclass(frozen=True, slots=True, eq=False)
class Face:
    """A face with its attributes: what `Analyzer` returns, and one entry of a results line."""

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
    """Track ID of the person in this source, from 1; None for single pictures."""
    confirmed: bool = True
    """Whether this is certain enough to be shown as a person and written to results. In videos, detections of a new
    face must agree first. A face that is not confirmed is blurred like any other."""

    @classmethod
    def of(
        cls, detection: Detection, attributes: Attributes, track: int | None = None, confirmed: bool = True
    ) -> "Face":
        """Combine a detection with its estimated attributes."""
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
            confirmed=confirmed,
        )

    def as_dict(self) -> dict[str, Any]:
        """Entry of a results line: pixels and years rounded to one decimal, probabilities to three."""
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
    """All results for one frame. `faces` is empty if there are none; a failure raises an exception instead."""

    source: str
    frame: int
    time_s: float
    width: int
    height: int
    faces: tuple[Face, ...]
    """Including those that are not confirmed, which are not written to results."""
    model: str = ""
    """Name of the model that made the estimates."""
    complete: bool = True
    """Whether all faces were looked for in this very frame, down to the smallest that was asked for; False if some were
    only propagated from earlier frames. Not written to results."""
    remarks: tuple[AgeCamError, ...] = ()
    """What the user should know about the frame or its faces, to be shown once. Not written to results."""

    @property
    def people(self) -> tuple[Face, ...]:
        """The confirmed faces."""
        return tuple(face for face in self.faces if face.confirmed)

    def as_dict(self) -> dict[str, Any]:
        """One line of the JSON lines file."""
        return {
            "source": self.source,
            "frame": self.frame,
            "time_s": round(self.time_s, 3),
            "width": self.width,
            "height": self.height,
            "model": self.model,
            "faces": [face.as_dict() for face in self.people],
        }


@dataclass(frozen=True, slots=True)
class CameraMode:
    """Requested camera mode; the camera uses the nearest one it supports."""

    width: int
    height: int
    fps: int = 0
    """Frames per second; 0 for the camera's default."""
