"""`agecam bench --window`: measures how smoothly the window shows a source during analysis."""

import json
from pathlib import Path

from tqdm import tqdm

from agecam.commands import DONE
from agecam.commands.window import check_window, why_no_window
from agecam.errors import UsageError
from agecam.runtime.files import check_writable, write_whole

_ROWS = (
    ("window_s", "window shown after", "{:.2f} s"),
    ("first_label_s", "first label after", "{:.1f} s"),
    ("shown_fps", "frames shown", "{:.1f} / s"),
    ("analysed_fps", "frames analysed", "{:.1f} / s"),
    ("delay_p50_ms", "capture to display, median", "{:.0f} ms"),
    ("delay_p95_ms", "95th percentile", "{:.0f} ms"),
    ("dropped", "dropped frames", "{:.0f}"),
    ("longest_block_ms", "window's thread blocked, longest", "{:.0f} ms"),
    ("block_p99_ms", "99th percentile", "{:.0f} ms"),
    ("memory_mib", "memory", "{:.0f} MiB"),
    ("growth", "memory growth", "{:+.1%}"),
)


def run_bench_window(json_path: Path | None, source: str | None, seconds: int) -> int:
    """Measure the window for some seconds, print a table, and write the statistics as JSON if requested.

    If the user closes the window earlier, the statistics are those until then.

    Raises:
        UsageError: there is no display, or the source shows no face within a minute.
        AgeCamError: no window can be opened, or it was closed before there was anything to measure.
        OutputError: the JSON file cannot be written.
    """
    if reason := why_no_window():
        raise UsageError(f"{reason}: connect a display or set QT_QPA_PLATFORM=offscreen.")
    check_window()
    if json_path is not None:
        check_writable(json_path)
    from agecam.ui.measure import measure_window

    spec = source or "demo"
    with tqdm(total=100, desc="Measuring", unit="%", leave=False, disable=None) as bar:
        measured = measure_window(spec, seconds, lambda share: bar.update(round(100 * share) - bar.n))
    if measured is None:
        raise UsageError(f"'{spec}' produced no label within a minute: choose a source that shows faces.")
    statistics = measured.as_dict()
    print(f"{spec}, measured for {measured.seconds:.0f} s\n")
    width = max(len(label) for _, label, _ in _ROWS)
    for name, label, form in _ROWS:
        print(f"{label:<{width}}  {form.format(statistics[name])}")
    if json_path is not None:
        write_whole(json_path, json.dumps({"source": spec} | statistics, indent=1).encode())
    return DONE
