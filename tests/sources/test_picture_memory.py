"""Pictures of a video are made in memory that is used again, and never while somebody holds one."""

import itertools
import platform
import subprocess
import sys
from pathlib import Path

import av
import cv2
import numpy as np
import pytest
from av.video.reformatter import VideoReformatter

from agecam.outputs import VideoWriter
from agecam.sources import open_source
from agecam.sources.conversion import BgrConverter
from agecam.sources.halving import halved_planes
from agecam.sources.pool import PicturePool
from agecam.types import Image
from agecam.ui.widgets.scaling import scaled

COUNT_FAULTS = """
import sys
import resource
from agecam.runtime.memory import limit_fragmentation

limit_fragmentation()
from agecam.sources import open_source

held, faults = [], []
with open_source(sys.argv[1]) as source:
    for frame in source:
        held = [*held[-3:], frame.image_bgr[100:200]]  # part of a picture holds all of it
        faults.append(resource.getrusage(resource.RUSAGE_SELF).ru_minflt)
print((faults[-1] - faults[20]) / (len(faults) - 21))
"""


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="only with glibc are pictures mapped one by one")
def test_frames_of_a_video_need_no_new_pages(tmp_path: Path) -> None:
    with VideoWriter(tmp_path / "clip.mp4", 1280, 720, 30.0) as writer:
        for number in range(60):
            writer.write(np.full((720, 1280, 3), 4 * number, np.uint8), number / 30)
    command = [sys.executable, "-c", COUNT_FAULTS, str(writer.path)]
    faults = float(subprocess.run(command, capture_output=True, text=True, check=True).stdout)
    assert faults < 100  # a picture has 675 pages


def test_frames_that_are_held_stay_as_they_are(tmp_path: Path) -> None:
    with VideoWriter(tmp_path / "clip.mp4", 64, 48, 30.0) as writer:
        for number in range(30):
            writer.write(np.full((48, 64, 3), 8 * number, np.uint8), number / 30)
    with open_source(str(writer.path)) as source:
        parts = [frame.image_bgr[10:12, 5:9] for frame in source]
    assert len(parts) == 30
    assert all(abs(int(part[0, 0, 0]) - 8 * number) < 4 for number, part in enumerate(parts))


@pytest.mark.parametrize("pix_fmt", ["yuv420p", "yuvj422p", "yuv444p", "yuv420p10le", "nv12", "rgba", "gray", "gbrp"])
def test_frames_are_converted_as_by_ffmpegs_own_function(pix_fmt: str, hopper_bgr: Image) -> None:
    source = np.ascontiguousarray(hopper_bgr[:202, :322])
    converter = BgrConverter()
    for colour_range, matrix in itertools.product((0, 1, 2), (1, 5, 9)):
        for width, height, interpolation in ((322, 202, "bilinear"), (400, 202, "bicubic"), (161, 101, "area")):
            frame = av.VideoFrame.from_ndarray(source, format="bgr24").reformat(format=pix_fmt)
            frame.color_range = colour_range
            code = None if frame.format.is_rgb else matrix
            options = {} if code is None else {"src_colorspace": code}
            wanted = VideoReformatter().reformat(
                frame, width, height, "bgr24", interpolation=interpolation.upper(), **options
            )
            got = converter.convert(frame, width, height, code, interpolation)  # type: ignore[arg-type]
            assert np.array_equal(got, wanted.to_ndarray())


def test_a_pool_uses_memory_again_when_nobody_holds_it() -> None:
    pool = PicturePool()
    first, second = pool.picture((20, 30, 3)), pool.picture((20, 30, 3))
    assert not np.shares_memory(first, second)
    address, part = first.ctypes.data, first[5:7, ::2]
    del first
    third = pool.picture((20, 30, 3))
    assert third.ctypes.data not in (address, second.ctypes.data)  # the part is held
    del part
    assert pool.picture((20, 30, 3)).ctypes.data == address
    assert pool.picture((10, 60, 3)).ctypes.data == address
    assert pool.picture((4, 4, 3)).shape == (4, 4, 3)


def test_planes_are_halved_into_earlier_ones_of_the_same_kind(hopper_bgr: Image) -> None:
    frame = av.VideoFrame.from_ndarray(np.ascontiguousarray(hopper_bgr[:400, :400]), format="bgr24")
    first = halved_planes(frame.reformat(format="yuv420p"))
    assert first is not None
    assert halved_planes(frame.reformat(format="yuv420p"), first) is first
    assert halved_planes(frame.reformat(format="yuvj420p"), first) is not first
    assert halved_planes(frame.reformat(240, 200, "yuv420p"), first) is not first
    assert halved_planes(frame.reformat(238, 200, "yuv420p"), first) is None  # its colours have 119 columns
    assert halved_planes(frame.reformat(format="yuv420p10le"), first) is None


def test_a_picture_is_scaled_into_memory_at_hand(hopper_bgr: Image) -> None:
    memory = np.zeros((300, 300, 3), np.uint8)
    got = scaled(hopper_bgr, (300, 300), memory)
    assert np.shares_memory(got, memory)
    assert np.array_equal(got, scaled(hopper_bgr, (300, 300)))
    height, width = hopper_bgr.shape[:2]
    assert scaled(hopper_bgr, (width, height), np.zeros_like(hopper_bgr)) is hopper_bgr
    assert np.array_equal(cv2.resize(hopper_bgr, (300, 300)), got)
