"""The analysis of a whole video, with the real networks."""

import threading
from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
import pytest
from live_parts import SquareEngine, wait_until

from agecam.engine.options import EngineOptions
from agecam.errors import AgeCamError, DetectorError, SourceError, WeightsError
from agecam.live.inference import LiveEngine
from agecam.live.loading import build_live_engine
from agecam.live.whole import WholeAnalysis
from agecam.sources import FrameSource, open_source
from agecam.types import Frame, FrameResult, Image

WriteVideo = Callable[..., Path]


def scene(portrait: Image, left: int) -> Image:
    """A portrait on grey."""
    image = np.full((360, 640, 3), 90, np.uint8)
    small = cv2.resize(portrait, (300, round(300 * portrait.shape[0] / portrait.shape[1])))[:360]
    image[: len(small), left : left + 300] = small
    return image


def test_the_lanes_of_a_film_with_two_people(write_video: WriteVideo, astronaut_bgr: Image, hopper_bgr: Image) -> None:
    nobody = np.full((360, 640, 3), 90, np.uint8)
    first, second = scene(astronaut_bgr, 20), scene(hopper_bgr, 320)
    path = write_video("film.mp4", [first] * 30 + [nobody] * 30 + [second] * 30 + [nobody] * 30 + [first] * 30)
    changes: list[float] = []
    whole = WholeAnalysis(
        lambda: open_source(str(path)), build_live_engine, EngineOptions(), lambda: changes.append(whole.progress)
    )
    wait_until(lambda: whole.ended, 60)
    assert whole.error is None
    assert whole.done
    assert whole.timeline.complete
    lanes = whole.timeline.lanes()
    assert len(lanes) == 2
    spans = [[(round(s.start_s), round(s.end_s)) for s in lane.stretches] for lane in lanes]
    assert spans == [[(0, 1), (4, 5)], [(2, 3)]]
    assert [lane.gender for lane in lanes] == ["female", "female"]
    assert lanes[0].age + 10 < lanes[1].age
    assert changes == sorted(changes)
    assert len(changes) > 20


def test_it_stops_when_asked_to(write_video: WriteVideo, astronaut_bgr: Image) -> None:
    path = write_video("film.mp4", [scene(astronaut_bgr, 20)] * 60)
    whole = WholeAnalysis(
        lambda: open_source(str(path)), lambda _: SquareEngine(takes_s=0.05), EngineOptions(), lambda: None
    )
    wait_until(lambda: whole.progress > 0)
    assert whole.stop(5)
    assert not whole.done
    assert not whole.timeline.complete
    assert "whole-analysis" not in {thread.name for thread in threading.enumerate()}


@pytest.mark.parametrize("fails", ["source", "engine", "every frame"])
def test_what_ends_it_is_kept_as_an_error(fails: str, write_video: WriteVideo, astronaut_bgr: Image) -> None:
    path = write_video("film.mp4", [scene(astronaut_bgr, 20)] * 60)

    def open_film() -> FrameSource:
        if fails == "source":
            raise SourceError("The file is gone: open it again.")
        return open_source(str(path))

    def build(_: EngineOptions) -> LiveEngine:
        if fails == "engine":
            raise WeightsError("The weights are damaged: reinstall the model.")
        return SquareEngine(fails_at=0)

    ended = threading.Event()
    whole = WholeAnalysis(open_film, build, EngineOptions(), ended.set)
    wait_until(lambda: whole.ended)
    assert isinstance(whole.error, AgeCamError)
    assert not whole.done
    assert ended.is_set()


def test_single_frames_that_cannot_be_analysed_are_left_out(write_video: WriteVideo, astronaut_bgr: Image) -> None:
    class Unsteady(SquareEngine):
        def step(self, frame: Frame) -> FrameResult:
            if frame.index % 4 == 0:
                raise DetectorError("The face detector failed on a picture: this is a test.")
            return super().step(frame)

    path = write_video("film.mp4", [scene(astronaut_bgr, 20)] * 60)
    engine = Unsteady()
    whole = WholeAnalysis(lambda: open_source(str(path)), lambda _: engine, EngineOptions(), lambda: None)
    wait_until(lambda: whole.ended)
    assert whole.done
    assert len(whole.timeline) == 1
    assert engine.thorough
