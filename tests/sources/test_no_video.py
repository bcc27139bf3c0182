"""What is no video is refused in a sentence, whatever FFmpeg would make of it."""

from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import av
import numpy as np
import pytest

from agecam.cli import main
from agecam.errors import SourceError
from agecam.sources import open_source

MARKS = (
    b"\0\0\1\xb3",  # MPEG video
    b"\0\0\1\xb0",  # MPEG-4 video
    b"\0\0\1\x67",  # H.264
    b"\0\0\1\xba",  # MPEG programme
    b"\x47\x40",  # MPEG-TS
    b"\xff\xd8\xff",  # JPEG
    b"BBCD",  # Dirac
    b"\x12\0",  # AV1
    b"FLV\1",
    b"RIFF",
    b"OggS",
)


def texts() -> dict[str, bytes]:
    return {
        "notes.txt": b"This is a text.\n" * 3000,
        "table.csv": b"".join(b"%d,%d,%d\r\n" % (n, n * n, n**3) for n in range(3000)),
        "program.py": Path(__file__).read_bytes(),
        "page.html": b"<!DOCTYPE html><html><body>" + b"<p>A paragraph.</p>" * 2000 + b"</body></html>",
        "data.json": b'{"faces": [' + b'{"age": 30},' * 3000 + b"{}]}",
        "letters.mp4": b"abcdefghij" * 5000,
        "wide.txt": "größe 写真 ".encode("utf-16") * 2000,
        "escape.nfo": b"\x1b[31mred\x1b[0m\r\n" * 2000,
        "subtitles.srt": b"1\n00:00:01,000 --> 00:00:02,000\nHello\n\n" * 500,
    }


def noise() -> Iterator[tuple[str, bytes]]:
    random = np.random.default_rng(0)
    for number in range(40):
        data = bytearray(random.bytes(int(2 ** random.uniform(4, 19))))
        if number % 2:  # with marks of video formats
            for _ in range(len(data) // 200 + 1):
                mark = MARKS[int(random.integers(len(MARKS)))]
                place = int(random.integers(max(1, len(data) - len(mark))))
                data[place : place + len(mark)] = mark
        yield f"noise{number}{('.mp4', '.bin', '', '.ts')[number % 4]}", bytes(data)


@pytest.mark.parametrize("name", texts())
def test_a_text_is_refused(name: str, tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / name
    path.write_bytes(texts()[name])
    with pytest.raises(SourceError, match=f"^'{name}' cannot be read as a video or picture because .*\\.$"):
        open_source(str(path))
    assert capfd.readouterr().err == ""


def test_noise_is_refused(tmp_path: Path) -> None:
    for name, data in noise():
        path = tmp_path / name
        path.write_bytes(data)
        with pytest.raises(SourceError) as failure:
            open_source(str(path))
        assert name in str(failure.value)


@pytest.mark.parametrize("seed", [12, 15, 42, 70])
def test_bytes_from_which_ffmpeg_decodes_frames_are_refused(seed: int, tmp_path: Path) -> None:
    """Large programs contain marks of MPEG-4, too."""
    random = np.random.default_rng(seed)
    data = bytearray(random.bytes(60_000))
    for place in random.integers(0, 59_000, 150):
        data[place : place + 4] = b"\0\0\1" + bytes([int(random.choice([0x00, 0x20, 0xB0, 0xB3, 0xB5, 0xB6]))])
    path = tmp_path / "program.so"
    path.write_bytes(data)
    frames = 0
    with av.open(str(path), format="m4v") as file:
        for packet in file.demux(video=0):
            with suppress(av.FFmpegError):
                frames += len(packet.decode())
    assert frames
    with pytest.raises(SourceError, match=r"program\.so"):
        open_source(str(path))


def test_the_exit_status_tells(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "notes.txt"
    path.write_bytes(texts()["notes.txt"])
    assert main(["analyze", str(path)]) != 0
    assert "'notes.txt' cannot be read as a video or picture" in capfd.readouterr().err
