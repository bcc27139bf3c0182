"""The demo shows real faces at the positions given by `people_at`."""

import itertools
from collections.abc import Iterator

import numpy as np
import pytest

from agecam.sources import open_source
from agecam.sources.demo import FRAME_COUNT, HEIGHT_PX, WIDTH_PX, DemoPerson, people_at
from agecam.types import Box, Frame, Image


@pytest.fixture(scope="module")
def frames() -> dict[int, Frame]:
    """Every tenth frame."""
    with open_source("demo") as source:
        return {frame.index: frame for frame in itertools.islice(source, 0, None, 10)}


def is_inside(box: Box) -> bool:
    x, y, width, height = box
    return x >= 0 and y >= 0 and x + width <= WIDTH_PX and y + height <= HEIGHT_PX


def overlap(a: Box, b: Box) -> float:
    """Intersection over union."""
    width = min(a[0] + a[2], b[0] + b[2]) - max(a[0], b[0])
    height = min(a[1] + a[3], b[1] + b[3]) - max(a[1], b[1])
    shared = max(width, 0.0) * max(height, 0.0)
    return shared / (a[2] * a[3] + b[2] * b[3] - shared)


def fully_visible(index: int) -> tuple[DemoPerson, ...]:
    return tuple(person for person in people_at(index) if is_inside(person.box))


def all_boxes() -> Iterator[Box]:
    return (person.box for index in range(FRAME_COUNT) for person in fully_visible(index))


def test_the_demo_is_ten_seconds_of_720p(frames: dict[int, Frame]) -> None:
    with open_source("demo") as source:
        info = source.info
    assert (info.name, info.width, info.height, info.fps, info.frame_count) == ("demo", 1280, 720, 30.0, 300)
    assert len(frames) == 30
    assert all(frame.image_bgr.shape == (720, 1280, 3) for frame in frames.values())
    assert frames[290].time_s == pytest.approx(290 / 30)


def test_the_demo_is_the_same_each_time(frames: dict[int, Frame]) -> None:
    with open_source("demo") as again:
        for frame in itertools.islice(again, 0, 120, 40):
            assert np.array_equal(frame.image_bgr, frames[frame.index].image_bgr)


def test_people_vary_in_number_and_size() -> None:
    counts = [len(fully_visible(index)) for index in range(FRAME_COUNT)]
    assert counts[0] == 2
    assert max(counts) == 4
    empty = [not people_at(index) for index in range(FRAME_COUNT)]
    longest = max(len(list(run)) for is_empty, run in itertools.groupby(empty) if is_empty)
    assert 25 <= longest <= 40
    heights = [box[3] for box in all_boxes()]
    assert min(heights) < 65
    assert max(heights) > 250


def test_two_people_pass_each_other() -> None:
    def centres_x(index: int) -> list[float]:
        return [person.box[0] + person.box[2] / 2 for person in people_at(index)]

    before, after = centres_x(30), centres_x(100)
    assert (before[0] < before[1], after[0] < after[1]) == (True, False)
    assert max(overlap(*(person.box for person in people_at(index))) for index in range(45, 95)) > 0.25


def test_the_picture_is_smooth_and_empty_between_the_scenes(frames: dict[int, Frame]) -> None:
    empty = frames[140].image_bgr.astype(int)
    assert not people_at(140)
    assert np.abs(np.diff(empty, axis=1)).max() <= 3
    assert np.abs(empty - frames[150].image_bgr).mean() > 0.1


@pytest.mark.filterwarnings("ignore")  # warnings of TensorFlow while it loads
def test_mtcnn_finds_the_faces_at_the_stated_positions(frames: dict[int, Frame]) -> None:
    from mtcnn import MTCNN

    detector = MTCNN()
    for index in (0, 40, 100, 190, 250, 290):
        rgb: Image = np.ascontiguousarray(frames[index].image_bgr[:, :, ::-1])
        found = [tuple(face["box"]) for face in detector.detect_faces(rgb)]
        people = fully_visible(index)
        assert len(found) == len(people) > 0
        for person in people:
            assert max(overlap(person.box, box) for box in found) > 0.6, (index, person.name)
