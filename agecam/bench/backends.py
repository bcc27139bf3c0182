"""OpenVINO beside Keras on the processor: the same detector and the same estimator over both."""

from collections.abc import Iterator
from statistics import median
from typing import Any

import numpy as np

from agecam.backends import Backend
from agecam.backends.keras import KerasBackend
from agecam.backends.openvino import OpenVinoBackend, is_available
from agecam.bench.scenes import scene
from agecam.bench.steps import MIN_FACE_PX, taken_ms
from agecam.vision.detector import FaceDetector
from agecam.vision.estimator import Estimator

FACES = (1, 4, 8, 16)
WAYS = ("keras", "openvino")
_ROUNDS = 40
_WARM_UP = 12


def backend_rows() -> Iterator[dict[str, Any]]:
    """A row for each number of faces at 1280 x 720: milliseconds of both stages over both backends, and the largest
    difference of an age between them. None without OpenVINO."""
    if not is_available():
        return
    backends: dict[str, Backend] = {"keras": KerasBackend(), "openvino": OpenVinoBackend()}
    detectors = {way: FaceDetector(backends[way], MIN_FACE_PX) for way in WAYS}
    estimators = {way: Estimator.load(backend=backends[way]) for way in WAYS}
    for faces in FACES:
        frames = [frame.image_bgr for frame in scene(1280, 720, faces, _WARM_UP + _ROUNDS)]
        found = [detectors["openvino"].detect(frame) for frame in frames]
        row: dict[str, Any] = {"faces": faces}
        ages = {}
        for way in WAYS:
            detect, estimate = detectors[way].detect, estimators[way].estimate
            detected = [taken_ms(detect, frame) for frame in frames]
            estimated = [taken_ms(estimate, frame, of) for frame, of in zip(frames, found, strict=True)]
            row[f"detector_{way}_ms"] = median(detected[_WARM_UP:])
            row[f"estimator_{way}_ms"] = median(estimated[_WARM_UP:])
            ages[way] = np.array([attributes.age for attributes in estimate(frames[0], found[0])])
        row["years_apart"] = float(np.abs(ages["openvino"] - ages["keras"]).max(initial=0))
        yield row
