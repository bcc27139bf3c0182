"""Listing and opening cameras, without a real camera."""

import errno
import struct
import sys
from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import Path

import cv2
import cv2_enumerate_cameras
import numpy as np
import pytest
from cv2.typing import MatLike

from agecam.errors import SourceError
from agecam.outputs import VideoWriter
from agecam.sources import CameraInfo, CameraMode, camera, list_cameras, list_modes, open_source
from agecam.sources.v4l2 import Ioctl, enumerate_modes

BACKENDS = {"linux": cv2.CAP_V4L2, "win32": cv2.CAP_MSMF, "darwin": cv2.CAP_AVFOUNDATION}
"""OpenCV backend for cameras on each system."""


# Listing


@pytest.fixture
def linux_cameras(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A copy of `/sys/class/video4linux` with two cameras, one of which has two nodes."""
    folder = tmp_path / "video4linux"
    for node, index, name in (
        ("video10", "0", "Desk"),
        ("video2", "0", "Lid: größe 写真"),
        ("video3", "1", "Lid: größe 写真"),  # its metadata
        ("vbi0", "0", "TV"),
    ):
        (folder / node).mkdir(parents=True)
        (folder / node / "index").write_text(f"{index}\n", encoding="utf-8")
        (folder / node / "name").write_text(f"{name}\n", encoding="utf-8")
    (folder / "video4").mkdir()  # unplugged while the folder is read
    monkeypatch.setattr("sys.platform", "linux")
    monkeypatch.setattr(camera, "_LINUX_CAMERAS", folder)
    return folder


def test_linux_cameras_are_listed_by_name(linux_cameras: Path) -> None:
    assert list_cameras() == [CameraInfo(2, "Lid: größe 写真"), CameraInfo(10, "Desk")]
    assert camera.camera_named("desk") == 10
    assert camera.camera_named("Door") is None


def test_linux_without_cameras_gives_an_empty_list(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr("sys.platform", "linux")
    monkeypatch.setattr(camera, "_LINUX_CAMERAS", tmp_path / "none")
    assert list_cameras() == []
    assert camera.camera_named("Lid") is None


@pytest.mark.parametrize("system", ["win32", "darwin"])
def test_names_match_camera_numbers_on_other_systems(system: str, monkeypatch: pytest.MonkeyPatch) -> None:
    def enumerate_cameras(backend: int) -> list[cv2_enumerate_cameras.CameraInfo]:
        assert backend == BACKENDS[system]
        return [
            cv2_enumerate_cameras.CameraInfo(number, name, None, None, None, backend)
            for number, name in ((0, "FaceTime HD"), (backend + 1, "Desk"), (2, ""))
        ]

    monkeypatch.setattr("sys.platform", system)
    monkeypatch.setattr(cv2_enumerate_cameras, "enumerate_cameras", enumerate_cameras)
    assert list_cameras() == [CameraInfo(0, "FaceTime HD"), CameraInfo(1, "Desk"), CameraInfo(2, "camera 2")]
    assert camera.camera_named("desk") == 1


def test_listing_cameras_prints_nothing(monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]) -> None:
    known = list_cameras()
    monkeypatch.setattr("sys.platform", "elsewhere")  # selects cv2-enumerate-cameras, which also supports Linux
    found = list_cameras()
    assert {(info.index, info.name) for info in known} <= {(info.index, info.name) for info in found}
    assert bool(found) == bool(known)
    assert "".join(capfd.readouterr()) == ""


# Modes


@dataclass
class Driver:
    """A fake driver that answers with the structures of <linux/videodev2.h>."""

    formats: dict[bytes, dict[tuple[int, int], list[Fraction]]]
    stepwise: frozenset[bytes] = frozenset()
    endless: bool = False
    calls: list[int] = field(default_factory=list)

    def ioctl(self, device: int, call: int, request: bytes) -> bytes:
        assert device == 7
        assert call >> 30 == 3  # read and write
        assert len(request) == call >> 16 & 0x3FFF
        assert call >> 8 & 0xFF == ord("V")
        self.calls.append(call & 0xFF)
        answer = bytearray(request)
        index = struct.unpack_from("=I", request)[0]
        try:
            if call & 0xFF == 2:  # VIDIOC_ENUM_FMT
                assert struct.unpack_from("=I", request, 4) == (1,)  # video capture
                struct.pack_into("=4s", answer, 44, list(self.formats)[index])
            elif call & 0xFF == 74:  # VIDIOC_ENUM_FRAMESIZES
                pixels = request[4:8]
                size = list(self.formats[pixels])[0 if self.endless else index]
                if pixels in self.stepwise:
                    struct.pack_into("=I6I", answer, 8, 3, 16, 1920, 16, 16, 1080, 16)
                else:
                    struct.pack_into("=I2I", answer, 8, 1, *size)
            elif call & 0xFF == 75:  # VIDIOC_ENUM_FRAMEINTERVALS
                pixels, size = request[4:8], struct.unpack_from("=2I", request, 8)
                rate = self.formats[pixels][size][index]
                struct.pack_into("=I2I", answer, 16, 1, rate.denominator, rate.numerator)
            else:
                raise AssertionError(f"unknown call {call:#x}")
        except IndexError:
            raise OSError(errno.EINVAL, "no more") from None
        return bytes(answer)


def modes_of(driver: Driver) -> list[tuple[int, int, int]]:
    ioctl: Ioctl = driver.ioctl
    return [(mode.width, mode.height, mode.fps) for mode in enumerate_modes(7, ioctl)]


def test_sizes_and_rates_are_read_from_the_driver() -> None:
    driver = Driver(
        {
            b"YUYV": {(1280, 720): [Fraction(10)], (640, 480): [Fraction(30), Fraction(15)]},
            b"MJPG": {(640, 480): [Fraction(30)], (1280, 720): [Fraction(30000, 1001)], (160, 120): []},
        }
    )
    assert modes_of(driver) == [(160, 120, 0), (640, 480, 15), (640, 480, 30), (1280, 720, 10), (1280, 720, 30)]


def test_stepwise_sizes_and_endless_lists_are_handled() -> None:
    size = {(640, 480): [Fraction(30)]}
    assert modes_of(Driver({b"YUYV": size, b"NV12": size}, stepwise=frozenset({b"NV12"}))) == [(640, 480, 30)]
    assert modes_of(Driver({})) == []
    endless = Driver({b"YUYV": size}, endless=True)
    assert modes_of(endless) == [(640, 480, 30)]
    assert len(endless.calls) < 2000


@pytest.mark.parametrize("system", [sys.platform, "win32", "darwin"])
def test_a_camera_without_reported_modes_gets_common_ones(system: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.platform", system)
    modes = list_modes(CameraInfo(97, "Gone"))
    assert CameraMode(640, 480) in modes
    assert CameraMode(1920, 1080) in modes
    assert modes == sorted(modes, key=lambda mode: mode.width * mode.height)


# Opening


class FakeCapture:
    """A capture that reads a video instead of a camera, and records the properties that are set.

    Not derived from OpenCV's class, since such subclasses crash Python's garbage collector.
    """

    def __init__(self, capture: cv2.VideoCapture, index: int, backend: int) -> None:
        self._capture = capture
        self.index, self.backend = index, backend
        self.requested: list[tuple[int, float]] = []

    def set(self, prop: int, value: float) -> bool:
        self.requested.append((prop, value))
        return False  # as if the driver does not support it

    def get(self, prop: int) -> float:
        return self._capture.get(prop)

    def read(self) -> tuple[bool, MatLike]:
        return self._capture.read()

    def release(self) -> None:
        self._capture.release()


@pytest.fixture
def clip(tmp_path: Path) -> Path:
    with VideoWriter(tmp_path / "clip.mp4", 64, 48, 30.0) as writer:
        for number in range(3):
            writer.write(np.full((48, 64, 3), 60 * number, np.uint8), number / 30)
    return writer.path


@pytest.fixture
def captures(clip: Path, monkeypatch: pytest.MonkeyPatch) -> list[FakeCapture]:
    """The captures opened so far, in order."""
    opened: list[FakeCapture] = []
    capture = cv2.VideoCapture

    def open_camera(index: int, backend: int) -> FakeCapture:
        opened.append(FakeCapture(capture(str(clip), cv2.CAP_FFMPEG), index, backend))
        return opened[-1]

    monkeypatch.setattr(cv2, "VideoCapture", open_camera)
    return opened


def test_the_requested_mode_is_set(captures: list[FakeCapture]) -> None:
    mjpg = cv2.VideoWriter.fourcc(*"MJPG")
    size = [(cv2.CAP_PROP_FOURCC, mjpg), (cv2.CAP_PROP_FRAME_WIDTH, 1280), (cv2.CAP_PROP_FRAME_HEIGHT, 720)]
    for mode, requested in (
        (None, []),
        (CameraMode(1280, 720), size),
        # The frame rate is set after the size, since setting the size resets it in some drivers.
        (CameraMode(1280, 720, 60), [*size, (cv2.CAP_PROP_FPS, 60)]),
    ):
        with open_source("camera 3", mode) as source:
            assert captures[-1].index == 3
            assert captures[-1].requested == [(cv2.CAP_PROP_BUFFERSIZE, 1), *requested]
            # The actual size is reported, not the requested one.
            assert (source.info.name, source.info.width, source.info.height) == ("camera 3", 64, 48)
            assert source.info.live
    assert len(captures) == 3


def test_a_camera_is_opened_by_name_number_or_default(linux_cameras: Path, captures: list[FakeCapture]) -> None:
    mode = CameraMode(640, 480)
    for spec, index in (("Desk", 10), ("LID: GRÖSSE 写真", 2), ("camera", 2), ("10", 10), ("camera 4", 4)):
        with open_source(spec, mode) as source:
            assert source.info.name == f"camera {index}"
        assert captures[-1].index == index
        assert (cv2.CAP_PROP_FRAME_WIDTH, 640) in captures[-1].requested


@pytest.mark.parametrize("system", BACKENDS)
def test_a_camera_is_opened_with_the_backend_that_lists_it(
    system: str, captures: list[FakeCapture], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sys.platform", system)
    with open_source("0") as source:
        assert source.read() is not None
    assert captures[-1].backend == BACKENDS[system]


def test_the_mode_is_ignored_for_files(clip: Path, captures: list[FakeCapture]) -> None:
    with open_source(str(clip), CameraMode(1280, 720)) as source:
        assert (source.info.width, source.info.height) == (64, 48)
    assert captures == []


@pytest.mark.parametrize("mode", [None, CameraMode(640, 480, 30)])
def test_a_missing_camera_gives_one_sentence_and_no_output(
    mode: CameraMode | None, capfd: pytest.CaptureFixture[str]
) -> None:
    for spec in ("97", "camera 97"):
        with pytest.raises(SourceError, match=r"^Camera 97 was not found or is in use[^\n]*\.$"):
            open_source(spec, mode)
    assert capfd.readouterr().err == ""
