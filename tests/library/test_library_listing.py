"""Which pictures the sources of `agecam library` name."""

import io
import os
import sys
import tarfile
import zipfile
from pathlib import Path

import fsspec
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from file_server import file_server

from agecam.library.contents import Contents
from agecam.library.keys import Seen, keys_of
from agecam.library.listing import Item, Listing
from agecam.library.storage import shown


@pytest.fixture
def photos(tmp_path: Path) -> Path:
    folder = tmp_path / "photos"
    (folder / "2020" / "may").mkdir(parents=True)
    for name in ("b.jpg", "a.PNG", "2020/c.heic", "2020/may/d.tiff", ".hidden.jpg", "notes.txt"):
        (folder / name).write_bytes(name.encode())
    return folder


def found(*sources: object, recursive: bool = False) -> list[str]:
    listing = Listing([str(source) for source in sources], recursive)
    paths = [item.path for item in listing]
    assert not listing.errors
    return sorted(paths)


def refusal(source: object) -> str:
    listing = Listing([str(source)])
    assert list(listing) == []
    (error,) = listing.errors
    return str(error)


def content(item: Item) -> bytes:
    with Contents().file(item) as path:
        return path.read_bytes()


def test_a_folder_names_its_pictures(photos: Path) -> None:
    listing = Listing([str(photos)])
    assert sorted(item.path for item in listing) == [str(photos / "a.PNG"), str(photos / "b.jpg")]
    assert listing.skipped == 1
    assert found(photos, recursive=True) == [
        str(photos / name) for name in ("2020/c.heic", "2020/may/d.tiff", "a.PNG", "b.jpg")
    ]


def test_a_path_may_be_relative(photos: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(photos.parent)
    assert found("photos/b.jpg", "photos/2020") == [str(photos / "2020/c.heic"), str(photos / "b.jpg")]


def test_a_pattern_names_pictures(photos: Path) -> None:
    assert found(photos / "*") == [str(photos / "a.PNG"), str(photos / "b.jpg")]
    assert found(photos / "**/*.tiff") == [str(photos / "2020/may/d.tiff")]


def test_a_name_with_pattern_characters_is_a_file_if_it_exists(photos: Path) -> None:
    (photos / "b[1].jpg").touch()
    assert found(photos / "b[1].jpg") == [str(photos / "b[1].jpg")]


@pytest.mark.parametrize(
    ("name", "mode"),
    [
        ("x.zip", ""),
        ("x.tar", "w"),
        ("x.tar.gz", "w:gz"),
        ("x.tgz", "w:gz"),
        ("x.tar.bz2", "w:bz2"),
        ("x.txz", "w:xz"),
    ],
)
def test_archives_name_their_pictures(name: str, mode: str, photos: Path, tmp_path: Path) -> None:
    archive = tmp_path / name
    if name.endswith(".zip"):
        with zipfile.ZipFile(archive, "w") as file:
            for path in sorted(photos.rglob("*")):
                file.write(path, path.relative_to(photos))
    else:
        with tarfile.open(archive, mode) as file:
            file.add(photos, ".")
    items = sorted(Listing([str(archive)]))
    assert [item.path for item in items] == [
        f"{archive}/{name}" for name in ("2020/c.heic", "2020/may/d.tiff", "a.PNG", "b.jpg")
    ]
    contents = Contents()
    for item in reversed(items):
        with contents.file(item) as path:
            assert path.read_bytes() == item.path.removeprefix(f"{archive}/").encode()
            assert path.suffix == Path(item.path).suffix


def test_a_text_list_names_pictures(photos: Path) -> None:
    names = photos / "names.txt"
    names.write_text(f"\ufeffb.jpg\r\n{photos}/2020/c.heic\n\nmissing.jpg\nhttps://x.test/y.jpg\n", encoding="utf-8")
    assert found(names) == [
        *(str(photos / name) for name in ("2020/c.heic", "b.jpg", "missing.jpg")),
        "https://x.test/y.jpg",
    ]


def test_a_parquet_list_names_pictures(photos: Path) -> None:
    pq.write_table(pa.table({"path": ["b.jpg", None, "s3://bucket/k.jpg"]}), photos / "names.parquet")
    assert found(photos / "names.parquet") == [str(photos / "b.jpg"), "s3://bucket/k.jpg"]
    pq.write_table(pa.table({"file": ["b.jpg"]}), photos / "other.parquet")
    assert "no column 'path'" in refusal(photos / "other.parquet")


def test_other_file_systems_are_listed() -> None:
    files = fsspec.filesystem("memory")
    for name in ("a.jpg", "x/b.png", "x/y/c.jpg", "x/notes.txt", "year=2020/e.jpg", "year=2021/e.jpg"):
        files.pipe_file(f"/lib/{name}", name.encode())
    try:
        assert found("memory://lib") == ["memory:///lib/a.jpg"]
        assert found("memory://lib/x", recursive=True) == ["memory:///lib/x/b.png", "memory:///lib/x/y/c.jpg"]
        assert found("memory://lib/*/e.jpg") == ["memory:///lib/year=2020/e.jpg", "memory:///lib/year=2021/e.jpg"]
        (item,) = Listing(["memory://lib/x"])
        assert item.size == len("x/b.png")
        assert content(item) == b"x/b.png"
        with files.open("/lib/list.txt", "wb") as file:
            file.write(b"x/b.png\n")
        assert found("memory://lib/list.txt") == ["memory:///lib/x/b.png"]
        archive = io.BytesIO()
        with zipfile.ZipFile(archive, "w") as zipped:
            zipped.writestr("in/z.jpg", "zipped")
        files.pipe_file("/lib/a.zip", archive.getvalue())
        (item,) = Listing(["memory://lib/a.zip"])
        assert item.path == "memory:///lib/a.zip/in/z.jpg"
        assert content(item) == b"zipped"
    finally:
        files.rm("/lib", recursive=True)


def test_pictures_on_a_web_server(photos: Path) -> None:
    with file_server(photos) as host:
        (item,) = Listing([f"http://{host}/b.jpg"])
        assert item.path == f"http://{host}/b.jpg"
        assert content(item) == b"b.jpg"


def test_the_path_holds_no_secrets_but_tells_pictures_apart() -> None:
    one, other = (shown(f"https://me:word@x.test/get?id={number}&key=abc") for number in (1, 2))
    assert one != other
    assert one.startswith("https://x.test/get?")
    assert "word" not in one and "abc" not in one
    assert shown("s3://bucket/year=2020/a.jpg") == "s3://bucket/year=2020/a.jpg"


@pytest.mark.skipif(sys.platform != "linux", reason="other systems allow only names in Unicode")
def test_names_that_are_not_unicode(tmp_path: Path) -> None:
    path = os.fsencode(tmp_path) + b"/caf\xe9.jpg"
    Path(os.fsdecode(path)).write_bytes(b"coffee")
    (item,) = Listing([str(tmp_path)])
    assert item.path == f"{tmp_path}/caf\\xe9.jpg"
    assert content(item) == b"coffee"


@pytest.mark.parametrize(
    ("source", "words"),
    [
        ("nowhere", "does not exist"),
        ("empty", "contains no pictures"),
        ("empty/*.jpg", "No picture matches"),
        ("empty/damaged.zip", "cannot be listed"),
        ("empty/damaged.tar", "cannot be listed"),
        ("gopher://x/y", "cannot be used"),
    ],
)
def test_a_source_that_cannot_be_listed_is_named(source: str, words: str, tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    for name in ("damaged.zip", "damaged.tar"):
        (tmp_path / "empty" / name).write_bytes(b"no archive")
    message = refusal(source if "://" in source else tmp_path / source)
    assert words in message and source.rpartition("/")[2] in message


def test_the_other_sources_are_listed_all_the_same(photos: Path) -> None:
    listing = Listing(["/nowhere/at/all", str(photos)])
    assert len(list(listing)) == 2
    assert len(listing.errors) == 1


def test_pictures_that_are_done_or_named_twice_are_left_out() -> None:
    seen = Seen(keys_of(["a", "b"]))
    assert seen.new_among(["b", "c", "c", "d"]) == [False, True, False, True]
    assert seen.new_among(["d", "e"]) == [False, True]
