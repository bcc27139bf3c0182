"""A step keeps its budget: the detector skips frames, fewer people are estimated, and last, small faces are dropped."""

from dataclasses import replace

import numpy as np
import pytest
from models import write_model

from agecam.bench.scenes import scene
from agecam.engine.engine import Engine
from agecam.engine.options import VIDEO_FACE_PX, EngineOptions, smallest_face_px
from agecam.engine.schedule import MAX_INTERVAL_S, Schedule
from agecam.sources.demo import DemoSource
from agecam.types import Frame
from agecam.vision.detector import FaceDetector
from agecam.vision.estimator import Estimator

FPS = 30
WANTED_PX = 40.0


def run(
    schedule: Schedule,
    seconds: float,
    detector_ms: float,
    tracker_ms: float = 2,
    face_ms: float = 1,
    people: int = 1,
    speed: float = 0.0,
    reliable: bool = True,
    calm: bool = False,
) -> tuple[list[float], list[int], list[float]]:
    """Simulate a computer of this speed; returns times of detections, people estimated and time of each step."""
    detections, estimated, steps = [], [], []
    for frame in range(round(seconds * FPS)):
        min_face_px = schedule.min_face_for(WANTED_PX)
        is_detection = schedule.wants_detection(frame / FPS, speed, reliable, calm)
        took_ms = detector_ms * (40 / min_face_px) ** 2 if is_detection else None
        count = schedule.faces_to_estimate(people, (took_ms or 0) + tracker_ms)
        stages_ms = {"tracker": tracker_ms, "estimator": face_ms * count}
        schedule.record(stages_ms | ({"detector": took_ms} if took_ms is not None else {}), count, people)
        if is_detection:
            detections.append(frame / FPS)
        estimated.append(count)
        steps.append((took_ms or 0) + tracker_ms + face_ms * count)
    return detections, estimated, steps


def test_within_the_budget_all_stages_run_in_every_frame() -> None:
    detections, estimated, _ = run(Schedule(), 3, detector_ms=5)
    assert len(detections) == 3 * FPS
    assert set(estimated) == {1}


def test_a_slower_detector_runs_less_often() -> None:
    counts = [len(run(Schedule(), 3, detector_ms=ms)[0]) for ms in (5, 12, 30)]
    assert counts == sorted(counts, reverse=True)
    assert counts[0] > 1.4 * counts[1] > 1.4 * 1.4 * counts[2]


@pytest.mark.parametrize("detector_ms", [8.0, 30.0, 300.0])
def test_the_detector_runs_often_enough_for_newcomers(detector_ms: float) -> None:
    detections, _, _ = run(Schedule(), 5, detector_ms)
    assert np.diff(detections).max() <= MAX_INTERVAL_S + 1.5 / FPS


def test_fast_and_lost_faces_are_detected_more_often() -> None:
    still = len(run(Schedule(), 3, detector_ms=70)[0])
    fast = len(run(Schedule(), 3, detector_ms=70, speed=8)[0])
    lost = len(run(Schedule(), 3, detector_ms=70, reliable=False)[0])
    assert still < 0.6 * fast
    assert still < 0.7 * lost


def test_while_all_is_calm_only_newcomers_are_looked_for() -> None:
    calm, _, _ = run(Schedule(), 6, detector_ms=5, calm=True)
    assert len(calm) <= 6 * 5.5
    assert np.diff(calm).max() <= MAX_INTERVAL_S + 1.5 / FPS
    assert len(run(Schedule(), 6, detector_ms=5, calm=True, speed=8)[0]) > 2 * len(calm)  # until drift is likely
    thorough = Schedule()
    thorough.thorough = True
    assert len(run(thorough, 6, detector_ms=5, calm=True)[0]) == 6 * FPS


def test_a_crowd_is_estimated_in_turns() -> None:
    schedule = Schedule()
    _, estimated, steps = run(schedule, 4, detector_ms=10, face_ms=2, people=30)
    assert max(estimated[30:]) < 30
    assert min(estimated) >= 1
    assert np.quantile(steps[30:], 0.9) <= schedule.budget_ms
    assert (schedule.plan.estimated, schedule.plan.people) == (estimated[-1], 30)


def test_small_faces_are_dropped_last_and_come_back() -> None:
    schedule = Schedule()
    run(schedule, 3, detector_ms=20)
    assert schedule.min_face_for(WANTED_PX) == 40
    run(schedule, 30, detector_ms=70)
    assert schedule.min_face_for(WANTED_PX) == 80
    run(schedule, 30, detector_ms=20)
    assert schedule.plan.min_face_px == 40


def test_a_thorough_schedule_detects_all_faces_in_every_frame_whatever_that_costs() -> None:
    schedule = Schedule()
    run(schedule, 30, detector_ms=70)
    assert schedule.min_face_for(WANTED_PX) == 80
    schedule.thorough = True
    detections, _, _ = run(schedule, 3, detector_ms=70)
    assert len(detections) == 3 * FPS
    assert (schedule.plan.detect_every, schedule.plan.min_face_px) == (1, WANTED_PX)
    schedule.thorough = False
    detections, _, _ = run(schedule, 3, detector_ms=70)
    assert len(detections) < 2 * FPS
    assert schedule.plan.min_face_px == 80


def test_the_default_smallest_face_depends_on_the_frame() -> None:
    assert [smallest_face_px(None, side, still=False) for side in (1080, 720, 480, 270, 90)] == [60, 60, 40, 24, 24]
    assert [smallest_face_px(None, side, still=True) for side in (3000, 480)] == [24, 24]
    # Live, 4K is searched at half its size.
    assert [smallest_face_px(None, 2160, still, halved=True) for still in (False, True)] == [120, 24]
    assert smallest_face_px(80, 2160, False, halved=True) == 80
    assert [smallest_face_px(120, side, still) for side, still in ((720, False), (270, False), (3000, True))] == [
        120
    ] * 3


def test_after_a_reset_the_detector_runs_immediately() -> None:
    schedule = Schedule()
    run(schedule, 3, detector_ms=30)
    schedule.reset()
    assert schedule.plan.step_ms == 0
    assert schedule.wants_detection(0.0, 0.0, reliable=True)
    schedule.reset()  # a seek back in the same film
    assert schedule.wants_detection(0.05, 0.0, reliable=True)


def test_small_faces_are_not_dropped_for_a_slow_estimator() -> None:
    schedule = Schedule()
    run(schedule, 20, detector_ms=10, face_ms=70, people=2)
    assert schedule.plan.min_face_px == WANTED_PX


def test_a_slow_computer_still_detects_and_estimates() -> None:
    detections, estimated, _ = run(Schedule(), 4, detector_ms=900, tracker_ms=50, face_ms=100, people=4)
    assert len(detections) > 10
    assert set(estimated[5:]) == {1}


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


def test_newcomers_are_labelled_soon_even_on_a_small_budget(parts: tuple[FaceDetector, Estimator]) -> None:
    # With so small a budget the smallest face is doubled, to that of the other engine.
    scheduled = Engine(*parts, EngineOptions(budget_ms=1, min_face_px=30))
    unlimited = Engine(*parts, EngineOptions(min_face_px=60))
    labelled: list[int] = []
    in_view: list[int] = []
    for frame in demo_frames(180):
        ours, theirs = scheduled.step(frame).faces, unlimited.step(frame).faces
        assert len({face.track for face in ours}) == len(ours)
        labelled.append(len(ours))
        in_view.append(len(theirs))
    assert max(in_view) > min(in_view)  # people come and go
    soon = round(0.3 * FPS)
    for last in range(soon, len(labelled)):
        window = slice(last - soon, last + 1)
        assert max(labelled[window]) >= min(in_view[window])


def test_all_people_are_estimated_in_turn_and_labels_are_steady(parts: tuple[FaceDetector, Estimator]) -> None:
    engine = Engine(*parts, EngineOptions(budget_ms=1))
    estimated: list[int] = []
    ages: dict[int | None, list[float]] = {}
    for frame in demo_frames(90):
        for face in engine.step(frame).faces:
            ages.setdefault(face.track, []).append(face.age)
        assert engine.plan is not None
        estimated.append(engine.plan.estimated)
    assert estimated[0] == 2  # new people are estimated immediately
    assert set(estimated[3:]) == {0, 1}
    assert 0 < np.mean(estimated[60:]) < 0.5  # settled people are estimated seldom
    for person_ages in ages.values():
        assert len(set(person_ages)) > len(person_ages) / 10  # but again and again
        assert np.abs(np.diff(person_ages)).max() < 3


def test_a_scene_that_stands_still_is_seldom_analysed(parts: tuple[FaceDetector, Estimator]) -> None:
    engine = Engine(*parts, EngineOptions(budget_ms=33))
    scene = demo_frames(40)[-1].image_bgr
    results, computed = [], []
    for index in range(90):
        results.append(engine.step(Frame(scene, index, index / FPS, "")))
        computed.append("estimator" in engine.stages_ms)
    assert all(computed[:3])  # until the labels are settled
    assert 1 <= sum(computed[45:]) <= 0.2 * 45
    assert [result.frame for result in results] == list(range(90))
    assert len({len(result.faces) for result in results[45:]}) == 1
    moved = np.ascontiguousarray(np.roll(scene, 24, axis=1))
    for index in range(90, 94):
        result = engine.step(Frame(moved, index, index / FPS, ""))
        assert "estimator" in engine.stages_ms or index > 90
    shifts = [after.box[0] - before.box[0] for after, before in zip(result.faces, results[-1].faces, strict=True)]
    assert shifts == pytest.approx([24] * len(shifts), abs=6)


def test_a_result_says_whether_all_faces_were_looked_for(parts: tuple[FaceDetector, Estimator]) -> None:
    for options in (EngineOptions(budget_ms=1), EngineOptions(detect_every=4)):
        engine = Engine(*parts, options)
        complete = [engine.step(frame).complete for frame in demo_frames(60)]
        assert complete[0]  # nobody is known yet
        assert sum(complete) < 40
        engine.thorough = True
        assert all(engine.step(frame).complete for frame in demo_frames(20))


def test_the_smallest_face_that_is_asked_for_is_used_live(parts: tuple[FaceDetector, Estimator]) -> None:
    frames = demo_frames(150, every=2)
    counts = []
    for asked_px in (None, 120.0, 300.0):
        engine = Engine(*parts, EngineOptions(budget_ms=10_000, min_face_px=asked_px, track=False, smooth=False))
        for frame in frames[::10]:
            boxes = [face.box for face in engine.step(frame).faces]
            assert boxes == [face.box for face in parts[0].detect(frame.image_bgr, asked_px or VIDEO_FACE_PX)]
        counts.append(sum(len(engine.step(frame).faces) for frame in frames))
    assert counts[0] > counts[1] > counts[2]


def test_still_pictures_ignore_the_budget(parts: tuple[FaceDetector, Estimator]) -> None:
    (first, *_, last) = demo_frames(30)
    scheduled, unlimited = Engine(*parts, EngineOptions(budget_ms=1)), Engine(*parts)
    for frame in (first, last):
        still = Frame(frame.image_bgr, 0, 0.0, "photo.jpg", still=True)
        ours, theirs = (engine.step(still).faces for engine in (scheduled, unlimited))
        assert [face.age for face in ours] == [face.age for face in theirs]
        assert len(ours) == 2


def test_settled_people_in_view_are_detected_five_times_a_second(parts: tuple[FaceDetector, Estimator]) -> None:
    engine = Engine(*parts, EngineOptions(budget_ms=10_000))  # with so much time the detector skips no frame by itself
    detected = []
    for frame in scene(640, 480, 1, 90):
        engine.step(frame)
        detected.append("detector" in engine.stages_ms)
    assert sum(detected[60:]) <= 8 < sum(detected[:10]) + 1


@pytest.mark.parametrize(("size", "expected_px"), [((3840, 2160), 120), ((3841, 2161), 60), ((2160, 2160), 60)])
def test_only_frames_that_are_halved_are_searched_for_larger_faces(
    parts: tuple[FaceDetector, Estimator], size: tuple[int, int], expected_px: float
) -> None:
    engine = Engine(*parts, EngineOptions(budget_ms=10_000))
    frame = Frame(np.full((size[1], size[0], 3), 90, np.uint8), 0, 0.0, "test")
    engine.step(frame)
    assert engine.plan is not None
    assert engine.plan.min_face_px == expected_px
    engine.thorough = True  # whoever is blurred must be found
    engine.step(replace(frame, index=1, time_s=1.0))
    assert engine.plan.min_face_px == VIDEO_FACE_PX
