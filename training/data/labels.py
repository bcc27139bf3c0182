"""Checks the labels of a set before any time is spent on its pictures."""

import csv
import io
import zipfile
from pathlib import Path

from agecam.errors import SourceError

REQUIRED = ("file", "age_min", "age_max", "gender", "split")
"""Columns that must have a value in every row."""
OPTIONAL = {
    "age": "no age error",
    "race": "no figures by race",
    "apparent_mean": "no apparent age error",
    "apparent_std": "no ChaLearn error",
}
"""Columns that may be empty, and what is then missing from the results."""


def remarks(path: Path) -> list[str]:
    """One sentence about unknown columns and one about empty columns of a zip of labelled faces, if there are any.

    Raises:
        SourceError: labels.csv or a column is missing, or a row lacks a required value.
    """
    columns, rows = _read(path)
    if missing := [name for name in (*REQUIRED, *OPTIONAL) if name not in columns]:
        raise SourceError(
            f"labels.csv in {path} lacks {_listed(missing, 'column')}: training/README.md describes all columns."
        )
    if not rows:
        raise SourceError(f"labels.csv in {path} has no rows below its heading: add one for each picture.")
    for number, row in enumerate(rows, start=2):
        if empty := [name for name in REQUIRED if not row[name]]:
            raise SourceError(
                f"Line {number} of labels.csv in {path} has no '{empty[0]}': fill it in or remove the line."
            )
        if row["gender"] not in ("F", "M"):
            raise SourceError(
                f"Line {number} of labels.csv in {path} has the gender '{row['gender']}': it must be F or M."
            )
    sentences = []
    if unknown := [name for name in columns if name not in (*REQUIRED, *OPTIONAL)]:
        verb = "is" if len(unknown) == 1 else "are"
        sentences.append(f"{path.name} has the unknown {_listed(unknown, 'column')}, which {verb} ignored.")
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


def _listed(names: list[str], noun: str) -> str:
    return f"{noun}{'s' if len(names) > 1 else ''} {', '.join(names)}"
