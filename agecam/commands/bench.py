"""`agecam bench`: measures every stage on this computer and compares it with other packages."""

import importlib.metadata
import json
import os
import platform
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from tqdm import tqdm

from agecam.backends import Backend, choose_backend
from agecam.backends.openvino import version
from agecam.bench.backends import FACES as BACKEND_FACES
from agecam.bench.backends import WAYS, backend_rows
from agecam.bench.plot import drawn
from agecam.bench.process import process_row
from agecam.bench.scenes import SIZES
from agecam.bench.steps import MIN_FACE_PX, ROUNDS, STAGES, count_of_steps, slopes, steps, video_rows
from agecam.bench.tables import table
from agecam.errors import UsageError
from agecam.outputs.plot import check_plot_path
from agecam.runtime.device import has_tensorflow
from agecam.runtime.files import check_writable, write_whole
from agecam.vision.estimator import Estimator


def run_bench(json_path: Path | None = None, plot_path: Path | None = None, peer: str | None = None) -> int:
    """Measure, print tables, and write the results as JSON and a plot if requested.

    Args:
        json_path: JSON file for the results.
        plot_path: PNG file for the plot.
        peer: an installed package to measure as well.

    Raises:
        UsageError: the package cannot be measured, or TensorFlow, which runs the other packages, is not installed.
        OutputError: a file cannot be written.
    """
    if not has_tensorflow():
        raise UsageError(
            "'agecam bench' compares AgeCam with TensorFlow, which is not installed: install it with "
            "'pip install tensorflow', or measure with --window."
        )
    if peer is not None:
        from agecam.bench.peers import check_peer

        check_peer(peer)
    if plot_path is not None:
        check_plot_path(plot_path)
    if json_path is not None:
        check_writable(json_path)
    results = _measured(peer)
    print("\n\n".join(_tables(results)))
    if json_path is not None:
        write_whole(json_path, json.dumps(results, indent=1).encode())
    if plot_path is not None:
        write_whole(plot_path, drawn(results))
    return 0


def _measured(peer: str | None) -> dict[str, Any]:
    from agecam.bench.peers import FACES as PEER_FACES
    from agecam.bench.peers import package_rows, peer_rows

    backend, _ = choose_backend()
    results: dict[str, Any] = {"machine": _machine(backend)}
    sections: list[tuple[str, int, Iterable[dict[str, Any]]]] = [
        ("process", 1, _one(process_row)),
        ("steps", count_of_steps(), _lazily(lambda: steps(Estimator.load(backend=backend), backend))),
        ("video", len(SIZES), video_rows()),
        ("backends", len(BACKEND_FACES) if backend.name == "openvino" else 0, backend_rows()),
        ("package", len(PEER_FACES), package_rows(backend)),
    ]
    if peer is not None:
        sections.append((peer, len(PEER_FACES), peer_rows(peer)))
    total = sum(count for _, count, _ in sections)
    with tqdm(total=total, desc="Measuring", leave=False, disable=None) as bar:
        for name, count, rows in sections:
            results[name] = []
            for row in rows if count else ():
                results[name].append(row)
                bar.update()
    results["growth"] = slopes(results["steps"])
    for row in results["video"]:
        row["drawing_ms"] = _row_of(results["steps"], row["width_px"], 4)["drawing_ms"]
    for row in results["package"]:
        own = _row_of(results["steps"], 1280, row["faces"])
        row["live_ms"] = own["scheduled_mean_ms"]
    return results


def _tables(results: dict[str, Any]) -> Iterator[str]:
    yield results["machine"]
    yield (
        f"Medians of {ROUNDS} frames; faces of at least {MIN_FACE_PX:.0f} px (at 640x480: 40); milliseconds. 'as "
        "live' is a step with all stages, but with the estimator of live video: in bfloat16 if the processor has it. "
        "'blurred' is the mean of a live step, with drawing, while faces are blurred: all faces are looked for in each "
        "frame."
    )
    yield table(
        [
            "frame",
            "faces",
            "detector",
            "tracker",
            "estimator",
            "step",
            "longest",
            "as live",
            "live",
            "mean",
            "detected in",
            "blurred",
        ],
        [
            [
                f"{row['width_px']}x{row['height_px']}",
                f"{row['faces']}",
                *(f"{row[f'{name}_ms']:.1f}" for name in (*STAGES, "every_frame", "longest", "as_live")),
                f"{row['scheduled_ms']:.1f}",
                f"{row['scheduled_mean_ms']:.1f}",
                f"{row['detections_share']:.0%}",
                f"{row['blurred_mean_ms']:.1f}",
            ]
            for row in results["steps"]
        ],
    )
    growth = results["growth"]
    yield (
        f"A step takes {growth['ms']:.1f} ms, plus {growth['ms_a_face']:.2f} ms per face and "
        f"{growth['ms_a_megapixel']:.1f} ms per megapixel."
    )
    yield table(
        ["frame", "reading", "drawing", "writing"],
        [
            [
                f"{row['width_px']}x{row['height_px']}",
                *(f"{row[f'{stage}_ms']:.1f}" for stage in ("reading", "drawing", "writing")),
            ]
            for row in results["video"]
        ],
    )
    if results["backends"]:
        yield table(
            ["faces", "detector, Keras", "OpenVINO", "estimator, Keras", "OpenVINO", "age difference (years)"],
            [
                [
                    f"{row['faces']}",
                    *(f"{row[f'{stage}_{way}_ms']:.1f}" for stage in ("detector", "estimator") for way in WAYS),
                    f"{row['years_apart']:.3f}",
                ]
                for row in results["backends"]
            ],
        )
    yield table(
        ["1280x720, faces of at least 20 px", "stage", "others", "AgeCam", "faster by"],
        [
            [f"{row['faces']}", stage, f"{theirs:.0f}", f"{ours:.1f}", f"{theirs / ours:.0f} times"]
            for row in results["package"]
            for stage, theirs, ours in compared(row)
        ],
    )
    for name in results.keys() & {"deepface"}:
        yield table(
            ["1280x720, faces", name], [[f"{row['faces']}", f"{row['pipeline_ms']:.0f}"] for row in results[name]]
        )
    (process,) = results["process"]
    memory = f", {process['peak_mib']:.0f} MiB peak memory" if "peak_mib" in process else ""
    yield (
        f"agecam analyze on {process['frames']} frames of 1280x720 with 4 faces: one frame takes "
        f"{process['start_s']:.1f} s, then {process['analysed_fps']:.0f} frames per second "
        f"with annotated video{memory}."
    )


def compared(row: dict[str, Any]) -> Iterator[tuple[str, float, float]]:
    """Stage, milliseconds of the other packages, milliseconds of AgeCam, for the same work."""
    yield "detector: mtcnn package", row["detector_ms"], row["own_detector_ms"]
    yield (
        "age and gender: VGG-Face twice",
        row["pipeline_ms"] - row["detector_ms"],
        row["own_ms"] - row["own_detector_ms"],
    )
    yield "both", row["pipeline_ms"], row["own_ms"]


def _row_of(rows: list[dict[str, Any]], width_px: int, faces: int) -> dict[str, Any]:
    return next(row for row in rows if (row["width_px"], row["faces"]) == (width_px, faces))


def _one(measure: Any) -> Iterator[dict[str, Any]]:
    yield measure()


def _lazily(make_rows: Any) -> Iterator[dict[str, Any]]:
    yield from make_rows()


def _machine(backend: Backend) -> str:
    openvino = f", OpenVINO {version()}" if backend.name == "openvino" else ""
    system = f"{platform.machine()} {platform.system()}"
    tensorflow = importlib.metadata.version("tensorflow")
    return f"{system}, {os.cpu_count()} cores, {backend.device.upper()}{openvino}, TensorFlow {tensorflow}"
