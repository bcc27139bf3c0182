"""The recipe end to end on a small IMDB-WIKI of real faces: clean, train, install, evaluate, use."""

import csv
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import cv2
import keras
import numpy as np
import pytest
from imdb_wiki import Row, write_index, write_picture
from legacy_hdf5 import random_tensors, write_published
from models import is_one_sentence

from agecam.models.install.layers import CONVOLUTIONS
from agecam.models.install.legacy_hdf5 import opened
from agecam.types import Image
from agecam.vision.estimator import Estimator
from training.data.wiki_faces import WikiFaces, resized_whole
from training.evaluation.evaluate_recipe import as_published, predict_wiki, read_chalearn
from training.vgg_face.adam import InPlaceAdam
from training.vgg_face.transfer import split

SMALL = ("--size", "32", "--channels", "8", "--features", "64")


def step(name: str, *arguments: object, fails: bool = False) -> str:
    done = subprocess.run(
        [sys.executable, "-m", f"training.{name}", *(str(of) for of in arguments)],
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode != 0) == fails, done.stderr
    return done.stderr if fails else done.stdout


@pytest.fixture(scope="module")
def archive(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A cleaned set of sixty pictures of two people, one bright and one dark, so that random backbones can learn it."""
    from agecam.sources.demo import portraits

    folder = tmp_path_factory.mktemp("wiki_crop")
    astronaut, hopper = portraits()
    faces = [(astronaut[27:207, 133:313], 1.0, 40, 1.0), (hopper[20:420, 65:465], 0.0, 70, 0.3)]
    random = np.random.default_rng(3)
    rows = []
    for number in range(60):
        picture, gender, age, light = faces[number % 2]
        light *= random.uniform(0.85, 1.1)
        seen = np.clip(picture * light, 0, 255).astype(np.uint8)
        name = f"{number % 10:02d}/{number}.jpg"
        write_picture(folder, name, cv2.resize(seen, (100 + number, 100 + number)))
        rows.append(Row(name, f"{2000 - age}-03-01", 2000, gender))
    write_index(folder / "wiki.mat", rows)
    step("data.clean", "--index", folder / "wiki.mat", "--out", folder)
    return folder


def train(archive: Path, out: Path, task: str, protocol: str, *more: object) -> str:
    return step(
        "vgg_face.transfer",
        *("--rows", archive / "clean.csv", "--pictures", archive, "--task", task, "--protocol", protocol),
        *("--out", out, "--quiet", *SMALL, *more),
    )


def log_of(out: Path) -> list[dict[str, str]]:
    with (out / "log.csv").open() as file:
        return list(csv.DictReader(file))


# --- data ----------------------------------------------------------------------------------------------


def test_training_and_program_see_the_same_crop(archive: Path, tmp_path: Path, astronaut_bgr: Image) -> None:
    """A picture of the archive is the face with a margin of 40 %, like the program's crop from the photograph."""
    picture = astronaut_bgr[27:207, 133:313]
    from agecam.types import CropSpec
    from agecam.vision.crop import crop_faces

    box_side = 100  # 180 with the margin
    square = np.array([[133 + 90, 27 + 90, box_side / 2, 0]], np.float32)
    in_program = np.asarray(crop_faces(astronaut_bgr, square, CropSpec(64, 0.4, alignment="box")))[0]
    in_training = resized_whole(picture, 64).astype(np.float32)
    # Except at the border, where only the photograph has neighbouring pixels.
    assert np.abs(in_program - in_training)[1:-1, 1:-1].max() <= 1


def test_the_cleaned_table_is_read(archive: Path) -> None:
    faces = WikiFaces.read(archive / "clean.csv", archive)
    assert len(faces) == 60
    assert set(faces.ages.tolist()) == {40, 70}
    assert faces.female.sum() == 30
    assert (faces.classes("gender") == ~faces.female).all()
    assert faces.inputs(np.array([3, 8]), 32).shape == (2, 32, 32, 3)


def test_the_split_depends_on_the_seed_and_both_ways_have_the_same_test_faces() -> None:
    three, published = split(1000, "three", 1), split(1000, "published", 1)
    assert {name: len(rows) for name, rows in three.items()} == {"train": 600, "val": 100, "test": 300}
    assert (published["test"] == three["test"]).all()
    assert (published["val"] == published["test"]).all()
    assert sorted(np.concatenate(list(three.values())).tolist()) == list(range(1000))
    assert (split(1000, "three", 1)["train"] == three["train"]).all()
    assert (split(1000, "three", 2)["test"] != three["test"]).any()


# --- training ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("protocol", ["recipe", "cached"])
def test_both_protocols_learn_and_keep_the_frozen_convolutions(archive: Path, tmp_path: Path, protocol: str) -> None:
    start = write_published(tmp_path / "vgg_face_weights.h5", random_tensors(2622, channels=8, features=64, side=1))
    arguments = ("--epochs", 15, "--draw", 64, "--start", start, "--rate", 0.01)
    printed = train(archive, tmp_path / "run", "gender", protocol, *arguments)
    assert "pictures per second" in printed
    losses = [float(row["val_loss"]) for row in log_of(tmp_path / "run")]
    assert len(losses) == 15
    assert min(losses) < 0.4
    best = json.loads((tmp_path / "run" / "best.json").read_text())
    assert best["val_loss"] == pytest.approx(min(losses))
    with opened(start) as before, opened(tmp_path / "run" / "gender_model_weights.h5") as after:
        for index in range(CONVOLUTIONS - 1):
            same = np.array_equal(before.tensors(index)[0], after.tensors(index)[0])
            assert same == (index < 13)


def test_both_protocols_have_the_same_network_and_loss(archive: Path, tmp_path: Path) -> None:
    """With a learning rate of 0, both give the loss of the same weights on the same faces."""
    losses = {}
    for protocol in ("recipe", "cached"):
        train(archive, tmp_path / protocol, "age", protocol, "--epochs", 1, "--rate", 0, "--draw", 32)
        losses[protocol] = float(log_of(tmp_path / protocol)[0]["val_loss"])
    assert losses["cached"] == pytest.approx(losses["recipe"], rel=2e-3)  # of half precision


def test_features_are_computed_once_and_resumed(archive: Path, tmp_path: Path) -> None:
    folder = tmp_path / "features"
    first = train(archive, tmp_path / "a", "age", "cached", "--epochs", 1, "--features-folder", folder)
    assert "60 faces" in first
    again = train(archive, tmp_path / "b", "gender", "cached", "--epochs", 1, "--features-folder", folder)
    assert "60 faces" not in again
    complete = (folder / "features.f16").read_bytes()
    assert len(complete) == 60 * 1 * 1 * 64 * 2
    # Stopped after 32 of the faces.
    note = json.loads((folder / "features.json").read_text())
    (folder / "features.json").write_text(json.dumps(note | {"done": 32}))
    (folder / "features.f16").write_bytes(complete[: 37 * 128] + b"half a row")
    train(archive, tmp_path / "c", "age", "cached", "--epochs", 1, "--features-folder", folder)
    assert (folder / "features.f16").read_bytes() == complete
    # Features of another network.
    error = step(
        "vgg_face.transfer",
        *("--rows", archive / "clean.csv", "--task", "age", "--out", tmp_path / "d", "--features-folder", folder),
        *(*SMALL, "--seed", 2),
        fails=True,
    )
    assert "other faces or weights" in error.splitlines()[-1]


def test_an_interrupted_training_is_resumed(archive: Path, tmp_path: Path) -> None:
    out = tmp_path / "run"
    code = (
        "import sys\n"
        "from training.vgg_face import transfer\n"
        "class Stopping(transfer.Throughput):\n"
        "    def on_epoch_begin(self, epoch, logs=None):\n"
        "        if epoch == 2: sys.exit(3)\n"
        "        super().on_epoch_begin(epoch, logs)\n"
        "transfer.Throughput = Stopping\n"
        "transfer.main()\n"
    )
    arguments = [
        *("--rows", archive / "clean.csv", "--task", "age", "--out", out, "--quiet", "--epochs", 4, *SMALL),
    ]
    done = subprocess.run([sys.executable, "-c", code, *map(str, arguments)], capture_output=True, check=False)
    assert done.returncode == 3, done.stderr
    assert len(log_of(out)) == 2
    step("vgg_face.transfer", *arguments)
    assert [int(row["epoch"]) for row in log_of(out)] == [0, 1, 2, 3]


@pytest.mark.parametrize("what", ["no table", "no pictures", "no weights", "other size"])
def test_missing_input_gives_a_one_sentence_error(archive: Path, tmp_path: Path, what: str) -> None:
    start = write_published(tmp_path / "vgg_face_weights.h5", random_tensors(2622, channels=2, features=8, side=1))
    rows, pictures = archive / "clean.csv", archive
    if what == "no table":
        rows = tmp_path / "clean.csv"
    elif what == "no pictures":
        pictures = tmp_path
    elif what == "no weights":
        start = tmp_path / "none.h5"
    arguments = ("--rows", rows, "--pictures", pictures, "--task", "age", "--start", start, "--out", tmp_path / "run")
    error = step("vgg_face.transfer", *arguments, *SMALL, fails=True).splitlines()[-1]
    assert is_one_sentence(error.removeprefix("training: ")), error
    assert "Traceback" not in error


# --- the trained model ---------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def model(archive: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Both tasks, trained in a few steps and installed; the path of the card."""
    folder = tmp_path_factory.mktemp("runs")
    for task in ("age", "gender"):
        arguments = ("--epochs", 25, "--rate", 0.01, "--features-folder", folder)
        train(archive, folder / task, task, "cached", *arguments)
    from agecam.models.card import Card
    from agecam.models.install.adding import add_model

    weights = [str(folder / task / f"{task}_model_weights.h5") for task in ("age", "gender")]
    card = add_model(weights, folder / "models", lambda what, unit: lambda done, of: None, lambda card: None)
    assert isinstance(card, Card)
    assert card.arguments["shared"]
    (folder / "split.csv").write_bytes((folder / "age" / "split.csv").read_bytes())
    return card.path


def test_the_program_gives_the_results_of_the_trained_networks(archive: Path, model: Path) -> None:
    faces = WikiFaces.read(archive / "clean.csv", archive)
    predictions = predict_wiki(Estimator.load(str(model)), faces)
    direct = _logits(model, faces)
    ages = np.exp(direct - direct.max(1, keepdims=True))
    assert np.abs(predictions.distribution - ages / ages.sum(1, keepdims=True)).max() < 1e-4
    figures = as_published(predictions)
    assert figures["class_accuracy"] > 0.9
    age = predictions.distribution @ np.arange(101)
    assert figures["mae_truncated"] == pytest.approx(np.abs(np.floor(age) - faces.ages).mean())


def _logits(model: Path, faces: WikiFaces) -> Any:
    from agecam.backends.keras import load_model

    _, network = load_model(str(model))
    inputs = np.stack([resized_whole(faces.picture(row), 32) for row in range(len(faces))])
    return np.asarray(network(inputs.astype(np.float32), training=False))[:, :101]


def test_the_recipes_evaluation_prints_its_figures(archive: Path, model: Path, tmp_path: Path) -> None:
    arguments = ("--weights", model, "--rows", archive / "clean.csv", "--split", model.parent.parent / "split.csv")
    printed = step("evaluation.evaluate_recipe", *arguments, "--out", tmp_path)
    for word in ("categorical cross-entropy", "apparent age truncated", "precision", "recall"):
        assert word in printed
    figures = json.loads((tmp_path / "recipe.json").read_text())
    assert figures["faces"] == 18  # 30 % of 60
    assert figures["mae"] < figures["mae_of_the_mean_age"]
    assert figures["gender"] > 0.9
    assert (tmp_path / "wiki-confusion.png").exists()


def test_chalearn_is_evaluated_on_whole_pictures(
    model: Path, tmp_path: Path, astronaut_bgr: Image, hopper_bgr: Image
) -> None:
    cv2.imwrite(str(tmp_path / "a.jpg"), astronaut_bgr)
    cv2.imwrite(str(tmp_path / "b.jpg"), hopper_bgr)
    cv2.imwrite(str(tmp_path / "nobody.jpg"), np.full((200, 200, 3), 90, np.uint8))
    table = tmp_path / "gt.csv"
    table.write_text("image,mean,stdv\na.jpg,40.0,4.0\nb.jpg,66.5,3.5\nnobody.jpg,30,2\n")
    assert read_chalearn(table)[1] == ("b.jpg", 66.5, 3.5)
    printed = step("evaluation.evaluate_recipe", "--weights", "compact", "--chalearn", table, "--out", tmp_path / "out")
    assert "not an error" in printed
    figures = json.loads((tmp_path / "out" / "recipe.json").read_text())
    assert figures["found"] == pytest.approx(2 / 3)
    assert figures["chalearn_error"] + figures["likeness"] == pytest.approx(1)
    assert figures["chalearn_error_of_all"] == pytest.approx((2 * figures["chalearn_error"] + 1) / 3)
    table.write_text("image,age\na.jpg,40\n")
    error = step("evaluation.evaluate_recipe", "--weights", "compact", "--chalearn", table, fails=True)
    assert "image, mean and stdv" in error.splitlines()[-1]


def test_the_model_runs_over_a_video(model: Path, tmp_path: Path, write_video: Any, astronaut_bgr: Image) -> None:
    from agecam.cli import main

    path = write_video("clip.mp4", [astronaut_bgr] * 5)
    results = tmp_path / "r.jsonl"
    assert main(["analyze", str(path), "--model", str(model), "--jsonl", str(results), "--quiet"]) == 0
    lines = [json.loads(line) for line in results.read_text().splitlines()]
    assert [len(line["faces"]) for line in lines] == [1] * 5
    assert all(0 <= line["faces"][0]["age"] <= 100 for line in lines)


def test_in_place_adam_equals_adam() -> None:
    random = np.random.default_rng(3)
    inputs = random.normal(size=(256, 20)).astype(np.float32)
    weights, losses = [], []
    for kind in (keras.optimizers.Adam, InPlaceAdam):
        keras.utils.set_random_seed(1)
        hidden = keras.layers.Dense(30, activation="relu")
        network = keras.Sequential([keras.Input((20,)), hidden, keras.layers.Dense(5)])
        network.compile(optimizer=kind(1e-2), loss="mse")
        losses.append(network.fit(inputs, 2 * inputs[:, :5], epochs=6, verbose=0).history["loss"])
        weights.append(network.get_weights())
    assert losses[0][-1] < 0.7 * losses[0][0]
    assert losses[0] == pytest.approx(losses[1], rel=1e-4)
    for expected, actual in zip(*weights, strict=True):
        assert np.allclose(expected, actual, atol=1e-5)
