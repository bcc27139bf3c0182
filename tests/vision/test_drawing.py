"""Drawn faces are told from photographed ones, and do not count as people."""

from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
import pytest
from models import write_model

from agecam.backends.keras import KerasBackend
from agecam.backends.openvino import OpenVinoBackend
from agecam.engine.engine import Engine
from agecam.engine.options import STILL_FACE_PX, EngineOptions
from agecam.types import Frame, Image
from agecam.vision.detector import FaceDetector
from agecam.vision.estimator import Estimator


def drawn(photograph: Image) -> Image:
    """As if painted with flat colours."""
    return np.asarray(cv2.stylization(photograph, sigma_s=60, sigma_r=0.5), np.uint8)


def compressed(picture: Image) -> Image:
    return np.asarray(cv2.imdecode(cv2.imencode(".jpg", picture, [cv2.IMWRITE_JPEG_QUALITY, 20])[1], 1), np.uint8)


VIEWS: dict[str, Callable[[Image], Image]] = {
    "as it is": lambda picture: picture,
    "blurred": lambda picture: np.asarray(cv2.GaussianBlur(picture, (0, 0), 4), np.uint8),
    "smoothed": lambda picture: np.asarray(cv2.bilateralFilter(picture, 15, 60, 15), np.uint8),
    "small": lambda picture: np.asarray(
        cv2.resize(picture, None, fx=0.4, fy=0.4, interpolation=cv2.INTER_AREA), np.uint8
    ),
    "compressed": compressed,
    "dark": lambda picture: (picture * 0.3).astype(np.uint8),
    "grey": lambda picture: np.asarray(cv2.cvtColor(cv2.cvtColor(picture, 6), 8), np.uint8),
}


@pytest.fixture(scope="module", params=[KerasBackend, OpenVinoBackend], ids=["keras", "openvino"])
def detector(request: pytest.FixtureRequest) -> FaceDetector:
    return FaceDetector(request.param(), min_face_px=STILL_FACE_PX)


@pytest.mark.parametrize("view", VIEWS)
def test_a_photographed_face_is_not_drawn(
    detector: FaceDetector, view: str, astronaut_bgr: Image, hopper_bgr: Image
) -> None:
    for photograph in (astronaut_bgr, hopper_bgr):
        picture = VIEWS[view](photograph)
        faces = detector.detect(picture)[:1]
        assert detector.are_drawn(picture, faces) == [False]


def test_a_drawn_face_is(detector: FaceDetector, astronaut_bgr: Image, hopper_bgr: Image) -> None:
    for photograph in (astronaut_bgr, hopper_bgr):
        faces = detector.detect(photograph)[:1]
        assert detector.are_drawn(drawn(photograph), faces) == [True]


def test_many_faces_and_none(detector: FaceDetector, hopper_bgr: Image) -> None:
    (face,) = detector.detect(hopper_bgr)
    assert detector.are_drawn(hopper_bgr, [face] * 70) == [False] * 70
    assert detector.are_drawn(hopper_bgr, []) == []


@pytest.mark.parametrize("still", [True, False], ids=["picture", "video"])
def test_a_drawn_face_is_no_person(astronaut_bgr: Image, still: bool, tmp_path: Path) -> None:
    parts = FaceDetector(), Estimator.load(str(write_model(tmp_path)))
    engine = Engine(*parts, EngineOptions())
    for picture, people in ((astronaut_bgr, 1), (drawn(astronaut_bgr), 0)):
        engine.reset()
        for index in range(4):
            result = engine.step(Frame(picture, index, index / 30, "picture", still=still))
        assert len(result.faces) == 1
        assert len(result.people) == people


def test_a_face_that_is_drawn_only_at_first_becomes_a_person(astronaut_bgr: Image, tmp_path: Path) -> None:
    engine = Engine(FaceDetector(), Estimator.load(str(write_model(tmp_path))))
    counts = []
    for index in range(8):
        picture = drawn(astronaut_bgr) if index < 4 else astronaut_bgr
        result = engine.step(Frame(picture, index, index / 30, "film"))
        assert len(result.faces) == 1
        counts.append(len(result.people))
    assert counts[:4] == [0] * 4
    assert counts[-1] == 1
