"""Still pictures: a badge on somebody's clothes is no face, but doubtful faces elsewhere stay."""

import numpy as np
import pytest
from models import write_model

from agecam.engine.engine import Engine
from agecam.engine.options import STILL_FACE_PX
from agecam.engine.steps import SURE_SCORE
from agecam.types import Frame, Image
from agecam.vision.detector import FaceDetector
from agecam.vision.estimator import Estimator


@pytest.fixture(scope="module")
def parts(tmp_path_factory: pytest.TempPathFactory) -> tuple[FaceDetector, Estimator]:
    return FaceDetector(), Estimator.load(str(write_model(tmp_path_factory.mktemp("models"))))


def test_a_badge_on_the_clothes_is_no_face(parts: tuple[FaceDetector, Estimator], astronaut_bgr: Image) -> None:
    portrait = np.ascontiguousarray(astronaut_bgr[:300, 100:340])
    face, badge = parts[0].detect(portrait, STILL_FACE_PX)
    assert badge.score < SURE_SCORE < face.score
    (found,) = Engine(*parts).step(Frame(portrait, 0, 0.0, "portrait", still=True)).people
    assert found.box == face.box


def test_a_doubtful_face_that_is_not_on_clothes_stays(
    parts: tuple[FaceDetector, Estimator], astronaut_bgr: Image
) -> None:
    """The same pattern where nobody is above it."""
    portrait = np.ascontiguousarray(astronaut_bgr[:300, 100:340])
    portrait[40:185, 60:190] = 90
    (badge,) = parts[0].detect(portrait, STILL_FACE_PX)
    assert badge.score < SURE_SCORE
    (found,) = Engine(*parts).step(Frame(portrait, 0, 0.0, "portrait", still=True)).people
    assert found.box == badge.box
