"""Frames look as a player displays them: the shape of the pixels, the stream that is shown, the last frame."""

import struct
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest
from films import duration_of
from fixture_types import WriteVideo
from test_seek import VARIABLE_MS, X264, Clip

from agecam.errors import SourceError
from agecam.outputs import VideoWriter
from agecam.sources import open_source
from agecam.types import Image

HEIGHT, WIDTH = 96, 128
_DEFAULT: Any = av.stream.Disposition.default.value
_COVER: Any = av.stream.Disposition.attached_pic.value


def halves() -> Image:
    """White on the left, black on the right."""
    image = np.zeros((HEIGHT, WIDTH, 3), np.uint8)
    image[:, : WIDTH // 2] = 255
    return image


def write_squeezed(path: Path, aspects: list[Fraction], frames: int = 5) -> Path:
    """A video whose pixels are `aspect` times as wide as high; each aspect in a part of its own."""
    content = b""
    for aspect in aspects:
        with av.open(str(path), "w") as file:
            stream = file.add_stream("libx264", rate=25, options={"g": "5"})
            assert isinstance(stream, av.VideoStream)
            stream.width, stream.height, stream.pix_fmt = WIDTH, HEIGHT, "yuv420p"
            stream.codec_context.sample_aspect_ratio = aspect
            for number in range(frames):
                frame = av.VideoFrame.from_ndarray(halves(), format="bgr24")
                frame.pts, frame.time_base = number, Fraction(1, 25)
                file.mux(stream.encode(frame))
            file.mux(stream.encode(None))
        content += path.read_bytes()
    path.write_bytes(content)
    return path


@pytest.mark.parametrize("name", ["clip.mp4", "clip.mkv", "clip.ts", "clip.avi"])
@pytest.mark.parametrize("aspect", [Fraction(2), Fraction(16, 15), Fraction(8, 9), Fraction(1, 2)])
def test_pixels_that_are_not_square(name: str, aspect: Fraction, tmp_path: Path) -> None:
    width = round(WIDTH * aspect)
    with open_source(str(write_squeezed(tmp_path / name, [aspect]))) as source:
        assert (source.info.width, source.info.height) == (width, HEIGHT)
        for frame in source:
            image = frame.image_bgr
            assert image.shape == (HEIGHT, width, 3)
            assert image[:, : width // 2 - 4].min() > 240
            assert image[:, width // 2 + 4 :].max() < 15


def test_the_shape_of_pixels_may_change(tmp_path: Path) -> None:
    path = write_squeezed(tmp_path / "programme.ts", [Fraction(1), Fraction(4, 3)], frames=10)
    with open_source(str(path)) as source:
        widths = [frame.image_bgr.shape[1] for frame in source]
    assert widths[0] == WIDTH
    assert widths[-1] == round(WIDTH * 4 / 3)


def test_pixels_of_a_damaged_file_are_square(tmp_path: Path) -> None:
    with open_source(str(write_squeezed(tmp_path / "clip.mp4", [Fraction(1000)]))) as source:
        assert (source.info.width, source.info.height) == (WIDTH, HEIGHT)


def test_a_rotated_video_with_wide_pixels(tmp_path: Path) -> None:
    path = write_squeezed(tmp_path / "phone.mp4", [Fraction(2)])
    data = bytearray(path.read_bytes())
    # The display matrix, which the aspect scales: quarter turn clockwise.
    offset = data.index(b"tkhd") + 4 + 40
    data[offset : offset + 36] = struct.pack(">9i", 0, 1 << 16, 0, -1 << 16, 0, 0, 0, 0, 1 << 30)
    path.write_bytes(data)
    with open_source(str(path)) as source:
        assert (source.info.width, source.info.height) == (HEIGHT, 2 * WIDTH)
        frame = source.read()
    assert frame is not None
    assert frame.image_bgr[: WIDTH - 4].min() > 240
    assert frame.image_bgr[WIDTH + 4 :].max() < 15


def two_streams(path: Path, default: int | None, cover: bool = False) -> Path:
    """A grey video of 64 x 48, and a white one of 128 x 96 or a white cover of that size."""
    with av.open(str(path), "w") as file:
        streams = []
        for number, (width, height) in enumerate(((64, 48), (WIDTH, HEIGHT))):
            stream = file.add_stream("mjpeg" if cover and number else "libx264", rate=25)
            assert isinstance(stream, av.VideoStream)
            stream.width, stream.height = width, height
            stream.pix_fmt = "yuvj420p" if cover and number else "yuv420p"
            streams.append(stream)
            stream.disposition = _DEFAULT if number == default else 0
            if cover and number:
                stream.disposition = _COVER
        for index in range(10):
            for number, stream in enumerate(streams):
                if cover and number and index:
                    continue
                level = 255 if number else 100
                frame = av.VideoFrame.from_ndarray(
                    np.full((stream.height, stream.width, 3), level, np.uint8), format="bgr24"
                )
                frame.pts, frame.time_base = index, Fraction(1, 25)
                file.mux(stream.encode(frame))
        for stream in streams:
            file.mux(stream.encode(None))
    return path


@pytest.mark.parametrize(("default", "width"), [(0, 64), (1, WIDTH)])
def test_the_default_stream_is_shown(default: int, width: int, tmp_path: Path) -> None:
    with open_source(str(two_streams(tmp_path / "two.mkv", default))) as source:
        assert source.info.width == width
        assert {frame.image_bgr.shape[1] for frame in source} == {width}


def test_without_a_default_the_largest_stream_is_shown(tmp_path: Path) -> None:
    with open_source(str(two_streams(tmp_path / "two.ts", None))) as source:
        assert {frame.image_bgr.shape[1] for frame in source} == {WIDTH}


def test_a_cover_is_not_shown(tmp_path: Path) -> None:
    with open_source(str(two_streams(tmp_path / "covered.mp4", 1, cover=True))) as source:
        assert {frame.image_bgr.shape[1] for frame in source} == {64}


def test_a_song_with_a_cover_is_no_video(tmp_path: Path) -> None:
    path = tmp_path / "song.mp4"
    with av.open(str(path), "w") as file:
        cover = file.add_stream("mjpeg", rate=1)
        assert isinstance(cover, av.VideoStream)
        cover.width, cover.height, cover.pix_fmt = 64, 48, "yuvj420p"
        cover.disposition = _COVER
        sound = file.add_stream("aac", rate=8000)
        heard = av.AudioFrame.from_ndarray(np.zeros((2, 8000), np.float32), format="fltp", layout="stereo")
        heard.sample_rate = 8000
        shown = av.VideoFrame.from_ndarray(np.zeros((48, 64, 3), np.uint8), format="bgr24")
        for packet in (*cover.encode(shown), *cover.encode(None), *sound.encode(heard), *sound.encode(None)):
            file.mux(packet)
    with pytest.raises(SourceError, match=r"song\.mp4.*no video"):
        open_source(str(path))


RATES = {
    "one frame in 10 s": ("lapse.mp4", Fraction(1, 10), 6),
    "one frame in 10 s in mkv": ("lapse.mkv", Fraction(1, 10), 6),
    "one frame a minute": ("minutes.mp4", Fraction(1, 60), 5),
    "two frames in 3 s": ("slow.mp4", Fraction(2, 3), 6),
    "24 frames a second": ("film.mkv", Fraction(24), 30),
    "29.97 frames a second": ("broadcast.ts", Fraction(30000, 1001), 60),
    "120 frames a second": ("fast.mp4", Fraction(120), 60),
}


@pytest.mark.parametrize("suffix", [".mp4", ".mkv"])
@pytest.mark.parametrize("rate", RATES)
def test_the_annotated_video_lasts_as_long_as_the_source(rate: str, suffix: str, tmp_path: Path) -> None:
    name, fps, count = RATES[rate]
    path = Clip(name, count, fps, options=X264 | {"bf": "2"}).write(tmp_path)
    out = tmp_path / f"out{suffix}"
    with open_source(str(path)) as source:
        assert source.info.fps == pytest.approx(float(fps), rel=0.001)
        with VideoWriter(out, source.info.width, source.info.height, source.info.fps or 0) as writer:
            for frame in source:
                writer.write(frame.image_bgr, frame.time_s, frame.duration_s)
    assert duration_of(out) == pytest.approx(count / fps, abs=0.02)
    with av.open(str(out)) as file:
        times = [frame.time or 0.0 for frame in file.decode(video=0)]
    assert times == pytest.approx([float(number / fps) for number in range(count)], abs=0.002)


@pytest.mark.parametrize("suffix", [".mp4", ".mkv"])
def test_the_last_frame_lasts_as_long_as_it_should(suffix: str, write_video: WriteVideo, tmp_path: Path) -> None:
    # Of a GIF, each frame states how long it is displayed.
    gif = write_video(
        "clip.gif", [halves()] * 4, times_ms=[0, 100, 200, 1500], codec="gif", pixels="rgb8", container={}
    )
    data = bytearray(gif.read_bytes())
    last = data.rindex(b"\x21\xf9\x04")
    data[last + 4 : last + 6] = struct.pack("<H", 300)
    gif.write_bytes(data)
    out = tmp_path / f"out{suffix}"
    with open_source(str(gif)) as source, VideoWriter(out, WIDTH, HEIGHT, source.info.fps or 0) as writer:
        for frame in source:
            writer.write(frame.image_bgr, frame.time_s, frame.duration_s)
        assert frame.duration_s == pytest.approx(3.0)
    assert duration_of(out) == pytest.approx(1.5 + 3.0, abs=0.02)


def test_the_duration_of_a_variable_rate_is_that_of_its_times(tmp_path: Path) -> None:
    path = Clip("uneven.mp4", times_ms=VARIABLE_MS, options=X264).write(tmp_path)
    with open_source(str(path)) as source:
        assert source.info.duration_s == pytest.approx(VARIABLE_MS[-1] / 1000, abs=0.3)
