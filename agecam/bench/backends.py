"""OpenVINO beside TensorFlow on the processor: the same detector and the same estimator, in both ways."""

from collections.abc import Iterator
from statistics import median
from typing import Any

import numpy as np

from agecam.bench.scenes import scene
from agecam.bench.steps import MIN_FACE_PX, taken_ms
from agecam.compiled import can_compile
from agecam.detector import FaceDetector
from agecam.estimator import Estimator

FACES = (1, 4, 8, 16)
WAYS = ("tensorflow", "openvino")
_ROUNDS = 40
_WARM_UP = 12


def backend_rows() -> Iterator[dict[str, Any]]:
    """A row for each number of faces at 1280 x 720: milliseconds of both stages in both ways, and the largest
    difference of an age between them. None without OpenVINO."""
    if not can_compile():
        return
    detectors = {way: FaceDetector("/CPU:0", MIN_FACE_PX, compiled=way == "openvino") for way in WAYS}
    estimators = {way: Estimator.load(device="/CPU:0", compiled=way == "openvino") for way in WAYS}
    for faces in FACES:
        frames = [frame.image_bgr for frame in scene(1280, 720, faces, _WARM_UP + _ROUNDS)]
        found = [detectors["openvino"].detect(frame) for frame in frames]
        row: dict[str, Any] = {"faces": faces}
        ages = {}
        for way in WAYS:
            detect, judge = detectors[way].detect, estimators[way].estimate
            detected = [taken_ms(detect, frame) for frame in frames]
            judged = [taken_ms(judge, frame, of) for frame, of in zip(frames, found, strict=True)]
            row[f"detector_{way}_ms"] = median(detected[_WARM_UP:])
            row[f"estimator_{way}_ms"] = median(judged[_WARM_UP:])
            ages[way] = np.array([attributes.age for attributes in judge(frames[0], found[0])])
        row["years_apart"] = float(np.abs(ages["openvino"] - ages["tensorflow"]).max(initial=0))
        yield row
