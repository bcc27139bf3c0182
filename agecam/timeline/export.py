"""Saves lanes as CSV, one row a person, or as JSON with all their samples."""

import csv
import io
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from agecam.runtime.files import PathLike, write_whole
from agecam.runtime.spreadsheets import BYTE_ORDER_MARK, LINE_END, escape_formula
from agecam.timeline.lane import Lane

CSV_FIELDS = (
    *("source", "person", "first_s", "last_s", "seconds_in_view", "stretches", "clearest_s"),
    *("age", "age_low", "age_high", "gender", "gender_probability"),
)


def save_lanes(path: PathLike, source: str, lanes: Sequence[Lane]) -> Path:
    """Write lanes to a file that is complete or absent; `.json` is written as JSON, everything else as CSV.

    Returns:
        The path of the file, which has another name if a file of that name cannot be replaced.

    Raises:
        OutputError: the file cannot be written.
    """
    text = lanes_as_json(source, lanes) if Path(path).suffix.lower() == ".json" else lanes_as_csv(source, lanes)
    # File names may contain bytes that are not valid Unicode.
    return write_whole(path, text.encode("utf-8", "backslashreplace"))


def lanes_as_csv(source: str, lanes: Sequence[Lane]) -> str:
    """A header and one row a person; `stretches` are pairs of times such as `0.0-2.5 7.2-9.0`, in seconds."""
    rows = io.StringIO()
    writer = csv.DictWriter(rows, CSV_FIELDS, lineterminator=LINE_END)
    writer.writeheader()
    for lane in lanes:
        stretches = " ".join(f"{start_s:.3f}-{end_s:.3f}" for start_s, end_s in lane.stretches)
        writer.writerow(
            {"source": escape_formula(source), **_summary(lane), "stretches": stretches, "last_s": _s(lane.last_s)}
        )
    return BYTE_ORDER_MARK + rows.getvalue()


def lanes_as_json(source: str, lanes: Sequence[Lane]) -> str:
    """An object with the source and its people; times are in seconds, ages in years."""
    people = [
        {
            **_summary(lane),
            "last_s": _s(lane.last_s),
            "stretches": [[_s(start_s), _s(end_s)] for start_s, end_s in lane.stretches],
            "samples": [
                {
                    "time_s": _s(sample.time_s),
                    "age": round(sample.age, 1),
                    "age_low": round(sample.age_low, 1),
                    "age_high": round(sample.age_high, 1),
                    "gender": sample.gender,
                    "gender_probability": round(sample.gender_probability, 3),
                }
                for sample in lane.samples
            ],
        }
        for lane in lanes
    ]
    return json.dumps({"source": source, "people": people}, ensure_ascii=False, indent=1) + "\n"


def _summary(lane: Lane) -> dict[str, Any]:
    return {
        "person": lane.number,
        "first_s": _s(lane.first_s),
        "seconds_in_view": _s(lane.seconds),
        "clearest_s": _s(lane.clearest.time_s),
        "age": round(lane.age, 1),
        "age_low": round(lane.age_low, 1),
        "age_high": round(lane.age_high, 1),
        "gender": lane.gender,
        "gender_probability": round(lane.gender_probability, 3),
    }


def _s(time_s: float) -> float:
    return round(time_s, 3)
