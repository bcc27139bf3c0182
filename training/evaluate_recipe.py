"""Evaluate the recipe's networks, as published and as it should be done, through the running program's own estimator.

    agecam models add runs/vgg-age/age_model_weights.h5 runs/vgg-gender/gender_model_weights.h5
    python -m training.evaluate_recipe --weights vgg-face --rows runs/wiki/clean.csv --pictures wiki_crop \
        --split runs/vgg-age/split.csv --out runs/recipe
    python -m training.evaluate_recipe --weights vgg-face --chalearn gt.csv --pictures chalearn/test

The first judges the faces that training.transfer has set aside: loss and accuracy of the 101 classes, apparent age by
expectation, its mean absolute error (and beside it the recipe's, which cuts the decimals of the apparent age off),
gender with its confusion matrix, precision and recall. The second judges the ChaLearn challenge's pictures (`image`,
`mean` and `stdv` of the guesses, as CSV), each by the largest face that the program finds: apparent MAE and the error
`1 - exp(-(x - mu)^2 / (2 sigma^2))`. The listing that was published with the recipe leaves the 'one minus' out: its
figure is a likeness, not an error.

Any model will do, also `compact`. Writes `recipe.json`, `recipe.md` and plots.
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
from agecam.vision.crop import square_from_box
from agecam.vision.estimator import Estimator
from training import command
from training.datasets.face_zip import LabelledFace
from training.datasets.wiki_faces import WikiFaces, whole_square
from training.figures import Figures, figures
from training.files import write_json, write_text
from training.judged import PATIENCE_S, Judged
from training.metrics import chalearn_error, expected_age, mean_absolute_error
from training.plots import draw_all
from training.tables import markdown

MADE_BY = "training.evaluate_recipe"


def main() -> None:
    options = _options()
    if options.chalearn is None:
        result, text = of_wiki(options)
    else:
        result, text = of_chalearn(options)
    write_json(options.out / "recipe.json", {"made_by": MADE_BY, "model": options.weights, **result})
    write_text(options.out / "recipe.md", text)
    print(text)


def of_wiki(options: argparse.Namespace) -> tuple[Figures, str]:
    """Figures of the faces that were set aside, and the report."""
    faces = WikiFaces.read(options.rows, options.pictures or options.rows.parent)
    if options.split is not None:
        faces = faces.of(np.flatnonzero(_parts(options.split, faces) == "test"))
    if not len(faces):
        raise UsageError(f"{options.split} sets no face of {options.rows} aside: name the split.csv of that run.")
    estimator = Estimator.load(options.weights)
    judged = judge_wiki(estimator, faces)
    result = figures(judged) | as_published(judged)
    draw_all(judged, result, options.out)
    return result, _report(options.weights, result, f"{judged.name}-confusion.png")


def judge_wiki(estimator: Estimator, faces: WikiFaces) -> Judged:
    """Guesses for the faces of the archives, which are cut already: one look at each, as in training."""
    guesses: list[Attributes] = []
    for row in tqdm(range(len(faces)), desc="Judging", unit=" faces", delay=PATIENCE_S):
        picture = faces.picture(row)
        guesses += estimator.estimate_squares(picture, face_square(picture, estimator)[np.newaxis])
    labelled = [
        LabelledFace(str(file), int(age), int(age), bool(female), "", None, None, "test")
        for file, age, female in zip(faces.files, faces.ages, faces.female, strict=True)
    ]
    return Judged.from_guesses("wiki", labelled, np.ones(len(faces), bool), guesses)


def face_square(picture: Image, estimator: Estimator) -> Any:
    """Where the face of an archive's picture is, which stands in its middle with 40% of room.

    A network that takes boxes with that room sees the whole picture, to the pixel.
    """
    square = whole_square(picture)
    crop = estimator.card.crop
    if crop.alignment == "box":
        square[2] /= 1 + 2 * crop.margin
        return square
    side = 2 * float(square[2]) / (1 + 2 * MARGIN)
    return square_from_box((float(square[0]) - side / 2, float(square[1]) - side / 2, side, side))


def as_published(judged: Judged) -> Figures:
    """What the recipe reports of the 101 classes, and its mean absolute error."""
    truth = judged.targets[:, 0].astype(int)
    of_truth = judged.distribution[np.arange(len(truth)), truth]
    age = expected_age(judged.distribution)
    return {
        "class_loss": float(-np.log(np.maximum(of_truth, 1e-7)).mean()),
        "class_accuracy": float((judged.distribution.argmax(1) == truth).mean()),
        "mae_truncated": mean_absolute_error(np.trunc(age), truth),
        "mae_of_the_mean_age": mean_absolute_error(np.full(len(truth), truth.mean()), truth),
    }


def _parts(path: Path, faces: WikiFaces) -> Any:
    try:
        table = pd.read_csv(path, dtype=str)
        parts = table.set_index("file")["split"].reindex(faces.files)
    except (OSError, KeyError, ValueError) as error:
        raise UsageError(f"{path} is no split of training.transfer ({error}): name its split.csv.") from error
    return parts.to_numpy()


def _report(model: str, result: Figures, plot: str) -> str:
    confusion, precision, recall = result["confusion"], result["precision"], result["recall"]
    rows = [
        ["faces", f"{result['faces']:,}"],
        ["loss of the 101 classes (categorical cross-entropy)", f"{result['class_loss']:.3f}"],
        ["accuracy of the 101 classes", f"{result['class_accuracy']:.1%}"],
        ["apparent age by expectation, mean absolute error", f"{result['mae']:.2f} years"],
        ["the same, decimals of the apparent age cut off, as published", f"{result['mae_truncated']:.2f} years"],
        ["always saying the mean age", f"{result['mae_of_the_mean_age']:.2f} years"],
        ["bias", f"{result['bias']:+.2f} years"],
        ["gender", f"{result['gender']:.1%}"],
    ]
    genders = [
        [
            label,
            *(f"{confusion[label][guess]:,}" for guess in confusion),
            _share(precision[label]),
            _share(recall[label]),
        ]
        for label in confusion
    ]
    return (
        "\n\n".join(
            [
                f"# The recipe's evaluation of `{model}`",
                markdown(["", ""], rows),
                markdown(["labelled", *(f"guessed {guess}" for guess in confusion), "precision", "recall"], genders),
                f"![confusion matrix]({plot})",
            ]
        )
        + "\n"
    )


def _share(value: float | None) -> str:
    return "" if value is None else f"{value:.1%}"


def of_chalearn(options: argparse.Namespace) -> tuple[Figures, str]:
    """Figures of the challenge's pictures, and the report."""
    rows = read_chalearn(options.chalearn)
    folder = options.pictures or options.chalearn.parent
    analyzer = Analyzer(options.weights)
    ages = []
    for image, _, _ in tqdm(rows, desc="Judging", unit=" pictures", delay=PATIENCE_S):
        picture = cv2.imread(str(folder / image), cv2.IMREAD_COLOR)
        if picture is None:
            raise SourceError(f"{folder / image} cannot be read: give the folder of the pictures as --pictures.")
        face = max(
            analyzer.analyze(np.asarray(picture, np.uint8)), key=lambda face: face.box[2] * face.box[3], default=None
        )
        ages.append(math.nan if face is None else face.age)
    age, mean, std = np.array(ages), np.array([row[1] for row in rows]), np.array([row[2] for row in rows])
    found = np.isfinite(age)
    if not found.any():
        raise UsageError(f"No face was found in any picture of {options.chalearn}: are these the right ones?")
    result: Figures = {
        "pictures": len(rows),
        "found": float(found.mean()),
        "apparent_mae": mean_absolute_error(age[found], mean[found]),
        "chalearn_error": chalearn_error(age[found], mean[found], std[found]),
        # Where no face is found nothing is said, which is as wrong as can be.
        "chalearn_error_of_all": float(
            (chalearn_error(age[found], mean[found], std[found]) * found.sum() + (~found).sum()) / len(rows)
        ),
    }
    result["likeness"] = 1 - result["chalearn_error"]
    table = [
        ["pictures", f"{len(rows):,}"],
        ["with a face found", f"{result['found']:.1%}"],
        ["apparent age, mean absolute error", f"{result['apparent_mae']:.2f} years"],
        ["ChaLearn error of these", f"{result['chalearn_error']:.3f}"],
        ["ChaLearn error, faces that were not found counted as 1", f"{result['chalearn_error_of_all']:.3f}"],
        ["likeness (what the published listing prints: not an error)", f"{result['likeness']:.3f}"],
    ]
    return result, f"# ChaLearn, judged by `{options.weights}`\n\n{markdown(['', ''], table)}\n"


def read_chalearn(path: Path) -> list[tuple[str, float, float]]:
    """Image, mean and standard deviation of the guesses in years, of every row of a ChaLearn CSV.

    Raises:
        UsageError: it is missing or has another form.
    """
    try:
        with path.open(newline="", encoding="utf-8") as file:
            rows = [(row["image"], float(row["mean"]), float(row["stdv"])) for row in csv.DictReader(file)]
        if not rows or not all(math.isfinite(mean) and std >= 0 for _, mean, std in rows):
            raise ValueError("it has no rows, or values that are no years")
    except (OSError, KeyError, TypeError, ValueError, csv.Error) as error:
        raise UsageError(f"{path} is no CSV of ChaLearn with image, mean and stdv ({error}): name its file.") from error
    return rows


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--weights", default="vgg-face", help="name of a model, or path of its card or weights")
    what = parser.add_mutually_exclusive_group(required=True)
    what.add_argument("--rows", type=Path, metavar="CSV", help="clean.csv of training.clean")
    what.add_argument("--chalearn", type=Path, metavar="CSV", help="image, mean and stdv of the guesses")
    parser.add_argument("--split", type=Path, metavar="CSV", help="split.csv of training.transfer: only its test faces")
    parser.add_argument("--pictures", type=Path, metavar="FOLDER", help="what the paths start from (beside the CSV)")
    parser.add_argument("--out", type=Path, default=Path("runs/recipe"))
    return parser.parse_args()


if __name__ == "__main__":
    command(main)
