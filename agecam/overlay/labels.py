"""What a label says, in its full form and in shorter ones, and which colour and number belong to a face."""

from collections.abc import Sequence
from typing import NamedTuple

from agecam.overlay.sprites import Colour, Rect
from agecam.overlay.style import OverlayStyle
from agecam.types import Face

TEXT_COLOUR: Colour = (250, 250, 250)
SECONDARY_TEXT_COLOUR: Colour = (212, 212, 212)
DOT_TEXT_COLOUR: Colour = (22, 20, 20)
DOT_SCALE = 0.8
"""Font size of the number in a dot, relative to that of labels."""

# The hues are distinct on light and dark pictures, and none of them is associated with a gender.
PALETTE: tuple[Colour, ...] = (
    (40, 178, 255),  # amber
    (170, 200, 20),  # teal
    (90, 120, 255),  # vermilion
    (64, 204, 150),  # lime
    (250, 150, 180),  # violet
    (80, 225, 240),  # lemon
    (215, 190, 90),  # cyan
    (120, 165, 215),  # sand
)


class Run(NamedTuple):
    """A run of label text in one style."""

    text: str
    colour: Colour
    scale: float = 1.0
    bold: bool = False


Lines = tuple[tuple[Run, ...], ...]


class Form(NamedTuple):
    """One of the forms that a label can take."""

    lines: Lines
    is_dot: bool = False
    """A filled dot with a number, where there is no room for an age."""


def number_of(face: Face, index: int) -> int:
    """Return the number under which the face at this index of a picture is listed."""
    return index + 1 if face.track is None else face.track


def colour_of(number: int) -> Colour:
    """Return the colour of a person's box and label."""
    return PALETTE[(number - 1) % len(PALETTE)]


def forms_of(face: Face, number: int, style: OverlayStyle) -> tuple[Form, ...]:
    """Return the forms of the label of a face, the fullest first; none if it has no label or is not confirmed."""
    full = label_of(face, style, colour_of(number), style.hides_age_of(number))
    if not full or not face.confirmed:
        return ()
    short: Lines = ((full[0][0],),)
    dot = Form(((Run(str(number), DOT_TEXT_COLOUR, DOT_SCALE, bold=True),),), is_dot=True)
    return (Form(full), Form(short), dot) if short != full else (Form(full), dot)


def label_of(face: Face, style: OverlayStyle, colour: Colour, hides_age: bool = False) -> Lines:
    """Return the full label of a face as lines of text runs.

    Args:
        colour: of the track.
        hides_age: whether a question mark stands for the age and its interval.
    """
    first: list[Run] = []
    if style.show_age:
        first.append(Run("?" if hides_age else f"{face.age:.0f}", TEXT_COLOUR, scale=1.2, bold=True))
    if style.show_interval and not hides_age:
        interval = f"{face.age_low:.0f}\N{EN DASH}{face.age_high:.0f}"
        first.append(Run(f"({interval})" if style.show_age else interval, SECONDARY_TEXT_COLOUR))
    second: list[Run] = []
    if style.show_gender:
        with_probability = style.show_probability and face.gender != "unsure"
        probability = f" {100 * face.gender_probability:.0f} %" if with_probability else ""
        second.append(Run(style.words.of(face.gender) + probability, SECONDARY_TEXT_COLOUR))
    if style.show_track and face.track is not None:
        (first or second).append(Run(f"#{face.track}", colour))
    return tuple(tuple(line) for line in (first, second) if line)


def rect_of(face: Face) -> Rect:
    """Return the box of a face, rounded to whole pixels."""
    x, y, width, height = face.box
    return round(x), round(y), round(x + width), round(y + height)


def plain_text(lines: Sequence[Sequence[Run]]) -> list[str]:
    """Return lines of text runs as plain text."""
    return [" ".join(run.text for run in line) for line in lines]
