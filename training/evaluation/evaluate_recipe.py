r"""Evaluate the recipe's networks with the program's own estimator, with the published metrics and corrected ones.

    agecam models add runs/vgg-age/age_model_weights.h5 runs/vgg-gender/gender_model_weights.h5
    python -m training.evaluation.evaluate_recipe --weights vgg-face --rows runs/wiki/clean.csv --pictures wiki_crop \
        --split runs/vgg-age/split.csv --out runs/recipe
    python -m training.evaluation.evaluate_recipe --weights vgg-face --chalearn gt.csv --pictures chalearn/test

The first command evaluates the test faces of training.vgg_face.transfer: loss and accuracy of the 101 classes, apparent
age by expectation with its mean absolute error (and the recipe's, which truncates the apparent age), gender with its
confusion matrix, precision and recall. The second evaluates the pictures of the ChaLearn challenge (CSV with `image`,
`mean` and `stdv` of the estimates), using the largest face that the program finds: apparent MAE and the error
`1 - exp(-(x - mu)^2 / (2 sigma^2))`. The code published with the recipe leaves out the 'one minus', so its number is a
similarity, not an error.

Works with any model, including `compact`. Writes `recipe.json`, `recipe.md` and plots.
"""

import argparse
import csv
import math
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pandas as pd
from tqdm import tqdm

from agecam.analyzer import Analyzer
from agecam.errors import SourceError, UsageError
from agecam.models.install.vgg_face import MARGIN
from agecam.types import Attributes, Image
from agecam.vision.crop import square_from_box, turned_box
from agecam.vision.estimator import Estimator
from training import command
from training.data.face_zip import LabelledFace
from training.data.wiki_faces import WikiFaces, whole_square
from training.evaluation.figures import Figures, figures
from training.evaluation.metrics import chalearn_error, expected_age, mean_absolute_error
from training.evaluation.plots import draw_all
from training.evaluation.predictions import PROGRESS_DELAY_S, Predictions
from training.files import markdown_table, write_json, write_text

MADE_BY = "training.evaluation.evaluate_recipe"


def main() -> None:
    options = _options()
    if options.chalearn is None:
        result, text = evaluate_wiki(options)
    else:
        result, text = evaluate_chalearn(options)
    write_json(options.out / "recipe.json", {"made_by": MADE_BY, "model": options.weights, **result})
    write_text(options.out / "recipe.md", text)
    print(text)


def evaluate_wiki(options: argparse.Namespace) -> tuple[Figures, str]:
    """Figures of the test faces, and the report."""
    faces = WikiFaces.read(options.rows, options.pictures or options.rows.parent)
    if options.split is not None:
        faces = faces.select(np.flatnonzero(_parts(options.split, faces) == "test"))
    if not len(faces):
        raise UsageError(f"{options.split} has no test faces of {options.rows}: pass the split.csv of that run.")
    estimator = Estimator.load(options.weights)
    predictions = predict_wiki(estimator, faces)
    result = figures(predictions) | as_published(predictions)
    draw_all(predictions, result, options.out)
    return result, _report(options.weights, result, f"{predictions.name}-confusion.png")


def predict_wiki(estimator: Estimator, faces: WikiFaces) -> Predictions:
    """Predictions for the faces of the archives, which are already cropped; not mirrored, as in training."""
    estimates: list[Attributes] = []
    for row in tqdm(range(len(faces)), desc="Predicting", unit=" faces", delay=PROGRESS_DELAY_S):
        picture = faces.picture(row)
        estimates += estimator.estimate_squares(picture, face_square(picture, estimator)[np.newaxis])
    labelled = [
        LabelledFace(str(file), int(age), int(age), bool(female), "", None, None, "test")
        for file, age, female in zip(faces.files, faces.ages, faces.female, strict=True)
    ]
    return Predictions.from_attributes("wiki", labelled, np.ones(len(faces), bool), estimates)


def face_square(picture: Image, estimator: Estimator) -> Any:
    """Place of the face in a picture of the archives, where it is centred with a margin of 40%.

    A network whose crop is a box with that margin sees exactly the whole picture.
    """
    square = whole_square(picture)
    crop = estimator.card.crop
    if crop.squeezed:
        place = turned_box((0, 0, picture.shape[1], picture.shape[0]))
        place[2:4] /= 1 + 2 * crop.margin
        return place
    if crop.alignment == "box":
        square[2] /= 1 + 2 * crop.margin
        return square
    side = 2 * float(square[2]) / (1 + 2 * MARGIN)
    return square_from_box((float(square[0]) - side / 2, float(square[1]) - side / 2, side, side))


def as_published(predictions: Predictions) -> Figures:
    """The recipe's figures: loss and accuracy of the 101 classes, and its mean absolute error."""
    truth = predictions.targets[:, 0].astype(int)
    probability_of_truth = predictions.distribution[np.arange(len(truth)), truth]
    age = expected_age(predictions.distribution)
    return {
        "class_loss": float(-np.log(np.maximum(probability_of_truth, 1e-7)).mean()),
        "class_accuracy": float((predictions.distribution.argmax(1) == truth).mean()),
        "mae_truncated": mean_absolute_error(np.trunc(age), truth),
        "mae_of_the_mean_age": mean_absolute_error(np.full(len(truth), truth.mean()), truth),
    }


def _parts(path: Path, faces: WikiFaces) -> Any:
    try:
        table = pd.read_csv(path, dtype=str)
        parts = table.set_index("file")["split"].reindex(faces.files)
    except (OSError, KeyError, ValueError) as error:
        raise UsageError(f"{path} is not from training.vgg_face.transfer ({error}): pass its split.csv.") from error
    return parts.to_numpy()


def _report(model: str, result: Figures, plot: str) -> str:
    confusion, precision, recall = result["confusion"], result["precision"], result["recall"]
    rows = [
        ["faces", f"{result['faces']:,}"],
        ["loss of the 101 classes (categorical cross-entropy)", f"{result['class_loss']:.3f}"],
        ["accuracy of the 101 classes", f"{result['class_accuracy']:.1%}"],
        ["apparent age by expectation, mean absolute error", f"{result['mae']:.2f} years"],
        ["the same with the apparent age truncated, as published", f"{result['mae_truncated']:.2f} years"],
        ["baseline: always the mean age", f"{result['mae_of_the_mean_age']:.2f} years"],
        ["bias", f"{result['bias']:+.2f} years"],
        ["gender", f"{result['gender']:.1%}"],
    ]
    genders = [
        [
            label,
            *(f"{confusion[label][estimate]:,}" for estimate in confusion),
            _share(precision[label]),
            _share(recall[label]),
        ]
        for label in confusion
    ]
    return (
        "\n\n".join(
            [
                f"# The recipe's evaluation of `{model}`",
                markdown_table(["", ""], rows),
                markdown_table(
                    ["labelled", *(f"estimated {gender}" for gender in confusion), "precision", "recall"], genders
                ),
                f"![confusion matrix]({plot})",
            ]
        )
        + "\n"
    )


def _share(value: float | None) -> str:
    return "" if value is None else f"{value:.1%}"


def evaluate_chalearn(options: argparse.Namespace) -> tuple[Figures, str]:
    """Figures of the challenge's pictures, and the report."""
    rows = read_chalearn(options.chalearn)
    folder = options.pictures or options.chalearn.parent
    analyzer = Analyzer(options.weights)
    ages = []
    for image, _, _ in tqdm(rows, desc="Predicting", unit=" pictures", delay=PROGRESS_DELAY_S):
        picture = cv2.imread(str(folder / image), cv2.IMREAD_COLOR)
        if picture is None:
            raise SourceError(f"{folder / image} cannot be read: pass the folder of the pictures with --pictures.")
        face = max(
            analyzer.analyze(np.asarray(picture, np.uint8)), key=lambda face: face.box[2] * face.box[3], default=None
        )
        ages.append(math.nan if face is None else face.age)
    age, mean, std = np.array(ages), np.array([row[1] for row in rows]), np.array([row[2] for row in rows])
    found = np.isfinite(age)
    if not found.any():
        raise UsageError(f"No face was found in any picture of {options.chalearn}: check --pictures.")
    result: Figures = {
        "pictures": len(rows),
        "found": float(found.mean()),
        "apparent_mae": mean_absolute_error(age[found], mean[found]),
        "chalearn_error": chalearn_error(age[found], mean[found], std[found]),
        # A face that is not found counts as the largest possible error.
        "chalearn_error_of_all": float(
            (chalearn_error(age[found], mean[found], std[found]) * found.sum() + (~found).sum()) / len(rows)
        ),
    }
    result["likeness"] = 1 - result["chalearn_error"]
    table = [
        ["pictures", f"{len(rows):,}"],
        ["with a face found", f"{result['found']:.1%}"],
        ["apparent age, mean absolute error", f"{result['apparent_mae']:.2f} years"],
        ["ChaLearn error of these faces", f"{result['chalearn_error']:.3f}"],
        ["ChaLearn error, counting faces not found as 1", f"{result['chalearn_error_of_all']:.3f}"],
        ["similarity (printed by the published code; not an error)", f"{result['likeness']:.3f}"],
    ]
    return result, f"# ChaLearn evaluation of `{options.weights}`\n\n{markdown_table(['', ''], table)}\n"


def read_chalearn(path: Path) -> list[tuple[str, float, float]]:
    """Image, and mean and standard deviation of the estimates in years, for every row of a ChaLearn CSV.

    Raises:
        UsageError: the file is missing or has another format.
    """
    try:
        with path.open(newline="", encoding="utf-8") as file:
            rows = [(row["image"], float(row["mean"]), float(row["stdv"])) for row in csv.DictReader(file)]
        if not rows or not all(math.isfinite(mean) and std >= 0 for _, mean, std in rows):
            raise ValueError("no rows or invalid ages")
    except (OSError, KeyError, TypeError, ValueError, csv.Error) as error:
        raise UsageError(
            f"{path} is not a ChaLearn CSV with image, mean and stdv ({error}): pass another file."
        ) from error
    return rows


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--weights", default="vgg-face", help="name of a model, or path of its card or weights")
    what = parser.add_mutually_exclusive_group(required=True)
    what.add_argument("--rows", type=Path, metavar="CSV", help="clean.csv of training.data.clean")
    what.add_argument("--chalearn", type=Path, metavar="CSV", help="image, mean and stdv of the estimates")
    parser.add_argument(
        "--split", type=Path, metavar="CSV", help="split.csv of training.vgg_face.transfer: only its test faces"
    )
    parser.add_argument(
        "--pictures",
        type=Path,
        metavar="FOLDER",
        help="folder that the paths are relative to (default: that of the CSV)",
    )
    parser.add_argument("--out", type=Path, default=Path("runs/recipe"))
    return parser.parse_args()


if __name__ == "__main__":
    command(main)
