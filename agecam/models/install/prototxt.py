"""Reads protobuf's text format, in which Caffe describes networks (`.prototxt`)."""

import re
from pathlib import Path
from typing import TypeAlias

from agecam.errors import WeightsError

Value: TypeAlias = "float | str | Message"
Message: TypeAlias = dict[str, list[Value]]
"""The values of each field, in order; the names of enumerations and the contents of strings are both texts."""

MAX_BYTES = 2**20
_MAX_DEPTH = 16
_TOKEN = re.compile(
    r"""
    [\s,;]+ | \#[^\n]* |
    (?P<text>"(?:[^"\\\n]|\\.)*" | '(?:[^'\\\n]|\\.)*') | (?P<word>[\w.+-]+) | (?P<mark>[{}<>:])
    """,
    re.VERBOSE,
)
_OPENING = {"{": "}", "<": ">"}


def read_prototxt(path: Path) -> Message:
    """The content of a file.

    Raises:
        WeightsError: it cannot be read or is not in this format.
    """
    try:
        with path.open("rb") as file:
            content = file.read(MAX_BYTES + 1)
        if len(content) > MAX_BYTES:
            raise ValueError("too long")
        tokens = _tokens(content.decode())
        message = _message(tokens, None, 0)
    except FileNotFoundError:
        raise WeightsError("{path} does not exist: check the path.", path=path) from None
    except (OSError, ValueError, LookupError) as error:
        raise WeightsError(
            "{path} is not a description of a Caffe network, or is incomplete: get the file again.", path=path
        ) from error
    return message


def _tokens(content: str) -> list[str]:
    """The tokens in reverse order, to be popped; texts keep their quotation mark at the start."""
    tokens, place = [], 0
    while place < len(content):
        match = _TOKEN.match(content, place)
        if match is None:
            raise ValueError(f"unexpected {content[place]!r}")
        if match["text"]:
            tokens.append(match["text"][:-1])
        elif match["word"] or match["mark"]:
            tokens.append(match["word"] or match["mark"])
        place = match.end()
    return tokens[::-1]


def _message(tokens: list[str], closing: str | None, depth: int) -> Message:
    if depth > _MAX_DEPTH:
        raise ValueError("too deep")
    message: Message = {}
    while tokens and tokens[-1] != closing:
        name = tokens.pop()
        if not re.fullmatch(r"[A-Za-z_]\w*", name):
            raise ValueError(f"{name} is not a name")
        has_colon = tokens[-1] == ":"
        if has_colon:
            tokens.pop()
        value = tokens.pop()
        if value in _OPENING:
            message.setdefault(name, []).append(_message(tokens, _OPENING[value], depth + 1))
        elif has_colon and value not in "}>:":
            message.setdefault(name, []).append(_scalar(value))
        else:
            raise ValueError(f"{name} has no value")
    if closing is not None:
        tokens.pop()  # an error if the message is not closed
    return message


def _scalar(token: str) -> float | str:
    if token[0] in "\"'":
        return token[1:]
    if token in ("true", "false"):
        return float(token == "true")
    try:
        return float(token)
    except ValueError:
        return token
