"""The real program in its own process on a virtual X server, controlled by key presses."""

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import av
import cv2
import numpy as np
import pytest
from conftest import WriteVideo
from live_parts import wait_until
from PIL import Image as Pillow

from agecam.live.screenshot import KEYWORD
from agecam.types import Image

ROOT = Path(__file__).resolve().parents[2]
MISSING = [program for program in ("Xvfb", "xdotool") if shutil.which(program) is None]
pytestmark = pytest.mark.skipif(bool(MISSING), reason=f"a display for tests needs {' and '.join(MISSING)}")


@pytest.fixture
def display() -> Iterator[str]:
    """Start a virtual X server."""
    read, write = os.pipe()
    server = subprocess.Popen(
        # Without -noreset, the server restarts when its last client (such as xdotool) disconnects, and refuses
        # connections in the meantime.
        ["Xvfb", "-noreset", "-displayfd", str(write), "-screen", "0", "1280x800x24", "-nolisten", "tcp"],
        pass_fds=[write],
        stderr=subprocess.DEVNULL,
    )
    os.close(write)
    with os.fdopen(read) as pipe:
        number = pipe.readline().strip()
    assert number, "the X server did not start"
    yield f":{number}"
    server.terminate()
    server.wait(10)


class Program:
    """AgeCam in its own process, controlled through the display."""

    def __init__(self, process: "subprocess.Popen[str]", env: dict[str, str]) -> None:
        self.process = process
        self._env = env
        self._window = ""

    def wait_for_window(self, title: str = "AgeCam") -> None:
        """Wait for the window and focus it."""

        def found() -> bool:
            assert self.process.poll() is None, self.process.communicate()[1]
            seen = self._xdotool("search", "--onlyvisible", "--name", title)
            self._window = seen.stdout.split()[-1] if seen.stdout else ""
            return bool(self._window)

        wait_until(found, 30)
        self._xdotool("windowfocus", "--sync", self._window)

    def press(self, key: str) -> None:
        """Press a key, such as `s` or `ctrl+q`."""
        self._xdotool("key", key)

    def windows(self) -> list[str]:
        """Ids of all AgeCam windows on the display."""
        return self._xdotool("search", "--onlyvisible", "--name", "AgeCam").stdout.split()

    def press_in(self, window: str, key: str) -> None:
        """Press a key in the window with this id."""
        self._xdotool("windowfocus", "--sync", window)
        self._xdotool("key", key)

    def _xdotool(self, *words: str) -> "subprocess.CompletedProcess[str]":
        return subprocess.run(["xdotool", *words], env=self._env, capture_output=True, text=True, timeout=20)


@contextmanager
def agecam(spec: str, home: Path, display: str, program: Sequence[str] = (), **settings: object) -> Iterator[Program]:
    """Run `python main.py SPEC`, or another program, with this home folder and these settings."""
    config = home / "config" / "AgeCam"
    config.mkdir(parents=True, exist_ok=True)
    (config / "settings.json").write_text(json.dumps({"asked_to_blur": True} | settings))
    removed = ("QT_QPA_PLATFORM", "WAYLAND_DISPLAY")
    env = {name: value for name, value in os.environ.items() if name not in removed}
    env |= {"DISPLAY": display, "HOME": str(home), "LC_ALL": "C.UTF-8"}
    env |= {f"XDG_{name.upper()}_HOME": str(home / name) for name in ("config", "state", "cache", "data")}
    process = subprocess.Popen(
        [sys.executable, *(program or ("main.py", spec))],
        cwd=ROOT,
        env=env,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        yield Program(process, env)
    finally:
        process.kill()
        process.communicate()


def test_play_a_video_save_a_screenshot_and_record(
    display: str, tmp_path: Path, astronaut_bgr: Image, write_video: WriteVideo
) -> None:
    clip = write_video("people.mp4", [np.roll(astronaut_bgr, 2 * shift, axis=1) for shift in range(60)])
    saved = tmp_path / "saved"
    with agecam(str(clip), tmp_path / "home", display, folder=str(saved), loop=True) as program:
        program.wait_for_window()
        faces = wait_for_a_label(program, saved)
        assert (faces[0]["gender"], 15 < faces[0]["age"] < 60) == ("female", True)

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


def wait_for_a_label(program: Program, saved: Path) -> "list[dict[str, object]]":
    """Press S every second until the screenshot holds a face; returns the faces in its results."""

    def faces() -> "list[dict[str, object]]":
        for path in sorted(saved.glob("*.png"), reverse=True):
            with Pillow.open(path) as picture:
                assert picture.size == (512, 512)
                found = json.loads(picture.text[KEYWORD])["faces"]  # type: ignore[attr-defined]
            if found:
                return list(found)
        return []

    def screenshot_holds_a_face() -> bool:
        program.press("s")
        time.sleep(1)
        return bool(faces())

    wait_until(screenshot_holds_a_face, 90)
    return faces()


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
    with agecam("demo", tmp_path / "home", display) as program:
        program.wait_for_window()
        program.process.send_signal(number)
        assert program.process.wait(20) == -number
    log = (tmp_path / "home" / "state" / "AgeCam" / "log" / "agecam.log").read_text()
    assert "Fatal Python error" in log
    assert "in run_window" in log


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
