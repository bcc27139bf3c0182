"""The words of a report. They are translated in the window; the command line writes them in English."""

from collections.abc import Callable
from enum import Enum

from agecam.types import Gender

Translate = Callable[[str], str]
"""Translates a sentence, before its values are filled in."""


class Phrase(Enum):
    """All texts of a report, with a `{field}` for each value."""

    LANGUAGE = "en"
    """Tag of the language, such as `ko`."""
    HEADING = "Apparent ages"
    TITLE = "Apparent ages: {name}"
    SEVERAL = "{name} and {count} more"
    DATE = "Date"
    MODEL = "Model"
    WEIGHTS = "SHA-256 of the weights"
    PEOPLE = "People"
    FACES = "Faces"
    PICTURES = "Pictures"
    DURATION = "Duration"
    AGES = "Apparent ages"
    SPAN = "{low} to {high}"
    IN_VIEW_HEADING = "When they are in view"
    TIMELINE = "Each person's time in view, with the apparent age as a line and its 80 % interval as a band"
    PERSON = "Person {number}"
    FACE = "Face {number}"
    YEARS = "{age}"
    APPARENT_AGE = "apparent age"
    INTERVAL = "80 % interval: {low} to {high}"
    AGE_CHART = "Apparent age {age}, between {low} and {high}"
    FEMALE = "female"
    MALE = "male"
    UNSURE = "unsure"
    GENDER = "{gender} ({percent} %)"
    IN_VIEW = "in view for {time}"
    CLEAREST = "clearest at {time}"
    SECONDS = "{seconds} s"
    NO_ONE = "No face was found."
    MORE_PEOPLE = "Not listed because there are too many: {count}"
    MORE_PICTURES = "Pictures not shown because there are too many: {count}"
    BLURRED = "Faces are blurred. Those that were not found, in profile or very small, stay clear."
    ABOUT = "About these figures"
    WHAT_IT_IS = (
        "An apparent age is how old a face looks to a neural network, not how old the person is. The interval is meant "
        "to contain the age of four faces in five."
    )
    WHAT_GENDER_IS = "Gender is the network's guess between two words, with its probability."
    LIMITS = (
        "The network makes larger errors on the very young, on the old, and on people who are rare in its training "
        "data; the model's card says how much. These figures are not fit for decisions about anyone."
    )
    PRIVACY = "Made by AgeCam {version} on one computer. This file contains everything it shows and loads nothing."
    PAGE = "Page {number}"


class Words:
    """The phrases in one language."""

    def __init__(self, translate: Translate = str) -> None:
        self._translate = translate

    def __call__(self, phrase: Phrase, **values: object) -> str:
        """A phrase with its values filled in."""
        text = self._translate(phrase.value)
        return text.format(**values) if values else text

    def gender(self, gender: Gender) -> str:
        """The word for a gender."""
        return self({"female": Phrase.FEMALE, "male": Phrase.MALE, "unsure": Phrase.UNSURE}[gender])
