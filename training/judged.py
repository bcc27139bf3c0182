"""Every face of a set, judged by the running program's own estimator. There is no second loop."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, fields
from pathlib import Path
from typing import TypeVar

import numpy as np
import numpy.typing as npt
from tqdm import tqdm

from agecam.analyzer import Analyzer
from agecam.types import AGE_CLASSES, Attributes, CropSpec, Face, Image
from agecam.vision.crop import around_box_of
from agecam.vision.estimator import Estimator
from training.datasets.face_zip import FaceZip, LabelledFace, Split
from training.locate import locate

T = TypeVar("T")

PATIENCE_S = 2
"""Work shorter than this needs no progress bar."""
OFF_THE_MIDDLE = 0.75
"""A face whose centre is farther from the picture's, in sides of its box, is not the labelled one."""


@dataclass(frozen=True, slots=True)
class Judged:
    """Labels and guesses of faces of one set; rows go together."""

    name: str
    faces: list[LabelledFace]
    found: npt.NDArray[np.bool_]
    """Whether the detector found the face; else it is cut where the set's faces usually are."""
    distribution: npt.NDArray[np.float32]
    """`(N, 101)`."""
    female: npt.NDArray[np.float64]
    """Probability of 'female'."""
    low: npt.NDArray[np.float64]
    high: npt.NDArray[np.float64]
    """The 80 % interval, in years."""
    unsure: npt.NDArray[np.bool_]

    @property
    def targets(self) -> npt.NDArray[np.float32]:
        """`(N, 3)`: age_min, age_max, female; as `training.metrics` takes them."""
        return np.array([(f.age_min, f.age_max, f.female) for f in self.faces], np.float32).reshape(-1, 3)

    def of(self, rows: npt.NDArray[np.bool_]) -> "Judged":
        """Some of the faces, by a mask."""
        chosen = [face for face, row in zip(self.faces, rows, strict=True) if row]
        arrays = {field.name: getattr(self, field.name)[rows] for field in fields(self)[2:]}
        return Judged(self.name, chosen, **arrays)

    @classmethod
    def from_guesses(
        cls,
        name: str,
        faces: list[LabelledFace],
        found: npt.NDArray[np.bool_],
        guesses: Sequence[Attributes] | Sequence[Face],
    ) -> "Judged":
        """The guesses of the estimator, or of the whole program, beside the labels."""
        return cls(
            name=name,
            faces=faces,
            found=found,
            distribution=np.array([of.age_distribution for of in guesses], np.float32).reshape(-1, AGE_CLASSES),
            female=np.array([of.female_probability for of in guesses], float),
            low=np.array([of.age_low for of in guesses], float),
            high=np.array([of.age_high for of in guesses], float),
            unsure=np.array([of.gender == "unsure" for of in guesses], bool),
        )


def judge(estimator: Estimator, path: Path, split: Split, *, twice: bool = True) -> Judged:
    """Guesses for all faces of a split, each cut where `training.locate` places it, the missed ones included.

    Args:
        twice: as the program judges still pictures; else as it judges one frame of a video.

    Raises:
        SourceError: the zip is not of the documented form, or the detector finds a face in none of its pictures.
    """
    squares, found = located_for(estimator.card.crop, path)
    labelled = FaceZip(path)
    rows = [row for row, face in enumerate(labelled.faces) if face.split == split]
    faces = [labelled.faces[row] for row in rows]
    guesses: list[Attributes] = []
    for row, face in zip(_watched(rows, f"Judging {labelled.name} {split}"), faces, strict=True):
        guesses += estimator.estimate_squares(labelled.picture(face), squares[row : row + 1], twice=twice)
    return Judged.from_guesses(labelled.name, faces, found[rows], guesses)


def located_for(crop: CropSpec, path: Path) -> tuple[npt.NDArray[np.float32], npt.NDArray[np.bool_]]:
    """What `training.locate` says of a set's faces, with the squares that a network takes: about the landmarks, or
    about the box that such landmarks usually have."""
    squares, found = locate(path)
    return (np.stack([around_box_of(of) for of in squares]) if crop.alignment == "box" else squares), found


def judge_pictures(analyzer: Analyzer, path: Path, split: Split) -> tuple[Judged, npt.NDArray[np.bool_]]:
    """The same from whole pictures, as the program sees them: nothing is known of where the faces are.

    Returns:
        The faces that were found, and which of all faces of the split these are.
    """
    labelled = FaceZip(path)
    faces = labelled.of(split)
    guesses = []
    for face in _watched(faces, f"Judging pictures of {labelled.name} {split}"):
        picture = labelled.picture(face)
        guesses.append(nearest_the_middle(analyzer.analyze(picture), picture))
    found = np.array([guess is not None for guess in guesses], bool)
    of_found = [face for face, there in zip(faces, found, strict=True) if there]
    there = np.ones(len(of_found), bool)
    return Judged.from_guesses(labelled.name, of_found, there, [guess for guess in guesses if guess is not None]), found


def nearest_the_middle(faces: Sequence[Face], picture: Image) -> Face | None:
    """The face nearest the picture's middle, for its size: so none in the background wins over the labelled one."""

    def distance(face: Face) -> float:
        x, y, width, height = face.box
        off_px = np.hypot(x + width / 2 - picture.shape[1] / 2, y + height / 2 - picture.shape[0] / 2)
        return float(off_px) / max(width, height, 1.0)

    nearest = min(faces, key=distance, default=None)
    return nearest if nearest is not None and distance(nearest) < OFF_THE_MIDDLE else None


def _watched(rows: list[T], what: str) -> Iterable[T]:
    return tqdm(rows, desc=what, delay=PATIENCE_S)
