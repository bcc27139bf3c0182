"""`agecam bench --library`: measures `agecam library` against `agecam analyze`, and says what follows for a cluster."""

import json
from pathlib import Path
from typing import Any

import psutil
from tqdm import tqdm

from agecam.bench.library import MANY_PICTURES, MAX_WORKERS, rows
from agecam.bench.tables import table
from agecam.commands import DONE
from agecam.errors import UsageError
from agecam.library import require_library
from agecam.runtime.files import check_writable, write_whole

_COLUMNS = (
    ("rate", "pictures/s", "{:.2f}"),
    ("analysing_rate", "after the start", "{:.2f}"),
    ("seconds", "seconds", "{:,.0f}"),
    ("worker_mib", "worker", "{:.0f} MiB"),
    ("driver_mib", "driver", "{:.0f} MiB"),
)
_RUNS = 5


def run_bench_library(json_path: Path | None, folder: Path, pictures: int) -> int:
    """Print the table and what it means for a cluster, write the rows as JSON if requested, and return the exit code.

    Args:
        json_path: file for the rows.
        folder: with pictures; each is analysed many times, under different names.
        pictures: how many names there are.

    Raises:
        UsageError: the folder contains no pictures, or Ray and PyArrow are not installed.
        OutputError: the JSON file cannot be written, or a run failed.
    """
    require_library()
    if not folder.is_dir():
        raise UsageError(f"'{folder}' is not a folder: name one with pictures.")
    if json_path is not None:
        check_writable(json_path)
    measured = list(tqdm(rows(folder, pictures), total=_RUNS, desc="Measuring", leave=False, disable=None))
    for row in measured:
        row["rate"] = row["pictures"] / row["seconds"]
    print(f"{pictures:,} pictures, {psutil.cpu_count()} cores; rates of whole processes unless said otherwise\n")
    print(table(["", *(title for _, title, _ in _COLUMNS)], [[row["what"], *_cells(row)] for row in measured]))
    print("\n" + "\n".join(_conclusions(measured)))
    if json_path is not None:
        write_whole(json_path, json.dumps(measured, indent=1).encode())
    return DONE


def _cells(row: dict[str, Any]) -> list[str]:
    return [form.format(row[key]) if row.get(key) else "" for key, _, form in _COLUMNS]


def _conclusions(measured: list[dict[str, Any]]) -> list[str]:
    plain, one, two, few, many = measured
    a_core = two["analysing_rate"] / MAX_WORKERS
    bytes_per_picture = two["bytes_read"] + two["bytes_written"]
    # Beside the rows, the driver's own work: it lists, and moves a part for every 128 pictures.
    driver_rate = many["analysing_rate"]
    cores = int(driver_rate / a_core)
    return [
        f"Two workers against one: {two['rate'] / one['rate']:.2f} times; against analyze: "
        f"{two['rate'] / plain['rate']:.2f} times.",
        f"Driver with {MANY_PICTURES:,} pictures against {few['pictures']:,}: "
        f"{many['driver_mib'] - few['driver_mib']:+.0f} MiB.",
        f"Pictures per second and core: {a_core:.1f}, with all cores at work. Assumption: the cores of the cluster are "
        "like these, and the storage delivers what they read.",
        f"Over the network, if nothing is local: {bytes_per_picture / 1024:,.0f} KiB a picture "
        f"({two['bytes_read'] / 1024:,.0f} read, {two['bytes_written'] / 1024:.1f} written), "
        f"{a_core * bytes_per_picture / 2**20:.2f} MiB/s a core. Assumption: each picture is read once, by its worker.",
        f"The driver keeps up with at least {driver_rate:,.0f} pictures per second, which is {cores:,} cores. "
        "Assumption: it is as fast as in the run with tiny pictures, in which the workers shared its cores.",
        f"A million pictures: {1e6 / two['analysing_rate'] / 3600:.0f} hours here, and "
        f"{1e6 / a_core / 64 / 3600:.1f} hours on 64 cores.",
    ]
