"""Single steps in a file, forward and back, and seeking while a seek is under way."""

import threading
from collections.abc import Callable, Iterator

import numpy as np
import pytest
from live_parts import FakeFile, index_of, picture, wait_until

from agecam.live.capture import CaptureThread, Phase
from agecam.sources import FrameSource, open_source
from agecam.types import Frame

UNEVEN_MS = [0, 3, 40, 44, 300, 310, 333, 900, 905, 1000, 1033, 1066]
StartCapture = Callable[[Callable[[], FrameSource]], CaptureThread]


@pytest.fixture
def frames() -> list[Frame]:
    """The frames that were delivered."""
    return []


@pytest.fixture
def start_capture(frames: list[Frame]) -> Iterator[StartCapture]:
    started: list[CaptureThread] = []

    def start(open_file: Callable[[], FrameSource]) -> CaptureThread:
        capture = CaptureThread(open_file, False, lambda frame, _: frames.append(frame), lambda: None)
        started.append(capture)
        capture.start()
        return capture

    yield start
    assert all(capture.stop(2.0) for capture in started)


def test_steps_back_are_exact_between_uneven_frames(
    start_capture: StartCapture, frames: list[Frame], write_video: Callable[..., object]
) -> None:
    path = write_video("uneven.mp4", [picture(index) for index in range(len(UNEVEN_MS))], times_ms=UNEVEN_MS)
    capture = start_capture(lambda: open_source(str(path)))
    wait_until(lambda: capture.state.phase is Phase.ENDED)
    played = list(frames)
    assert [round(1000 * frame.time_s) for frame in played] == UNEVEN_MS
    for expected in (*played[-2::-1], played[0]):
        before = len(frames)
        capture.step_back()
        wait_until(lambda before=before: len(frames) > before)  # type: ignore[misc]
        assert (frames[-1].index, frames[-1].time_s) == (expected.index, expected.time_s)
        assert index_of(frames[-1].image_bgr) == index_of(expected.image_bgr)
        np.testing.assert_array_equal(frames[-1].image_bgr, expected.image_bgr)
        wait_until(lambda: capture.state.phase is Phase.PAUSED)
    for expected in played[1:]:
        capture.step()
        wait_until(lambda expected=expected: frames[-1].index == expected.index)  # type: ignore[misc]


def test_steps_add_up(start_capture: StartCapture, frames: list[Frame]) -> None:
    capture = start_capture(lambda: FakeFile(90))
    wait_until(lambda: len(frames) > 5)
    capture.pause()
    wait_until(lambda: capture.state.phase is Phase.PAUSED)
    at = frames[-1].index
    for _ in range(4):
        capture.step_back()
    capture.step()
    wait_until(lambda: frames[-1].index == at - 3)
    capture.play()
    wait_until(lambda: frames[-1].index > at)
    indices = [frame.index for frame in frames]
    begun = len(indices) - 1 - indices[::-1].index(at - 3)
    assert indices[begun:] == list(range(at - 3, at - 3 + len(indices) - begun))


def test_before_the_first_frame_there_is_none(start_capture: StartCapture, frames: list[Frame]) -> None:
    capture = start_capture(lambda: FakeFile(90))
    capture.pause()
    for _ in range(3):
        capture.step_back()
    wait_until(lambda: capture.state.phase is Phase.PAUSED and len(frames) >= 3)
    assert frames[-1].index == 0


def test_the_position_is_the_target_of_a_seek_until_it_is_reached(
    start_capture: StartCapture, frames: list[Frame]
) -> None:
    may_seek = threading.Event()

    class SlowFile(FakeFile):
        def seek(self, time_s: float) -> None:
            may_seek.wait(5)
            super().seek(time_s)

    capture = start_capture(lambda: SlowFile(600))
    wait_until(lambda: len(frames) > 0)
    for _ in range(2):
        capture.seek(capture.position_s + 5)
    assert capture.position_s >= 10
    may_seek.set()
    wait_until(lambda: frames[-1].index >= 300)
    wait_until(lambda: capture.position_s == capture.state.time_s)
