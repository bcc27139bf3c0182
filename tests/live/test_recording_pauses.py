"""Pauses in recordings leave no gap, and the clock counts what is in the file."""

from pathlib import Path

import av
import pytest
from live_parts import picture

from agecam.live.recording import Recording

FPS = 25


def times_of(recording: Recording) -> list[float]:
    recording.stop()
    assert recording.wait(10)
    assert recording.error is None
    with av.open(str(recording.path)) as file:
        return [float(frame.time or 0) for frame in file.decode(video=0)]


def put(recording: Recording, begin_s: float, count: int) -> None:
    for index in range(count):
        recording.put(picture(index), begin_s + index / FPS)


def test_frames_after_a_pause_follow_those_before(tmp_path: Path) -> None:
    recording = Recording(tmp_path / "a.mp4", 320, 240, FPS)
    put(recording, 100, 3)
    recording.pause()
    put(recording, 101, 3)  # left out, and not dropped
    recording.resume()
    put(recording, 160, 2)
    recording.pause()
    recording.pause()
    recording.resume()
    recording.resume()
    put(recording, 3000, 3)
    assert times_of(recording) == pytest.approx([index / FPS for index in range(8)], abs=1e-3)
    assert (recording.frames, recording.dropped) == (8, 0)
    assert recording.seconds == pytest.approx(8 / FPS, abs=1e-3)


def test_without_a_pause_gaps_are_kept(tmp_path: Path) -> None:
    recording = Recording(tmp_path / "a.mp4", 320, 240, FPS)
    put(recording, 100, 3)
    recording.resume()
    put(recording, 102, 1)
    assert times_of(recording)[-1] == pytest.approx(2, abs=1e-3)
    assert recording.seconds == pytest.approx(2 + 1 / FPS, abs=1e-3)


def test_a_pause_before_the_first_frame(tmp_path: Path) -> None:
    recording = Recording(tmp_path / "a.mp4", 320, 240, FPS)
    recording.pause()
    put(recording, 100, 3)
    assert recording.seconds == 0
    recording.resume()
    put(recording, 200, 4)
    assert times_of(recording) == pytest.approx([index / FPS for index in range(4)], abs=1e-3)


def test_a_recording_that_is_paused_throughout_leaves_no_file(tmp_path: Path) -> None:
    recording = Recording(tmp_path / "a.mp4", 320, 240, FPS)
    recording.pause()
    put(recording, 100, 3)
    recording.stop()
    assert recording.wait(10)
    assert list(tmp_path.iterdir()) == []
