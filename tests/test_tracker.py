"""Everyone in view keeps one number."""

import numpy as np
import pytest
from models import face_at

from agecam.sources.demo import FRAME_COUNT, HEIGHT_PX, WIDTH_PX, people_at
from agecam.tracker import KEPT_FRAMES, Tracker, overlaps
from agecam.types import Box

CROSSING = range(45, 95)
"""Frames of the demo in which two people pass each other."""


def in_view(box: Box) -> bool:
    x, y, width, height = box
    return x < WIDTH_PX and y < HEIGHT_PX and x + width > 0 and y + height > 0


def test_the_people_of_the_demo_keep_their_numbers() -> None:
    tracker = Tracker()
    before: dict[str, int] = {}
    scenes: dict[str, set[int]] = {}
    for index in range(FRAME_COUNT):
        people = [person for person in people_at(index) if in_view(person.box)]
        numbers = tracker.update([face_at(person.box) for person in people])
        assert len(set(numbers)) == len(numbers)
        now = {person.name: number for person, number in zip(people, numbers, strict=True)}
        for name in (now.keys() & before.keys()) if index not in CROSSING else ():
            assert now[name] == before[name], (index, name)
        for name, number in now.items():
            scenes.setdefault(name, set()).add(number)
        before = now
    # Two who pass each other, then, after an empty stage, four: their numbers are new.
    assert set().union(*scenes.values()) == set(range(1, 7))


def test_the_first_people_are_number_one_and_on() -> None:
    tracker = Tracker()
    assert tracker.update([]) == []
    assert tracker.update([face_at((0, 0, 10, 10)), face_at((100, 0, 10, 10))]) == [1, 2]
    assert tracker.update([face_at((101, 0, 10, 10)), face_at((1, 0, 10, 10)), face_at((50, 0, 10, 10))]) == [2, 1, 3]


@pytest.mark.parametrize(("lost_frames", "number"), [(0, 1), (1, 1), (15, 1), (16, 2), (40, 2)])
def test_a_face_may_be_lost_for_fifteen_frames(lost_frames: int, number: int) -> None:
    assert KEPT_FRAMES == 15
    tracker = Tracker()
    face = face_at((40, 40, 100, 130))
    tracker.update([face])
    for _ in range(lost_frames):
        assert tracker.update([]) == []
    assert tracker.update([face]) == [number]


def test_being_seen_again_starts_the_count_anew() -> None:
    tracker = Tracker()
    face = face_at((40, 40, 100, 130))
    for _ in range(3):
        assert tracker.update([face]) == [1]
        for _ in range(15):
            tracker.update([])
    assert tracker.update([face]) == [1]


def test_two_faces_on_one_place_are_two_people() -> None:
    tracker = Tracker()
    tracker.update([face_at((0, 0, 100, 100))])
    numbers = tracker.update([face_at((30, 0, 100, 100)), face_at((2, 0, 100, 100))])
    assert numbers == [2, 1]


def test_the_best_matching_of_all_wins_over_the_best_of_one() -> None:
    tracker = Tracker()
    assert tracker.update([face_at((0, 0, 100, 100)), face_at((60, 0, 100, 100))]) == [1, 2]
    # Both moved right: the first now overlaps the second's old place most.
    assert tracker.update([face_at((45, 0, 100, 100)), face_at((105, 0, 100, 100))]) == [1, 2]


def test_a_jump_is_another_person() -> None:
    tracker = Tracker()
    tracker.update([face_at((0, 0, 100, 100))])
    assert tracker.update([face_at((70, 0, 100, 100))]) == [2]


def test_numbers_are_unique_and_never_used_again() -> None:
    random = np.random.default_rng(0)
    tracker = Tracker()
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
