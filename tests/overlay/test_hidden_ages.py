"""Labels of people whose apparent age must not be seen."""

from dataclasses import replace

import pytest
from live_parts import face_at

from agecam.overlay import DEFAULT_STYLE, OverlayStyle, annotate
from agecam.overlay.labels import forms_of, plain_text
from agecam.types import Image


def texts(style: OverlayStyle, number: int) -> list[list[str]]:
    return [plain_text(form.lines) for form in forms_of(face_at(0, age=34.0, track=number), number, style)]


def test_a_question_mark_stands_for_the_age_in_every_form_of_a_label() -> None:
    style = replace(DEFAULT_STYLE, ages_of=frozenset({2}))
    assert texts(style, 1) == [["? #1", "female 90 %"], ["?"], ["1"]]
    assert texts(style, 2) == texts(DEFAULT_STYLE, 2) == [["34 (29\N{EN DASH}39) #2", "female 90 %"], ["34"], ["2"]]


def test_no_interval_remains_where_only_that_is_shown() -> None:
    style = replace(DEFAULT_STYLE, show_age=False, show_gender=False, show_track=False, ages_of=frozenset())
    assert texts(style, 1) == []


@pytest.mark.parametrize("hidden", [True, False])
def test_saved_pictures_follow(hidden: bool, hopper_bgr: Image) -> None:
    style = replace(DEFAULT_STYLE, ages_of=frozenset() if hidden else frozenset({1}))
    ages = (20.0, 60.0)
    pictures = [annotate(hopper_bgr, [face_at(178, 110, 200, age, track=1)], style) for age in ages]
    assert (pictures[0] == pictures[1]).all() == hidden
