"""`agecam bench --window`: how smoothly the window shows a source while it is analysed."""

import json
from pathlib import Path

from tqdm import tqdm

from agecam.commands.window import why_no_window
from agecam.errors import UsageError
from agecam.runtime.files import write_whole

_ROWS = (
    ("window_s", "window on the screen after", "{:.2f} s"),
    ("first_label_s", "first label after", "{:.1f} s"),
    ("shown_fps", "frames shown", "{:.1f} / s"),
    ("analysed_fps", "frames analysed", "{:.1f} / s"),
    ("delay_p50_ms", "from capture to display, half under", "{:.0f} ms"),
    ("delay_p95_ms", "95 % under", "{:.0f} ms"),
    ("dropped", "frames never shown", "{:.0f}"),
    ("longest_block_ms", "window's thread busy, at the longest", "{:.0f} ms"),
    ("block_p99_ms", "99 % under", "{:.0f} ms"),
    ("memory_mib", "memory", "{:.0f} MiB"),
    ("growth", "its growth", "{:+.1%}"),
)


def run_bench_window(json_path: Path | None, source: str | None, seconds: int) -> int:
    """Watch the window, print a table, and write the figures as JSON where asked."""
    if why_not := why_no_window():
        raise UsageError(f"{why_not}: give it one, or set QT_QPA_PLATFORM=offscreen to measure without.")
    from agecam.ui.measure import measure_window

    spec = source or "demo"
    with tqdm(total=100, desc="Watching the window", unit="%", leave=False, disable=None) as bar:
        seen = measure_window(spec, seconds, lambda share: bar.update(round(100 * share) - bar.n))
    if seen is None:
        raise UsageError(f"'{spec}' gave no label within a minute: choose a source that shows faces.")
    figures = seen.as_dict()
    print(f"{spec}, watched for {seen.seconds:.0f} s\n")
    width = max(len(text) for _, text, _ in _ROWS)
    for name, text, form in _ROWS:
        print(f"{text:<{width}}  {form.format(figures[name])}")
    if json_path is not None:
        write_whole(json_path, json.dumps({"source": spec} | figures, indent=1).encode())
    return 0
