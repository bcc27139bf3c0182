"""What the labels of a set can be used for, told before any time is spent on its pictures."""

import csv
import io
import zipfile
from pathlib import Path

from agecam.errors import SourceError

NEEDED = ("file", "age_min", "age_max", "gender", "split")
"""Columns that say something in every row."""
OPTIONAL = {
    "age": "no age error",
    "race": "nothing by race",
    "apparent_mean": "no apparent age error",
    "apparent_std": "no ChaLearn error",
}
"""Columns that may be empty, and what cannot be told then."""


def remarks(path: Path) -> list[str]:
    """Sentences on columns that are unknown or empty in a zip of labelled faces; none where all are in use.

    Raises:
        SourceError: labels.csv is missing, lacks a column, or lacks what every row must say.
    """
    columns, rows = _read(path)
    if lacking := [name for name in (*NEEDED, *OPTIONAL) if name not in columns]:
        raise SourceError(
            f"labels.csv in {path} lacks {_listed(lacking, 'column')}: training/README.md describes all columns."
        )
    if not rows:
        raise SourceError(f"labels.csv in {path} has no rows under its heading: add one for each picture.")
    for number, row in enumerate(rows, start=2):
        if empty := [name for name in NEEDED if not row[name]]:
            raise SourceError(
                f"Line {number} of labels.csv in {path} says nothing under '{empty[0]}': fill it in or leave it out."
            )
        if row["gender"] not in ("F", "M"):
            raise SourceError(
                f"Line {number} of labels.csv in {path} says '{row['gender']}' for the gender: it must be F or M."
            )
    sentences = []
    if unknown := [name for name in columns if name not in (*NEEDED, *OPTIONAL)]:
        sentences.append(f"{path.name} has the unknown {_listed(unknown, 'column')}, which is not read.")
    if empty := [name for name in OPTIONAL if not any(row[name] for row in rows)]:
        without = ", ".join(OPTIONAL[name] for name in empty)
        sentences.append(f"{path.name} leaves the {_listed(empty, 'column')} empty: {without}.")
    return sentences


def _read(path: Path) -> tuple[list[str], list[dict[str, str]]]:
    try:
        with zipfile.ZipFile(path) as archive, archive.open("labels.csv") as file:
            reader = csv.DictReader(io.TextIOWrapper(file, "utf-8"), restval="", restkey="")
            rows = list(reader)
            return list(reader.fieldnames or []), rows
    except (OSError, KeyError, ValueError, csv.Error, zipfile.BadZipFile) as error:
        raise SourceError(
            f"{path} is not a zip of labelled faces ({error}): it needs labels.csv and images/, "
            "as training/README.md describes."
        ) from error


def _listed(names: list[str], what: str) -> str:
    return f"{what}{'s' if len(names) > 1 else ''} {', '.join(names)}"
