"""Times are continuous whatever the clock of a file does, and seeking finds the same frames."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import av
import numpy as np
import pytest
from test_seek import X264, Clip, assert_same, frame_number_of, opened

from agecam.outputs import VideoWriter
from agecam.sources.clock import ContinuousClock

COUNT = 60
PERIOD_S = 1 / 30
BASE = Clip("part.ts", COUNT, options=X264 | {"g": "20", "bf": "3"})
DAY_OF_33_BITS_S = 2**33 / 90_000


def joined(*offsets_s: float, name: str = "part.ts") -> Callable[[Path], Path]:
    """Parts one after another; the clock of each begins at its offset."""

    def write(folder: Path) -> Path:
        parts = []
        for offset_s in offsets_s:
            container = {"output_ts_offset": str(offset_s)}
            parts.append(replace(BASE, name=name, container=container).write(folder).read_bytes())
        path = folder / f"joined{Path(name).suffix}"
        path.write_bytes(b"".join(parts))
        return path

    return write


def with_gap(name: str, gap_ms: int, **changes: Any) -> Callable[[Path], Path]:
    """The display times jump in the middle, while frames are decoded out of order."""
    times_ms = [round(1000 * PERIOD_S * number) + (gap_ms if number >= COUNT // 2 else 0) for number in range(COUNT)]
    return replace(BASE, name=name, times_ms=times_ms, **changes).write


HOURS_MS = 11 * 3_600_000
CLOCKS: dict[str, tuple[Callable[[Path], Path], int]] = {
    "forward by 11 hours": (joined(0, 39_600), 2),
    "forward by 20 seconds": (joined(0, 22), 2),
    "back by 11 hours": (joined(39_600, 0), 2),
    "back by 20 seconds": (joined(30, 8), 2),
    "restarts": (joined(0, 0), 2),
    "restarts three times": (joined(0, 0, 0, 0), 4),
    "forward and back": (joined(0, 39_600, 10), 3),
    "restarts in mpeg, mostly without times": (joined(0, 0, name="part.mpg"), 2),
    "wraps": (joined(DAY_OF_33_BITS_S - 2.5), 1),
    "jumps between frames in mpegts": (with_gap("gap.ts", HOURS_MS), 1),
    "jumps between frames in mp4": (with_gap("gap.mp4", HOURS_MS), 1),
    "jumps between frames in mkv": (with_gap("gap.mkv", HOURS_MS), 1),
    "jumps in flv": (with_gap("gap.flv", 60_000, codec="flv", options={}), 1),
}


@pytest.fixture(scope="module", params=CLOCKS)
def jumping(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, int]:
    write, parts = CLOCKS[request.param]
    return write(tmp_path_factory.mktemp("clock")), parts


def test_times_go_on_without_a_gap(jumping: tuple[Path, int]) -> None:
    path, parts = jumping
    with opened(path) as source:
        frames = list(source)
        info = source.info
    assert [frame_number_of(frame.image_bgr) for frame in frames] == list(range(COUNT)) * parts
    assert [frame.index for frame in frames] == list(range(COUNT * parts))
    times = [frame.time_s for frame in frames]
    assert times == pytest.approx([number * PERIOD_S for number in range(COUNT * parts)], abs=0.002 * parts)
    assert info.frame_count == COUNT * parts
    assert info.duration_s == pytest.approx(COUNT * parts * PERIOD_S, abs=0.05)


def test_seeking_finds_the_same_frames(jumping: tuple[Path, int]) -> None:
    path, _ = jumping
    with opened(path) as source:
        frames = list(source)
    with opened(path) as source:
        last = len(frames) - 1
        for position in (
            last // 2 + 3,
            5,
            last,
            COUNT // 2,
            COUNT // 2 - 1,
            last // 2,
            last // 2 - 1,
            0,
            last // 2 + 1,
        ):
            source.seek(frames[position].time_s)
            assert_same([source.read()], [frames[position]])
        source.seek(frames[3].time_s)
        assert_same(list(source), frames[3:])


def test_the_annotated_video_has_no_gap(jumping: tuple[Path, int], tmp_path: Path) -> None:
    path, parts = jumping
    with opened(path) as source, VideoWriter(tmp_path / "out.mp4", 96, 64, source.info.fps or 0) as writer:
        for frame in source:
            writer.write(frame.image_bgr, frame.time_s, frame.duration_s)
    with av.open(str(tmp_path / "out.mp4")) as file:
        times = [frame.time or 0.0 for frame in file.decode(video=0)]
        assert (file.duration or 0) / 1e6 == pytest.approx(COUNT * parts * PERIOD_S, abs=PERIOD_S)
    assert np.diff(times).max() < 1.5 * PERIOD_S


def test_a_long_gap_that_is_no_jump_is_kept(tmp_path: Path) -> None:
    for path, gap_s in ((with_gap("still.mp4", 600_000)(tmp_path), 600), (joined(0, 5.0)(tmp_path), 3.0)):
        with opened(path) as source:
            times = [frame.time_s for frame in source]
            assert np.diff(times).max() == pytest.approx(gap_s, abs=0.1)
            assert source.info.duration_s == pytest.approx(times[-1] + PERIOD_S, abs=0.1)


def test_a_time_lapse_has_no_jumps(tmp_path: Path) -> None:
    times_ms = [number * 30_000 for number in range(COUNT)]
    for name in ("slow.mp4", "slow.mkv"):
        with opened(replace(BASE, name=name, fps=1, times_ms=times_ms).write(tmp_path)) as source:
            assert [frame.time_s for frame in source] == pytest.approx([time / 1000 for time in times_ms])


Stamps = tuple[int | None, int | None]


def restamped(stamps: list[Stamps], period: int = 40, jumps: bool = True) -> list[int | None]:
    clock = ContinuousClock(period, 1000, jumps)
    packets: list[Any] = [SimpleNamespace(pts=pts, dts=dts, duration=period) for pts, dts in stamps]
    ready = [one for packet in packets for one in clock.add(packet)] + clock.flush()
    assert [one.packet for one in ready] == packets  # in the same order
    return [packet.pts for packet in packets]


def even(start: int, count: int) -> list[Stamps]:
    return [(start + 40 * number, start + 40 * number) for number in range(count)]


def test_one_wrong_time_changes_no_other() -> None:
    for wrong in (39_600_000, 0):
        stamps = even(20_000, 20)
        stamps[9] = (wrong, wrong)
        times = restamped(stamps)
        assert [time for number, time in enumerate(times) if number != 9] == [
            20_000 + 40 * number for number in range(20) if number != 9
        ]


def test_times_may_be_missing_before_a_jump() -> None:
    stamps: list[Stamps] = [(80, 0), *[(None, None)] * 9, (80, 0), (None, None)]
    assert restamped(stamps)[10] == 80 + 400


def test_frames_out_of_order_around_a_jump() -> None:
    far = 40_000_000
    # Displayed: 0, 40, 80 | far, far + 40, far + 80, far + 120.
    stamps: list[Stamps] = [
        (0, -80),
        (80, -40),
        (40, 0),
        (far + 40, 40),
        (far, 80),
        (far + 120, far),
        (far + 80, far + 40),
    ]
    assert restamped(stamps) == [0, 80, 40, 160, 120, 240, 200]


def test_small_disorder_is_no_jump() -> None:
    stamps = even(0, 10)
    stamps[4], stamps[5] = stamps[5], stamps[4]
    assert restamped(stamps) == [pts for pts, _ in stamps]
