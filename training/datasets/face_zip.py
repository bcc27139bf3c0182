"""Labelled faces in a zip: `labels.csv` beside `images/`.

Columns: file, age, age_min, age_max, gender (F or M), race, apparent_mean, apparent_std, split
(train, val or test). Ages are whole years; `age` is empty where only the range is known, and
`70..100` stands for '70 and over'.
"""

import csv
import io
import zipfile
import zlib
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, cast

import cv2
import numpy as np

from agecam.errors import SourceError
from agecam.types import Image

Split = Literal["train", "val", "test"]


@dataclass(frozen=True, slots=True)
class LabelledFace:
    """One labelled picture of one face."""

    file: str
    age_min: int
    """Years; with `age_max` the range that holds the age, both inclusive, equal where it is known."""
    age_max: int
    female: bool
    race: str
    """The set's own word or empty; for reports by group, never an input."""
    apparent_mean: float | None
    """Mean and standard deviation of raters' guesses, in years, where there are any."""
    apparent_std: float | None
    split: Split

    @property
    def age(self) -> int | None:
        """Years, or None where only the range is known."""
        return self.age_min if self.age_min == self.age_max else None


class FaceZip:
    """A set of labelled faces, opened for reading. One object a thread: zip files have one cursor."""

    def __init__(self, path: Path) -> None:
        """
        Raises:
            SourceError: the file is missing, or not a zip of the documented form.
        """
        self.path = path
        self.name = path.stem
        try:
            self._zip = zipfile.ZipFile(path)
            with self._zip.open("labels.csv") as file:
                self.faces = [_face(row) for row in csv.DictReader(io.TextIOWrapper(file, "utf-8"))]
        except (OSError, KeyError, TypeError, ValueError, csv.Error, zipfile.BadZipFile) as error:
            raise SourceError(
                f"{path} is not a zip of labelled faces ({error}): it needs labels.csv and images/, "
                "as training/README.md describes."
            ) from error

    def of(self, split: Split) -> list[LabelledFace]:
        return [face for face in self.faces if face.split == split]

    def picture(self, face: LabelledFace) -> Image:
        """`(H, W, 3) uint8`, BGR; raises SourceError where the zip holds no such picture."""
        try:
            encoded = np.frombuffer(self._zip.read(face.file), np.uint8)
            image = cv2.imdecode(encoded, cv2.IMREAD_COLOR) if encoded.size else None
        except (KeyError, OSError, zipfile.BadZipFile, zlib.error):
            image = None
        if image is None:
            raise SourceError(f"{face.file} in {self.path} is missing or no picture: make the zip anew.")
        return np.asarray(image, np.uint8)


def _face(row: dict[str, str]) -> LabelledFace:
    if row["split"] not in ("train", "val", "test"):
        raise ValueError(f"split '{row['split']}'")
    return LabelledFace(
        file=row["file"],
        age_min=int(row["age_min"]),
        age_max=int(row["age_max"]),
        female={"F": True, "M": False}[row["gender"]],
        race=row["race"],
        apparent_mean=float(row["apparent_mean"]) if row["apparent_mean"] else None,
        apparent_std=float(row["apparent_std"]) if row["apparent_std"] else None,
        split=cast(Split, row["split"]),
    )
