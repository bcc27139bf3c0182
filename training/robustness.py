"""How far a model is thrown off by another framing, another light, and the mistakes that programs make.

    python -m training.robustness --weights compact --data faces/{utkface,fairface,aaf,omi}.zip --out runs/robustness

Judges the same faces once as they are and once under each disturbance of training/disturbances.py, through the running
program's own estimator; by default 400 faces a set, chosen by a seed. Writes `robustness.json` and `robustness.md`,
and prints the table: the age error and the share of right genders, each with its change. In the JSON file every change
has its 95 % bootstrap interval over the faces.
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
from training.datasets.face_zip import FaceZip, LabelledFace, Split
from training.disturbances import (
    Disturbance,
    Random,
    Square,
    View,
    channels_exchanged,
    grey,
    half_resolution,
    jpeg,
    phone_light,
    scaled,
    scan,
    shifted,
    studio_light,
    turned,
)
from training.evaluate import heading, with_faces
from training.files import write_json, write_text
from training.judged import PATIENCE_S, Judged, located_for
from training.labels import remarks
from training.metrics import Floats, bootstrap_interval, expected_age, range_distance, ranges_of
from training.tables import Figures, of_robustness

MADE_BY = "training.robustness"
PLAIN = "plain"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--weights", default="compact", help="name of a model, or path of its card or weights")
    parser.add_argument("--data", nargs="+", type=Path, required=True, metavar="ZIP")
    parser.add_argument("--split", choices=("train", "val", "test"), default="test")
    parser.add_argument("--faces", type=int, default=400, metavar="N", help="at most so many of a set; 0 for all")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--out", type=Path, default=Path("runs/robustness"))
    options = parser.parse_args()
    sentences = [sentence for path in options.data for sentence in remarks(path)]
    paths, without = with_faces(options.data, options.split)
    estimator = Estimator.load(options.weights)
    disturbances = all_disturbances(estimator.card.crop.margin, FaceDetector())
    sets = {}
    for path in paths:
        judged = judge_disturbed(estimator, path, options.split, disturbances, options.faces, options.seed)
        sets[path.stem] = {"faces": len(judged[PLAIN].faces), "figures": compared(judged)}
    content = heading(estimator.card, MADE_BY, options.split) | {"seed": options.seed, "sets": sets}
    title = f"# Robustness of `{estimator.card.name}` on `{options.split}`"
    remarked = "\n".join(f"- {sentence}" for sentence in [*sentences, *without])
    text = "\n\n".join(part for part in (title, remarked, of_robustness(sets)) if part) + "\n"
    write_json(options.out / "robustness.json", content)
    write_text(options.out / "robustness.md", text)
    print(text)


def all_disturbances(margin: float, detector: FaceDetector) -> dict[str, Disturbance]:
    """By name, in the order in which they are told.

    Args:
        margin: of the model's own crop.
        detector: for the crop that knows the box alone.
    """
    return {
        "15 % wider": scaled(1.15),
        "15 % tighter": scaled(1 / 1.15),
        "shifted by 8 %": shifted(0.08),
        "turned by 15 degrees": turned(15),
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
    """The upright square of the detector's box, for want of landmarks; that of the face itself where none is found."""

    def disturb(picture: Image, square: Square, _: Random) -> View:
        # Tightly cut pictures need room around them for the detector to see a face.
        border_px = min(picture.shape[:2]) // 3
        padded = np.pad(picture, ((border_px, border_px), (border_px, border_px), (0, 0)), "edge")
        squares = [square_from_box(face.box) for face in detector.detect(padded)]
        squares = [found - np.array([border_px, border_px, 0, 0], np.float32) for found in squares]
        side = 2 * float(np.hypot(*square[2:]))
        near = [found for found in squares if np.hypot(*(found - square)[:2]) < side / 2]
        upright = np.array([*square[:2], side / 2, 0], np.float32)
        return picture, min(near, key=lambda found: float(np.hypot(*(found - square)[:2])), default=upright)

    return disturb


def judge_disturbed(
    estimator: Estimator,
    path: Path,
    split: Split,
    disturbances: dict[str, Disturbance],
    most: int = 0,
    seed: int = 1,
) -> dict[str, Judged]:
    """The same faces, `plain` and under every disturbance; at most so many (0: all), chosen by the seed."""
    squares, found = located_for(estimator.card.crop, path)
    labelled = FaceZip(path)
    rows = np.array([row for row, face in enumerate(labelled.faces) if face.split == split])
    if 0 < most < len(rows):
        rows = np.sort(np.random.default_rng(seed).choice(rows, most, replace=False))
    faces: list[LabelledFace] = [labelled.faces[row] for row in rows]
    guesses: dict[str, list[Attributes]] = {name: [] for name in (PLAIN, *disturbances)}
    for row in tqdm(rows, desc=f"Disturbing {labelled.name} {split}", delay=PATIENCE_S):
        picture, square = labelled.picture(labelled.faces[row]), squares[row]
        views = [(picture, square)]
        for place, disturb in enumerate(disturbances.values()):
            views.append(disturb(picture, square, np.random.default_rng((seed, int(row), place))))
        for name, guess in zip(guesses, _estimated(estimator, views), strict=True):
            guesses[name].append(guess)
    return {name: Judged.from_guesses(labelled.name, faces, found[rows], of) for name, of in guesses.items()}


def _estimated(estimator: Estimator, views: Sequence[View]) -> list[Attributes]:
    """Attributes of one face in several views; views of the same picture go together."""
    pictures = {id(picture): picture for picture, _ in views}
    guesses: dict[int, Attributes] = {}
    for key, picture in pictures.items():
        places = [place for place, view in enumerate(views) if id(view[0]) == key]
        squares = np.stack([views[place][1] for place in places])
        guesses |= dict(zip(places, estimator.estimate_squares(picture, squares, twice=True), strict=True))
    return [guesses[place] for place in range(len(views))]


def compared(judged: dict[str, Judged]) -> dict[str, Figures]:
    """The figures of one set under each disturbance, with the change against `plain` and its 95 % interval."""
    plain = merits(judged[PLAIN])
    result: dict[str, Figures] = {PLAIN: {key: float(values.mean()) for key, values in plain.items()}}
    for name, of in judged.items():
        if name != PLAIN:
            result[name] = {}
            for key, values in merits(of).items():
                result[name][key] = float(values.mean())
                result[name][f"{key}_change"] = float((values - plain[key]).mean())
                result[name][f"{key}_change_interval"] = bootstrap_interval(values - plain[key])
    return result


def merits(judged: Judged) -> dict[str, Floats]:
    """Face by face, what averages to a figure: `mae`, `apparent_mae` and `range_exact` where labels allow, `gender`."""
    targets, age = judged.targets, expected_age(judged.distribution)
    known = targets[:, 0] == targets[:, 1]
    result: dict[str, Floats] = {}
    if known.any():
        result["mae"] = np.abs(age - targets[:, 0])[known]
    means = np.array([np.nan if face.apparent_mean is None else face.apparent_mean for face in judged.faces])
    if np.isfinite(means).any():
        result["apparent_mae"] = np.abs(age - means)[np.isfinite(means)]
    ranges = ranges_of(*targets[:, :2].T)
    if ranges and not known.all():
        distance = range_distance(judged.distribution[~known], targets[~known, 0], ranges)
        result["range_exact"] = (distance == 0).astype(float)
    result["gender"] = ((judged.female >= 0.5) == (targets[:, 2] > 0.5)).astype(float)
    return result


if __name__ == "__main__":
    command(main)
