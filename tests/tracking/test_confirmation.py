"""A face in a video counts as a person once its detections agree."""

from collections.abc import Sequence

import numpy as np

from agecam.tracking.optical_flow import GreyFrame
from agecam.tracking.tracker import MAX_LOST_S, PERSISTENT_S, Tracker
from agecam.types import Detection

BOX = (100.0, 100.0, 80.0, 100.0)
STEP_S = 1 / 30
PATTERN = [0.85, 0.85, 0.84, 0.91, 0.83, 0.83, 0.94, 0.9, None, None, None, 0.952, 0.963, 0.956, None, 0.9, None, 0.83]
"""Scores of leaves that look like a face, as measured in a video; None where nothing was found."""


def face(score: float) -> Detection:
    return Detection(BOX, score, np.full((5, 2), 130, np.float32))


def confirmed(scores: Sequence[float | None], tracker: Tracker | None = None) -> list[bool]:
    """Whether the one track is confirmed after each detection."""
    tracker = tracker or Tracker()
    states = [False]
    for number, score in enumerate(scores):
        tracks = tracker.update([face(score)] if score is not None else [], number * STEP_S)
        states.append(tracks[0].confirmed if tracks else states[-1])
    return states[1:]


def test_two_sure_detections_confirm_a_face() -> None:
    assert confirmed([0.999, 0.998]) == [False, True]


def test_one_detection_confirms_a_face_only_where_that_is_asked_for() -> None:
    assert confirmed([0.999], Tracker(lone_score=0.98)) == [True]
    assert confirmed([0.97], Tracker(lone_score=0.98)) == [False]


def test_a_pattern_that_looks_like_a_face_now_and_then_is_not_confirmed() -> None:
    assert not any(confirmed(PATTERN))


def test_somebody_who_turns_to_the_camera_is_confirmed_soon() -> None:
    states = confirmed([0.84, None, None, None, None, 0.91, *[0.999] * 8])
    assert states.index(True) <= 10


def test_a_face_that_is_always_found_is_confirmed_even_if_never_surely() -> None:
    count = round(PERSISTENT_S / STEP_S) + 2
    states = confirmed([0.9] * count)
    assert states[-1] and not any(states[: count // 2])


def test_a_confirmed_face_remains_so() -> None:
    assert confirmed([0.999, 0.998, *PATTERN])[-1]


def test_in_frames_far_apart_one_detection_is_enough() -> None:
    tracker, grey = Tracker(), np.full((240, 320, 3), 127, np.uint8)
    for number in range(2):
        time_s = number * (MAX_LOST_S + 1)
        tracker.propagate(GreyFrame.of(grey), time_s)
        (track,) = tracker.update([face(0.9)], time_s)
    assert track.confirmed
