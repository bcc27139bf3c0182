"""The threads behind the window: frames do not pile up, the display never waits, and every thread ends."""

import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from live_parts import SIDE, FakeCamera, FakeFile, SquareEngine, face_at, index_of, picture, square_left, wait_until

from agecam.engine.options import EngineOptions
from agecam.errors import AgeCamError, OutputError, SourceError, WeightsError
from agecam.live import LiveSession, Phase
from agecam.live.mailbox import Mailbox
from agecam.live.people import GONE_S, People
from agecam.live.playback_clock import PlaybackClock
from agecam.live.propagation import FacePropagator
from agecam.live.recording import Recording
from agecam.live.screenshot import KEYWORD, SavingOptions, composed, save_screenshot
from agecam.live.statistics import Delays, EventRate
from agecam.live.view import View
from agecam.overlay import OverlayStyle
from agecam.overlay.mirror import mirrored
from agecam.sources import FrameSource, open_source
from agecam.timeline.thumbnail import THUMBNAIL_PX
from agecam.types import Frame, FrameResult


class Program:
    """A session over a `SquareEngine`."""

    def __init__(self, engine: SquareEngine | None = None, loading_s: float = 0.0, error: AgeCamError | None = None):
        self.engine = engine or SquareEngine()
        self.built: list[EngineOptions] = []
        self.wakes = 0

        def build(options: EngineOptions) -> SquareEngine:
            time.sleep(loading_s)
            self.built.append(options)
            if error is not None and len(self.built) == 1:
                raise error
            return self.engine

        self.session = LiveSession(build, EngineOptions(), self.wake)

    def wake(self) -> None:
        self.wakes += 1

    def open(self, source: FrameSource | Callable[[], FrameSource], is_live: bool = False, **options: object) -> None:
        self.session.open(source if callable(source) else lambda: source, is_live, **options)  # type: ignore[arg-type]

    @property
    def phase(self) -> Phase:
        return self.session.source_state.phase

    def shown(self) -> int:
        """Index of the frame in view; -1 for none."""
        view = self.session.view()
        return -1 if view is None else view.frame.index


@pytest.fixture
def make_program() -> Iterator[Callable[..., Program]]:
    made: list[Program] = []

    def make(*arguments: object, **options: object) -> Program:
        made.append(Program(*arguments, **options))  # type: ignore[arg-type]
        return made[-1]

    before = set(threading.enumerate())
    yield make
    ended = [program.session.close() for program in made]
    assert all(ended)
    assert set(threading.enumerate()) <= before


# --- the parts -----------------------------------------------------------------------------------------


def test_mailbox_keeps_only_the_latest_value() -> None:
    box: Mailbox[int] = Mailbox()
    assert box.take(timeout_s=0) is None
    for value in range(5):
        box.put(value)
    assert (box.take(), box.replaced) == (4, 4)
    assert box.take(timeout_s=0.01) is None
    box.put(6)
    box.close()
    box.put(7)
    assert box.take() is None


def test_mailbox_wakes_a_waiting_thread() -> None:
    box: Mailbox[int] = Mailbox()
    taken: list[int | None] = []
    thread = threading.Thread(target=lambda: [taken.append(box.take()) for _ in range(2)])
    thread.start()
    box.put(1)
    wait_until(lambda: taken == [1])
    box.close()
    thread.join(5)
    assert taken == [1, None]


def test_playback_clock_follows_the_timestamps() -> None:
    clock = PlaybackClock()
    assert clock.wait_s(3.0) == 0
    assert clock.wait_s(3.2) == pytest.approx(0.2, abs=0.02)
    clock.speed = 2.0
    clock.restart()
    assert clock.wait_s(5.0) == 0
    assert clock.wait_s(6.0) == pytest.approx(0.5, abs=0.02)
    # After a large lag the file continues from here instead of catching up.
    clock.restart()
    clock.wait_s(0.0)
    time.sleep(0.3)
    assert clock.wait_s(0.01) == 0
    assert clock.wait_s(0.11) == pytest.approx(0.05, abs=0.02)


def test_rates_and_delays() -> None:
    rate, delays = EventRate(), Delays(max_count=4)
    assert (rate.per_second(), delays.quantile(0.5)) == (0, None)
    for _ in range(6):
        rate.tick()
        time.sleep(0.02)
    assert 20 < rate.per_second() < 60
    for ms in (900.0, 1.0, 2.0, 3.0, 4.0):
        delays.add(ms)
    assert delays.quantile(0.5) == pytest.approx(2.5)


def test_the_window_is_woken_once_for_each_frame(make_program: Callable[..., Program]) -> None:
    program = make_program()
    program.open(FakeFile(count=90, fps=30.0))
    wait_until(lambda: program.shown() >= 15 and program.session.has_result)
    first, wakes, analysed = program.shown(), program.wakes, len(program.engine.analysed)
    wait_until(lambda: program.shown() >= first + 40)
    frames = program.shown() - first
    assert len(program.engine.analysed) - analysed > 0.8 * frames
    assert program.wakes - wakes < 1.3 * frames  # a result is shown with the next frame


@pytest.mark.parametrize("fps", [5.0, 1.0])
def test_where_frames_are_slow_a_result_is_shown_at_once(fps: float, make_program: Callable[..., Program]) -> None:
    program = make_program()
    program.open(FakeFile(count=9, fps=fps))
    wait_until(lambda: program.shown() >= 2)
    time.sleep(0.1)  # the next frame comes later
    wakes = program.wakes
    assert wakes >= 2 * (program.shown() + 1)
    view = program.session.view()
    assert view is not None
    assert view.complete or view.faces


def test_while_paused_a_result_is_shown_at_once(make_program: Callable[..., Program]) -> None:
    program = make_program()
    program.open(FakeFile(count=90, fps=30.0))
    wait_until(lambda: program.shown() >= 5 and program.session.has_result)
    capture = program.session.capture
    assert capture is not None
    capture.pause()
    wait_until(lambda: program.phase is Phase.PAUSED)
    time.sleep(0.2)
    wakes = program.wakes
    program.session.use(EngineOptions(min_face_px=50))  # analyses the frame in view again
    wait_until(lambda: program.wakes > wakes)


def test_boxes_follow_motion() -> None:
    propagator = FacePropagator()
    assert propagator.show(1, Frame(picture(0), 0, 0.0, "x")) == ()
    propagator.correct(1, FrameResult("x", 0, 0.0, 320, 240, (face_at(square_left(0)),)))
    for index in range(1, 12):
        (face,) = propagator.show(index + 1, Frame(picture(index), index, index / 30, "x"))
    assert face.box[0] == pytest.approx(square_left(11), abs=2)
    assert face.box[2] == pytest.approx(SIDE, rel=0.05)
    assert face.landmarks[2, 0] == pytest.approx(square_left(11) + SIDE / 2, abs=2)
    # A late result is propagated to the frame in view.
    (late,) = propagator.correct(6, FrameResult("x", 5, 0.0, 320, 240, (face_at(square_left(5), age=50),)))
    assert late.age == 50
    assert late.box[0] == pytest.approx(square_left(11), abs=2)
    # A result for a frame no longer kept changes nothing.
    assert propagator.correct(-5, FrameResult("x", 0, 0.0, 320, 240, ())) == (late,)


def test_box_stays_where_there_is_no_texture() -> None:
    propagator = FacePropagator()
    dark = np.zeros((240, 320, 3), np.uint8)
    propagator.show(1, Frame(dark, 0, 0.0, "x"))
    propagator.correct(1, FrameResult("x", 0, 0.0, 320, 240, (face_at(100.0),)))
    (face,) = propagator.show(2, Frame(dark, 1, 0.0, "x"))
    assert face.box == (100.0, 90.0, SIDE, SIDE)
    # A frame of another size does not fail.
    (face,) = propagator.show(3, Frame(np.zeros((480, 200, 3), np.uint8), 2, 0.0, "x"))
    assert face.box == (100.0, 90.0, SIDE, SIDE)


def test_faces_are_not_propagated_between_still_pictures() -> None:
    propagator, people = FacePropagator(), People()
    first, second = (Frame(picture(0), index, float(index), f"{index}.jpg", still=True) for index in (0, 1))
    result = FrameResult("0.jpg", 0, 0.0, 320, 240, (face_at(square_left(0), track=1),))
    propagator.show(1, first)
    assert len(propagator.correct(1, result)) == 1
    people.update(first, result)
    assert propagator.show(2, second) == ()
    assert propagator.correct(1, result) == ()  # too late
    people.update(second, FrameResult("1.jpg", 1, 1.0, 320, 240, ()))
    assert people.in_view() == []


def test_people_come_and_go() -> None:
    people = People()

    def analyse(time_s: float, *faces: object) -> None:
        frame = Frame(picture(0), 0, time_s, "x")
        people.update(frame, FrameResult("x", 0, time_s, 320, 240, faces))  # type: ignore[arg-type]

    analyse(0.0, face_at(10, age=30, track=4))
    analyse(1.0, face_at(10, age=32, track=4), face_at(200, age=60, track=2))
    first, second = people.in_view()
    assert (first.track_id, first.seconds, list(first.ages)) == (4, 1.0, [30, 32])
    assert (second.track_id, second.face.age) == (2, 60)
    assert first.thumbnail_bgr.shape == (THUMBNAIL_PX, THUMBNAIL_PX, 3)
    assert first.thumbnail_bgr[THUMBNAIL_PX // 2, THUMBNAIL_PX // 2].min() > 100
    analyse(1.1 + GONE_S, face_at(200, age=61, track=2))
    assert [person.track_id for person in people.in_view()] == [2]
    assert len(first.ages) == 2  # snapshots do not change
    analyse(0.2, face_at(10, track=9))  # after a seek backwards
    assert [person.track_id for person in people.in_view()] == [9]


def test_mirrored_picture_has_mirrored_faces() -> None:
    image, (face,) = mirrored(picture(3), [face_at(square_left(3))])
    columns = np.flatnonzero(image[120, :, 0] > 100)
    assert face.box[0] == columns[0]
    left_eye, right_eye = face.landmarks[:2]
    assert left_eye[0] < right_eye[0]
    restored, (restored_face,) = mirrored(image, [face])
    assert (restored == picture(3)).all()
    assert restored_face.landmarks == pytest.approx(face_at(square_left(3)).landmarks)


# --- the session ---------------------------------------------------------------------------------------


def test_display_does_not_wait_for_the_networks(make_program: Callable[..., Program]) -> None:
    program = make_program(SquareEngine(takes_s=0.25))
    program.open(FakeCamera(fps=60), is_live=True)
    wait_until(lambda: program.shown() >= 60, 10)
    # Sixty frames were shown while the engine analysed only a few of the latest.
    assert 1 <= len(program.engine.analysed) <= 12
    assert all(b - a > 1 for a, b in zip(program.engine.analysed[1:], program.engine.analysed[2:], strict=False))
    assert program.wakes >= 60


def test_boxes_are_propagated_to_the_frame_in_view(make_program: Callable[..., Program]) -> None:
    program = make_program(SquareEngine(takes_s=0.1))
    program.open(FakeCamera(fps=30, until=55), is_live=True)
    wait_until(lambda: program.shown() >= 30)
    offsets = []
    while program.shown() < 50:
        view = program.session.view()
        assert view is not None
        if view.faces:
            offsets.append(view.faces[0].box[0] - square_left(view.frame.index))
        time.sleep(0.02)
    # Without propagation they would lag by three frames of 4 px.
    assert np.abs(offsets).max() <= 3


def test_statistics(make_program: Callable[..., Program]) -> None:
    program = make_program(SquareEngine(takes_s=0.02))
    program.open(FakeCamera(fps=50), is_live=True)
    deadline = time.monotonic() + 2
    while time.monotonic() < deadline:
        view = program.session.view()
        if view is not None:
            program.session.painted(view)
        time.sleep(0.002)
    statistics = program.session.statistics()
    assert 25 < statistics.shown_fps < 60
    assert 10 < statistics.analysed_fps < 51
    assert statistics.delay_p50_ms is not None and statistics.delay_p95_ms is not None
    assert 0 < statistics.delay_p50_ms <= statistics.delay_p95_ms < 200
    assert statistics.stages_ms["detector"] == pytest.approx(20)
    assert (statistics.faces, statistics.device) == (1, "CPU")


def test_file_plays_at_its_frame_rate_to_its_end(make_program: Callable[..., Program]) -> None:
    program = make_program()
    started = time.monotonic()
    program.open(FakeFile(30, fps=30.0))
    indices = set()
    while program.phase is not Phase.ENDED:
        indices.add(program.shown())
        time.sleep(0.004)
    assert 0.8 < time.monotonic() - started < 2.5
    assert program.shown() == 29
    assert len(indices) > 20


def test_file_pauses_steps_seeks_and_resumes(make_program: Callable[..., Program]) -> None:
    program = make_program()
    program.open(FakeFile(300, fps=30.0))
    wait_until(lambda: program.shown() >= 3)
    capture = program.session.capture
    assert capture is not None
    capture.pause()
    wait_until(lambda: program.phase is Phase.PAUSED)
    before = program.shown()
    time.sleep(0.2)
    assert program.shown() == before
    capture.step()
    wait_until(lambda: program.shown() == before + 1)
    capture.seek(5.0)
    wait_until(lambda: program.shown() == 150)
    assert program.phase is Phase.PAUSED
    wait_until(lambda: program.engine.analysed[-1] == 150)  # a paused frame is analysed, too
    capture.play()
    wait_until(lambda: program.shown() > 155)
    assert program.phase is Phase.PLAYING
    capture.seek(9.9)
    wait_until(lambda: program.phase is Phase.ENDED)
    assert program.shown() == 299
    capture.play()  # from the start
    wait_until(lambda: 0 <= program.shown() < 100)


def test_file_plays_faster_and_loops(make_program: Callable[..., Program]) -> None:
    program = make_program()
    started = time.monotonic()
    program.open(FakeFile(60, fps=30.0), speed=4.0, loop=True)
    view = None
    wait_until(lambda: program.shown() >= 50)
    assert time.monotonic() - started < 1.5
    wait_until(lambda: program.shown() < 40)
    view = program.session.view()
    assert view is not None and view.frame_number > 60
    assert program.phase is Phase.PLAYING


def test_picture_stays_in_view(make_program: Callable[..., Program], tmp_path: Path) -> None:
    import cv2

    cv2.imwrite(str(tmp_path / "a.png"), picture(2))
    program = make_program()
    program.open(lambda: open_source(str(tmp_path / "a.png")))
    wait_until(lambda: program.phase is Phase.ENDED)
    wait_until(lambda: bool((view := program.session.view()) and view.faces))
    program.engine.age = 44.0
    program.session.use(EngineOptions(min_face_px=20))
    wait_until(lambda: bool((view := program.session.view()) and view.faces and view.faces[0].age == 44))
    assert program.engine.min_face_px == 20
    assert len(program.built) == 1  # another smallest face needs no other engine


def test_lost_camera_is_reopened(make_program: Callable[..., Program], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("agecam.live.capture.RETRY_S", (0.05, 0.1))
    attempts: list[FrameSource] = []

    def open_camera() -> FrameSource:
        attempts.append(FakeCamera(until=10))
        if len(attempts) in (2, 3):
            raise SourceError("There is no free camera with the number 9: connect it.")
        return attempts[-1]

    program = make_program()
    program.open(open_camera, is_live=True)
    wait_until(lambda: program.phase is Phase.LOST)
    assert "stopped giving pictures" in str(program.session.source_state.error)
    wait_until(lambda: "no free camera" in str(program.session.source_state.error))
    assert program.shown() == 9  # the last frame stays in view
    wait_until(lambda: program.phase is Phase.PLAYING)
    assert program.session.source_state.error is None
    wait_until(lambda: len(attempts) > 4)
    assert attempts[0].closed.is_set()  # type: ignore[attr-defined]


def test_lost_camera_is_reopened_on_request(make_program: Callable[..., Program]) -> None:
    times: list[float] = []

    def open_camera() -> FrameSource:
        times.append(time.monotonic())
        raise SourceError("There is no free camera with the number 9: connect it.")

    program = make_program()
    program.open(open_camera, is_live=True)
    wait_until(lambda: program.phase is Phase.LOST)
    capture = program.session.capture
    assert capture is not None
    capture.try_again()
    wait_until(lambda: len(times) == 2, 0.9)


def test_unreadable_file_is_not_tried_again(make_program: Callable[..., Program]) -> None:
    program = make_program()
    program.open(lambda: open_source("nowhere.mp4"))
    wait_until(lambda: program.phase is Phase.FAILED)
    assert "nowhere.mp4" in str(program.session.source_state.error)
    assert program.session.view() is None


def test_new_source_resets_the_engine(make_program: Callable[..., Program]) -> None:
    program = make_program()
    first, second = FakeCamera(), FakeFile(300)
    program.open(first, is_live=True)
    wait_until(lambda: bool((view := program.session.view()) and view.faces))
    program.open(second)
    wait_until(lambda: bool((view := program.session.view()) and view.frame.source == "clip.mp4" and view.faces))
    assert first.closed.wait(2)
    assert program.engine.resets == 2
    program.session.close_source()
    assert program.session.view() is None
    assert second.closed.wait(2)


def test_frames_can_change_size(make_program: Callable[..., Program]) -> None:
    program = make_program()
    program.open(FakeCamera(fps=50, grows_at=10), is_live=True)
    wait_until(lambda: program.shown() >= 20)
    wait_until(lambda: bool((view := program.session.view()) and view.faces and view.faces[0].box[2] > 1.5 * SIDE))


def test_frames_are_shown_without_networks(make_program: Callable[..., Program]) -> None:
    program = make_program(error=WeightsError("There is no model called 'big'; the models here are compact."))
    program.open(FakeCamera(), is_live=True)
    wait_until(lambda: program.session.engine_error is not None and program.shown() > 3)
    assert not program.session.loading
    program.session.use(EngineOptions(model="other"))
    wait_until(lambda: bool((view := program.session.view()) and view.faces))
    assert program.session.engine_error is None


def test_detector_error_is_reported_and_the_display_continues(make_program: Callable[..., Program]) -> None:
    program = make_program(SquareEngine(fails_at=5))
    program.open(FakeCamera(), is_live=True)
    wait_until(lambda: program.session.engine_error is not None)
    before = program.shown()
    wait_until(lambda: program.shown() > before + 5)
    program.engine.fails_at = None
    wait_until(lambda: program.session.engine_error is None)


def test_closing_ends_all_threads_quickly(make_program: Callable[..., Program]) -> None:
    program = make_program(SquareEngine(takes_s=0.3))
    program.open(FakeCamera(), is_live=True)
    wait_until(lambda: program.shown() > 2)
    started = time.monotonic()
    assert program.session.close()
    assert time.monotonic() - started < 2


def test_closing_does_not_wait_for_a_hanging_driver() -> None:
    release = threading.Event()

    class HangingCamera(FakeCamera):
        def read(self) -> Frame | None:
            release.wait()
            return None

    program = Program()
    program.open(HangingCamera(), is_live=True)
    time.sleep(0.1)
    started = time.monotonic()
    assert not program.session.close()
    assert time.monotonic() - started < 2
    release.set()
    wait_until(lambda: not any(thread.name == "capture" for thread in threading.enumerate()))


# --- screenshots and recordings ------------------------------------------------------------------------


def view_of(index: int) -> View:
    return View(Frame(picture(index), index, index / 30, "clip.mp4"), (face_at(square_left(index)),), 1, 0.0, 1)


def test_screenshot_contains_its_results(tmp_path: Path) -> None:
    import json

    from PIL import Image as PillowImage

    view = view_of(3)
    first = save_screenshot(tmp_path, view, OverlayStyle(), SavingOptions(clean=True, json=True))
    assert [path.suffix for path in first] == [".png", ".png", ".json"]
    with PillowImage.open(first[0]) as saved:
        saved.load()
        assert saved.size == (320, 240)
        line = json.loads(saved.text[KEYWORD])  # type: ignore[attr-defined]
        assert (np.asarray(saved)[..., ::-1] == composed(view, OverlayStyle(), mirror=False)).all()
    assert line["faces"][0]["age"] == 30.0
    assert line["frame"] == 3
    assert json.loads(first[2].read_text()) == line
    with PillowImage.open(first[1]) as clean:
        assert (np.asarray(clean)[..., ::-1] == view.frame.image_bgr).all()
    # Another one in the same second overwrites nothing.
    second = save_screenshot(tmp_path, view, OverlayStyle(), SavingOptions())
    assert second[0] != first[0]
    assert len(list(tmp_path.iterdir())) == 4


def test_screenshot_can_be_blurred_and_mirrored(tmp_path: Path) -> None:
    import cv2

    unlabelled = OverlayStyle(show_box=False, show_age=False, show_interval=False, show_gender=False, show_track=False)
    options = SavingOptions(mirror=True, blur=True)
    (path,) = save_screenshot(tmp_path, replace(view_of(3), complete=True), unlabelled, options)
    saved = cv2.imread(str(path))
    assert saved is not None
    plain = picture(3)[:, ::-1]
    left = 320 - square_left(3) - SIDE
    inside = (slice(95, 145), slice(left + 5, left + SIDE - 5))
    assert saved[inside].mean() == pytest.approx(plain[inside].mean(), abs=40)  # mixed with the dark wall
    saved_detail, plain_detail = (cv2.Laplacian(image[inside], cv2.CV_64F).std() for image in (saved, plain))
    assert saved_detail < 0.1 * plain_detail


def test_screenshot_that_cannot_be_written_gives_an_error(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(OutputError, match="file"):
        save_screenshot(tmp_path / "file", view_of(1), OverlayStyle(), SavingOptions())


def test_recording_plays_and_keeps_its_timestamps(tmp_path: Path) -> None:
    recording = Recording(tmp_path / "a.mp4", 320, 240, 30)
    for index in range(12):
        recording.put(picture(index), 100 + index / 10)
        time.sleep(0.01)
    recording.stop()
    assert recording.wait(5)
    assert (recording.path, recording.frames, recording.error) == (tmp_path / "a.mp4", 12, None)
    with open_source(str(tmp_path / "a.mp4")) as source:
        frames = list(source)
    assert [index_of(frame.image_bgr) for frame in frames] == list(range(12))
    assert [frame.time_s for frame in frames] == pytest.approx([index / 10 for index in range(12)], abs=0.01)
    # Another recording does not overwrite it, and one without frames leaves no file.
    empty = Recording(tmp_path / "a.mp4", 320, 240, 30)
    empty.stop()
    assert empty.wait(5)
    assert empty.frames == 0
    assert [path.name for path in tmp_path.iterdir()] == ["a.mp4"]


KILLED = """
import os, sys, time
sys.path.insert(0, sys.argv[2])
from live_parts import picture
from agecam.live.recording import Recording
recording = Recording(sys.argv[1], 320, 240, 30)
for index in range(60):
    recording.put(picture(index), index / 10)
    time.sleep(0.02)
while recording.frames < 60:
    time.sleep(0.01)
os.kill(os.getpid(), 9)
"""


def test_recording_plays_after_the_program_was_killed(tmp_path: Path) -> None:
    import subprocess
    import sys

    here = str(Path(__file__).parents[1])
    done = subprocess.run([sys.executable, "-c", KILLED, str(tmp_path / "killed.mp4"), here], check=False, timeout=60)
    assert done.returncode == -9
    frames = []
    with open_source(str(tmp_path / "killed.mp4")) as source:
        try:
            for frame in source:
                frames.append(index_of(frame.image_bgr))
        except SourceError as error:  # the unfinished part is missing
            assert "ends early" in str(error)
    # At most the last part is lost: a second of video and the frames in the encoder.
    assert len(frames) >= 25
    assert frames == list(range(len(frames)))
