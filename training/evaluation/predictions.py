"""Predictions for every face of a set, made with the program's own estimator."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, fields
from pathlib import Path
from typing import TypeVar

import numpy as np
import numpy.typing as npt
from tqdm import tqdm

from agecam.analyzer import Analyzer
from agecam.types import AGE_CLASSES, Attributes, CropSpec, Face, Image
from agecam.vision.crop import around_box_of, usual_boxes
from agecam.vision.estimator import Estimator
from training.data.face_zip import FaceZip, LabelledFace, Split
from training.data.locate import locate

T = TypeVar("T")

PROGRESS_DELAY_S = 2
"""A progress bar appears after this time."""
MAX_OFFSET = 0.75
"""Largest distance of the labelled face from the centre of the picture, in sides of its box."""


@dataclass(frozen=True, slots=True)
class Predictions:
    """Labels and predictions for faces of one set. Row i of every array belongs to face i."""

    name: str
    faces: list[LabelledFace]
    found: npt.NDArray[np.bool_]
    """Whether the detector found the face; otherwise the crop is placed at the median position of the set."""
    distribution: npt.NDArray[np.float32]
    """`(N, 101)`: probability of each age."""
    female: npt.NDArray[np.float64]
    """Probability of 'female'."""
    low: npt.NDArray[np.float64]
    high: npt.NDArray[np.float64]
    """`low` to `high` is the 80 % interval, in years."""
    unsure: npt.NDArray[np.bool_]

    @property
    def targets(self) -> npt.NDArray[np.float32]:
        """`(N, 3)`: age_min, age_max, female, for `training.evaluation.metrics`."""
        return np.array([(f.age_min, f.age_max, f.female) for f in self.faces], np.float32).reshape(-1, 3)

    def select(self, rows: npt.NDArray[np.bool_]) -> "Predictions":
        """The faces selected by a mask."""
        chosen = [face for face, row in zip(self.faces, rows, strict=True) if row]
        arrays = {field.name: getattr(self, field.name)[rows] for field in fields(self)[2:]}
        return Predictions(self.name, chosen, **arrays)

    @classmethod
    def from_attributes(
        cls,
        name: str,
        faces: list[LabelledFace],
        found: npt.NDArray[np.bool_],
        estimates: Sequence[Attributes] | Sequence[Face],
    ) -> "Predictions":
        """Combine labels with the results of the estimator or of the whole program."""
        return cls(
            name=name,
            faces=faces,
            found=found,
            distribution=np.array([of.age_distribution for of in estimates], np.float32).reshape(-1, AGE_CLASSES),
            female=np.array([of.female_probability for of in estimates], float),
            low=np.array([of.age_low for of in estimates], float),
            high=np.array([of.age_high for of in estimates], float),
            unsure=np.array([of.gender == "unsure" for of in estimates], bool),
        )


def predict(estimator: Estimator, path: Path, split: Split, *, twice: bool = True) -> Predictions:
    """Predictions for all faces of a split, cropped at the position found by `training.data.locate`.

    Args:
        path: zip of labelled faces.
        twice: average the face and its mirror image, as the program does in photographs, unless the model's card says
            'once'; False as in video.

    Raises:
        SourceError: the zip is not in the documented format, or no face was found in any picture.
    """
    squares, found = squares_for(estimator.card.crop, path)
    labelled = FaceZip(path)
    rows = [row for row, face in enumerate(labelled.faces) if face.split == split]
    faces = [labelled.faces[row] for row in rows]
    estimates: list[Attributes] = []
    for row, face in zip(_with_progress(rows, f"Predicting {labelled.name} {split}"), faces, strict=True):
        places = for_crop(squares[row : row + 1], estimator.card.crop)
        estimates += estimator.estimate_squares(labelled.picture(face), places, twice=twice)
    return Predictions.from_attributes(labelled.name, faces, found[rows], estimates)


def squares_for(crop: CropSpec, path: Path) -> tuple[npt.NDArray[np.float32], npt.NDArray[np.bool_]]:
    """Squares `(N, 4)` of a set's faces for a network's crop, and a mask of the faces that were found.

    The squares are aligned by landmarks, or surround the box that such landmarks usually have.
    """
    squares, found = locate(path)
    return (np.stack([around_box_of(of) for of in squares]) if crop.alignment == "box" else squares), found


def for_crop(squares: npt.NDArray[np.float32], crop: CropSpec) -> npt.NDArray[np.float32]:
    """What the estimator takes for squares from `squares_for`: for a squeezed crop boxes of the usual proportions."""
    return usual_boxes(squares) if crop.squeezed else squares


def predict_pictures(analyzer: Analyzer, path: Path, split: Split) -> tuple[Predictions, npt.NDArray[np.bool_]]:
    """Predictions from whole pictures, as in the program: faces are detected first.

    Returns:
        Predictions for the faces found, and a mask of these among all faces of the split.
    """
    labelled = FaceZip(path)
    faces = labelled.in_split(split)
    estimates = []
    for face in _with_progress(faces, f"Predicting pictures of {labelled.name} {split}"):
        picture = labelled.picture(face)
        estimates.append(nearest_to_centre(analyzer.analyze(picture), picture))
    found = np.array([estimate is not None for estimate in estimates], bool)
    faces_found = [face for face, was_found in zip(faces, found, strict=True) if was_found]
    all_found = np.ones(len(faces_found), bool)
    return Predictions.from_attributes(
        labelled.name, faces_found, all_found, [estimate for estimate in estimates if estimate is not None]
    ), found


def nearest_to_centre(faces: Sequence[Face], picture: Image) -> Face | None:
    """The labelled face of a picture: the one nearest to the centre, or None if all are too far away.

    The distance is relative to the size of the face, so that small faces in the background do not win.
    """

    def distance(face: Face) -> float:
        x, y, width, height = face.box
        off_px = np.hypot(x + width / 2 - picture.shape[1] / 2, y + height / 2 - picture.shape[0] / 2)
        return float(off_px) / max(width, height, 1.0)

    nearest = min(faces, key=distance, default=None)
    return nearest if nearest is not None and distance(nearest) < MAX_OFFSET else None


def _with_progress(rows: list[T], description: str) -> Iterable[T]:
    return tqdm(rows, desc=description, delay=PROGRESS_DELAY_S)
