"""Blurring is a promise: no frame with a face that can be seen is shown, recorded or saved."""

import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import av
import cv2
import numpy as np
import pytest
from live_parts import FakeCamera, SquareEngine, face_at, picture, wait_until

from agecam.cli import main
from agecam.engine.options import EngineOptions
from agecam.errors import WeightsError
from agecam.live import LiveEngine, LiveSession, Phase, View
from agecam.live.loading import build_live_engine
from agecam.live.people import People
from agecam.live.recording import Recording
from agecam.live.screenshot import composed
from agecam.overlay import OverlayStyle, annotate, blur_everything
from agecam.sources import open_source
from agecam.tracking.tracker import overlaps
from agecam.types import Detection, Face, Image
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


FRAMES = 90
FACE_PX = 240
_BIT_PX = 20


def place_of(index: int) -> tuple[int, int]:
    """Left and top of the portrait in a frame of the video."""
    return (index * 137) % 1000, (index * 89) % 440


def number_in(image: Image) -> int:
    """Index of a frame of the video, which is written into its lowest rows."""
    row = image[-_BIT_PX // 2, _BIT_PX // 2 : 7 * _BIT_PX : _BIT_PX].mean(-1)
    return sum(int(value > 128) << bit for bit, value in enumerate(row))


@pytest.fixture(scope="module")
def portrait(_portraits: tuple[Image, Image]) -> Image:
    return np.asarray(cv2.resize(_portraits[1][60:400, 90:430], (FACE_PX, FACE_PX), interpolation=cv2.INTER_AREA))


@pytest.fixture
def moving_face(portrait: Image, tmp_path: Path) -> Path:
    """A video in which a portrait jumps across the picture, faster than any tracker follows."""
    path = tmp_path / "moving.mp4"
    with av.open(str(path), "w") as file:
        stream = file.add_stream("libx264", rate=30)
        stream.width, stream.height, stream.pix_fmt = 1280, 720, "yuv420p"
        stream.options = {"crf": "12", "preset": "veryfast"}
        for index in range(FRAMES):
            image = np.full((720, 1280, 3), (90, 110, 100), np.uint8)
            left, top = place_of(index)
            image[top : top + FACE_PX, left : left + FACE_PX] = portrait
            for bit in range(7):
                image[-_BIT_PX:, bit * _BIT_PX : (bit + 1) * _BIT_PX] = 255 * (index >> bit & 1)
            file.mux(stream.encode(av.VideoFrame.from_ndarray(image, format="bgr24")))
        file.mux(stream.encode(None))
    return path


@pytest.fixture(scope="module")
def detector() -> FaceDetector:
    return FaceDetector(min_face_px=60)


def frames_of(path: Path) -> list[Image]:
    with open_source(str(path)) as source:
        return [frame.image_bgr for frame in source]


def sharpness(image: Image) -> float:
    return float(cv2.Laplacian(image, cv2.CV_64F).var())


class Survey:
    """What can be seen of the portrait in frames of the video."""

    def __init__(self, images: list[Image], portrait: Image, detector: FaceDetector) -> None:
        (face,) = detector.detect(portrait)
        (x, y), (right, bottom) = (face.landmarks[[0, 4]] + [[-5, -5], [5, 5]]).round().astype(int)  # inside its lines
        self.found = sum(_is_there(face, image, detector) for image in images)
        """Frames in which the detector finds the face. Elsewhere, a label on a coat may look like one."""
        self.sharpest = 0.0
        """Sharpness from eyes to mouth in the frame where it is highest, relative to that of the portrait."""
        for image in images:
            left, top = place_of(number_in(image))
            features = image[top + y : top + bottom, left + x : left + right]
            self.sharpest = max(self.sharpest, sharpness(features) / sharpness(portrait[y:bottom, x:right]))


def _is_there(face: Detection, image: Image, detector: FaceDetector) -> bool:
    left, top = place_of(number_in(image))
    box = (left + face.box[0], top + face.box[1], *face.box[2:])
    return bool((overlaps([box], [other.box for other in detector.detect(image)]) > 0.4).any())


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


def test_the_video_has_a_clear_face_in_every_frame(moving_face: Path, portrait: Image, detector: FaceDetector) -> None:
    frames = frames_of(moving_face)
    assert [number_in(image) for image in frames] == list(range(FRAMES))
    clear = [Survey([image], portrait, detector) for image in frames]
    assert [one.found for one in clear] == [1] * FRAMES
    assert min(one.sharpest for one in clear) > 0.8


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


def test_a_photograph_keeps_its_labels_when_blurring_is_switched_on_and_off(
    make_session: MakeSession, tmp_path: Path
) -> None:
    cv2.imwrite(str(tmp_path / "a.png"), picture(2))
    engine = SquareEngine()
    session = make_session(lambda options: engine)
    session.open(lambda: open_source(str(tmp_path / "a.png")), is_live=False)
    for count, on in enumerate((False, True, False, True, False), start=1):
        session.show_only_complete(on)
        wait_until(lambda count=count: len(engine.analysed) >= count)  # type: ignore[misc]
        wait_until(lambda: (view := session.view()) is not None and bool(view.faces) and view.complete)
        time.sleep(0.1)
        view = session.view()
        assert view is not None and view.faces and view.complete


def test_a_photograph_is_shown_as_soon_as_it_can_be_analysed(make_session: MakeSession, tmp_path: Path) -> None:
    def build(options: EngineOptions) -> LiveEngine:
        if options.model == "compact":
            raise WeightsError("There is no model called 'compact'.")
        return SquareEngine()

    cv2.imwrite(str(tmp_path / "a.png"), picture(2))
    session = make_session(build)
    session.show_only_complete(True)
    session.open(lambda: open_source(str(tmp_path / "a.png")), is_live=False)
    wait_until(lambda: session.engine_error is not None and session.source_state.phase is Phase.ENDED)
    assert session.view() is None
    session.show_only_complete(False)
    assert session.view() is not None
    session.show_only_complete(True)
    session.close_source()
    session.open(lambda: open_source(str(tmp_path / "a.png")), is_live=False)
    wait_until(lambda: session.source_state.phase is Phase.ENDED)
    assert session.view() is None
    session.use(EngineOptions("other"))
    wait_until(lambda: (view := session.view()) is not None and view.complete and bool(view.faces))


def test_a_view_that_is_not_complete_is_blurred_as_a_whole(make_session: MakeSession) -> None:
    session = make_session(lambda options: SquareEngine(detect_every=1000))
    session.open(lambda: FakeCamera(), is_live=True)
    wait_until(lambda: (view := session.view()) is not None and view.frame.index > 3 and bool(view.faces))
    view = session.view()
    assert view is not None
    picture = composed(view, BLURRED, mirror=False)
    assert sharpness(picture) < 0.1 * sharpness(view.frame.image_bgr)


def test_a_blurred_picture_shows_no_face_of_any_size(_portraits: tuple[Image, Image], detector: FaceDetector) -> None:
    for portrait in _portraits:
        small = cv2.copyMakeBorder(portrait, 200, 200, 400, 400, cv2.BORDER_CONSTANT, value=(90, 90, 90))
        for image in (portrait, np.ascontiguousarray(portrait[60:400, 90:430]), small):
            blurred = blur_everything(np.asarray(image, np.uint8))
            assert blurred.shape == image.shape
            assert detector.detect(blurred, 24) == []


def test_a_blurred_face_is_not_found_again(_portraits: tuple[Image, Image], detector: FaceDetector) -> None:
    found = 0
    for portrait in (*_portraits, *(portrait[:, ::-1] for portrait in _portraits)):
        for scale in (0.3, 0.5, 0.8, 1.2, 2.0):
            for degrees in (-15, -5, 0, 5, 15):
                height, width = (round(scale * side) for side in portrait.shape[:2])
                turn = cv2.getRotationMatrix2D((portrait.shape[1] / 2, portrait.shape[0] / 2), degrees, 1) * scale
                image = cv2.warpAffine(portrait, turn, (width, height), borderMode=cv2.BORDER_REPLICATE)
                faces = detector.detect(np.asarray(image, np.uint8), 24)
                blurred = annotate(np.asarray(image, np.uint8), [face_in(face) for face in faces], BLURRED)
                found += len(faces)
                assert detector.detect(blurred, 24) == [], (scale, degrees)
    assert found >= 100


def face_in(detection: Detection) -> Face:
    return replace(face_at(0.0), box=detection.box, landmarks=detection.landmarks)


def test_no_frame_of_a_recording_shows_a_face(
    make_session: MakeSession, moving_face: Path, portrait: Image, detector: FaceDetector, tmp_path: Path
) -> None:
    """As the window does it; blurring is switched on in the middle, and not one clear frame comes after that."""
    session = make_session(build_live_engine)
    wait_until(lambda: not session.loading, 30)
    session.open(lambda: open_source(str(moving_face)), is_live=False, loop=True)
    wait_until(lambda: session.view() is not None)
    time.sleep(0.5)
    session.show_only_complete(True)
    recording = Recording(tmp_path / "r.mp4", 1280, 720, 30)
    end_s = time.monotonic() + 30
    shown: View | None = None
    while recording.frames < 40 and time.monotonic() < end_s:
        view = session.view()
        if view is not None and view is not shown:
            recording.put(composed(view, BLURRED, mirror=False), view.arrived_s)
            shown = view
        time.sleep(0.005)
    recording.stop()
    assert recording.wait(10)
    first, *written = frames_of(tmp_path / "r.mp4")
    assert detector.detect(first) == []  # blurred as a whole, with its number
    survey = Survey(written, portrait, detector)
    assert len({number_in(image) for image in written}) > 20
    assert survey.found == 0
    assert survey.sharpest < 0.05


@pytest.mark.parametrize("options", [(), ("--detect-every", "5")])
def test_no_frame_of_an_annotated_video_shows_a_face(
    moving_face: Path, portrait: Image, detector: FaceDetector, tmp_path: Path, options: tuple[str, ...]
) -> None:
    outputs = ("--video", str(tmp_path / "a.mp4"), "--images", str(tmp_path / "stills"))
    assert main(["analyze", str(moving_face), "--blur-faces", *outputs, *options]) == 0
    written = frames_of(tmp_path / "a.mp4")
    stills = [frame for path in sorted((tmp_path / "stills").iterdir()) for frame in frames_of(path)]
    assert ([number_in(image) for image in written], len(stills)) == (list(range(FRAMES)), 3)
    survey = Survey([*written, *stills], portrait, detector)
    assert survey.found == 0
    assert survey.sharpest < 0.05


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
