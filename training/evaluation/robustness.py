"""Measure the robustness of a model against other framing, other light and common program errors.

    python -m training.evaluation.robustness --weights compact --data faces/{utkface,fairface,aaf,omi}.zip \\
        --out runs/robustness

Runs the program's own estimator on the same faces, unchanged and under each disturbance of
training/evaluation/disturbances.py; by default on 400 faces per set, chosen by a seed. Writes `robustness.json` and
`robustness.md`, and prints the table: the age error and the share of correct genders, each with its change. In the JSON
file every change has its 95 % bootstrap interval over the faces.
"""

import argparse
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from tqdm import tqdm

from agecam.types import Attributes, Image
from agecam.vision.crop import square_from_box
from agecam.vision.detector import FaceDetector
from agecam.vision.estimator import Estimator
from training import command
from training.data.augment import Random
from training.data.face_zip import FaceZip, LabelledFace, Split
from training.data.labels import remarks
from training.evaluation.disturbances import (
    Disturbance,
    DisturbedFace,
    Square,
    channels_exchanged,
    grey,
    half_resolution,
    jpeg,
    phone_light,
    rotated,
    scaled,
    scan,
    shifted,
    studio_light,
)
from training.evaluation.evaluate import heading, with_faces
from training.evaluation.figures import Figures
from training.evaluation.metrics import Floats, bootstrap_interval, expected_age, range_distance, ranges_of
from training.evaluation.predictions import PROGRESS_DELAY_S, Predictions, for_crop, squares_for
from training.evaluation.tables import robustness_table
from training.files import write_json, write_text

MADE_BY = "training.evaluation.robustness"
PLAIN = "plain"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--weights", default="compact", help="name of a model, or path of its card or weights")
    parser.add_argument("--data", nargs="+", type=Path, required=True, metavar="ZIP")
    parser.add_argument("--split", choices=("train", "val", "test"), default="test")
    parser.add_argument(
        "--faces", type=int, default=400, metavar="N", help="maximum number of faces per set; 0 for all"
    )
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--out", type=Path, default=Path("runs/robustness"))
    options = parser.parse_args()
    sentences = [sentence for path in options.data for sentence in remarks(path)]
    paths, without = with_faces(options.data, options.split)
    estimator = Estimator.load(options.weights)
    disturbances = all_disturbances(estimator.card.crop.margin, FaceDetector())
    sets = {}
    for path in paths:
        predictions = predict_disturbed(estimator, path, options.split, disturbances, options.faces, options.seed)
        sets[path.stem] = {"faces": len(predictions[PLAIN].faces), "figures": compared(predictions)}
    content = heading(estimator.card, MADE_BY, options.split) | {"seed": options.seed, "sets": sets}
    title = f"# Robustness of `{estimator.card.name}` on `{options.split}`"
    remarked = "\n".join(f"- {sentence}" for sentence in [*sentences, *without])
    text = "\n\n".join(part for part in (title, remarked, robustness_table(sets)) if part) + "\n"
    write_json(options.out / "robustness.json", content)
    write_text(options.out / "robustness.md", text)
    print(text)


def all_disturbances(margin: float, detector: FaceDetector) -> dict[str, Disturbance]:
    """All disturbances by name, in the order of the report.

    Args:
        margin: margin of the model's crop.
        detector: finds the boxes for the crop without landmarks.
    """
    return {
        "15 % wider": scaled(1.15),
        "15 % tighter": scaled(1 / 1.15),
        "shifted by 8 %": shifted(0.08),
        "turned by 15 degrees": rotated(15),
        "grey": grey,
        "scan": scan,
        "studio light": studio_light,
        "phone light": phone_light,
        "red and blue exchanged": channels_exchanged,
        "margin + 0.2": scaled((1 + 2 * (margin + 0.2)) / (1 + 2 * margin)),
        "margin + 0.4": scaled((1 + 2 * (margin + 0.4)) / (1 + 2 * margin)),
        "not aligned (upright crop by the box)": by_box(detector),
        "half the resolution": half_resolution,
        "JPEG at quality 30": jpeg(30),
    }


def by_box(detector: FaceDetector) -> Disturbance:
    """An upright square from the detector's box, without landmarks; from the face's own square if none is found."""

    def disturb(picture: Image, square: Square, _: Random) -> DisturbedFace:
        # The detector needs a border around tightly cropped pictures.
        border_px = min(picture.shape[:2]) // 3
        padded = np.pad(picture, ((border_px, border_px), (border_px, border_px), (0, 0)), "edge")
        squares = [square_from_box(face.box) for face in detector.detect(padded)]
        squares = [found - np.array([border_px, border_px, 0, 0], np.float32) for found in squares]
        side = 2 * float(np.hypot(*square[2:]))
        near = [found for found in squares if np.hypot(*(found - square)[:2]) < side / 2]
        upright = np.array([*square[:2], side / 2, 0], np.float32)
        return picture, min(near, key=lambda found: float(np.hypot(*(found - square)[:2])), default=upright)

    return disturb


def predict_disturbed(
    estimator: Estimator,
    path: Path,
    split: Split,
    disturbances: dict[str, Disturbance],
    max_faces: int = 0,
    seed: int = 1,
) -> dict[str, Predictions]:
    """Predictions for the same faces, `plain` and under every disturbance.

    Args:
        max_faces: number of faces to choose at random; 0 for all.
        seed: seed of the choice and of the disturbances.
    """
    squares, found = squares_for(estimator.card.crop, path)
    labelled = FaceZip(path)
    rows = np.array([row for row, face in enumerate(labelled.faces) if face.split == split])
    if 0 < max_faces < len(rows):
        rows = np.sort(np.random.default_rng(seed).choice(rows, max_faces, replace=False))
    faces: list[LabelledFace] = [labelled.faces[row] for row in rows]
    estimates: dict[str, list[Attributes]] = {name: [] for name in (PLAIN, *disturbances)}
    for row in tqdm(rows, desc=f"Disturbing {labelled.name} {split}", delay=PROGRESS_DELAY_S):
        picture, square = labelled.picture(labelled.faces[row]), squares[row]
        views = [(picture, square)]
        for place, disturb in enumerate(disturbances.values()):
            views.append(disturb(picture, square, np.random.default_rng((seed, int(row), place))))
        for name, estimate in zip(estimates, _estimate_views(estimator, views), strict=True):
            estimates[name].append(estimate)
    return {name: Predictions.from_attributes(labelled.name, faces, found[rows], of) for name, of in estimates.items()}


def _estimate_views(estimator: Estimator, views: Sequence[DisturbedFace]) -> list[Attributes]:
    """Attributes of one face in several views; views of the same picture are estimated together."""
    pictures = {id(picture): picture for picture, _ in views}
    estimates: dict[int, Attributes] = {}
    for key, picture in pictures.items():
        places = [place for place, view in enumerate(views) if id(view[0]) == key]
        squares = for_crop(np.stack([views[place][1] for place in places]), estimator.card.crop)
        estimates |= dict(zip(places, estimator.estimate_squares(picture, squares, twice=True), strict=True))
    return [estimates[place] for place in range(len(views))]


def compared(predictions: dict[str, Predictions]) -> dict[str, Figures]:
    """The figures of one set under each disturbance, with the change against `plain` and its 95 % interval."""
    plain = face_metrics(predictions[PLAIN])
    result: dict[str, Figures] = {PLAIN: {key: float(values.mean()) for key, values in plain.items()}}
    for name, of in predictions.items():
        if name != PLAIN:
            result[name] = {}
            for key, values in face_metrics(of).items():
                result[name][key] = float(values.mean())
                result[name][f"{key}_change"] = float((values - plain[key]).mean())
                result[name][f"{key}_change_interval"] = bootstrap_interval(values - plain[key])
    return result


def face_metrics(predictions: Predictions) -> dict[str, Floats]:
    """Values per face whose mean is a figure: `gender`, and `mae`, `apparent_mae` and `range_exact` if labels allow."""
    targets, age = predictions.targets, expected_age(predictions.distribution)
    known = targets[:, 0] == targets[:, 1]
    result: dict[str, Floats] = {}
    if known.any():
        result["mae"] = np.abs(age - targets[:, 0])[known]
    means = np.array([np.nan if face.apparent_mean is None else face.apparent_mean for face in predictions.faces])
    if np.isfinite(means).any():
        result["apparent_mae"] = np.abs(age - means)[np.isfinite(means)]
    ranges = ranges_of(*targets[:, :2].T)
    if ranges and not known.all():
        distance = range_distance(predictions.distribution[~known], targets[~known, 0], ranges)
        result["range_exact"] = (distance == 0).astype(float)
    result["gender"] = ((predictions.female >= 0.5) == (targets[:, 2] > 0.5)).astype(float)
    return result


if __name__ == "__main__":
    command(main)
