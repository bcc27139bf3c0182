"""A part of a video, or one frame for each so many seconds of it."""

import math
from pathlib import Path

import pytest
from films import FPS, FRAMES, Film

from agecam.errors import SourceError
from agecam.sources import FrameSource, open_source
from agecam.sources.excerpt import ExcerptSource
from agecam.sources.media import FileMedia
from agecam.sources.video import StreamedVideoSource
from agecam.types import Frame

END_S = FRAMES / FPS


@pytest.fixture(scope="module")
def film(tmp_path_factory: pytest.TempPathFactory) -> str:
    return str(Film("film.mp4").write(tmp_path_factory.mktemp("film")))


@pytest.fixture(params=["file", "pipe"])
def whole(request: pytest.FixtureRequest, film: str) -> FrameSource:
    return open_source(film) if request.param == "file" else StreamedVideoSource(FileMedia(Path(film)))


def indices(frames: list[Frame]) -> list[int]:
    return [frame.index for frame in frames]


@pytest.mark.parametrize(
    ("start_s", "end_s", "first", "last"),
    [
        (None, None, 0, FRAMES - 1),
        (1.0, None, 25, FRAMES - 1),
        (None, 1.0, 0, 24),
        (1.0, 2.0, 25, 49),
        (0.0, 100.0, 0, FRAMES - 1),
        (3.56, None, FRAMES - 1, FRAMES - 1),
    ],
)
def test_frames_between_two_times(
    start_s: float | None, end_s: float | None, first: int, last: int, whole: FrameSource
) -> None:
    with ExcerptSource(whole, start_s, end_s) as source:
        frames = list(source)
        assert source.info.frame_count == len(frames)
        assert source.info.duration_s == pytest.approx(len(frames) / FPS, abs=0.001)
        assert source.read() is None
    assert indices(frames) == list(range(first, last + 1))
    assert [frame.time_s for frame in frames] == pytest.approx([index / FPS for index in indices(frames)])


def test_the_frame_that_is_displayed_at_the_start_comes_first(film: str) -> None:
    with open_source(film, start_s=1.01) as source:
        assert [frame.index for frame in source][:2] == [25, 26]


@pytest.mark.parametrize(("every_s", "start_s", "end_s"), [(0.5, None, None), (0.2, 1.0, 2.5), (1.3, 0.4, None)])
def test_one_frame_for_each_so_many_seconds(
    every_s: float, start_s: float | None, end_s: float | None, whole: FrameSource
) -> None:
    start, end = start_s or 0.0, END_S if end_s is None else end_s
    with ExcerptSource(whole, start_s, end_s, every_s) as source:
        frames = list(source)
        assert source.info.frame_count == len(frames)
        assert source.info.fps == pytest.approx(1 / every_s)
    due = [start + number * every_s for number in range(math.ceil((end - start) / every_s))]
    assert indices(frames) == [math.ceil(time_s * FPS - 0.02) for time_s in due]
    assert [frame.time_s for frame in frames] == pytest.approx([index / FPS for index in indices(frames)])
    last = frames[-1]
    assert last.duration_s is not None
    assert last.time_s + last.duration_s == pytest.approx(min(due[-1] + every_s, end))


def test_no_frame_comes_twice(film: str) -> None:
    with open_source(film, every_s=0.001) as source:
        assert source.info.fps == FPS
        assert indices(list(source)) == list(range(FRAMES))


def test_frames_that_are_left_out_are_not_converted(film: str, monkeypatch: pytest.MonkeyPatch) -> None:
    from agecam.sources.display import Display

    converted = []
    convert = Display.picture
    monkeypatch.setattr(Display, "picture", lambda self, frame: converted.append(frame.pts) or convert(self, frame))
    with open_source(film, every_s=1.0) as source:
        converted.clear()
        assert len(list(source)) == 4
    assert len(converted) == 4


def test_a_camera_may_give_fewer_frames(fake_camera: FrameSource) -> None:
    with ExcerptSource(fake_camera, every_s=0.05) as source:
        assert source.info.live
        assert source.info.frame_count is None
        frames = []
        with pytest.raises(SourceError):
            for frame in source:
                frames.append(frame)
    assert 2 <= len(frames) <= 6


def test_a_camera_has_no_start(fake_camera: FrameSource) -> None:
    with pytest.raises(SourceError, match="is live"):
        ExcerptSource(fake_camera, start_s=1.0)
    assert fake_camera.read() is None  # closed


@pytest.mark.parametrize(("start_s", "end_s"), [(END_S, None), (100.0, None), (2.0, 2.0), (2.0, 1.0)])
def test_impossible_times_give_one_sentence(start_s: float, end_s: float | None, whole: FrameSource) -> None:
    with pytest.raises(SourceError) as failure:
        ExcerptSource(whole, start_s, end_s)
    assert "choose" in str(failure.value)
    assert whole.read() is None


def test_pictures_have_no_times(film: str, tmp_path: Path) -> None:
    import cv2
    import numpy as np

    cv2.imwrite(str(tmp_path / "a.png"), np.zeros((20, 20, 3), np.uint8))
    with open_source(str(tmp_path / "a.png"), start_s=5.0, end_s=6.0, every_s=2.0) as source:
        assert len(list(source)) == 1


def test_the_demo_has_times() -> None:
    with open_source("demo", start_s=2.0, end_s=3.0, every_s=0.25) as source:
        assert [round(frame.time_s, 2) for frame in source] == [2.0, 2.27, 2.5, 2.77]
