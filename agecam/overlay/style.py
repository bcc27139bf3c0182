"""Options of the overlay."""

from dataclasses import dataclass

from agecam.overlay.typeface import Typeface, dejavu
from agecam.types import Gender


@dataclass(frozen=True)
class Words:
    """The words of a label in one language, and a typeface that supports it."""

    female: str = "female"
    male: str = "male"
    unsure: str = "unsure"
    typeface: Typeface = dejavu

    def of(self, gender: Gender) -> str:
        """Return the word for a gender."""
        return {"female": self.female, "male": self.male, "unsure": self.unsure}[gender]


@dataclass(frozen=True)
class OverlayStyle:
    """Options for what is drawn for each face."""

    show_box: bool = True
    show_age: bool = True
    show_interval: bool = True
    """The 80 % interval next to the age."""
    show_gender: bool = True
    show_probability: bool = True
    """The probability next to the gender; only shown together with it."""
    show_track: bool = True
    """The track number; only shown if the face has one."""
    show_landmarks: bool = False
    blur_faces: bool = False
    """Makes faces unrecognisable before anything is drawn."""
    words: Words = Words()
    ages_of: frozenset[int] | None = None
    """The numbers of the people whose apparent age may be seen; None for everyone. Of others a question mark is."""

    def hides_age_of(self, number: int) -> bool:
        """Whether the apparent age of the person with this number must not be seen."""
        return self.ages_of is not None and number not in self.ages_of


DEFAULT_STYLE = OverlayStyle()
