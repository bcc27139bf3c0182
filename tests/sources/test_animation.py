"""Animated WebP, PNG and AVIF pictures are short videos."""

from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from picture_files import STORED, exif_block, saved
from PIL import Image as Pillow

from agecam.errors import SourceError
from agecam.sources import FrameSource, SeekableSource, open_source, read_picture
from agecam.sources.pictures import FolderSource
from agecam.types import Image

HEIGHT, WIDTH = 48, 64
DURATIONS_MS = [200, 40, 1000, 100, 300, 20, 500, 100]


def numbered(number: int, height: int = HEIGHT, width: int = WIDTH) -> Image:
    """A frame whose brightness encodes its number, with a corner to tell how it is turned."""
    image = np.full((height, width, 3), 20 + 25 * number, np.uint8)
    image[: height // 4, : width // 4] = (0, 0, 255)
    return image


def number_of(image: Image) -> int:
    return round((float(image[image.shape[0] // 2 :].mean()) - 20) / 25)


def animation(form: str, frames: list[Image], durations_ms: list[int], **options: object) -> bytes:
    pictures = [Pillow.fromarray(np.ascontiguousarray(frame[..., ::-1])) for frame in frames]
    chosen: dict[str, object] = {"WEBP": {"lossless": True}, "AVIF": {"quality": 95}}.get(form, {}) | options
    return saved(pictures[0], form, save_all=True, append_images=pictures[1:], duration=durations_ms, **chosen)


FORMS = {"WEBP": "clip.webp", "PNG": "clip.png", "AVIF": "clip.avif"}


@pytest.fixture(params=FORMS)
def form(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def path(form: str, tmp_path: Path) -> Path:
    path = tmp_path / FORMS[form]
    path.write_bytes(animation(form, [numbered(number) for number in range(8)], DURATIONS_MS))
    return path


@pytest.fixture
def source(path: Path) -> Iterator[FrameSource]:
    with open_source(str(path)) as source:
        yield source


def test_it_is_a_video_with_its_own_times(source: FrameSource, path: Path) -> None:
    times = [sum(DURATIONS_MS[:number]) / 1000 for number in range(8)]
    info = source.info
    assert (info.name, info.width, info.height, info.frame_count, info.live) == (path.name, WIDTH, HEIGHT, 8, False)
    assert info.duration_s == pytest.approx(2.26)
    assert info.fps == pytest.approx(8 / 2.26)
    frames = list(source)
    assert [frame.index for frame in frames] == list(range(8))
    assert [frame.time_s for frame in frames] == pytest.approx(times, abs=1e-3)
    assert [frame.duration_s for frame in frames] == pytest.approx([time / 1000 for time in DURATIONS_MS], abs=1e-3)
    assert [number_of(frame.image_bgr) for frame in frames] == list(range(8))
    assert not any(frame.still for frame in frames)
    assert all(frame.image_bgr.flags.c_contiguous for frame in frames)
    assert not any(np.shares_memory(one.image_bgr, two.image_bgr) for one, two in pairwise(frames))
    assert source.read() is None
    assert source.info == info


def test_seeking_gives_the_same_frames(source: FrameSource) -> None:
    assert isinstance(source, SeekableSource)
    frames = list(source)
    for position in (5, 2, 7, 0, 3, 3, 6, 1):
        for time_s in (frames[position].time_s, round(frames[position].time_s, 3), frames[position].time_s + 0.012):
            source.seek(time_s)
            for expected in frames[position : position + 2]:
                frame = source.read()
                assert frame is not None
                assert (frame.index, frame.time_s) == (expected.index, expected.time_s)
                assert np.array_equal(frame.image_bgr, expected.image_bgr)
    for time_s, position in ((99.0, 7), (-1.0, 0)):
        source.seek(time_s)
        assert [frame.index for frame in source] == list(range(position, 8))


def test_a_closed_animation_stays_closed(source: FrameSource) -> None:
    assert isinstance(source, SeekableSource)
    assert source.read() is not None
    source.close()
    source.seek(0.0)
    assert source.read() is None
    source.close()


def test_the_content_decides_and_the_first_frame_is_the_picture(path: Path, tmp_path: Path) -> None:
    other = path.rename(tmp_path / "really.mp4")
    with open_source(str(other)) as source:
        assert source.info.frame_count == 8
    assert number_of(read_picture(other)) == 0


def test_an_excerpt(path: Path) -> None:
    with open_source(str(path), start_s=0.25, end_s=1.5) as source:
        assert [frame.index for frame in source] == [2, 3, 4]


def test_a_single_frame_is_a_picture(form: str, tmp_path: Path) -> None:
    path = tmp_path / "one"
    path.write_bytes(animation(form, [numbered(3)], [100]))
    with open_source(str(path)) as source:
        assert (source.info.fps, source.info.frame_count) == (None, 1)
        (frame,) = source
    assert frame.still
    assert number_of(frame.image_bgr) == 3


def test_folders_leave_animations_out(path: Path) -> None:
    with pytest.raises(SourceError, match="contains no pictures"):
        FolderSource(path.parent)


def test_frames_are_composited(tmp_path: Path) -> None:
    """A frame that covers only a part of the picture leaves the rest as it was."""
    first, second = numbered(1), numbered(1)
    second[30:40, 40:60] = (250, 10, 10)
    for form, name in (("WEBP", "part.webp"), ("PNG", "part.png")):
        data = animation(form, [first, second], [100, 100])
        assert len(data) < len(animation(form, [first, 255 - second], [100, 100]))  # the encoder found the part
        (tmp_path / name).write_bytes(data)
        with open_source(str(tmp_path / name)) as source:
            assert all(
                np.array_equal(frame.image_bgr, image) for frame, image in zip(source, (first, second), strict=True)
            )


@pytest.mark.parametrize("form", ["WEBP", "PNG"])  # Pillow crashes when it writes an animated AVIF that is turned
@pytest.mark.parametrize("orientation", [3, 5, 6, 8])
def test_the_orientation_is_applied(form: str, orientation: int, tmp_path: Path) -> None:
    stored = [np.ascontiguousarray(STORED[orientation](numbered(number))) for number in range(3)]
    data = animation(form, stored, [100] * 3, exif=b"Exif\0\0" + exif_block(orientation))
    (tmp_path / FORMS[form]).write_bytes(data)
    with open_source(str(tmp_path / FORMS[form])) as source:
        assert (source.info.width, source.info.height) == (WIDTH, HEIGHT)
        for number, frame in enumerate(source):
            expected = numbered(number)
            assert frame.image_bgr.shape == expected.shape
            assert np.abs(frame.image_bgr.astype(int) - expected).mean() < 6


def test_very_short_frames_last_as_long_as_in_browsers(tmp_path: Path) -> None:
    for form in ("WEBP", "PNG"):
        path = tmp_path / FORMS[form]
        path.write_bytes(animation(form, [numbered(number) for number in range(4)], [0, 10, 20, 0]))
        with open_source(str(path)) as source:
            assert [frame.time_s for frame in source] == pytest.approx([0, 0.1, 0.2, 0.22])


def test_a_png_whose_still_picture_is_no_frame(tmp_path: Path) -> None:
    path = tmp_path / "with-cover.png"
    frames = [numbered(number) for number in range(4)]
    path.write_bytes(animation("PNG", frames, [100] * 3, default_image=True))
    with open_source(str(path)) as source:
        assert [number_of(frame.image_bgr) for frame in source] == [1, 2, 3]
        assert source.info.frame_count == 3


def shortened(form: str, data: bytes) -> bytes:
    """Without the last part of the data of its frames."""
    return data[: round(len(data) * 0.6)]


def noisy(number: int) -> Image:
    return np.random.default_rng(number).integers(0, 256, (HEIGHT, WIDTH, 3), np.uint8)


@pytest.mark.parametrize("form", ["PNG"])
def test_a_file_that_ends_early_gives_its_frames_then_an_error(form: str, tmp_path: Path) -> None:
    path = tmp_path / FORMS[form]
    path.write_bytes(shortened(form, animation(form, [noisy(number) for number in range(6)], [100] * 6)))
    frames = []
    with open_source(str(path)) as source:
        with pytest.raises(SourceError, match=r"ends early, after 3 frames"):
            for frame in source:
                frames.append(frame)
        assert len(frames) == 3
        assert source.read() is None
        assert isinstance(source, SeekableSource)
        for time_s, position in ((0.1, 1), (50.0, 2), (0.0, 0)):
            source.seek(time_s)
            again = source.read()
            assert again is not None
            assert again.index == position
            assert np.array_equal(again.image_bgr, frames[position].image_bgr)


@pytest.mark.parametrize("share", [0.05, 0.3, 0.6, 0.95])
def test_a_cut_file_gives_frames_or_one_sentence(form: str, share: float, tmp_path: Path) -> None:
    data = animation(form, [noisy(number) for number in range(5)], [100] * 5)
    path = tmp_path / FORMS[form]
    path.write_bytes(data[: round(len(data) * share)])
    try:
        with open_source(str(path)) as source:
            for frame in source:
                assert frame.image_bgr.shape == (HEIGHT, WIDTH, 3)
    except SourceError as error:
        assert path.name in str(error)
        assert str(error).endswith(".")
