"""The model card for people: generated from matching result files only."""

import json
import sys
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from models import change_card, is_one_sentence, write_model

from agecam.models.card import load_card
from training.data.face_zip import LabelledFace
from training.data.known_sets import KNOWN_SETS, weights_licence
from training.evaluation import card, evaluate, robustness
from training.evaluation.figures import end_to_end, figures
from training.evaluation.predictions import Predictions
from training.evaluation.robustness import PLAIN, compared
from training.files import write_json


def synthetic(name: str, off_years: float = 4.0, ranges: bool = False) -> Predictions:
    """90 faces of all ages with small age errors; every tenth gender is wrong."""
    random = np.random.default_rng(2)
    ages = np.tile(np.arange(0, 90, 2), 2)
    means = np.clip(ages + random.normal(0, off_years, 90), 1, 99)
    distribution = np.exp(-((np.arange(101) - means[:, None]) ** 2) / 32)
    female = np.arange(90) % 2 == 0
    right = np.arange(90) % 10 > 0
    ends = [(int(age) // 10 * 10, int(age) // 10 * 10 + 9) if ranges else (int(age), int(age)) for age in ages]
    rated = None if ranges else 5.0
    faces = [
        LabelledFace("", *end, bool(of), "here" if of else "there", rated and float(age), rated, "test")
        for end, of, age in zip(ends, female, ages, strict=True)
    ]
    return Predictions(
        name=name,
        faces=faces,
        found=np.ones(90, bool),
        distribution=(distribution / distribution.sum(1, keepdims=True)).astype(np.float32),
        female=np.where(female == right, 0.9, 0.1),
        low=means - 6,
        high=means + 6,
        unsure=np.zeros(90, bool),
    )


def write_results(folder: Path, model: Path, **changes: Any) -> tuple[Path, Path]:
    """Write `evaluation.json` and `robustness.json` as their steps do, for the model or with changes."""
    of_card = load_card(model)
    sets = {}
    for name, ranges in (("utkface", False), ("fairface", True)):
        faces = synthetic(name, ranges=ranges)
        found = np.arange(90) % 9 > 0
        sets[name] = figures(faces) | {"end_to_end": end_to_end(faces, faces.select(found), found)}
    disturbed = {
        name: {
            "faces": 90,
            "figures": compared({PLAIN: synthetic(name, 4, ranges), "scan": synthetic(name, 9, ranges)}),
        }
        for name, ranges in (("utkface", False), ("fairface", True))
    }
    evaluation = evaluate.heading(of_card, evaluate.MADE_BY, "test") | {"sets": sets} | changes
    robust = evaluate.heading(of_card, robustness.MADE_BY, "test") | {"seed": 1, "sets": disturbed} | changes
    return write_json(folder / "evaluation.json", evaluation), write_json(folder / "robustness.json", robust)


def run(model: Path, evaluation: Path, *more: str) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sys, "argv", ["card", "--weights", str(model), "--evaluation", str(evaluation), *more])
        card.main()


def test_the_card_contains_all_results(tmp_path: Path) -> None:
    model = write_model(tmp_path)
    change_card(model, data_sets=[{"name": "utkface", "train": 1234, "val": 56, "test": 90}])
    evaluation, robust = write_results(tmp_path, model)
    run(model, evaluation, "--robustness", str(robust))
    text = (tmp_path / "tiny.md").read_text()
    sets = json.loads(evaluation.read_text())["sets"]
    whole = sets["utkface"]
    for part in (
        f"{whole['mae']:.2f} ({whole['mae_interval'][0]:.2f} to {whole['mae_interval'][1]:.2f})",
        f"{whole['chalearn_error']:.3f}",
        f"{whole['by']['age']['0-2']['mae']:.2f} (",
        "| UTKFace | " + KNOWN_SETS["utkface"].what,
        "| 1,234 | 56 | 90 |",
        "| FairFace (only measured on) |",
        "### fairface by race",
        f"{sets['fairface']['range_exact']:.1%}",
        "found in whole pictures (88.9%)",
        "| scan | ",
        "apparent",
        "not for decisions about a person",
        "fairface, 10-19",
        "--data faces/utkface.zip faces/fairface.zip --onto-card",
    ):
        assert part in text, part
    # Every tenth face has the wrong gender; all of these are labelled female, which is half of all faces.
    assert "the gender is correct for 100.0% of those labelled male and for 80.0% of those labelled female" in text


def test_every_figure_comes_from_the_files(tmp_path: Path) -> None:
    model = write_model(tmp_path)
    evaluation, _ = write_results(tmp_path, model)
    run(model, evaluation)
    before = (tmp_path / "tiny.md").read_text()
    assert "scan" not in before
    content = json.loads(evaluation.read_text())
    content["sets"]["utkface"] |= {"mae": 77.77, "covered_guesses": 0.123}
    content["sets"]["utkface"]["by"]["race"]["there"]["mae"] = 66.66
    evaluation.write_text(json.dumps(content))
    run(model, evaluation)
    after = (tmp_path / "tiny.md").read_text()
    assert "77.77" in after
    assert "12.3% of single raters' estimates" in after
    assert "and 66.66 in the group there" in after
    assert not any(figure in before for figure in ("77.77", "66.66", "12.3%"))


def rejection(model: Path, evaluation: Path, *more: str) -> str:
    """Run the step as a command that must fail; returns its error sentence."""
    with pytest.raises(SystemExit) as failure:
        from training import command

        command(lambda: run(model, evaluation, *more))
    sentence = str(failure.value).removeprefix("training: ")
    assert is_one_sentence(sentence)
    assert not model.with_suffix(".md").exists()
    return sentence


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"sha256": "0" * 64}, "other weights"),
        ({"calibration": asdict(load_card(Path("assets/models/compact.json")).calibration)}, "another calibration"),
        ({"split": "val"}, "split 'val'"),
        ({"sets": {}}, "no set"),
        ({"made_by": "training.compact.train"}, "not made by training."),
    ],
)
def test_results_that_do_not_match_the_model_are_rejected(tmp_path: Path, changes: dict[str, Any], reason: str) -> None:
    model = write_model(tmp_path)
    matching, _ = write_results(tmp_path, model)
    (tmp_path / "other").mkdir()
    evaluation, robust = write_results(tmp_path / "other", model, **changes)
    sentence = rejection(model, evaluation)
    assert reason in sentence
    assert str(evaluation) in sentence
    assert reason in rejection(model, matching, "--robustness", str(robust))


@pytest.mark.parametrize("content", [None, "no JSON", "[1, 2]", "{}"])
def test_an_invalid_result_file_is_rejected(tmp_path: Path, content: str | None) -> None:
    model = write_model(tmp_path)
    evaluation = tmp_path / "evaluation.json"
    if content is not None:
        evaluation.write_text(content)
    sentence = rejection(model, evaluation)
    assert str(evaluation) in sentence
    assert "training.evaluation.evaluate" in sentence


def test_the_licence_of_weights_depends_on_their_sets() -> None:
    assert "non-commercial" in weights_licence(["utkface", "fairface"])
    assert "FairFace: CC BY 4.0" in weights_licence(["utkface", "fairface"])
    assert "non-commercial" not in weights_licence(["fairface"])
    # An unknown set counts as research only.
    assert "research" in weights_licence(["fairface", "strange"])
