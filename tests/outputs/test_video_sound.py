"""Annotated videos keep the sound of their source, in step with the frames."""

import subprocess
import sys
from itertools import islice
from pathlib import Path

import av
import numpy as np
import pytest
from films import FLASHES, FPS, FRAMES, Film, annotated, click_times, duration_of, flash_times, sound_codec_of

from agecam.errors import SourceError
from agecam.outputs import VideoWriter
from agecam.sources import SeekableSource, open_source
from agecam.sources.media import PipeMedia
from agecam.sources.video import StreamedVideoSource

IN_STEP_S = 0.02  # half of what people notice

FILMS = {
    "aac in mp4": Film("a.mp4", "aac"),
    "aac mono at 44.1 kHz": Film("a44.mp4", "aac", channels=1, rate=44_100),
    "aac in a broadcast": Film("a.ts", "aac"),
    "aac in flv": Film("a.flv", "aac"),
    "ac3 with six channels": Film("c.mkv", "ac3", channels=6),
    "ac3 in a broadcast": Film("c.ts", "ac3"),
    "eac3": Film("e.mkv", "eac3"),
    "mp2 in a broadcast": Film("m2.ts", "mp2"),
    "mp2 in mpeg": Film("m2.mpg", "mp2"),
    "mp3 in mkv": Film("m3.mkv", "libmp3lame"),
    "flac": Film("f.mkv", "flac"),
    "opus in mkv": Film("o.mkv", "libopus"),
    "opus in mp4": Film("o.mp4", "libopus"),
    "alac": Film("l.mov", "alac"),
    "pcm in mov": Film("p.mov", "pcm_s16le"),
    "pcm in avi": Film("p.avi", "pcm_s16le"),
    "sound that begins first": Film("d.mp4", "aac", delay_s=0.8),
    "sound that begins first in a broadcast": Film("d.ts", "aac", delay_s=0.8),
}
COPIED = {
    ".mp4": {"aac", "ac3", "eac3", "mp3", "flac", "opus", "alac"},
    ".mkv": {"aac", "ac3", "eac3", "mp2", "mp3", "flac", "opus", "alac", "pcm_s16le"},
}


@pytest.fixture(scope="module", params=FILMS)
def film(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return FILMS[request.param].write(tmp_path_factory.mktemp("film"))


def assert_in_step(path: Path, flashes: int = len(FLASHES)) -> None:
    flashed, clicked = flash_times(path), click_times(path)
    assert len(flashed) == flashes
    assert clicked == pytest.approx(flashed, abs=IN_STEP_S)


@pytest.mark.parametrize("suffix", [".mp4", ".mkv"])
def test_sound_is_kept_in_step(film: Path, suffix: str, tmp_path: Path) -> None:
    out = tmp_path / f"out{suffix}"
    with open_source(str(film)) as source:
        writer = annotated(source, out)
    assert writer.sound_error is None
    assert_in_step(out)
    assert duration_of(out) == pytest.approx(FRAMES / FPS, abs=0.03)
    codec = sound_codec_of(film)
    assert sound_codec_of(out) == (codec if codec in COPIED[suffix] else "aac")


def test_sound_is_kept_in_step_from_a_later_time(film: Path, tmp_path: Path) -> None:
    out = tmp_path / "out.mp4"
    with open_source(str(film), start_s=1.5, end_s=3.0) as source:
        assert annotated(source, out).sound_error is None
    assert_in_step(out, 1)


@pytest.mark.parametrize("suffix", [".mp4", ".mkv"])
def test_sound_ends_with_the_frames(film: Path, suffix: str, tmp_path: Path) -> None:
    out = tmp_path / f"out{suffix}"
    with open_source(str(film)) as source:
        annotated(source, out, frames=40)
    with av.open(str(out)) as file:
        ends = [(frame.time or 0) + frame.samples / frame.sample_rate for frame in file.decode(audio=0)]
    assert 40 / FPS - 0.05 < ends[-1] < 40 / FPS + 0.05
    assert_in_step(out, 1)


def test_sound_follows_a_clock_that_jumps(tmp_path: Path) -> None:
    parts = [
        Film(f"{number}.ts", container={"output_ts_offset": str(offset)}).write(tmp_path)
        for number, offset in enumerate((0, 39_600, 10, 10))
    ]
    path = tmp_path / "jumps.ts"
    path.write_bytes(b"".join(part.read_bytes() for part in parts))
    out = tmp_path / "out.mp4"
    with open_source(str(path)) as source:
        annotated(source, out)
        assert_in_step(out, 8)
        assert isinstance(source, SeekableSource)
        source.seek(4.0)
        annotated(source, out)
    assert_in_step(out, 6)


def test_one_frame_of_each_second_keeps_the_sound(tmp_path: Path) -> None:
    out = tmp_path / "out.mp4"
    with open_source(str(Film("a.mp4").write(tmp_path)), every_s=0.8) as source:
        annotated(source, out)
    assert duration_of(out) == pytest.approx(FRAMES / FPS, abs=0.001)
    assert click_times(out) == pytest.approx([flash / FPS for flash in FLASHES], abs=IN_STEP_S)


def test_a_video_without_sound_gives_none(tmp_path: Path) -> None:
    with VideoWriter(tmp_path / "silent.mp4", 64, 48, 25) as writer:
        writer.write(np.zeros((48, 64, 3), np.uint8), 0.0)
    with open_source(str(tmp_path / "silent.mp4")) as source:
        assert source.info.sound is None
        assert annotated(source, tmp_path / "out.mp4").sound_error is None


def test_the_default_track_is_taken(tmp_path: Path) -> None:
    clicking, quiet = Film("a.mp4").write(tmp_path), tmp_path / "quiet.mp4"
    path = tmp_path / "two.mkv"
    with av.open(str(quiet), "w") as file:
        stream = file.add_stream("aac", rate=48_000)
        frame = av.AudioFrame.from_ndarray(np.zeros((2, 48_000), np.float32), format="fltp", layout="stereo")
        frame.sample_rate = 48_000
        file.mux([*stream.encode(frame), *stream.encode(None)])
    with av.open(str(clicking)) as first, av.open(str(quiet)) as second, av.open(str(path), "w") as file:
        video = file.add_stream_from_template(first.streams.video[0])
        other = file.add_stream_from_template(second.streams.audio[0])
        default = file.add_stream_from_template(first.streams.audio[0])
        video.disposition = default.disposition = av.stream.Disposition.default.value  # type: ignore[assignment]
        other.disposition = av.stream.Disposition.comment.value  # type: ignore[assignment]
        packets = [(packet, other) for packet in second.demux(audio=0)]
        packets += [(packet, video if packet.stream.type == "video" else default) for packet in first.demux()]
        for packet, stream in packets:
            if packet.dts is not None:
                packet.stream = stream
                file.mux(packet)
    with open_source(str(path)) as source:
        annotated(source, tmp_path / "out.mp4")
    assert_in_step(tmp_path / "out.mp4")


def damaged_sound(path: Path) -> Path:
    """The same film with noise in all packets of its sound."""
    random = np.random.default_rng(0)
    content = bytearray(path.read_bytes())
    with av.open(str(path)) as file:
        places = [(packet.pos, packet.size) for packet in file.demux(audio=0) if packet.size]
    for pos, size in places:
        content[pos + 16 : pos + size] = random.bytes(max(0, size - 16))  # after the header that Matroska adds
    path.write_bytes(content)
    return path


@pytest.mark.parametrize("name", ["a.mp4", "e.mkv", "f.mkv", "p.mov"])
@pytest.mark.parametrize("suffix", [".mp4", ".mkv"])
def test_damaged_sound_costs_no_frame(name: str, suffix: str, tmp_path: Path) -> None:
    codec = {"a.mp4": "aac", "e.mkv": "eac3", "f.mkv": "flac", "p.mov": "pcm_s16le"}[name]
    path = damaged_sound(Film(name, codec).write(tmp_path))
    out = tmp_path / f"out{suffix}"
    with open_source(str(path)) as source:
        annotated(source, out)
    with av.open(str(out)) as file:
        assert sum(1 for _ in file.decode(video=0)) == FRAMES


@pytest.mark.parametrize("suffix", [".mp4", ".mkv"])
def test_sound_that_cannot_be_read_gives_a_remark(suffix: str, tmp_path: Path) -> None:
    path = Film("a.mp4").write(tmp_path)
    content = path.read_bytes()
    with open_source(str(path)) as source:
        path.write_bytes(content.replace(b"mp4a", b"xxxx").replace(b"esds", b"xxxx"))
        writer = annotated(source, tmp_path / f"out{suffix}")
    assert str(writer.sound_error) == f"{writer.path} has no sound, because that of the source cannot be read."
    with av.open(str(writer.path)) as file:
        assert not file.streams.audio
        assert sum(1 for _ in file.decode(video=0)) == FRAMES


def test_a_film_that_ends_early_keeps_its_sound(tmp_path: Path) -> None:
    path = Film("a.mp4", container={"movflags": "faststart"}).write(tmp_path)
    path.write_bytes(path.read_bytes()[: path.stat().st_size * 2 // 3])
    out = tmp_path / "out.mp4"
    with open_source(str(path)) as source, pytest.raises(SourceError, match="ends early"):
        annotated(source, out)
    with av.open(str(out)) as file:
        assert file.streams.audio[0].duration
    assert click_times(out)[:1] == pytest.approx([FLASHES[0] / FPS], abs=IN_STEP_S)


def test_the_sound_of_a_deleted_source_gives_a_remark(tmp_path: Path) -> None:
    path = Film("a.mp4").write(tmp_path)
    with open_source(str(path)) as source:
        path.unlink()
        writer = annotated(source, tmp_path / "out.mp4")
    assert writer.sound_error is not None
    assert duration_of(writer.path) == pytest.approx(FRAMES / FPS, abs=0.001)


_PEAK = """
import sys
from pathlib import Path
sys.path[:0] = sys.argv[1:3]
from films import annotated
from agecam.sources import open_source
def peak():
    return int(Path("/proc/self/status").read_text().partition("VmHWM:")[2].split()[0]) / 1024
with open_source(sys.argv[3]) as source:
    annotated(source, Path(sys.argv[4]), frames=200)
before = peak()
with open_source(sys.argv[3]) as source:
    annotated(source, Path(sys.argv[4]))
print(peak() - before)
"""


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="reads /proc")
def test_memory_does_not_grow_with_the_film(tmp_path: Path) -> None:
    path = Film("long.mov", "pcm_s16le", frames=6000).write(tmp_path)
    assert path.stat().st_size > 45e6
    tests = Path(__file__).parents[1]
    command = [sys.executable, "-c", _PEAK, str(tests), str(tests.parent), str(path), str(tmp_path / "out.mkv")]
    grown_mib = float(subprocess.run(command, capture_output=True, text=True, check=True).stdout)
    assert grown_mib < 15


def test_the_last_frames_can_be_read_while_the_sound_is_written(tmp_path: Path) -> None:
    """The reader of the sound does not move the reader of the frames."""
    with open_source(str(Film("a.mp4").write(tmp_path))) as source:
        frames = list(islice(source, 10))
        annotated(source, tmp_path / "out.mp4", frames=5)
        frames += source
    assert [frame.index for frame in frames] == [*range(10), *range(15, FRAMES)]


def test_the_sound_of_a_pipe_gives_a_remark(tmp_path: Path) -> None:
    path = Film("film.mkv").write(tmp_path)
    with path.open("rb", buffering=0) as file, StreamedVideoSource(PipeMedia(file, "pipe")) as source:
        writer = annotated(source, tmp_path / "out.mp4")
    assert "has no sound" in str(writer.sound_error)
    assert duration_of(writer.path) == pytest.approx(FRAMES / FPS, abs=0.001)
