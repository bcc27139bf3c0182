"""What all frames say of one person together, so that the label stands still until the evidence moves it."""

import math
from collections.abc import Container, Sequence
from dataclasses import replace

import cv2
import numpy as np

from agecam.models.card import Calibration
from agecam.types import AGE_CLASSES, Attributes, Detection, FloatArray, Frame, Gender, Image
from agecam.vision.decoding import attributes_of

MEMORY_S = 8.0
"""What was seen so long ago counts a third of what is seen now."""
_SETTLED = 3.0
"""Weight of a few good frames: from here on the label hardly moves."""
_FULL_SIZE_PX = 100.0
"""Width of a face from which a larger one says no more."""
_TURNED = 0.4
"""How far the nose may lie from the middle between the eyes, in their distance, before a face says much less."""
_SOFT = 0.25
"""Detail in proportion to contrast under which a face is out of focus or in motion."""
_LEAST_ODDS = 1e-4
_PATCH_PX = 40


class Evidence:
    """Of one person: the weighted mean of the distributions over the 101 ages, and of the gender's log odds."""

    def __init__(self) -> None:
        self._weight = 0.0
        self._usual = 0.0
        self._ages: FloatArray = np.zeros(AGE_CLASSES, np.float32)
        self._log_odds = 0.0
        self._last_s = 0.0
        self._gender: Gender = "unsure"

    def urgency(self, weight: float, time_s: float) -> float:
        """How much another frame would tell, if it has this weight: more after a longer while, of somebody of whom
        little is known, and in a better view than usual."""
        waited = max(time_s - self._last_s, 0.0) + 1e-3
        doubt = 1 + 3 * max(0.0, 1 - self._weight / _SETTLED)
        return waited * doubt * weight / max(self._usual, 1e-3)

    def add(self, seen: Attributes, weight: float, time_s: float) -> None:
        """One more frame, at a time, with the weight of `quality_of`."""
        kept = math.exp(-max(0.0, time_s - self._last_s) / MEMORY_S)
        female = min(max(seen.female_probability, _LEAST_ODDS), 1 - _LEAST_ODDS)
        self._ages = np.asarray(kept * self._ages + weight * seen.age_distribution, np.float32)
        self._log_odds = kept * self._log_odds + weight * math.log(female / (1 - female))
        self._weight = kept * self._weight + weight
        self._usual = 0.9 * self._usual + 0.1 * weight if self._usual else weight
        self._last_s = time_s

    def told(self, calibration: Calibration) -> Attributes:
        """What to say of this person now. A gender once said stays until its probability is well below what it took."""
        female = 1 / (1 + math.exp(-self._log_odds / self._weight))
        now = attributes_of(np.asarray(self._ages / self._ages.sum(), np.float32), female, calibration)
        if now.gender == "unsure" and self._gender != "unsure":
            probability = female if self._gender == "female" else 1 - female
            if probability >= (0.5 + calibration.unsure_below) / 2:
                now = replace(now, gender=self._gender)
        self._gender = now.gender
        return now


class Fusion:
    """The evidence of everybody in view, by number."""

    def __init__(self, calibration: Calibration) -> None:
        self._calibration = calibration
        self._evidence: dict[int, Evidence] = {}

    def forget_all_but(self, numbers: Container[int]) -> None:
        """Those who have left do not come back under their number."""
        self._evidence = {number: kept for number, kept in self._evidence.items() if number in numbers}

    def most_urgent(self, numbers: Sequence[int], faces: Sequence[Detection], frame: Frame, count: int) -> list[int]:
        """Places of those of whom another look tells most, at most `count`, but everybody who was never looked at."""
        if count >= len(numbers):
            return list(range(len(numbers)))
        urgencies = [
            self._evidence[number].urgency(quality_of(face, frame.image_bgr), frame.time_s)
            if number in self._evidence
            else math.inf
            for number, face in zip(numbers, faces, strict=True)
        ]
        order = sorted(range(len(numbers)), key=lambda place: -urgencies[place])
        return sorted(order[: max(count, sum(map(math.isinf, urgencies)))])

    def add(self, numbers: Sequence[int], faces: Sequence[Detection], seen: Sequence[Attributes], frame: Frame) -> None:
        """What the estimator says of some of them."""
        for number, face, attributes in zip(numbers, faces, seen, strict=True):
            evidence = self._evidence.setdefault(number, Evidence())
            evidence.add(attributes, quality_of(face, frame.image_bgr), frame.time_s)

    def told(self, numbers: Sequence[int]) -> list[Attributes]:
        """What all frames until now say of each."""
        return [self._evidence[number].told(self._calibration) for number in numbers]


def quality_of(face: Detection, image_bgr: Image) -> float:
    """How much a frame can say of a face, 0 to 1: by its size, pose, sharpness, and how surely it was found."""
    size = min(1.0, face.box[2] / _FULL_SIZE_PX)
    left, right, nose = (face.landmarks[place].astype(np.float64) for place in range(3))
    apart = right - left
    aside = abs(float((nose - (left + right) / 2) @ apart)) / max(float(apart @ apart), 1e-6)
    frontal = math.exp(-((aside / _TURNED) ** 2))
    return max(0.01, size * frontal * _sharpness(face, image_bgr) * face.score**4)


def _sharpness(face: Detection, image_bgr: Image) -> float:
    x, y, width, height = (round(value) for value in face.box)
    patch = image_bgr[max(y, 0) : max(y + height, 0), max(x, 0) : max(x + width, 0)]
    if not patch.size:
        return 0.5
    small = cv2.resize(patch, (_PATCH_PX, _PATCH_PX), interpolation=cv2.INTER_AREA)
    grey = cv2.cvtColor(small, cv2.COLOR_BGR2GRAY).astype(np.float32)
    detail = float(cv2.Laplacian(grey, cv2.CV_32F).std()) / (float(grey.std()) + 4.0)
    return detail / (detail + _SOFT)
