"""'Not a face' and 'Blur this face': for the life of a track, or in a still picture for its place."""

from dataclasses import replace

import cv2
import numpy as np
from live_parts import face_at, picture

from agecam.live import View
from agecam.live.marks import FORGOTTEN_S, Marks
from agecam.live.screenshot import composed, portrait, uncovered
from agecam.overlay import OverlayStyle
from agecam.types import Face, Frame, FrameResult, Image

UNLABELLED = OverlayStyle(show_box=False, show_age=False, show_interval=False, show_gender=False, show_track=False)
BLURRED = replace(UNLABELLED, blur_faces=True)


def face(track: int | None, left: float = 100) -> Face:
    return face_at(left, 90, 40, track=track)


def view(time_s: float, *faces: Face, still: bool = False, index: int = 0, complete: bool = True) -> View:
    frame = Frame(picture(index), index, time_s, "clip.mp4", still)
    return View(frame, faces, index + 1, 0.0, 1, complete)


def tracks(faces: tuple[Face, ...]) -> list[int | None]:
    return [one.track for one in faces]


def blurred_tracks(of: View) -> list[int | None]:
    return [of.faces[index].track for index in sorted(of.blurred or ())]


def test_without_marks_a_view_is_as_it_was() -> None:
    marks, before = Marks(), view(0, face(1), face(2))
    after = marks.applied(before)
    assert after.faces == before.faces
    assert after.hidden == ()
    assert after.blurred is None
    assert not marks.blurs
    assert not marks.hides


def test_what_is_not_a_face_is_hidden_for_the_life_of_its_track() -> None:
    marks = Marks()
    marks.hide(view(0, face(1), face(2)), face(2))
    after = marks.applied(view(0.1, face(1), face(2, 200), face(3)))
    assert tracks(after.faces) == [1, 3]
    assert tracks(after.hidden) == [2]
    assert marks.hides
    result = FrameResult("clip.mp4", 5, 0.2, 320, 240, (face(2), face(3)))
    assert tracks(marks.without_hidden(after.frame, result).faces) == [3]
    marks.show_hidden()
    assert tracks(marks.applied(view(0.3, face(1), face(2))).faces) == [1, 2]


def test_a_track_that_comes_back_soon_keeps_its_mark_and_later_does_not() -> None:
    marks = Marks()
    marks.hide(view(0, face(2)), face(2))
    marks.applied(view(FORGOTTEN_S - 0.1))
    assert tracks(marks.applied(view(FORGOTTEN_S, face(2))).hidden) == [2]
    marks.applied(view(2 * FORGOTTEN_S + 0.1))
    assert tracks(marks.applied(view(2 * FORGOTTEN_S + 0.2, face(2))).faces) == [2]
    assert not marks.hides


def test_one_person_is_blurred() -> None:
    marks = Marks()
    first = view(0, face(1), face(2, 200))
    marks.applied(first)
    marks.blur(first, face(2), on=True)
    assert marks.blurs
    assert marks.blurred_people() == {2}
    assert blurred_tracks(marks.applied(view(0.1, face(1), face(2, 200)))) == [2]
    marks.blur(view(0.2, face(1), face(2)), face(2), on=False)
    assert not marks.blurs


def test_who_is_new_while_a_blurred_person_is_lost_is_blurred_too() -> None:
    marks = Marks()
    marks.applied(view(0, face(1), face(2)))
    marks.blur(view(0, face(1), face(2)), face(2), on=True)
    after = marks.applied(view(0.1, face(1), face(3)))
    assert blurred_tracks(after) == [3]  # may be 2 under another number; 1 is not
    assert marks.blurred_people() == {2, 3}
    assert blurred_tracks(marks.applied(view(0.2, face(1), face(2), face(3), face(4)))) == [2, 3]
    for step in range(40):
        after = marks.applied(view(0.3 + step / 10, face(1)))
    assert after.blurred is None
    assert not marks.blurs


def test_marks_end_where_tracks_begin_again() -> None:
    for forget in ("source", "jump"):
        marks = Marks()
        marks.blur(view(9, face(1)), face(1), on=True)
        marks.hide(view(9, face(2)), face(2))
        if forget == "source":
            marks.reset()
        after = marks.applied(view(0, face(1), face(2)))
        assert tracks(after.faces) == [1, 2]
        assert after.blurred is None


def test_in_a_still_picture_the_place_counts() -> None:
    marks = Marks()
    shown = view(0, face(1, 20), face(2, 120), face(3, 220), still=True)
    marks.hide(shown, shown.faces[0])
    marks.blur(shown, shown.faces[1], on=True)
    # The same picture analysed again: other numbers, and boxes that differ a little.
    after = marks.applied(view(0, face(1, 221), face(2, 123), face(3, 19), still=True))
    assert tracks(after.hidden) == [3]
    assert blurred_tracks(after) == [2]
    marks.blur(after, after.faces[1], on=False)
    assert not marks.blurs
    other = marks.applied(view(0, face(1, 20), face(2, 120), still=True, index=1))
    assert tracks(other.faces) == [1, 2]
    assert not marks.hides


def sharpness(image: Image) -> float:
    return float(cv2.Laplacian(image, cv2.CV_64F).var())


def textured(*faces: Face, complete: bool = True) -> View:
    image = np.random.default_rng(0).integers(0, 256, (240, 320, 3), np.uint8)
    return View(Frame(image, 0, 0.0, "clip.mp4"), faces, 1, 0.0, 1, complete)


def inside(image: Image, of: Face) -> Image:
    x, y, width, height = (round(value) for value in of.box)
    return image[y : y + height, x : x + width]


def test_only_the_blurred_person_is_blurred() -> None:
    one, two = face(1, 20), face(2, 200)
    marked = replace(textured(one, two), blurred=frozenset({1}))
    for image in (uncovered(marked, False), composed(marked, UNLABELLED, mirror=False)):
        assert np.array_equal(inside(image, one), inside(marked.frame.image_bgr, one))
        assert sharpness(inside(image, two)) < 0.02 * sharpness(inside(marked.frame.image_bgr, two))
    blurred, clear = (portrait(marked, face, False)[14:-14, 14:-14] for face in (two, one))
    assert sharpness(blurred) < 0.02 * sharpness(clear)


def test_while_someone_is_blurred_an_incomplete_frame_is_blurred_as_a_whole() -> None:
    one = face(1, 20)
    for blurred in (frozenset({0}), frozenset[int]()):
        marked = replace(textured(one, complete=False), blurred=blurred)
        assert sharpness(uncovered(marked, False)) < 0.01 * sharpness(marked.frame.image_bgr)
    clear = textured(one, complete=False)
    assert uncovered(clear, False) is clear.frame.image_bgr


def test_hidden_faces_are_blurred_where_all_are() -> None:
    one, two = face(1, 20), face(2, 200)
    marked = replace(textured(one), hidden=(two,))
    image = composed(marked, BLURRED, mirror=False)
    assert sharpness(inside(image, two)) < 0.02 * sharpness(inside(marked.frame.image_bgr, two))
    clear = composed(marked, OverlayStyle(), mirror=False)
    assert np.array_equal(inside(clear, two), inside(marked.frame.image_bgr, two))


def test_a_copied_face_has_a_margin_within_the_picture() -> None:
    assert portrait(textured(), face_at(100, 90, 40), False).shape == (68, 68, 3)
    assert portrait(textured(), face_at(-10, -10, 40), False).shape == (44, 44, 3)
