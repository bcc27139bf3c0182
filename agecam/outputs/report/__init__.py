"""A report on who was seen: one HTML page that contains everything, or a PDF, which the window's part lays out."""

from pathlib import Path

from agecam.errors import OutputError
from agecam.runtime.files import PathLike, check_writable

SUFFIXES = (".html", ".htm", ".pdf")


def check_report_path(path: PathLike) -> None:
    """Raise `OutputError` if no report can be written at `path`."""
    if Path(path).suffix.lower() not in SUFFIXES:
        raise OutputError("Cannot write a report as {path}: choose a name ending in .html or .pdf.", path=path)
    check_writable(path)


def is_pdf(path: PathLike) -> bool:
    """Whether the report at `path` is a PDF rather than a page."""
    return Path(path).suffix.lower() == ".pdf"
