"""After seeking, frames are the same as in sequential reading."""

import os
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from itertools import islice
from pathlib import Path
from typing import NamedTuple

import av
import cv2
import numpy as np
import pytest

from agecam.errors import SourceError
from agecam.outputs import VideoWriter
from agecam.sources import FrameSource, SeekableSource, SourceInfo, open_source
from agecam.types import Frame, Image

HEIGHT, WIDTH, BITS = 64, 96, 8
VARIABLE_MS = np.cumsum([0, *np.random.default_rng(0).choice([7, 20, 33, 41, 260], 56), 260, 260, 260]).tolist()
X264 = {"crf": "18", "preset": "veryfast"}
OPEN_GOP = "open-gop=1:bframes=3:b-adapt=0:keyint=20:min-keyint=20:scenecut=0"


def numbered_frame(frame_number: int) -> Image:
    """A picture that encodes its number in black and white bars, which survive compression."""
    bits = np.array([frame_number >> bit & 1 for bit in range(BITS)], np.uint8)
    return np.broadcast_to(255 * bits.repeat(WIDTH // BITS)[None, :, None], (HEIGHT, WIDTH, 3)).copy()


def frame_number_of(image: Image) -> int:
    bars = image[HEIGHT // 2, WIDTH // BITS // 2 :: WIDTH // BITS, 0]
    return sum(1 << bit for bit, level in enumerate(bars) if level > 128)


@dataclass(frozen=True)
class Clip:
    """Encoding of a test video."""

    name: str
    count: int = 60
    fps: Fraction = Fraction(30)
    times_ms: Sequence[int] | None = None
    codec: str = "libx264"
    pixels: str = "yuv420p"
    options: dict[str, str] = field(default_factory=dict)
    container: dict[str, str] = field(default_factory=dict)

    def write(self, folder: Path) -> Path:
        path = folder / self.name
        with av.open(str(path), "w", container_options=self.container) as file:
            stream = file.add_stream(self.codec, rate=self.fps, options=self.options)
            assert isinstance(stream, av.VideoStream)
            stream.width, stream.height, stream.pix_fmt = WIDTH, HEIGHT, self.pixels
            if self.times_ms is not None:
                stream.codec_context.time_base = Fraction(1, 1000)
            for frame_number in range(self.count):
                frame = av.VideoFrame.from_ndarray(numbered_frame(frame_number), format="bgr24")
                if self.times_ms is not None:
                    frame.pts, frame.time_base = self.times_ms[frame_number], Fraction(1, 1000)
                file.mux(stream.encode(frame))
            file.mux(stream.encode(None))
        return path


@dataclass(frozen=True)
class Recording:
    """A video written by `VideoWriter`, with a variable frame rate."""

    name: str
    lasting: bool = False

    def write(self, folder: Path) -> Path:
        with VideoWriter(folder / self.name, WIDTH, HEIGHT, 30.0, lasting=self.lasting) as writer:
            for frame_number, time_ms in enumerate(VARIABLE_MS):
                writer.write(numbered_frame(frame_number), time_ms / 1000)
        return writer.path


CLIPS: dict[str, Clip | Recording] = {
    "constant rate": Clip("even.mp4", options=X264 | {"g": "12", "bf": "0"}),
    "29.97 fps": Clip("ntsc.mkv", 120, Fraction(30000, 1001), options=X264 | {"g": "25", "bf": "3"}),
    "B-frames": Clip("b.mp4", options=X264 | {"g": "20", "bf": "3"}),
    "one keyframe": Clip("long.mp4", 120, options=X264 | {"g": "250", "bf": "3"}),
    "open GOP": Clip("open.mp4", 120, options=X264 | {"x264-params": OPEN_GOP}),
    "open GOP without index": Clip("open.ts", 120, options=X264 | {"x264-params": OPEN_GOP}),
    "no index": Clip("broadcast.ts", 120, options=X264 | {"g": "20", "bf": "3"}),
    "no presentation times": Clip("old.avi", codec="mpeg4", options={"g": "20", "bf": "2", "qscale": "3"}),
    "not seekable": Clip("raw.h264", options=X264 | {"g": "20", "bf": "0"}),
    "gif": Clip("clip.gif", fps=Fraction(10), codec="gif", pixels="rgb8"),
    "variable rate": Clip("uneven.mp4", times_ms=VARIABLE_MS, options=X264 | {"g": "25", "bf": "3"}),
    "variable rate stated as constant": Clip("uneven.mkv", times_ms=VARIABLE_MS, options=X264 | {"g": "9", "bf": "2"}),
    "annotated": Recording("annotated.mp4"),
    "annotated in Matroska": Recording("annotated.mkv"),
    "recorded": Recording("recorded.mp4", lasting=True),
}


class Opened(NamedTuple):
    """A source, and its frames from sequential reading."""

    source: SeekableSource
    frames: list[Frame]


def opened(path: str | Path) -> SeekableSource:
    source = open_source(str(path))
    assert isinstance(source, SeekableSource)
    return source


@pytest.fixture(scope="module", params=CLIPS)
def stored(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, list[Frame]]:
    path = CLIPS[request.param].write(tmp_path_factory.mktemp("clips"))
    with opened(path) as source:
        frames = list(source)
    assert [frame_number_of(frame.image_bgr) for frame in frames] == list(range(len(frames)))
    assert len(frames) >= 60
    return path, frames


@pytest.fixture
def video(stored: tuple[Path, list[Frame]]) -> Iterator[Opened]:
    path, frames = stored
    with opened(path) as source:
        yield Opened(source, frames)


def assert_same(frames: Sequence[Frame | None], expected: Sequence[Frame]) -> None:
    assert [frame and (frame.index, frame.source) for frame in frames] == [
        (frame.index, frame.source) for frame in expected
    ]
    for frame, same in zip(frames, expected, strict=True):
        assert frame is not None
        assert frame.time_s == pytest.approx(same.time_s, abs=1e-6)
        assert np.array_equal(frame.image_bgr, same.image_bgr)


def positions(frames: Sequence[Frame]) -> list[int]:
    """Indices to seek to, each far from the previous one: forwards, backwards, the first, and the last two."""
    last = len(frames) - 1
    return [last // 2, 3, last, *range(last - 1, 0, -17), 0, *range(9, last, 19), 1]


def test_seeking_gives_the_same_frames_as_sequential_reading(video: Opened) -> None:
    source, frames = video
    for position in positions(frames):
        source.seek(frames[position].time_s)
        assert_same(list(islice(source, 3)), frames[position : position + 3])


def test_a_time_between_two_frames_gives_the_earlier_one(video: Opened) -> None:
    source, frames = video
    for position in (50, 22, 1, 57):
        begin_s, end_s = frames[position].time_s, frames[position + 1].time_s
        for time_s in ((begin_s + end_s) / 2, end_s - 0.002):
            source.seek(time_s)
            assert_same([source.read(), source.read()], frames[position : position + 2])


def test_times_rounded_to_milliseconds_are_exact_enough(video: Opened) -> None:
    source, frames = video
    for position in (46, 7):
        source.seek(round(frames[position].time_s, 3))
        assert_same([source.read()], [frames[position]])


def test_a_time_after_the_end_gives_the_last_frame(video: Opened) -> None:
    source, frames = video
    for time_s in (frames[-1].time_s + 0.5, 1000.0):
        source.seek(time_s)
        assert_same([source.read()], frames[-1:])
        assert source.read() is None
        assert source.read() is None


def test_seeking_to_the_start_works_after_the_end(video: Opened) -> None:
    source, frames = video
    info = source.info
    for _ in source:
        pass
    source.seek(0.0)
    assert_same(list(source), frames)
    source.seek(-3.0)
    assert_same([source.read()], frames[:1])
    assert source.info == info


def test_the_last_of_several_seeks_counts(video: Opened) -> None:
    source, frames = video
    for position in (40, 2, 55, 31):
        source.seek(frames[position].time_s)
    assert_same(list(source), frames[31:])


def test_images_are_not_shared_with_the_source(tmp_path: Path) -> None:
    with opened(CLIPS["B-frames"].write(tmp_path)) as source:
        source.seek(1.0)
        first = source.read()
        assert first is not None
        kept = first.image_bgr.copy()
        first.image_bgr[:] = 7
        source.seek(1.0)
        again = source.read()
    assert again is not None
    assert np.array_equal(again.image_bgr, kept)


@pytest.mark.parametrize("name", ["hours.mkv", "hours.ts"])
def test_data_far_before_the_target_is_not_read(name: str, tmp_path: Path) -> None:
    # As in a cut from a broadcast, the times start at one hour.
    late = {"output_ts_offset": "3600"}
    path = Clip(name, 256, options=X264 | {"g": "20", "bf": "3"}, container=late).write(tmp_path)
    with opened(path) as source:
        assert len(list(source)) == 256
        data = bytearray(path.read_bytes())
        middle = slice(len(data) // 20, len(data) * 7 // 10)
        data[middle] = bytes(len(data[middle]))
        path.write_bytes(data)
        for time_s, frame_number in ((245 / 30, 245), (8.0, 240), (1000.0, 255)):
            source.seek(time_s)
            frame = source.read()
            assert frame is not None
            assert (frame.index, frame_number_of(frame.image_bgr)) == (frame_number, frame_number)
            assert frame.time_s == pytest.approx(frame_number / 30, abs=0.001)


def test_a_closed_video_stays_closed(tmp_path: Path) -> None:
    source = opened(CLIPS["constant rate"].write(tmp_path))
    source.seek(1.0)
    source.close()
    assert source.read() is None
    source.close()


@pytest.mark.parametrize("name", ["cut.mp4", "cut.mkv"])
def test_a_truncated_video_allows_seeking_before_the_cut(name: str, tmp_path: Path) -> None:
    # The index of the MP4 is at the start, so that it survives the cut.
    container = {"movflags": "faststart"} if name.endswith("mp4") else {}
    path = Clip(name, 120, options=X264 | {"g": "10", "bf": "0"}, container=container).write(tmp_path)
    with av.open(str(path)) as file:
        packets = [(packet.pos or 0, packet.size) for packet in file.demux(video=0) if packet.size]
    pos, size = packets[47]
    path.write_bytes(path.read_bytes()[: pos + size // 2])

    frames: list[Frame] = []
    with opened(path) as source:
        with pytest.raises(SourceError, match="after 47 frames"):
            frames.extend(source)  # keeps the frames before the error
        source.seek(0.5)
        assert_same(list(islice(source, 3)), frames[15:18])
        for time_s in (frames[-1].time_s, 2.5, 100.0):
            source.seek(time_s)
            assert_same([source.read()], frames[-1:])
            with pytest.raises(SourceError, match="after 47 frames"):
                source.read()


@pytest.mark.skipif(os.name == "nt", reason="Windows does not delete open files")
def test_a_deleted_video_gives_one_sentence(tmp_path: Path) -> None:
    path = CLIPS["constant rate"].write(tmp_path)
    with opened(path) as source:
        path.unlink()
        with pytest.raises(SourceError, match=r"even\.mp4.*\.$"):
            source.seek(1.0)
        assert source.read() is None


def test_seeking_in_the_demo() -> None:
    with opened("demo") as source:
        frames = list(islice(source, 32))
        for frame in (frames[22], frames[0], frames[10], frames[1], frames[30]):
            for time_s in (frame.time_s, round(frame.time_s, 3), frame.time_s + 0.03):
                source.seek(time_s)
                assert_same([source.read(), source.read()], frames[frame.index : frame.index + 2])
        source.seek(10.0)
        last = source.read()
        assert last is not None
        assert last.index == 299
        assert last.time_s == pytest.approx(299 / 30)
        assert source.read() is None
        source.seek(-1.0)
        assert_same([source.read()], frames[:1])


def write_pictures(folder: Path, count: int, damaged: Sequence[int] = ()) -> None:
    for frame_number in range(count):
        data = cv2.imencode(".png", numbered_frame(frame_number))[1].tobytes()
        (folder / f"picture{frame_number}.png").write_bytes(data[:40] if frame_number in damaged else data)


def frame_numbers_of(source: FrameSource) -> list[tuple[int, int, float]]:
    return [(frame_number_of(frame.image_bgr), frame.index, frame.time_s) for frame in source]


def test_pictures_of_a_folder_are_a_second_apart(tmp_path: Path) -> None:
    write_pictures(tmp_path, 12)
    with opened(tmp_path) as source:
        for time_s, frame_number in ((7.0, 7), (2.99, 2), (11.5, 11), (0.0, 0), (-5.0, 0), (500.0, 11), (4.01, 4)):
            source.seek(time_s)
            assert frame_numbers_of(source) == [(n, n, float(n)) for n in range(frame_number, 12)]


def test_damaged_pictures_of_a_folder_are_not_counted(tmp_path: Path) -> None:
    write_pictures(tmp_path, 9, damaged=(0, 3, 8))
    with opened(tmp_path) as source:
        sequential = frame_numbers_of(source)
        assert sequential == [(1, 0, 0.0), (2, 1, 1.0), (4, 2, 2.0), (5, 3, 3.0), (6, 4, 4.0), (7, 5, 5.0)]
        for position in (3, 0, 5, 2):
            source.seek(float(position))
            assert frame_numbers_of(source) == sequential[position:]
        source.seek(50.0)
        assert frame_numbers_of(source) == sequential[-1:]
        skipped: list[str] = source.skipped  # type: ignore[attr-defined]
    assert len(skipped) == 3  # each is reported once


def test_a_time_after_the_end_of_a_folder_gives_the_last_readable_picture(tmp_path: Path) -> None:
    write_pictures(tmp_path, 6, damaged=(4, 5))
    with opened(tmp_path) as source:
        source.seek(50.0)
        assert frame_numbers_of(source) == [(3, 3, 3.0)]


def test_a_picture_can_be_read_again_after_seeking(tmp_path: Path) -> None:
    write_pictures(tmp_path, 1)
    with opened(tmp_path / "picture0.png") as source:
        for time_s in (0.0, 0.7, 30.0, -1.0):
            source.seek(time_s)
            assert frame_numbers_of(source) == [(0, 0, 0.0)]


def test_a_closed_source_stays_closed(tmp_path: Path) -> None:
    write_pictures(tmp_path, 3)
    for path in (tmp_path, tmp_path / "picture0.png"):
        source = opened(path)
        source.seek(0.0)
        source.close()
        assert list(source) == []


def test_cameras_are_not_seekable(fake_camera: FrameSource) -> None:
    assert not isinstance(fake_camera, SeekableSource)
    assert fake_camera.info.duration_s is None


def test_the_duration_of_a_video(video: Opened) -> None:
    source, frames = video
    if source.info.name == "raw.h264":
        assert source.info.duration_s is None
    else:
        assert source.info.duration_s == pytest.approx(frames[-1].time_s, abs=0.3)


def test_the_duration_of_other_sources(tmp_path: Path) -> None:
    write_pictures(tmp_path, 5)
    durations: dict[str, float] = {"demo": 10.0, str(tmp_path): 5.0, str(tmp_path / "picture0.png"): 1.0}
    for spec, duration_s in durations.items():
        with opened(spec) as source:
            assert source.info.duration_s == duration_s
    info: Callable[..., SourceInfo] = SourceInfo
    assert info("a stream", 64, 48, 30.0, None, live=True).duration_s is None
    assert info("a camera", 64, 48, 30.0, 90, live=True).duration_s is None
    assert info("a clip", 64, 48, 30.0, None, live=False).duration_s is None
    assert info("a clip", 64, 48, 30.0, 90, live=False).duration_s == 3.0
