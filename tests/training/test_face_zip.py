"""Reading labelled faces from a zip."""

import zipfile
from pathlib import Path

import cv2
import numpy as np
import pytest
from models import is_one_sentence

from agecam.errors import SourceError
from agecam.types import Image
from training.data.face_zip import FaceZip

HEADING = "file,age,age_min,age_max,gender,race,apparent_mean,apparent_std,split\n"
ROWS = (
    "images/1.png,36,36,36,F,,34.5,4.25,train\nimages/2.png,,70,100,M,East Asian,,,val\nimages/3.png,0,0,0,M,,,,test\n"
)


def write(path: Path, labels: str | None, **images: bytes) -> Path:
    with zipfile.ZipFile(path, "w") as file:
        if labels is not None:
            file.writestr("labels.csv", labels)
        for name, content in images.items():
            file.writestr(f"images/{name}.png", content)
    return path


def rejection(path: Path) -> str:
    with pytest.raises(SourceError) as failure:
        FaceZip(path)
    assert is_one_sentence(str(failure.value))
    assert str(path) in str(failure.value)
    return str(failure.value)


def test_labels_are_read_as_documented(tmp_path: Path) -> None:
    faces = FaceZip(write(tmp_path / "small.zip", HEADING + ROWS))
    assert faces.name == "small"
    first, second, third = faces.faces
    assert (first.file, first.age, first.age_min, first.age_max) == ("images/1.png", 36, 36, 36)
    assert (first.female, first.race, first.split) == (True, "", "train")
    assert (first.apparent_mean, first.apparent_std) == (34.5, 4.25)
    assert (second.age, second.age_min, second.age_max) == (None, 70, 100)
    assert (second.female, second.race, second.split) == (False, "East Asian", "val")
    assert (second.apparent_mean, second.apparent_std) == (None, None)
    assert third.age == 0
    assert [face.file for face in faces.in_split("val")] == ["images/2.png"]


def test_pictures_are_bgr(tmp_path: Path, astronaut_bgr: Image) -> None:
    png = cv2.imencode(".png", astronaut_bgr)[1].tobytes()
    faces = FaceZip(write(tmp_path / "small.zip", HEADING + ROWS, **{"1": png}))
    picture = faces.picture(faces.faces[0])
    assert picture.dtype == np.uint8
    assert np.array_equal(picture, astronaut_bgr)


@pytest.mark.parametrize("content", [b"", b"no picture"])
def test_a_damaged_picture_is_rejected_by_name(tmp_path: Path, content: bytes) -> None:
    faces = FaceZip(write(tmp_path / "small.zip", HEADING + ROWS, **{"1": content}))
    for face in faces.faces[:2]:  # the second is not in the zip at all
        with pytest.raises(SourceError) as failure:
            faces.picture(face)
        assert is_one_sentence(str(failure.value))
        assert face.file in str(failure.value)


def test_files_that_are_not_a_zip_of_faces_are_rejected(tmp_path: Path) -> None:
    rejection(tmp_path / "missing.zip")
    (tmp_path / "text.zip").write_text("no zip")
    rejection(tmp_path / "text.zip")
    rejection(write(tmp_path / "without_labels.zip", None))
    rejection(tmp_path)


@pytest.mark.parametrize(
    "labels",
    [
        "file,age\nimages/1.png,3\n",
        HEADING + "images/1.png,36,36,36,X,,,,train\n",
        HEADING + "images/1.png,36,36,36,F,,,,trial\n",
        HEADING + "images/1.png,36,,,F,,,,train\n",
        HEADING + "images/1.png,36,36\n",
        HEADING + "images/1.png,36,thirty,36,F,,,,train\n",
        HEADING + "images/1.png,36,36,36,F,,often,,train\n",
    ],
)
def test_invalid_labels_are_rejected(tmp_path: Path, labels: str) -> None:
    rejection(write(tmp_path / "small.zip", labels))
