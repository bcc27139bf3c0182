"""Every face of a set, judged by the running program's own estimator. There is no second loop."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from tqdm import tqdm

from agecam.estimator import Estimator
from training.datasets.face_zip import FaceZip, LabelledFace, Split
from training.locate import locate


@dataclass(frozen=True, slots=True)
class Judged:
    """Labels and guesses of the faces of one split of one set; rows go together."""

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


def judge(estimator: Estimator, path: Path, split: Split) -> Judged:
    """Guesses for all faces of a split, the ones the detector missed included."""
    squares, found = locate(path)
    labelled = FaceZip(path)
    rows = [row for row, face in enumerate(labelled.faces) if face.split == split]
    faces = [labelled.faces[row] for row in rows]
    guesses: list[Any] = []
    for row, face in zip(tqdm(rows, desc=f"Judging {labelled.name} {split}"), faces, strict=True):
        guesses += estimator.estimate_squares(labelled.picture(face), squares[row : row + 1])
    return Judged(
        name=labelled.name,
        faces=faces,
        found=found[rows],
        distribution=np.array([guess.age_distribution for guess in guesses], np.float32).reshape(-1, 101),
        female=np.array([guess.female_probability for guess in guesses]),
        low=np.array([guess.age_low for guess in guesses]),
        high=np.array([guess.age_high for guess in guesses]),
        unsure=np.array([guess.gender == "unsure" for guess in guesses], bool),
    )
