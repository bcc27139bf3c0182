"""Lanes are filled, overwritten where a film is seen again, kept by people who return, joined and split."""

from collections.abc import Callable, Sequence

import numpy as np
import pytest
from live_parts import face_at
from timeline_parts import Person, cut_out, frame_of, result_of

from agecam.overlay import blur_everything
from agecam.overlay.labels import colour_of
from agecam.timeline import Timeline
from agecam.timeline.timeline import MAX_ROWS, ROW_S
from agecam.types import Frame, FrameResult, Image

FPS = 10


@pytest.fixture
def anna(astronaut_bgr: Image) -> Image:
    return cut_out(astronaut_bgr, (182, 64, 83, 107))


@pytest.fixture
def grace(hopper_bgr: Image) -> Image:
    return cut_out(hopper_bgr, (178, 110, 173, 220))


def play(
    timeline: Timeline, people: Sequence[Person], start_s: float, end_s: float, *, run: int = 1, live: bool = False
) -> list[int | None]:
    """Add the frames from one time to another; returns the numbers of the people in the last one."""
    tracks: list[int | None] = []
    for step in range(round(start_s * FPS), round(end_s * FPS)):
        frame = frame_of(people, step / FPS)
        tracks = [face.track for face in timeline.add(frame, result_of(people, frame), live=live, run=run).faces]
    return tracks


def spans(timeline: Timeline) -> dict[int, list[tuple[float, float]]]:
    return {lane.number: [(s.start_s, s.end_s) for s in lane.stretches] for lane in timeline.lanes()}


def test_a_lane_says_who_was_in_view_when_and_how_old_they_look(anna: Image, grace: Image) -> None:
    timeline = Timeline()
    play(timeline, [Person(anna, 100, 1, age=42)], 0, 2)
    play(timeline, [], 2, 5)
    play(timeline, [Person(anna, 100, 1, age=42), Person(grace, 400, 2, age=61)], 5, 6)
    first, second = timeline.lanes()
    assert spans(timeline) == {1: [(0.0, 1.9), (5.0, 5.9)], 2: [(5.0, 5.9)]}
    assert (first.age, first.age_low, first.age_high, first.gender) == (42, 37, 47, "female")
    assert first.gender_probability == pytest.approx(0.9)
    assert first.seconds == pytest.approx(2.8)
    assert first.colour == colour_of(1)
    assert second.age == 61
    assert first.sample_at(3.0) is None
    sample = first.sample_at(5.4)
    assert sample is not None
    assert abs(sample.time_s - 5.4) <= ROW_S
    assert sample.age == 42


def test_samples_are_a_few_a_second(anna: Image) -> None:
    timeline = Timeline()
    play(timeline, [Person(anna, 100, 1)], 0, 10)
    (lane,) = timeline.lanes()
    assert len(lane.samples) == len(lane.times_s) == 10 / ROW_S


def test_what_is_seen_again_overwrites_and_adds_nothing(anna: Image, grace: Image) -> None:
    timeline = Timeline()
    play(timeline, [Person(anna, 100, 1, age=30), Person(grace, 400, 2, age=60)], 0, 4, run=1)
    before = spans(timeline)
    # After a seek the tracks begin again, here in another order.
    numbers = play(timeline, [Person(anna, 100, 2, age=33), Person(grace, 400, 1, age=60)], 1, 3, run=2)
    assert numbers == [1, 2]
    assert spans(timeline) == before
    lane = timeline.lanes()[0]
    assert len(lane.samples) == 4 / ROW_S
    assert {sample.age for sample in lane.samples if 1 <= sample.time_s < 3} == {33}
    assert {sample.age for sample in lane.samples if not 0.99 <= sample.time_s < 3} == {30}


def test_a_step_back_begins_the_tracks_again_without_being_told(anna: Image, grace: Image) -> None:
    timeline = Timeline()
    play(timeline, [Person(anna, 100, 1), Person(grace, 400, 2)], 0, 2)
    assert play(timeline, [Person(grace, 400, 1)], 0.5, 1) == [2]
    assert len(timeline.lanes()) == 2


def test_somebody_who_returns_keeps_the_lane(anna: Image) -> None:
    timeline = Timeline()
    play(timeline, [Person(anna, 100, 1)], 0, 2)
    play(timeline, [], 2, 6)
    assert play(timeline, [Person(anna, 420, 2)], 6, 7) == [1]
    assert spans(timeline) == {1: [(0.0, 1.9), (6.0, 6.9)]}


def test_somebody_else_gets_a_new_lane(anna: Image, grace: Image) -> None:
    timeline = Timeline()
    play(timeline, [Person(anna, 100, 1)], 0, 2)
    play(timeline, [], 2, 6)
    assert play(timeline, [Person(grace, 100, 2)], 6, 7) == [2]


def test_an_age_far_from_the_one_before_is_another_person(anna: Image) -> None:
    timeline = Timeline()
    play(timeline, [Person(anna, 100, 1, age=10)], 0, 2)
    assert play(timeline, [Person(anna, 100, 2, age=40)], 6, 7) == [2]


def test_two_people_in_one_frame_are_two_lanes_however_alike_they_are(anna: Image) -> None:
    timeline = Timeline()
    play(timeline, [Person(anna, 100, 1)], 0, 2)
    numbers = play(timeline, [Person(anna, 100, 1), Person(anna, 400, 2)], 2, 4)
    assert numbers == [1, 2]
    # Both look like whoever comes now: it could be either.
    assert play(timeline, [Person(anna, 250, 3)], 8, 9) == [3]


def test_a_cut_to_somebody_else_at_the_same_place_is_another_lane(anna: Image, grace: Image) -> None:
    timeline = Timeline()
    play(timeline, [Person(anna, 100, 1)], 0, 2)
    assert play(timeline, [Person(grace, 100, 2)], 2, 4) == [2]
    # Seen again, each has the own lane.
    assert play(timeline, [Person(anna, 100, 1)], 1.5, 2, run=2) == [1]
    assert play(timeline, [Person(grace, 100, 2)], 2, 2.5, run=2) == [2]
    assert len(timeline.lanes()) == 2


def test_faces_that_are_not_confirmed_have_numbers_but_no_lanes(anna: Image) -> None:
    timeline = Timeline()
    assert play(timeline, [Person(anna, 100, 7, confirmed=False)], 0, 1) == [1]
    assert timeline.lanes() == []
    assert play(timeline, [Person(anna, 100, 7)], 1, 2) == [1]
    assert spans(timeline) == {1: [(1.0, 1.9)]}


def test_the_clearest_moment_has_the_sharpest_thumbnail(anna: Image) -> None:
    timeline = Timeline()
    soft = blur_everything(anna)
    play(timeline, [Person(soft, 100, 1)], 0, 1)
    play(timeline, [Person(anna, 100, 1)], 1, 1.3)
    play(timeline, [Person(soft, 100, 1)], 1.3, 3)
    (lane,) = timeline.lanes()
    assert 1.0 <= lane.clearest.time_s < 1.3
    assert lane.clearest.thumbnail_bgr.shape == (64, 64, 3)
    (blurred,) = timeline.lanes(blurred=True)
    assert blurred.blurred
    assert np.array_equal(blurred.clearest.thumbnail_bgr, blur_everything(lane.clearest.thumbnail_bgr))


def test_a_long_film_takes_no_more_rows(anna: Image) -> None:
    timeline = Timeline()
    person = Person(anna, 100, 1)
    image = frame_of([person], 0).image_bgr
    for second in range(3 * 3600):
        frame = Frame(image, second, float(second), "film.mp4")
        timeline.add(frame, result_of([person] if second % 600 < 300 else [], frame), run=1)
    (lane,) = timeline.lanes()
    assert MAX_ROWS / 8 < len(lane.times_s) <= MAX_ROWS
    starts, ends = zip(*spans(timeline)[1], strict=True)
    assert starts == tuple(range(0, 3 * 3600, 600))
    assert ends == tuple(range(299, 3 * 3600, 600))


def test_rare_frames_make_one_stretch(anna: Image) -> None:
    timeline = Timeline()
    person = Person(anna, 100, 1)
    for minute in range(6):
        frame = frame_of([person], 60.0 * minute)
        timeline.add(frame, result_of([person], frame), run=1)
    assert spans(timeline) == {1: [(0.0, 300.0)]}


def test_a_camera_that_was_lost_continues_where_it_was(anna: Image, grace: Image) -> None:
    timeline = Timeline()
    play(timeline, [Person(anna, 100, 1)], 0, 3, live=True)
    assert play(timeline, [Person(grace, 100, 1)], 0, 3, run=2, live=True) == [2]
    (first, second) = timeline.lanes()
    assert (first.first_s, first.last_s) == (0.0, 2.9)
    assert second.first_s == pytest.approx(4.9)
    assert second.last_s == pytest.approx(7.8)


def test_lanes_are_joined_by_hand(anna: Image, grace: Image) -> None:
    timeline = Timeline()
    play(timeline, [Person(anna, 100, 1, age=30)], 0, 2)
    play(timeline, [Person(grace, 100, 2, age=50)], 4, 6)
    assert timeline.joinable(2) == [1]
    assert timeline.join(2, 1) == 1
    assert spans(timeline) == {1: [(0.0, 1.9), (4.0, 5.9)]}
    assert play(timeline, [Person(grace, 100, 2, age=50)], 6, 7) == [1]
    assert spans(timeline) == {1: [(0.0, 1.9), (4.0, 6.9)]}


def test_people_who_were_in_view_together_cannot_be_joined(anna: Image, grace: Image) -> None:
    timeline = Timeline()
    play(timeline, [Person(anna, 100, 1), Person(grace, 400, 2)], 0, 2)
    assert timeline.joinable(1) == []
    assert timeline.join(1, 2) is None
    assert len(timeline.lanes()) == 2


def test_a_lane_is_split_by_hand(anna: Image) -> None:
    timeline = Timeline()
    play(timeline, [Person(anna, 100, 1)], 0, 2)
    play(timeline, [Person(anna, 100, 1)], 5, 7)
    assert timeline.split(1, 4.0) == 2
    assert spans(timeline) == {1: [(0.0, 1.9)], 2: [(5.0, 6.9)]}
    assert [lane.clearest.time_s >= 5 for lane in timeline.lanes()] == [False, True]
    assert play(timeline, [Person(anna, 100, 1)], 7, 8) == [2]
    assert timeline.split(1, 0.0) is None
    assert timeline.split(1, 60.0) is None
    assert timeline.split(99, 1.0) is None


def test_a_complete_timeline_stays_as_it_is(anna: Image, grace: Image) -> None:
    timeline = Timeline()
    play(timeline, [Person(anna, 100, 1)], 0, 4)
    timeline.finish()
    before = spans(timeline)
    assert play(timeline, [Person(grace, 400, 1), Person(anna, 100, 2)], 1, 3, run=2) == [2, 1]
    assert spans(timeline) == before


def test_the_timeline_of_the_whole_video_keeps_the_numbers_of_the_one_before(anna: Image, grace: Image) -> None:
    played, whole = Timeline(), Timeline()
    play(played, [Person(grace, 400, 1)], 2, 4)
    play(played, [Person(grace, 400, 1), Person(anna, 100, 2)], 4, 5)
    played.set_private([2])
    play(whole, [Person(anna, 100, 1), Person(grace, 400, 2)], 0, 6)
    play(whole, [Person(blur_everything(grace), 250, 3, age=70)], 6, 8)
    whole.finish()
    whole.take_over(played)
    assert spans(whole) == {1: [(0.0, 5.9)], 2: [(0.0, 5.9)], 3: [(6.0, 7.9)]}
    assert [lane.clearest.box[0] for lane in whole.lanes()] == [400, 100, 250]
    assert [lane.blurred for lane in whole.lanes()] == [False, True, False]
    # Nobody's number changes in the view of the moment.
    assert play(whole, [Person(grace, 400, 1), Person(anna, 100, 2)], 5, 5.5) == [1, 2]


def test_if_somebody_blurred_cannot_be_found_again_everybody_is_blurred(anna: Image, grace: Image) -> None:
    played, whole = Timeline(), Timeline()
    play(played, [Person(anna, 100, 1)], 0, 2)
    played.set_private([1])
    play(whole, [Person(grace, 400, 1)], 0, 2)
    whole.take_over(played)
    assert all(lane.blurred for lane in whole.lanes())


def test_what_is_no_face_leaves_the_timeline(anna: Image, grace: Image) -> None:
    played, whole = Timeline(), Timeline()
    play(played, [Person(anna, 100, 1), Person(grace, 400, 2)], 0, 2)
    played.forget([2])
    assert list(spans(played)) == [1]
    play(whole, [Person(grace, 400, 1), Person(anna, 100, 2)], 0, 4)
    whole.take_over(played)
    assert [lane.clearest.box[0] for lane in whole.lanes()] == [100]


def test_each_face_of_a_still_picture_is_a_lane_and_stays_one(anna: Image, grace: Image) -> None:
    timeline = Timeline()
    people = [Person(anna, 100, 1), Person(grace, 400, 2)]
    frame = frame_of(people, 0.0, still=True)
    faces = tuple(face_at(person.left, 60, 80, track=None) for person in people)
    result = FrameResult(frame.source, 0, 0.0, 640, 360, faces)
    for _ in range(2):
        assert timeline.add(frame, result) is result
        assert len(timeline.lanes()) == 2
    timeline.forget_places([faces[0].box], 0.0)
    assert [lane.clearest.box[0] for lane in timeline.lanes()] == [400]


def test_the_revision_changes_with_the_lanes(anna: Image) -> None:
    timeline = Timeline()
    revisions = [timeline.revision]
    changes: tuple[Callable[[], object], ...] = (
        lambda: play(timeline, [Person(anna, 100, 1)], 0, 1),
        lambda: timeline.split(1, 0.5),
        lambda: timeline.join(1, 2),
        lambda: timeline.set_private([1]),
        lambda: timeline.forget([1]),
    )
    for change in changes:
        change()
        revisions.append(timeline.revision)
    assert revisions == sorted(set(revisions))
    timeline.forget([1])
    assert timeline.revision == revisions[-1]
