"""`-` reads a video or a picture from standard input."""

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import cv2
import pytest
from films import FLASHES, FPS, FRAMES, Film, frame_of

ROOT = Path(__file__).parents[2]
_READ = """
import json, sys
from pathlib import Path
sys.path[:0] = [sys.argv[1], sys.argv[1] + "/tests"]
from films import annotated, click_times
from agecam.errors import SourceError
from agecam.sources import SeekableSource, open_source
try:
    with open_source(sys.argv[2]) as source:
        info = source.info
        frame = source.read()
        first = frame.time_s
        numbers = [frame.index] + [frame.index for frame in source]
        clicks = []
        if isinstance(source, SeekableSource) and info.sound:
            source.seek(0)
            annotated(source, Path(sys.argv[3]))
            clicks = click_times(Path(sys.argv[3]))
    print(json.dumps(dict(name=info.name, live=info.live, fps=info.fps, numbers=numbers, clicks=clicks,
                          white=float(frame.image_bgr.mean()), seekable=isinstance(source, SeekableSource))))
except SourceError as error:
    print(json.dumps(dict(error=str(error))))
"""


@pytest.fixture
def read(tmp_path: Path) -> Callable[..., dict[str, Any]]:
    """A function that reads `-` in another process, to which it sends bytes."""

    def run(content: bytes, *, stays_open_s: float = 0.0, spec: str = "-") -> dict[str, Any]:
        command = [sys.executable, "-c", _READ, str(ROOT), spec, str(tmp_path / "out.mp4")]
        environment = os.environ | {"TMPDIR": str(tmp_path)}
        with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=environment) as process:
            assert process.stdin is not None
            assert process.stdout is not None
            process.stdin.write(content)
            process.stdin.flush()
            time.sleep(stays_open_s)
            process.stdin.close()
            result: dict[str, Any] = json.loads(process.stdout.read())
        assert not list(tmp_path.glob("agecam-*"))  # temporary files are deleted
        return result

    return run


Read = Callable[..., dict[str, Any]]


@pytest.mark.parametrize("name", ["film.mp4", "film.mkv", "film.ts", "film.mov"])
def test_a_film_that_ends_at_once_is_a_file(name: str, read: Read, tmp_path: Path) -> None:
    found = read(Film(name).write(tmp_path).read_bytes())
    assert (found["name"], found["live"], found["fps"], found["seekable"]) == ("standard input", False, FPS, True)
    assert found["numbers"] == list(range(FRAMES))
    assert found["clicks"] == pytest.approx([flash / FPS for flash in FLASHES], abs=0.02)


@pytest.mark.parametrize("name", ["film.mkv", "film.ts", "film.flv", "faststart.mp4"])
def test_a_film_that_goes_on_is_read_while_it_arrives(name: str, read: Read, tmp_path: Path) -> None:
    container = {"movflags": "faststart"} if name == "faststart.mp4" else {}
    found = read(Film(name, container=container).write(tmp_path).read_bytes(), stays_open_s=2.5)
    assert (found["live"], found["seekable"]) == (False, False)
    assert found["numbers"] == list(range(FRAMES))


def test_a_film_whose_index_comes_last_is_waited_for(read: Read, tmp_path: Path) -> None:
    found = read(Film("film.mp4").write(tmp_path).read_bytes(), stays_open_s=2.5)
    assert found["numbers"] == list(range(FRAMES))
    assert found["clicks"]


@pytest.mark.parametrize("suffix", [".jpg", ".png"])
def test_a_picture(suffix: str, read: Read) -> None:
    found = read(cv2.imencode(suffix, frame_of(FLASHES[0]))[1].tobytes(), stays_open_s=0.2)
    assert (found["live"], found["fps"], found["numbers"]) == (False, None, [0])
    assert found["white"] > 250


def test_pictures_one_after_another_are_a_video(read: Read) -> None:
    jpegs = [cv2.imencode(".jpg", frame_of(number))[1].tobytes() for number in range(30)]
    assert read(b"".join(jpegs))["numbers"] == list(range(30))


def test_a_picture_with_another_one_after_it_is_a_picture(read: Read) -> None:
    """As telephones store the brightness of high dynamic range."""
    first, second = (cv2.imencode(".jpg", frame_of(number))[1].tobytes() for number in (FLASHES[0], 0))
    mark = b"\xff\xe2\x00\x08MPF\0\0\0"
    found = read(first[:2] + mark + first[2:] + second)
    assert (found["numbers"], found["fps"]) == ([0], None)
    assert found["white"] > 250


@pytest.mark.parametrize("content", [b"This is no video.\n" * 300, bytes(range(256)) * 40])
def test_other_bytes_are_refused(content: bytes, read: Read) -> None:
    assert read(content)["error"].startswith("'standard input' cannot be read as a video or picture")


def test_an_empty_pipe_is_refused(read: Read) -> None:
    assert read(b"")["error"] == "The pipe is empty: check the program that sends to AgeCam."


@pytest.mark.skipif(os.name != "posix", reason="named pipes")
def test_a_named_pipe(read: Read, tmp_path: Path) -> None:
    film = Film("film.mkv").write(tmp_path)
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    with subprocess.Popen(["cp", str(film), str(pipe)]):
        assert read(b"", spec=str(pipe))["numbers"] == list(range(FRAMES))
