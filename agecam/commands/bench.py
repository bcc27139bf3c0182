"""`agecam bench`: what every stage costs on this computer, beside what others run, measured in one run."""

import json
import os
import platform
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import tensorflow as tf
from tqdm import tqdm

from agecam.bench.backends import FACES as BACKEND_FACES
from agecam.bench.backends import WAYS, backend_rows
from agecam.bench.figure import drawn
from agecam.bench.peers import FACES as PEER_FACES
from agecam.bench.peers import check_peer, package_rows, peer_rows
from agecam.bench.process import process_row
from agecam.bench.scenes import SIZES
from agecam.bench.steps import MIN_FACE_PX, ROUNDS, STAGES, count_of_steps, slopes, steps, video_rows
from agecam.compiled import can_compile, version
from agecam.device import choose_device
from agecam.estimator import Estimator
from agecam.recorder.atomic import check_writable, write_whole
from agecam.recorder.plot import check_plot_path


def run_bench(json_path: Path | None = None, plot_path: Path | None = None, peer: str | None = None) -> int:
    """Measure, print tables, and write the figures as JSON and the picture where asked.

    Args:
        peer: an installed package to measure as well.
    """
    if peer is not None:
        check_peer(peer)
    if plot_path is not None:
        check_plot_path(plot_path)
    if json_path is not None:
        check_writable(json_path)
    figures = _measured(peer)
    print("\n\n".join(_tables(figures)))
    if json_path is not None:
        write_whole(json_path, json.dumps(figures, indent=1).encode())
    if plot_path is not None:
        write_whole(plot_path, drawn(figures))
    return 0


def _measured(peer: str | None) -> dict[str, Any]:
    device = choose_device()
    figures: dict[str, Any] = {"machine": _machine(device)}
    parts: list[tuple[str, int, Iterable[dict[str, Any]]]] = [
        ("process", 1, _one(process_row)),
        ("steps", count_of_steps(), _lazily(lambda: steps(Estimator.load(device=device), device))),
        ("video", len(SIZES), video_rows()),
        ("backends", len(BACKEND_FACES) if device.startswith("/CPU") else 0, backend_rows()),
        ("package", len(PEER_FACES), package_rows()),
    ]
    if peer is not None:
        parts.append((peer, len(PEER_FACES), peer_rows(peer)))
    total = sum(count for _, count, _ in parts)
    with tqdm(total=total, desc="Measuring", leave=False, disable=None) as bar:
        for name, count, rows in parts:
            figures[name] = []
            for row in rows if count else ():
                figures[name].append(row)
                bar.update()
    figures["growth"] = slopes(figures["steps"])
    for row in figures["video"]:
        row["drawing_ms"] = _of(figures["steps"], row["width_px"], 4)["drawing_ms"]
    for row in figures["package"]:
        own = _of(figures["steps"], 1280, row["faces"])
        row["times_as_fast"] = row["pipeline_ms"] / own["every_frame_ms"]
        row["times_as_fast_live"] = row["pipeline_ms"] / own["scheduled_mean_ms"]
    return figures


def _tables(figures: dict[str, Any]) -> Iterator[str]:
    yield figures["machine"]
    yield f"Medians of {ROUNDS} frames; faces from {MIN_FACE_PX:.0f} px on (live in 640x480: 40); milliseconds."
    yield _table(
        ["frame", "faces", "detector", "tracker", "estimator", "step", "longest", "live", "mean", "detected in"],
        [
            [
                f"{row['width_px']}x{row['height_px']}",
                f"{row['faces']}",
                *(f"{row[f'{name}_ms']:.1f}" for name in (*STAGES, "every_frame", "longest")),
                f"{row['scheduled_ms']:.1f}",
                f"{row['scheduled_mean_ms']:.1f}",
                f"{row['detections_share']:.0%}",
            ]
            for row in figures["steps"]
        ],
    )
    growth = figures["growth"]
    traced = sum(row["traced_after_warm_up"] for row in figures["steps"])
    yield (
        f"A step takes {growth['ms']:.1f} ms, {growth['ms_a_face']:.2f} more for each face and "
        f"{growth['ms_a_megapixel']:.1f} more for each million of pixels.\n"
        f"Graphs traced after the warm-up: {traced}."
    )
    yield _table(
        ["frame", "reading", "drawing", "writing"],
        [
            [
                f"{row['width_px']}x{row['height_px']}",
                *(f"{row[f'{of}_ms']:.1f}" for of in ("reading", "drawing", "writing")),
            ]
            for row in figures["video"]
        ],
    )
    if figures["backends"]:
        yield _table(
            ["faces", "detector, TensorFlow", "OpenVINO", "estimator, TensorFlow", "OpenVINO", "years apart"],
            [
                [
                    f"{row['faces']}",
                    *(f"{row[f'{stage}_{way}_ms']:.1f}" for stage in ("detector", "estimator") for way in WAYS),
                    f"{row['years_apart']:.3f}",
                ]
                for row in figures["backends"]
            ],
        )
    yield _table(
        ["1280x720, faces", "mtcnn package (from 20 px)", "and VGG-Face twice", "AgeCam is faster by", "live"],
        [
            [
                f"{row['faces']}",
                f"{row['detector_ms']:.0f}",
                f"{row['pipeline_ms']:.0f}",
                f"{row['times_as_fast']:.0f} times",
                f"{row['times_as_fast_live']:.0f} times",
            ]
            for row in figures["package"]
        ],
    )
    for name in figures.keys() & {"deepface"}:
        yield _table(
            ["1280x720, faces", name], [[f"{row['faces']}", f"{row['pipeline_ms']:.0f}"] for row in figures[name]]
        )
    (process,) = figures["process"]
    memory = f", {process['peak_mib']:.0f} MiB of memory at most" if "peak_mib" in process else ""
    yield (
        f"agecam analyze on {process['frames']} frames of 1280x720 with 4 faces: one frame takes "
        f"{process['start_s']:.1f} s, then {process['analysed_fps']:.0f} frames a second "
        f"with the annotated video{memory}."
    )


def _table(head: list[str], rows: list[list[str]]) -> str:
    widths = [max(len(line[column]) for line in (head, *rows)) for column in range(len(head))]
    return "\n".join(
        "  ".join(cell.rjust(width) for cell, width in zip(line, widths, strict=True)) for line in (head, *rows)
    )


def _of(rows: list[dict[str, Any]], width_px: int, faces: int) -> dict[str, Any]:
    return next(row for row in rows if (row["width_px"], row["faces"]) == (width_px, faces))


def _one(measure: Any) -> Iterator[dict[str, Any]]:
    yield measure()


def _lazily(rows: Any) -> Iterator[dict[str, Any]]:
    yield from rows()


def _machine(device: str) -> str:
    gpus = tf.config.list_physical_devices("GPU")
    openvino = f", OpenVINO {version()}" if device.startswith("/CPU") and can_compile() else ""
    system = f"{platform.machine()} {platform.system()}"
    return f"{system}, {os.cpu_count()} cores, {len(gpus)} GPU, TensorFlow {tf.__version__}{openvino}"
