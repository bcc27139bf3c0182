"""Time of each stage for several frame sizes and numbers of faces."""

import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from statistics import mean, median
from time import perf_counter
from typing import Any

import numpy as np

from agecam.backends import Backend
from agecam.bench.scenes import FACE_COUNTS, SIZES, scene
from agecam.engine.engine import Engine, live_variant
from agecam.engine.options import VIDEO_FACE_PX, EngineOptions
from agecam.engine.schedule import BUDGET_MS
from agecam.outputs import VideoWriter
from agecam.overlay import DEFAULT_STYLE, OverlayStyle, annotate
from agecam.sources import open_source
from agecam.types import Frame
from agecam.vision.detector import FaceDetector
from agecam.vision.estimator import Estimator

MIN_FACE_PX = VIDEO_FACE_PX
WARM_UP, ROUNDS = 20, 60
STAGES = ("detector", "tracker", "estimator")


def count_of_steps() -> int:
    """Number of rows of `steps`."""
    return len(SIZES) * len(FACE_COUNTS)


def steps(estimator: Estimator, backend: Backend) -> Iterator[dict[str, Any]]:
    """Median milliseconds of stages and whole steps, one row for each frame size and number of faces.

    `every_frame_ms` is for all stages in every frame, as for files, `as_live_ms` the same with the estimator of live
    video; `scheduled_ms` keeps the budget, as in the window; `blurred_mean_ms` includes drawing.
    """
    live = live_variant(estimator, backend)
    for width_px, height_px in SIZES:
        for faces in FACE_COUNTS:
            frames = scene(width_px, height_px, faces, WARM_UP + ROUNDS)
            row: dict[str, Any] = {"width_px": width_px, "height_px": height_px, "faces": faces}
            engine = Engine(FaceDetector(backend), estimator)
            times, found = _timed(engine, frames)
            row["found"] = mean(found)
            for stage in STAGES:
                row[f"{stage}_ms"] = median(of[stage] for of in times)
            row["every_frame_ms"] = median(of["step"] for of in times)
            row["longest_ms"] = max(of["step"] for of in times)
            row["drawing_ms"] = _drawing_ms(engine, frames)
            times, _ = _timed(Engine(FaceDetector(backend), live), frames)
            row["as_live_ms"] = median(of["step"] for of in times)
            engine = Engine(FaceDetector(backend), live, EngineOptions(budget_ms=BUDGET_MS))
            times, _ = _timed(engine, frames)
            row["scheduled_ms"] = median(of["step"] for of in times)
            row["scheduled_mean_ms"] = mean(of["step"] for of in times)
            row["detections_share"] = mean("detector" in of for of in times)
            engine.thorough = True  # as while faces are blurred
            times, _ = _timed(engine, frames)
            row["blurred_mean_ms"] = mean(of["step"] for of in times) + _drawing_ms(engine, frames, _BLURRED)
            yield row


def _timed(engine: Engine, frames: list[Frame]) -> tuple[list[dict[str, float]], list[int]]:
    """Milliseconds of the steps and their stages, and the number of faces found, without the warm-up."""
    times: list[dict[str, float]] = []
    found: list[int] = []
    for frame in frames:
        started = perf_counter()
        found.append(len(engine.step(frame).faces))
        times.append({"step": 1e3 * (perf_counter() - started)} | engine.stages_ms)
    return times[WARM_UP:], found[WARM_UP:]


def _drawing_ms(engine: Engine, frames: list[Frame], style: OverlayStyle = DEFAULT_STYLE) -> float:
    seen = [(frame, engine.step(frame).faces) for frame in frames[:ROUNDS:4]]
    return median(elapsed_ms(annotate, frame.image_bgr, faces, style) for frame, faces in seen)


_BLURRED = OverlayStyle(blur_faces=True)


def video_rows() -> Iterator[dict[str, Any]]:
    """Milliseconds to read and to write a frame of an H.264 file, one row for each frame size."""
    for width_px, height_px in SIZES:
        frames = scene(width_px, height_px, 4, ROUNDS)
        with tempfile.TemporaryDirectory() as folder:
            clip = Path(folder) / "clip.mp4"
            started = perf_counter()
            with VideoWriter(clip, width_px, height_px, 30) as writer:
                for frame in frames:
                    writer.write(frame.image_bgr, frame.time_s)
            written_s = perf_counter() - started
            started = perf_counter()
            with open_source(str(clip)) as source:
                read = sum(1 for _ in source)
            read_s = perf_counter() - started
        yield {
            "width_px": width_px,
            "height_px": height_px,
            "reading_ms": 1e3 * read_s / read,
            "writing_ms": 1e3 * written_s / len(frames),
        }


def slopes(rows: list[dict[str, Any]]) -> dict[str, float]:
    """Growth of the time of a step with all stages: a least-squares fit over all rows.

    Returns:
        `ms`: constant part; `ms_a_face` and `ms_a_megapixel`: additional milliseconds per face and per megapixel.
    """
    sizes = np.array([row["width_px"] * row["height_px"] / 1e6 for row in rows])
    faces = np.array([row["faces"] for row in rows], float)
    ms = np.array([row["every_frame_ms"] for row in rows])
    (base, by_face, by_size), *_ = np.linalg.lstsq(np.stack([np.ones_like(ms), faces, sizes], axis=1), ms, rcond=None)
    return {"ms": float(base), "ms_a_face": float(by_face), "ms_a_megapixel": float(by_size)}


def elapsed_ms(work: Callable[..., object], *arguments: object) -> float:
    """Call a function and return the milliseconds it took."""
    started = perf_counter()
    work(*arguments)
    return 1e3 * (perf_counter() - started)
