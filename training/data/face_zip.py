"""Labelled faces in a zip with `labels.csv` and `images/`.

Columns: file, age, age_min, age_max, gender (F or M), race, apparent_mean, apparent_std, split (train, val or test).
Ages are whole years; `age` is empty where only the range is known, and `70..100` means '70 and over'.
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
    """A picture of one face with its labels."""

    file: str
    age_min: int
    """Years; `age_min` to `age_max` (inclusive) is the range of the age. Both are equal where the age is known."""
    age_max: int
    female: bool
    race: str
    """The label used by the set, or empty; for reports by group, never an input."""
    apparent_mean: float | None
    """Mean of raters' estimates in years; `apparent_std` is their standard deviation. None without raters."""
    apparent_std: float | None
    split: Split

    @property
    def age(self) -> int | None:
        """Years, or None where only the range is known."""
        return self.age_min if self.age_min == self.age_max else None


class FaceZip:
    """A set of labelled faces, opened for reading. Not thread-safe: use one object per thread."""

    def __init__(self, path: Path) -> None:
        """
        Raises:
            SourceError: the file is missing, or not a zip in the documented format.
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

    def in_split(self, split: Split) -> list[LabelledFace]:
        return [face for face in self.faces if face.split == split]

    def picture(self, face: LabelledFace) -> Image:
        """`(H, W, 3) uint8`, BGR; raises SourceError if the picture is missing or damaged."""
        try:
            encoded = np.frombuffer(self._zip.read(face.file), np.uint8)
            image = cv2.imdecode(encoded, cv2.IMREAD_COLOR) if encoded.size else None
        except (KeyError, OSError, zipfile.BadZipFile, zlib.error):
            image = None
        if image is None:
            raise SourceError(f"{face.file} in {self.path} is missing or not a picture: create the zip again.")
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
