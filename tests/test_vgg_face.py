"""The recipe's weights: files in the older layout, checked, brought together, and used."""

import inspect
import json
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest
from legacy_hdf5 import Tensors, random_tensors, shapes, write_published
from models import is_one_sentence

from agecam.backends.keras import load_model
from agecam.errors import OutputError, WeightsError
from agecam.models.card import load_card
from agecam.models.files import file_digest
from agecam.models.install.legacy_hdf5 import CONVOLUTIONS, opened
from agecam.models.install.vgg_face import brought_together, checked
from agecam.models.networks.vgg_face import convolutions, task_network, vgg_face
from agecam.models.vgg_face import PEOPLE
from agecam.types import FloatArray, Image
from agecam.vision.estimator import Estimator

NARROW = {"channels": 2, "features": 8, "side": 1}
SIZE_PX = 32


def halves(folder: Path, *, gender_trunk_seed: int = 0, **form: int) -> dict[str, Any]:
    """Narrow files for age and gender, checked."""
    form = form or NARROW
    age = write_published(folder / "age_model_weights.h5", random_tensors(101, seed=1, **form))
    tensors = random_tensors(2, seed=2, trunk_seed=gender_trunk_seed, **form)
    gender = write_published(folder / "gender_model_weights.h5", tensors)
    return {"age": checked(age), "gender": checked(gender)}


def by_definition(tensors: Tensors, faces: FloatArray) -> FloatArray:
    """The network as the paper describes it, in plain layers: padding, convolution, pooling; logits."""
    x = faces / 255
    inputs = keras.Input(faces.shape[1:])
    y: Any = inputs
    for index, (kernel, _) in enumerate(tensors):
        in_trunk = index < 13
        if in_trunk:
            y = keras.layers.ZeroPadding2D(1)(y)
        last = index == len(tensors) - 1
        y = keras.layers.Conv2D(
            kernel.shape[-1], kernel.shape[0], activation=None if last else "relu", name=f"layer{index}"
        )(y)
        if index in (1, 3, 6, 9, 12):
            y = keras.layers.MaxPooling2D(2, 2)(y)
    network = keras.Model(inputs, keras.layers.Flatten()(y))
    for index, weights in enumerate(tensors):
        network.get_layer(f"layer{index}").set_weights(list(weights))
    return np.asarray(network(x))


def random_faces(count: int, size_px: int = SIZE_PX) -> FloatArray:
    return np.random.default_rng(5).uniform(0, 255, (count, size_px, size_px, 3)).astype(np.float32)


# --- the network ---------------------------------------------------------------------------------------


def test_it_is_vgg_face_exactly() -> None:
    network = task_network(PEOPLE, initializer="zeros")
    kernels = [tuple(layer.kernel.shape) for layer in convolutions(network)]
    assert kernels == shapes(2622)
    assert network.count_params() == 145_002_878  # Parkhi et al.: 145 million
    assert network.input_shape == (None, 224, 224, 3)


def test_all_but_the_last_three_convolutions_are_frozen() -> None:
    network = task_network(101, SIZE_PX, channels=2, features=8)
    assert [layer.trainable for layer in convolutions(network)] == [False] * 13 + [True] * 3
    assert len(network.trainable_weights) == 6


@pytest.mark.parametrize("size_px", [32, 64])
def test_it_computes_what_the_paper_describes(tmp_path: Path, size_px: int) -> None:
    form = NARROW | {"side": size_px // 32}
    _, network = load_model(str(brought_together(halves(tmp_path, **form), tmp_path / "models").path))
    faces = random_faces(3, size_px)
    expected = np.hstack(
        [by_definition(random_tensors(classes, seed, **form), faces) for classes, seed in ((101, 1), (2, 2))]
    )
    assert np.abs(np.asarray(network(faces, training=False)) - expected).max() < 1e-5
    assert np.ptp(expected) > 0.1


# --- the files -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("whole_model", [False, True])
def test_both_forms_of_the_older_layout_are_read(tmp_path: Path, whole_model: bool) -> None:
    tensors = random_tensors(101, **NARROW)
    path = write_published(tmp_path / "age.h5", tensors, whole_model=whole_model)
    with opened(path) as layers:
        assert layers.layout.task == "age"
        assert (layers.layout.size_px, layers.layout.channels, layers.layout.features) == (32, 2, 8)
        for index in range(CONVOLUTIONS):
            for read, written in zip(layers.tensors(index), tensors[index], strict=True):
                assert np.array_equal(read, written)


def refusal(path: Path) -> str:
    with pytest.raises(WeightsError) as failure:
        checked(path)
    assert is_one_sentence(str(failure.value)), failure.value
    assert path.name in str(failure.value)
    return str(failure.value)


def test_damage_is_told_in_one_sentence(tmp_path: Path) -> None:
    path = tmp_path / "age_model_weights.h5"
    assert "check the path" in refusal(path)
    path.write_bytes(b"<html>Not found</html>")
    assert "HDF5" in refusal(path)
    good = random_tensors(101, **NARROW)
    whole = write_published(path, good).read_bytes()
    path.write_bytes(whole[: len(whole) // 2])
    assert "incomplete" in refusal(path)
    write_published(path, good[:-1])
    assert "15 layers" in refusal(path)
    write_published(path, random_tensors(7, **NARROW))
    assert "7 classes" in refusal(path)
    write_published(path, random_tensors(2622, **NARROW))
    assert "VGG-Face itself" in refusal(path)
    wrong = [*good[:4], (good[4][0].transpose(0, 1, 3, 2), good[4][1]), *good[5:]]
    write_published(path, wrong)
    assert "layer 5 of 16" in refusal(path)
    for bad in (np.nan, np.inf):
        kernel = good[9][0].copy()
        kernel.flat[3] = bad
        write_published(path, [*good[:9], (kernel, good[9][1]), *good[10:]])
        assert "not finite, in layer 10" in refusal(path)


def test_a_model_of_todays_keras_is_not_taken_for_the_older_layout(tmp_path: Path) -> None:
    path = tmp_path / "age.weights.h5"
    task_network(101, SIZE_PX, channels=2, features=8).save_weights(path)
    assert "older layout" in refusal(path)


# --- one model -----------------------------------------------------------------------------------------


def test_equal_trunks_are_run_once_with_the_same_result(tmp_path: Path) -> None:
    cards = {}
    for name, seed in (("one", 0), ("two", 7)):
        card = brought_together(halves(tmp_path, gender_trunk_seed=seed), tmp_path / "models", name=name)
        cards[name] = card
    assert cards["one"].arguments["shared"] is True
    assert cards["two"].arguments["shared"] is False
    one, two = (load_model(str(card.path))[1] for card in cards.values())
    assert (len(convolutions(one)), len(convolutions(two))) == (13 + 6, 26 + 6)
    faces = random_faces(4)
    ages = random_tensors(101, seed=1, **NARROW)
    genders = random_tensors(2, seed=2, trunk_seed=7, **NARROW)
    apart = np.hstack([by_definition(ages, faces), by_definition(genders, faces)])
    assert np.abs(np.asarray(two(faces, training=False)) - apart).max() < 1e-5


def test_half_precision_changes_little_and_small_networks_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    form = {"channels": 8, "features": 64, "side": 1}
    card = brought_together(halves(tmp_path, **form), tmp_path / "models")
    faces = random_faces(8)

    def said(in_bfloat16: bool) -> tuple[FloatArray, str]:
        _, network = load_model(str(card.path), large_in_bfloat16=in_bfloat16)
        logits = np.asarray(network(faces, training=False))[:, :101]
        shares = np.exp(logits - logits.max(1, keepdims=True))
        return shares / shares.sum(1, keepdims=True) @ np.arange(101), network.get_layer("age_fc6").dtype_policy.name

    exact, kind = said(in_bfloat16=True)
    assert kind == "float32"  # it is small
    monkeypatch.setattr("agecam.models.card.LARGE_BYTES", 1000)
    halved, kind = said(in_bfloat16=True)
    assert kind == "bfloat16"
    assert 0 < np.abs(halved - exact).max() < 1.0
    assert said(in_bfloat16=False)[1] == "float32"
    assert keras.config.dtype_policy().name == "float32"


def test_the_card_says_how_the_recipe_sees_faces(tmp_path: Path) -> None:
    card = load_card(brought_together(halves(tmp_path), tmp_path / "models").path)
    assert (card.name, card.network, card.colour_order) == ("vgg-face", "vgg_face", "RGB")
    assert (card.crop.alignment, card.crop.margin, card.crop.size_px) == ("box", 0.4, SIZE_PX)
    assert card.sha256 == file_digest(card.weights_path)
    files = {of["task"]: (of["file"], of["sha256"]) for of in card.made_from}
    for task in ("age", "gender"):
        assert files[task] == (f"{task}_model_weights.h5", file_digest(tmp_path / f"{task}_model_weights.h5"))
    assert "commercial" in card.licence


def test_halves_of_different_networks_are_refused(tmp_path: Path) -> None:
    both = halves(tmp_path)
    path = write_published(tmp_path / "wide.h5", random_tensors(2, **NARROW | {"channels": 4}))
    with pytest.raises(WeightsError) as failure:
        brought_together(both | {"gender": checked(path)}, tmp_path / "models")
    assert is_one_sentence(str(failure.value))
    assert not (tmp_path / "models").exists()


def test_a_folder_that_cannot_be_written_is_told(tmp_path: Path) -> None:
    (tmp_path / "models").write_text("a file")
    with pytest.raises(OutputError) as failure:
        brought_together(halves(tmp_path), tmp_path / "models")
    assert is_one_sentence(str(failure.value))


def test_a_card_whose_network_is_another_is_refused(tmp_path: Path) -> None:
    path = brought_together(halves(tmp_path), tmp_path / "models").path
    content = json.loads(path.read_text())
    content["arguments"]["features"] = 16
    path.write_text(json.dumps(content))
    with pytest.raises(WeightsError) as failure:
        load_model(str(path))
    assert is_one_sentence(str(failure.value))


def test_the_estimator_cuts_faces_by_their_box(tmp_path: Path, astronaut_bgr: Image) -> None:
    from agecam.vision.detector import FaceDetector

    card = brought_together(halves(tmp_path), tmp_path / "models")
    estimator = Estimator.load(str(card.path))
    faces = FaceDetector(min_face_px=60).detect(astronaut_bgr)
    (said,) = estimator.estimate(astronaut_bgr, faces)
    x, y, width, height = faces[0].box
    side = max(width, height) * 1.8
    left, top = round(x + width / 2 - side / 2), round(y + height / 2 - side / 2)
    cut_rgb = astronaut_bgr[top : top + round(side), left : left + round(side), ::-1]
    import cv2

    small = cv2.resize(np.ascontiguousarray(cut_rgb), (SIZE_PX, SIZE_PX), interpolation=cv2.INTER_AREA)
    logits = by_definition(random_tensors(101, seed=1, **NARROW), small[None].astype(np.float32))[0]
    distribution = np.exp(logits - logits.max())
    assert np.abs(said.age_distribution - distribution / distribution.sum()).max() < 2e-3


def test_a_network_of_the_true_size_is_brought_together_and_used(tmp_path: Path, astronaut_bgr: Image) -> None:
    assert inspect.signature(vgg_face).parameters["channels"].default == 64
    form = {"channels": 64, "features": 4096, "side": 7}
    both = {}
    for task, classes in (("age", 101), ("gender", 2)):
        # One row of numbers for all: the file has its true shape, and the test its disk and time.
        tensors = [
            (np.broadcast_to(np.float32(0.001), shape), np.zeros(shape[-1], np.float32))
            for shape in shapes(classes, **form)
        ]
        both[task] = checked(write_published(tmp_path / f"{task}.h5", tensors))
    card = brought_together(both, tmp_path / "models")
    assert card.arguments == {"channels": 64, "features": 4096, "shared": True}
    assert card.crop.size_px == 224
    estimator = Estimator.load(str(card.path))
    (said,) = estimator.estimate_squares(astronaut_bgr, np.array([[223, 115, 50, 0]], np.float32))
    assert said.age == pytest.approx(50)  # all alike
    assert said.gender == "unsure"
