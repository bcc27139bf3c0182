"""VGG-Face weights: files in the legacy HDF5 layout are checked, combined and used."""

import inspect
import json
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest
from legacy_hdf5 import Tensors, random_tensors, shapes, write_published
from models import is_one_sentence

from agecam.backends.keras import KerasBackend, load_model
from agecam.backends.openvino import OpenVinoBackend
from agecam.errors import OutputError, WeightsError
from agecam.models.card import load_card
from agecam.models.files import file_digest
from agecam.models.install.layers import CONVOLUTIONS
from agecam.models.install.legacy_hdf5 import opened
from agecam.models.install.vgg_face import checked, combine
from agecam.models.networks.vgg_face import convolutions, task_network, vgg_face
from agecam.models.store import network_files
from agecam.models.vgg_face import PEOPLE
from agecam.runtime.device import has_bfloat16
from agecam.types import FloatArray, Image
from agecam.vision.estimator import Estimator

NARROW = {"channels": 2, "features": 8, "side": 1}
SIZE_PX = 32


def task_files(folder: Path, *, gender_backbone_seed: int = 0, **form: int) -> dict[str, Any]:
    """Narrow files for age and gender, checked."""
    form = form or NARROW
    age = write_published(folder / "age_model_weights.h5", random_tensors(101, seed=1, **form))
    tensors = random_tensors(2, seed=2, backbone_seed=gender_backbone_seed, **form)
    gender = write_published(folder / "gender_model_weights.h5", tensors)
    return {"age": checked(age), "gender": checked(gender)}


def by_definition(tensors: Tensors, faces: FloatArray) -> FloatArray:
    """The network as the paper describes it, in plain layers: padding, convolution, pooling; logits."""
    x = faces / 255
    inputs = keras.Input(faces.shape[1:])
    y: Any = inputs
    for index, (kernel, _) in enumerate(tensors):
        in_backbone = index < 13
        if in_backbone:
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


def test_the_network_is_exactly_vgg_face() -> None:
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
def test_the_network_computes_what_the_paper_describes(tmp_path: Path, size_px: int) -> None:
    form = NARROW | {"side": size_px // 32}
    _, network = load_model(str(combine(task_files(tmp_path, **form), tmp_path / "models").path))
    faces = random_faces(3, size_px)
    expected = np.hstack(
        [by_definition(random_tensors(classes, seed, **form), faces) for classes, seed in ((101, 1), (2, 2))]
    )
    assert np.abs(np.asarray(network(faces, training=False)) - expected).max() < 1e-5
    assert np.ptp(expected) > 0.1


# --- the files -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("whole_model", [False, True])
def test_both_forms_of_the_legacy_layout_are_read(tmp_path: Path, whole_model: bool) -> None:
    tensors = random_tensors(101, **NARROW)
    path = write_published(tmp_path / "age.h5", tensors, whole_model=whole_model)
    with opened(path) as layers:
        assert layers.layout.task == "age"
        assert (layers.layout.size_px, layers.layout.channels, layers.layout.features) == (32, 2, 8)
        for index in range(CONVOLUTIONS):
            for read, written in zip(layers.tensors(index), tensors[index], strict=True):
                assert np.array_equal(read, written)


def rejection(path: Path) -> str:
    with pytest.raises(WeightsError) as failure:
        checked(path)
    assert is_one_sentence(str(failure.value)), failure.value
    assert path.name in str(failure.value)
    return str(failure.value)


def test_damage_is_reported_in_one_sentence(tmp_path: Path) -> None:
    path = tmp_path / "age_model_weights.h5"
    assert "check the path" in rejection(path)
    path.write_bytes(b"<html>Not found</html>")
    assert "HDF5" in rejection(path)
    good = random_tensors(101, **NARROW)
    whole = write_published(path, good).read_bytes()
    path.write_bytes(whole[: len(whole) // 2])
    assert "incomplete" in rejection(path)
    write_published(path, good[:-1])
    assert "15 layers" in rejection(path)
    write_published(path, random_tensors(7, **NARROW))
    assert "7 classes" in rejection(path)
    write_published(path, random_tensors(2622, **NARROW))
    assert "VGG-Face itself" in rejection(path)
    wrong = [*good[:4], (good[4][0].transpose(0, 1, 3, 2), good[4][1]), *good[5:]]
    write_published(path, wrong)
    assert "layer 5 of 16" in rejection(path)
    for bad in (np.nan, np.inf):
        kernel = good[9][0].copy()
        kernel.flat[3] = bad
        write_published(path, [*good[:9], (kernel, good[9][1]), *good[10:]])
        assert "not finite in layer 10" in rejection(path)


def test_weights_of_current_keras_are_not_taken_for_the_legacy_layout(tmp_path: Path) -> None:
    path = tmp_path / "age.weights.h5"
    task_network(101, SIZE_PX, channels=2, features=8).save_weights(path)
    assert "legacy HDF5 layout" in rejection(path)


# --- one model -----------------------------------------------------------------------------------------


def test_equal_backbones_are_shared_with_the_same_result(tmp_path: Path) -> None:
    cards = {}
    for name, seed in (("one", 0), ("two", 7)):
        card = combine(task_files(tmp_path, gender_backbone_seed=seed), tmp_path / "models", name=name)
        cards[name] = card
    assert cards["one"].arguments["shared"] is True
    assert cards["two"].arguments["shared"] is False
    one, two = (load_model(str(card.path))[1] for card in cards.values())
    assert (len(convolutions(one)), len(convolutions(two))) == (13 + 6, 26 + 6)
    faces = random_faces(4)
    ages = random_tensors(101, seed=1, **NARROW)
    genders = random_tensors(2, seed=2, backbone_seed=7, **NARROW)
    separate = np.hstack([by_definition(ages, faces), by_definition(genders, faces)])
    assert np.abs(np.asarray(two(faces, training=False)) - separate).max() < 1e-5


def test_half_precision_changes_large_networks_slightly_and_small_ones_not(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    form = {"channels": 8, "features": 64, "side": 1}
    card = combine(task_files(tmp_path, **form), tmp_path / "models")
    faces = random_faces(8)

    def ages(backend: OpenVinoBackend | KerasBackend) -> FloatArray:
        logits = backend.runner(network_files(card))(faces)[:, :101]
        weights = np.exp(logits - logits.max(1, keepdims=True))
        return weights / weights.sum(1, keepdims=True) @ np.arange(101)

    small = OpenVinoBackend(bfloat16=True)
    assert small.precision(network_files(card)) == "float32"
    exact = ages(small)
    assert ages(KerasBackend()) == pytest.approx(exact, abs=1e-3)
    monkeypatch.setattr("agecam.models.files.LARGE_BYTES", 1000)
    assert small.precision(network_files(card)) == "bfloat16"
    if has_bfloat16():
        assert 0 < np.abs(ages(small) - exact).max() < 1.0
    _, half_precision = load_model(str(card.path), "bfloat16")
    assert half_precision.get_layer("age_fc6").dtype_policy.name == "bfloat16"
    assert keras.config.dtype_policy().name == "float32"
    assert ages(OpenVinoBackend(bfloat16=False)) == pytest.approx(exact, abs=1e-4)


@pytest.mark.parametrize("gender_backbone_seed", [0, 7])
def test_the_onnx_file_matches_the_keras_network(tmp_path: Path, gender_backbone_seed: int) -> None:
    by_task = task_files(tmp_path, gender_backbone_seed=gender_backbone_seed)
    card = combine(by_task, tmp_path / "models")
    assert [form.reads_weights for form in card.forms] == [True]
    faces = random_faces(5)
    keras_logits, onnx_logits = (
        backend.runner(network_files(card))(faces) for backend in (KerasBackend(), OpenVinoBackend())
    )
    assert onnx_logits == pytest.approx(keras_logits, abs=1e-5)
    assert np.ptp(keras_logits) > 0.1
    # The weights are stored once.
    sizes = {path.suffix: path.stat().st_size for path in card.path.parent.iterdir()}
    assert sizes[".onnx"] < 20_000
    source_bytes = sum(task_file.path.stat().st_size for task_file in by_task.values())
    assert sum(sizes.values()) < source_bytes + 40_000  # files of so small a network are mostly overhead


def test_damaged_weights_are_detected_through_the_onnx_file(tmp_path: Path) -> None:
    card = combine(task_files(tmp_path), tmp_path / "models")
    with card.weights_path.open("r+b") as file:
        file.seek(-400, 2)
        file.write(b"damage")
    with pytest.raises(WeightsError, match="damaged"):
        OpenVinoBackend().runner(network_files(card))


def test_the_card_describes_the_crop_and_the_source_files(tmp_path: Path) -> None:
    card = load_card(combine(task_files(tmp_path), tmp_path / "models").path)
    assert (card.name, card.network, card.colour_order) == ("vgg-face", "vgg_face", "RGB")
    assert (card.crop.alignment, card.crop.margin, card.crop.size_px) == ("box", 0.4, SIZE_PX)
    assert card.sha256 == file_digest(card.weights_path)
    files = {entry["task"]: (entry["file"], entry["sha256"]) for entry in card.made_from}
    for task in ("age", "gender"):
        assert files[task] == (f"{task}_model_weights.h5", file_digest(tmp_path / f"{task}_model_weights.h5"))
    assert "commercial" in card.licence


def test_files_of_different_networks_are_rejected(tmp_path: Path) -> None:
    both = task_files(tmp_path)
    path = write_published(tmp_path / "wide.h5", random_tensors(2, **NARROW | {"channels": 4}))
    with pytest.raises(WeightsError) as failure:
        combine(both | {"gender": checked(path)}, tmp_path / "models")
    assert is_one_sentence(str(failure.value))
    assert not (tmp_path / "models").exists()


def test_an_unwritable_folder_is_reported(tmp_path: Path) -> None:
    (tmp_path / "models").write_text("a file")
    with pytest.raises(OutputError) as failure:
        combine(task_files(tmp_path), tmp_path / "models")
    assert is_one_sentence(str(failure.value))


def test_a_card_with_another_network_is_rejected(tmp_path: Path) -> None:
    path = combine(task_files(tmp_path), tmp_path / "models").path
    content = json.loads(path.read_text())
    content["arguments"]["features"] = 16
    path.write_text(json.dumps(content))
    with pytest.raises(WeightsError) as failure:
        load_model(str(path))
    assert is_one_sentence(str(failure.value))


def test_the_estimator_crops_faces_by_their_box(tmp_path: Path, astronaut_bgr: Image) -> None:
    from agecam.vision.detector import FaceDetector

    card = combine(task_files(tmp_path), tmp_path / "models")
    estimator = Estimator.load(str(card.path))
    faces = FaceDetector(min_face_px=60).detect(astronaut_bgr)
    (attributes,) = estimator.estimate(astronaut_bgr, faces)
    x, y, width, height = faces[0].box
    side = max(width, height) * 1.8
    left, top = round(x + width / 2 - side / 2), round(y + height / 2 - side / 2)
    crop_rgb = astronaut_bgr[top : top + round(side), left : left + round(side), ::-1]
    import cv2

    small = cv2.resize(np.ascontiguousarray(crop_rgb), (SIZE_PX, SIZE_PX), interpolation=cv2.INTER_AREA)
    logits = by_definition(random_tensors(101, seed=1, **NARROW), small[None].astype(np.float32))[0]
    distribution = np.exp(logits - logits.max())
    assert np.abs(attributes.age_distribution - distribution / distribution.sum()).max() < 2e-3


def test_a_network_of_full_size_is_combined_and_used(tmp_path: Path, astronaut_bgr: Image) -> None:
    assert inspect.signature(vgg_face).parameters["channels"].default == 64
    form = {"channels": 64, "features": 4096, "side": 7}
    both = {}
    for task, classes in (("age", 101), ("gender", 2)):
        # A constant array with the full shape, which saves disk space and time.
        tensors = [
            (np.broadcast_to(np.float32(0.001), shape), np.zeros(shape[-1], np.float32))
            for shape in shapes(classes, **form)
        ]
        both[task] = checked(write_published(tmp_path / f"{task}.h5", tensors))
    card = combine(both, tmp_path / "models")
    assert card.arguments == {"channels": 64, "features": 4096, "shared": True}
    assert card.crop.size_px == 224
    estimator = Estimator.load(str(card.path))
    (attributes,) = estimator.estimate_squares(astronaut_bgr, np.array([[223, 115, 50, 0]], np.float32))
    assert attributes.age == pytest.approx(50)  # all ages have equal probability
    assert attributes.gender == "unsure"
