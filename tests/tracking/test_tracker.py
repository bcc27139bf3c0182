"""Every person in view keeps one track ID."""

from collections.abc import Sequence

import cv2
import numpy as np
import pytest
from models import overlap

from agecam.sources import open_source
from agecam.sources.demo import FRAME_COUNT, HEIGHT_PX, WIDTH_PX, people_at
from agecam.tracking.optical_flow import CutDetector, GreyFrame
from agecam.tracking.tracker import MAX_LOST_S, MAX_VISIBLE_S, Tracker, overlaps
from agecam.types import Box, Detection, Image

STEP_S = 1 / 30
LANDMARKS = np.array([(0.3, 0.4), (0.7, 0.4), (0.5, 0.6), (0.35, 0.8), (0.65, 0.8)])
"""Relative to the box of the face."""


def face_at(box: Box) -> Detection:
    return Detection(box, 0.99, (LANDMARKS * box[2:] + box[:2]).astype(np.float32))


def in_view(box: Box) -> bool:
    x, y, width, height = box
    return x < WIDTH_PX and y < HEIGHT_PX and x + width > 0 and y + height > 0


class FrameTracker:
    """A tracker that is given the faces of one frame after another."""

    def __init__(self) -> None:
        self.tracker = Tracker()
        self.time_s = -STEP_S

    def update(self, faces: Sequence[Detection]) -> list[int]:
        self.time_s += STEP_S
        return [track.track_id for track in self.tracker.update(faces, self.time_s)]


def test_people_of_the_demo_keep_their_track_ids_when_they_pass_each_other() -> None:
    tracker = Tracker()
    track_ids: dict[tuple[int, str], set[int]] = {}
    scene, was_empty = 0, False
    with open_source("demo") as frames:
        for frame in frames:
            people = [person for person in people_at(frame.index) if in_view(person.box)]
            scene += was_empty and bool(people)
            was_empty = not people
            # As from a detector: only the front one of two faces in one place.
            detected = [
                person
                for index, person in enumerate(people)
                if all(overlap(person.box, other.box) < 0.3 for other in people[index + 1 :])
            ]
            tracker.propagate(GreyFrame.of(frame.image_bgr), frame.time_s)
            tracks = tracker.update([face_at(person.box) for person in detected], frame.time_s, frame.image_bgr)
            for person, track in zip(detected, tracks, strict=True):
                track_ids.setdefault((scene, person.name), set()).add(track.track_id)
            if frame.index == FRAME_COUNT - 1:
                break
    assert {person: len(ids) for person, ids in track_ids.items()} == dict.fromkeys(track_ids, 1)
    assert set().union(*track_ids.values()) == set(range(1, len(track_ids) + 1))


def test_track_ids_count_from_one() -> None:
    tracker = FrameTracker()
    assert tracker.update([]) == []
    assert tracker.update([face_at((0, 0, 10, 10)), face_at((100, 0, 10, 10))]) == [1, 2]
    assert tracker.update([face_at((101, 0, 10, 10)), face_at((1, 0, 10, 10)), face_at((50, 0, 10, 10))]) == [2, 1, 3]


@pytest.mark.parametrize(("lost_s", "track_id"), [(0, 1), (0.5, 1), (1.4, 1), (1.6, 2), (9, 2)])
def test_a_face_may_be_lost_for_a_while(lost_s: float, track_id: int) -> None:
    assert MAX_LOST_S == 1.5
    tracker = FrameTracker()
    face = face_at((40, 40, 100, 130))
    for _ in range(2):  # a detection restarts the time
        tracker.update([face])
        for _ in range(round(lost_s / STEP_S)):
            assert tracker.update([]) == []
    assert (tracker.update([face]) == [1]) is (track_id == 1)


def test_people_of_a_slow_source_keep_their_track_ids() -> None:
    tracker = Tracker()
    for second in range(0, 20, 4):
        assert [track.track_id for track in tracker.update([face_at((40, 40, 100, 130))], float(second))] == [1]


def test_two_faces_in_one_place_are_two_people() -> None:
    tracker = FrameTracker()
    tracker.update([face_at((0, 0, 100, 100))])
    track_ids = tracker.update([face_at((30, 0, 100, 100)), face_at((2, 0, 100, 100))])
    assert track_ids == [2, 1]


def test_the_best_total_match_wins_over_the_best_single_match() -> None:
    tracker = FrameTracker()
    assert tracker.update([face_at((0, 0, 100, 100)), face_at((60, 0, 100, 100))]) == [1, 2]
    # Both moved right: the first now overlaps the second's old box most.
    assert tracker.update([face_at((45, 0, 100, 100)), face_at((105, 0, 100, 100))]) == [1, 2]


def test_a_jump_is_another_person() -> None:
    tracker = FrameTracker()
    tracker.update([face_at((0, 0, 100, 100))])
    assert tracker.update([face_at((70, 0, 100, 100))]) == [2]


def test_track_ids_are_unique_and_never_reused() -> None:
    random = np.random.default_rng(0)
    tracker = FrameTracker()
    highest = 0
    for _ in range(200):
        corners = random.uniform(0, 300, (random.integers(0, 8), 2)).tolist()
        track_ids = tracker.update([face_at((x, y, 60, 80)) for x, y in corners])
        assert len(set(track_ids)) == len(track_ids) == len(corners)
        new = sorted(track_id for track_id in track_ids if track_id > highest)
        assert new == list(range(highest + 1, highest + 1 + len(new)))
        highest += len(new)


def test_overlaps_of_known_boxes() -> None:
    boxes: list[Box] = [(0, 0, 10, 10), (5, 0, 10, 10), (5, 5, 10, 10), (20, 20, 5, 5), (2, 2, 5, 4), (3, 3, 0, 0)]
    expected = [1, 50 / 150, 25 / 175, 0, 20 / 100, 0]
    assert overlaps(boxes[:1], boxes)[0] == pytest.approx(expected)
    assert overlaps(boxes, boxes[:1])[:, 0] == pytest.approx(expected)
    assert overlaps(boxes, []).shape == (6, 0)
    assert overlaps([], boxes).shape == (0, 6)


def textured(left: int, top: int, tint: tuple[int, int, int], seed: int = 5) -> tuple[np.ndarray, Box]:
    """A frame with a person of one colour, and the box of the face."""
    random = np.random.default_rng(seed)
    image = np.full((360, 640, 3), 90, np.uint8)
    patch = np.clip(random.integers(-60, 60, (23, 12, 1)).repeat(10, 0).repeat(10, 1) + tint, 0, 255)
    image[top : top + 230, left : left + 120] = patch[: 360 - top, : 640 - left]
    return image, (float(left), float(top), 120.0, 120.0)


def test_between_detections_faces_are_propagated() -> None:
    tracker = Tracker()
    for step in range(20):
        image, box = textured(100 + 4 * step, 60 + step, (120, 130, 160))
        tracker.propagate(GreyFrame.of(image), step * STEP_S)
        if step == 0:
            tracker.update([face_at(box)], 0.0, image)
            continue
        (track,) = tracker.visible(step * STEP_S)
        assert track.face.box == pytest.approx(box, abs=5)


def test_a_face_that_jumps_is_recognised_by_its_appearance() -> None:
    for tint, track_id in (((120, 130, 160), 1), ((200, 60, 40), 2)):
        tracker = Tracker()
        first, box = textured(100, 60, (120, 130, 160))
        tracker.update([face_at(box)], 0.0, first)
        second, moved = textured(185, 60, tint)
        assert [track.track_id for track in tracker.update([face_at(moved)], STEP_S, second)] == [track_id]


def test_a_missed_face_stays_visible_for_a_while() -> None:
    tracker = Tracker()
    image, box = textured(100, 60, (120, 130, 160))
    visible = []
    for step in range(40):
        time_s = step * STEP_S
        tracker.propagate(GreyFrame.of(image), time_s)
        tracker.update([face_at(box)] if step < 10 else [], time_s, image)
        visible.append(len(tracker.visible(time_s)))
    longer = int(MAX_VISIBLE_S / STEP_S)
    assert visible == [1] * (10 + longer) + [0] * (40 - 10 - longer)


def test_a_face_detected_only_once_is_not_kept_visible() -> None:
    tracker = Tracker()
    image, box = textured(100, 60, (120, 130, 160))
    for step in range(3):
        tracker.propagate(GreyFrame.of(image), step * STEP_S)
        tracker.update([face_at(box)] if step == 0 else [], step * STEP_S, image)
        assert len(tracker.visible(step * STEP_S)) == (step == 0)


def scene_of(seed: int) -> Image:
    """A pattern of light and dark areas, different for every seed."""
    coarse = np.random.default_rng(seed).integers(0, 255, (9, 16, 3), np.uint8)
    return np.asarray(cv2.resize(coarse, (320, 180), interpolation=cv2.INTER_NEAREST), np.uint8)


@pytest.mark.parametrize(
    ("image_after", "track_id"),
    [
        (scene_of(2), 2),  # another scene
        (np.roll(scene_of(1), 6, axis=1), 1),  # the camera moves
        (scene_of(1) // 2, 1),  # a lamp goes out
        (np.full((180, 320, 3), 200, np.uint8), 1),  # a covered lens is not another scene
    ],
    ids=["cut", "moved", "darker", "covered"],
)
def test_after_a_cut_all_people_are_new(image_after: Image, track_id: int) -> None:
    tracker = Tracker()
    face = face_at((100, 50, 60, 80))
    for step, image in enumerate((scene_of(1), scene_of(1), image_after)):
        tracker.propagate(GreyFrame.of(image), step * STEP_S)
        (track,) = tracker.update([face], step * STEP_S)
    assert track.track_id == track_id


def person_before_wall(wall: int, left_px: int) -> Image:
    image = np.full((180, 320, 3), wall, np.uint8)
    image[60:, left_px : left_px + 120] = wall // 5
    return image


@pytest.mark.parametrize(
    ("wall", "left_px", "is_cut"),
    [
        (200, 100, True),  # two people before bright walls are another scene although the pictures are alike
        (200, 90, False),  # a large movement
        (60, 100, False),  # in the dark, lights and movements change as much of the pattern
    ],
    ids=["cut", "moved", "dark"],
)
def test_a_cut_between_two_scenes_that_are_alike(wall: int, left_px: int, is_cut: bool) -> None:
    cuts = CutDetector()
    assert not cuts.is_cut(GreyFrame.of(person_before_wall(wall, 60)))
    assert cuts.is_cut(GreyFrame.of(person_before_wall(wall, left_px))) == is_cut
