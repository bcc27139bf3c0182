"""Start-up and memory, of AgeCam as a process of its own."""

import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from agecam.bench.scenes import scene
from agecam.recorder import VideoWriter

FRAMES = 150
SIZE = (1280, 720)


def process_row() -> dict[str, Any]:
    """Seconds from start to end where one frame is analysed, and frames a second of a clip with its annotated video;
    memory of the latter at its peak, which Windows does not tell."""
    with tempfile.TemporaryDirectory() as folder:
        clip = Path(folder) / "clip.mp4"
        frames = scene(*SIZE, 4, FRAMES)
        with VideoWriter(clip, *SIZE, 30) as writer:
            for frame in frames:
                writer.write(frame.image_bgr, frame.time_s)
        out = Path(folder)
        first_s, _ = _run("analyze", clip, "--max-frames", "1", "--jsonl", out / "first.jsonl")
        whole_s, peak_mib = _run("analyze", clip, "--jsonl", out / "r.jsonl", "--video", out / "a.mp4")
    row: dict[str, Any] = {
        "start_s": first_s,
        "analysed_fps": (FRAMES - 1) / max(whole_s - first_s, 1e-3),
        "frames": FRAMES,
    }
    return row | ({"peak_mib": peak_mib} if peak_mib is not None else {})


def _run(*words: object) -> tuple[float, float | None]:
    command = [sys.executable, "-m", "agecam", *map(str, words)]
    started = time.perf_counter()
    if sys.platform == "win32":
        subprocess.run(command, check=True, capture_output=True)
        return time.perf_counter() - started, None
    done = subprocess.run([sys.executable, "-c", _PEAK, *command], check=True, capture_output=True, text=True)
    seconds = time.perf_counter() - started
    return seconds, int(done.stdout) / (2**20 if sys.platform == "darwin" else 2**10)


# In a small process between: one that is started by a large one counts the large one's memory as its own peak.
_PEAK = """
import resource, subprocess, sys
subprocess.run(sys.argv[1:], check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)
"""
