"""Everybody in the entries of a list, each entry with a timeline of its own."""

from live_parts import face_at
from timeline_parts import Person, cut_out, frame_of, result_of

from agecam.timeline import Everybody
from agecam.types import FrameResult, Image


def show(everybody: Everybody, key: str, person: Person) -> None:
    frame = frame_of([person], 0.0, still=True)
    face = face_at(person.left, 60, 80, person.age, track=None)
    everybody.use(key).add(frame, FrameResult(frame.source, 0, 0.0, 640, 360, (face,)))
    everybody.leave()


def test_an_entry_that_is_shown_again_adds_nobody(astronaut_bgr: Image, hopper_bgr: Image) -> None:
    anna = Person(cut_out(astronaut_bgr, (182, 64, 83, 107)), 100, 1, age=30)
    grace = Person(cut_out(hopper_bgr, (178, 110, 173, 220)), 400, 1, age=60)
    everybody = Everybody()
    revisions = {everybody.revision}
    for key, person in (("a.jpg", anna), ("b.jpg", grace), ("a.jpg", anna)):
        show(everybody, key, person)
    revisions.add(everybody.revision)
    assert sorted((seen.source, seen.lane.age) for seen in everybody.people()) == [("a.jpg", 30), ("b.jpg", 60)]
    assert len(revisions) == 2
    assert not any(seen.is_current for seen in everybody.people())
    everybody.use("b.jpg")
    assert [seen.source for seen in everybody.people() if seen.is_current] == ["b.jpg"]
    assert all(seen.lane.blurred for seen in everybody.people(blurred=True))
    everybody.clear()
    assert everybody.people() == []


def test_the_timeline_of_the_open_source_can_be_replaced(astronaut_bgr: Image) -> None:
    anna = Person(cut_out(astronaut_bgr, (182, 64, 83, 107)), 100, 1, age=30)
    everybody, other = Everybody(), Everybody()
    everybody.use("film.mp4")
    whole = other.use("film.mp4")
    frame = frame_of([anna], 0.0)
    whole.add(frame, result_of([anna], frame))
    everybody.replace_current(whole)
    assert everybody.current is whole
    assert [seen.lane.age for seen in everybody.people()] == [30]
    everybody.leave()
    assert everybody.use("film.mp4") is whole
