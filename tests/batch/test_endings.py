"""Whatever ends a run, a source or an output: what was computed before is complete on the disk."""

import csv
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from itertools import count
from pathlib import Path
from typing import Any

import av
import cv2
import numpy as np
import pytest
from mjpeg import mjpeg_server

import agecam
from agecam.batch.outputs import AnalysedFrame, Output, OutputGroup
from agecam.cli import main
from agecam.engine.engine import Engine
from agecam.errors import EstimatorError, OutputError, SourceError
from agecam.outputs import VideoWriter
from agecam.runtime import parts
from agecam.types import Frame, FrameResult, Image

ROOT = Path(agecam.__file__).resolve().parent.parent
FRAMES = 35

Run = Callable[..., int]


@pytest.fixture
def folder(tmp_path: Path, _portraits: tuple[Image, Image]) -> Path:
    """A folder with two short videos and a picture."""
    media = tmp_path / "media"
    media.mkdir()
    for name in ("a.mp4", "b.mp4"):
        with VideoWriter(media / name, 512, 512, 20) as video:
            for index in range(FRAMES):
                video.write(np.roll(_portraits[0], 3 * index, axis=1), index / 20)
    cv2.imwrite(str(media / "c.png"), _portraits[0])
    return media


def lines_of(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


def frames_of(path: Path) -> int:
    with av.open(str(path)) as container:
        return sum(1 for _ in container.decode(video=0))


def frames_by_source(path: Path) -> dict[str, int]:
    names = [line["source"] for line in lines_of(path)]
    return {name: names.count(name) for name in names}


def names_in(path: Path) -> list[str]:
    return sorted(entry.name for entry in path.iterdir())


@pytest.fixture
def failing_steps(monkeypatch: pytest.MonkeyPatch) -> Callable[[Callable[[Frame], bool], Exception], None]:
    """A function that makes the engine fail on some frames."""
    step = Engine.step

    def fail(when: Callable[[Frame], bool], error: Exception) -> None:
        def failing(engine: Engine, frame: Frame) -> FrameResult:
            if when(frame):
                raise error
            return step(engine, frame)

        monkeypatch.setattr(Engine, "step", failing)

    return fail


@pytest.mark.parametrize(
    ("error", "told"),
    [
        (EstimatorError("The age network failed: try --device cpu."), "The age network failed: try --device cpu."),
        (RuntimeError("a bug"), "Something went wrong that AgeCam did not expect (RuntimeError: a bug)"),
        (MemoryError(), "There is not enough memory"),
    ],
)
def test_an_error_in_one_frame_costs_only_that_frame(
    folder: Path,
    tmp_path: Path,
    failing_steps: Any,
    capsys: pytest.CaptureFixture[str],
    error: Exception,
    told: str,
) -> None:
    failing_steps(lambda frame: frame.source == "media/a.mp4" and frame.index == 7, error)
    out = tmp_path / "out"
    outputs = ["--jsonl", str(out / "r.jsonl"), "--csv", str(out / "r.csv"), "--video", str(out / "videos")]
    assert main(["analyze", str(folder), *outputs]) == 1
    assert frames_by_source(out / "r.jsonl") == {"media/a.mp4": FRAMES - 1, "media/b.mp4": FRAMES, "media/c.png": 1}
    assert {path.stem: frames_of(path) for path in (out / "videos").iterdir()} == {
        "media_a": FRAMES - 1,
        "media_b": FRAMES,
    }
    assert names_in(out) == ["r.csv", "r.jsonl", "videos"]
    (sentence,) = [line for line in capsys.readouterr().err.splitlines() if "agecam:" in line]
    assert sentence.startswith(f"agecam: media/a.mp4, frame 7: {told}")


def test_a_source_whose_frames_all_fail_is_left_and_the_others_go_on(
    folder: Path, tmp_path: Path, failing_steps: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    failing_steps(lambda frame: frame.source == "media/a.mp4" and frame.index >= 5, ValueError("broken"))
    assert main(["analyze", str(folder), "--jsonl", str(tmp_path / "r.jsonl")]) == 1
    assert frames_by_source(tmp_path / "r.jsonl") == {"media/a.mp4": 5, "media/b.mp4": FRAMES, "media/c.png": 1}
    errors = capsys.readouterr().err
    assert errors.count("broken") == 1
    assert "agecam: media/a.mp4: left, as 10 frames in a row could not be analysed." in errors


def test_an_unexpected_error_of_a_source_ends_only_that_source(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (folder / "a.mp4").rename(folder / "a.avi")
    real = agecam.batch.analysis.open_source  # type: ignore[attr-defined]

    def open_source(spec: str, **options: Any) -> Any:
        source = real(spec, **options)
        if spec.endswith(".avi"):
            read, counter = source.read, count()
            source.read = lambda: read() if next(counter) < 12 else 1 / 0
        return source

    monkeypatch.setattr("agecam.batch.analysis.open_source", open_source)
    assert main(["analyze", str(folder), "--jsonl", str(tmp_path / "r.jsonl")]) == 1
    assert frames_by_source(tmp_path / "r.jsonl") == {"media/a.avi": 12, "media/b.mp4": FRAMES, "media/c.png": 1}
    assert "agecam: media/a.avi: Something went wrong" in capsys.readouterr().err


@pytest.mark.skipif(sys.platform == "win32", reason="limits the size of files")
def test_an_output_that_fails_leaves_the_others_alone(folder: Path, tmp_path: Path) -> None:
    import resource

    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (11_000, before[1]))  # less than the JSON lines need, more than the CSV
    try:
        outputs = ["--jsonl", str(tmp_path / "r.jsonl"), "--csv", str(tmp_path / "r.csv")]
        assert main(["analyze", str(folder / "a.mp4"), *outputs]) == 1
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    lines = lines_of(tmp_path / "r.jsonl")
    assert 0 < len(lines) < FRAMES
    with (tmp_path / "r.csv").open(newline="", encoding="utf-8-sig") as file:
        assert [int(row["frame"]) for row in csv.DictReader(file)] == list(range(FRAMES))
    assert names_in(tmp_path) == ["media", "r.csv", "r.jsonl"]


def test_a_file_that_cannot_be_replaced_gets_the_next_free_name(
    folder: Path, tmp_path: Path, failing_steps: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    results = tmp_path / "r.csv"

    def block(frame: Frame) -> bool:
        results.mkdir(exist_ok=True)  # as good as a file that another program holds open on Windows
        return False

    failing_steps(block, ValueError())
    assert main(["analyze", str(folder / "c.png"), "--csv", str(results)]) == 1
    with (tmp_path / "r-2.csv").open(newline="", encoding="utf-8-sig") as file:
        assert len(list(csv.DictReader(file))) == 1
    printed = capsys.readouterr()
    assert f"agecam: {results} cannot be replaced: the new file is {tmp_path / 'r-2.csv'}." in printed.err
    assert f"Wrote {tmp_path / 'r-2.csv'} (1 frame, 1 face)." in printed.out


def test_replacing_an_earlier_output_is_told(folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    results = str(tmp_path / "r.jsonl")
    assert main(["analyze", str(folder / "c.png"), "--jsonl", results]) == 0
    assert "replaced" not in capsys.readouterr().out
    assert main(["analyze", str(folder / "c.png"), "--jsonl", results]) == 0
    assert f"This replaced an earlier file: {results}." in capsys.readouterr().out


class _Failing(Output):
    name = "picture.png"

    def __init__(self, errors: Iterator[Exception | None]) -> None:
        self._errors = errors
        self.closed = 0

    def write(self, analysed: AnalysedFrame) -> None:
        if (error := next(self._errors)) is not None:
            raise error

    def close(self) -> None:
        self.closed += 1


def test_an_unexpected_error_of_an_output_costs_one_frame_and_a_full_disk_the_output(
    capsys: pytest.CaptureFixture[str],
) -> None:
    from agecam.batch.console import Console

    full = OutputError("Cannot write picture.png: the disk is full.")
    output = _Failing(iter([None, ValueError("odd"), None, full]))
    group = OutputGroup(Console())
    group.add(output)
    for _ in range(6):
        group.write(None)  # type: ignore[arg-type]
    group.close()
    assert (output.frames, output.closed) == (2, 1)
    assert group.completed == [output]
    errors = capsys.readouterr().err.splitlines()
    assert [line.partition("(")[0] for line in errors] == [
        "agecam: picture.png: Something went wrong that AgeCam did not expect ",
        "agecam: Cannot write picture.png: the disk is full.",
        "agecam: What was written to picture.png before is kept.",
    ]


@pytest.mark.skipif(sys.platform == "win32", reason="sends a POSIX signal")
@pytest.mark.parametrize("number", [signal.SIGTERM, getattr(signal, "SIGHUP", signal.SIGTERM)])
def test_a_termination_leaves_complete_files(tmp_path: Path, number: signal.Signals) -> None:
    outputs = ["--jsonl", "-", "--csv", "r.csv", "--video", "v.mp4"]
    process = subprocess.Popen(
        [sys.executable, "-m", "agecam", "analyze", "demo", *outputs],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        preexec_fn=lambda: signal.signal(number, signal.SIG_DFL),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    assert process.stderr is not None
    lines = [process.stdout.readline() for _ in range(5)]
    process.send_signal(number)
    lines += process.stdout.read().splitlines()
    errors = process.stderr.read()
    assert process.wait(60) == 128 + number
    process.stdout.close()
    process.stderr.close()
    assert frames_of(tmp_path / "v.mp4") == len(lines) < 300
    assert names_in(tmp_path) == ["r.csv", "v.mp4"]
    assert f"agecam: Stopped after {len(lines)} frames: the results so far are complete in r.csv" in errors
    assert "Traceback" not in errors


@pytest.mark.skipif(sys.platform == "win32", reason="sends a POSIX signal")
def test_parts_of_a_killed_process_are_removed_at_the_next_start(tmp_path: Path) -> None:
    process = subprocess.Popen(
        [sys.executable, "-m", "agecam", "analyze", "demo", "--jsonl", "r.jsonl", "--video", "v.mp4"],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        stderr=subprocess.DEVNULL,
    )
    end_s = time.monotonic() + 60
    while len(list(tmp_path.glob(".agecam-*"))) < 2 and time.monotonic() < end_s:
        time.sleep(0.05)
    process.kill()
    process.wait()
    left = {path.name for path in tmp_path.glob(".agecam-*")}
    assert len(left) == 2
    assert all(f"-{process.pid}-" in name for name in left)

    running = tmp_path / parts.part_name()
    other_host = tmp_path / f".agecam-elsewhere-{process.pid}-0123456789ab.part"
    old, old_style, no_part = (
        tmp_path / name
        for name in (".agecam-elsewhere-1-0123456789ac.part.npz", ".agecam-0123456789ab.part", ".agecam-notes.part")
    )
    for path in (running, other_host, old, old_style, no_part):
        path.write_bytes(b"")
    for path in (old, old_style, no_part):
        os.utime(path, (time.time() - parts.OLD_S - 60,) * 2)
    assert main(["analyze", "demo", "--max-frames", "1", "--jsonl", str(tmp_path / "r.jsonl")]) == 0
    assert names_in(tmp_path) == sorted([running.name, other_host.name, no_part.name, "r.jsonl"])


def test_a_stream_is_opened_again_until_the_wanted_frames_are_there(
    astronaut_bgr: Image, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    requests: list[str] = []
    with mjpeg_server([astronaut_bgr] * 6, requests=requests, fps=30) as host:  # it closes after 6 pictures
        results = tmp_path / "r.jsonl"
        arguments = ["--max-frames", "14", "--jsonl", str(results), "--video", str(tmp_path / "v.mp4")]
        assert main(["analyze", f"http://{host}/video", *arguments]) == 0
    lines = lines_of(results)
    assert [line["frame"] for line in lines] == list(range(14))
    times_s = [line["time_s"] for line in lines]
    assert times_s == sorted(times_s)
    assert times_s[-1] > 2  # it waits a second before each new attempt
    assert frames_of(tmp_path / "v.mp4") == 14
    assert len(requests) >= 3
    assert capsys.readouterr().err.count("was lost") == 2


def test_a_stream_that_never_gives_a_picture_fails(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with mjpeg_server([np.zeros((48, 64, 3), np.uint8)]) as host:
        pass
    assert main(["analyze", f"http://{host}/video", "--jsonl", str(tmp_path / "r.jsonl")]) == 1
    assert host in capsys.readouterr().err
    assert names_in(tmp_path) == []


def test_an_unplugged_camera_that_comes_back_goes_on(
    fake_camera: Any, astronaut_bgr: Image, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    cameras = iter(
        [fake_camera, SourceError("The camera 9 is not there: connect it."), type(fake_camera)([astronaut_bgr] * 9)]
    )

    def open_source(spec: str, **options: Any) -> Any:
        camera = next(cameras)
        if isinstance(camera, Exception):
            raise camera
        return camera

    monkeypatch.setattr("agecam.batch.analysis.open_source", open_source)
    results = tmp_path / "r.jsonl"
    assert main(["analyze", "9", "--max-frames", "25", "--jsonl", str(results)]) == 0
    assert [line["frame"] for line in lines_of(results)] == list(range(25))


def test_a_thousand_files_with_faults_give_the_results_of_all_good_ones(
    tmp_path: Path, hopper_bgr: Image, failing_steps: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    """Damaged files, failing frames, an output that dies half-way and a results file that cannot be replaced."""
    pictures, stills, results = tmp_path / "pictures", tmp_path / "stills", tmp_path / "r.jsonl"
    pictures.mkdir()
    encoded = cv2.imencode(".jpg", cv2.resize(hopper_bgr[60:400, 90:430], (128, 128)))[1].tobytes()
    (tmp_path / "good.jpg").write_bytes(encoded)
    damaged = set(range(7, 1000, 50))
    for number in range(1000):
        path = pictures / f"{number}.jpg"
        if number in damaged:
            path.write_bytes(b"no picture" if number % 100 > 50 else encoded[: len(encoded) // 20])
        else:
            os.link(tmp_path / "good.jpg", path)
    failing = {f"pictures/{number}.jpg" for number in range(11, 1000, 90)}

    def fails(frame: Frame) -> bool:
        if frame.source == "pictures/500.jpg":
            for path in stills.iterdir():
                path.unlink()
            stills.rmdir()
            stills.write_text("in the way")
            results.mkdir()
        return frame.source in failing

    failing_steps(fails, RuntimeError("a bug"))
    outputs = ["--jsonl", str(results), "--csv", str(tmp_path / "r.csv"), "--images", str(stills)]
    assert main(["analyze", str(pictures), *outputs]) == 1
    good = [f"pictures/{number}.jpg" for number in range(1000) if number not in damaged]
    expected = [name for name in good if name not in failing]
    lines = lines_of(tmp_path / "r-2.jsonl")
    assert [line["source"] for line in lines] == expected
    assert all(len(line["faces"]) == 1 for line in lines)
    with (tmp_path / "r.csv").open(newline="", encoding="utf-8-sig") as file:
        assert [row["source"] for row in csv.DictReader(file)] == expected
    errors = capsys.readouterr().err
    assert errors.count("a bug") == len(failing)
    assert f"Cannot write {stills}" in errors
    assert not list(tmp_path.rglob(".agecam-*"))
