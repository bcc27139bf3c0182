"""The threads behind the window: nothing piles up, nothing waits for the networks, and all of it ends."""

import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
from live_parts import SIDE, FakeCamera, FakeFile, SquareEngine, face_at, index_of, picture, square_left, wait_until

from agecam.engine.options import EngineOptions
from agecam.errors import AgeCamError, OutputError, SourceError, WeightsError
from agecam.live import LiveSession, Phase
from agecam.live.figures import Delays, Rate
from agecam.live.follow import Follower
from agecam.live.mailbox import Mailbox
from agecam.live.pace import Pace
from agecam.live.people import GONE_S, THUMBNAIL_PX, People
from agecam.live.recording import Recording
from agecam.live.screenshot import KEYWORD, SavingOptions, composed, save_screenshot
from agecam.live.session import View
from agecam.overlay import OverlayStyle
from agecam.overlay.mirror import mirrored
from agecam.sources import FrameSource, open_source
from agecam.types import Frame, FrameResult


class Live:
    """A session over a `SquareEngine`."""

    def __init__(self, engine: SquareEngine | None = None, loading_s: float = 0.0, error: AgeCamError | None = None):
        self.engine = engine or SquareEngine()
        self.built: list[EngineOptions] = []
        self.wakes = 0

        def build(options: EngineOptions, _: object) -> SquareEngine:
            time.sleep(loading_s)
            self.built.append(options)
            if error is not None and len(self.built) == 1:
                raise error
            return self.engine

        self.session = LiveSession(build, EngineOptions(), self.wake)

    def wake(self) -> None:
        self.wakes += 1

    def open(self, source: FrameSource | Callable[[], FrameSource], is_live: bool = False, **how: object) -> None:
        self.session.open(source if callable(source) else lambda: source, is_live, **how)  # type: ignore[arg-type]

    @property
    def phase(self) -> Phase:
        return self.session.source_state.phase

    def shown(self) -> int:
        """Which frame is in view; -1 for none."""
        view = self.session.view()
        return -1 if view is None else view.frame.index


@pytest.fixture
def live() -> Iterator[Callable[..., Live]]:
    made: list[Live] = []

    def make(*arguments: object, **more: object) -> Live:
        made.append(Live(*arguments, **more))  # type: ignore[arg-type]
        return made[-1]

    before = set(threading.enumerate())
    yield make
    ended = [of.session.close() for of in made]
    assert all(ended)
    assert set(threading.enumerate()) <= before


# --- the parts -----------------------------------------------------------------------------------------


def test_a_mailbox_keeps_the_newest_alone() -> None:
    box: Mailbox[int] = Mailbox()
    assert box.take(timeout_s=0) is None
    for value in range(5):
        box.put(value)
    assert (box.peek(), box.take(), box.replaced) == (4, 4, 4)
    assert box.take(timeout_s=0.01) is None
    box.put(6)
    box.close()
    box.put(7)
    assert box.take() is None


def test_a_mailbox_wakes_who_waits() -> None:
    box: Mailbox[int] = Mailbox()
    taken: list[int | None] = []
    thread = threading.Thread(target=lambda: taken.extend([box.take(), box.take()]))
    thread.start()
    box.put(1)
    wait_until(lambda: taken != [] or box.peek() is None)
    box.close()
    thread.join(5)
    assert taken == [1, None]


def test_pace_follows_the_times_of_the_file() -> None:
    pace = Pace()
    assert pace.wait_s(3.0) == 0
    assert pace.wait_s(3.2) == pytest.approx(0.2, abs=0.02)
    pace.speed = 2.0
    pace.restart()
    assert pace.wait_s(5.0) == 0
    assert pace.wait_s(6.0) == pytest.approx(0.5, abs=0.02)
    # Far behind, the file goes on from here instead of rushing after the clock.
    pace.restart()
    pace.wait_s(0.0)
    time.sleep(0.3)
    assert pace.wait_s(0.01) == 0
    assert pace.wait_s(0.11) == pytest.approx(0.05, abs=0.02)


def test_rates_and_delays() -> None:
    rate, delays = Rate(), Delays(kept=4)
    assert (rate.per_second(), delays.quantile(0.5)) == (0, None)
    for _ in range(6):
        rate.tick()
        time.sleep(0.02)
    assert 20 < rate.per_second() < 60
    for ms in (900.0, 1.0, 2.0, 3.0, 4.0):
        delays.add(ms)
    assert delays.quantile(0.5) == pytest.approx(2.5)


def test_boxes_follow_what_moves() -> None:
    follower = Follower()
    assert follower.show(1, Frame(picture(0), 0, 0.0, "x")) == ()
    follower.correct(1, FrameResult("x", 0, 0.0, 320, 240, (face_at(square_left(0)),)))
    for index in range(1, 12):
        (face,) = follower.show(index + 1, Frame(picture(index), index, index / 30, "x"))
    assert face.box[0] == pytest.approx(square_left(11), abs=2)
    assert face.box[2] == pytest.approx(SIDE, rel=0.05)
    assert face.landmarks[2, 0] == pytest.approx(square_left(11) + SIDE / 2, abs=2)
    # An analysis that comes late is brought to the frame in view.
    (late,) = follower.correct(6, FrameResult("x", 5, 0.0, 320, 240, (face_at(square_left(5), age=50),)))
    assert late.age == 50
    assert late.box[0] == pytest.approx(square_left(11), abs=2)
    # One of a frame long gone changes nothing.
    assert follower.correct(-5, FrameResult("x", 0, 0.0, 320, 240, ())) == (late,)


def test_a_box_stays_where_nothing_can_be_followed() -> None:
    follower = Follower()
    dark = np.zeros((240, 320, 3), np.uint8)
    follower.show(1, Frame(dark, 0, 0.0, "x"))
    follower.correct(1, FrameResult("x", 0, 0.0, 320, 240, (face_at(100.0),)))
    (face,) = follower.show(2, Frame(dark, 1, 0.0, "x"))
    assert face.box == (100.0, 90.0, SIDE, SIDE)
    # A picture of another size begins anew without falling over.
    (face,) = follower.show(3, Frame(np.zeros((480, 200, 3), np.uint8), 2, 0.0, "x"))
    assert face.box == (100.0, 90.0, SIDE, SIDE)


def test_the_faces_of_one_picture_are_not_carried_into_the_next() -> None:
    follower, people = Follower(), People()
    first, second = (Frame(picture(0), index, float(index), f"{index}.jpg", still=True) for index in (0, 1))
    result = FrameResult("0.jpg", 0, 0.0, 320, 240, (face_at(square_left(0), track=1),))
    follower.show(1, first)
    assert len(follower.correct(1, result)) == 1
    people.update(first, result)
    assert follower.show(2, second) == ()
    assert follower.correct(1, result) == ()  # too late
    people.update(second, FrameResult("1.jpg", 1, 1.0, 320, 240, ()))
    assert people.in_view() == []


def test_people_come_and_go() -> None:
    people = People()

    def analysed(time_s: float, *faces: object) -> None:
        frame = Frame(picture(0), 0, time_s, "x")
        people.update(frame, FrameResult("x", 0, time_s, 320, 240, faces))  # type: ignore[arg-type]

    analysed(0.0, face_at(10, age=30, track=4))
    analysed(1.0, face_at(10, age=32, track=4), face_at(200, age=60, track=2))
    first, second = people.in_view()
    assert (first.number, first.seconds, list(first.ages)) == (4, 1.0, [30, 32])
    assert (second.number, second.face.age) == (2, 60)
    assert first.thumbnail_bgr.shape == (THUMBNAIL_PX, THUMBNAIL_PX, 3)
    assert first.thumbnail_bgr[THUMBNAIL_PX // 2, THUMBNAIL_PX // 2].min() > 100
    analysed(1.1 + GONE_S, face_at(200, age=61, track=2))
    assert [person.number for person in people.in_view()] == [2]
    assert len(first.ages) == 2  # what was given out does not change any more
    analysed(0.2, face_at(10, track=9))  # the source was taken back
    assert [person.number for person in people.in_view()] == [9]


def test_a_mirror_image_has_its_faces_in_place() -> None:
    image, (face,) = mirrored(picture(3), [face_at(square_left(3))])
    columns = np.flatnonzero(image[120, :, 0] > 100)
    assert face.box[0] == columns[0]
    left_eye, right_eye = face.landmarks[:2]
    assert left_eye[0] < right_eye[0]
    back, (again,) = mirrored(image, [face])
    assert (back == picture(3)).all()
    assert again.landmarks == pytest.approx(face_at(square_left(3)).landmarks)


# --- the session ---------------------------------------------------------------------------------------


def test_display_does_not_wait_for_the_networks(live: Callable[..., Live]) -> None:
    of = live(SquareEngine(takes_s=0.25))
    of.open(FakeCamera(fps=60), is_live=True)
    wait_until(lambda: of.shown() >= 60, 10)
    # Sixty frames were shown while the engine, which saw only the newest, judged a few.
    assert 1 <= len(of.engine.seen) <= 12
    assert all(b - a > 1 for a, b in zip(of.engine.seen[1:], of.engine.seen[2:], strict=False))
    assert of.wakes >= 60


def test_boxes_are_where_the_faces_are_now(live: Callable[..., Live]) -> None:
    of = live(SquareEngine(takes_s=0.1))
    of.open(FakeCamera(fps=30, until=55), is_live=True)
    wait_until(lambda: of.shown() >= 30)
    off = []
    while of.shown() < 50:
        view = of.session.view()
        assert view is not None
        if view.faces:
            off.append(view.faces[0].box[0] - square_left(view.frame.index))
        time.sleep(0.02)
    # Without following they would lag three frames of 4 px behind.
    assert np.abs(off).max() <= 3


def test_figures_say_how_fast_it_goes(live: Callable[..., Live]) -> None:
    of = live(SquareEngine(takes_s=0.02))
    of.open(FakeCamera(fps=50), is_live=True)
    until = time.monotonic() + 2
    while time.monotonic() < until:
        view = of.session.view()
        if view is not None:
            of.session.painted(view)
        time.sleep(0.002)
    figures = of.session.figures()
    assert 25 < figures.shown_fps < 60
    assert 10 < figures.analysed_fps < 51
    assert figures.delay_p50_ms is not None and figures.delay_p95_ms is not None
    assert 0 < figures.delay_p50_ms <= figures.delay_p95_ms < 200
    assert figures.stages_ms["detector"] == pytest.approx(20)
    assert (figures.faces, figures.device) == (1, "CPU")


def test_a_file_keeps_its_pace_and_is_shown_whole(live: Callable[..., Live]) -> None:
    of = live()
    started = time.monotonic()
    of.open(FakeFile(30, fps=30.0))
    numbers = set()
    while of.phase is not Phase.ENDED:
        numbers.add(of.shown())
        time.sleep(0.004)
    assert 0.8 < time.monotonic() - started < 2.5
    assert of.shown() == 29
    assert len(numbers) > 20


def test_a_file_pauses_steps_seeks_and_goes_on(live: Callable[..., Live]) -> None:
    of = live()
    of.open(FakeFile(300, fps=30.0))
    wait_until(lambda: of.shown() >= 3)
    player = of.session.player
    assert player is not None
    player.pause()
    wait_until(lambda: of.phase is Phase.PAUSED)
    at = of.shown()
    time.sleep(0.2)
    assert of.shown() == at
    player.step()
    wait_until(lambda: of.shown() == at + 1)
    player.seek(5.0)
    wait_until(lambda: of.shown() == 150)
    assert of.phase is Phase.PAUSED
    wait_until(lambda: of.engine.seen[-1] == 150)  # the frame that stands still is judged, too
    player.play()
    wait_until(lambda: of.shown() > 155)
    assert of.phase is Phase.PLAYING
    player.seek(9.9)
    wait_until(lambda: of.phase is Phase.ENDED)
    assert of.shown() == 299
    player.play()  # from the start
    wait_until(lambda: 0 <= of.shown() < 100)


def test_a_file_plays_faster_and_repeats(live: Callable[..., Live]) -> None:
    of = live()
    started = time.monotonic()
    of.open(FakeFile(60, fps=30.0), speed=4.0, loop=True)
    view = None
    wait_until(lambda: of.shown() >= 50)
    assert time.monotonic() - started < 1.5
    wait_until(lambda: of.shown() < 40)
    view = of.session.view()
    assert view is not None and view.number > 60
    assert of.phase is Phase.PLAYING


def test_a_picture_stays(live: Callable[..., Live], tmp_path: Path) -> None:
    import cv2

    cv2.imwrite(str(tmp_path / "a.png"), picture(2))
    of = live()
    of.open(lambda: open_source(str(tmp_path / "a.png")))
    wait_until(lambda: of.phase is Phase.ENDED)
    wait_until(lambda: bool((view := of.session.view()) and view.faces))
    of.engine.age = 44.0
    of.session.use(EngineOptions(min_face_px=20))
    wait_until(lambda: bool((view := of.session.view()) and view.faces and view.faces[0].age == 44))
    assert [options.min_face_px for options in of.built] == [40, 20]


def test_a_lost_camera_comes_back(live: Callable[..., Live], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("agecam.live.player.RETRY_S", (0.05, 0.1))
    attempts: list[FrameSource] = []

    def open_camera() -> FrameSource:
        attempts.append(FakeCamera(until=10))
        if len(attempts) in (2, 3):
            raise SourceError("There is no free camera with the number 9: connect it.")
        return attempts[-1]

    of = live()
    of.open(open_camera, is_live=True)
    wait_until(lambda: of.phase is Phase.LOST)
    assert "stopped giving pictures" in str(of.session.source_state.error)
    wait_until(lambda: "no free camera" in str(of.session.source_state.error))
    assert of.shown() == 9  # the last picture stays meanwhile
    wait_until(lambda: of.phase is Phase.PLAYING)
    assert of.session.source_state.error is None
    wait_until(lambda: len(attempts) > 4)
    assert attempts[0].closed.is_set()  # type: ignore[attr-defined]


def test_a_lost_camera_is_tried_at_once_when_asked(live: Callable[..., Live]) -> None:
    times: list[float] = []

    def open_camera() -> FrameSource:
        times.append(time.monotonic())
        raise SourceError("There is no free camera with the number 9: connect it.")

    of = live()
    of.open(open_camera, is_live=True)
    wait_until(lambda: of.phase is Phase.LOST)
    player = of.session.player
    assert player is not None
    player.try_again()
    wait_until(lambda: len(times) == 2, 0.9)


def test_a_file_that_cannot_be_read_is_not_tried_again(live: Callable[..., Live]) -> None:
    of = live()
    of.open(lambda: open_source("nowhere.mp4"))
    wait_until(lambda: of.phase is Phase.FAILED)
    assert "nowhere.mp4" in str(of.session.source_state.error)
    assert of.session.view() is None


def test_another_source_begins_anew(live: Callable[..., Live]) -> None:
    of = live()
    first, second = FakeCamera(), FakeFile(300)
    of.open(first, is_live=True)
    wait_until(lambda: bool((view := of.session.view()) and view.faces))
    of.open(second)
    wait_until(lambda: bool((view := of.session.view()) and view.frame.source == "clip.mp4" and view.faces))
    assert first.closed.wait(2)
    assert of.engine.resets == 2
    of.session.close_source()
    assert of.session.view() is None
    assert second.closed.wait(2)


def test_a_picture_that_changes_its_size_goes_on(live: Callable[..., Live]) -> None:
    of = live()
    of.open(FakeCamera(fps=50, grows_at=10), is_live=True)
    wait_until(lambda: of.shown() >= 20)
    wait_until(lambda: bool((view := of.session.view()) and view.faces and view.faces[0].box[2] > 1.5 * SIDE))


def test_without_networks_the_picture_is_shown_all_the_same(live: Callable[..., Live]) -> None:
    of = live(error=WeightsError("There is no model called 'big'; the models here are compact."))
    of.open(FakeCamera(), is_live=True)
    wait_until(lambda: of.session.engine_error is not None and of.shown() > 3)
    assert not of.session.loading
    of.session.use(EngineOptions(model="compact", min_face_px=50))
    wait_until(lambda: bool((view := of.session.view()) and view.faces))
    assert of.session.engine_error is None


def test_a_failing_detector_is_told_and_the_picture_goes_on(live: Callable[..., Live]) -> None:
    of = live(SquareEngine(fails_at=5))
    of.open(FakeCamera(), is_live=True)
    wait_until(lambda: of.session.engine_error is not None)
    at = of.shown()
    wait_until(lambda: of.shown() > at + 5)
    of.engine.fails_at = None
    wait_until(lambda: of.session.engine_error is None)


def test_closing_ends_all_threads_soon(live: Callable[..., Live]) -> None:
    of = live(SquareEngine(takes_s=0.3))
    of.open(FakeCamera(), is_live=True)
    wait_until(lambda: of.shown() > 2)
    started = time.monotonic()
    assert of.session.close()
    assert time.monotonic() - started < 2


def test_closing_does_not_wait_for_a_driver_that_hangs() -> None:
    release = threading.Event()

    class Hanging(FakeCamera):
        def read(self) -> Frame | None:
            release.wait()
            return None

    of = Live()
    of.open(Hanging(), is_live=True)
    time.sleep(0.1)
    started = time.monotonic()
    assert not of.session.close()
    assert time.monotonic() - started < 2
    release.set()
    wait_until(lambda: not any(thread.name == "capture" for thread in threading.enumerate()))


# --- what is saved -------------------------------------------------------------------------------------


def view_of(index: int) -> View:
    return View(Frame(picture(index), index, index / 30, "clip.mp4"), (face_at(square_left(index)),), 1, 0.0, 1)


def test_a_screenshot_carries_its_results(tmp_path: Path) -> None:
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
    # A second one within the second overwrites nothing.
    second = save_screenshot(tmp_path, view, OverlayStyle(), SavingOptions())
    assert second[0] != first[0]
    assert len(list(tmp_path.iterdir())) == 4


def test_a_screenshot_is_blurred_and_mirrored_where_asked(tmp_path: Path) -> None:
    import cv2

    nothing = OverlayStyle(show_box=False, show_age=False, show_interval=False, show_gender=False, show_track=False)
    (path,) = save_screenshot(tmp_path, view_of(3), nothing, SavingOptions(mirror=True, blur=True))
    saved = cv2.imread(str(path))
    assert saved is not None
    plain = picture(3)[:, ::-1]
    left = 320 - square_left(3) - SIDE
    inside = (slice(95, 145), slice(left + 5, left + SIDE - 5))
    assert saved[inside].mean() == pytest.approx(plain[inside].mean(), abs=25)
    assert saved[inside].std() < 0.6 * plain[inside].std()


def test_a_screenshot_that_cannot_be_written_says_so(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(OutputError, match="file"):
        save_screenshot(tmp_path / "file", view_of(1), OverlayStyle(), SavingOptions())


def test_a_recording_plays_and_keeps_its_times(tmp_path: Path) -> None:
    recording = Recording(tmp_path / "a.mp4", 320, 240, 30)
    for index in range(12):
        recording.put(picture(index), 100 + index / 10)
        time.sleep(0.01)
    assert recording.stop() == tmp_path / "a.mp4"
    with open_source(str(tmp_path / "a.mp4")) as source:
        frames = list(source)
    assert [index_of(frame.image_bgr) for frame in frames] == list(range(12))
    assert [frame.time_s for frame in frames] == pytest.approx([index / 10 for index in range(12)], abs=0.01)
    # Another one does not overwrite it; one without a frame leaves nothing.
    empty = Recording(tmp_path / "a.mp4", 320, 240, 30)
    assert empty.stop() is None
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


def test_a_recording_plays_after_the_program_was_killed(tmp_path: Path) -> None:
    import subprocess
    import sys

    here = str(Path(__file__).parent)
    done = subprocess.run([sys.executable, "-c", KILLED, str(tmp_path / "killed.mp4"), here], check=False, timeout=60)
    assert done.returncode == -9
    frames = []
    with open_source(str(tmp_path / "killed.mp4")) as source:
        try:
            for frame in source:
                frames.append(index_of(frame.image_bgr))
        except SourceError as error:  # what was in the making is missing
            assert "ends early" in str(error)
    # At most the last pieces are lost: a second of video and what the encoder held.
    assert len(frames) >= 25
    assert frames == list(range(len(frames)))
