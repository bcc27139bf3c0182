"""The networks of the DEX study: Caffe's files are checked, combined and used, and give what Caffe's networks give."""

import json
from pathlib import Path

import numpy as np
import pytest
from caffe_files import (
    MEAN_BGR,
    Blobs,
    forward,
    network,
    random_blobs,
    random_faces,
    write_weights,
)

from agecam.backends.keras import KerasBackend
from agecam.backends.onnxruntime import OnnxRuntimeBackend
from agecam.backends.openvino import OpenVinoBackend
from agecam.errors import WeightsError
from agecam.models.card import Card, load_card
from agecam.models.files import file_digest
from agecam.models.install.vgg_face import checked, combine
from agecam.models.store import network_files
from agecam.types import Image
from agecam.vision.crop import crop_faces, places_of
from agecam.vision.decoding import decode
from agecam.vision.detector import FaceDetector
from agecam.vision.estimator import Estimator

AGES, GENDERS = random_blobs(101, seed=1), random_blobs(2, seed=2)


def combined(folder: Path, ages: Blobs = AGES, genders: Blobs = GENDERS) -> Card:
    files = {
        task: checked(write_weights(folder / f"{task}.caffemodel", network(blobs)))
        for task, blobs in (("age", ages), ("gender", genders))
    }
    return combine(files, folder / "models")


@pytest.mark.parametrize("side", [1, 2])
def test_the_converted_network_computes_what_the_original_computes(tmp_path: Path, side: int) -> None:
    ages, genders = random_blobs(101, 1, side=side), random_blobs(2, 2, side=side)
    card = combined(tmp_path, ages, genders)
    assert card.arguments["shared"] is False
    faces = random_faces(3, 32 * side)
    expected = np.hstack([forward(ages, faces), forward(genders, faces)])
    assert np.ptp(expected[:, :101]) > 0.5
    assert np.ptp(expected[:, 101:]) > 0.05
    for backend in (OpenVinoBackend(), OnnxRuntimeBackend(), KerasBackend()):
        logits = backend.runner(network_files(card))(faces)
        assert np.abs(logits - expected).max() < 1e-5, backend.name


def test_another_mean_or_channel_order_would_show(tmp_path: Path) -> None:
    card = combined(tmp_path)
    faces = random_faces(3)
    logits = OpenVinoBackend().runner(network_files(card))(faces)[:, :101]
    assert np.abs(logits - forward(AGES, faces[..., ::-1])).max() > 1e-2
    assert np.abs(logits - forward(AGES, faces, MEAN_BGR[::-1])).max() > 1e-2
    assert np.abs(logits - forward(AGES, faces, (0, 0, 0))).max() > 1e-2
    # The mean in the first bias: padding would then be black, not of the mean colour.
    (weights, bias), *others = AGES
    folded = bias - np.einsum("ocij,c->o", weights, np.array(MEAN_BGR, np.float32))
    assert np.abs(logits - forward([(weights, folded), *others], faces, (0, 0, 0))).max() > 1e-2


def test_equal_convolutions_are_shared(tmp_path: Path) -> None:
    genders = [*AGES[:13], *GENDERS[13:]]
    card = combined(tmp_path, AGES, genders)
    assert card.arguments["shared"] is True
    faces = random_faces(2)
    expected = np.hstack([forward(AGES, faces), forward(genders, faces)])
    for backend in (OpenVinoBackend(), KerasBackend()):
        assert np.abs(backend.runner(network_files(card))(faces) - expected).max() < 1e-5


def test_the_card_describes_the_studys_preprocessing(tmp_path: Path) -> None:
    card = load_card(combined(tmp_path).path)
    assert (card.name, card.network, card.arguments["mean_rgb"]) == ("dex", "vgg_face", [123.0, 117.0, 104.0])
    crop = card.crop
    assert (crop.size_px, crop.margin, crop.alignment) == (32, 0.4, "box")
    assert (crop.squeezed, crop.border, crop.once) == (True, "replicated", True)
    assert {of["task"]: of["sha256"] for of in card.made_from} == {
        task: file_digest(tmp_path / f"{task}.caffemodel") for task in ("age", "gender")
    }
    assert "academic research" in card.licence


@pytest.mark.parametrize(
    ("field", "value", "reason"), [("border", "mirrored", "crop border"), ("alignment", "five-landmarks", "squeezed")]
)
def test_a_card_with_an_unknown_crop_is_refused(tmp_path: Path, field: str, value: str, reason: str) -> None:
    path = combined(tmp_path).path
    content = json.loads(path.read_text())
    content["crop"][field] = value
    path.write_text(json.dumps(content))
    with pytest.raises(WeightsError, match=reason):
        load_card(path)


def test_the_estimator_sees_each_face_once_as_the_study_did(tmp_path: Path, astronaut_bgr: Image) -> None:
    card = combined(tmp_path)
    estimator = Estimator.load(str(card.path), OpenVinoBackend())
    faces = FaceDetector(min_face_px=60).detect(astronaut_bgr)
    (once,), (twice,) = (estimator.estimate(astronaut_bgr, faces, twice=twice) for twice in (False, True))
    assert np.array_equal(once.age_distribution, twice.age_distribution)
    crop = crop_faces(astronaut_bgr, places_of(faces, card.crop), card.crop)
    logits = np.hstack([forward(AGES, crop), forward(GENDERS, crop)]).astype(np.float32)
    (expected,) = decode(logits, card.calibration)
    assert once.age == pytest.approx(expected.age, abs=1e-3)
    assert once.female_probability == pytest.approx(expected.female_probability, abs=1e-4)
