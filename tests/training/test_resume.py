"""An interrupted training goes on as if it had not been interrupted, and a finished one is left alone."""

import csv
import importlib.util
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest
from models import is_one_sentence

from agecam.errors import UsageError
from training.resume import Backup, is_finished

ROOT = Path(__file__).resolve().parents[2]
EPOCHS = 5
BACKENDS = ["tensorflow", *(["torch"] if importlib.util.find_spec("torch") else [])]

COMPACT = """
import os, sys
import numpy as np
from training.compact import train
from training.data.crops import DecodedCrops

class FakeCrops:
    size_px, border_px = 32, 4
    splits = np.array(["train"] * 24 + ["val"] * 8)
    found = np.ones(32, bool)

    @classmethod
    def load(cls, paths):
        return cls()

    def chosen(self, rows):
        ages = 20 + 40 * (rows % 2)
        images = np.full((len(rows), 40, 40, 3), 60, np.uint8) + (ages[:, None, None, None] * 2).astype(np.uint8)
        targets = np.stack([ages, ages, rows % 2], axis=1).astype(np.float32)
        names = np.array([f"{row}.jpg" for row in rows])
        return DecodedCrops(images, targets, np.full(len(rows), "made"), names)

train.Crops = FakeCrops
read = train.FaceBatches.__getitem__
validate = train.ValidationCallback.on_epoch_end

def reads(self, index):
    with open(os.environ["READ"], "a") as file:
        file.write(f"{self.epoch} {self.order[index * self.batch : (index + 1) * self.batch].tolist()}\\n")
    return read(self, index)

def validates(self, epoch, logs=None):
    when, dies_in = os.environ.get("DIES", "never 0").split()
    if (when, epoch + 1) == ("before", int(dies_in)):
        os._exit(9)
    validate(self, epoch, logs)
    if (when, epoch + 1) == ("after", int(dies_in)):
        os._exit(9)

train.FaceBatches.__getitem__ = reads
train.ValidationCallback.on_epoch_end = validates
train.main()
"""
OPTIONS = [
    *("--crops", "none.npz", "--epochs", str(EPOCHS), "--validate-every", "2", "--batch", "8", "--quiet"),
    *("--arguments", '{"stem": 8, "stages": [[8, 1], [16, 1]], "dropout": 0.0}', "--ema", "0.5", "--rate", "0.01"),
]


def compact(out: Path, backend: str, dies: str = "never 0", *more: str) -> str:
    """Run training.compact.train on made crops; `dies` is `before` or `after` the validation of an epoch."""
    path = os.pathsep.join([str(ROOT), *filter(None, [os.environ.get("PYTHONPATH")])])
    environment = {"PYTHONPATH": path, "KERAS_BACKEND": backend, "READ": f"{out}.read", "DIES": dies}
    done = subprocess.run(
        [sys.executable, "-c", COMPACT, *OPTIONS, "--out", str(out), *more],
        env=os.environ | environment | {"TF_CPP_MIN_LOG_LEVEL": "2"},
        capture_output=True,
        text=True,
        timeout=250,
        check=False,
    )
    assert done.returncode == (0 if dies == "never 0" else 9), done.stderr
    return done.stdout


def log_of(out: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (out / "log.jsonl").read_text().splitlines()]


@pytest.fixture(scope="module", params=BACKENDS)
def whole(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> tuple[str, Path]:
    """A run without interruption, and its backend."""
    out = tmp_path_factory.mktemp("whole") / request.param
    compact(out, request.param)
    return request.param, out


@pytest.mark.skipif("torch" not in BACKENDS, reason="PyTorch, an option for training, is not installed")
def test_a_run_whose_time_is_over_is_finished(tmp_path: Path) -> None:
    compact(tmp_path / "run", "torch", "never 0", "--minutes", "0.0001")
    assert [line["epoch"] for line in log_of(tmp_path / "run")] == [1]
    assert (tmp_path / "run" / "best.keras").exists()
    assert "finished" in compact(tmp_path / "run", "torch", "never 0", "--minutes", "0.0001")
    assert [line["epoch"] for line in log_of(tmp_path / "run")] == [1]


@pytest.mark.parametrize("dies", ["before 4", "after 4", "after 5"])
def test_a_resumed_run_is_validated_in_the_same_epochs(whole: tuple[str, Path], dies: str, tmp_path: Path) -> None:
    backend, expected = whole
    out = tmp_path / "run"
    compact(out, backend, dies)
    compact(out, backend)
    assert [line["epoch"] for line in log_of(out)] == [line["epoch"] for line in log_of(expected)] == [2, 4, 5]
    assert not list(out.glob("*backup*"))
    assert (out / "best.keras").exists()
    if backend == "torch":  # TensorFlow reads ahead, with as many threads as there are processors
        epochs: dict[str, dict[int, list[str]]] = {}
        for run in (expected, out):
            for line in Path(f"{run}.read").read_text().splitlines():
                epoch, _, rows = line.partition(" ")
                epochs.setdefault(run.name, {}).setdefault(int(epoch), []).append(rows)
        ours = {epoch: rows[-3:] for epoch, rows in epochs["run"].items()}  # an epoch may have begun twice
        assert ours == epochs[expected.name]
        for one, other in zip(log_of(out), log_of(expected), strict=True):
            assert one["loss"] == pytest.approx(other["loss"], rel=1e-3)
            assert one["score"] == pytest.approx(other["score"], rel=1e-3)


def test_the_best_score_is_kept_over_an_interruption(whole: tuple[str, Path], tmp_path: Path) -> None:
    """Worse weights do not replace the best ones of before the interruption."""
    backend, _ = whole
    out = tmp_path / "run"
    compact(out, backend, "before 3")
    lines = log_of(out)
    (out / "log.jsonl").write_text("".join(f"{json.dumps(line | {'score': -1.0})}\n" for line in lines))
    best = (out / "best.keras").read_bytes()
    compact(out, backend)
    assert (out / "best.keras").read_bytes() == best


def test_without_a_backup_a_run_begins_anew(whole: tuple[str, Path], tmp_path: Path) -> None:
    backend, _ = whole
    out = tmp_path / "run"
    compact(out, backend, "before 4", "--no-backup")
    assert [line["epoch"] for line in log_of(out)] == [2]
    compact(out, backend, "never 0", "--no-backup")
    assert [line["epoch"] for line in log_of(out)] == [2, 4, 5]


def test_a_finished_run_is_left_alone(whole: tuple[str, Path]) -> None:
    backend, out = whole
    before = {path.name: path.read_bytes() for path in out.iterdir()}
    for more in ([], ["--epochs", "3"], ["--epochs", "9"]):
        assert f"{out} is finished" in compact(out, backend, "never 0", *more)
    assert {path.name: path.read_bytes() for path in out.iterdir()} == before


# --- the parts -----------------------------------------------------------------------------------------


def network(units: int = 3) -> keras.Model:
    keras.utils.set_random_seed(1)
    model = keras.Sequential(
        [keras.Input((4,)), keras.layers.Dense(units), keras.layers.BatchNormalization(), keras.layers.Dropout(0.5)]
    )
    model.compile(optimizer=keras.optimizers.Adam(0.1), loss="mse")
    return model


INPUTS = np.random.default_rng(0).normal(size=(8, 4)).astype(np.float32)


def fit(model: keras.Model, backup: Backup, epochs: int, first: int = 0) -> list[float]:
    history = model.fit(
        INPUTS, INPUTS[:, :3], initial_epoch=first, epochs=epochs, shuffle=False, verbose=0, callbacks=[backup]
    )
    return list(history.history["loss"])


def test_a_restored_model_goes_on_like_the_first(tmp_path: Path) -> None:
    """With the state of its optimizer, its normalisation and its dropout."""
    expected = fit(network(), Backup(tmp_path / "whole"), 4)
    stopped = Backup(tmp_path / "backup")
    stopped.on_train_end = lambda logs=None: None  # type: ignore[method-assign]  # as if the process were killed
    first = fit(network(), stopped, 3)
    again = Backup(tmp_path / "backup")
    assert again.epochs == 2  # the third was not followed by another
    model = network()
    again.restore(model)
    assert first[:2] + fit(model, again, 4, first=2) == pytest.approx(expected, rel=1e-5)
    assert list(tmp_path.iterdir()) == []


def test_a_backup_of_other_options_is_refused(tmp_path: Path) -> None:
    backup = Backup(tmp_path / "backup")
    backup.on_train_end = lambda logs=None: None  # type: ignore[method-assign]
    fit(network(), backup, 2)
    with pytest.raises(UsageError) as failure:
        Backup(tmp_path / "backup").restore(network(units=2))
    assert is_one_sentence(str(failure.value))


def test_a_backup_that_was_being_replaced_is_used(tmp_path: Path) -> None:
    backup = Backup(tmp_path / "backup")
    backup.on_train_end = lambda logs=None: None  # type: ignore[method-assign]
    fit(network(), backup, 2)
    (tmp_path / "backup").rename(tmp_path / "old-backup")
    assert Backup(tmp_path / "backup").epochs == 1


@pytest.mark.parametrize(
    ("logged", "epochs", "planned", "has_backup", "finished"),
    [
        (5, 5, 5, False, True),
        (5, 9, 5, False, True),
        (5, 3, 5, False, True),
        (4, 5, 5, False, False),
        (5, 5, 5, True, False),
        (0, 5, 5, False, False),
        (4, 5, None, False, False),
        (5, 5, None, False, True),
    ],
)
def test_when_a_run_is_finished(
    logged: int, epochs: int, planned: int | None, has_backup: bool, finished: bool, tmp_path: Path
) -> None:
    if planned is not None:
        (tmp_path / "run.json").write_text(json.dumps({"epochs": str(planned)}))
    backup = tmp_path / "backup"
    if has_backup:
        backup.mkdir()
    assert is_finished(tmp_path, logged, epochs, backup) == finished


# --- transfer learning ---------------------------------------------------------------------------------


TRANSFER = """
import os, sys
from training.vgg_face import transfer

class Stopping(transfer.Best):
    def on_epoch_end(self, epoch, logs=None):
        when, dies_in = os.environ.get("DIES", "never 0").split()
        if (when, epoch + 1) == ("before", int(dies_in)):
            os._exit(9)
        super().on_epoch_end(epoch, logs)
        if (when, epoch + 1) == ("after", int(dies_in)):
            os._exit(9)

transfer.Best = Stopping
transfer.main()
"""


@pytest.fixture(scope="module")
def faces(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A cleaned set of thirty pictures."""
    from imdb_wiki import Row, write_index, write_picture

    folder = tmp_path_factory.mktemp("wiki_crop")
    random = np.random.default_rng(3)
    rows = []
    for number in range(30):
        name = f"{number % 10:02d}/{number}.jpg"
        write_picture(folder, name, random.integers(0, 256, (80, 80, 3), np.uint8))
        rows.append(Row(name, f"{1990 - number}-03-01", 2000, float(number % 2)))
    write_index(folder / "wiki.mat", rows)
    subprocess.run(
        [sys.executable, "-m", "training.data.clean", "--index", folder / "wiki.mat", "--out", folder],
        check=True,
        capture_output=True,
    )
    return folder


def transfer(faces: Path, out: Path, dies: str = "never 0", *more: str) -> str:
    arguments = [
        *("--rows", faces / "clean.csv", "--task", "age", "--out", out, "--features-folder", faces / "features"),
        *("--quiet", "--epochs", "4", "--size", "32", "--channels", "8", "--features", "64", *more),
    ]
    done = subprocess.run(
        [sys.executable, "-c", TRANSFER, *map(str, arguments)],
        env=os.environ | {"DIES": dies},
        capture_output=True,
        text=True,
        timeout=250,
        check=False,
    )
    assert done.returncode == (0 if dies == "never 0" else 9), done.stderr
    return done.stdout


def table_of(out: Path) -> list[dict[str, str]]:
    with (out / "log.csv").open() as file:
        return list(csv.DictReader(file))


@pytest.fixture(scope="module")
def transferred(faces: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("runs") / "whole"
    transfer(faces, out)
    return out


@pytest.mark.parametrize("dies", ["before 3", "after 4"])
def test_transfer_learning_is_resumed(dies: str, faces: Path, transferred: Path, tmp_path: Path) -> None:
    out = tmp_path / "run"
    transfer(faces, out, dies)
    transfer(faces, out)
    ours, expected = table_of(out), table_of(transferred)
    assert [row["epoch"] for row in ours] == [row["epoch"] for row in expected] == ["0", "1", "2", "3"]
    for name in ("loss", "val_loss"):  # the batches that are read ahead depend on the processor's speed
        assert [float(row[name]) for row in ours] == pytest.approx([float(row[name]) for row in expected], rel=0.02)
    best, theirs = (json.loads((run / "best.json").read_text()) for run in (out, transferred))
    assert best["val_loss"] == min(float(row["val_loss"]) for row in ours)
    assert best["val_loss"] == pytest.approx(theirs["val_loss"], rel=0.02)
    assert not list(out.glob("*backup*"))


def test_finished_transfer_learning_does_not_begin_anew(faces: Path, transferred: Path, tmp_path: Path) -> None:
    out = tmp_path / "run"
    shutil.copytree(transferred, out)
    (out / "run.json").write_bytes((transferred / "run.json").read_bytes())
    before = {path.name: path.read_bytes() for path in out.iterdir()}
    for more in ([], ["--epochs", "9"]):
        assert f"{out} is finished" in transfer(faces, out, "never 0", *more)
    assert {path.name: path.read_bytes() for path in out.iterdir()} == before
