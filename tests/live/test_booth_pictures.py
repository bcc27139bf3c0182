"""The pictures of the photo booth, and the thread that saves them."""

import threading
from datetime import datetime
from pathlib import Path

import cv2
import numpy as np
import pytest

from agecam.errors import OutputError
from agecam.live.booth import (
    PREVIEW_PX,
    ROUGH_PX,
    SHOTS,
    STEPS,
    THUMBNAIL_PX,
    BoothPicture,
    BoothWorker,
    Outcome,
    roughly_reduced,
    saved_collage,
    shot_of,
)
from agecam.types import Image

NOW = datetime(2026, 11, 27)


def test_the_countdown_leads_to_four_shots() -> None:
    assert [step.figure for step in STEPS[:3]] == [3, 2, 1]
    assert [step.shot for step in STEPS if step.figure == 1] == [1, 2, 3, 4]
    assert SHOTS == 4


def test_a_shot_keeps_every_pixel(astronaut_bgr: Image) -> None:
    large = cv2.resize(astronaut_bgr, (1920, 1080))
    shot = shot_of(large, "a_booth-1", blurred=False)
    assert (cv2.imdecode(np.frombuffer(shot.png, np.uint8), cv2.IMREAD_COLOR) == large).all()
    assert shot.preview_bgr.shape == (720, PREVIEW_PX, 3)
    assert shot.thumbnail_bgr.shape == (144, THUMBNAIL_PX, 3)
    assert shot.path is None


def test_a_huge_picture_is_reduced_in_its_proportions() -> None:
    huge = np.zeros((4000, 8000, 3), np.uint8)
    huge[:, 4000:] = 200
    small = roughly_reduced(huge)
    assert small.shape == (ROUGH_PX // 2, ROUGH_PX, 3)
    assert (small[:, : ROUGH_PX // 2] == 0).all() and (small[:, ROUGH_PX // 2 :] == 200).all()
    assert roughly_reduced(small[:100]).shape == (100, ROUGH_PX, 3)


@pytest.mark.parametrize(("in_grid", "shape"), [(False, (1, 4)), (True, (2, 2))])
def test_a_collage_is_saved_complete_and_overwrites_nothing(
    in_grid: bool, shape: tuple[int, int], tmp_path: Path, astronaut_bgr: Image
) -> None:
    images = [astronaut_bgr] * 4
    first = saved_collage(tmp_path / "new", images, in_grid, "booth", False, NOW)
    second = saved_collage(tmp_path / "new", images, in_grid, "booth", False, NOW)
    assert sorted(path.name for path in (tmp_path / "new").iterdir()) == ["booth-2.png", "booth.png"]
    assert (first.path, second.path) == (tmp_path / "new" / "booth.png", tmp_path / "new" / "booth-2.png")
    height, width = cv2.imread(str(first.path)).shape[:2]
    assert width // 512 == shape[0]
    assert height // 512 == shape[1]


def test_a_collage_that_cannot_be_saved_is_an_error_and_leaves_nothing(tmp_path: Path, astronaut_bgr: Image) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(OutputError, match="not a folder"):
        saved_collage(tmp_path / "file", [astronaut_bgr] * 4, False, "booth", False, NOW)
    assert [path.name for path in tmp_path.iterdir()] == ["file"]


def test_the_worker_runs_tasks_in_order_and_survives_errors(astronaut_bgr: Image) -> None:
    outcomes: list[tuple[int, Outcome]] = []
    worker = BoothWorker(lambda run, outcome: outcomes.append((run, outcome)))
    assert worker.finish(0)  # nothing has begun

    def fail() -> BoothPicture:
        raise OutputError("The disk is full: this is a test.")

    worker.put(1, lambda: shot_of(astronaut_bgr, "first", False))
    worker.put(1, fail)
    worker.put(2, lambda: shot_of(astronaut_bgr, "last", True))
    assert worker.finish(8)
    assert [run for run, _ in outcomes] == [1, 1, 2]
    first, error, last = (outcome for _, outcome in outcomes)
    assert isinstance(first, BoothPicture) and first.stem == "first"
    assert isinstance(error, OutputError)
    assert isinstance(last, BoothPicture) and last.blurred
    assert not [thread for thread in threading.enumerate() if thread.name == "booth"]


def test_the_worker_says_when_it_is_not_done_in_time(astronaut_bgr: Image) -> None:
    may_end = threading.Event()

    def wait() -> BoothPicture:
        may_end.wait(8)
        return shot_of(astronaut_bgr, "late", False)

    worker = BoothWorker(lambda *_: None)
    worker.put(1, wait)
    assert not worker.finish(0.05)
    may_end.set()
    assert worker.finish(8)
