"""The data set, and what is derived from it, without Ray."""

import base64
import html.parser
import io
import json
import re
import sys
import zipfile
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

import cv2
import duckdb
import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from library_parts import write_portraits
from models import is_one_sentence

from agecam.errors import OutputError, UsageError
from agecam.library.contact_sheet import SIDE_PX, cuttings
from agecam.library.faces import write_faces
from agecam.library.figures import figures_of
from agecam.library.output import ABOUT, Output
from agecam.library.report import SHEET_FACES, write_report
from agecam.library.schema import PICTURES
from agecam.outputs.results import CSV_FIELDS

ROOT = Path(__file__).resolve().parents[2]
SETTINGS = {"model": "compact", "model_sha256": "12ab" * 16, "smallest_face_px": None}


def face(age: float, gender: str = "female", x: float = 10.0, page: int = 0) -> dict[str, Any]:
    return {
        "page": page,
        "track": None,
        "box": [x, 20.0, 50.0, 60.5],
        "score": 0.998,
        "landmarks": [[x + point, 30.0 + point] for point in range(5)],
        "age": age,
        "age_low": age - 5,
        "age_high": age + 6,
        "gender": gender,
        "gender_probability": 0.97,
    }


def row(path: str, faces: Sequence[dict[str, Any]] | None, **more: Any) -> dict[str, Any]:
    own = {"path": path, "width": 640, "height": 480, "milliseconds": 25.0, "model": "compact", "faces": faces}
    return dict.fromkeys(PICTURES.names) | own | more


ROWS = [
    [
        row("/a/none.jpg", []),
        row("/a/one.jpg", [face(34.2)], captured=datetime(2019, 7, 31, 12)),
        row("/a/failed <b>.jpg", None, error="The picture 'failed <b>.jpg' is empty: copy it again."),
    ],
    [
        row("/a/two.jpg", [face(7.9, "male"), face(8.1, "unsure", x=300.0)], captured=datetime(2021, 1, 2, 3, 4, 5)),
        row("/a/old.tiff", [face(99.5, page=1)], remark="ends early"),
    ],
]


@pytest.fixture
def output(address: str) -> Output:
    return filled(address)


def filled(address: str) -> Output:
    output = Output(address)
    output.prepare()
    output.begin("run", SETTINGS)
    for number, rows in enumerate(ROWS):
        content = io.BytesIO()
        pq.write_table(pa.Table.from_pylist(rows, PICTURES), content)
        output.folder.write(content.getvalue(), "work", "run", f"part{number}.parquet")
        output.commit("run", f"part{number}")
    output.end()
    return output


def paths_of(output: Output) -> list[str]:
    return [path for batch in output.batches(["path"]) for path in batch.column("path").to_pylist()]


def test_parts_that_are_committed_are_the_data_set(output: Output) -> None:
    assert paths_of(output) == [row["path"] for rows in ROWS for row in rows]
    assert output.folder.names() == [ABOUT, "pictures"]
    assert len(output.done_keys()) == 5


def test_unfinished_work_does_not_count(output: Output) -> None:
    output.folder.make("work", "run")
    output.folder.write(b"half", "work", "run", "part9.parquet")
    output.begin("next", SETTINGS)
    assert output.folder.read("work", "run", "part9.parquet") is None
    assert len(paths_of(output)) == 5


@pytest.mark.parametrize(
    ("changes", "words"),
    [({"model": "vgg-face"}, "another model:"), ({"smallest_face_px": 40.0}, "another smallest face px:")],
)
def test_a_data_set_is_made_with_one_model_and_smallest_face(
    changes: dict[str, Any], words: str, tmp_path: Path
) -> None:
    output = filled(str(tmp_path / "out"))
    with pytest.raises(UsageError, match=words) as error:
        output.begin("next", SETTINGS | changes)
    assert is_one_sentence(str(error.value))
    assert len(paths_of(output)) == 5


def test_the_folder_of_something_else_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "pictures").mkdir()
    (tmp_path / "pictures" / "cat.jpg").touch()
    with pytest.raises(UsageError, match="did not make"):
        Output(str(tmp_path)).begin("run", SETTINGS)
    assert [path.name for path in tmp_path.iterdir()] == ["pictures"]


def test_a_damaged_part_is_named(tmp_path: Path) -> None:
    output = filled(str(tmp_path / "out"))
    (tmp_path / "out" / "pictures" / "part1.parquet").write_bytes(b"PAR1")
    with pytest.raises(OutputError, match=r"part1\.parquet") as error:
        output.done_keys()
    assert is_one_sentence(str(error.value))


def test_a_damaged_description_is_named(tmp_path: Path) -> None:
    output = filled(str(tmp_path / "out"))
    (tmp_path / "out" / ABOUT).write_text("[")
    with pytest.raises(OutputError, match=ABOUT):
        output.begin("next", SETTINGS)


def test_failed_pictures_can_be_forgotten(output: Output) -> None:
    output.forget_failed()
    assert "/a/failed <b>.jpg" not in paths_of(output)
    assert len(paths_of(output)) == len(output.done_keys()) == 4


def test_a_part_of_failed_pictures_is_removed(tmp_path: Path) -> None:
    output = filled(str(tmp_path / "out"))
    content = pa.Table.from_pylist([row("/a/x.jpg", None, error="no")], PICTURES)
    pq.write_table(content, tmp_path / "out" / "pictures" / "part2.parquet")
    output.forget_failed()
    assert output.folder.names("pictures") == ["part0.parquet", "part1.parquet"]


def test_one_row_a_face(output: Output, tmp_path: Path) -> None:
    path = f"{output.folder.address}/faces.parquet"
    assert write_faces(output.folder.address, path) == 4
    table = pq.read_table(io.BytesIO(output.folder.read("faces.parquet") or b""))
    own = {"path": "source", "page": "frame"}
    columns = [own.get(name, name) for name in table.schema.names]
    assert set(columns) - {"captured"} == set(CSV_FIELDS) - {"time_s", "track"}
    rows = table.to_pylist()
    assert [row["path"] for row in rows] == ["/a/one.jpg", "/a/two.jpg", "/a/two.jpg", "/a/old.tiff"]
    assert [row["age"] for row in rows] == [34.2, 7.9, 8.1, 99.5]
    second = rows[2]
    assert [second[name] for name in "xywh"] == [300.0, 20.0, 50.0, 60.5]
    assert (second["left_eye_x"], second["left_eye_y"]) == (300.0, 30.0)
    assert (second["mouth_right_x"], second["mouth_right_y"]) == (304.0, 34.0)
    assert (second["width"], second["height"], second["gender"]) == (640, 480, "unsure")
    assert second["captured"] == datetime(2021, 1, 2, 3, 4, 5)
    assert rows[3]["page"] == 1


def test_without_a_data_set_nothing_is_derived(tmp_path: Path) -> None:
    for derive in (write_faces, write_report):
        with pytest.raises(UsageError, match="no data set") as error:
            derive(str(tmp_path), str(tmp_path / "file"))
        assert is_one_sentence(str(error.value))
    assert list(tmp_path.iterdir()) == []


def test_the_figures_count_everything_once(output: Output) -> None:
    figures = figures_of(output, sample=10)
    assert (figures.pictures, figures.faces, figures.failed, figures.remarked) == (5, 4, 1, 1)
    assert figures.seconds == pytest.approx(0.125)
    assert figures.ages == {(30, "female"): 1, (5, "male"): 1, (5, "unsure"): 1, (90, "female"): 1}
    assert figures.crowds == {0: 1, 1: 2, 2: 1}
    assert figures.years == {2019: 1, 2021: 1}
    assert (figures.first, figures.last) == (datetime(2019, 7, 31, 12), datetime(2021, 1, 2, 3, 4, 5))
    assert figures.failures == [("/a/failed <b>.jpg", ROWS[0][2]["error"])]
    assert [(path, face["age"]) for path, face in figures.sample] == [
        ("/a/one.jpg", 34.2),
        ("/a/two.jpg", 7.9),
        ("/a/two.jpg", 8.1),
    ]


def test_a_sample_is_spread_over_the_data_set(tmp_path: Path) -> None:
    output = filled(str(tmp_path / "out"))
    many = [row(f"/b/{number}.jpg", [face(30.0)]) for number in range(500)]
    pq.write_table(pa.Table.from_pylist(many, PICTURES), tmp_path / "out" / "pictures" / "part2.parquet")
    chosen = [path for path, _ in figures_of(output, sample=50).sample]
    assert len(set(chosen)) == 50
    numbers = [int(found[1]) for path in chosen if (found := re.match(r"/b/(\d+)", path))]
    assert 150 < np.mean(numbers) < 350
    assert chosen == [path for path, _ in figures_of(output, sample=50).sample]


class Page(html.parser.HTMLParser):
    """What a page says, and what it refers to."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.words: list[str] = []
        self.links: list[str] = []
        self.open: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        self.links += [value or "" for name, value in attributes if name in ("src", "href")]
        if tag not in ("meta", "img", "line", "rect"):
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        if tag not in ("line", "rect"):
            assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.words.append(data.strip())


def test_the_report_says_what_is_in_the_data_set(output: Output) -> None:
    path = f"{output.folder.address}/report.html"
    write_report(output.folder.address, path)
    text = (output.folder.read("report.html") or b"").decode()
    page = Page(text)
    assert page.open == ["html"] or page.open == []
    assert page.links == []  # it needs no other file
    assert "url(" not in text and "@import" not in text and "<script" not in text
    words = " ".join(page.words)
    for expected in (
        "5 pictures",
        "3 with faces",
        "4 faces",
        "1 failed",
        "1 incomplete",
        "25 ms per picture",
        "Taken from 2019-07-31 to 2021-01-02",
        "female 2 50.0 %",
        "/a/failed <b>.jpg",
        "is empty: copy it again.",
        "12ab12ab12ab",
    ):
        assert expected in words
    assert "2021, plain: 1" in words
    assert "5, male: 1" in words and "90+, female: 1" in words


def test_the_report_of_an_empty_data_set(tmp_path: Path) -> None:
    output = Output(str(tmp_path))
    output.begin("run", SETTINGS)
    output.end()
    write_report(str(tmp_path), str(tmp_path / "report.html"), with_contact_sheet=True)
    assert "0 pictures" in " ".join(Page((tmp_path / "report.html").read_text(encoding="utf-8")).words)


def test_the_contact_sheet_shows_the_faces(tmp_path: Path) -> None:
    paths = write_portraits(tmp_path / "photos")
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as archive:
        archive.write(paths[0], "astronaut.jpg")
    place = {"box": [91.0, 32.0, 41.5, 53.5]}  # of the astronaut in half of the size
    found = cuttings(
        [
            (str(paths[0]), face(30.0) | place),
            (f"{tmp_path}/a.zip/astronaut.jpg", face(31.0) | place),
            (str(tmp_path / "deleted.jpg"), face(32.0)),
            (f"{tmp_path}/deleted.zip/a.jpg", face(32.0)),
        ]
    )
    assert sorted(cutting.face["age"] for cutting in found) == [30.0, 31.0]
    images = [cv2.imdecode(np.frombuffer(base64.b64decode(c.jpeg), np.uint8), cv2.IMREAD_COLOR) for c in found]
    assert all(image is not None and image.shape == (SIDE_PX, SIDE_PX, 3) for image in images)
    assert np.array_equal(images[0], images[1])
    whole = cv2.imread(str(paths[0]))
    assert whole is not None
    side = 53.5 * 1.5
    expected = cv2.getRectSubPix(whole, (round(side), round(side)), (91 + 41.5 / 2, 32 + 53.5 / 2))
    expected = cv2.resize(expected, (SIDE_PX, SIDE_PX))
    assert np.abs(images[0].astype(float) - expected).mean() < 8


def test_the_sheet_is_a_part_of_the_page(tmp_path: Path) -> None:
    (path, _) = write_portraits(tmp_path / "photos")
    output = filled(str(tmp_path / "out"))
    rows = [row(str(path), [face(20.0 + number / 10) for number in range(2 * SHEET_FACES)])]
    pq.write_table(pa.Table.from_pylist(rows, PICTURES), tmp_path / "out" / "pictures" / "part2.parquet")
    write_report(output.folder.address, str(tmp_path / "report.html"), with_contact_sheet=True)
    page = Page((tmp_path / "report.html").read_text(encoding="utf-8"))
    assert 0.8 * SHEET_FACES < len(page.links) <= SHEET_FACES
    assert all(link.startswith("data:image/jpeg;base64,") for link in page.links)


def examples() -> dict[str, str]:
    """The queries of the README, by the package they import."""
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    blocks = [block for block in re.findall(r"```python\n(.*?)```", text, re.DOTALL) if "pictures/*.parquet" in block]
    assert len(blocks) == 1
    parts = re.split(r"^(?=import )", blocks[0], flags=re.MULTILINE)
    return {found[1]: part for part in parts if (found := re.match(r"import (\w+)", part))}


@pytest.mark.parametrize("package", ["pandas", "polars", "duckdb"])
def test_the_queries_of_the_readme(
    package: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    filled(str(tmp_path / "library"))
    monkeypatch.chdir(tmp_path)
    write_faces("library", "faces.parquet")
    exec(compile(examples()[package], "README.md", "exec"), {})
    out = capsys.readouterr().out
    assert {"pandas": "/a/failed <b>.jpg", "polars": "99.5", "duckdb": "2021"}[package] in out


def test_other_programs_read_the_same_rows(tmp_path: Path) -> None:
    filled(str(tmp_path))
    pattern = f"{tmp_path}/pictures/*.parquet"
    assert len(pd.read_parquet(tmp_path / "pictures")) == 5
    assert pl.scan_parquet(pattern).select(pl.col("faces").list.len().sum()).collect().item() == 4
    with duckdb.connect() as connection:
        sql = f"select sum(len(faces)) from read_parquet('{pattern}')"
        assert connection.execute(sql).fetchall() == [(4,)]
    assert json.loads((tmp_path / ABOUT).read_text())["model"] == "compact"
    assert "pyarrow" in sys.modules
