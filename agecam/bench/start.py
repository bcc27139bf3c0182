"""Start-up time and memory of AgeCam, each in a separate process, optionally compared with another checkout."""

import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from statistics import median
from typing import Any

import cv2

from agecam.bench.process import run_measured
from agecam.bench.scenes import scene
from agecam.errors import OutputError
from agecam.outputs import VideoWriter
from agecam.sources.demo import portraits

ROOT = Path(__file__).resolve().parents[2]
ROUNDS = 5
PLAYING_S = 20
"""Time for which the window plays the clip before its memory is measured."""


def start_rows(
    picture: Path | None, clip: Path | None, other_checkout: Path | None, rounds: int = ROUNDS
) -> Iterator[dict[str, Any]]:
    """One row for the import of TensorFlow, then one for each checkout, its path under `of`; medians of `rounds`.

    Args:
        picture: to analyse; by default one of the demo's portraits.
        clip: to show in the window; by default half a minute of 1280 x 720 made at run time.
        other_checkout: root of another checkout, run by the same Python.

    Raises:
        OutputError: one of the processes failed.
    """
    with tempfile.TemporaryDirectory(prefix="agecam-") as name:
        folder = Path(name)
        if picture is None:
            picture = folder / "portrait.png"
            cv2.imwrite(str(picture), portraits()[0])
        if clip is None:
            clip = folder / "clip.mp4"
            with VideoWriter(clip, 1280, 720, 30) as writer:
                for frame in scene(1280, 720, 1, 300):
                    writer.write(frame.image_bgr, frame.time_s)
        picture, clip = picture.resolve(), clip.resolve()
        roots = [ROOT] if other_checkout is None else [ROOT, other_checkout.resolve()]
        rows: list[dict[str, list[float]]] = [{} for _ in roots]
        tensorflow = []
        for _ in range(rounds):  # in turn, so that other load on the computer affects all of them
            tensorflow.append(_run(ROOT, "-c", "import tensorflow")[0])
            for root, row in zip(roots, rows, strict=True):
                for key, value in _measure_once(root, picture, folder).items():
                    row.setdefault(key, []).append(value)
        yield {"of": "import tensorflow", "seconds": median(tensorflow)}
        for root, row in zip(roots, rows, strict=True):
            yield {"of": str(root)} | {key: median(values) for key, values in row.items()} | _playing_memory(root, clip)


def _measure_once(root: Path, picture: Path, folder: Path) -> dict[str, float]:
    analyze_s, peak_mib = _run(root, "-m", "agecam", "analyze", str(picture), "--jsonl", str(folder / "r.jsonl"))
    row = {"import_s": float(_window(root, _IMPORT)), "analyze_s": analyze_s}
    if peak_mib is not None:
        row["analyze_mib"] = peak_mib
    shown: dict[str, float] = json.loads(_window(root, _WINDOW, "demo", "1"))
    return row | {key: shown[key] for key in ("window_s", "label_s")}


def _playing_memory(root: Path, clip: Path) -> dict[str, float]:
    seen = json.loads(_window(root, _WINDOW, str(clip), str(PLAYING_S)))
    return {"playing_mib": seen["memory_mib"]}


def _run(root: Path, *words: str) -> tuple[float, float | None]:
    return run_measured([sys.executable, *words], _environment(root), root)


def _window(root: Path, script: str, *words: str) -> str:
    started = time.monotonic()
    done = subprocess.run(
        [sys.executable, "-c", script, str(started), *words],
        cwd=root,
        env=_environment(root),
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        lines = [line for line in done.stderr.splitlines() if line.strip()]
        raise OutputError(f"AgeCam in {root} failed: {(lines or ['no reason given'])[-1]}.")
    return done.stdout.splitlines()[-1]


def _environment(root: Path) -> dict[str, str]:
    return os.environ | {"PYTHONPATH": str(root)}


_IMPORT = """
import time
started = time.perf_counter()
import agecam
print(time.perf_counter() - started)
"""

# Version 0.1 has `prepare_process` in another module, and measures the window from the call, not from process start.
_WINDOW = """
import json, sys, time
try:
    from agecam.runtime.environment import prepare_process
except ImportError:
    from agecam.bootstrap import prepare_process
prepare_process()
from agecam.ui.measure import measure_window
called_s = time.monotonic() - float(sys.argv[1])
seen = measure_window(sys.argv[2], float(sys.argv[3]), lambda share: None).as_dict()
print(json.dumps({
    "window_s": called_s + seen["window_s"],
    "label_s": called_s + seen["first_label_s"],
    "memory_mib": seen["memory_mib"],
}))
"""
