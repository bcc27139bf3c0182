"""Helpers that write a small IMDB-WIKI: a MATLAB file in the original layout, and pictures."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import scipy.io

from agecam.types import Image

DAY_OF_1970 = 719529


@dataclass(frozen=True)
class Row:
    """One row of the index. `born` is an ISO date or a MATLAB day number."""

    file: str
    born: str | float = "1970-03-01"
    taken: float = 2000
    gender: float = 1.0
    score: float = 4.5
    second: float = np.nan
    name: str = "Somebody"
    location: tuple[float, ...] = (10.0, 12.0, 90.0, 110.0)


def day_number(born: str | float) -> float:
    if isinstance(born, str):
        return float((np.datetime64(born) - np.datetime64("1970-01-01")).astype(int) + DAY_OF_1970)
    return born


def write_index(path: Path, rows: list[Row], struct: str = "wiki", **changes: Any) -> Path:
    """Write the index nested like the original: a 1 x 1 struct, with strings and boxes as arrays in object arrays."""

    def objects(values: list[Any]) -> Any:
        array = np.empty((1, len(values)), object)
        array[0, :] = values
        return array

    fields = {
        "dob": np.array([[day_number(row.born) for row in rows]]),
        "photo_taken": np.array([[row.taken for row in rows]]),
        "full_path": objects([np.array([row.file]) for row in rows]),
        "gender": np.array([[row.gender for row in rows]]),
        "name": objects([np.array([row.name]) if row.name else np.array([], str) for row in rows]),
        "face_location": objects([np.array([row.location]) for row in rows]),
        "face_score": np.array([[row.score for row in rows]]),
        "second_face_score": np.array([[row.second for row in rows]]),
    } | changes
    path.parent.mkdir(parents=True, exist_ok=True)
    scipy.io.savemat(path, {struct: {name: values for name, values in fields.items() if values is not None}})
    return path


def write_picture(folder: Path, file: str, image_bgr: Image) -> None:
    path = folder / file
    path.parent.mkdir(parents=True, exist_ok=True)
    assert cv2.imwrite(str(path), image_bgr)
