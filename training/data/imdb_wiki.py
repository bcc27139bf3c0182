"""Reads the index of IMDB-WIKI, `wiki.mat` or `imdb.mat` (Rothe et al. 2015).

The file holds one struct whose fields are rows of equal length: `dob` (MATLAB day numbers), `photo_taken` (years),
`full_path`, `gender` (0 female, 1 male, otherwise unknown), `name`, `face_location` (x1, y1, x2, y2 in pixels, counted
from 1), `face_score` (-inf if no face was found) and `second_face_score` (NaN if there was only one face).
"""

from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
import scipy.io

from agecam.errors import SourceError

FIELDS = ("dob", "photo_taken", "full_path", "gender", "name", "face_location", "face_score", "second_face_score")
DAY_OF_1970 = 719529
"""MATLAB's day number of 1 January 1970; its day 1 is 1 January of the year 0."""
_MOST_DAYS = 3_652_425
"""1 January 10000."""

Float64Array = npt.NDArray[np.float64]


def read_index(path: Path) -> pd.DataFrame:
    """Read every row of the index, including unusable ones.

    Returns:
        The columns `file` (relative to the folder of the index), `name`, `born` (date; NaT if the day number is
        damaged), `photo_taken` (year; NaN if damaged), `age` (year photographed minus year of birth, as in the
        published recipe), `age_exact` (completed years, for a photograph taken in the middle of its year), `female`
        (1, 0 or NaN), `x1`, `y1`, `x2`, `y2` (face location, pixels counted from 1), `face_score`, `second_face_score`.

    Raises:
        SourceError: the file is missing, or not an index of IMDB-WIKI.
    """
    struct = _struct(path)
    try:
        columns = {name: struct[name][0, 0].reshape(-1) for name in FIELDS}
        lengths = {name: len(values) for name, values in columns.items()}
        if len(set(lengths.values())) != 1:
            raise ValueError(f"its fields have different lengths: {lengths}")
        frame = pd.DataFrame({"file": [_text(value) for value in columns["full_path"]]})
        frame["name"] = [_text(value) for value in columns["name"]]
        frame[["x1", "y1", "x2", "y2"]] = np.array([_location(value) for value in columns["face_location"]])
        numbers = {name: _numbers(columns[name]) for name in ("dob", "photo_taken", "gender")}
        for name in ("face_score", "second_face_score"):
            frame[name] = _numbers(columns[name])
    except (IndexError, KeyError, TypeError, ValueError) as error:
        raise SourceError(
            f"{path} is not an index of IMDB-WIKI ({error}): unpack wiki_crop.tar or imdb_crop.tar again."
        ) from error
    frame["born"] = _dates(numbers["dob"])
    year_taken = numbers["photo_taken"]
    frame["photo_taken"] = np.where(np.isfinite(year_taken) & (year_taken >= 1), year_taken, np.nan)
    frame["age"] = frame["photo_taken"] - frame["born"].dt.year
    frame["age_exact"] = frame["age"] - (frame["born"].dt.month >= 7)
    frame["female"] = np.select([numbers["gender"] == 0, numbers["gender"] == 1], [1.0, 0.0], np.nan)
    return frame


def damaged(frame: pd.DataFrame) -> dict[str, int]:
    """How many rows have no valid date of birth, year, or face location."""
    return {
        "day of birth": int(frame["born"].isna().sum()),
        "year photographed": int(frame["photo_taken"].isna().sum()),
        "place of the face": int(frame["x1"].isna().sum()),
    }


def _struct(path: Path) -> Any:
    try:
        content = scipy.io.loadmat(path, variable_names=["wiki", "imdb"])
    except FileNotFoundError:
        raise SourceError(f"There is no {path}: pass wiki.mat or imdb.mat from the unpacked archive.") from None
    except NotImplementedError as error:  # SciPy cannot read the newest format; the original files do not use it
        raise SourceError(f"{path} is in MATLAB format 7.3: save it in MATLAB with '-v7'.") from error
    except Exception as error:  # SciPy raises many kinds of exception for damaged files
        raise SourceError(f"{path} cannot be read as a MATLAB file ({error}): unpack it again.") from error
    for name in ("wiki", "imdb"):
        if name in content and content[name].dtype.names:
            return content[name]
    raise SourceError(f"{path} contains neither 'wiki' nor 'imdb': pass the index of IMDB-WIKI.")


def _text(value: Any) -> str:
    """The string inside SciPy's nested arrays, or empty."""
    while isinstance(value, np.ndarray):
        if value.size == 0:
            return ""
        value = value.reshape(-1)[0]
    return str(value)


def _location(value: Any) -> Float64Array:
    numbers = np.asarray(value, np.float64).reshape(-1)
    whole = numbers.size == 4 and np.isfinite(numbers).all() and (numbers[2:] > numbers[:2]).all()
    return numbers if whole else np.full(4, np.nan)


def _numbers(values: npt.NDArray[Any]) -> Float64Array:
    if values.dtype == object:
        return np.array([float(np.asarray(value).reshape(-1)[0]) if np.size(value) else np.nan for value in values])
    return values.astype(np.float64)


def _dates(day_numbers: Float64Array) -> pd.Series:
    days = np.floor(day_numbers)
    good = np.isfinite(days) & (days >= 366) & (days < _MOST_DAYS)  # year 0 means 'unknown'
    dates = np.full(len(days), np.datetime64("NaT"), "datetime64[D]")
    dates[good] = np.datetime64("1970-01-01") + (days[good] - DAY_OF_1970).astype("timedelta64[D]")
    return pd.Series(dates.astype("datetime64[s]"))
