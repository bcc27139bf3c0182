"""Sources named on the command line: folders, subfolders, and what is left out."""

from pathlib import Path

import cv2
import pytest

from agecam.batch.inputs import find_inputs
from agecam.cli import main
from agecam.errors import SourceError
from agecam.sources.folders import list_folder
from agecam.types import Image


@pytest.fixture
def album(tmp_path: Path, hopper_bgr: Image) -> Path:
    """A folder with a picture, two text files and hidden ones, and a subfolder with two more pictures."""
    folder = tmp_path / "album"
    (folder / "2019" / "summer").mkdir(parents=True)
    (folder / ".thumbnails").mkdir()
    encoded = cv2.imencode(".jpg", hopper_bgr)[1].tobytes()
    for name in ("p10.jpg", "p2.jpg", "2019/a.jpg", "2019/summer/no-suffix", ".thumbnails/t.jpg", ".hidden.jpg"):
        (folder / name).write_bytes(encoded)
    for name in ("notes.txt", "list.csv", "2019/notes.txt"):
        (folder / name).write_text("text")
    return folder


def test_without_recursive_subfolders_are_counted(album: Path) -> None:
    found = find_inputs([str(album)])
    assert [item.name for item in found.inputs] == ["album/p2.jpg", "album/p10.jpg"]
    assert found.skipped() == ("2 files of other kinds and 1 folder were skipped; --recursive searches subfolders too.")


def test_recursive_finds_all_pictures(album: Path) -> None:
    found = find_inputs([str(album)], recursive=True)
    assert [item.name for item in found.inputs] == [
        "album/p2.jpg",
        "album/p10.jpg",
        "album/2019/a.jpg",
        "album/2019/summer/no-suffix",
    ]
    assert all(item.is_picture for item in found.inputs)
    assert found.skipped() == "3 files of other kinds were skipped."


def test_a_folder_with_only_media_says_nothing(album: Path) -> None:
    found = find_inputs([str(album / "2019" / "summer")])
    assert found.skipped() is None
    assert len(found.inputs) == 1


def test_links_to_folders_are_not_followed(album: Path) -> None:
    try:
        (album / "2019" / "back").symlink_to(album, target_is_directory=True)
    except OSError:
        pytest.skip("no symbolic links here")
    content = list_folder(album, recursive=True)
    assert len(content.media) == 4
    assert content.folders == 1


def test_a_folder_without_media_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    found = find_inputs([str(tmp_path / "empty")], recursive=True)
    assert [type(error) for error in found.errors] == [SourceError]


def test_the_command_tells_what_was_skipped(album: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    results = tmp_path / "r.jsonl"
    assert main(["analyze", str(album), "--recursive", "--jsonl", str(results)]) == 0
    assert "3 files of other kinds were skipped." in capsys.readouterr().err
    assert len(results.read_text("utf-8").splitlines()) == 4


@pytest.mark.parametrize(("spec", "name"), [(" 2 ", "2"), ("camera 2", "camera 2"), ("camera://2", "camera 2")])
def test_a_camera_is_named_as_it_was_asked_for(spec: str, name: str) -> None:
    (item,) = find_inputs([spec]).inputs
    assert (item.name, item.is_live, item.path) == (name, True, None)
