"""The bench: short real measurements, and the tables and plots made from results."""

import io
import json
from pathlib import Path
from typing import Any

import pytest
from models import write_model
from PIL import Image as Pillow

from agecam.backends import on_processor
from agecam.backends.keras import KerasBackend
from agecam.bench import live as bench_live
from agecam.bench import start as bench_start
from agecam.bench import steps as bench_steps
from agecam.bench.gpu import gpu_rows
from agecam.bench.plot import drawn
from agecam.bench.scenes import scene
from agecam.bench.steps import slopes, steps
from agecam.cli import main
from agecam.commands import bench
from agecam.errors import OutputError
from agecam.runtime.device import gpu_in_sight
from agecam.vision.detector import FaceDetector
from agecam.vision.estimator import Estimator


@pytest.mark.parametrize("size", [(640, 480), (1280, 720)])
@pytest.mark.parametrize("faces", [0, 1, 4, 16])
def test_a_scene_has_the_requested_number_of_faces(size: tuple[int, int], faces: int) -> None:
    detector = FaceDetector(min_face_px=40)
    for frame in scene(*size, faces, 4)[::3]:
        assert frame.image_bgr.shape == (size[1], size[0], 3)
        assert len([face for face in detector.detect(frame.image_bgr) if face.score > 0.95]) == faces


def test_steps_are_measured(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(bench_steps, "SIZES", ((640, 480),))
    monkeypatch.setattr(bench_steps, "FACE_COUNTS", (0, 2))
    monkeypatch.setattr(bench_steps, "WARM_UP", 3)
    monkeypatch.setattr(bench_steps, "ROUNDS", 8)
    empty, two = steps(Estimator.load(str(write_model(tmp_path))), on_processor())
    assert (empty["found"], two["found"]) == (0, 2)
    assert 0 < two["detector_ms"] + two["tracker_ms"] + two["estimator_ms"] <= 1.5 * two["longest_ms"]
    assert two["every_frame_ms"] > two["detector_ms"]
    assert two["as_live_ms"] > 0.5 * two["detector_ms"]


def synthetic_results() -> dict[str, Any]:
    """Results with 3 ms a step, 2 ms more for each face and 10 ms more for each megapixel."""
    rows = [
        {
            "width_px": width,
            "height_px": height,
            "faces": faces,
            "every_frame_ms": 3 + 2 * faces + 10 * width * height / 1e6,
            "detector_ms": 5.0,
            "tracker_ms": 1.0,
            "estimator_ms": 2.0 * faces,
            "longest_ms": 60.0,
            "as_live_ms": 9.0,
            "scheduled_ms": 4.0,
            "scheduled_mean_ms": 5.0,
            "detections_share": 0.5,
            "blurred_mean_ms": 9.0,
            "drawing_ms": 1.5,
        }
        for width, height in ((640, 480), (1280, 720), (1920, 1080))
        for faces in (0, 1, 4, 8)
    ]
    return {
        "machine": "a computer",
        "steps": rows,
        "growth": slopes(rows),
        "video": [
            {"width_px": 1280, "height_px": 720, "reading_ms": 1.0, "writing_ms": 5.0, "drawing_ms": 1.5},
        ],
        "backends": [],
        "package": [
            {
                "faces": faces,
                "detector_ms": 300.0,
                "own_detector_ms": 30.0,
                "pipeline_ms": 900.0,
                "own_ms": 34.0,
                "live_ms": 5.0,
            }
            for faces in (1, 4)
        ],
        "process": [{"start_s": 4.0, "analysed_fps": 28.0, "frames": 150, "peak_mib": 980.0}],
    }


def test_growth_is_fitted_to_the_rows() -> None:
    assert synthetic_results()["growth"] == pytest.approx({"ms": 3, "ms_a_face": 2, "ms_a_megapixel": 10})


def test_figures_are_printed_written_and_drawn(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(bench, "_measured", lambda peer: synthetic_results())
    assert bench.run_bench(tmp_path / "b.json", tmp_path / "b.png") == 0
    output = capsys.readouterr().out
    for part in ("1920x1080", "10 times", "150 times", "26 times", "2.00 ms per face", "150 frames", "980 MiB"):
        assert part in output
    assert json.loads((tmp_path / "b.json").read_text())["machine"] == "a computer"
    assert (tmp_path / "b.png").read_bytes() == drawn(synthetic_results())
    picture = Pillow.open(io.BytesIO(drawn(synthetic_results())))
    assert len(picture.convert("L").getcolors(1 << 16) or ()) > 20


def test_starts_of_two_checkouts_are_measured(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("QT_QPA_PLATFORM", "offscreen")
    monkeypatch.setattr(bench_start, "PLAYING_S", 1)
    tensorflow, here, other = bench_start.start_rows(None, None, bench_start.ROOT, rounds=1)
    assert tensorflow["seconds"] > 0.2
    for row in (here, other):
        assert 0 < row["import_s"] < row["analyze_s"]
        assert 0 < row["window_s"] < row["label_s"]
        assert 50 < row["analyze_mib"] < 2000
        assert 50 < row["playing_mib"] < 2000


def test_a_checkout_that_does_not_start_is_reported(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("QT_QPA_PLATFORM", "offscreen")
    (tmp_path / "agecam").mkdir()
    (tmp_path / "agecam" / "__init__.py").write_text("raise ImportError('half a checkout')")
    with pytest.raises(OutputError, match="half a checkout"):
        list(bench_start.start_rows(None, None, tmp_path, rounds=1))
    assert main(["bench", "--start", "--beside", str(tmp_path / "nowhere")]) == 2
    assert "nowhere" in capsys.readouterr().err


def test_the_load_of_two_checkouts_is_measured(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("QT_QPA_PLATFORM", "offscreen")
    monkeypatch.setattr(bench_live, "ROUNDS", 1)
    monkeypatch.setattr(bench_live, "WARM_UP_S", 0.5)
    monkeypatch.setattr(bench_live, "cases", lambda clips: [bench_live.Case("demo"), bench_live.Case("demo", "paused")])
    arguments = ["--live", "--seconds", "2", "--beside", str(bench_live.ROOT), "--json", str(tmp_path / "b.json")]
    assert main(["bench", *arguments]) == 0
    rows = json.loads((tmp_path / "b.json").read_text())
    assert [(row["source"], row["state"]) for row in rows[::2]] == [
        ("demo", "playing"),
        ("demo", "paused"),
        ("a still picture", "playing"),
    ]
    assert len(rows) == 6
    for playing, paused in zip(rows[:2], rows[2:4], strict=True):
        assert playing["shown_fps"] > 5
        assert playing["delay_p95_ms"] > 0
        assert playing["cores"] > 4 * paused["cores"]
        assert {"window", "inference", "capture"} <= playing["threads"].keys()
        assert paused["delay_p95_ms"] is None
    output = capsys.readouterr().out
    assert "a still picture" in output
    assert "inference" in output
    assert main(["bench", "--live", str(tmp_path / "nowhere.mp4")]) == 2
    assert "nowhere.mp4" in capsys.readouterr().err


def test_batches_are_measured_resident_and_copied(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    # On the processor: the measurement is the same on every device.
    *batches, detector = gpu_rows(KerasBackend(), str(write_model(tmp_path)), rounds=2)
    assert [row["faces"] for row in batches] == [1, 8, 64]
    for row in batches:
        assert min(row["resident_per_s"], row["copied_per_s"]) > 0
    assert detector["detector_ms"] > 0
    if not gpu_in_sight():
        assert main(["bench", "--gpu"]) == 2
        assert "GPU" in capsys.readouterr().err


def test_missing_packages_and_unwritable_files_are_reported_first(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["bench", "--peer", "deepface"]) == 2
    assert "deepface is not installed" in capsys.readouterr().err
    (tmp_path / "file").write_text("")
    assert main(["bench", "--json", str(tmp_path / "file" / "b.json")]) != 0
    assert "Cannot write" in capsys.readouterr().err
