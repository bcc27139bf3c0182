"""The Python API."""

import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from models import is_one_sentence, overlap, write_model

import agecam
from agecam import Analyzer
from agecam.errors import SourceError, UsageError, WeightsError
from agecam.types import Image


@pytest.fixture(scope="module")
def analyzer(tmp_path_factory: pytest.TempPathFactory) -> Analyzer:
    return Analyzer(model=str(write_model(tmp_path_factory.mktemp("models"))), min_face_px=60, device="cpu")


def test_one_picture_gives_its_faces(analyzer: Analyzer, astronaut_bgr: Image) -> None:
    (face,) = analyzer.analyze(astronaut_bgr)
    assert isinstance(face, agecam.Face)
    assert face.track is None
    assert overlap(face.box, (182, 64, 83, 107)) > 0.8
    assert 0 <= face.age_low <= face.age <= face.age_high <= 100
    assert face.gender_probability == max(face.female_probability, 1 - face.female_probability)
    assert face.age_distribution.shape == (101,)
    assert face.age_distribution.sum() == pytest.approx(1, abs=1e-5)


def test_a_list_of_pictures_gives_a_list_of_lists(analyzer: Analyzer, astronaut_bgr: Image, hopper_bgr: Image) -> None:
    grey: Image = np.full((512, 512, 3), 127, np.uint8)
    pictures: list[Image] = [astronaut_bgr, grey, hopper_bgr, astronaut_bgr]
    results = analyzer.analyze(pictures)
    assert [len(faces) for faces in results] == [1, 0, 1, 1]
    # Each picture is analysed on its own, independently of the previous one.
    assert results[0][0].as_dict() == results[3][0].as_dict() == analyzer.analyze(astronaut_bgr)[0].as_dict()
    assert results[2][0].track is None
    assert analyzer.analyze([]) == []


def test_a_view_of_another_picture_is_accepted(analyzer: Analyzer, astronaut_bgr: Image) -> None:
    large = cv2.copyMakeBorder(astronaut_bgr, 10, 20, 30, 40, cv2.BORDER_REPLICATE)
    view = np.asarray(large, np.uint8)[10:-20, 30:-40]
    assert not view.flags.c_contiguous
    assert analyzer.analyze(view)[0].as_dict() == analyzer.analyze(astronaut_bgr)[0].as_dict()


@pytest.mark.parametrize(
    "picture",
    [
        np.zeros((100, 100), np.uint8),
        np.zeros((100, 100, 4), np.uint8),
        np.zeros((100, 100, 3), np.float32),
        np.zeros((2, 100, 100, 3), np.uint8),
        np.zeros((0, 100, 3), np.uint8),
        np.array(None),
        None,
        "picture.jpg",
        b"picture",
        Path("picture.jpg"),
        7,
    ],
    ids=lambda picture: f"{type(picture).__name__}-{getattr(picture, 'shape', '')}",
)
def test_an_invalid_picture_is_refused_in_one_sentence(analyzer: Analyzer, picture: Any) -> None:
    for pictures in (picture, [picture]):
        with pytest.raises(SourceError) as failure:
            analyzer.analyze(pictures)
        assert is_one_sentence(str(failure.value))
        assert "BGR" in str(failure.value)


def test_an_unknown_model_is_refused() -> None:
    with pytest.raises(WeightsError, match="'enormous'"):
        Analyzer(model="enormous")


@pytest.mark.parametrize("statement", ["import agecam", "import agecam.analyzer", "from agecam import Analyzer"])
def test_importing_agecam_is_light(statement: str) -> None:
    code = (
        f"{statement}\nimport sys\n"
        "heavy = {'tensorflow', 'keras', 'mtcnn', 'PySide6', 'cv2', 'av', 'matplotlib', 'scipy'} & set(sys.modules)\n"
        "sys.exit(f'imported {heavy}' if heavy else 0)"
    )
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", code],
        cwd=Path(agecam.__file__).parent.parent,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, "")


def test_several_threads_share_one_analyzer(analyzer: Analyzer, astronaut_bgr: Image, hopper_bgr: Image) -> None:
    pictures = [astronaut_bgr, hopper_bgr, astronaut_bgr[:, ::-1]] * 8
    alone = [analyzer.analyze(picture) for picture in pictures]
    with ThreadPoolExecutor(4) as pool:
        together = list(pool.map(analyzer.analyze, pictures))
    assert [[face.as_dict() for face in faces] for faces in together] == [
        [face.as_dict() for face in faces] for faces in alone
    ]


@pytest.mark.parametrize(
    "arguments",
    [
        {"device": "cuda"},
        {"backend": "torch"},
        {"min_face_px": -5},
        {"min_face_px": float("nan")},
        {"min_face_px": "40"},
        {"min_face_px": True},
        {"min_face_px": 11},
    ],
)
def test_unknown_arguments_are_refused_in_one_sentence(arguments: dict[str, Any]) -> None:
    with pytest.raises(UsageError) as failure:
        Analyzer(**arguments)
    assert is_one_sentence(str(failure.value))
    assert next(iter(arguments)) in str(failure.value)
