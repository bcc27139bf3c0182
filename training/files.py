"""Result files: written completely or not at all, and checked when they are read."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from agecam.errors import UsageError
from agecam.runtime.files import write_whole


def write_text(path: Path, text: str) -> Path:
    return write_whole(path, text.encode())


def write_json(path: Path, content: Any, indent: int = 1) -> Path:
    return write_text(path, json.dumps(content, indent=indent, ensure_ascii=False, allow_nan=False) + "\n")


def read_json(path: Path, made_by: str) -> dict[str, Any]:
    """Read a result file.

    Args:
        made_by: the training step that must have written it.

    Raises:
        UsageError: the file is missing or unreadable, or another step wrote it.
    """
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise UsageError(f"There is no {path}: run python -m {made_by} first.") from None
    except (OSError, ValueError) as error:
        raise UsageError(f"{path} cannot be read ({error}): run python -m {made_by} again.") from error
    if not isinstance(content, dict) or content.get("made_by") != made_by:
        raise UsageError(f"{path} was not made by {made_by}: pass the file that it wrote.")
    return content


def markdown_table(heading: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Format cells as a Markdown table."""
    lines = [heading, ["---"] * len(heading), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)
