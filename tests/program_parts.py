"""The program in its own process on a virtual X server, controlled by key presses."""

import json
import os
import shutil
import subprocess
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from live_parts import wait_until
from PIL import Image as Pillow

from agecam.live.screenshot import KEYWORD

ROOT = Path(__file__).resolve().parent.parent
MISSING = [program for program in ("Xvfb", "xdotool") if shutil.which(program) is None]
needs_display = pytest.mark.skipif(bool(MISSING), reason=f"a display for tests needs {' and '.join(MISSING)}")


@contextmanager
def virtual_display() -> Iterator[str]:
    """Start a virtual X server; yields its name, such as ':99'."""
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

    def has_class(self, name: str) -> bool:
        """Whether this is the class of the window, by which a desktop finds its entry and icon."""
        return self._window in self._xdotool("search", "--onlyvisible", "--class", f"^{name}$").stdout.split()

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
def started(command: Sequence[str], home: Path, display: str, **settings: object) -> Iterator[Program]:
    """Run a command that starts AgeCam, with this home folder and these settings."""
    config = home / "config" / "AgeCam"
    config.mkdir(parents=True, exist_ok=True)
    (config / "settings.json").write_text(json.dumps({"asked_to_blur": True} | settings))
    env = {name: value for name, value in os.environ.items() if name not in ("QT_QPA_PLATFORM", "WAYLAND_DISPLAY")}
    env |= {"DISPLAY": display, "HOME": str(home), "LC_ALL": "C.UTF-8"}
    env |= {f"XDG_{name.upper()}_HOME": str(home / name) for name in ("config", "state", "cache", "data")}
    process = subprocess.Popen(command, cwd=ROOT, env=env, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    try:
        yield Program(process, env)
    finally:
        process.kill()
        process.communicate()


def wait_for_a_label(program: Program, saved: Path) -> list[dict[str, Any]]:
    """Press S every second until a screenshot in `saved` holds a face; returns the faces in its results."""

    def faces() -> list[dict[str, Any]]:
        for path in sorted(saved.glob("*.png"), reverse=True):
            with Pillow.open(path) as picture:
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
