"""Lists of sources: what they contain, moving in them, and opening what can be opened."""

from pathlib import Path

import cv2
import pytest

from agecam.errors import SourceError
from agecam.sources import open_source
from agecam.sources.playlist import Entry, FoundEntries, Opening, Playlist, find_entries, is_folder
from agecam.types import Image


@pytest.fixture
def photos(tmp_path: Path, hopper_bgr: Image) -> Path:
    """A folder with photographs 1, 2 and 10, a damaged one, a video by its name, a text and a subfolder."""
    folder = tmp_path / "photos"
    (folder / "older").mkdir(parents=True)
    for number in (10, 2, 1):
        cv2.imwrite(str(folder / f"face{number}.png"), hopper_bgr)
    (folder / "face3.jpg").write_bytes(b"\xff\xd8\xff and no more")
    (folder / "film.mp4").write_bytes(b"not yet copied")
    (folder / "notes.txt").write_text("Nobody looks at this.")
    (folder / ".hidden.png").write_bytes((folder / "face1.png").read_bytes())
    return folder


def names(found: FoundEntries) -> list[str]:
    return [entry.name for entry in found.entries]


def test_a_folder_stands_for_its_files_in_natural_order(photos: Path) -> None:
    found = find_entries([str(photos)])
    assert names(found) == ["face1.png", "face2.png", "face3.jpg", "face10.png", "film.mp4"]
    assert [entry.path for entry in found.entries][:2] == [photos / "face1.png", photos / "face2.png"]
    assert found.errors == ()


def test_files_folders_addresses_and_the_demo_keep_their_order(photos: Path) -> None:
    found = find_entries([str(photos / "face10.png"), "http://julia:secret@door/1", str(photos), "demo", "camera://3"])
    assert names(found)[:3] == ["face10.png", "http://door/1", "face1.png"]
    assert names(found)[-2:] == ["demo", "camera 3"]
    assert [entry.path is None for entry in found.entries] == [False, True, *5 * [False], True, True]


def test_what_does_not_exist_or_is_empty_is_left_out_and_named(photos: Path) -> None:
    empty, file = str(photos / "older"), str(photos / "face1.png")
    found = find_entries(["/no/such.jpg", empty, "  ", "a\0b", file])
    assert [entry.spec for entry in found.entries] == [file]
    assert ["/no/such.jpg" in str(found.errors[0]), "'older'" in str(found.errors[1])] == [True, True]
    assert len(found.errors) == 3
    assert [str(error) for error in find_entries(["  "]).errors] == [
        "No source was given: name a camera, video, picture, folder or stream address."
    ]


def test_a_file_called_demo_in_this_folder_is_the_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "demo").write_bytes(b"P6 2 2 255 123456789012")
    monkeypatch.chdir(tmp_path)
    (entry,) = find_entries(["."]).entries
    with open_source(entry.spec) as source:
        assert source.info.width == 2
    assert is_folder(".")
    assert not is_folder("demo")
    assert not is_folder("\0")


def test_a_folder_that_is_called_like_a_camera_is_opened_with_a_remark(
    photos: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(photos.parent)
    photos.rename("7")
    found = find_entries(["7"])
    assert len(found.entries) == 5
    assert ["write 'camera 7'" in str(remark) for remark in found.remarks] == [True]


def test_moving_ends_at_the_ends_unless_the_list_repeats() -> None:
    playlist = Playlist(tuple(Entry(name, name) for name in "abc"), 1)
    assert (playlist.after(-1), playlist.after(1), playlist.after(2), playlist.after(-2)) == (0, 2, None, None)
    assert (playlist.after(2, wraps=True), playlist.after(-2, wraps=True)) == (0, 2)
    assert playlist.at(2).current == Entry("c", "c")
    assert Playlist().current is None
    assert Playlist().after(1, wraps=True) is None


def position_of(opening: Opening) -> int:
    assert opening.opened is not None
    return opening.opened.playlist.position


@pytest.mark.parametrize(("position", "step", "expected"), [(0, 1, 0), (2, 1, 3), (2, -1, 1)])
def test_what_cannot_be_opened_is_skipped(photos: Path, position: int, step: int, expected: int) -> None:
    opening = Opening(lambda: find_entries([str(photos), "/no/such"]), position, step)
    assert opening.skips
    opening(open_source).close()
    assert position_of(opening) == expected
    assert opening.opened is not None
    named = ["/no/such", "face3.jpg"] if position == 2 else ["/no/such"]
    assert [name in str(error) for name, error in zip(named, opening.opened.skipped, strict=True)] == len(named) * [
        True
    ]


def test_a_chosen_entry_is_not_skipped(photos: Path) -> None:
    opening = Opening(lambda: find_entries([str(photos)]), 2)
    assert not opening.skips
    with pytest.raises(SourceError, match=r"face3\.jpg"):
        opening(open_source)
    assert opening.opened is None


def test_the_first_reason_is_given_if_nothing_can_be_opened(photos: Path) -> None:
    with pytest.raises(SourceError, match=r"face3\.jpg"):
        Opening(lambda: find_entries([str(photos / "face3.jpg"), str(photos / "film.mp4"), "/no/such"]), 0, 1)(
            open_source
        )
    with pytest.raises(SourceError, match="/no/such"):
        Opening(lambda: find_entries(["/no/such", "/neither"]), 0, 1)(open_source)


def test_the_same_entry_is_opened_again(photos: Path) -> None:
    opened: list[str] = []
    listed: list[int] = []

    def entries() -> FoundEntries:
        listed.append(1)
        return find_entries([str(photos)])

    opening = Opening(entries, 2, 1)
    for _ in range(2):
        opening(lambda spec: opened.append(spec) or open_source(spec)).close()  # type: ignore[func-returns-value]
    assert [Path(spec).name for spec in opened] == ["face3.jpg", "face10.png", "face10.png"]
    assert listed == [1]
