"""`agecam bench --start`: measures start-up time and memory."""

import json
from pathlib import Path
from typing import Any

from tqdm import tqdm

from agecam.bench.start import ROUNDS, start_rows
from agecam.bench.tables import table
from agecam.commands import DONE
from agecam.commands.window import check_window, why_no_window
from agecam.errors import UsageError
from agecam.runtime.files import check_writable, write_whole

_COLUMNS = (
    ("import_s", "import agecam", "{:.2f} s"),
    ("analyze_s", "analyze a picture", "{:.2f} s"),
    ("analyze_mib", "peak memory", "{:.0f} MiB"),
    ("window_s", "window shown", "{:.2f} s"),
    ("label_s", "first label", "{:.2f} s"),
    ("playing_mib", "window with a clip", "{:.0f} MiB"),
)


def run_bench_start(json_path: Path | None, picture: Path | None, clip: Path | None, beside: Path | None) -> int:
    """Print the table, write the rows as JSON if requested, and return the exit code.

    Args:
        json_path: file for the rows.
        picture: the picture to analyse.
        clip: the video to show in the window.
        beside: root of another checkout to measure as well.

    Raises:
        UsageError: an input does not exist, or there is no display.
        OutputError: the JSON file cannot be written, or a checkout cannot be measured.
    """
    for path in (picture, clip, beside):
        if path is not None and not path.exists():
            raise UsageError(f"'{path}' does not exist: check the path.")
    if reason := why_no_window():
        raise UsageError(f"{reason}: connect a display or set QT_QPA_PLATFORM=offscreen.")
    check_window()
    if json_path is not None:
        check_writable(json_path)
    expected = 2 if beside is None else 3
    rows = list(tqdm(start_rows(picture, clip, beside), total=expected, desc="Starting", leave=False, disable=None))
    tensorflow, *checkouts = rows
    print(f"Medians of {ROUNDS} starts. import tensorflow: {tensorflow['seconds']:.2f} s\n")
    head = ["checkout", *(title for _, title, _ in _COLUMNS)]
    print(table(head, [[row["of"], *_cells(row)] for row in checkouts]))
    if json_path is not None:
        write_whole(json_path, json.dumps(rows, indent=1).encode())
    return DONE


def _cells(row: dict[str, Any]) -> list[str]:
    return [form.format(row[key]) if key in row else "" for key, _, form in _COLUMNS]
