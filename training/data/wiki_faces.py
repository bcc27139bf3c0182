"""The pictures that training.data.clean kept, read from disk when needed, so that memory use does not grow.

They are the faces of the archives `wiki_crop` and `imdb_crop`, cropped with a margin of 40% on every side. The network
sees the whole picture, resized by the program's own `crop_faces`.
"""

from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
import numpy.typing as npt
import pandas as pd

from agecam.errors import SourceError, UsageError
from agecam.types import AGE_CLASSES, CropSpec, Image
from agecam.vision.crop import crop_faces


@dataclass(frozen=True, slots=True)
class WikiFaces:
    """Pictures of one face each with their labels. Row i of every array belongs to face i."""

    folder: Path
    files: npt.NDArray[np.str_]
    ages: npt.NDArray[np.int64]
    """Years, 1 to 100: year photographed minus year of birth."""
    female: npt.NDArray[np.bool_]

    @classmethod
    def read(cls, table: Path, folder: Path) -> "WikiFaces":
        """
        Args:
            table: `clean.csv` written by training.data.clean.
            folder: folder that the paths in the table are relative to.

        Raises:
            UsageError: the table is missing or invalid, or its pictures are not in the folder.
        """
        try:
            rows = pd.read_csv(table, usecols=["file", "age", "female"], dtype={"file": str})
            faces = cls(
                folder,
                rows["file"].to_numpy(dtype=str),
                rows["age"].to_numpy(np.int64),
                rows["female"].to_numpy(np.float64) == 1,
            )
        except FileNotFoundError:
            raise UsageError(f"There is no {table}: run python -m training.data.clean first.") from None
        except (OSError, ValueError) as error:
            raise UsageError(f"{table} is not from training.data.clean ({error}): pass its clean.csv.") from error
        if not len(faces.files) or not ((faces.ages >= 0) & (faces.ages < AGE_CLASSES)).all():
            raise UsageError(f"{table} has no faces or invalid ages: run python -m training.data.clean again.")
        if not (folder / faces.files[0]).exists():
            raise UsageError(f"{faces.files[0]} of {table} is not in {folder}: pass the right folder with --pictures.")
        return faces

    def __len__(self) -> int:
        return len(self.files)

    def select(self, rows: npt.NDArray[np.intp]) -> "WikiFaces":
        """Some of the faces, by their rows."""
        return WikiFaces(self.folder, self.files[rows], self.ages[rows], self.female[rows])

    def classes(self, task: str) -> npt.NDArray[np.int64]:
        """The target classes of a task: the age, or 0 for female and 1 for male."""
        return self.ages if task == "age" else (~self.female).astype(np.int64)

    def picture(self, row: int) -> Image:
        """`(H, W, 3) uint8`, BGR; raises SourceError."""
        path = self.folder / self.files[row]
        image = cv2.imread(str(path), cv2.IMREAD_COLOR)
        if image is None:
            raise SourceError(f"{path} cannot be read: run python -m training.data.clean again.")
        return np.asarray(image, np.uint8)

    def inputs(self, rows: npt.NDArray[np.intp], size_px: int) -> Image:
        """`(N, size_px, size_px, 3) uint8`, RGB: the network's input for these pictures."""
        return np.stack([resized_whole(self.picture(row), size_px) for row in rows])


def whole_square(picture: Image) -> npt.NDArray[np.float32]:
    """The square around a whole picture, as in `agecam.vision.crop`; what lies outside the picture becomes grey."""
    height, width = picture.shape[:2]
    return np.array([width / 2, height / 2, max(width, height) / 2, 0], np.float32)


def resized_whole(picture: Image, size_px: int) -> Image:
    """The whole picture, resized: `(size_px, size_px, 3) uint8`, RGB."""
    spec = CropSpec(size_px, 0.0, alignment="box")
    return np.asarray(crop_faces(picture, whole_square(picture)[np.newaxis], spec)[0], np.uint8)
