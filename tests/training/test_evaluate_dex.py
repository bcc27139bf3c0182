"""Evaluation and calibration of the DEX study's networks: each face once, in the study's crop."""

import json
from collections.abc import Iterator
from pathlib import Path

import cv2
import numpy as np
import pytest
from caffe_files import network, random_blobs, write_weights
from test_evaluate import COLUMNS, mixed_set, run, write_zip

from agecam.models.card import load_card
from agecam.models.install.vgg_face import checked, combine
from agecam.types import Image
from agecam.vision.crop import crop_faces
from agecam.vision.estimator import Estimator
from training.data.face_zip import FaceZip
from training.evaluation import calibrate, evaluate, evaluate_recipe, robustness
from training.evaluation.evaluate_recipe import face_square
from training.evaluation.predictions import for_crop, squares_for


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory, _portraits: tuple[Image, Image]) -> Iterator[Path]:
    """The working folder, with the set and the model."""
    folder = tmp_path_factory.mktemp("dex")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        mixed_set(folder / "strange.zip", _portraits)
        files = {
            task: checked(write_weights(folder / f"{task}.caffemodel", network(random_blobs(classes, classes))))
            for task, classes in (("age", 101), ("gender", 2))
        }
        combine(files, folder)
        yield folder


def test_faces_are_evaluated_once_in_the_studys_crop(folder: Path) -> None:
    run(evaluate, "--weights", "dex.json", "--data", "strange.zip", "--out", "evaluated")
    result = json.loads((folder / "evaluated" / "evaluation.json").read_text())["sets"]["strange"]
    estimator = Estimator.load(str(folder / "dex.json"))
    squares, _ = squares_for(estimator.card.crop, folder / "strange.zip")
    places = for_crop(squares, estimator.card.crop)
    assert places.shape == (6, 5)
    strange = FaceZip(folder / "strange.zip")
    ages = [
        estimator.estimate_squares(strange.picture(face), places[row : row + 1])[0].age
        for row, face in enumerate(strange.faces)
        if face.age is not None
    ]
    assert result["mae"] == pytest.approx(np.abs(np.array(ages) - 36).mean(), abs=0.01)
    run(evaluate, "--weights", "dex.json", "--data", "strange.zip", "--out", "once", "--once", "--no-end-to-end")
    once = json.loads((folder / "once" / "evaluation.json").read_text())["sets"]["strange"]
    assert once["mae"] == result["mae"]


def test_robustness_is_measured(folder: Path) -> None:
    run(robustness, "--weights", "dex.json", "--data", "strange.zip", "--out", "disturbed", "--faces", "3")
    sets = json.loads((folder / "disturbed" / "robustness.json").read_text())["sets"]
    assert sets["strange"]["faces"] == 3
    assert "margin + 0.2" in sets["strange"]["figures"]


def test_the_challenges_pictures_are_evaluated(folder: Path, _portraits: tuple[Image, Image]) -> None:
    pictures = folder / "pictures"
    pictures.mkdir()
    for name, picture in zip(("a.png", "b.png"), _portraits, strict=True):
        cv2.imwrite(str(pictures / name), picture)
    (folder / "gt.csv").write_text("image,mean,stdv\na.png,31,4\nb.png,45,5\n")
    run(evaluate_recipe, "--weights", "dex.json", "--chalearn", "gt.csv", "--pictures", "pictures", "--out", "lap")
    result = json.loads((folder / "lap" / "recipe.json").read_text())
    assert (result["pictures"], result["found"]) == (2, 1.0)


def test_a_picture_of_the_archives_is_seen_whole(folder: Path, _portraits: tuple[Image, Image]) -> None:
    estimator = Estimator.load(str(folder / "dex.json"))
    picture = np.ascontiguousarray(_portraits[0][:300, :200])
    (seen,) = crop_faces(picture, face_square(picture, estimator)[None], estimator.card.crop)
    size_px = estimator.card.crop.size_px
    whole = cv2.resize(picture, (size_px, size_px), interpolation=cv2.INTER_AREA)[..., ::-1]
    assert np.abs(seen - whole).mean() < 3


def test_the_model_is_calibrated(folder: Path, _portraits: tuple[Image, Image]) -> None:
    before = load_card(folder / "dex.json")
    portrait = cv2.resize(np.ascontiguousarray(_portraits[0][20:220, 120:320]), (160, 160))
    rows = [
        {
            "file": f"images/{row}.png",
            "age": 30 + row,
            "age_min": 30 + row,
            "age_max": 30 + row,
            "gender": "FM"[row % 2],
        }
        | {"split": "val"}
        for row in range(6)
    ]
    turned = [np.ascontiguousarray(portrait[:, ::-1]) if row % 2 else portrait for row in range(6)]
    pictures = {row["file"]: np.roll(of, number, 1) for number, (row, of) in enumerate(zip(rows, turned, strict=True))}
    write_zip(folder / "val.zip", rows, COLUMNS, pictures)
    run(calibrate, "--weights", "dex.json", "--data", "val.zip")
    after = load_card(folder / "dex.json")
    assert after.calibration != before.calibration
    assert after.crop == before.crop
