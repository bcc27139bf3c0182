"""Compares AgeCam with the pipeline of other packages on the same frames, with faces from 20 px on.

The other pipeline is the `mtcnn` package with its defaults, which detects faces from 20 px on, and two VGG-Face
networks, one face at a time. The well-known packages work this way: each face is cut out of its box, resized to 224 px,
and passed to one network for age and one for gender by calling the Keras model. The networks are rebuilt from our own
definitions with random weights, which cost the same.
"""

import importlib.util
from collections.abc import Iterator
from statistics import median
from typing import Any

import cv2
import keras
import numpy as np
import tensorflow as tf
from mtcnn import MTCNN

from agecam.backends import Backend
from agecam.bench.scenes import scene
from agecam.bench.steps import elapsed_ms
from agecam.errors import UsageError
from agecam.models.networks.vgg_face import task_network
from agecam.models.vgg_face import SIZE_PX, TASKS
from agecam.types import Image
from agecam.vision.detector import FaceDetector
from agecam.vision.estimator import Estimator

FACES = (1, 4)
PACKAGE_FACE_PX = 20
"""Smallest face of the `mtcnn` package; with any other value it finds no faces."""
SIZE = (1280, 720)
_ROUNDS = 3


def check_peer(name: str) -> None:
    """Raise UsageError if the package is not installed."""
    if importlib.util.find_spec(name) is None:
        raise UsageError(f"{name} is not installed: install it (pip install {name}) or leave out --peer.")


def package_rows(backend: Backend) -> Iterator[dict[str, Any]]:
    """Milliseconds of detection and of the whole pipeline, for the other packages and for AgeCam.

    One row for each number of faces; both detect faces from 20 px on.
    """
    package, detector, estimator = MTCNN(), FaceDetector(backend, PACKAGE_FACE_PX), Estimator.load(backend=backend)
    networks = [task_network(classes) for classes in TASKS.values()]
    for faces in FACES:
        images = [frame.image_bgr for frame in scene(*SIZE, faces, _ROUNDS + 1)]
        found = len(_boxes(package, images[0]))
        theirs = [
            (elapsed_ms(_boxes, package, image), elapsed_ms(_pipeline, package, networks, image)) for image in images
        ]
        ours = [_own_ms(detector, estimator, image) for image in images]
        # The first run of each is a warm-up.
        package_ms, pipeline_ms = (median(column) for column in zip(*theirs[1:], strict=True))
        detector_ms, estimator_ms = (median(column) for column in zip(*ours[1:], strict=True))
        yield {
            "faces": faces,
            "found": found,
            "detector_ms": package_ms,
            "pipeline_ms": pipeline_ms,
            "own_detector_ms": detector_ms,
            "own_ms": detector_ms + estimator_ms,
        }


def _own_ms(detector: FaceDetector, estimator: Estimator, image: Image) -> tuple[float, float]:
    """Detection and estimation, in milliseconds."""
    faces = detector.detect(image)
    return elapsed_ms(detector.detect, image), elapsed_ms(estimator.estimate, image, faces)


def peer_rows(name: str) -> Iterator[dict[str, Any]]:
    """The same for deepface, which downloads missing weights; raises UsageError if it fails."""
    for faces in FACES:
        images = [frame.image_bgr for frame in scene(*SIZE, faces, _ROUNDS + 1)]
        try:
            times = [elapsed_ms(_deepface, image) for image in images]
        except Exception as error:
            raise UsageError(f"{name} failed ({error}): leave out --peer.") from error
        yield {"faces": faces, "pipeline_ms": median(times[1:])}


def _deepface(image: Image) -> object:
    from deepface import DeepFace

    return DeepFace.analyze(image, actions=("age", "gender"), detector_backend="mtcnn", silent=True)


def _boxes(package: MTCNN, image: Image) -> list[list[int]]:
    found = package.detect_faces(cv2.cvtColor(image, cv2.COLOR_BGR2RGB))
    return [face["box"] for face in found if face["confidence"] >= 0.95]


def _pipeline(package: MTCNN, networks: list[keras.Model], image: Image) -> list[tuple[float, int]]:
    estimates = []
    for x, y, width, height in _boxes(package, image):
        cut = cv2.resize(image[max(y, 0) : y + height, max(x, 0) : x + width], (SIZE_PX, SIZE_PX))
        face = tf.constant(cut[np.newaxis, ..., ::-1].astype(np.float32))
        ages, genders = (tf.nn.softmax(network(face, training=False)[0]).numpy() for network in networks)
        estimates.append((float(ages @ np.arange(len(ages))), int(genders.argmax())))
    return estimates
