"""Evaluate a model on labelled faces, through the running program's own estimator.

    python -m training.evaluate --weights compact --data faces/{utkface,fairface,aaf,omi}.zip --out runs/evaluation

About a minute and a half on two cores. Expected for the shipped weights: UTKFace MAE 5.38 years and gender 92.6%;
FairFace age range 55.0% exact, gender 87.4%; All-Age-Faces MAE 5.55 and 94.2%; One Million Impressions apparent MAE
3.48, ChaLearn error 0.206, gender 94.7%.

Writes `evaluation.json` and `evaluation.md`, and prints the table. `--onto-card` also writes the
figures on the model's card.
"""

import argparse
import datetime
import json
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from agecam.device import choose_device
from agecam.estimator import Estimator
from agecam.weights import find_model
from training import command
from training.judged import Judged, judge
from training.metrics import FAIRFACE_RANGES, chalearn_error, expected_age, set_figures


def figures(judged: Judged) -> dict[str, Any]:
    """All figures of one set, and of its parts by age band, gender and race."""
    whole = _figures(judged, np.ones(len(judged.faces), bool))
    parts: dict[str, dict[str, Any]] = {"age": {}, "gender": {}, "race": {}}
    ages = np.array([(face.age_min + face.age_max) / 2 for face in judged.faces])
    for low, high in FAIRFACE_RANGES:
        name, most = (f"{low}-{high}", high) if high < 100 else (f"{low}+", np.inf)
        parts["age"][name] = (ages >= low) & (ages <= most)
    female = np.array([face.female for face in judged.faces])
    parts["gender"] = {"female": female, "male": ~female}
    races = np.array([face.race for face in judged.faces])
    parts["race"] = {str(race): races == race for race in np.unique(races) if race}
    whole["by"] = {
        kind: {name: _figures(judged, rows) for name, rows in of_kind.items() if rows.any()}
        for kind, of_kind in parts.items()
    }
    return whole


def _figures(judged: Judged, rows: npt.NDArray[np.bool_]) -> dict[str, Any]:
    distribution, targets = judged.distribution[rows], judged.targets[rows]
    basic = set_figures(distribution, judged.female[rows], targets)
    result: dict[str, Any] = {
        "faces": basic.count,
        "found": float(judged.found[rows].mean()),
        "mae": basic.mae,
        "bias": basic.bias,
        "range_exact": basic.range_exact,
        "range_one_off": basic.range_one_off,
        "gender": basic.gender,
        "unsure": float(judged.unsure[rows].mean()),
    }
    known = targets[:, 0] == targets[:, 1]
    if known.any():
        age, truth = expected_age(distribution[known]), targets[known, 0]
        low, high = judged.low[rows][known], judged.high[rows][known]
        # Labels are whole years: an interval covers the year that its end falls into.
        result["coverage"] = float(((truth >= np.floor(low + 0.5)) & (truth <= np.floor(high + 0.5))).mean())
        result["interval_years"] = float((high - low).mean())
        result["within_5"] = float((np.abs(age - truth) <= 5).mean())
    rated = [(f.apparent_mean, f.apparent_std) for f, row in zip(judged.faces, rows, strict=True) if row]
    if rated and all(mean is not None for mean, _ in rated):
        mean, std = np.array(rated, float).T
        age = expected_age(distribution)
        result["apparent_mae"] = float(np.abs(age - mean).mean())
        result["chalearn_error"] = chalearn_error(age, mean, std)
    return result


COLUMNS = {
    "faces": ("faces", "{:,}"),
    "found": ("found", "{:.1%}"),
    "mae": ("MAE (years)", "{:.2f}"),
    "bias": ("bias", "{:+.2f}"),
    "within_5": ("CS@5", "{:.1%}"),
    "range_exact": ("range exact", "{:.1%}"),
    "range_one_off": ("one off", "{:.1%}"),
    "gender": ("gender", "{:.1%}"),
    "unsure": ("unsure", "{:.1%}"),
    "coverage": ("80 % interval covers", "{:.1%}"),
    "interval_years": ("its width", "{:.1f}"),
    "apparent_mae": ("apparent MAE", "{:.2f}"),
    "chalearn_error": ("ChaLearn error", "{:.3f}"),
}


def table(rows: dict[str, dict[str, Any]], first: str = "set") -> str:
    """A Markdown table, without the columns that no row has."""
    used = [key for key in COLUMNS if any(row.get(key) is not None for row in rows.values())]
    lines = [f"| {first} | " + " | ".join(COLUMNS[key][0] for key in used) + " |", "|" + " --- |" * (len(used) + 1)]
    for name, row in rows.items():
        cells = [COLUMNS[key][1].format(row[key]) if row.get(key) is not None else "" for key in used]
        lines.append(f"| {name} | " + " | ".join(cells) + " |")
    return "\n".join(lines)


def report(results: dict[str, dict[str, Any]], model: str, split: str) -> str:
    text = [f"# Evaluation of `{model}` on `{split}`", "", table(results), ""]
    for name, result in results.items():
        for kind, parts in result["by"].items():
            if parts:
                text += [f"## {name} by {kind}", "", table(parts, kind), ""]
    return "\n".join(text)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--weights", default="compact", help="name of a model, or path of its card or weights")
    parser.add_argument("--data", nargs="+", type=Path, required=True, metavar="ZIP")
    parser.add_argument("--split", choices=("train", "val", "test"), default="test")
    parser.add_argument("--out", type=Path, default=Path("runs/evaluation"))
    parser.add_argument("--onto-card", action="store_true", help="write the figures on the model's card")
    options = parser.parse_args()
    estimator = Estimator.load(options.weights, choose_device("auto"))
    results = {}
    for path in options.data:
        judged = judge(estimator, path, options.split)
        if judged.faces:
            results[judged.name] = figures(judged)
    text = report(results, estimator.card.name, options.split)
    options.out.mkdir(parents=True, exist_ok=True)
    (options.out / "evaluation.json").write_text(json.dumps(results, indent=1))
    (options.out / "evaluation.md").write_text(text)
    print(text)
    if options.onto_card:
        put_on_card(find_model(options.weights), options.split, results)


def put_on_card(path: Path, split: str, results: dict[str, dict[str, Any]]) -> None:
    """Replace the card's figures of a split; groups stay in the evaluation's own files."""
    card = json.loads(path.read_text(encoding="utf-8"))
    card["metrics"][split] = {
        name: {key: round(value, 4) for key, value in result.items() if isinstance(value, int | float)}
        for name, result in results.items()
    }
    card["metrics"]["date"] = datetime.date.today().isoformat()
    path.write_text(json.dumps(card, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")


if __name__ == "__main__":
    command(main)
