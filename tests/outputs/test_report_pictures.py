"""The pictures of a report: labels, faces, blurring, and what is left out."""

from dataclasses import replace

import cv2
import numpy as np
import pytest
from live_parts import face_at, picture

from agecam.outputs.report.pictures import MAX_PICTURES, Pictures
from agecam.overlay import OverlayStyle
from agecam.types import Frame, FrameResult, Image


def still(image: Image, name: str = "a.jpg", index: int = 0) -> Frame:
    return Frame(image, index, 0.0, name, still=True)


def result_of(frame: Frame, *faces: object, complete: bool = True) -> FrameResult:
    height, width = frame.image_bgr.shape[:2]
    return FrameResult(frame.source, frame.index, 0.0, width, height, faces, "compact", complete)  # type: ignore[arg-type]


def test_pictures_have_labels_and_faces_in_order(astronaut_bgr: Image) -> None:
    pictures = Pictures()
    frame = still(astronaut_bgr)
    doubtful = replace(face_at(300, 300, 50), confirmed=False)
    pictures.add(frame, result_of(frame, face_at(190, 70, 100, 30), doubtful, face_at(20, 20, 60, 60)))
    (shown,) = pictures.content(OverlayStyle())
    assert [(one.number, one.age) for one in shown.people] == [(1, 30), (2, 60)]
    assert shown.name == "a.jpg"
    assert (shown.image_bgr != astronaut_bgr).any()
    assert not shown.people[0].stretches
    assert shown.people[0].thumbnail_bgr.std() > 30


def test_the_same_picture_again_replaces_itself(astronaut_bgr: Image, hopper_bgr: Image) -> None:
    pictures = Pictures()
    for image, name, index in (
        (astronaut_bgr, "a.jpg", 0),
        (hopper_bgr, "a.jpg", 0),  # another folder
        (astronaut_bgr.copy(), "a.jpg", 0),  # opened again
        (astronaut_bgr, "a.jpg", 1),  # another page
    ):
        frame = still(image, name, index)
        pictures.add(frame, result_of(frame, face_at(190, 70, 100)))
    assert [picture.name for picture in pictures.content(OverlayStyle())] == ["a.jpg", "a.jpg", "a.jpg (2)"]
    pictures.reset()
    assert not pictures.content(OverlayStyle())


def test_blurring_covers_pictures_faces_and_what_may_be_none(astronaut_bgr: Image) -> None:
    pictures = Pictures()
    frame = still(astronaut_bgr)
    doubtful = replace(face_at(20, 350, 100), confirmed=False)
    pictures.add(frame, result_of(frame, face_at(180, 60, 110), doubtful))
    clear, blurred = (pictures.content(OverlayStyle(show_box=False, blur_faces=on))[0] for on in (False, True))
    for inside in (slice(90, 150), slice(205, 265)), (slice(365, 435), slice(35, 105)):
        assert detail(blurred.image_bgr[inside]) < 0.3 * detail(clear.image_bgr[inside])
    assert detail(blurred.people[0].thumbnail_bgr) < 0.2 * detail(clear.people[0].thumbnail_bgr)


def test_if_faces_may_be_missing_the_whole_picture_is_blurred(astronaut_bgr: Image) -> None:
    pictures = Pictures()
    frame = still(astronaut_bgr)
    pictures.add(frame, result_of(frame, complete=False))
    (shown,) = pictures.content(OverlayStyle(blur_faces=True))
    assert detail(shown.image_bgr) < 0.1 * detail(astronaut_bgr)


def test_single_people_are_blurred_and_hidden_as_marked(astronaut_bgr: Image) -> None:
    pictures = Pictures()
    frame = still(astronaut_bgr)
    one, other = face_at(180, 60, 110), face_at(20, 350, 100)
    pictures.add(frame, result_of(frame, one, other))
    pictures.mark(still(astronaut_bgr.copy()), (), (), ())  # another picture
    assert len(pictures.content(OverlayStyle())[0].people) == 2
    pictures.mark(frame, (one,), (other,), {0})
    (shown,) = pictures.content(OverlayStyle(show_box=False))
    assert len(shown.people) == 1
    assert detail(shown.people[0].thumbnail_bgr) < 5
    assert detail(shown.image_bgr[90:150, 205:265]) < 0.3 * detail(astronaut_bgr[90:150, 205:265])


@pytest.mark.parametrize("box", [(-80, -40, 100, 100), (460, 470, 100, 100), (-500, 0, 50, 50), (10, 10, 0.2, 0.2)])
def test_faces_at_and_beyond_the_edge_have_thumbnails(box: tuple[float, ...], astronaut_bgr: Image) -> None:
    pictures = Pictures()
    frame = still(astronaut_bgr)
    pictures.add(frame, result_of(frame, replace(face_at(0, 0), box=box)))
    assert pictures.content(OverlayStyle())[0].people[0].thumbnail_bgr.shape == (144, 144, 3)


def test_pictures_beyond_the_limit_are_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    assert MAX_PICTURES >= 100
    monkeypatch.setattr("agecam.outputs.report.pictures.MAX_PICTURES", 2)
    pictures = Pictures()
    for index in (0, 1, 2, 3, 3):
        frame = still(picture(index), f"{index}.png")
        pictures.add(frame, result_of(frame, face_at(10, 90), face_at(100, 90)))
    assert len(pictures.content(OverlayStyle())) == 2
    assert pictures.left_out == (2, 4)


def detail(image: Image) -> float:
    return float(np.asarray(cv2.Laplacian(image, cv2.CV_64F)).std())


def test_a_person_stays_blurred_when_the_picture_is_analysed_again(astronaut_bgr: Image) -> None:
    pictures = Pictures()
    frame = still(astronaut_bgr)
    woman, other = face_at(180, 60, 110), face_at(20, 350, 100)
    pictures.add(frame, result_of(frame, woman, other))
    (clear,) = pictures.content(OverlayStyle())
    pictures.mark(frame, [woman, other], [], {0})
    pictures.add(frame, result_of(frame, other, replace(woman, box=(182.0, 62.0, 108.0, 109.0))))  # moved, other order
    (again,) = pictures.content(OverlayStyle())
    assert detail(again.people[1].thumbnail_bgr) < 0.2 * detail(clear.people[0].thumbnail_bgr)
    assert detail(again.people[0].thumbnail_bgr) > 0.8 * detail(clear.people[1].thumbnail_bgr)
    pictures.add(frame, result_of(frame, other))  # not found: nobody knows where she is
    (lost,) = pictures.content(OverlayStyle(show_box=False, show_age=False))
    assert detail(lost.image_bgr[90:150, 205:265]) < 0.3 * detail(clear.image_bgr[90:150, 205:265])
    assert detail(lost.people[0].thumbnail_bgr) < 0.2 * detail(clear.people[1].thumbnail_bgr)
