"""What others run, on the same frames: the `mtcnn` package as it comes, which looks for faces from 20 px on, and
VGG-Face twice, one face at a time. AgeCam is measured beside it on the same work: faces from 20 px on.

That is how the well-known packages do it: each face is cut out of its box, brought to 224 px, and shown to a network
for the age and to another for the gender, by calling the Keras model. Theirs are rebuilt from our own definitions with
random weights, which cost the same.
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
from agecam.bench.steps import taken_ms
from agecam.errors import UsageError
from agecam.models.networks.vgg_face import task_network
from agecam.models.vgg_face import SIZE_PX, TASKS
from agecam.types import Image
from agecam.vision.detector import FaceDetector
from agecam.vision.estimator import Estimator

FACES = (1, 4)
PACKAGE_FACE_PX = 20
"""Smallest face of the `mtcnn` package, with any other of which it finds none."""
SIZE = (1280, 720)
_ROUNDS = 3


def check_peer(name: str) -> None:
    """Raises UsageError for a package that is not installed."""
    if importlib.util.find_spec(name) is None:
        raise UsageError(
            f"{name} is not installed: install it beside AgeCam (pip install {name}), or leave --peer out."
        )


def package_rows(backend: Backend) -> Iterator[dict[str, Any]]:
    """A row for each number of faces, in milliseconds: detection by the `mtcnn` package and by AgeCam's detector, both
    from 20 px on; estimation by VGG-Face twice and by AgeCam's network; and both together."""
    package, detector, estimator = MTCNN(), FaceDetector(backend, PACKAGE_FACE_PX), Estimator.load(backend=backend)
    networks = [task_network(classes) for classes in TASKS.values()]
    for faces in FACES:
        images = [frame.image_bgr for frame in scene(*SIZE, faces, _ROUNDS + 1)]
        found = len(_boxes(package, images[0]))
        theirs = [(taken_ms(_boxes, package, image), taken_ms(_pipeline, package, networks, image)) for image in images]
        ours = [_own_ms(detector, estimator, image) for image in images]
        # The first of each prepares what the others use.
        package_ms, pipeline_ms = (median(column) for column in zip(*theirs[1:], strict=True))
        detector_ms, step_ms = (median(column) for column in zip(*ours[1:], strict=True))
        yield {
            "faces": faces,
            "found": found,
            "detector_ms": package_ms,
            "pipeline_ms": pipeline_ms,
            "own_detector_ms": detector_ms,
            "own_ms": step_ms,
        }


def _own_ms(detector: FaceDetector, estimator: Estimator, image: Image) -> tuple[float, float]:
    detector_ms = taken_ms(detector.detect, image)
    return detector_ms, taken_ms(lambda: estimator.estimate(image, detector.detect(image)))


def peer_rows(name: str) -> Iterator[dict[str, Any]]:
    """The same of deepface, which fetches its weights if it lacks them; raises UsageError if it does not run."""
    for faces in FACES:
        images = [frame.image_bgr for frame in scene(*SIZE, faces, _ROUNDS + 1)]
        try:
            times = [taken_ms(_deepface, image) for image in images]
        except Exception as error:
            raise UsageError(f"{name} does not run here: {error}") from error
        yield {"faces": faces, "pipeline_ms": median(times[1:])}


def _deepface(image: Image) -> object:
    from deepface import DeepFace

    return DeepFace.analyze(image, actions=("age", "gender"), detector_backend="mtcnn", silent=True)


def _boxes(package: MTCNN, image: Image) -> list[list[int]]:
    found = package.detect_faces(cv2.cvtColor(image, cv2.COLOR_BGR2RGB))
    return [face["box"] for face in found if face["confidence"] >= 0.95]


def _pipeline(package: MTCNN, networks: list[keras.Model], image: Image) -> list[tuple[float, int]]:
    told = []
    for x, y, width, height in _boxes(package, image):
        cut = cv2.resize(image[max(y, 0) : y + height, max(x, 0) : x + width], (SIZE_PX, SIZE_PX))
        face = tf.constant(cut[np.newaxis, ..., ::-1].astype(np.float32))
        ages, genders = (tf.nn.softmax(network(face, training=False)[0]).numpy() for network in networks)
        told.append((float(ages @ np.arange(len(ages))), int(genders.argmax())))
    return told
