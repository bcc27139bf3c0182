"""Everyone in view keeps one number."""

from collections.abc import Sequence

import cv2
import numpy as np
import pytest
from models import overlap

from agecam.sources import open_source
from agecam.sources.demo import FRAME_COUNT, HEIGHT_PX, WIDTH_PX, people_at
from agecam.tracking.optical_flow import SmallGrey
from agecam.tracking.tracker import KEPT_S, SHOWN_S, Tracker, overlaps
from agecam.types import Box, Detection, Image

STEP_S = 1 / 30
LANDMARKS = np.array([(0.3, 0.4), (0.7, 0.4), (0.5, 0.6), (0.35, 0.8), (0.65, 0.8)])
"""In a box."""


def face_at(box: Box) -> Detection:
    return Detection(box, 0.99, (LANDMARKS * box[2:] + box[:2]).astype(np.float32))


def in_view(box: Box) -> bool:
    x, y, width, height = box
    return x < WIDTH_PX and y < HEIGHT_PX and x + width > 0 and y + height > 0


class Seen:
    """A tracker that sees one frame after the other."""

    def __init__(self) -> None:
        self.tracker = Tracker()
        self.time_s = -STEP_S

    def update(self, faces: Sequence[Detection]) -> list[int]:
        self.time_s += STEP_S
        return [track.number for track in self.tracker.update(faces, self.time_s)]


def test_the_people_of_the_demo_keep_their_numbers_also_where_they_pass_each_other() -> None:
    tracker = Tracker()
    numbers: dict[tuple[int, str], set[int]] = {}
    scene, was_empty = 0, False
    with open_source("demo") as frames:
        for frame in frames:
            people = [person for person in people_at(frame.index) if in_view(person.box)]
            scene += was_empty and bool(people)
            was_empty = not people
            # As a detector sees them: of two in one place, one.
            seen = [
                person
                for place, person in enumerate(people)
                if all(overlap(person.box, other.box) < 0.3 for other in people[place + 1 :])
            ]
            tracker.carry(SmallGrey.of(frame.image_bgr), frame.time_s)
            tracks = tracker.update([face_at(person.box) for person in seen], frame.time_s, frame.image_bgr)
            for person, track in zip(seen, tracks, strict=True):
                numbers.setdefault((scene, person.name), set()).add(track.number)
            if frame.index == FRAME_COUNT - 1:
                break
    assert {place: len(of) for place, of in numbers.items()} == dict.fromkeys(numbers, 1)
    assert set().union(*numbers.values()) == set(range(1, len(numbers) + 1))


def test_the_first_people_are_number_one_and_on() -> None:
    tracker = Seen()
    assert tracker.update([]) == []
    assert tracker.update([face_at((0, 0, 10, 10)), face_at((100, 0, 10, 10))]) == [1, 2]
    assert tracker.update([face_at((101, 0, 10, 10)), face_at((1, 0, 10, 10)), face_at((50, 0, 10, 10))]) == [2, 1, 3]


@pytest.mark.parametrize(("lost_s", "number"), [(0, 1), (0.5, 1), (1.4, 1), (1.6, 2), (9, 2)])
def test_a_face_may_be_lost_for_a_while(lost_s: float, number: int) -> None:
    assert KEPT_S == 1.5
    tracker = Seen()
    face = face_at((40, 40, 100, 130))
    for _ in range(2):  # being seen again starts the count anew
        tracker.update([face])
        for _ in range(round(lost_s / STEP_S)):
            assert tracker.update([]) == []
    assert (tracker.update([face]) == [1]) is (number == 1)


def test_people_of_a_slow_source_keep_their_numbers() -> None:
    tracker = Tracker()
    for second in range(0, 20, 4):
        assert [track.number for track in tracker.update([face_at((40, 40, 100, 130))], float(second))] == [1]


def test_two_faces_on_one_place_are_two_people() -> None:
    tracker = Seen()
    tracker.update([face_at((0, 0, 100, 100))])
    numbers = tracker.update([face_at((30, 0, 100, 100)), face_at((2, 0, 100, 100))])
    assert numbers == [2, 1]


def test_the_best_matching_of_all_wins_over_the_best_of_one() -> None:
    tracker = Seen()
    assert tracker.update([face_at((0, 0, 100, 100)), face_at((60, 0, 100, 100))]) == [1, 2]
    # Both moved right: the first now overlaps the second's old place most.
    assert tracker.update([face_at((45, 0, 100, 100)), face_at((105, 0, 100, 100))]) == [1, 2]


def test_a_jump_is_another_person() -> None:
    tracker = Seen()
    tracker.update([face_at((0, 0, 100, 100))])
    assert tracker.update([face_at((70, 0, 100, 100))]) == [2]


def test_numbers_are_unique_and_never_used_again() -> None:
    random = np.random.default_rng(0)
    tracker = Seen()
    highest = 0
    for _ in range(200):
        corners = random.uniform(0, 300, (random.integers(0, 8), 2)).tolist()
        numbers = tracker.update([face_at((x, y, 60, 80)) for x, y in corners])
        assert len(set(numbers)) == len(numbers) == len(corners)
        new = sorted(number for number in numbers if number > highest)
        assert new == list(range(highest + 1, highest + 1 + len(new)))
        highest += len(new)


def test_overlaps_worked_by_hand() -> None:
    boxes: list[Box] = [(0, 0, 10, 10), (5, 0, 10, 10), (5, 5, 10, 10), (20, 20, 5, 5), (2, 2, 5, 4), (3, 3, 0, 0)]
    expected = [1, 50 / 150, 25 / 175, 0, 20 / 100, 0]
    assert overlaps(boxes[:1], boxes)[0] == pytest.approx(expected)
    assert overlaps(boxes, boxes[:1])[:, 0] == pytest.approx(expected)
    assert overlaps(boxes, []).shape == (6, 0)
    assert overlaps([], boxes).shape == (0, 6)


def textured(left: int, top: int, tint: tuple[int, int, int], seed: int = 5) -> tuple[np.ndarray, Box]:
    """A frame with somebody in it, of a colour, and the box of the face."""
    random = np.random.default_rng(seed)
    image = np.full((360, 640, 3), 90, np.uint8)
    patch = np.clip(random.integers(-60, 60, (23, 12, 1)).repeat(10, 0).repeat(10, 1) + tint, 0, 255)
    image[top : top + 230, left : left + 120] = patch[: 360 - top, : 640 - left]
    return image, (float(left), float(top), 120.0, 120.0)


def test_between_detections_the_picture_carries_a_face_along() -> None:
    tracker = Tracker()
    for step in range(20):
        image, box = textured(100 + 4 * step, 60 + step, (120, 130, 160))
        tracker.carry(SmallGrey.of(image), step * STEP_S)
        if step == 0:
            tracker.update([face_at(box)], 0.0, image)
            continue
        (track,) = tracker.shown(step * STEP_S)
        assert track.face.box == pytest.approx(box, abs=5)


def test_a_face_that_jumps_is_known_by_its_look() -> None:
    for tint, number in (((120, 130, 160), 1), ((200, 60, 40), 2)):
        tracker = Tracker()
        first, box = textured(100, 60, (120, 130, 160))
        tracker.update([face_at(box)], 0.0, first)
        second, moved = textured(185, 60, tint)
        assert [track.number for track in tracker.update([face_at(moved)], STEP_S, second)] == [number]


def test_a_face_that_the_detector_misses_is_shown_a_little_longer() -> None:
    tracker = Tracker()
    image, box = textured(100, 60, (120, 130, 160))
    shown = []
    for step in range(40):
        time_s = step * STEP_S
        tracker.carry(SmallGrey.of(image), time_s)
        tracker.update([face_at(box)] if step < 10 else [], time_s, image)
        shown.append(len(tracker.shown(time_s)))
    longer = int(SHOWN_S / STEP_S)
    assert shown == [1] * (10 + longer) + [0] * (40 - 10 - longer)


def test_what_was_seen_once_and_no_more_is_not_shown() -> None:
    tracker = Tracker()
    image, box = textured(100, 60, (120, 130, 160))
    for step in range(3):
        tracker.carry(SmallGrey.of(image), step * STEP_S)
        tracker.update([face_at(box)] if step == 0 else [], step * STEP_S, image)
        assert len(tracker.shown(step * STEP_S)) == (step == 0)


def scene_of(seed: int) -> Image:
    """Light and dark places, other ones for every seed."""
    coarse = np.random.default_rng(seed).integers(0, 255, (9, 16, 3), np.uint8)
    return np.asarray(cv2.resize(coarse, (320, 180), interpolation=cv2.INTER_NEAREST), np.uint8)


@pytest.mark.parametrize(
    ("then", "number"),
    [
        (scene_of(2), 2),  # another scene
        (np.roll(scene_of(1), 6, axis=1), 1),  # the camera moves
        (scene_of(1) // 2, 1),  # a lamp goes out
        (np.full((180, 320, 3), 200, np.uint8), 1),  # a lens that is covered: nothing of another scene is seen
    ],
    ids=["cut", "moved", "darker", "covered"],
)
def test_a_cut_begins_with_new_people(then: Image, number: int) -> None:
    tracker = Tracker()
    face = face_at((100, 50, 60, 80))
    for step, image in enumerate((scene_of(1), scene_of(1), then)):
        tracker.carry(SmallGrey.of(image), step * STEP_S)
        (track,) = tracker.update([face], step * STEP_S)
    assert track.number == number
