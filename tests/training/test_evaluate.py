"""Evaluation and robustness commands with a small model on an unknown set."""

import csv
import io
import json
import shutil
import sys
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from models import is_one_sentence, write_model

from agecam import Analyzer
from agecam.errors import AgeCamError, SourceError, UsageError
from agecam.models.card import load_card
from agecam.runtime.device import has_bfloat16
from agecam.types import Face, Image
from agecam.vision.estimator import Estimator
from training.data.face_zip import FaceZip
from training.data.labels import remarks
from training.evaluation import evaluate, precision, robustness
from training.evaluation.disturbances import half_resolution, rotated, scaled, shifted
from training.evaluation.predictions import Predictions, nearest_to_centre

COLUMNS = ["file", "age", "age_min", "age_max", "gender", "race", "apparent_mean", "apparent_std", "split"]


def write_zip(path: Path, rows: list[dict[str, Any]], columns: list[str], pictures: dict[str, Image]) -> Path:
    labels = io.StringIO()
    table = csv.DictWriter(labels, columns, restval="", extrasaction="ignore")
    table.writeheader()
    table.writerows(rows)
    with zipfile.ZipFile(path, "w") as file:
        file.writestr("labels.csv", labels.getvalue())
        for name, picture in pictures.items():
            file.writestr(name, cv2.imencode(".png", picture)[1].tobytes())
    return path


def mixed_set(path: Path, portraits: tuple[Image, Image]) -> Path:
    """Six pictures: known ages (two with raters' estimates), ranges other than FairFace's, and one without a face."""
    astronaut, hopper = portraits[0][20:220, 120:320], portraits[1][50:390, 90:430]
    pictures = {"images/blank.png": np.full((160, 160, 3), 90, np.uint8)}
    rows: list[dict[str, Any]] = []
    for number, (picture, gender) in enumerate([(astronaut, "F"), (hopper, "M"), (astronaut[:, ::-1], "F")]):
        for place in range(2):
            if (number, place) == (2, 1):
                continue
            name = f"images/{number}-{place}.png"
            pictures[name] = cv2.resize(np.ascontiguousarray(picture), (160, 160), interpolation=cv2.INTER_AREA)
            known = place == 0
            row = {"file": name, "gender": gender, "split": "test", "note": "x"}
            row |= {"age_min": 36, "age_max": 36, "age": 36} if known else {"age_min": 25, "age_max": 32}
            if known and gender == "F":
                row |= {"apparent_mean": 30.0, "apparent_std": 4.0}
            rows.append(row)
    rows.append({"file": "images/blank.png", "age_min": 60, "age_max": 100, "gender": "M", "split": "test"})
    return write_zip(path, rows, [*COLUMNS, "note"], pictures)


def run(step: Any, *arguments: str) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sys, "argv", [step.__name__, *arguments])
        step.main()


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory, _portraits: tuple[Image, Image]) -> Iterator[Path]:
    """The working folder after both commands."""
    folder = tmp_path_factory.mktemp("work")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        mixed_set(folder / "strange.zip", _portraits)
        write_model(folder)
        run(evaluate, "--weights", "tiny.json", "--data", "strange.zip", "--out", "evaluated")
        run(robustness, "--weights", "tiny.json", "--data", "strange.zip", "--out", "disturbed", "--faces", "5")
        yield folder


def evaluated(folder: Path) -> dict[str, Any]:
    result: dict[str, Any] = json.loads((folder / "evaluated" / "evaluation.json").read_text())["sets"]["strange"]
    return result


def estimates_alone(folder: Path) -> list[Any]:
    """Estimates for the faces alone, from the squares that were found."""
    estimator = Estimator.load(str(folder / "tiny.json"))
    squares = np.load(folder / "cache" / "squares" / "strange.npz")["squares"]
    strange = FaceZip(folder / "strange.zip")
    return [
        estimator.estimate_squares(strange.picture(face), squares[row : row + 1], twice=True)[0]
        for row, face in enumerate(strange.faces)
    ]


def test_the_two_precisions_are_compared(
    folder: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(folder)
    if has_bfloat16():
        run(precision, "--weights", "tiny.json", "--data", "strange.zip")
        rows = [line.split() for line in capsys.readouterr().out.splitlines()]
        assert rows[-2][:2] == ["strange", "6"]
        assert rows[-1][:2] == ["together", "6"]
        assert 0 < float(rows[-1][2]) <= float(rows[-1][3]) < 1
        assert rows[-1][4] == "100.00%"
    monkeypatch.setattr(precision, "has_bfloat16", lambda: False)
    with pytest.raises(UsageError, match="no instructions for bfloat16"):
        run(precision, "--weights", "tiny.json", "--data", "strange.zip")


def test_differences_between_precisions_are_counted(folder: Path) -> None:
    faces = FaceZip(folder / "strange.zip").faces[:4]  # of 36 years, from 25 to 32, of 36 years, from 25 to 32
    ages = np.eye(101, dtype=np.float32)

    def predictions(years: list[int], female: list[float], unsure: list[bool]) -> Predictions:
        zeros = np.zeros(4)
        return Predictions("x", faces, zeros > 0, ages[years], np.array(female), zeros, zeros, np.array(unsure))

    differences = precision.Differences.between(
        predictions([30, 30, 30, 30], [0.9, 0.6, 0.9, 0.9], [False, True, False, False]),
        predictions([30, 30, 33, 30], [0.9, 0.4, 0.1, 0.9], [False, True, False, True]),
    )
    assert differences.moved.tolist() == [0, 0, 3, 0]
    assert differences.turned.tolist() == [False, False, True, False]
    assert differences.hesitates.tolist() == [False, False, False, True]
    assert np.isfinite(differences.worse).tolist() == [True, False, True, False]
    assert differences.worse[2] == -3  # 36 is closer to 33 than to 30
    assert precision.Differences.together([differences, differences]).moved.tolist() == [0, 0, 3, 0] * 2


def test_figures_are_those_of_the_estimator(folder: Path) -> None:
    result, estimates = evaluated(folder), estimates_alone(folder)
    faces = FaceZip(folder / "strange.zip").faces
    known = [row for row, face in enumerate(faces) if face.age is not None]
    errors = np.array([estimates[row].age - 36 for row in known])
    assert (result["faces"], result["ages"], result["ranges"], result["rated"]) == (6, 3, 3, 2)
    assert result["found"] == pytest.approx(5 / 6)
    assert result["mae"] == pytest.approx(np.abs(errors).mean(), abs=0.01)
    assert result["bias"] == pytest.approx(errors.mean(), abs=0.01)
    rated = np.array([estimates[row].age for row in known if faces[row].female])
    assert result["apparent_mae"] == pytest.approx(np.abs(rated - 30).mean(), abs=0.01)
    assert result["chalearn_error"] == pytest.approx((1 - np.exp(-((rated - 30) ** 2) / 32)).mean(), abs=0.001)
    right = [(of.female_probability >= 0.5) == face.female for of, face in zip(estimates, faces, strict=True)]
    assert result["gender"] == pytest.approx(np.mean(right))
    assert sum(sum(row.values()) for row in result["confusion"].values()) == 6
    assert result["coverage"] == pytest.approx(
        np.mean([round(estimates[row].age_low) <= 36 <= round(estimates[row].age_high) for row in known])
    )


def test_ranges_are_those_of_the_set(folder: Path) -> None:
    # The set has two ranges, 25 to 32 and 60 to 100; the more probable one is the estimate.
    result, estimates = evaluated(folder), estimates_alone(folder)
    faces = FaceZip(folder / "strange.zip").faces
    right = []
    for estimate, face in zip(estimates, faces, strict=True):
        if face.age is None:
            young = estimate.age_distribution[25:33].sum() > estimate.age_distribution[60:].sum()
            right.append(young == (face.age_min == 25))
    assert len(right) == 3
    assert result["range_exact"] == pytest.approx(np.mean(right))
    assert result["range_one_off"] == 1


def test_whole_pictures_go_through_the_program(folder: Path) -> None:
    result = evaluated(folder)["end_to_end"]
    analyzer = Analyzer(str(folder / "tiny.json"))
    strange = FaceZip(folder / "strange.zip")
    found = [(analyzer.analyze(strange.picture(face)), face) for face in strange.faces]
    detected = [(faces[0], face) for faces, face in found if faces]
    assert (result["faces"], result["found"]) == (6, pytest.approx(len(detected) / 6))
    assert len(detected) == 5
    errors = [face.age - label.age_min for face, label in detected if label.age is not None]
    assert result["found_faces"]["mae"] == pytest.approx(np.abs(errors).mean(), abs=0.01)
    assert result["same_faces_alone"]["faces"] == 5


def test_groups_and_intervals(folder: Path) -> None:
    result = evaluated(folder)
    assert {name: part["faces"] for name, part in result["by"]["age"].items()} == {"20-29": 2, "30-39": 3, "70+": 1}
    assert {name: part["faces"] for name, part in result["by"]["gender"].items()} == {"female": 3, "male": 3}
    assert result["by"]["race"] == {}
    for key in ("mae", "bias", "gender", "coverage", "range_touched", "apparent_mae"):
        low, high = result[f"{key}_interval"]
        assert low <= result[key] <= high
    assert result["age_risk"]["risks"][-1] == pytest.approx(result["mae"])
    assert result["gender_risk"]["risks"][-1] == pytest.approx(1 - result["gender"])
    assert sum(of["faces"] for of in result["reliability"]) == 6


def test_plots_are_not_empty(folder: Path) -> None:
    names = {"age", "bands", "ranges", "range-bands", "coverage", "confusion", "reliability", "risk"}
    plots = {path.stem.removeprefix("strange-"): path for path in (folder / "evaluated").glob("*.png")}
    assert set(plots) == names
    for path in plots.values():
        picture = cv2.imread(str(path))
        assert picture is not None
        assert min(picture.shape[:2]) > 300
        assert (picture != 255).any(axis=2).mean() > 0.01
    assert not [path for path in (folder / "evaluated").iterdir() if path.suffix == ".part"]


def test_the_report_names_missing_and_unknown_columns(folder: Path) -> None:
    text = (folder / "evaluated" / "evaluation.md").read_text()
    assert "- strange.zip has the unknown column note, which is ignored." in text
    assert "- strange.zip leaves the column race empty: no figures by race." in text
    result = evaluated(folder)
    assert f"| strange | 6 | 83.3% | {result['mae']:.2f} ({result['mae_interval'][0]:.2f} to " in text
    assert "strange: found in whole pictures (83.3%)" in text


def test_figures_on_the_card_replace_only_those_of_the_split(folder: Path) -> None:
    model = write_model(folder, "carded")
    content = json.loads(model.read_text())
    content["metrics"] = {"val": {"strange": {"gender": 0.5}}, "test": {"gone": {"gender": 0.5}}}
    model.write_text(json.dumps(content))
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        shutil.copy("strange.zip", "again.zip")
        shutil.copy("cache/squares/strange.npz", "cache/squares/again.npz")
        run(
            evaluate,
            *("--weights", "carded.json", "--data", "again.zip", "--out", "carded", "--onto-card"),
            "--no-end-to-end",
        )
    metrics = load_card(model).metrics
    assert metrics["val"] == {"strange": {"gender": 0.5}}
    assert list(metrics["test"]) == ["again"]
    assert metrics["test"]["again"]["mae"] == pytest.approx(evaluated(folder)["mae"], abs=1e-3)
    assert "end_to_end" not in json.loads((folder / "carded" / "evaluation.json").read_text())["sets"]["again"]


def test_robustness_reports_every_change(folder: Path) -> None:
    content = json.loads((folder / "disturbed" / "robustness.json").read_text())
    of = content["sets"]["strange"]
    assert of["faces"] == 5
    variants = of["figures"]
    assert len(variants) == 15
    for name, figures in variants.items():
        for key in ("mae", "apparent_mae", "range_exact", "gender"):
            if name == "plain":
                assert f"{key}_change" not in figures
            else:
                assert figures[key] - variants["plain"][key] == pytest.approx(figures[f"{key}_change"], abs=1e-6)
                low, high = figures[f"{key}_change_interval"]
                assert low <= figures[f"{key}_change"] + 1e-9
                assert high >= figures[f"{key}_change"] - 1e-9
    # The weights are random, so any change of the picture changes the age a little.
    changed = [name for name in variants if name != "plain" and variants[name]["mae"] != variants["plain"]["mae"]]
    assert len(changed) == 14
    text = (folder / "disturbed" / "robustness.md").read_text()
    assert f"| plain | {variants['plain']['apparent_mae']:.2f} | {variants['plain']['gender']:.1%} |" in text
    assert "| red and blue exchanged | " in text


@pytest.mark.parametrize(
    ("disturb", "expected"),
    [
        (scaled(1.15), [50, 40, 23, 0]),
        (scaled(1 / 1.15), [50, 40, 20 / 1.15, 0]),
    ],
)
def test_scaled_squares(disturb: Any, expected: list[float]) -> None:
    picture, square = np.zeros((80, 100, 3), np.uint8), np.array([50, 40, 20, 0], np.float32)
    same, changed = disturb(picture, square, np.random.default_rng(0))
    assert same is picture
    assert changed == pytest.approx(expected)
    assert square.tolist() == [50, 40, 20, 0]


def test_shifted_rotated_and_halved_squares() -> None:
    picture, square = np.zeros((80, 101, 3), np.uint8), np.array([50, 40, 12, 16], np.float32)
    for seed in range(5):
        random = np.random.default_rng(seed)
        moved = shifted(0.08)(picture, square, random)[1]
        assert np.hypot(*(moved - square)[:2]) == pytest.approx(0.08 * 40, rel=1e-5)
        assert moved[2:].tolist() == [12, 16]
        turn = rotated(15)(picture, square, random)[1]
        assert np.hypot(*turn[2:]) == pytest.approx(20, rel=1e-5)
        degrees = np.degrees(np.arctan2(turn[3], turn[2]) - np.arctan2(16, 12))
        assert abs(degrees) == pytest.approx(15, abs=1e-3)
        assert turn[:2].tolist() == [50, 40]
    halved, smaller = half_resolution(picture, square, np.random.default_rng(0))
    assert halved.shape == (40, 50, 3)
    assert smaller == pytest.approx(square / 2, rel=0.01)


@pytest.mark.parametrize(
    "name", ["grey", "scan", "studio light", "phone light", "red and blue exchanged", "JPEG at quality 30"]
)
def test_disturbances_do_not_modify_the_original(name: str, astronaut_bgr: Image) -> None:
    from agecam.vision.detector import FaceDetector

    square = np.array([225, 117, 45, 0], np.float32)
    picture = astronaut_bgr.copy()
    disturb = robustness.all_disturbances(0.0, FaceDetector())[name]
    changed, same_square = disturb(picture, square, np.random.default_rng(1))
    assert np.array_equal(picture, astronaut_bgr)
    assert (changed.shape, changed.dtype) == (picture.shape, np.uint8)
    assert same_square is square
    assert (changed != picture).mean() > 0.05
    again = disturb(picture, square, np.random.default_rng(1))[0]
    assert np.array_equal(changed, again)
    # It is still the same face.
    face = (slice(72, 162), slice(180, 270))
    greys = [cv2.cvtColor(of[face], cv2.COLOR_BGR2GRAY).ravel() for of in (changed, picture)]
    correlation = np.corrcoef(greys)
    assert correlation[0, 1] > 0.7


def face_at(x: float, y: float, side: float) -> Face:
    return Face(
        (x - side / 2, y - side / 2, side, side),
        1,
        np.zeros((5, 2), np.float32),
        *([0.0] * 3),
        "unsure",
        0.5,
        0.5,
        np.zeros(101, np.float32),
    )


def test_the_face_nearest_to_the_centre_is_the_labelled_one() -> None:
    picture = np.zeros((100, 200, 3), np.uint8)
    large, small, far = face_at(110, 60, 60), face_at(100, 58, 12), face_at(30, 50, 60)
    assert nearest_to_centre([far, small, large], picture) is large
    assert nearest_to_centre([far], picture) is None
    assert nearest_to_centre([], picture) is None


ROW = {"file": "a.png", "age": 30, "age_min": 30, "age_max": 30, "gender": "F", "race": "x", "split": "val"}
FULL = ROW | {"apparent_mean": 30, "apparent_std": 2}


@pytest.mark.parametrize(
    ("rows", "columns", "sentences"),
    [
        ([FULL], COLUMNS, []),
        (
            [ROW],
            COLUMNS,
            ["s.zip leaves the columns apparent_mean, apparent_std empty: no apparent age error, no ChaLearn error."],
        ),
        ([FULL], [*COLUMNS, "mood", "hat"], ["s.zip has the unknown columns mood, hat, which are ignored."]),
    ],
)
def test_remarks_on_columns(
    tmp_path: Path, rows: list[dict[str, Any]], columns: list[str], sentences: list[str]
) -> None:
    assert remarks(write_zip(tmp_path / "s.zip", rows, columns, {})) == sentences


@pytest.mark.parametrize(
    ("rows", "columns", "reason"),
    [
        ([FULL], COLUMNS[:-1], "lacks column split"),
        ([FULL], ["file", "age"], "lacks columns age_min, age_max, gender, split, race"),
        ([], COLUMNS, "has no rows"),
        ([FULL, FULL | {"gender": ""}], COLUMNS, "Line 3"),
        ([FULL, FULL | {"age_max": ""}], COLUMNS, "Line 3"),
        ([FULL | {"gender": "female"}], COLUMNS, "must be F or M"),
    ],
)
def test_invalid_labels_are_rejected(
    tmp_path: Path, rows: list[dict[str, Any]], columns: list[str], reason: str
) -> None:
    with pytest.raises(SourceError) as failure:
        remarks(write_zip(tmp_path / "s.zip", rows, columns, {}))
    assert is_one_sentence(str(failure.value))
    assert reason in str(failure.value)
    assert str(tmp_path / "s.zip") in str(failure.value)


def rejection(*arguments: str) -> str:
    with pytest.raises(AgeCamError) as failure:
        run(evaluate, *arguments)
    assert is_one_sentence(str(failure.value))
    return str(failure.value)


def test_a_zip_without_labels_is_rejected(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "s.zip", "w") as file:
        file.writestr("images/1.png", b"")
    (tmp_path / "text.zip").write_text("no zip")
    for name in ("s.zip", "text.zip", "absent.zip"):
        assert str(tmp_path / name) in rejection("--data", str(tmp_path / name), "--out", str(tmp_path))


def test_a_split_without_faces_gives_an_error(tmp_path: Path) -> None:
    empty = write_zip(tmp_path / "empty.zip", [FULL], COLUMNS, {})
    assert "no faces of the split 'test' in empty.zip" in rejection("--data", str(empty), "--out", str(tmp_path))
    other = write_zip(tmp_path / "other.zip", [FULL | {"split": "test"}], COLUMNS, {})
    paths, sentences = evaluate.with_faces([empty, other], "test")
    assert paths == [other]
    assert sentences == ["empty.zip has no faces of the split 'test'."]
    (tmp_path / "more").mkdir()
    with pytest.raises(UsageError, match="same name"):
        evaluate.with_faces([other, Path(shutil.copy(other, tmp_path / "more"))], "test")


def test_a_set_without_detected_faces_gives_an_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    rows = [FULL | {"split": "test"}]
    write_zip(tmp_path / "blank.zip", rows, COLUMNS, {"a.png": np.full((160, 160, 3), 90, np.uint8)})
    # The result of training.data.locate if it finds nothing.
    (tmp_path / "cache" / "squares").mkdir(parents=True)
    np.savez(tmp_path / "cache" / "squares" / "blank.npz", squares=np.full((1, 4), np.nan, np.float32), found=[False])
    write_model(tmp_path)
    sentence = rejection("--weights", "tiny.json", "--data", "blank.zip", "--out", "out")
    assert "no face in any picture" in sentence
    assert not (tmp_path / "out").exists()
