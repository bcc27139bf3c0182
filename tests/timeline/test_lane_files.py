"""Lanes are saved as CSV and JSON; a file is complete or absent."""

import csv
import json
from pathlib import Path

import pytest
from timeline_parts import Person, cut_out, frame_of, result_of

from agecam.errors import OutputError
from agecam.timeline import Lane, Timeline
from agecam.timeline.export import CSV_FIELDS, save_lanes
from agecam.types import Image


@pytest.fixture
def lanes(astronaut_bgr: Image) -> list[Lane]:
    """One person from 0 to 0.9 s and from 3 to 3.9 s."""
    timeline = Timeline()
    person = Person(cut_out(astronaut_bgr, (182, 64, 83, 107)), 100, 1, age=42)
    for step in (*range(10), *range(30, 40)):
        frame = frame_of([person], step / 10)
        timeline.add(frame, result_of([person], frame), run=1)
    return timeline.lanes()


def test_csv_has_one_row_a_person(lanes: list[Lane], tmp_path: Path) -> None:
    path = save_lanes(tmp_path / "people.csv", "=film.mp4", lanes)
    assert path.read_bytes().startswith(b"\xef\xbb\xbf")
    with path.open(encoding="utf-8-sig", newline="") as file:
        (row,) = csv.DictReader(file)
    assert tuple(row) == CSV_FIELDS
    assert row["source"] == "'=film.mp4"
    assert row["stretches"] == "0.000-0.900 3.000-3.900"
    assert float(row["seconds_in_view"]) == pytest.approx(1.8)
    assert [float(row[name]) for name in ("person", "first_s", "last_s", "age", "age_low", "age_high")] == [
        *(1, 0, 3.9),
        *(42, 37, 47),
    ]
    assert (row["gender"], float(row["gender_probability"])) == ("female", 0.9)


def test_json_has_all_samples(lanes: list[Lane], tmp_path: Path) -> None:
    content = json.loads(save_lanes(tmp_path / "people.JSON", "film.mp4", lanes).read_text(encoding="utf-8"))
    assert content["source"] == "film.mp4"
    (person,) = content["people"]
    assert person["stretches"] == [[0.0, 0.9], [3.0, 3.9]]
    assert len(person["samples"]) == 8
    assert person["samples"][0] == {
        "time_s": 0.2,
        "age": 42.0,
        "age_low": 37.0,
        "age_high": 47.0,
        "gender": "female",
        "gender_probability": 0.9,
    }


def test_a_file_that_cannot_be_written_leaves_nothing_behind(lanes: list[Lane], tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(OutputError):
        save_lanes(tmp_path / "file" / "people.csv", "film.mp4", lanes)
    assert [path.name for path in tmp_path.iterdir()] == ["file"]
