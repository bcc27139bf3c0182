"""Compares OpenVINO and Keras on the processor, with the same detector and estimator."""

from collections.abc import Iterator
from statistics import median
from typing import Any

import numpy as np

from agecam.backends import Backend
from agecam.backends.keras import KerasBackend
from agecam.backends.openvino import OpenVinoBackend, is_available
from agecam.bench.scenes import scene
from agecam.bench.steps import MIN_FACE_PX, elapsed_ms
from agecam.vision.detector import FaceDetector
from agecam.vision.estimator import Estimator

FACES = (1, 4, 8, 16)
WAYS = ("keras", "openvino")
_ROUNDS = 40
_WARM_UP = 12


def backend_rows() -> Iterator[dict[str, Any]]:
    """Milliseconds of both stages with both backends, and the largest difference between their ages.

    One row for each number of faces, at 1280 x 720; none without OpenVINO.
    """
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
            detected = [elapsed_ms(detect, frame) for frame in frames]
            estimated = [elapsed_ms(estimate, frame, of_frame) for frame, of_frame in zip(frames, found, strict=True)]
            row[f"detector_{way}_ms"] = median(detected[_WARM_UP:])
            row[f"estimator_{way}_ms"] = median(estimated[_WARM_UP:])
            ages[way] = np.array([attributes.age for attributes in estimate(frames[0], found[0])])
        row["years_apart"] = float(np.abs(ages["openvino"] - ages["keras"]).max(initial=0))
        yield row
