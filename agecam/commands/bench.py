"""`agecam bench`: what every stage costs on this computer, measured in one run."""

import json
import os
import platform
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import tensorflow as tf
from mtcnn import MTCNN
from tqdm import tqdm

from agecam.alignment import squares_of
from agecam.detector import FaceDetector
from agecam.device import choose_device
from agecam.engine import Engine
from agecam.errors import SourceError
from agecam.estimator import Estimator
from agecam.overlay import annotate
from agecam.recorder import VideoWriter
from agecam.recorder.atomic import write_whole
from agecam.sources import open_source
from agecam.types import AGE_CLASSES, Face, Frame, Image

SIZES = ((640, 480), (1280, 720))
SMALLEST_FACES_PX = (20, 40, 60)
FACE_COUNTS = (1, 4, 8, 16)
FRAMES = 12
ROUNDS = 36
PACKAGE_ROUNDS = 6
MEMORY_FRAMES = 150


def run_bench(json_path: Path | None = None, source: str | None = None) -> int:
    """Measure, print a table, and write the figures as JSON where asked.

    Args:
        json_path: where to write the figures.
        source: video to take frames from; the demo otherwise.
    """
    progress = tqdm(_measurements(source or "demo"), total=_COUNT, desc="Measuring", leave=False, disable=None)
    rows = list(progress)
    figures = {"machine": _machine(), "frames_of": source or "demo", "rows": rows}
    print(f"Frames of {source or 'the demo'}; median of {ROUNDS} rounds; {figures['machine']}\n")
    print(_table(rows))
    if json_path is not None:
        write_whole(json_path, json.dumps(figures, indent=1).encode())
    return 0


_COUNT = len(SIZES) * (1 + len(SMALLEST_FACES_PX)) + len(FACE_COUNTS) + 1 + 2 + 1


def _measurements(source: str) -> Iterator[dict[str, Any]]:
    device = choose_device()
    estimator = Estimator.load(device=device)
    pictures = _pictures(source)
    for width_px, height_px in SIZES:
        frames = [_resized(picture, width_px, height_px) for picture in pictures]
        yield from _detectors(frames, device)
    largest = frames
    yield from _estimators(largest, estimator, device)
    yield _drawing(largest)
    for min_face_px in (40, 60):
        yield _step(largest, Engine(FaceDetector(device, min_face_px), estimator), min_face_px)
    yield _memory(largest)


def _detectors(frames: list[Image], device: str) -> Iterator[dict[str, Any]]:
    size = f"{frames[0].shape[1]}x{frames[0].shape[0]}"
    package = MTCNN(device=device.strip("/"))
    rgb = [cv2.cvtColor(frame, cv2.COLOR_BGR2RGB) for frame in frames]
    package_ms = _median_ms(lambda i: package.detect_faces(rgb[i % len(rgb)]), PACKAGE_ROUNDS)
    yield {"stage": f"mtcnn package, {size}, smallest face 20 px", "ms": package_ms}
    for min_face_px in SMALLEST_FACES_PX:
        detector = FaceDetector(device, min_face_px)
        ms = _median_ms(lambda i, d=detector: d.detect(frames[i % len(frames)]), ROUNDS)  # type: ignore[misc]
        row = {"stage": f"detector, {size}, smallest face {min_face_px} px", "ms": ms}
        yield {**row, "times_the_package": package_ms / ms}


def _estimators(frames: list[Image], estimator: Estimator, device: str) -> Iterator[dict[str, Any]]:
    detector = FaceDetector(device, 40)
    frame, faces = next(((f, found) for f in frames if (found := detector.detect(f))), (frames[0], []))
    if not faces:
        raise SourceError("The frames for the measurement show no face: choose another video.")
    for count in FACE_COUNTS:
        squares = np.resize(squares_of(faces), (count, 4))
        ms = _median_ms(lambda _, s=squares: estimator.estimate_squares(frame, s), ROUNDS)  # type: ignore[misc]
        yield {"stage": f"estimator with its crops, {count} face{'s' * (count > 1)}", "ms": ms}


def _drawing(frames: list[Image]) -> dict[str, Any]:
    """The annotated copy of a frame with many faces."""
    height_px, width_px = frames[0].shape[:2]
    side_px = height_px / 6
    faces = tuple(
        Face(
            box=(column * width_px / 4 + side_px / 4, row * height_px / 2 + side_px, side_px, side_px),
            score=0.99,
            landmarks=np.zeros((5, 2), np.float32),
            age=34.2,
            age_low=29.0,
            age_high=40.0,
            gender="female",
            gender_probability=0.97,
            female_probability=0.97,
            age_distribution=np.full(AGE_CLASSES, 1 / AGE_CLASSES, np.float32),
            track=4 * row + column,
        )
        for row in range(2)
        for column in range(4)
    )
    ms = _median_ms(lambda i: annotate(frames[i % len(frames)], faces), ROUNDS)
    return {"stage": f"drawing, {width_px}x{height_px}, {len(faces)} faces", "ms": ms}


def _step(frames: list[Image], engine: Engine, min_face_px: int) -> dict[str, Any]:
    size = f"{frames[0].shape[1]}x{frames[0].shape[0]}"
    found: list[int] = []

    def step(i: int) -> None:
        found.append(len(engine.step(Frame(frames[i % len(frames)], i, i / 30, "bench")).faces))

    ms = _median_ms(step, ROUNDS)
    return {"stage": f"whole step, {size}, smallest face {min_face_px} px, {np.mean(found):.1f} faces", "ms": ms}


def _memory(frames: list[Image]) -> dict[str, Any]:
    """Peak resident memory of `agecam analyze` on a clip of these frames, as its own process."""
    stage = f"analyze, {frames[0].shape[1]}x{frames[0].shape[0]} clip of {MEMORY_FRAMES} frames, with video"
    if sys.platform == "win32":
        return {"stage": stage, "note": "memory is not measured on Windows"}
    with tempfile.TemporaryDirectory() as folder:
        clip = Path(folder) / "clip.mp4"
        with VideoWriter(clip, frames[0].shape[1], frames[0].shape[0], 30) as writer:
            for index in range(MEMORY_FRAMES):
                writer.write(frames[index % len(frames)], index / 30)
        results = [str(Path(folder) / name) for name in ("r.jsonl", "a.mp4")]
        command = [sys.executable, "-m", "agecam", "analyze", str(clip), "--jsonl", results[0], "--video", results[1]]
        started = time.perf_counter()
        done = subprocess.run([sys.executable, "-c", _PEAK, *command], check=True, capture_output=True, text=True)
        seconds = time.perf_counter() - started
    peak = int(done.stdout)
    peak_mib = peak / (2**20 if sys.platform == "darwin" else 2**10)
    return {"stage": stage, "peak_mib": peak_mib, "seconds": seconds}


# In a small process between: one that is started by a large one counts the large one's memory as its own peak.
_PEAK = """
import resource, subprocess, sys
subprocess.run(sys.argv[1:], check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)
"""


def _pictures(source: str) -> list[Image]:
    """Some frames spread over the first seconds of a source that show faces."""
    pictures = []
    with open_source(source) as frames:
        for frame in frames:
            if frame.index % 8 == 0:
                pictures.append(frame.image_bgr)
            if len(pictures) == FRAMES:
                break
    return pictures


def _resized(picture: Image, width_px: int, height_px: int) -> Image:
    return np.asarray(cv2.resize(picture, (width_px, height_px), interpolation=cv2.INTER_AREA), np.uint8)


def _median_ms(work: Callable[[int], object], rounds: int) -> float:
    for i in range(FRAMES if rounds > PACKAGE_ROUNDS else 1):  # every frame once: kernels are prepared at first use
        work(i)
    times = []
    for i in range(rounds):
        started = time.perf_counter()
        work(i)
        times.append(time.perf_counter() - started)
    return float(np.median(times)) * 1e3


def _machine() -> str:
    gpus = tf.config.list_physical_devices("GPU")
    system = f"{platform.machine()} {platform.system()}"
    return f"{system}, {os.cpu_count()} cores, {len(gpus)} GPU, TensorFlow {tf.__version__}"


def _table(rows: list[dict[str, Any]]) -> str:
    width = max(len(row["stage"]) for row in rows)
    lines = []
    for row in rows:
        line = f"{row['stage']:<{width}}"
        if "ms" in row:
            line += f"  {row['ms']:8.1f} ms"
        if "times_the_package" in row:
            line += f"  {row['times_the_package']:5.1f} times the package"
        if "peak_mib" in row:
            line += f"  {row['peak_mib']:8.0f} MiB at most, {row['seconds']:.0f} s"
        lines.append(line + (f"  {row['note']}" if "note" in row else ""))
    return "\n".join(lines)
