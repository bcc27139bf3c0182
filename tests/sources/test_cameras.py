"""Listing and opening cameras, without a real camera."""

import errno
import struct
import sys
from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import Path

import cv2
import cv2_enumerate_cameras
import pytest
from camera_parts import FakeCapture, fake_captures, write_clip

from agecam.errors import SourceError
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


Listed = list[tuple[str, str | None]]
"""Names and paths."""


def system_with(system: str, cameras: dict[int, Listed], monkeypatch: pytest.MonkeyPatch) -> None:
    """A system whose backends list these cameras, numbered from 0 in each."""

    def enumerate_cameras(backend: int) -> list[cv2_enumerate_cameras.CameraInfo]:
        return [
            cv2_enumerate_cameras.CameraInfo(number, name, path, None, None, backend)
            for number, (name, path) in enumerate(cameras[backend])
        ]

    monkeypatch.setattr("sys.platform", system)
    monkeypatch.setattr(cv2_enumerate_cameras, "enumerate_cameras", enumerate_cameras)


def test_names_match_camera_numbers_on_a_mac(monkeypatch: pytest.MonkeyPatch) -> None:
    listed: Listed = [("FaceTime HD", "0x1"), ("Desk", "0x2"), ("", "0x3")]
    system_with("darwin", {cv2.CAP_AVFOUNDATION: listed}, monkeypatch)
    assert list_cameras() == [CameraInfo(0, "FaceTime HD"), CameraInfo(1, "Desk"), CameraInfo(2, "camera 2")]
    assert camera.camera_named("desk") == 1


LID, DESK, OTHER_DESK = (rf"\\?\usb#vid_046d&pid_{number}&mi_00#7&2bc&0&0000" for number in ("0825", "085c", "085d"))
MSMF = "#{e5323777-f976-4f5b-9b94-b55699c44b44}\\global"
DSHOW = "#{65e8773d-8f56-11d0-a3b9-00a0c9223196}\\global"
"""Classes of the interfaces, with which Windows ends the paths of a device."""


@pytest.mark.parametrize(
    ("media_foundation", "direct_show", "expected"),
    [
        (  # a virtual camera is shown by DirectShow only, without a path
            [("Lid", LID + MSMF), ("Desk", DESK + MSMF)],
            [("OBS Virtual Camera", ""), ("Desk", DESK.upper() + DSHOW), ("Lid", LID + DSHOW)],
            [(0, "Lid"), (1, "Desk"), (700, "OBS Virtual Camera")],
        ),
        (  # two of the same name, one of which only DirectShow shows
            [("Desk", DESK + MSMF)],
            [("Desk", OTHER_DESK + DSHOW), ("Desk", DESK + DSHOW)],
            [(0, "Desk"), (700, "Desk")],
        ),
        (  # a virtual camera that both show
            [("Lid", LID + MSMF), ("Virtual", r"\\?\swd#vcamdevapi#9&3" + MSMF)],
            [("Lid", LID + DSHOW), ("Virtual", None)],
            [(0, "Lid"), (1, "Virtual")],
        ),
        ([], [("Lid", LID + DSHOW)], [(700, "Lid")]),  # an edition of Windows without Media Foundation
        ([("", LID + MSMF)], [("", ""), ("Lid", LID + DSHOW)], [(0, "camera 0"), (700, "camera 700")]),
        ([], [], []),
    ],
)
def test_windows_lists_each_camera_once(
    media_foundation: Listed, direct_show: Listed, expected: list[tuple[int, str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    system_with("win32", {cv2.CAP_MSMF: media_foundation, cv2.CAP_DSHOW: direct_show}, monkeypatch)
    assert list_cameras() == [CameraInfo(*camera) for camera in expected]


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


@pytest.fixture
def clip(tmp_path: Path) -> Path:
    return write_clip(tmp_path)


@pytest.fixture
def captures(clip: Path, monkeypatch: pytest.MonkeyPatch) -> list[FakeCapture]:
    """The captures opened so far, in order."""
    return fake_captures(clip, monkeypatch)


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


@pytest.mark.parametrize("spec", ["700", "camera 700", "OBS Virtual Camera"])
def test_a_camera_of_directshow_is_opened_with_it(
    spec: str, captures: list[FakeCapture], monkeypatch: pytest.MonkeyPatch
) -> None:
    cameras: dict[int, Listed] = {cv2.CAP_MSMF: [("Lid", LID + MSMF)], cv2.CAP_DSHOW: [("OBS Virtual Camera", "")]}
    system_with("win32", cameras, monkeypatch)
    with open_source(spec) as source:
        assert source.info.name == "camera 700"
    assert (captures[-1].index, captures[-1].backend) == (0, cv2.CAP_DSHOW)


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
