"""What is drawn for each face."""

from dataclasses import dataclass

from agecam.overlay.typeface import Typeface, dejavu
from agecam.types import Gender


@dataclass(frozen=True)
class Words:
    """The words of a label, in a language and in letters that can write it."""

    female: str = "female"
    male: str = "male"
    unsure: str = "unsure"
    typeface: Typeface = dejavu

    def of(self, gender: Gender) -> str:
        """What a person reads."""
        return {"female": self.female, "male": self.male, "unsure": self.unsure}[gender]


@dataclass(frozen=True)
class OverlayStyle:
    """What is drawn for each face."""

    show_box: bool = True
    show_age: bool = True
    show_interval: bool = True
    """The 80 % interval beside the age."""
    show_gender: bool = True
    show_probability: bool = True
    """The probability beside the gender; shows only together with it."""
    show_track: bool = True
    """The person's number; shows only where the face has one."""
    show_landmarks: bool = False
    blur_faces: bool = False
    """Makes faces unrecognisable before anything is drawn."""
    words: Words = Words()


DEFAULT_STYLE = OverlayStyle()
