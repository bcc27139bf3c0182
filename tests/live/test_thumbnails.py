"""The thumbnails of a list: read on a thread, latest request first, within a limit of memory."""

import threading
from collections.abc import Iterator
from pathlib import Path

import cv2
import pytest
from live_parts import wait_until

from agecam.live.thumbnails import MAX_WAITING, Thumbnails
from agecam.types import Image


class Ready:
    """The paths that were read, in order; holds the reading thread after each until `go` is set."""

    def __init__(self) -> None:
        self.paths: list[str] = []
        self.threads: set[str] = set()
        self.go = threading.Event()
        self.go.set()

    def __call__(self, path: Path) -> None:
        self.paths.append(path.stem)
        self.threads.add(threading.current_thread().name)
        self.go.wait(5)


@pytest.fixture
def ready() -> Iterator[Ready]:
    ready = Ready()
    yield ready
    ready.go.set()


@pytest.fixture
def files(tmp_path: Path, hopper_bgr: Image) -> list[Path]:
    paths = [tmp_path / f"{number}.jpg" for number in range(MAX_WAITING + 12)]
    content = cv2.imencode(".jpg", hopper_bgr)[1].tobytes()
    for path in paths:
        path.write_bytes(content)
    return paths


def test_a_thumbnail_is_read_once_on_its_thread(ready: Ready, files: list[Path]) -> None:
    thumbnails = Thumbnails(64, ready)
    assert thumbnails.get(files[0]) is None
    wait_until(lambda: ready.paths == ["0"])
    found = thumbnails.get(files[0])
    assert found is not None
    assert found.image_bgr is not None
    assert found.image_bgr.shape[0] == 64
    assert found.error is None
    assert thumbnails.get(files[0]) is found
    assert thumbnails.stop(5)
    assert (ready.paths, ready.threads) == (["0"], {"thumbnails"})


def test_the_latest_requests_come_first_and_the_oldest_are_dropped(ready: Ready, files: list[Path]) -> None:
    thumbnails = Thumbnails(16, ready)
    ready.go.clear()
    thumbnails.get(files[0])
    wait_until(lambda: ready.paths == ["0"])
    for path in files[1:]:
        thumbnails.get(path)
    ready.go.set()
    wait_until(lambda: len(ready.paths) == 1 + MAX_WAITING)
    assert ready.paths[1:] == [path.stem for path in reversed(files[-MAX_WAITING:])]
    assert thumbnails.get(files[1]) is None  # it is asked for again when it is seen again
    wait_until(lambda: ready.paths[-1] == "1")
    assert thumbnails.stop(5)


def test_memory_is_limited_and_what_is_used_stays(ready: Ready, files: list[Path]) -> None:
    limit = 100_000
    thumbnails = Thumbnails(64, ready, limit)
    for count, path in enumerate(files[:40], 1):
        thumbnails.get(path)
        wait_until(lambda count=count: len(ready.paths) == count)  # type: ignore[misc]
        thumbnails.get(files[0])
        assert 0 < thumbnails.bytes <= limit
    assert thumbnails.get(files[0]) is not None
    assert thumbnails.get(files[39]) is not None
    assert thumbnails.get(files[5]) is None
    thumbnails.forget()
    assert thumbnails.get(files[39]) is None
    assert thumbnails.stop(5)


def test_a_damaged_file_gives_its_reason_and_the_next_goes_on(ready: Ready, files: list[Path]) -> None:
    files[0].write_bytes(b"\xff\xd8\xff")
    thumbnails = Thumbnails(64, ready)
    for number in (0, 1):
        thumbnails.get(files[number])
        wait_until(lambda number=number: len(ready.paths) == number + 1)  # type: ignore[misc]
    damaged, whole = thumbnails.get(files[0]), thumbnails.get(files[1])
    assert damaged is not None
    assert damaged.image_bgr is None
    assert "0.jpg" in str(damaged.error)
    assert whole is not None
    assert whole.image_bgr is not None
    assert thumbnails.stop(5)


def test_nothing_is_read_after_the_end(ready: Ready, files: list[Path]) -> None:
    thumbnails = Thumbnails(64, ready)
    assert thumbnails.stop(5)
    assert thumbnails.get(files[0]) is None
    assert not [thread for thread in threading.enumerate() if thread.name == "thumbnails"]
