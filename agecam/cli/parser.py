"""The parser of all commands, and the types of their values; each raises ArgumentTypeError with the reason."""

import argparse
import math
import re
import sys
from typing import TYPE_CHECKING, NoReturn

from agecam.errors import UsageError
from agecam.types import MAX_FACE_PX, MIN_FACE_PX

if TYPE_CHECKING:
    from _typeshed import SupportsWrite

PRIVACY = "Everything is computed locally: no picture and no result leaves this computer."


class Parser(argparse.ArgumentParser):
    """Raises UsageError instead of ending the process; options cannot be abbreviated."""

    def __init__(self, **options: object) -> None:
        super().__init__(allow_abbrev=False, **options)  # type: ignore[arg-type]

    def error(self, message: str) -> NoReturn:
        """Called with argparse's message."""
        raise UsageError(f"{message[:1].upper()}{message[1:]}; see '{self.prog} --help'.")

    def _print_message(self, message: str, file: "SupportsWrite[str] | None" = None) -> None:
        """Print help or the version. Without streams, as under pythonw, that of Python 3.11.2 fails."""
        if (file or sys.stderr) is not None:
            super()._print_message(message, file)


def count(text: str) -> int:
    """A whole number of at least 1."""
    if not re.fullmatch(r"\d{1,9}", text, re.ASCII) or int(text) == 0:
        raise argparse.ArgumentTypeError(f"'{text}' is not a whole number of at least 1")
    return int(text)


def time_s(text: str) -> float:
    """Seconds of `80`, `80s`, `1:20` or `1:02:03.5`."""
    match = re.fullmatch(r"(?:(?:(\d+):)?([0-5]?\d):)?(\d+(?:\.\d+)?)s?", text, re.ASCII)
    hours, minutes, seconds = (float(part or 0) for part in match.groups()) if match else (0.0, 0.0, math.nan)
    if not (seconds < 60 or ":" not in text) or math.isnan(seconds):
        raise argparse.ArgumentTypeError(f"'{text}' is not a time such as 80, 1:20, 1:02:03.5 or 0.5s")
    return 3600 * hours + 60 * minutes + seconds


def backend(text: str) -> str:
    """The name of a backend; `tensorflow` is an alias, as Keras runs on it."""
    return "keras" if text == "tensorflow" else text


def model_name(text: str) -> str:
    """The name of a model to install."""
    if not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9_-]{0,49}", text):
        raise argparse.ArgumentTypeError(
            f"'{text}' is not a name of up to 50 letters, digits, - and _ that starts with a letter or digit"
        )
    if text == "compact":
        raise argparse.ArgumentTypeError("'compact' is the name of the built-in model")
    return text


def margin(text: str) -> float:
    """A margin around the face."""
    try:
        margin = float(text)
    except ValueError:
        margin = math.nan
    if not 0 <= margin <= 2:
        raise argparse.ArgumentTypeError(f"'{text}' is not a number from 0 to 2")
    return margin


def face_px(text: str) -> float:
    """The side of a face in pixels."""
    try:
        size_px = float(text)
    except ValueError:
        size_px = 0
    if not MIN_FACE_PX <= size_px <= MAX_FACE_PX:
        raise argparse.ArgumentTypeError(f"'{text}' is not a number of pixels from {MIN_FACE_PX} to {MAX_FACE_PX}")
    return size_px
