"""Results as JSON lines (one line per frame) or CSV (one row per face), with the same fields."""

import csv
import io
import json
import os
import sys
from pathlib import Path
from typing import Any

from agecam.errors import OutputError
from agecam.runtime.files import PartFile, PathLike, Writer, explained
from agecam.runtime.spreadsheets import BYTE_ORDER_MARK, LINE_END, escape_formula
from agecam.types import FrameResult

LANDMARKS = ("left_eye", "right_eye", "nose", "mouth_left", "mouth_right")
CSV_FIELDS = (
    *("source", "frame", "time_s", "width", "height", "model"),
    *("track", "x", "y", "w", "h", "score"),
    *(f"{landmark}_{axis}" for landmark in LANDMARKS for axis in "xy"),
    *("age", "age_low", "age_high", "gender", "gender_probability"),
)


class _ResultsWriter(Writer):
    def __init__(self, path: PathLike) -> None:
        self._output = _StandardOutput() if os.fspath(path) == "-" else PartFile(path)

    @property
    def path(self) -> Path:
        return self._output.final

    def close(self) -> None:
        """Move the complete file to its final name; nothing is left behind if that fails."""
        self._output.commit()

    def discard(self) -> None:
        """Remove the incomplete file."""
        self._output.discard()

    def _write_text(self, text: str) -> None:
        # File names may contain bytes that are not valid Unicode; they are written as \udcXX, which JSON can read back.
        self._output.write(text.encode("utf-8", "backslashreplace"))


class JsonLinesWriter(_ResultsWriter):
    """Writes `FrameResult.as_dict()` as one line of JSON per frame, in UTF-8; the path `-` is standard output.

    Raises `OutputError` at opening and while writing.
    """

    def write(self, result: FrameResult) -> None:
        """Append the line of one frame."""
        self._write_text(json.dumps(result.as_dict(), ensure_ascii=False, separators=(",", ":")) + "\n")
        self.has_content = True


class CsvWriter(_ResultsWriter):
    """Writes a header and one row per face, in UTF-8; the path `-` is standard output.

    A file begins with a byte order mark, standard output does not. Frames without faces have no rows. Raises
    `OutputError` at opening and while writing.
    """

    def __init__(self, path: PathLike) -> None:
        super().__init__(path)
        mark = "" if os.fspath(path) == "-" else BYTE_ORDER_MARK
        try:
            self._write_text(mark + ",".join(CSV_FIELDS) + LINE_END)
        except OutputError:
            self.discard()
            raise

    def write(self, result: FrameResult) -> None:
        """Append all rows of one frame in a single write."""
        self.write_rows(csv_rows(result))

    def write_rows(self, rows: str) -> None:
        """Append rows as returned by `csv_rows`."""
        self._write_text(rows)
        self.has_content = True


def csv_rows(result: FrameResult) -> str:
    """Return the rows of one frame as CSV text."""
    frame = result.as_dict()
    faces = frame.pop("faces")
    frame["source"] = escape_formula(frame["source"])
    rows = io.StringIO()
    csv.DictWriter(rows, CSV_FIELDS, lineterminator=LINE_END).writerows(frame | _flatten(face) for face in faces)
    return rows.getvalue()


def _flatten(face: dict[str, Any]) -> dict[str, Any]:
    """Replace the box and the landmarks of `Face.as_dict()` by one column per coordinate."""
    columns = {key: value for key, value in face.items() if key not in ("box", "landmarks")}
    columns |= zip("xywh", face["box"], strict=True)
    for name, (x, y) in zip(LANDMARKS, face["landmarks"], strict=True):
        columns |= {f"{name}_x": x, f"{name}_y": y}
    return columns


class _StandardOutput:
    """Flushes each line, so that a program that reads them gets live results."""

    final = Path("-")

    def __init__(self) -> None:
        if sys.stdout is None:  # a Windows program without a console
            raise OutputError("Cannot write standard output: it is not available; name a file instead.")
        sys.stdout.flush()

    def write(self, data: bytes) -> None:
        with explained("standard output"):
            try:
                sys.stdout.buffer.write(data)
                sys.stdout.buffer.flush()
            except BrokenPipeError:
                # Otherwise Python fails again at exit, when it flushes the buffer.
                with Path(os.devnull).open("wb") as nowhere:
                    os.dup2(nowhere.fileno(), sys.stdout.fileno())
                raise

    def commit(self) -> None:
        """Do nothing: all lines are already written."""

    def discard(self) -> None:
        """Do nothing: written lines cannot be removed."""
