"""A worker of `agecam library`, without Ray: what it writes for each picture."""

import os
import struct
import zipfile
import zlib
from collections.abc import Callable, Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

import cv2
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from library_parts import write_portraits
from models import is_one_sentence
from PIL import Image as Pillow

from agecam import Analyzer, read_picture
from agecam.backends import openvino
from agecam.library import tries
from agecam.library.listing import Item, Listing
from agecam.library.output import PARTS
from agecam.library.schema import PICTURES, WORK
from agecam.library.storage import Folder
from agecam.library.worker import Job, Worker
from agecam.models.card import load_card
from agecam.models.store import find_model
from agecam.types import Image

Analyse = Callable[..., list[dict[str, Any]]]


@pytest.fixture(autouse=True)
def _threads() -> Iterator[None]:
    """A worker limits the threads of its process, which is that of the tests here."""
    opencv, networks = cv2.getNumThreads(), openvino._core().get_property("CPU", "INFERENCE_NUM_THREADS")
    yield
    cv2.setNumThreads(opencv)
    openvino._core().set_property("CPU", {"INFERENCE_NUM_THREADS": networks})


def job(out: str, **changes: Any) -> Job:
    card = load_card(find_model("compact"))
    return Job(
        **{"output": out, "run": "run", "model": "compact", "model_sha256": card.sha256, "min_face_px": None} | changes
    )


def prepared(out: str) -> Folder:
    folder = Folder(out)
    for parts in ((PARTS, "run"), (tries.FOLDER,)):
        folder.make(*parts)
    return folder


def work(items: list[Item]) -> pa.Table:
    return pa.Table.from_pylist([item._asdict() | {"address": os.fsencode(item.address)} for item in items], WORK)


@pytest.fixture
def analyse(tmp_path: Path) -> Analyse:
    """A function that analyses sources with a worker and returns the rows of its part."""

    def analyse(*sources: object, out: str = str(tmp_path / "out")) -> list[dict[str, Any]]:
        folder = prepared(out)
        items = list(Listing([str(source) for source in sources], recursive=True))
        (result,) = Worker(job(out))(work(items)).to_pylist()
        name = folder.path(PARTS, "run", f"{result['part']}.parquet")
        with folder.files.open(name, "rb") as file:
            table = pq.read_table(file)
        assert table.schema.equals(PICTURES)
        rows = table.to_pylist()
        assert result["pictures"] == len(rows)
        assert result["faces"] == sum(len(row["faces"] or ()) for row in rows)
        assert result["failed"] == sum(row["error"] is not None for row in rows)
        assert folder.names(tries.FOLDER) == []
        return rows

    return analyse


def test_the_faces_are_those_of_the_analyzer(analyse: Analyse, tmp_path: Path) -> None:
    paths = write_portraits(tmp_path / "photos")
    rows = {row["path"]: row for row in analyse(tmp_path / "photos")}
    analyzer = Analyzer()
    assert rows.keys() == {str(path) for path in paths}
    for path in paths:
        row = rows[str(path)]
        image = read_picture(path)
        expected = [face.as_dict() for face in analyzer.analyze(image)]
        assert len(expected) == 1
        assert row["faces"] == [face | {"page": 0} for face in expected]
        assert (row["height"], row["width"]) == image.shape[:2]
        assert row["size_bytes"] == path.stat().st_size
        assert row["error"] is None and row["remark"] is None and row["pages"] == 1
        assert 1 < row["milliseconds"] < 60_000
        card = load_card(find_model("compact"))
        assert (row["model"], row["model_sha256"]) == ("compact", card.sha256)


def test_a_picture_without_faces_has_none(analyse: Analyse, tmp_path: Path) -> None:
    cv2.imwrite(str(tmp_path / "grey.png"), cv2.UMat(64, 64, cv2.CV_8UC3, (127, 127, 127)).get())
    (row,) = analyse(tmp_path / "grey.png")
    assert row["faces"] == [] and row["error"] is None


@pytest.mark.parametrize("tag", [0x9003, 0x9004])
@pytest.mark.parametrize("suffix", ["jpg", "heic", "png", "webp", "tiff"])
def test_the_capture_time_is_that_of_the_exif_data(
    suffix: str, tag: int, analyse: Analyse, tmp_path: Path, astronaut_bgr: Image
) -> None:
    picture = Pillow.fromarray(astronaut_bgr[:200, 150:300, ::-1].copy())
    exif = Pillow.Exif()
    exif.get_ifd(0x8769)[tag] = "2019:07:31 23:59:58"
    if suffix == "heic":
        from pillow_heif import register_heif_opener

        register_heif_opener()
    picture.save(tmp_path / f"a.{suffix}", exif=exif.tobytes())
    (row,) = analyse(tmp_path / f"a.{suffix}")
    assert row["captured"] == datetime(2019, 7, 31, 23, 59, 58)


@pytest.mark.parametrize("text", ["0000:00:00 00:00:00", "yesterday", "    :  :     :  :  ", ""])
def test_a_capture_time_that_is_none_is_left_out(
    text: str, analyse: Analyse, tmp_path: Path, astronaut_bgr: Image
) -> None:
    exif = Pillow.Exif()
    exif.get_ifd(0x8769)[0x9003] = text
    Pillow.fromarray(astronaut_bgr[:64, :64, ::-1].copy()).save(tmp_path / "a.jpg", exif=exif.tobytes())
    (row,) = analyse(tmp_path / "a.jpg")
    assert row["captured"] is None and row["error"] is None


def test_each_page_is_analysed(analyse: Analyse, tmp_path: Path, astronaut_bgr: Image, hopper_bgr: Image) -> None:
    first, second = (Pillow.fromarray(image[..., ::-1].copy()) for image in (astronaut_bgr, hopper_bgr))
    first.save(tmp_path / "a.tiff", save_all=True, append_images=[second])
    (row,) = analyse(tmp_path / "a.tiff")
    assert row["pages"] == 2
    assert [face["page"] for face in row["faces"]] == [0, 1]
    assert (row["height"], row["width"]) == astronaut_bgr.shape[:2]


def huge_png(path: Path) -> None:
    """A file of a few hundred kilobytes with 300 million black pixels and more."""
    side = 17_400
    header = struct.pack(">IIBBBBB", side, side, 8, 0, 0, 0, 0)
    deflate = zlib.compressobj(1)
    row = bytes(1 + side)
    content = b"".join(deflate.compress(row) for _ in range(side)) + deflate.flush()
    chunks = ((b"IHDR", header), (b"IDAT", content), (b"IEND", b""))
    with path.open("wb") as file:
        file.write(b"\x89PNG\r\n\x1a\n")
        for kind, data in chunks:
            file.write(struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data)))


def test_the_reason_of_a_failure_is_in_its_row(analyse: Analyse, tmp_path: Path) -> None:
    photos = tmp_path / "photos"
    good, _ = write_portraits(photos)
    (photos / "damaged.jpg").write_bytes(b"\xff\xd8\xff" + os.urandom(1000))
    (photos / "empty.png").touch()
    (photos / "text.heic").write_text("no picture")
    (photos / "cut.jpg").write_bytes(good.read_bytes()[:-3000])
    (photos / "gone.jpg").symlink_to("nowhere.jpg")
    huge_png(photos / "huge.png")
    rows = {Path(row["path"]).name: row for row in analyse(photos)}
    for name, words in {
        "damaged.jpg": "cannot be read",
        "empty.png": "is empty",
        "text.heic": "cannot be read",
        "gone.jpg": "No such file",
        "huge.png": "too large",
    }.items():
        assert words in rows[name]["error"] and name in rows[name]["error"]
        assert is_one_sentence(rows[name]["error"])
        assert rows[name]["faces"] is None
        assert rows[name]["model"] == "compact"
    assert rows["cut.jpg"]["error"] is None and "ends early" in rows["cut.jpg"]["remark"]
    assert len(rows["hopper.jpg"]["faces"]) == 1


def test_pictures_and_output_on_a_server(s3_environment: dict[str, str], analyse: Analyse, tmp_path: Path) -> None:
    paths = write_portraits(tmp_path / "photos")
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as archive:
        archive.write(paths[0], "in/zipped.jpg")
    files = Folder("s3://photos/worker").files
    files.put_file(str(paths[1]), "photos/worker/year=2020/hopper.jpg")
    files.put_file(str(tmp_path / "a.zip"), "photos/worker/a.zip")
    rows = analyse("s3://photos/worker", "s3://photos/worker/a.zip", out="s3://photos/worker-out")
    assert {row["path"]: len(row["faces"]) for row in rows} == {
        "s3://photos/worker/a.zip/in/zipped.jpg": 1,
        "s3://photos/worker/year=2020/hopper.jpg": 1,
    }
    local = {Path(row["path"]).name: row["faces"] for row in analyse(*paths)}
    assert [row["faces"] for row in sorted(rows, key=lambda row: str(row["path"]))] == list(local.values())


def test_another_model_under_the_same_name_is_refused(tmp_path: Path) -> None:
    (path, _) = write_portraits(tmp_path / "photos")
    worker = Worker(job(str(tmp_path), model_sha256="0" * 64))
    problem = worker(work([Item(str(path), str(path))])).column("problem")[0].as_py()
    assert problem.startswith("The model compact is another one") and is_one_sentence(problem)


def test_an_output_that_cannot_be_written_stops_the_worker(tmp_path: Path) -> None:
    out = tmp_path / "out"
    (path, _) = write_portraits(tmp_path / "photos")
    folder = prepared(str(out))
    worker = Worker(job(str(out)))
    folder.remove(PARTS)
    (out / PARTS).touch()
    problem = worker(work([Item(str(path), str(path))])).column("problem")[0].as_py()
    assert str(out) in problem and is_one_sentence(problem)
    assert folder.names(tries.FOLDER) == []
