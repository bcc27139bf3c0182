"""The virtual camera: sizes, pictures, and what is said where the package, the driver or the device is missing."""

import sys
import threading
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import av
import cv2
import numpy as np
import pytest
from live_parts import face_at, picture, wait_until
from models import is_one_sentence
from virtual_cameras import RecordingBackend, loopback_devices, only_backend

from agecam.errors import OutputError
from agecam.live.calls import PERIOD_S, Calls, empty_picture, picture_for_calls, reduced
from agecam.live.view import View
from agecam.outputs.virtual_camera import FPS, VirtualCamera, size_for
from agecam.overlay import OverlayStyle, Placer
from agecam.types import Frame, Image

CLEAN = OverlayStyle(show_box=False, show_age=False, show_interval=False, show_gender=False, show_track=False)


@pytest.fixture
def opened() -> Iterator[list[RecordingBackend]]:
    with only_backend() as cameras:
        yield cameras


def drawn(view: View, style: OverlayStyle, mirror: bool = False) -> Image:
    return picture_for_calls(view, style, mirror, Placer(), reduced(view.frame.image_bgr))


def view_of(image: Image, side: float = 60, complete: bool = True) -> View:
    frame = Frame(image, 0, 0.0, "camera 9")
    return View(frame, (face_at(10, 90, side),), 1, 0.0, 1, complete=complete)


@pytest.mark.parametrize(
    ("width", "height", "expected"),
    [
        (640, 480, (640, 480)),
        (641, 479, (640, 480)),
        (1920, 1080, (1920, 1080)),
        (3840, 2160, (1920, 1080)),
        (4000, 6000, (720, 1080)),
        (9000, 3, (1920, 2)),
        (1, 1, (2, 2)),
    ],
)
def test_sizes_are_even_and_limited(width: int, height: int, expected: tuple[int, int]) -> None:
    assert size_for(width, height) == expected


def test_pictures_of_other_sizes_are_letterboxed(opened: list[RecordingBackend]) -> None:
    camera = VirtualCamera(320, 240)
    camera.send(picture(0))
    camera.send(np.full((100, 320, 3), 200, np.uint8))
    camera.close()
    (backend,) = opened
    assert (backend.width, backend.height, backend.fps) == (320, 240, FPS)
    assert (backend.pictures[0] == picture(0)).all()
    assert (backend.pictures[1][:70] == 0).all() and (backend.pictures[1][70:170] == 200).all()
    assert backend.closed == 1


def test_the_newest_picture_is_repeated_until_the_end(opened: list[RecordingBackend]) -> None:
    changes: list[str] = []
    calls = Calls(picture(0), lambda: changes.append(threading.current_thread().name))
    wait_until(lambda: bool(opened) and len(opened[0].pictures) >= 5)
    assert calls.name == "Test camera"
    calls.show(picture(7))
    count = len(opened[0].times_s)
    wait_until(lambda: len(opened[0].times_s) >= count + 20)
    assert (opened[0].pictures[0] == picture(0)).all()
    assert (opened[0].pictures[-1] == picture(7)).all()
    pauses = np.diff(opened[0].times_s)
    assert np.median(pauses) == pytest.approx(PERIOD_S, rel=0.3)
    assert calls.stop(2.0)
    assert calls.ended and calls.error is None
    assert opened[0].closed == 1
    assert changes == ["calls", "calls"]


def test_it_ends_with_the_device(opened: list[RecordingBackend]) -> None:
    calls = Calls(picture(0), lambda: None)
    wait_until(lambda: bool(opened) and len(opened[0].pictures) >= 2)
    opened[0].gone = True
    wait_until(lambda: calls.ended)
    assert isinstance(calls.error, OutputError)
    assert is_one_sentence(str(calls.error))
    assert "Test camera" in str(calls.error)
    assert opened[0].closed == 1


def test_a_device_file_that_disappears_ends_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """v4l2loopback reports no error to a program that writes to a device that is gone."""
    monkeypatch.setattr(RecordingBackend, "name", "/dev/null")
    with only_backend():
        camera = VirtualCamera(320, 240)
        camera.send(picture(0))
        monkeypatch.setattr(camera, "_path", tmp_path / "video9")
        with pytest.raises(OutputError, match="/dev/null"):
            camera.send(picture(0))
        camera.close()


def test_showing_neither_blocks_nor_waits_for_a_slow_device(
    opened: list[RecordingBackend], monkeypatch: pytest.MonkeyPatch
) -> None:
    go_on = threading.Event()
    monkeypatch.setattr(RecordingBackend, "send", lambda *_: go_on.wait(10))
    calls = Calls(picture(0), lambda: None)
    wait_until(lambda: calls.name is not None)
    for index in range(50):
        calls.show(picture(index))
    assert not calls.stop()  # returns although the device hangs
    go_on.set()
    assert calls.stop(5.0)


def test_without_the_package_it_says_how_to_get_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pyvirtualcam", None)
    with pytest.raises(OutputError, match="pip install pyvirtualcam") as caught:
        VirtualCamera(320, 240)
    assert is_one_sentence(str(caught.value))
    monkeypatch.setattr(sys, "frozen", True, raising=False)  # in the bundle, pip would change nothing
    with pytest.raises(OutputError, match="pipx install") as caught:
        VirtualCamera(320, 240)
    assert is_one_sentence(str(caught.value))


@pytest.mark.skipif(sys.platform != "linux" or bool(loopback_devices()), reason="there is a loop-back device")
def test_without_the_driver_it_says_how_to_get_it() -> None:
    """With pyvirtualcam's own backend."""
    with pytest.raises(OutputError, match="sudo modprobe v4l2loopback") as caught:
        VirtualCamera(320, 240)
    assert is_one_sentence(str(caught.value))


@pytest.mark.parametrize(
    ("system", "message", "words"),
    [
        ("darwin", "not installed", "obsproject"),
        ("win32", "in use", "obsproject"),
        ("linux", "the device is due to missing permissions closed", "usermod -aG video"),
        ("linux", "Device /dev/video9 is no output device.", "/dev/video9"),
    ],
)
def test_each_system_has_its_sentence(system: str, message: str, words: str, monkeypatch: pytest.MonkeyPatch) -> None:
    class Failing(RecordingBackend):
        def __init__(self, **_: object) -> None:
            raise RuntimeError(message)

    monkeypatch.setattr("agecam.outputs.virtual_camera.sys.platform", system)
    with only_backend(Failing), pytest.raises(OutputError, match=words) as caught:
        VirtualCamera(320, 240)
    assert is_one_sentence(str(caught.value))


@pytest.mark.skipif(not loopback_devices(), reason="there is no loop-back device")
def test_another_program_sees_the_pictures() -> None:
    calls = Calls(picture(3), lambda: None)
    wait_until(lambda: calls.name is not None or calls.ended)
    assert calls.error is None
    with av.open(str(calls.name), format="v4l2") as file:
        frame = next(file.decode(video=0)).to_ndarray(format="bgr24")
    assert calls.stop(2.0)
    assert frame.shape == picture(3).shape
    assert np.abs(frame.astype(int) - picture(3)).mean() < 8


# --- what is drawn -------------------------------------------------------------------------------------


def test_labels_are_in_the_picture_and_mirroring_is_as_asked() -> None:
    view = view_of(picture(0))
    plain = drawn(view, CLEAN, False)
    assert (plain == picture(0)).all()
    labelled = drawn(view, OverlayStyle(), False)
    assert (labelled != plain).any()
    assert (drawn(view, CLEAN, True) == picture(0)[:, ::-1]).all()


@pytest.mark.parametrize("complete", [True, False])
@pytest.mark.parametrize("factor", [1, 12])
def test_faces_are_blurred_in_pictures_of_every_size(complete: bool, factor: int) -> None:
    image = picture(0).repeat(factor, 0).repeat(factor, 1)
    view = View(
        Frame(image, 0, 0.0, "a.png", still=True),
        (face_at(10 * factor, 90 * factor, 60 * factor),),
        1,
        0.0,
        1,
        complete=complete,
    )
    plain = drawn(view, CLEAN, False)
    blurred = drawn(view, replace(CLEAN, blur_faces=True), False)
    assert plain.shape == blurred.shape
    assert max(plain.shape[1] / 1920, plain.shape[0] / 1080) <= 1
    scale = plain.shape[1] / 320
    top, bottom, left, right = (round(scale * value) for value in (95, 145, 15, 65))
    inside = (slice(top, bottom), slice(left, right))
    assert detail(blurred[inside]) < 0.3 * detail(plain[inside])


def test_an_empty_picture_shows_nothing() -> None:
    empty = empty_picture(picture(0))
    assert empty.shape == picture(0).shape
    assert empty_picture(np.zeros((4000, 6001, 3), np.uint8)).shape == (1080, 1620, 3)
    assert len(np.unique(empty)) == 1


def detail(image: Image) -> float:
    return float(np.asarray(cv2.Laplacian(image, cv2.CV_64F)).std())
