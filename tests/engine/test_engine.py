"""The engine: detector, tracker and estimator together."""

import gc
import json
import weakref
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from models import demo_images, overlap, write_model

from agecam.engine.engine import Engine, build_engine
from agecam.engine.options import STILL_FACE_PX, VIDEO_FACE_PX, EngineOptions
from agecam.sources.demo import people_at
from agecam.types import Frame, FrameResult
from agecam.vision.detector import FaceDetector
from agecam.vision.estimator import Estimator

INDICES = (0, 2, 4, 6, 140)


@pytest.fixture(scope="module")
def parts(tmp_path_factory: pytest.TempPathFactory) -> tuple[FaceDetector, Estimator]:
    model = write_model(tmp_path_factory.mktemp("models"))
    return FaceDetector(min_face_px=60), Estimator.load(str(model))


def demo_frame(index: int) -> Frame:
    images = dict(zip(INDICES, demo_images(*INDICES), strict=True))
    return Frame(images[index], index, index / 30, "demo")


def track_ids(result: FrameResult) -> list[int | None]:
    return [face.track for face in result.faces]


def test_every_face_of_a_frame_has_its_box_track_and_attributes(parts: tuple[FaceDetector, Estimator]) -> None:
    result = Engine(*parts).step(demo_frame(0))
    people = people_at(0)
    assert len(result.faces) == len(people) == 2
    for person in people:
        assert max(overlap(person.box, face.box) for face in result.faces) > 0.6
    assert sorted(n for n in track_ids(result) if n) == [1, 2]
    # Each face has its own attributes.
    detector, estimator = parts
    image = demo_frame(0).image_bgr
    for face in result.faces:
        (detection,) = (found for found in detector.detect(image) if overlap(found.box, face.box) > 0.9)
        (alone,) = estimator.estimate(image, [detection])
        assert face.age_distribution == pytest.approx(alone.age_distribution, abs=1e-4)
        assert face.female_probability == pytest.approx(alone.female_probability, abs=1e-4)


def test_faces_in_still_pictures_are_estimated_twice(parts: tuple[FaceDetector, Estimator]) -> None:
    detector, estimator = parts
    frame = demo_frame(0)
    video, still = (Engine(*parts).step(replace(frame, still=is_still)) for is_still in (False, True))
    for result, twice, smallest_px in ((video, False, VIDEO_FACE_PX), (still, True, STILL_FACE_PX)):
        found = detector.detect(frame.image_bgr, smallest_px)
        ages = [face.age for face in result.faces]
        expected = estimator.estimate(frame.image_bgr, found, twice=twice)
        assert ages == pytest.approx([of_face.age for of_face in expected], abs=1e-3)
    assert [face.age for face in video.faces] != pytest.approx([face.age for face in still.faces], abs=1e-2)


def test_each_still_picture_is_analysed_alone(parts: tuple[FaceDetector, Estimator]) -> None:
    engine = Engine(*parts, EngineOptions(detect_every=5))
    first, second = (engine.step(replace(demo_frame(index), still=True)) for index in (0, 140))
    # The second was detected although the last detection is less than five frames old, and nobody is tracked.
    assert not any(track_ids(first) + track_ids(second))
    assert len(first.faces) == len(people_at(0))
    assert len(second.faces) == len(people_at(140))


def test_smaller_faces_are_detected_in_still_pictures(parts: tuple[FaceDetector, Estimator]) -> None:
    frame = demo_frame(0)
    small = np.ascontiguousarray(frame.image_bgr[::3, ::3])  # every third pixel: faces of 20 to 60 px
    engine = Engine(*parts, EngineOptions(min_face_px=200))
    assert engine.step(replace(frame, image=small, still=True)).faces == ()
    engine.min_face_px = None  # may be changed between two frames
    assert len(engine.step(replace(frame, image=small, still=True)).faces) == len(people_at(0))


def test_between_detections_faces_are_propagated_and_estimated(parts: tuple[FaceDetector, Estimator]) -> None:
    engine = Engine(*parts, EngineOptions(detect_every=3))
    results = {index: engine.step(demo_frame(index)) for index in (0, 2, 4, 6)}
    for index, result in results.items():
        assert len(result.faces) == 2
        for person in people_at(index):
            (face,) = (face for face in result.faces if overlap(face.box, person.box) > 0.6)
            (before,) = (before for before in results[0].faces if before.track == face.track)
            assert overlap(before.box, person.box) <= overlap(face.box, person.box) + 0.05
    assert sorted(n for n in track_ids(results[6]) if n) == [1, 2]
    first, second = (results[index].faces[0].age_distribution for index in (0, 2))
    assert np.abs(first - second).max() > 1e-6


def test_a_restarted_source_is_detected_immediately(parts: tuple[FaceDetector, Estimator]) -> None:
    engine = Engine(*parts, EngineOptions(detect_every=100))
    engine.step(demo_frame(6))
    assert engine.step(demo_frame(140)).faces != ()  # no detection in this frame
    assert len(engine.step(demo_frame(0)).faces) == len(people_at(0))
    assert engine.step(replace(demo_frame(140), time_s=0.0)).faces != ()


def test_a_reset_forgets_all_faces(parts: tuple[FaceDetector, Estimator]) -> None:
    engine = Engine(*parts, EngineOptions(detect_every=100))
    engine.step(demo_frame(0))
    assert len(engine.step(demo_frame(140)).faces) == 2  # no detection in this frame
    engine.reset()
    assert engine.step(demo_frame(140)).faces == ()
    engine.reset()
    assert sorted(n for n in track_ids(engine.step(demo_frame(6))) if n) == [1, 2]


def test_faces_of_still_pictures_are_numbered_for_a_list(parts: tuple[FaceDetector, Estimator]) -> None:
    still = replace(demo_frame(0), still=True)
    assert track_ids(Engine(*parts, EngineOptions(number_stills=True)).step(still)) == [1, 2]
    assert track_ids(Engine(*parts).step(still)) == [None, None]


def test_without_tracking_faces_have_no_track(parts: tuple[FaceDetector, Estimator]) -> None:
    assert track_ids(Engine(*parts, EngineOptions(track=False)).step(demo_frame(0))) == [None, None]


def test_a_frame_without_faces_has_none(parts: tuple[FaceDetector, Estimator]) -> None:
    result = Engine(*parts).step(demo_frame(140))
    assert result.faces == ()
    assert result.as_dict() == {
        "source": "demo",
        "frame": 140,
        "time_s": 4.667,
        "width": 1280,
        "height": 720,
        "model": "tiny",
        "faces": [],
    }


def test_the_results_line_has_the_documented_fields(parts: tuple[FaceDetector, Estimator]) -> None:
    result = Engine(*parts).step(demo_frame(4))
    line = json.loads(json.dumps(result.as_dict()))
    assert list(line) == ["source", "frame", "time_s", "width", "height", "model", "faces"]
    assert {key: line[key] for key in list(line)[:-1]} == {
        "source": "demo",
        "frame": 4,
        "time_s": 0.133,
        "width": 1280,
        "height": 720,
        "model": "tiny",
    }
    for written, face in zip(line["faces"], result.faces, strict=True):
        assert list(written) == [
            *("track", "box", "score", "landmarks"),
            *("age", "age_low", "age_high", "gender", "gender_probability"),
        ]
        assert written["track"] == face.track
        assert written["box"] == pytest.approx(face.box, abs=0.05)
        assert np.array(written["landmarks"]) == pytest.approx(face.landmarks, abs=0.06)
        assert written["score"] == pytest.approx(face.score, abs=5e-4)
        assert written["age"] == pytest.approx(face.age, abs=0.05)
        assert written["age_low"] <= written["age"] <= written["age_high"]
        assert written["gender"] in ("female", "male", "unsure")
        assert 0.5 <= written["gender_probability"] <= 1


def test_the_frame_is_not_changed(parts: tuple[FaceDetector, Estimator]) -> None:
    frame = demo_frame(2)
    before = frame.image_bgr.copy()
    Engine(*parts).step(frame)
    assert np.array_equal(frame.image_bgr, before)


def test_the_shipped_model_estimates_the_demo() -> None:
    engine = build_engine(EngineOptions(device="cpu", min_face_px=60))
    results = [engine.step(demo_frame(index)) for index in (0, 2, 4)]
    # All three frames show the same two women, of about 36 and 78.
    for result in results:
        assert sorted(n for n in track_ids(result) if n) == [1, 2]
        places = {person.name: person.box for person in people_at(result.frame)}
        ages = {
            name: next(face.age for face in result.faces if overlap(face.box, box) > 0.6)
            for name, box in places.items()
        }
        assert ages["astronaut"] + 15 < ages["admiral"]


def test_building_an_engine_collects_no_garbage_of_others(tmp_path: Path) -> None:
    """The window disables the collector: Qt objects in cycles must not be destroyed on the inference thread."""

    class Widget:
        def __init__(self) -> None:
            self.itself = self

    model = str(write_model(tmp_path))
    gc.collect()
    gc.disable()
    try:
        widget = weakref.ref(Widget())
        build_engine(EngineOptions(model, "cpu"))
        assert widget() is not None
    finally:
        gc.enable()
    gc.collect()
    assert widget() is None
