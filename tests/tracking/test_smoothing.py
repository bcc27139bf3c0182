"""Temporal smoothing of the estimates of a person."""

from itertools import pairwise

import cv2
import numpy as np
import pytest

from agecam.models.card import Calibration
from agecam.sources.demo import portraits
from agecam.tracking.smoothing import MEMORY_S, REFRESH_S, TemporalSmoother, TrackEstimate, face_quality
from agecam.types import Attributes, Detection, Frame, Image
from agecam.vision.decoding import attributes_of

STEP_S = 1 / 30
CALIBRATION = Calibration(interval_tail=0.1, gender_temperature=1.0, unsure_below=0.62)
LANDMARKS = np.array([(0.3, 0.4), (0.7, 0.4), (0.5, 0.6), (0.35, 0.8), (0.65, 0.8)])


def estimated(age: float, female: float, spread: float = 5.0) -> Attributes:
    distribution = np.exp(-0.5 * ((np.arange(101) - age) / spread) ** 2)
    return attributes_of((distribution / distribution.sum()).astype(np.float32), female, CALIBRATION)


def smoothed(frames: list[Attributes], weights: list[float] | None = None) -> list[Attributes]:
    estimate, result = TrackEstimate(), []
    for index, frame in enumerate(frames):
        estimate.add(frame, weights[index] if weights else 0.5, index * STEP_S)
        result.append(estimate.smoothed(CALIBRATION))
    return result


def test_one_frame_is_not_changed() -> None:
    (alone,) = smoothed([estimated(34.2, 0.9)])
    assert alone.age == pytest.approx(estimated(34.2, 0.9).age, abs=1e-3)
    assert alone.female_probability == pytest.approx(0.9, abs=1e-3)
    assert alone.gender == "female"


def test_the_label_is_steady_although_the_frames_vary() -> None:
    random = np.random.default_rng(3)
    frames = [estimated(40 + 5 * random.standard_normal(), 0.8 + 0.1 * random.standard_normal()) for _ in range(300)]
    ages, smoothed_ages = np.array([of.age for of in frames]), np.array([of.age for of in smoothed(frames)])
    assert np.abs(np.diff(smoothed_ages)).mean() < np.abs(np.diff(ages)).mean() / 20
    assert smoothed_ages[-1] == pytest.approx(40, abs=0.8)
    assert smoothed(frames)[-1].age_distribution.sum() == pytest.approx(1, abs=1e-5)


def test_a_clear_frame_outweighs_many_poor_ones() -> None:
    frames = [*[estimated(70, 0.5)] * 10, estimated(30, 0.97)]
    assert smoothed(frames, [0.02] * 10 + [0.9])[-1].age < 40
    assert smoothed(frames)[-1].age > 60


def test_a_lasting_change_is_followed() -> None:
    frames = [estimated(20, 0.9)] * 300 + [estimated(50, 0.9)] * round(3 * MEMORY_S / STEP_S)
    assert smoothed(frames)[-1].age == pytest.approx(50, abs=2)


def test_gender_changes_only_on_strong_evidence() -> None:
    random = np.random.default_rng(0)
    near = [estimated(30, female) for female in random.normal(0.60, 0.08, 400).clip(0.05, 0.95)]
    genders = [of.gender for of in smoothed([estimated(30, 0.9)] * 5 + near)]
    assert set(genders) == {"female"}
    genders = [of.gender for of in smoothed([estimated(30, 0.9)] * 30 + [estimated(30, 0.1)] * 300)]
    changes = [(a, b) for a, b in pairwise(genders) if a != b]
    assert changes == [("female", "unsure"), ("unsure", "male")]
    assert {of.gender for of in smoothed([estimated(30, 0.57)] * 20)} == {"unsure"}


def face(box: tuple[float, float, float, float], turned: float = 0.0, score: float = 1.0) -> Detection:
    places = LANDMARKS.copy()
    places[2, 0] += turned
    return Detection(box, score, (places * box[2:] + box[:2]).astype(np.float32))


@pytest.mark.parametrize("weight", [0.02, 0.9])
def test_a_settled_label_is_due_a_few_times_a_second(weight: float) -> None:
    estimate, due = TrackEstimate(), []
    for index in range(120):
        if estimate.is_due(index * STEP_S):
            due.append(index)
            estimate.add(estimated(40, 0.9), weight, index * STEP_S)
    assert due[:3] == [0, 1, 2]
    settled = np.diff([index for index in due if index > 20])
    assert set(settled.tolist()) == {round(REFRESH_S / STEP_S)}


def test_people_who_are_not_due_are_left_out(hopper_bgr: Image) -> None:
    smoother = TemporalSmoother(CALIBRATION)
    face = Detection((10.0, 10.0, 100.0, 100.0), 0.99, (LANDMARKS * 100 + 10).astype(np.float32))
    for index in range(30):
        frame = Frame(hopper_bgr, index, index * STEP_S, "")
        smoother.add([1], [face], [estimated(40, 0.9)], frame)
    now = Frame(hopper_bgr, 30, 30 * STEP_S, "")
    assert smoother.most_informative([1, 2], [face, face], now, 2) == [0, 1]
    assert smoother.most_informative([1, 2], [face, face], now, 2, only_due=True) == [1]
    later = Frame(hopper_bgr, 40, 29 * STEP_S + REFRESH_S, "")
    assert smoother.most_informative([1], [face], later, 1, only_due=True) == [0]


def test_face_quality_is_lower_in_poor_views() -> None:
    portrait: Image = portraits()[0]
    box = (180.0, 60.0, 100.0, 130.0)
    best = face_quality(face(box), portrait)
    assert 0.3 < best <= 1
    blurred = np.asarray(cv2.GaussianBlur(portrait, (0, 0), 6), np.uint8)
    assert face_quality(face(box), blurred) < 0.7 * best
    assert face_quality(face(box, turned=0.2), portrait) < 0.7 * best
    assert face_quality(face(box, score=0.8), portrait) < 0.7 * best
    assert face_quality(face((180.0, 60.0, 30.0, 39.0)), portrait) < 0.7 * best
    assert face_quality(face((-500.0, 0.0, 100.0, 130.0)), portrait) > 0
