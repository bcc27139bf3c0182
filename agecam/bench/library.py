"""Speed and memory of `agecam library`, compared with `agecam analyze`, on pictures under many names."""

import os
import re
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import psutil

from agecam.errors import OutputError, UsageError
from agecam.runtime.bundle import own_command
from agecam.sources.pictures import is_picture

PICTURES = 2_000
MANY_PICTURES = 100_000
MAX_WORKERS = 2
_TINY_PX = 48
_SAMPLE_S = 0.5
_WORKER = "MapWorker"


def rows(folder: Path, pictures: int = PICTURES, many: int = MANY_PICTURES) -> Iterator[dict[str, Any]]:
    """One row a run: first `analyze` and workers with the pictures of a folder, then many tiny ones for the memory.

    A row has `what`, `pictures`, `seconds` of the whole process, `analysing_rate` (pictures a second after Ray has
    started), `driver_mib` and `worker_mib` (peak shares of the memory, the latter of the largest worker), and of runs
    with workers also `bytes_read` and `bytes_written`, the mean size of a picture's file and of its row.

    Args:
        folder: with pictures; each gets as many names as are needed.
        pictures: number of names.
        many: number of tiny pictures.

    Raises:
        UsageError: the folder contains no pictures.
        OutputError: a run failed.
    """
    with tempfile.TemporaryDirectory(prefix="agecam-bench-") as temporary:
        place = Path(temporary)
        found = sorted(path.resolve() for path in folder.iterdir() if path.is_file() and is_picture(path))
        if not found:
            raise UsageError("The folder '{folder}' contains no pictures: choose another.", folder=folder)
        _link(found, place / "photos", pictures)
        size = sum(path.stat().st_size for path in (place / "photos").iterdir()) / pictures
        results = place / "results.jsonl"
        yield {"what": "analyze", "pictures": pictures} | _measured("analyze", place / "photos", "--jsonl", results)
        for workers in range(1, MAX_WORKERS + 1):
            out = place / f"out{workers}"
            row = _measured("library", place / "photos", "--out", out, "--workers", workers)
            written = sum(path.stat().st_size for path in (out / "pictures").iterdir()) / pictures
            yield _named(workers, pictures) | row | {"bytes_read": size, "bytes_written": written}
        tiny = place / "tiny.png"
        cv2.imwrite(str(tiny), np.full((_TINY_PX, _TINY_PX, 3), 127, np.uint8))
        for count in (pictures, many):
            _link([tiny], place / f"tiny{count}", count)
            row = _measured(
                "library", place / f"tiny{count}", "--out", place / f"many{count}", "--workers", MAX_WORKERS
            )
            yield {"what": f"{count:,} tiny pictures", "pictures": count} | row


def _named(workers: int, pictures: int) -> dict[str, Any]:
    return {"what": "one worker" if workers == 1 else f"{workers} workers", "pictures": pictures, "workers": workers}


def _link(pictures: list[Path], folder: Path, count: int) -> None:
    folder.mkdir()
    for number in range(count):
        path = pictures[number % len(pictures)]
        try:
            (folder / f"{number:07}{path.suffix}").symlink_to(path)
        except OSError:  # Windows allows it to few users
            os.link(path, folder / f"{number:07}{path.suffix}")


def _measured(*words: object) -> dict[str, Any]:
    began = time.perf_counter()
    process = subprocess.Popen(
        [*own_command(), *map(str, words)], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    memory = _Memory(process.pid)
    try:
        out, err = process.communicate()
    finally:
        process.kill()
        memory.stop()
    seconds = time.perf_counter() - began
    if process.returncode:
        reason = (err.strip().splitlines() or ["no reason given"])[-1]
        raise OutputError(
            "'agecam {command}' failed ({reason}): call it by itself to see more.", command=words[0], reason=reason
        )
    row: dict[str, Any] = {"seconds": seconds, "driver_mib": memory.driver_mib, "worker_mib": memory.worker_mib}
    if found := re.search(r"([\d.]+) pictures a second", out):
        row["analysing_rate"] = float(found[1])
    return row


class _Memory:
    """Watches the memory of a process and of the workers that it starts."""

    def __init__(self, number: int) -> None:
        self.driver_mib = 0.0
        self.worker_mib = 0.0
        self._process = psutil.Process(number)
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._watch, daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """End with the values so far."""
        self._ended.set()
        self._thread.join()

    def _watch(self) -> None:
        while not self._ended.wait(_SAMPLE_S):
            try:
                self.driver_mib = max(self.driver_mib, _used_mib(self._process))
                for child in self._process.children(recursive=True):
                    if any(_WORKER in word for word in child.cmdline()):
                        self.worker_mib = max(self.worker_mib, _used_mib(child))
            except psutil.Error:
                continue


def _used_mib(process: psutil.Process) -> float:
    """What processes share, as the code of libraries, is divided among them, where the system says so."""
    return float(process.memory_full_info().pss if sys.platform == "linux" else process.memory_info().rss) / 2**20
