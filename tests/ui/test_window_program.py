"""The real program in its own process on a virtual X server, controlled by key presses."""

import json
import signal
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager
from pathlib import Path

import av
import cv2
import numpy as np
import pytest
from fixture_types import WriteVideo
from live_parts import wait_until
from PIL import Image as Pillow
from program_parts import Program, needs_display, started, virtual_display, wait_for_a_label

from agecam.types import Image

pytestmark = needs_display


@pytest.fixture
def display() -> Iterator[str]:
    with virtual_display() as name:
        yield name


def agecam(
    spec: str, home: Path, display: str, program: Sequence[str] = (), **settings: object
) -> AbstractContextManager[Program]:
    """Run `python main.py SPEC`, or another program, with this home folder and these settings."""
    return started([sys.executable, *(program or ("main.py", spec))], home, display, **settings)


def test_play_a_video_save_a_screenshot_and_record(
    display: str, tmp_path: Path, astronaut_bgr: Image, write_video: WriteVideo
) -> None:
    clip = write_video("people.mp4", [np.roll(astronaut_bgr, 2 * shift, axis=1) for shift in range(60)])
    saved = tmp_path / "saved"
    with agecam(str(clip), tmp_path / "home", display, folder=str(saved), loop=True) as program:
        program.wait_for_window()
        faces = wait_for_a_label(program, saved)
        assert (faces[0]["gender"], 15 < faces[0]["age"] < 60) == ("female", True)
        with Pillow.open(next(saved.glob("*.png"))) as picture:
            assert picture.size == (512, 512)

        program.press("r")
        time.sleep(3)
        program.press("r")
        wait_until(lambda: bool(list(saved.glob("*.mp4"))), 10)
        time.sleep(1)
        began = time.monotonic()
        program.press("ctrl+q")
        assert program.process.wait(10) == 0
        # The window closes within two seconds; the rest is the shutdown of Python and TensorFlow.
        assert time.monotonic() - began < 8
        assert program.process.communicate() == ("", "")

    (recorded,) = saved.glob("*.mp4")
    with av.open(str(recorded)) as file:
        frames = list(file.decode(video=0))
    assert 2 < float(frames[-1].time or 0) < 4.5
    assert len(frames) > 40
    assert (frames[0].width, frames[0].height) == (512, 512)
    settings = json.loads((tmp_path / "home" / "config" / "AgeCam" / "settings.json").read_text())
    assert settings["recent"] == [str(clip)]


def test_the_window_closes_after_a_source_that_cannot_be_opened(display: str, tmp_path: Path) -> None:
    with agecam("no such file.mp4", tmp_path / "home", display) as program:
        program.wait_for_window()
        time.sleep(1)
        program.press("ctrl+q")
        assert program.process.wait(20) == 0
    log = (tmp_path / "home" / "state" / "AgeCam" / "log" / "agecam.log").read_text()
    assert log.count("ERROR") == 1
    assert "no such file.mp4" in log


def test_several_sources_open_as_a_list(display: str, tmp_path: Path, hopper_bgr: Image) -> None:
    paths = [tmp_path / name for name in ("b.png", "a.png")]
    for path in paths:
        path.write_bytes(cv2.imencode(".png", hopper_bgr)[1].tobytes())
    words = ("main.py", str(paths[0]), "no such file.mp4", str(paths[1]))
    with agecam("", tmp_path / "home", display, words) as program:
        program.wait_for_window("1 of 2, b.png")
        program.press("Right")
        program.wait_for_window("2 of 2, a.png")
        program.press("ctrl+q")
        assert program.process.wait(20) == 0
        assert program.process.communicate() == ("", "")
    log = (tmp_path / "home" / "state" / "AgeCam" / "log" / "agecam.log").read_text()
    assert "no such file.mp4" in log


@pytest.mark.parametrize(("number", "status"), [(signal.SIGTERM, 143), (signal.SIGHUP, 129), (signal.SIGINT, 130)])
def test_a_signal_closes_the_window_and_completes_the_recording(
    number: signal.Signals, status: int, display: str, tmp_path: Path
) -> None:
    saved = tmp_path / "saved"
    with agecam("demo", tmp_path / "home", display, folder=str(saved)) as program:
        program.wait_for_window()
        time.sleep(2)
        program.press("r")
        time.sleep(2)
        program.press("ctrl+comma")  # also while a dialog is open
        time.sleep(1)
        program.process.send_signal(number)
        assert program.process.wait(30) == status
        assert program.process.communicate() == ("", "")
    (recorded,) = saved.iterdir()
    with av.open(str(recorded)) as file:
        assert sum(1 for _ in file.decode(video=0)) >= 2


@pytest.mark.parametrize("number", [signal.SIGSEGV, signal.SIGABRT])
def test_a_crash_in_native_code_is_in_the_log(number: signal.Signals, display: str, tmp_path: Path) -> None:
    # faulthandler reads the frames of threads that still run, without a lock. Rarely that faults in its turn, and
    # Python then ends the process with SIGSEGV in the middle of the trace: such a try says nothing about AgeCam.
    for attempt in range(3):
        home = tmp_path / f"home{attempt}"
        with agecam("demo", home, display) as program:
            program.wait_for_window()
            program.process.send_signal(number)
            status = program.process.wait(20)
        log = (home / "state" / "AgeCam" / "log" / "agecam.log").read_text()
        assert "Fatal Python error" in log
        assert status in {-number, -signal.SIGSEGV}
        if status == -number and "in run_window" in log:
            return
    pytest.fail(f"three crashes without a complete trace; the last ended with {status}:\n{log}")


def test_a_failed_start_is_shown_and_logged(display: str, tmp_path: Path) -> None:
    program = """
import sys
from agecam.runtime.environment import prepare_process
prepare_process()
from agecam.cli import main
from agecam.ui.main_window import MainWindow
def fail(_):
    raise RuntimeError("no luck")
MainWindow._build_layout = fail
sys.exit(main(["demo"]))
"""
    with agecam("demo", tmp_path / "home", display, program=["-c", program]) as started:
        started.wait_for_window("AgeCam cannot start")
        started.press("Escape")
        assert started.process.wait(20) == 1
        out, error = started.process.communicate()
    assert out == ""
    assert error.startswith("agecam: Something went wrong that AgeCam did not expect (RuntimeError: no luck)")
    assert error.count("\n") == 1
    log = (tmp_path / "home" / "state" / "AgeCam" / "log" / "agecam.log").read_text()
    assert "in fail" in log


def test_two_instances_run_at_the_same_time(display: str, tmp_path: Path) -> None:
    home = tmp_path / "home"
    with agecam("demo", home, display, theme="dark") as first, agecam("demo", home, display, theme="dark") as second:
        windows: set[str] = set()

        def both_are_open() -> bool:
            windows.update(first.windows())
            return len(windows) == 2

        wait_until(both_are_open, 40)
        time.sleep(3)
        for window in windows:
            first.press_in(window, "ctrl+q")
        for program in (first, second):
            assert program.process.wait(20) == 0
            assert program.process.communicate() == ("", "")
    settings = json.loads((home / "config" / "AgeCam" / "settings.json").read_text())
    assert settings["theme"] == "dark"
