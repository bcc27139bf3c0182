"""Results as JSON lines and as CSV: the same fields, one line a frame or one row a face."""

import csv
import io
import json
import os
import sys
from pathlib import Path
from typing import Any

from agecam.errors import OutputError
from agecam.runtime.files import PartFile, PathLike, Writer, explained
from agecam.types import FrameResult

LANDMARKS = ("left_eye", "right_eye", "nose", "mouth_left", "mouth_right")
CSV_FIELDS = (
    *("source", "frame", "time_s", "width", "height"),
    *("track", "x", "y", "w", "h", "score"),
    *(f"{landmark}_{axis}" for landmark in LANDMARKS for axis in "xy"),
    *("age", "age_low", "age_high", "gender", "gender_probability"),
)
# What RFC 4180 says; with any other, Python's csv leaves a carriage return inside a name unquoted.
_LINE_END = "\r\n"


class _ResultsWriter(Writer):
    def __init__(self, path: PathLike) -> None:
        self._output = _StandardOutput() if os.fspath(path) == "-" else PartFile(path)

    def close(self) -> None:
        """Complete the file under its final name. Leaves nothing behind if that fails."""
        self._output.commit()

    def discard(self) -> None:
        """Give up: remove what was written."""
        self._output.discard()

    def _write_text(self, text: str) -> None:
        # File names may hold bytes that are no Unicode; as \udcXX they survive, and JSON reads that back.
        self._output.write(text.encode("utf-8", "backslashreplace"))


class JsonLinesWriter(_ResultsWriter):
    """Writes `FrameResult.as_dict()`, one line of JSON a frame, in UTF-8; the path `-` is standard output.

    Raises `OutputError` at opening and while writing.
    """

    def write(self, result: FrameResult) -> None:
        """Append the line of one frame."""
        self._write_text(json.dumps(result.as_dict(), ensure_ascii=False, separators=(",", ":")) + "\n")


class CsvWriter(_ResultsWriter):
    """Writes one row a face under a heading row, in UTF-8; the path `-` is standard output.

    Frames without faces give no row. Raises `OutputError` at opening and while writing.
    """

    def __init__(self, path: PathLike) -> None:
        super().__init__(path)
        self._write_text(",".join(CSV_FIELDS) + _LINE_END)

    def write(self, result: FrameResult) -> None:
        """Append the rows of one frame, all or none of them."""
        self.write_rows(csv_rows(result))

    def write_rows(self, rows: str) -> None:
        """Append rows of `csv_rows`."""
        self._write_text(rows)


def csv_rows(result: FrameResult) -> str:
    """The rows of one frame, as they stand in the file."""
    frame = result.as_dict()
    faces = frame.pop("faces")
    frame["source"] = _harmless(frame["source"])
    rows = io.StringIO()
    csv.DictWriter(rows, CSV_FIELDS, lineterminator=_LINE_END).writerows(frame | _flat(face) for face in faces)
    return rows.getvalue()


def _flat(face: dict[str, Any]) -> dict[str, Any]:
    """Spread the box and the landmarks of `Face.as_dict()` over columns of their own."""
    columns = {key: value for key, value in face.items() if key not in ("box", "landmarks")}
    columns |= zip("xywh", face["box"], strict=True)
    for name, (x, y) in zip(LANDMARKS, face["landmarks"], strict=True):
        columns |= {f"{name}_x": x, f"{name}_y": y}
    return columns


def _harmless(text: str) -> str:
    """Keep a spreadsheet from taking a name for a formula."""
    return f"'{text}" if text.startswith(("=", "+", "-", "@", "\t", "\r")) else text


class _StandardOutput:
    """Each line leaves at once, so that a program reading them sees live results."""

    def __init__(self) -> None:
        if sys.stdout is None:  # a Windows program without a console
            raise OutputError("Cannot write standard output: there is none here; name a file instead.")
        sys.stdout.flush()

    def write(self, data: bytes) -> None:
        with explained("standard output"):
            try:
                sys.stdout.buffer.write(data)
                sys.stdout.buffer.flush()
            except BrokenPipeError:
                # Else Python fails once more at its end, over what is still buffered.
                with Path(os.devnull).open("wb") as nowhere:
                    os.dup2(nowhere.fileno(), sys.stdout.fileno())
                raise

    def commit(self) -> None:
        """Nothing to do: every line has left already."""

    def discard(self) -> None:
        """Nothing to do: what has left cannot be taken back."""
