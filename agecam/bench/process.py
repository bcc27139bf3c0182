"""Start-up time, speed and memory of AgeCam as a separate process."""

import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from agecam.bench.scenes import scene
from agecam.errors import OutputError
from agecam.outputs import VideoWriter

FRAMES = 150
SIZE = (1280, 720)


def process_row() -> dict[str, Any]:
    """Seconds to analyse one frame from process start to end, and frames per second with an annotated video.

    Also the peak memory of the latter, except on Windows.
    """
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
    return run_measured([sys.executable, "-m", "agecam", *map(str, words)])


def run_measured(
    command: list[str], environment: dict[str, str] | None = None, folder: Path | None = None
) -> tuple[float, float | None]:
    """Seconds and peak MiB of a command, the latter None on Windows; raises OutputError if it fails."""
    command = command if sys.platform == "win32" else [sys.executable, "-c", _PEAK, *command]
    started = time.perf_counter()
    done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False)
    if done.returncode:
        reason = (done.stderr.strip().splitlines() or ["no reason given"])[-1]
        raise OutputError(f"{' '.join(command[-3:])} failed: {reason}.")
    if sys.platform == "win32":
        return time.perf_counter() - started, None
    seconds, peak = done.stdout.split()[-2:]
    return float(seconds), int(peak) / (2**20 if sys.platform == "darwin" else 2**10)


# Runs in a small intermediate process: the peak of a process includes the memory of the process that started it.
_PEAK = """
import resource, subprocess, sys, time
began = time.perf_counter()
done = subprocess.run(sys.argv[1:], stdout=subprocess.DEVNULL)
print(time.perf_counter() - began, resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)
sys.exit(done.returncode)
"""
