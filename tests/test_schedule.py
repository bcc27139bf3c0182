"""A step holds its time: the detector rests, fewer people are judged, and only then are small faces let go."""

import numpy as np
import pytest
from models import write_model

from agecam.engine.engine import Engine
from agecam.engine.schedule import LONGEST_S, Schedule
from agecam.sources.demo import DemoSource
from agecam.types import Frame
from agecam.vision.detector import FaceDetector
from agecam.vision.estimator import Estimator

FPS = 30


def run(
    schedule: Schedule,
    seconds: float,
    detector_ms: float,
    tracker_ms: float = 2,
    face_ms: float = 1,
    people: int = 1,
    speed: float = 0.0,
    sure: bool = True,
) -> tuple[list[float], list[int], list[float]]:
    """So many seconds of frames on a computer of this speed: times of detections, people judged, time of each step."""
    detections, judged, steps = [], [], []
    for frame in range(round(seconds * FPS)):
        asked_px = schedule.least_px(720)
        is_detection = schedule.wants_detection(frame / FPS, speed, sure)
        took = detector_ms * (40 / asked_px) ** 2 if is_detection else None
        count = schedule.judges(people, (took or 0) + tracker_ms)
        schedule.note(took, tracker_ms, face_ms * count, count, people)
        if is_detection:
            detections.append(frame / FPS)
        judged.append(count)
        steps.append((took or 0) + tracker_ms + face_ms * count)
    return detections, judged, steps


def test_where_there_is_time_everything_is_done_in_every_frame() -> None:
    detections, judged, _ = run(Schedule(40), 3, detector_ms=5)
    assert len(detections) == 3 * FPS
    assert set(judged) == {1}


def test_the_dearer_the_detector_the_more_it_rests() -> None:
    counts = [len(run(Schedule(40), 3, detector_ms=ms)[0]) for ms in (5, 12, 30)]
    assert counts == sorted(counts, reverse=True)
    assert counts[0] > 1.4 * counts[1] > 1.4 * 1.4 * counts[2]


@pytest.mark.parametrize("detector_ms", [8.0, 30.0, 300.0])
def test_whoever_comes_is_looked_for_soon(detector_ms: float) -> None:
    detections, _, _ = run(Schedule(40), 5, detector_ms)
    assert np.diff(detections).max() <= LONGEST_S + 1.5 / FPS


def test_quick_faces_and_lost_ones_are_looked_for_at_once() -> None:
    still = len(run(Schedule(40), 3, detector_ms=70)[0])
    quick = len(run(Schedule(40), 3, detector_ms=70, speed=8)[0])
    lost = len(run(Schedule(40), 3, detector_ms=70, sure=False)[0])
    assert still < 0.6 * quick
    assert still < 0.7 * lost


def test_a_crowd_is_judged_in_turns() -> None:
    schedule = Schedule(40)
    _, judged, steps = run(schedule, 4, detector_ms=10, face_ms=2, people=30)
    assert max(judged[30:]) < 30
    assert min(judged) >= 1
    assert np.quantile(steps[30:], 0.9) <= schedule.budget_ms
    assert (schedule.plan.judged, schedule.plan.people) == (judged[-1], 30)


def test_small_faces_are_let_go_last_and_come_back() -> None:
    schedule = Schedule(40)
    run(schedule, 3, detector_ms=20)
    assert schedule.least_px(720) == 40
    run(schedule, 30, detector_ms=70)
    assert schedule.least_px(720) == 80
    run(schedule, 30, detector_ms=20)
    assert schedule.plan.min_face_px == 40


def test_in_small_videos_small_faces_are_looked_for() -> None:
    schedule = Schedule(60)
    assert [schedule.least_px(side) for side in (1080, 720, 480, 270, 90)] == [60, 60, 40, 24, 24]
    assert Schedule(30).least_px(480) == 30


def test_a_source_that_begins_again_is_looked_at_at_once() -> None:
    schedule = Schedule(40)
    run(schedule, 3, detector_ms=30)
    schedule.begin()
    assert schedule.plan.step_ms == 0
    assert schedule.wants_detection(0.0, 0.0, sure=True)
    schedule.begin()  # a little back, in the same film
    assert schedule.wants_detection(0.05, 0.0, sure=True)


def test_small_faces_are_not_let_go_for_a_slow_estimator() -> None:
    schedule = Schedule(60)
    run(schedule, 20, detector_ms=10, face_ms=70, people=2)
    assert schedule.plan.min_face_px == 60


def test_a_slow_computer_still_looks_and_judges() -> None:
    detections, judged, _ = run(Schedule(40), 4, detector_ms=900, tracker_ms=50, face_ms=100, people=4)
    assert len(detections) > 10
    assert set(judged[5:]) == {1}


@pytest.fixture(scope="module")
def parts(tmp_path_factory: pytest.TempPathFactory) -> tuple[FaceDetector, Estimator]:
    return FaceDetector(min_face_px=60), Estimator.load(str(write_model(tmp_path_factory.mktemp("models"))))


def demo_frames(count: int, every: int = 1) -> list[Frame]:
    source = DemoSource()
    frames = []
    for _ in range(count * every):
        frame = source.read()
        assert frame is not None
        frames.append(frame)
    return frames[::every]


def test_newcomers_are_shown_soon_however_little_time_there_is(parts: tuple[FaceDetector, Estimator]) -> None:
    # With so little time smaller faces than twice the smallest are let go: those that the other looks for are left.
    scheduled, free = Engine(FaceDetector(min_face_px=30), parts[1], budget_ms=1), Engine(*parts)
    shown: list[int] = []
    could_be: list[int] = []
    for frame in demo_frames(180):
        ours, theirs = scheduled.step(frame).faces, free.step(frame).faces
        assert len({face.track for face in ours}) == len(ours)
        shown.append(len(ours))
        could_be.append(len(theirs))
    assert max(could_be) > min(could_be)  # people come and go
    soon = round(0.3 * FPS)
    for place in range(soon, len(shown)):
        window = slice(place - soon, place + 1)
        assert max(shown[window]) >= min(could_be[window])


def test_all_are_judged_in_turn_and_their_labels_stand(parts: tuple[FaceDetector, Estimator]) -> None:
    engine = Engine(*parts, budget_ms=1)
    judged: list[int] = []
    ages: dict[int | None, list[float]] = {}
    for frame in demo_frames(40):
        for face in engine.step(frame).faces:
            ages.setdefault(face.track, []).append(face.age)
        assert engine.plan is not None
        judged.append(engine.plan.judged)
    assert judged[0] == 2  # who has never been judged cannot be shown
    assert set(judged[3:]) == {1}
    for of_one in ages.values():
        assert len(set(of_one)) > len(of_one) / 4  # both go on being judged
        assert np.abs(np.diff(of_one)).max() < 3


def test_still_pictures_are_looked_at_in_full(parts: tuple[FaceDetector, Estimator]) -> None:
    (first, *_, last) = demo_frames(30)
    scheduled, free = Engine(*parts, budget_ms=1), Engine(*parts)
    for frame in (first, last):
        still = Frame(frame.image_bgr, 0, 0.0, "photo.jpg", still=True)
        ours, theirs = (engine.step(still).faces for engine in (scheduled, free))
        assert [face.age for face in ours] == [face.age for face in theirs]
        assert len(ours) == 2
