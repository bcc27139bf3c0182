"""`agecam bench --live`: measures how much of the processor the live program needs."""

import json
from pathlib import Path
from typing import Any

from tqdm import tqdm

from agecam.bench.live import ROUNDS, count_of_rows, live_rows
from agecam.bench.tables import table
from agecam.commands import DONE
from agecam.commands.window import check_window, why_no_window
from agecam.errors import UsageError
from agecam.runtime.files import check_writable, write_whole


def run_bench_live(json_path: Path | None, clips: list[Path], seconds: int, beside: Path | None) -> int:
    """Print the tables, write the rows as JSON if requested, and return the exit code.

    Args:
        json_path: file for the rows.
        clips: videos to show, besides the demo.
        seconds: duration of each measurement.
        beside: root of another checkout to measure as well.

    Raises:
        UsageError: an input does not exist, or there is no display.
        OutputError: the JSON file cannot be written, or a checkout cannot be measured.
    """
    for path in (*clips, *([] if beside is None else [beside])):
        if not path.exists():
            raise UsageError(f"'{path}' does not exist: check the path.")
    if reason := why_no_window():
        raise UsageError(f"{reason}: connect a display or set QT_QPA_PLATFORM=offscreen.")
    check_window()
    if json_path is not None:
        check_writable(json_path)
    rows = live_rows(clips, seconds, beside)
    done = list(tqdm(rows, total=count_of_rows(clips, beside), desc="Measuring", leave=False, disable=None))
    print(f"Processor seconds per second of video, of all threads. Medians of {ROUNDS} times {seconds} s.\n")
    several = beside is not None
    head = ["source", "state", "processor", "shown / s", "analysed / s", "95 % within", "memory"]
    print(table([*(["checkout"] if several else []), *head], [_cells(row, several) for row in done]))
    print("\nBy thread:")
    for row in done:
        names = ", ".join(f"{name} {cores:.3f}" for name, cores in row["threads"].items() if cores >= 0.002)
        where = f" ({row['of']})" if several else ""
        print(f"{row['source']}, {row['state']}{where}: {names or 'nothing to speak of'}")
    if json_path is not None:
        write_whole(json_path, json.dumps(done, indent=1).encode())
    return DONE


def _cells(row: dict[str, Any], several: bool) -> list[str]:
    delay_ms = row["delay_p95_ms"]
    return [
        *([row["of"]] if several else []),
        row["source"],
        row["state"],
        f"{row['cores']:.3f}",
        f"{row['shown_fps']:.1f}",
        f"{row['analysed_fps']:.1f}",
        "" if delay_ms is None else f"{delay_ms:.0f} ms",
        f"{row['memory_mib']:.0f} MiB",
    ]
