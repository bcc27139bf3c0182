"""Evaluate a model on labelled faces with the program's own estimator.

    python -m training.evaluation.evaluate --weights compact --data faces/{utkface,fairface,aaf,omi}.zip \\
        --out runs/evaluation

Takes any zip in the format described in training/README.md. Expected for the shipped weights, in about four minutes on
two cores: UTKFace MAE 4.68 years and gender 94.8%; FairFace age range 58.4% exact, gender 91.5%; All-Age-Faces MAE 4.95
and 95.7%; portraits 3.92 and 99.6%; headshots 4.07 and 100%; One Million Impressions apparent MAE 3.33, ChaLearn error
0.202, gender 95.1%.

Every face is evaluated in two ways: alone, cropped where training.data.locate found it, and as the program finds it in
the whole picture (--no-end-to-end skips this). Writes `evaluation.json`, `evaluation.md` and plots, and prints the
tables. `--onto-card` also writes the figures on the model's card.
"""

import argparse
import datetime
import json
from dataclasses import asdict
from pathlib import Path
from typing import Any

from tqdm import tqdm

from agecam.analyzer import Analyzer
from agecam.errors import UsageError
from agecam.models.card import Card
from agecam.models.store import find_model
from agecam.vision.estimator import Estimator
from training import command
from training.data.face_zip import FaceZip, Split
from training.data.labels import remarks
from training.evaluation.figures import Figures, end_to_end, figures
from training.evaluation.plots import draw_all
from training.evaluation.predictions import PROGRESS_DELAY_S, predict, predict_pictures
from training.evaluation.tables import set_tables
from training.files import write_json, write_text

MADE_BY = "training.evaluation.evaluate"


def main() -> None:
    options = _options()
    sentences = [sentence for path in options.data for sentence in remarks(path)]
    paths, without = with_faces(options.data, options.split)
    sentences += without
    estimator = Estimator.load(options.weights)
    analyzer = Analyzer(options.weights) if options.end_to_end else None
    predictions, sets = [], {}
    for path in paths:
        faces_alone = predict(estimator, path, options.split, twice=not options.once)
        result = figures(faces_alone)
        if analyzer is not None:
            result["end_to_end"] = end_to_end(faces_alone, *predict_pictures(analyzer, path, options.split))
        predictions.append(faces_alone)
        sets[faces_alone.name] = result
    for faces_alone in tqdm(predictions, desc="Drawing", delay=PROGRESS_DELAY_S):
        draw_all(faces_alone, sets[faces_alone.name], options.out)
    text = report(sets, estimator.card.name, options.split, sentences)
    write_json(options.out / "evaluation.json", heading(estimator.card, MADE_BY, options.split) | {"sets": sets})
    write_text(options.out / "evaluation.md", text)
    print(text)
    if options.onto_card:
        put_on_card(find_model(options.weights), options.split, sets)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--weights", default="compact", help="name of a model, or path of its card or weights")
    parser.add_argument("--data", nargs="+", type=Path, required=True, metavar="ZIP")
    parser.add_argument("--split", choices=("train", "val", "test"), default="test")
    parser.add_argument("--out", type=Path, default=Path("runs/evaluation"))
    parser.add_argument(
        "--end-to-end",
        action=argparse.BooleanOptionalAction,
        default=True,
        help="also evaluate the faces that the program finds in whole pictures",
    )
    parser.add_argument("--once", action="store_true", help="estimate each face once, as in video, not also mirrored")
    parser.add_argument("--onto-card", action="store_true", help="write the figures on the model's card")
    return parser.parse_args()


def with_faces(paths: list[Path], split: Split) -> tuple[list[Path], list[str]]:
    """The zips that have faces in the split, and one sentence about each of the others.

    Raises:
        UsageError: no zip has faces in the split, or two zips have the same name.
    """
    if len({path.stem for path in paths}) < len(paths):
        raise UsageError("Two of the zips have the same name: rename one, since results are listed by name.")
    has_faces = {path: bool(FaceZip(path).in_split(split)) for path in paths}
    if not any(has_faces.values()):
        names = ", ".join(path.name for path in paths)
        raise UsageError(f"There are no faces of the split '{split}' in {names}: choose another --split.")
    sentences = [f"{path.name} has no faces of the split '{split}'." for path in paths if not has_faces[path]]
    return [path for path in paths if has_faces[path]], sentences


def heading(card: Card, made_by: str, split: str) -> dict[str, Any]:
    """The fields of a result file that identify the weights and calibration it was made with."""
    return {
        "made_by": made_by,
        "model": card.name,
        "sha256": card.sha256,
        "calibration": asdict(card.calibration),
        "split": split,
        "date": datetime.date.today().isoformat(),
    }


def report(sets: dict[str, Figures], model: str, split: str, sentences: list[str]) -> str:
    """The report in Markdown."""
    parts = [f"# Evaluation of `{model}` on `{split}`", "\n".join(f"- {sentence}" for sentence in sentences)]
    return "\n\n".join(part for part in [*parts, *set_tables(sets)] if part) + "\n"


def put_on_card(path: Path, split: str, sets: dict[str, Figures]) -> None:
    """Replace the card's figures for a split; groups and curves are only in the evaluation's own files."""
    card = json.loads(path.read_text(encoding="utf-8"))
    card["metrics"][split] = {name: _for_card(result) for name, result in sets.items()}
    card["metrics"]["date"] = datetime.date.today().isoformat()
    write_json(path, card, indent=2)


def _for_card(result: Figures) -> Figures:
    def rounded(of: Figures) -> Figures:
        return {key: round(value, 4) for key, value in of.items() if isinstance(value, int | float)}

    shown = rounded(result)
    if "mae" in result:
        shown["mae_interval"] = [round(end, 4) for end in result["mae_interval"]]
    if "end_to_end" in result:
        whole_pictures = result["end_to_end"]
        shown["end_to_end"] = rounded(whole_pictures.get("found_faces", {})) | rounded(whole_pictures)
    return shown


if __name__ == "__main__":
    command(main)
