"""Reading and cleaning the index of IMDB-WIKI."""

import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from imdb_wiki import Row, write_index, write_picture

from agecam.errors import SourceError
from agecam.types import Image
from training.data.clean import DUPLICATE, RECIPE, UNREADABLE, clean
from training.data.imdb_wiki import damaged, read_index


def test_a_row_has_the_values_of_the_index(tmp_path: Path) -> None:
    row = Row("17/10_1970-07-02_1990.jpg", "1970-07-02", 1990, 0.0, 5.25, 2.5, "Jane Doe", (1.0, 2.0, 30.5, 40.0))
    (read,) = read_index(write_index(tmp_path / "wiki.mat", [row])).to_dict("records")
    assert read["file"] == row.file
    assert read["name"] == "Jane Doe"
    assert read["born"] == pd.Timestamp("1970-07-02")
    assert (read["photo_taken"], read["face_score"], read["second_face_score"]) == (1990, 5.25, 2.5)
    assert (read["x1"], read["y1"], read["x2"], read["y2"]) == row.location
    assert read["female"] == 1


@pytest.mark.parametrize(
    ("born", "age", "exact"),
    [("1970-01-01", 30, 30), ("1970-06-30", 30, 30), ("1970-07-01", 30, 29), ("1970-12-31", 30, 29)],
)
def test_age_by_year_and_age_in_the_middle_of_the_year(tmp_path: Path, born: str, age: int, exact: int) -> None:
    (read,) = read_index(write_index(tmp_path / "wiki.mat", [Row("a.jpg", born, 2000)])).to_dict("records")
    assert (read["age"], read["age_exact"]) == (age, exact)


def test_leap_years_and_times_of_day_do_not_shift_the_date(tmp_path: Path) -> None:
    rows = [Row("a.jpg", "1904-02-29"), Row("b.jpg", "2000-12-31"), Row("c.jpg", 723671.999)]
    born = read_index(write_index(tmp_path / "wiki.mat", rows))["born"]
    # 723671 is MATLAB's datenum(1981, 5, 5).
    assert list(born.dt.strftime("%Y-%m-%d")) == ["1904-02-29", "2000-12-31", "1981-05-05"]


def test_damaged_rows_are_counted_and_kept(tmp_path: Path) -> None:
    rows = [
        Row("good.jpg"),
        *(Row("x.jpg", born) for born in (0.0, 100.0, float("nan"), float("inf"), -5.0, 9e9)),
        Row("y.jpg", taken=float("nan")),
        Row("z.jpg", location=(5.0, 5.0, 1.0, 9.0)),
        Row("w.jpg", location=()),
        Row("v.jpg", name=""),
    ]
    index = read_index(write_index(tmp_path / "wiki.mat", rows))
    assert len(index) == len(rows)
    assert damaged(index) == {"day of birth": 6, "year photographed": 1, "place of the face": 2}
    assert index["age"].isna().sum() == 7
    assert index["name"].iloc[-1] == ""


def test_imdb_is_read_like_wiki(tmp_path: Path) -> None:
    rows = [Row("a.jpg"), Row("b.jpg")]
    imdb = read_index(write_index(tmp_path / "imdb.mat", rows, struct="imdb"))
    pd.testing.assert_frame_equal(imdb, read_index(write_index(tmp_path / "wiki.mat", rows)))


def test_files_that_are_not_an_index_are_rejected(tmp_path: Path) -> None:
    (tmp_path / "text.mat").write_text("hello")
    (tmp_path / "empty.mat").touch()
    rows = [Row("a.jpg"), Row("b.jpg")]
    whole = write_index(tmp_path / "wiki.mat", rows)
    (tmp_path / "short.mat").write_bytes(whole.read_bytes()[:700])
    write_index(tmp_path / "other.mat", rows, struct="faces")
    write_index(tmp_path / "without.mat", rows, gender=None)
    write_index(tmp_path / "uneven.mat", rows, face_score=np.array([[1.0]]))
    for name in ("text", "empty", "short", "other", "without", "uneven", "absent"):
        path = tmp_path / f"{name}.mat"
        with pytest.raises(SourceError, match=path.name):
            read_index(path)


GOOD = [Row(f"{i:02d}/good{i}.jpg", f"{1950 + i}-05-05", 2000, i % 2) for i in range(6)]
BAD = {
    "no face was found": [Row("a.jpg", score=float("-inf"))],
    "a second face": [Row("b.jpg", second=1.2), Row("b2.jpg", second=0.1)],
    "score of the face under 3": [Row("c.jpg", score=2.99)],
    "gender unknown": [Row("d.jpg", gender=float("nan"))],
    "age not within 1 to 100": [Row("e.jpg", "1999-01-01", 1999), Row("f.jpg", "1850-01-01", 2000), Row("g.jpg", 0.0)],
}


def test_a_row_counts_for_the_first_rule_that_leaves_it_out(tmp_path: Path) -> None:
    at_the_edge = [Row("h.jpg", score=3.0), Row("i.jpg", "1900-01-01", 2000), Row("j.jpg", "1999-01-01", 2000)]
    both = [Row("k.jpg", score=float("-inf"), gender=float("nan"))]
    rows = GOOD + [row for bad in BAD.values() for row in bad] + at_the_edge + both
    cleaned = clean(read_index(write_index(tmp_path / "wiki.mat", rows)), None)
    counts = {name: len(bad) for name, bad in BAD.items()}
    counts["no face was found"] += 1
    assert cleaned.left_out == counts
    assert [rule.name for rule in RECIPE] == list(BAD)
    assert sorted(cleaned.rows["file"]) == sorted(row.file for row in GOOD + at_the_edge)
    assert cleaned.by_recipe == len(cleaned.rows)


def test_missing_pictures_and_copies_are_left_out(tmp_path: Path, astronaut_bgr: Image) -> None:
    rows = [*GOOD, Row("lost.jpg"), Row("pixel.jpg"), Row("text.jpg"), Row("copy.jpg"), Row("bad.jpg", score=1.0)]
    for number, row in enumerate(GOOD):
        write_picture(tmp_path, row.file, np.roll(astronaut_bgr, number, axis=1))
    (tmp_path / "copy.jpg").write_bytes((tmp_path / GOOD[2].file).read_bytes())
    write_picture(tmp_path, "pixel.jpg", np.zeros((1, 1, 3), np.uint8))
    (tmp_path / "text.jpg").write_text("no picture")
    cleaned = clean(read_index(write_index(tmp_path / "wiki.mat", rows)), tmp_path)
    assert cleaned.left_out[UNREADABLE] == 3
    assert cleaned.left_out[DUPLICATE] == 1
    assert cleaned.by_recipe == len(GOOD) + 4
    assert list(cleaned.rows["file"]) == [row.file for row in GOOD]


def test_the_command_writes_rows_report_and_histograms(tmp_path: Path, astronaut_bgr: Image) -> None:
    for number, row in enumerate(GOOD):
        write_picture(tmp_path / "wiki", row.file, np.roll(astronaut_bgr, number, axis=1))
    index = write_index(tmp_path / "wiki" / "wiki.mat", [*GOOD, Row("b.jpg", second=1.0), Row("c.jpg", 0.0)])
    ended = _run("--index", index, "--out", tmp_path / "out")
    assert ended.returncode == 0, ended.stderr
    kept = pd.read_csv(tmp_path / "out" / "clean.csv")
    assert list(kept["file"]) == [row.file for row in GOOD]
    assert list(kept["age"]) == [50, 49, 48, 47, 46, 45]
    assert kept["female"].sum() == 3
    assert (tmp_path / "out" / "ages.png").read_bytes().startswith(b"\x89PNG")
    text = (tmp_path / "out" / "clean.md").read_text()
    assert text.strip() in ended.stdout
    for part in ("22,578", "a second face", "| 8 |", "**6**", "day of birth in 1"):
        assert part in text


def test_an_index_without_pictures_gives_an_error(tmp_path: Path) -> None:
    ended = _run("--index", write_index(tmp_path / "wiki.mat", GOOD), "--out", tmp_path / "out")
    assert ended.returncode == 1
    assert "--pictures" in ended.stderr
    assert "Traceback" not in ended.stderr
    assert not (tmp_path / "out").exists()


def _run(*arguments: object) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "training.data.clean", *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
