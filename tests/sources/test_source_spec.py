"""Source specs: kind, whether the source is live, and display name."""

import os
from pathlib import Path

import cv2
import numpy as np
import pytest

from agecam.errors import SourceError
from agecam.sources import camera, is_live_spec, name_of, open_source, remarks_on
from agecam.sources.spec import address_of, camera_number, camera_spec, word_kind

KINDS = {
    "demo": "demo",
    " Demo ": "demo",
    "DEMO": "demo",
    "0": "camera",
    "7": "camera",
    "007": "camera",
    "999": "camera",
    " 2 ": "camera",
    "camera": "camera",
    "Camera": "camera",
    "camera 1": "camera",
    "CAMERA1": "camera",
    "camera  12": "camera",
    "camera://3": "camera",
    " Camera://12 ": "camera",
    "camera://door": "address",
    "rtsp://cam.local/live": "address",
    " HTTP://cam.local ": "address",
    "udp://@239.0.0.1:1234": "address",
    "ftp://example.org/clip.mp4": "address",
    "a.b+c-d1://x": "address",
    "127.0.0.1:8080": "address",
    "192.168.1.20:8080/video?channel=1": "address",
    "camera.local:8080/video": "address",
    "julia:s3cret@camera.local:554/live": "address",
    "LOCALHOST:80": "address",
    "[::1]:8080/video": "address",
    "-": "pipe",
    " - ": "pipe",
    "": "nothing",
    "  ": "nothing",
    "file:///videos/clip.mp4": None,
    "FILE://localhost/videos/clip.mp4": None,
    "c:8080": None,
    "10:30": None,
    "10:30.mp4": None,
    "clip:one.mp4": None,
    "192.168.1.20/video": None,
    "--": None,
    "demo.mp4": None,
    "demos": None,
    "./demo": None,
    "./0": None,
    "1000": None,
    "-1": None,
    "1.5": None,
    "²": None,
    "٣": None,  # a digit, but not ASCII
    "camera one": None,
    "camera.mp4": None,
    "my camera": None,
    "clip.mp4": None,
    "/videos/clip.mp4": None,
    "C:\\videos\\clip.mp4": None,
    "at:10:30.mp4": None,
    "rtsp:/cam.local/live": None,
    "1://x": None,
    "a\0b": None,
}


@pytest.fixture(autouse=True)
def _two_cameras(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A copy of `/sys/class/video4linux` with two cameras."""
    for number, name in ((1, "Lid"), (4, "Desk Camera")):
        node = tmp_path / "video4linux" / f"video{number}"
        node.mkdir(parents=True)
        (node / "index").write_text("0\n")
        (node / "name").write_text(f"{name}\n")
    monkeypatch.setattr("sys.platform", "linux")
    monkeypatch.setattr(camera, "_LINUX_CAMERAS", tmp_path / "video4linux")


@pytest.mark.parametrize("spec", KINDS)
def test_the_kind_of_a_spec(spec: str) -> None:
    assert word_kind(spec) == KINDS[spec]


@pytest.mark.parametrize("spec", [spec for spec, kind in KINDS.items() if kind])
def test_cameras_and_addresses_are_live_and_nothing_else(spec: str) -> None:
    assert is_live_spec(spec) is (KINDS[spec] in ("camera", "address"))


@pytest.mark.parametrize(("word", "other"), [("0", "camera 0"), ("camera", "0"), ("camera 1", "1")])
@pytest.mark.parametrize("kind", ["file", "folder"])
def test_a_path_that_is_called_like_a_camera_is_opened_with_a_remark(
    word: str, other: str, kind: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert word_kind(word) == "camera"
    assert remarks_on(word) == ()
    path = tmp_path / word
    if kind == "folder":
        path.mkdir()
        path = path / "a.png"
    path.write_bytes(cv2.imencode(".png", np.full((8, 8, 3), 90, np.uint8))[1].tobytes())
    assert word_kind(word) is None
    assert not is_live_spec(word)
    assert name_of(word) == word
    with open_source(word) as source:
        assert source.info.frame_count == 1
        assert [str(remark) for remark in source.info.remarks] == [
            f"A file or folder here is called '{word}' and is opened instead of the camera: for that, write '{other}'."
        ]
    assert remarks_on(f"./{word}") == ()


@pytest.mark.parametrize("index", [0, 4, 701])
def test_a_camera_is_named_for_certain(index: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    for name in (f"{index}", f"camera {index}", f"camera:/{index}"):
        (tmp_path / name).mkdir(parents=True)
    spec = camera_spec(index)
    assert word_kind(spec) == "camera"
    assert is_live_spec(spec)
    assert camera_number(spec) == index
    assert remarks_on(spec) == ()
    assert name_of(spec) == {4: "Desk Camera"}.get(index, f"camera {index}")
    with pytest.raises(SourceError, match=f"Camera {index} was not found"):
        open_source(spec)


def test_the_number_of_a_camera(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    specs = (" 2 ", "camera 12", "camera", "demo", "rtsp://3", "7")
    (tmp_path / "7").mkdir()
    assert [camera_number(spec) for spec in specs] == [2, 12, None, None, None, None]


def test_the_demo_stays_the_demo(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "demo").write_bytes(cv2.imencode(".png", np.full((8, 8, 3), 90, np.uint8))[1].tobytes())
    with open_source("demo") as source:
        assert source.info.width == 1280
    with open_source("./demo") as source:
        assert source.info.width == 8


@pytest.mark.parametrize("spec", ["", " ", "\t"])
def test_nothing_is_refused(spec: str) -> None:
    with pytest.raises(SourceError, match="No source was given"):
        open_source(spec)


@pytest.mark.parametrize(
    ("spec", "address"),
    [
        (" HTTP://Cam.local/Video ", "http://Cam.local/Video"),
        ("cam.local:8080/video", "http://cam.local:8080/video"),
        ("cam.local:554/live", "rtsp://cam.local:554/live"),
        ("julia:s3cret@cam.local:8554", "rtsp://julia:s3cret@cam.local:8554"),
    ],
)
def test_the_address_of_a_spec(spec: str, address: str) -> None:
    assert address_of(spec) == address


def test_files_are_not_live(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "clip.mp4").write_bytes(b"")
    (tmp_path / "Lid").mkdir()  # an existing path takes precedence over a camera name
    for spec in ("clip.mp4", str(tmp_path / "clip.mp4"), str(tmp_path), "Lid", "missing.mp4", "./0", "./demo"):
        assert not is_live_spec(spec), spec


def test_a_camera_name_is_live() -> None:
    assert is_live_spec("Desk Camera")
    assert is_live_spec("lid")
    assert not is_live_spec("Door")


@pytest.mark.skipif(os.name != "posix", reason="Windows has no device files")
def test_a_device_is_live() -> None:
    assert is_live_spec(os.devnull)


@pytest.mark.parametrize("spec", ["", "a\0b", "x" * 5000])
def test_invalid_file_names_are_not_live(spec: str) -> None:
    assert is_live_spec(spec) is False


@pytest.mark.parametrize(
    ("spec", "name"),
    [
        ("demo", "demo"),
        (" Demo ", "demo"),
        ("camera", "Lid"),
        ("1", "Lid"),
        ("camera 4", "Desk Camera"),
        ("004", "Desk Camera"),
        ("2", "camera 2"),
        ("Camera 03", "camera 3"),
        ("Desk Camera", "Desk Camera"),
        ("clip.mp4", "clip.mp4"),
        ("/videos/größe 写真.mp4", "größe 写真.mp4"),
        ("/videos/", "videos"),
        ("./0", "0"),
        (".", "."),
        ("/", "/"),
        ("a\0b", "a\0b"),
        ("-", "standard input"),
        ("file:///videos/gr%C3%B6%C3%9Fe.mp4", "größe.mp4"),
        ("cam.local:8080/video?pwd=s3cret", "http://cam.local:8080/video"),
        ("julia:s3cret@cam.local:554/live", "rtsp://cam.local:554/live"),
    ],
)
def test_the_name_of_a_source(spec: str, name: str) -> None:
    assert name_of(spec) == name


def test_the_first_camera_is_number_0_if_there_is_none(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(camera, "_LINUX_CAMERAS", tmp_path / "none")
    assert name_of("camera") == "camera 0"


@pytest.mark.parametrize(
    ("spec", "name"),
    [
        ("rtsp://cam.local:554/live/1", "rtsp://cam.local:554/live/1"),
        ("udp://@239.0.0.1:1234", "udp://239.0.0.1:1234"),
        ("rtsp://ann:s3cret@cam.local/live", "rtsp://cam.local/live"),
        (" RTSP://ann:s3cret@cam.local/live ", "RTSP://cam.local/live"),
        ("rtsp://ann:s3cr@et@cam.local/live", "rtsp://cam.local/live"),
        ("rtsp://ann:s3/cret@cam.local/live", "rtsp://cam.local/live"),
        ("rtsp://ann:s3?cret#@cam.local/live", "rtsp://cam.local/live"),
        ("rtsp://ann:s3/c=ret@cam.local/live", "rtsp://cam.local/live"),
        ("rtsp://s3cret@cam.local", "rtsp://cam.local"),
        ("http://ann:s3cret@[::1]:8080/live", "http://[::1]:8080/live"),
        ("http://cam.local/video?user=ann&pwd=s3cret", "http://cam.local/video"),
        ("http://cam.local/video?user=ann&pwd=s3@cret", "http://cam.local/video"),
        ("http://cam.local/video?mail=ann@cam.local&pwd=s3cret", "http://cam.local/video"),
        ("http://ann:s3cret@cam.local/video?mail=ann@x&pwd=s3cret", "http://cam.local/video"),
        ("http://cam.local?pwd=s3@cret", "http://cam.local"),
        ("rtsp://[::1]:554/user=ann_password=s3cret_channel=1.sdp", "rtsp://[::1]:554"),
        ("rtsp://cam.local:554/user=ann_password=s3@cret_channel=1.sdp", "rtsp://cam.local:554"),
        ("rtsp://[::1]:554/user=ann&password=s3@cret&channel=1", "rtsp://[::1]:554"),
        ("rtsp://cam.local/live#s3cret", "rtsp://cam.local/live"),
        ("ftp://ann:s3cret@cam.local/clip.mp4", "ftp://cam.local/clip.mp4"),
    ],
)
def test_the_name_of_a_stream_hides_its_password(spec: str, name: str) -> None:
    assert name_of(spec) == name
    assert not any(part in name_of(spec) for part in ("ann", "s3", "cret"))
