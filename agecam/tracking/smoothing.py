"""Temporal smoothing: combines the estimates of a person over all frames, so that the label is steady."""

import math
from collections.abc import Collection, Container, Sequence
from dataclasses import replace

import cv2
import numpy as np

from agecam.models.card import Calibration
from agecam.types import AGE_CLASSES, Attributes, Detection, FloatArray, Frame, Gender, Image
from agecam.vision.decoding import attributes_of
from agecam.vision.pyramid import seen_in

MEMORY_S = 8.0
"""An estimate this old counts a third as much as a new one."""
_SETTLED_WEIGHT = 3.0
"""Total weight from which the label hardly moves: that of a few good frames."""
REFRESH_S = 0.2
"""How often a settled person is estimated: more estimates of nearly the same picture add little but cost as much."""
_SETTLED_ESTIMATES = 12
"""Number of estimates that settle a label even if the view is poor."""
FULL_SIZE_PX = 100.0
"""Width of a face above which size adds no information."""
_TURNED_OFFSET = 0.4
"""Offset of the nose from the middle between the eyes, in eye distances, from which a face counts much less."""
_SOFT_DETAIL = 0.25
"""Ratio of detail to contrast below which a face is out of focus or motion-blurred."""
_MIN_PROBABILITY = 1e-4
_PATCH_PX = 40


class TrackEstimate:
    """Estimate of one person: weighted means of the age distributions and of the log odds of the genders."""

    def __init__(self) -> None:
        self._weight = 0.0
        self._usual_weight = 0.0
        self._ages: FloatArray = np.zeros(AGE_CLASSES, np.float32)
        self._log_odds = 0.0
        self._last_s = 0.0
        self._gender: Gender = "unsure"

    @property
    def is_settled(self) -> bool:
        """Whether further estimates hardly change the label."""
        return self._weight > min(_SETTLED_WEIGHT, _SETTLED_ESTIMATES * self._usual_weight)

    def is_due(self, time_s: float) -> bool:
        """Whether another estimate is worth its time: the label is not settled, or the last one is a moment ago."""
        return not self.is_settled or time_s - self._last_s >= REFRESH_S - 1e-6

    def expected_gain(self, weight: float, time_s: float) -> float:
        """Expected gain from another frame of this weight.

        It is higher after a longer time, for a person with few estimates, and in a better view than usual.
        """
        waited_s = max(time_s - self._last_s, 0.0) + 1e-3
        uncertainty = 1 + 3 * max(0.0, 1 - self._weight / _SETTLED_WEIGHT)
        return waited_s * uncertainty * weight / max(self._usual_weight, 1e-3)

    def add(self, attributes: Attributes, weight: float, time_s: float) -> None:
        """Add the attributes estimated in a frame, weighted by its `face_quality`."""
        kept = math.exp(-max(0.0, time_s - self._last_s) / MEMORY_S)
        female = min(max(attributes.female_probability, _MIN_PROBABILITY), 1 - _MIN_PROBABILITY)
        self._ages = np.asarray(kept * self._ages + weight * attributes.age_distribution, np.float32)
        self._log_odds = kept * self._log_odds + weight * math.log(female / (1 - female))
        self._weight = kept * self._weight + weight
        self._usual_weight = 0.9 * self._usual_weight + 0.1 * weight if self._usual_weight else weight
        self._last_s = time_s

    def smoothed(self, calibration: Calibration) -> Attributes:
        """Attributes from all frames so far.

        A gender stays until its probability is well below the threshold, so that the label does not flicker.
        """
        female = 1 / (1 + math.exp(-self._log_odds / self._weight))
        now = attributes_of(np.asarray(self._ages / self._ages.sum(), np.float32), female, calibration)
        if now.gender == "unsure" and self._gender != "unsure":
            probability = female if self._gender == "female" else 1 - female
            if probability >= (0.5 + calibration.unsure_below) / 2:
                now = replace(now, gender=self._gender)
        self._gender = now.gender
        return now


class TemporalSmoother:
    """Smooths the attributes of all tracked people over time."""

    def __init__(self, calibration: Calibration) -> None:
        self._calibration = calibration
        self._estimates: dict[int, TrackEstimate] = {}  # by track_id

    def keep_only(self, track_ids: Container[int]) -> None:
        """Forget all other people: they have left, and their track_id is not used again."""
        self._estimates = {
            track_id: estimate for track_id, estimate in self._estimates.items() if track_id in track_ids
        }

    def are_settled(self, track_ids: Collection[int]) -> bool:
        """Whether the labels of all these people are settled."""
        return all(track_id in self._estimates and self._estimates[track_id].is_settled for track_id in track_ids)

    def most_informative(
        self, track_ids: Sequence[int], faces: Sequence[Detection], frame: Frame, count: int, only_due: bool = False
    ) -> list[int]:
        """Indices of the `count` people that another estimate helps most, or of all new ones if they are more.

        With `only_due`, those whose label is settled are left out unless `REFRESH_S` has passed.
        """
        indices = [
            index
            for index, track_id in enumerate(track_ids)
            if not only_due or track_id not in self._estimates or self._estimates[track_id].is_due(frame.time_s)
        ]
        if count >= len(indices):
            return indices
        gains = {
            index: self._estimates[track_ids[index]].expected_gain(_quality_in(frame, faces[index]), frame.time_s)
            if track_ids[index] in self._estimates
            else math.inf
            for index in indices
        }
        order = sorted(indices, key=lambda index: -gains[index])
        return sorted(order[: max(count, sum(map(math.isinf, gains.values())))])

    def add(
        self, track_ids: Sequence[int], faces: Sequence[Detection], attributes: Sequence[Attributes], frame: Frame
    ) -> None:
        """Add the attributes that the estimator gave for some faces of a frame."""
        for track_id, face, of_face in zip(track_ids, faces, attributes, strict=True):
            estimate = self._estimates.setdefault(track_id, TrackEstimate())
            estimate.add(of_face, _quality_in(frame, face), frame.time_s)

    def smoothed_attributes(self, track_ids: Sequence[int]) -> list[Attributes]:
        """Attributes of each person from all frames so far."""
        return [self._estimates[track_id].smoothed(self._calibration) for track_id in track_ids]


def face_quality(face: Detection, image_bgr: Image) -> float:
    """How informative a view of a face is, 0 to 1: from its size, pose, sharpness and detection score."""
    size = min(1.0, face.box[2] / FULL_SIZE_PX)
    left, right, nose = (face.landmarks[index].astype(np.float64) for index in range(3))
    between_eyes = right - left
    offset = abs(float((nose - (left + right) / 2) @ between_eyes)) / max(float(between_eyes @ between_eyes), 1e-6)
    frontal = math.exp(-((offset / _TURNED_OFFSET) ** 2))
    return max(0.01, size * frontal * _sharpness(face, image_bgr) * face.score**4)


def _quality_in(frame: Frame, face: Detection) -> float:
    image, scale = seen_in(frame, min(face.box[2:]), FULL_SIZE_PX)
    return face_quality(face.scaled(scale), image)


def _sharpness(face: Detection, image_bgr: Image) -> float:
    x, y, width, height = (round(value) for value in face.box)
    patch = image_bgr[max(y, 0) : max(y + height, 0), max(x, 0) : max(x + width, 0)]
    if not patch.size:
        return 0.5
    small = cv2.resize(patch, (_PATCH_PX, _PATCH_PX), interpolation=cv2.INTER_AREA)
    grey = cv2.cvtColor(small, cv2.COLOR_BGR2GRAY)
    edges, contrast = (cv2.meanStdDev(of)[1].item() for of in (cv2.Laplacian(grey, cv2.CV_32F), grey))
    detail = edges / (contrast + 4.0)
    return float(detail / (detail + _SOFT_DETAIL))
