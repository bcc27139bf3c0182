"""Blurring is a promise: no frame with a face that can be seen is shown, recorded or saved."""

import time
from collections.abc import Callable, Iterator
from itertools import pairwise
from pathlib import Path

import av
import cv2
import numpy as np
import pytest
from live_parts import FakeCamera, SquareEngine, wait_until

from agecam.cli import main
from agecam.engine.options import EngineOptions
from agecam.live import LiveEngine, LiveSession, View
from agecam.live.loading import build_live_engine
from agecam.live.people import People
from agecam.live.recording import Recording
from agecam.live.screenshot import composed
from agecam.overlay import OverlayStyle, blur_everything
from agecam.sources import open_source
from agecam.types import Image
from agecam.vision.detector import FaceDetector

BLURRED = OverlayStyle(
    blur_faces=True, show_box=False, show_age=False, show_interval=False, show_gender=False, show_track=False
)
MakeSession = Callable[[Callable[[EngineOptions], LiveEngine]], LiveSession]


@pytest.fixture
def make_session() -> Iterator[MakeSession]:
    sessions: list[LiveSession] = []

    def make(build: Callable[[EngineOptions], LiveEngine]) -> LiveSession:
        sessions.append(LiveSession(build, EngineOptions(), lambda: None))
        return sessions[-1]

    yield make
    assert all(session.close() for session in sessions)


@pytest.fixture
def moving_face(_portraits: tuple[Image, Image], tmp_path: Path) -> Path:
    """A video in which a portrait jumps across the picture, faster than any tracker follows."""
    path = tmp_path / "moving.mp4"
    face = cv2.resize(_portraits[1][60:400, 90:430], (240, 240), interpolation=cv2.INTER_AREA)
    with av.open(str(path), "w") as file:
        stream = file.add_stream("libx264", rate=30)
        stream.width, stream.height, stream.pix_fmt = 1280, 720, "yuv420p"
        stream.options = {"crf": "12", "preset": "veryfast"}
        for index in range(90):
            image = np.full((720, 1280, 3), (90, 110, 100), np.uint8)
            left, top = (index * 137) % 1000, (index * 89) % 440
            image[top : top + 240, left : left + 240] = face
            file.mux(stream.encode(av.VideoFrame.from_ndarray(image, format="bgr24")))
        file.mux(stream.encode(None))
    return path


@pytest.fixture(scope="module")
def detector() -> FaceDetector:
    return FaceDetector(min_face_px=60)


def frames_of(path: Path) -> list[Image]:
    with open_source(str(path)) as source:
        return [frame.image_bgr for frame in source]


def clear_faces(images: list[Image], detector: FaceDetector) -> int:
    """Number of pictures in which a face is found and has detail; the detector may also fire on a blurred head."""
    return sum(any(sharpness(inner(image, face.box)) > 30 for face in detector.detect(image)) for image in images)


def inner(image: Image, box: tuple[float, float, float, float]) -> Image:
    """The middle of a face, without the lines of its box."""
    x, y, width, height = box
    left, top = round(x + 0.2 * width), round(y + 0.2 * height)
    return image[top : top + round(0.6 * height), left : left + round(0.6 * width)]


def views_until(session: LiveSession, done: Callable[[], bool], seconds: float = 20.0) -> list[View]:
    """All different views that the window would paint."""
    views: list[View] = []
    end_s = time.monotonic() + seconds
    while not done() and time.monotonic() < end_s:
        view = session.view()
        if view is not None and (not views or view is not views[-1]):
            views.append(view)
        time.sleep(0.002)
    return views


def test_the_video_has_a_clear_face_in_every_frame(moving_face: Path, detector: FaceDetector) -> None:
    assert clear_faces(frames_of(moving_face), detector) == 90


def test_only_frames_in_which_all_faces_were_looked_for_are_shown(make_session: MakeSession) -> None:
    engine = SquareEngine(detect_every=1000)
    session = make_session(lambda options: engine)
    session.open(lambda: FakeCamera(), is_live=True)
    wait_until(lambda: (view := session.view()) is not None and view.frame.index > 3)
    assert not session.view().complete  # type: ignore[union-attr]
    session.show_only_complete(True)
    before = session.view()
    views = views_until(session, lambda: len(engine.analysed) > 40)
    assert all(view.complete for view in views if view is not before)
    assert len(views) > 10
    assert all(first.frame_number < second.frame_number for first, second in pairwise(views[1:]))
    for view in views[1:]:  # the box lies on the square in this very frame
        (face,) = view.faces
        x, y, width, height = (round(value) for value in face.box)
        assert view.frame.image_bgr[y : y + height, x : x + width].mean() > 130
    session.show_only_complete(False)
    wait_until(lambda: (view := session.view()) is not None and not view.complete)


def test_a_view_that_is_not_complete_is_blurred_as_a_whole(make_session: MakeSession) -> None:
    session = make_session(lambda options: SquareEngine(detect_every=1000))
    session.open(lambda: FakeCamera(), is_live=True)
    wait_until(lambda: (view := session.view()) is not None and view.frame.index > 3 and bool(view.faces))
    view = session.view()
    assert view is not None
    picture = composed(view, BLURRED, mirror=False)
    assert sharpness(picture) < 0.1 * sharpness(view.frame.image_bgr)


def sharpness(image: Image) -> float:
    return float(cv2.Laplacian(image, cv2.CV_64F).var())


def test_a_blurred_picture_shows_no_face_of_any_size(_portraits: tuple[Image, Image], detector: FaceDetector) -> None:
    for portrait in _portraits:
        small = cv2.copyMakeBorder(portrait, 200, 200, 400, 400, cv2.BORDER_CONSTANT, value=(90, 90, 90))
        for image in (portrait, np.ascontiguousarray(portrait[60:400, 90:430]), small):
            blurred = blur_everything(np.asarray(image, np.uint8))
            assert blurred.shape == image.shape
            assert detector.detect(blurred, 24) == []


def test_no_frame_of_a_recording_shows_a_face(
    make_session: MakeSession, moving_face: Path, detector: FaceDetector, tmp_path: Path
) -> None:
    """As the window does it; blurring is switched on in the middle, and not one clear frame comes after that."""
    session = make_session(build_live_engine)
    wait_until(lambda: not session.loading, 30)
    session.open(lambda: open_source(str(moving_face)), is_live=False, loop=True)
    wait_until(lambda: session.view() is not None)
    time.sleep(0.5)
    session.show_only_complete(True)
    recording = Recording(tmp_path / "r.mp4", 1280, 720, 30)
    for view in views_until(session, lambda: recording.frames + recording.dropped > 60):
        recording.put(composed(view, BLURRED, mirror=False), view.arrived_s)
    end_s = time.monotonic() + 15
    last: View | None = None
    while recording.frames < 60 and time.monotonic() < end_s:
        view_now = session.view()
        if view_now is not None and view_now is not last:
            recording.put(composed(view_now, BLURRED, mirror=False), view_now.arrived_s)
            last = view_now
        time.sleep(0.005)
    recording.stop()
    assert recording.wait(10)
    written = frames_of(tmp_path / "r.mp4")
    assert len(written) >= 30
    assert clear_faces(written, detector) == 0


@pytest.mark.parametrize("options", [(), ("--detect-every", "5")])
def test_no_frame_of_an_annotated_video_shows_a_face(
    moving_face: Path, detector: FaceDetector, tmp_path: Path, options: tuple[str, ...]
) -> None:
    outputs = ("--video", str(tmp_path / "a.mp4"), "--images", str(tmp_path / "stills"))
    assert main(["analyze", str(moving_face), "--blur-faces", *outputs, *options]) == 0
    written = frames_of(tmp_path / "a.mp4")
    stills = [frame for path in sorted((tmp_path / "stills").iterdir()) for frame in frames_of(path)]
    assert (len(written), len(stills)) == (90, 3)
    assert clear_faces([*written, *stills], detector) == 0


def test_thumbnails_are_blurred_too(make_session: MakeSession) -> None:
    people = People()
    session = LiveSession(
        lambda options: SquareEngine(),
        EngineOptions(),
        lambda: None,
        lambda result: people.update(result.task.frame, result.frame_result),
    )
    session.open(lambda: FakeCamera(), is_live=True)
    wait_until(lambda: bool(people.in_view()))
    (clear,), (blurred,) = people.in_view(), people.in_view(blurred=True)
    assert session.close()
    assert sharpness(blurred.thumbnail_bgr) < 0.1 * sharpness(clear.thumbnail_bgr)
