"""What all frames say of one person together, so that the label stands still until the evidence moves it."""

import math
from dataclasses import replace

import cv2
import numpy as np

from agecam.estimator import attributes_of
from agecam.types import AGE_CLASSES, Attributes, Detection, FloatArray, Gender, Image
from agecam.weights import Calibration

MEMORY_S = 8.0
"""What was seen so long ago counts a third of what is seen now."""
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
        self._ages: FloatArray = np.zeros(AGE_CLASSES, np.float32)
        self._log_odds = 0.0
        self._last_s = 0.0
        self._gender: Gender = "unsure"

    def add(self, seen: Attributes, weight: float, time_s: float) -> None:
        """One more frame, at a time, with the weight of `quality_of`."""
        kept = math.exp(-max(0.0, time_s - self._last_s) / MEMORY_S)
        female = min(max(seen.female_probability, _LEAST_ODDS), 1 - _LEAST_ODDS)
        self._ages = np.asarray(kept * self._ages + weight * seen.age_distribution, np.float32)
        self._log_odds = kept * self._log_odds + weight * math.log(female / (1 - female))
        self._weight = kept * self._weight + weight
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
