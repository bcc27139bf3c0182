"""Faces in photographs that lie on their side or upside down, without a tag that says so."""

import json
from collections.abc import Sequence
from pathlib import Path

import cv2
import numpy as np
import pytest
from models import overlap, write_model

from agecam.engine.engine import Engine, build_engine
from agecam.engine.options import EngineOptions
from agecam.types import Box, CropSpec, Detection, Frame, Image
from agecam.vision.crop import crop_faces, square_around, squares_of
from agecam.vision.detector import FaceDetector
from agecam.vision.estimator import Estimator

LAID_DOWN = {90: cv2.ROTATE_90_COUNTERCLOCKWISE, 180: cv2.ROTATE_180, 270: cv2.ROTATE_90_CLOCKWISE}
"""How a picture was turned that has to be turned by so many degrees clockwise."""


@pytest.fixture(scope="module")
def engine() -> Engine:
    return build_engine(EngineOptions(device="cpu"))


def laid_down(picture: Image, degrees: int) -> Image:
    return np.asarray(cv2.rotate(picture, LAID_DOWN[degrees]), np.uint8)


def box_laid_down(box: Box, degrees: int, picture: Image) -> Box:
    """Where a box of the upright picture is in the one that was laid down."""
    marked = np.zeros(picture.shape[:2], np.uint8)
    x, y, width, height = (round(v) for v in box)
    marked[y : y + height, x : x + width] = 255
    return tuple(float(v) for v in cv2.boundingRect(cv2.rotate(marked, LAID_DOWN[degrees])))  # type: ignore[return-value]


@pytest.mark.parametrize("portrait", ["astronaut_bgr", "hopper_bgr"])
@pytest.mark.parametrize("degrees", LAID_DOWN)
def test_a_face_that_lies_is_found_where_it_is_and_as_if_it_stood(
    engine: Engine, portrait: str, degrees: int, request: pytest.FixtureRequest
) -> None:
    picture = request.getfixturevalue(portrait)
    upright = engine.step(Frame(picture, 0, 0.0, "upright.jpg", still=True))
    lying = engine.step(Frame(laid_down(picture, degrees), 0, 0.0, "lying.jpg", still=True))
    (face,), (expected,) = lying.faces, upright.faces
    assert overlap(face.box, box_laid_down(expected.box, degrees, picture)) > 0.95
    points = np.zeros((5, *picture.shape[:2]), np.uint8)
    for plane, (x, y) in zip(points, expected.landmarks.round().astype(int), strict=True):
        plane[y, x] = 255
    turned = [np.argwhere(cv2.rotate(plane, LAID_DOWN[degrees]))[0][::-1] for plane in points]
    assert face.landmarks == pytest.approx(np.array(turned, np.float32), abs=3)
    assert face.age == pytest.approx(expected.age, abs=0.3)
    assert face.female_probability == pytest.approx(expected.female_probability, abs=0.01)
    assert (lying.width, lying.height) == laid_down(picture, degrees).shape[1::-1]


@pytest.mark.parametrize("degrees", LAID_DOWN)
def test_the_turn_is_told_but_is_no_field_of_the_results(engine: Engine, astronaut_bgr: Image, degrees: int) -> None:
    upright = engine.step(Frame(astronaut_bgr, 0, 0.0, "upright.jpg", still=True))
    lying = engine.step(Frame(laid_down(astronaut_bgr, degrees), 0, 0.0, "lying.jpg", still=True))
    assert upright.remarks == ()
    (remark,) = lying.remarks
    assert f"found with the picture turned by {degrees} degrees" in str(remark)
    assert "lying.jpg" in str(remark)
    assert lying.as_dict().keys() == upright.as_dict().keys()
    assert lying.as_dict()["faces"][0].keys() == upright.as_dict()["faces"][0].keys()
    json.dumps(lying.as_dict())


def test_faces_of_a_group_that_lies_are_all_found(engine: Engine, astronaut_bgr: Image, hopper_bgr: Image) -> None:
    group = np.hstack([astronaut_bgr, hopper_bgr[:512], astronaut_bgr[:, ::-1]])
    upright = engine.step(Frame(group, 0, 0.0, "group", still=True))
    assert len(upright.people) == 3
    assert len(engine.step(Frame(laid_down(group, 270), 0, 0.0, "group", still=True)).people) == 3


class CountingDetector(FaceDetector):
    """Counts how often it is used."""

    calls = 0

    def detect(self, frame: Image, min_face_px: float | None = None, halves: Sequence[Image] = ()) -> list[Detection]:
        self.calls += 1
        return super().detect(frame, min_face_px, halves)


def test_turns_are_tried_only_in_pictures_without_an_upright_face(
    astronaut_bgr: Image, hopper_bgr: Image, tmp_path: Path
) -> None:
    detector = CountingDetector(min_face_px=24)
    engine = Engine(detector, Estimator.load(str(write_model(tmp_path))))
    for picture in (astronaut_bgr, hopper_bgr):
        detector.calls = 0
        engine.step(Frame(picture, 0, 0.0, "portrait", still=True))
        assert detector.calls == 1
    detector.calls = 0
    assert engine.step(Frame(laid_down(astronaut_bgr, 180), 0, 0.0, "clip.mp4")).faces == ()
    assert detector.calls == 1


def test_no_turn_of_a_picture_without_people_gives_a_face(engine: Engine) -> None:
    data = pytest.importorskip("skimage.data")
    random = np.random.default_rng(0)
    pictures = [data.coffee(), data.chelsea(), np.repeat(data.coins()[..., None], 3, axis=2)]
    for picture in (*pictures, random.integers(0, 256, (400, 600, 3), np.uint8), np.zeros((300, 300, 3), np.uint8)):
        result = engine.step(Frame(np.ascontiguousarray(picture), 0, 0.0, "scene", still=True))
        assert result.faces == ()
        assert result.remarks == ()


@pytest.mark.parametrize("degrees", LAID_DOWN)
def test_networks_trained_on_boxes_see_the_face_upright_too(astronaut_bgr: Image, degrees: int) -> None:
    box: Box = (182, 64, 83, 107)
    upright = crop_faces(astronaut_bgr, square_around(box)[None], CropSpec(96, 0.2))
    face = Detection(box_laid_down(box, degrees, astronaut_bgr), 1.0, np.zeros((5, 2), np.float32), degrees)
    lying = crop_faces(laid_down(astronaut_bgr, degrees), squares_of([face], "box"), CropSpec(96, 0.2))
    assert np.abs(lying - upright).mean() < 1.0
