"""'Guess first': guesses and their score."""

import pytest
from live_parts import face_at

from agecam.live.guessing import GuessingGame, Score


def test_the_score_of_several_guesses() -> None:
    game = GuessingGame()
    assert game.score == Score(0, 0.0, 0)
    game.add(1, 33, face_at(0, age=30.0))  # the interval is 25 to 35
    game.add(2, 40, face_at(0, age=30.0))
    game.add(3, 25, face_at(0, age=30.0))
    score = game.score
    assert (score.count, score.inside) == (3, 2)
    assert score.off_years == pytest.approx((3 + 10 + 5) / 3)


def test_figures_agree_with_those_that_are_shown() -> None:
    """34.4 is shown as 34, and its interval of 29.4 to 39.4 as 29 to 39."""
    guess = GuessingGame().add(1, 29, face_at(0, age=34.4))
    assert guess.off_years == 5.0
    assert guess.is_inside


def test_only_the_first_guess_for_a_person_counts() -> None:
    game = GuessingGame()
    first = game.add(4, 50, face_at(0, age=30.0))
    assert game.add(4, 30, face_at(0, age=30.0)) is first
    assert game.score.count == 1
    assert game.guess_of(4) is first
    assert game.guessed == {4}


def test_in_another_source_people_are_guessed_anew_and_the_score_goes_on() -> None:
    game = GuessingGame()
    game.add(1, 30, face_at(0, age=30.0))
    game.forget_people()
    assert game.guessed == frozenset()
    game.add(1, 20, face_at(0, age=30.0))
    assert game.score == Score(2, 5.0, 1)
