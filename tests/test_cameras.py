"""Cameras as the system tells of them, and what is asked of them; as far as this can be tried without one."""

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
from agecam.sources.v4l2 import Ioctl, offers

SYSTEMS = {"linux": cv2.CAP_V4L2, "win32": cv2.CAP_MSMF, "darwin": cv2.CAP_AVFOUNDATION}
"""What cameras are opened with on each system."""


# Which there are


@pytest.fixture
def linux(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder in which Linux describes its cameras: a lid camera with two nodes, and one on the desk."""
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
    (folder / "video4").mkdir()  # it was unplugged this very moment
    monkeypatch.setattr("sys.platform", "linux")
    monkeypatch.setattr(camera, "_LINUX_CAMERAS", folder)
    return folder


def test_linux_lists_its_cameras_by_name(linux: Path) -> None:
    assert list_cameras() == [CameraInfo(2, "Lid: größe 写真"), CameraInfo(10, "Desk")]
    assert camera.camera_named("desk") == 10
    assert camera.camera_named("Door") is None


def test_linux_without_cameras_lists_none(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr("sys.platform", "linux")
    monkeypatch.setattr(camera, "_LINUX_CAMERAS", tmp_path / "none")
    assert list_cameras() == []
    assert camera.camera_named("Lid") is None


@pytest.mark.parametrize("system", ["win32", "darwin"])
def test_other_systems_tell_names_for_the_numbers_they_are_opened_by(
    system: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def enumerate_cameras(backend: int) -> list[cv2_enumerate_cameras.CameraInfo]:
        assert backend == SYSTEMS[system]
        return [
            cv2_enumerate_cameras.CameraInfo(number, name, None, None, None, backend)
            for number, name in ((0, "FaceTime HD"), (backend + 1, "Desk"), (2, ""))
        ]

    monkeypatch.setattr("sys.platform", system)
    monkeypatch.setattr(cv2_enumerate_cameras, "enumerate_cameras", enumerate_cameras)
    assert list_cameras() == [CameraInfo(0, "FaceTime HD"), CameraInfo(1, "Desk"), CameraInfo(2, "camera 2")]
    assert camera.camera_named("desk") == 1


def test_asking_the_system_for_cameras_is_quiet(
    monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    known = list_cameras()
    monkeypatch.setattr("sys.platform", "elsewhere")  # so that cv2-enumerate-cameras is asked, which knows Linux, too
    found = list_cameras()
    assert {(info.index, info.name) for info in known} <= {(info.index, info.name) for info in found}
    assert bool(found) == bool(known)
    assert "".join(capfd.readouterr()) == ""


# What they offer


@dataclass
class Driver:
    """Answers as a driver does, by the structures of <linux/videodev2.h>."""

    formats: dict[bytes, dict[tuple[int, int], list[Fraction]]]
    stepwise: frozenset[bytes] = frozenset()
    endless: bool = False
    calls: list[int] = field(default_factory=list)

    def ioctl(self, device: int, call: int, request: bytes) -> bytes:
        assert device == 7
        assert call >> 30 == 3  # it is read and written
        assert len(request) == call >> 16 & 0x3FFF
        assert call >> 8 & 0xFF == ord("V")
        self.calls.append(call & 0xFF)
        answer = bytearray(request)
        index = struct.unpack_from("=I", request)[0]
        try:
            if call & 0xFF == 2:  # VIDIOC_ENUM_FMT
                assert struct.unpack_from("=I", request, 4) == (1,)  # of video capture
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
    return [(offer.width, offer.height, offer.fps) for offer in offers(7, ioctl)]


def test_a_driver_tells_sizes_and_rates() -> None:
    driver = Driver(
        {
            b"YUYV": {(1280, 720): [Fraction(10)], (640, 480): [Fraction(30), Fraction(15)]},
            b"MJPG": {(640, 480): [Fraction(30)], (1280, 720): [Fraction(30000, 1001)], (160, 120): []},
        }
    )
    assert modes_of(driver) == [(160, 120, 0), (640, 480, 15), (640, 480, 30), (1280, 720, 10), (1280, 720, 30)]


def test_a_driver_of_any_size_or_without_end_is_borne() -> None:
    size = {(640, 480): [Fraction(30)]}
    assert modes_of(Driver({b"YUYV": size, b"NV12": size}, stepwise=frozenset({b"NV12"}))) == [(640, 480, 30)]
    assert modes_of(Driver({})) == []
    endless = Driver({b"YUYV": size}, endless=True)
    assert modes_of(endless) == [(640, 480, 30)]
    assert len(endless.calls) < 2000


@pytest.mark.parametrize("system", [sys.platform, "win32", "darwin"])
def test_a_camera_that_tells_nothing_is_offered_the_usual_sizes(system: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.platform", system)
    modes = list_modes(CameraInfo(97, "Gone"))
    assert CameraMode(640, 480) in modes
    assert CameraMode(1920, 1080) in modes
    assert modes == sorted(modes, key=lambda mode: mode.width * mode.height)


# How they are opened


class Driven:
    """Stands between AgeCam and OpenCV: a capture of a video instead of a camera, that keeps what was asked of it.

    Not derived from OpenCV's, as such a class brings down Python's garbage collector.
    """

    def __init__(self, capture: cv2.VideoCapture, index: int, backend: int) -> None:
        self._capture = capture
        self.index, self.backend = index, backend
        self.asked: list[tuple[int, float]] = []

    def set(self, prop: int, value: float) -> bool:
        self.asked.append((prop, value))
        return False  # as by a driver that does not know it

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
def driven(clip: Path, monkeypatch: pytest.MonkeyPatch) -> list[Driven]:
    """The cameras opened so far, in order."""
    opened: list[Driven] = []
    capture = cv2.VideoCapture

    def open_camera(index: int, backend: int) -> Driven:
        opened.append(Driven(capture(str(clip), cv2.CAP_FFMPEG), index, backend))
        return opened[-1]

    monkeypatch.setattr(cv2, "VideoCapture", open_camera)
    return opened


def test_a_mode_is_asked_of_the_camera(driven: list[Driven]) -> None:
    mjpg = cv2.VideoWriter.fourcc(*"MJPG")
    size = [(cv2.CAP_PROP_FOURCC, mjpg), (cv2.CAP_PROP_FRAME_WIDTH, 1280), (cv2.CAP_PROP_FRAME_HEIGHT, 720)]
    for mode, asked in (
        (None, []),
        (CameraMode(1280, 720), size),
        # A rate is asked for after the size, as drivers forget it with a new size.
        (CameraMode(1280, 720, 60), [*size, (cv2.CAP_PROP_FPS, 60)]),
    ):
        with open_source("camera 3", mode) as source:
            assert driven[-1].index == 3
            assert driven[-1].asked == [(cv2.CAP_PROP_BUFFERSIZE, 1), *asked]
            # What it gives counts, not what it was asked for.
            assert (source.info.name, source.info.width, source.info.height) == ("camera 3", 64, 48)
            assert source.info.live
    assert len(driven) == 3


def test_a_camera_is_opened_by_its_name_and_the_first_without_one(linux: Path, driven: list[Driven]) -> None:
    mode = CameraMode(640, 480)
    for spec, index in (("Desk", 10), ("LID: GRÖSSE 写真", 2), ("camera", 2), ("10", 10), ("camera 4", 4)):
        with open_source(spec, mode) as source:
            assert source.info.name == f"camera {index}"
        assert driven[-1].index == index
        assert (cv2.CAP_PROP_FRAME_WIDTH, 640) in driven[-1].asked


@pytest.mark.parametrize("system", SYSTEMS)
def test_a_camera_is_opened_by_the_part_of_the_system_that_names_it(
    system: str, driven: list[Driven], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sys.platform", system)
    with open_source("0") as source:
        assert source.read() is not None
    assert driven[-1].backend == SYSTEMS[system]


def test_a_file_is_not_asked_for_a_mode(clip: Path, driven: list[Driven]) -> None:
    with open_source(str(clip), CameraMode(1280, 720)) as source:
        assert (source.info.width, source.info.height) == (64, 48)
    assert driven == []


@pytest.mark.parametrize("mode", [None, CameraMode(640, 480, 30)])
def test_an_absent_camera_is_one_sentence_and_quiet(mode: CameraMode | None, capfd: pytest.CaptureFixture[str]) -> None:
    for spec in ("97", "camera 97"):
        with pytest.raises(SourceError, match=r"^There is no free camera with the number 97[^\n]*\.$"):
            open_source(spec, mode)
    assert capfd.readouterr().err == ""
