"""From labelled faces to a model for the program, with the commands of training/README.md."""

import csv
import importlib
import io
import json
import os
import subprocess
import sys
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

from agecam.errors import UsageError
from agecam.models.card import load_card
from agecam.models.networks import build_network
from agecam.types import Image
from agecam.vision.detector import FaceDetector
from agecam.vision.estimator import Estimator
from training.data.crops import Crops
from training.data.face_zip import FaceZip
from training.data.opinions import Opinions

ROOT = Path(__file__).resolve().parents[2]
EPOCHS, DIES_AFTER = 6, 2
ZIPS = ("known.zip", "ranges.zip")
CROPS = [f"cache/crops/{Path(name).stem}.npz" for name in ZIPS]
SPLITS = ("train",) * 6 + ("val",) * 4 + ("test",) * 4
TRAIN = [
    *("--crops", *CROPS, "--out", "runs/small", "--epochs", str(EPOCHS), "--batch", "4", "--quiet"),
    *("--arguments", '{"stem": 8, "stages": [[8, 1], [16, 1]]}', "--ema", "0.5", "--rate", "0.01"),
]


def command(step: str, *arguments: str) -> None:
    """`python -m training.STEP ARGUMENTS`, in this process."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sys, "argv", [f"training.{step}", *arguments])
        importlib.import_module(f"training.{step}").main()


def write_zip(path: Path, portraits: tuple[Image, Image], known: bool) -> None:
    """14 variants of two portraits, mirrored and in different light, and one picture without a face."""
    astronaut, hopper = portraits[0][40:200, 143:303], portraits[1][70:370, 120:420]
    labels = io.StringIO()
    columns = ["file", "age", "age_min", "age_max", "gender", "race", "apparent_mean", "apparent_std", "split"]
    rows = csv.DictWriter(labels, columns, restval="")
    rows.writeheader()
    with zipfile.ZipFile(path, "w") as file:
        for number, split in enumerate((*SPLITS, "test")):
            young, mirrored = number % 2 == 0, number % 4 >= 2
            picture = cv2.resize(astronaut if young else hopper, (224, 224), interpolation=cv2.INTER_AREA)
            picture = cv2.convertScaleAbs(picture[:, ::-1] if mirrored else picture, alpha=0.8 + 0.03 * number)
            if number == len(SPLITS):
                picture = np.full_like(picture, 90)
            name = f"images/{number}.webp"
            file.writestr(name, cv2.imencode(".webp", picture)[1].tobytes())
            low, high = ((36, 36) if young else (78, 78)) if known else ((30, 39) if young else (70, 100))
            row = {"file": name, "age_min": low, "age_max": high, "gender": "M" if young else "F", "split": split}
            if known:
                row |= {"age": low, "apparent_mean": low - 1.5, "apparent_std": 3.0}
            rows.writerow(row | {"race": "White"})
        file.writestr("labels.csv", labels.getvalue())


DYING = f"""
import os
from training.compact import train

validate = train.ValidationCallback.on_epoch_end

def validate_and_die(self, epoch, logs=None):
    validate(self, epoch, logs)
    if epoch + 1 == {DIES_AFTER}:
        os._exit(9)

train.ValidationCallback.on_epoch_end = validate_and_die
train.main()
"""


def interrupted_training(folder: Path) -> list[dict[str, Any]]:
    """Train in a separate process that is killed after an epoch; returns the lines of the log."""
    environment = os.environ | {"PYTHONPATH": str(ROOT), "TF_CPP_MIN_LOG_LEVEL": "2"}
    done = subprocess.run([sys.executable, "-c", DYING, *TRAIN], cwd=folder, env=environment, timeout=250, check=False)
    assert done.returncode == 9
    return lines(folder / "runs" / "small" / "log.jsonl")


def lines(log: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in log.read_text().splitlines()]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory, _portraits: tuple[Image, Image]) -> Iterator[Path]:
    """The working folder after all steps."""
    folder = tmp_path_factory.mktemp("work")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        for name in ZIPS:
            write_zip(folder / name, _portraits, known=name == "known.zip")
        command("data.locate", "--data", *ZIPS, "--workers", "1")
        command("data.crops", "--data", *ZIPS)
        before = interrupted_training(folder)
        (folder / "before.json").write_text(json.dumps(before))
        command("compact.train", *TRAIN)
        command("compact.export", "--run", "runs/small", "--data", *ZIPS, "--name", "small", "--out", "models")
        for split, *more in (("val", "--no-end-to-end"), ("test",)):
            command(
                *("evaluation.evaluate", "--weights", "models/small.json", "--data", *ZIPS, "--split", split),
                *("--out", f"runs/{split}", "--onto-card", *more),
            )
        command("evaluation.card", "--weights", "models/small.json", "--evaluation", "runs/test/evaluation.json")
        yield folder


def test_every_face_is_found_and_the_empty_picture_is_marked(folder: Path) -> None:
    for name in ZIPS:
        with np.load(folder / "cache" / "squares" / f"{Path(name).stem}.npz") as file:
            assert file["found"].tolist() == [True] * 14 + [False]
            squares = file["squares"]
        sides = 2 * np.hypot(squares[:, 2], squares[:, 3])
        assert sides.min() > 100
        assert sides.max() < 170
        # The picture without a face is cropped where the faces of the others are.
        assert squares[14] == pytest.approx(np.median(squares[:14], axis=0), abs=0.5)
    assert not list((folder / "cache").rglob("part-*"))


def test_the_crops_match_their_labels(folder: Path) -> None:
    crops = Crops.load([folder / path for path in CROPS])
    assert len(crops) == 30
    assert crops.splits.tolist() == [*SPLITS, "test"] * 2
    assert crops.targets[:2].tolist() == [[36, 36, 0], [78, 78, 1]]
    assert crops.targets[15:17].tolist() == [[30, 39, 0], [70, 100, 1]]
    assert set(crops.sets[:15]) == {"known"}
    assert set(crops.sets[15:]) == {"ranges"}
    decoded = crops.chosen(np.array([0, 2, 15, 1]))
    side = crops.size_px + 2 * crops.border_px
    assert decoded.images.shape == (4, side, side, 3)
    # The same picture in both zips; its mirror image; someone else.
    pictures = decoded.images.astype(float)
    assert np.abs(pictures[0] - pictures[2]).mean() < 2
    assert np.abs(pictures[0] - pictures[1][:, ::-1]).mean() < 12
    assert np.abs(pictures[0] - pictures[3]).mean() > 20


def test_an_interrupted_training_is_resumed(folder: Path) -> None:
    before = json.loads((folder / "before.json").read_text())
    log = lines(folder / "runs" / "small" / "log.jsonl")
    assert [line["epoch"] for line in before] == list(range(1, DIES_AFTER + 1))
    assert log[:DIES_AFTER] == before
    assert [line["epoch"] for line in log] == list(range(1, EPOCHS + 1))
    assert min(line["loss"] for line in log[-3:]) < log[0]["loss"]


def test_a_finished_run_is_not_changed(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    written = {path: path.read_bytes() for path in (folder / "runs" / "small").rglob("*") if path.is_file()}
    command("compact.train", *TRAIN)
    assert "finished" in capsys.readouterr().out
    assert all(path.read_bytes() == content for path, content in written.items())


def test_the_log_has_the_figures_of_every_set(folder: Path) -> None:
    for line in lines(folder / "runs" / "small" / "log.jsonl"):
        assert np.isfinite([line["loss"], line["score"]]).all()
        assert line["val"]["known"]["count"] == line["val"]["ranges"]["count"] == 4
        assert line["val"]["known"]["mae"] >= 0
        assert line["val"]["known"]["range_exact"] is None
        assert 0 <= line["val"]["ranges"]["range_exact"] <= line["val"]["ranges"]["range_one_off"] <= 1
        assert line["val"]["ranges"]["mae"] is None


def test_the_exported_model_works_in_the_program(folder: Path, astronaut_bgr: Image) -> None:
    card = load_card(folder / "models" / "small.json")
    crops = Crops.load([folder / path for path in CROPS])
    assert (card.name, card.network, card.crop.size_px) == ("small", "compact", crops.size_px)
    assert card.arguments == {"stem": 8, "stages": [[8, 1], [16, 1]]}
    assert [data["name"] for data in card.data_sets] == ["known", "ranges"]
    assert [card.data_sets[0][split] for split in ("train", "val", "test")] == [6, 4, 5]
    assert not list((folder / "models").glob("part-*"))
    estimator = Estimator.load(str(folder / "models" / "small.json"))
    (attributes,) = estimator.estimate(astronaut_bgr, FaceDetector(min_face_px=60).detect(astronaut_bgr))
    assert attributes.age_distribution.sum() == pytest.approx(1, abs=1e-5)


def evaluated(folder: Path, split: str) -> dict[str, Any]:
    sets: dict[str, Any] = json.loads((folder / "runs" / split / "evaluation.json").read_text())["sets"]
    return sets


def test_the_evaluation_reports_the_results_of_the_estimator(folder: Path) -> None:
    results = evaluated(folder, "test")
    assert list(results) == ["known", "ranges"]
    known, ranges = results["known"], results["ranges"]
    assert (known["faces"], ranges["faces"]) == (5, 5)
    assert known["found"] == pytest.approx(4 / 5)
    assert "range_exact" not in known
    assert "mae" not in ranges
    assert {"bias", "gender", "unsure", "coverage", "interval_years", "within_5", "chalearn_error"} <= set(known)
    assert {name: part["faces"] for name, part in known["by"]["age"].items()} == {"30-39": 3, "70+": 2}
    assert {name: part["faces"] for name, part in known["by"]["gender"].items()} == {"female": 2, "male": 3}
    assert list(known["by"]["race"]) == ["White"]
    # The pictures have enough border for the program to find the four faces.
    assert known["end_to_end"]["found"] == pytest.approx(4 / 5)
    assert known["end_to_end"]["found_faces"]["mae"] == pytest.approx(
        known["end_to_end"]["same_faces_alone"]["mae"], abs=3
    )

    # The errors calculated from the estimator.
    estimator = Estimator.load(str(folder / "models" / "small.json"))
    zipped = FaceZip(folder / "known.zip")
    squares = np.load(folder / "cache" / "squares" / "known.npz")["squares"]
    estimates = [
        (estimator.estimate_squares(zipped.picture(face), squares[row : row + 1], twice=True)[0], face)
        for row, face in enumerate(zipped.faces)
        if face.split == "test"
    ]
    errors = [estimate.age - face.age_min for estimate, face in estimates]
    assert known["mae"] == pytest.approx(np.abs(errors).mean(), abs=0.01)
    assert known["bias"] == pytest.approx(np.mean(errors), abs=0.01)
    right = [(estimate.female_probability > 0.5) == face.female for estimate, face in estimates]
    assert known["gender"] == pytest.approx(np.mean(right))


def test_training_and_evaluation_measure_the_same(folder: Path) -> None:
    best = min(lines(folder / "runs" / "small" / "log.jsonl"), key=lambda line: float(line["score"]))["val"]
    val = evaluated(folder, "val")
    # They differ only by the compression of the cached crops.
    assert val["known"]["mae"] == pytest.approx(best["known"]["mae"], abs=1.5)
    assert val["ranges"]["range_exact"] == best["ranges"]["range_exact"]


def test_the_figures_are_in_the_report_and_on_the_card(folder: Path) -> None:
    text = (folder / "runs" / "test" / "evaluation.md").read_text()
    assert "| known | 5 | 80.0% |" in text
    assert "## known by gender" in text
    metrics = load_card(folder / "models" / "small.json").metrics
    assert sorted(metrics) == ["calibration", "date", "test", "val"]
    known = evaluated(folder, "test")["known"]
    assert metrics["test"]["known"]["mae"] == pytest.approx(known["mae"], abs=1e-4)
    assert metrics["test"]["known"]["end_to_end"]["found"] == pytest.approx(4 / 5)
    assert "by" not in metrics["test"]["known"]


def test_plots_are_drawn(folder: Path) -> None:
    for split in ("val", "test"):
        plots = list((folder / "runs" / split).glob("*.png"))
        assert {path.name.split("-")[0] for path in plots} == {"known", "ranges"}
        for path in plots:
            picture = cv2.imread(str(path))
            assert picture is not None
            assert np.ptp(picture) > 100


def test_the_calibration_is_on_the_card(folder: Path) -> None:
    card = load_card(folder / "models" / "small.json")
    reports = {report["set"]: report for report in card.metrics["calibration"]}
    assert {name: report["faces"] for name, report in reports.items()} == {"known": 4, "ranges": 4}
    assert "coverage" not in reports["ranges"]
    assert 0 <= card.calibration.interval_tail < 0.5
    assert 0.5 <= card.calibration.unsure_below <= 1


def test_the_card_for_people_is_written(folder: Path) -> None:
    text = (folder / "models" / "small.md").read_text()
    known = evaluated(folder, "test")["known"]
    assert text.startswith("# AgeCam model `small`")
    assert "| known | not described |" in text
    assert f"| known | 5 | 80.0% | {known['mae']:.2f} (" in text


def test_leave_one_out(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    environment = {"PYTHONPATH": str(ROOT), "TF_CPP_MIN_LOG_LEVEL": "2"}
    small = TRAIN[TRAIN.index("--batch") :]
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        for name, value in environment.items():
            patch.setenv(name, value)
        command(
            "compact.leave_one_out",
            "--crops",
            *CROPS,
            "--out",
            "runs/left",
            "--",
            "--epochs",
            "1",
            "--steps",
            "2",
            *small,
        )
    results = json.loads((folder / "runs" / "left" / "leave_one_out.json").read_text())["trained_without"]
    assert list(results) == ["nothing", "known", "ranges"]
    for row in results.values():
        assert row["known"]["mae"] >= abs(row["known"]["bias"])
        assert row["ranges"]["mae"] is None
        assert 0 <= row["ranges"]["range_exact"] <= 1
    assert results["known"] != results["nothing"]
    # Only results on the set left out are bold.
    table = capsys.readouterr().out
    rows = [line for line in table.splitlines() if line.startswith("| ") and " y (" in line]
    assert [row.count("**") for row in rows] == [0, 2, 2]
    run = json.loads((folder / "runs" / "left" / "known" / "run.json").read_text())
    assert "known.npz" not in str(run["crops"])
    assert len(lines(folder / "runs" / "left" / "known" / "log.jsonl")) == 1


def test_opinions_are_learned_and_stand_on_the_card(folder: Path) -> None:
    files = np.array([face.file for face in FaceZip(folder / "ranges.zip").faces])
    np.savez(folder / "opinions.npz", ranges_files=files, ranges_face_api_age=np.where(files < "images/5", 38.0, 72.0))
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        start = ("--start", "models/small.weights.h5", "--opinions", "opinions.npz", "--often", "known=2")
        options = [option if option != "runs/small" else "runs/asked" for option in TRAIN]
        command("compact.train", *options, "--epochs", "1", "--mix", "0.5", *start)
        command("compact.export", "--run", "runs/asked", "--data", *ZIPS, "--name", "asked", "--out", "models")
        command(*("evaluation.evaluate", "--weights", "models/asked.json", "--data", *ZIPS, "--out", "runs/asked-test"))
        command("evaluation.card", "--weights", "models/asked.json", "--evaluation", "runs/asked-test/evaluation.json")
    (opinion,) = load_card(folder / "models" / "asked.json").opinions
    assert opinion["name"] == "face_api"
    assert opinion["asked_about"] == ["ranges"]
    assert "IMDB-WIKI" in opinion["trained_on"]
    assert "| face-api.js, age and gender |" in (folder / "models" / "asked.md").read_text()


def test_the_mean_of_two_runs_can_be_exported(folder: Path) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        options = [option if option != "runs/small" else "runs/other" for option in TRAIN]
        command("compact.train", *options, "--epochs", "1", "--start", "models/small.weights.h5")
        files = ("models/small.weights.h5", "runs/other/best.keras")
        command(
            *("compact.average", "--weights", *files, "--shares", "0.25", "0.75", "--run", "runs/other"),
            *("--out", "runs/mean"),
        )
        command("compact.export", "--run", "runs/mean", "--data", *ZIPS, "--name", "mean", "--out", "models")
        with pytest.raises(UsageError, match="one share per file"):
            command(
                *("compact.average", "--weights", *files, "--shares", "1", "--run", "runs/other"), *("--out", "runs/no")
            )
    first, second, mean = (load_network(folder, name) for name in ("small", "other", "mean"))
    for one, other, both in zip(first, second, mean, strict=True):
        assert np.allclose(0.25 * one + 0.75 * other, both, atol=1e-6)


def load_network(folder: Path, name: str) -> list[np.ndarray]:
    """Weights of an exported model, or of a run."""
    arguments = json.loads(TRAIN[TRAIN.index("--arguments") + 1])
    network = build_network("compact", Crops.load([folder / path for path in CROPS]).size_px, **arguments)
    exported = folder / "models" / f"{name}.weights.h5"
    network.load_weights(exported if exported.exists() else folder / "runs" / name / "best.keras")
    return list(network.get_weights())


def test_a_larger_teacher_is_asked_and_teaches(folder: Path) -> None:
    shape = ("--arguments", '{"stem": 8, "stages": [[8, 1], [16, 1]]}')
    wide = [f"cache/wide/{Path(name).stem}.npz" for name in ZIPS]
    training = ("--crops", *wide, "--epochs", "1", "--batch", "4", "--quiet", *shape)
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        command("data.crops", "--data", *ZIPS, "--size", "112", "--border", "24", "--out", "cache/wide")
        command("compact.train", *training, "--network", "large", "--out", "runs/large")
        teacher = ("--teacher", "runs/large/best.keras")
        command("compact.opinion", *teacher, "--crops", *wide, "--out", "large-opinion.npz")
        command(
            *("compact.train", *training, "--size", "96", *teacher, "--opinions", "large-opinion.npz"),
            *("--out", "runs/taught"),
        )
    crops = Crops.load([folder / path for path in wide])
    assert (crops.size_px, crops.border_px) == (112, 24)
    train = np.flatnonzero(crops.splits == "train")
    opinions = Opinions.read([folder / "large-opinion.npz"], crops.sets, crops.files)
    assert np.isnan(np.delete(opinions.teacher, train, axis=0)).all()
    assert opinions.teacher[train, :101].sum(1) == pytest.approx(1, abs=2e-3)
    assert opinions.teacher[train, 101:].sum(1) == pytest.approx(1, abs=2e-3)
    run = json.loads((folder / "runs" / "taught" / "run.json").read_text())
    assert (run["network"], run["size_px"]) == ("compact", 96)
    assert np.isfinite(lines(folder / "runs" / "taught" / "log.jsonl")[0]["loss"])


@pytest.mark.parametrize("option", [("--minutes", "5"), ("--workers", "2")])
def test_what_needs_pytorch_is_refused_without_it(option: tuple[str, str]) -> None:
    with pytest.raises(UsageError, match="KERAS_BACKEND=torch"):
        command("compact.train", *TRAIN, *option)
