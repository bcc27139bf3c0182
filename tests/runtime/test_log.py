"""The log file: passwords, rotation, and the trace of a crash in native code, in processes of their own."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from agecam.runtime.log import without_passwords

ROOT = Path(__file__).resolve().parents[2]
PROLOGUE = (
    "import logging; from agecam.runtime.log import start_log; path = start_log(); log = logging.getLogger('agecam')"
)


def run(lines: str, state: Path, **streams: object) -> "subprocess.CompletedProcess[str]":
    """Run a program that has started the log, with its log folder below `state`."""
    env = os.environ | {"XDG_STATE_HOME": str(state), "LOCALAPPDATA": str(state), "HOME": str(state)}
    options = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE} | streams
    return subprocess.run(
        [sys.executable, "-c", f"{PROLOGUE}\n{lines}"], cwd=ROOT, env=env, text=True, timeout=60, **options
    )


def log_in(state: Path) -> Path:
    (path,) = state.rglob("agecam.log")
    return path


def test_the_log_begins_with_the_version_and_holds_no_password(tmp_path: Path) -> None:
    done = run(
        "start_log()\n"
        "try: raise OSError('cannot open rtsp://julia:a b/c@d@door/1?token=abc')\n"
        "except OSError: log.exception('failed')\n"
        "print(path)",
        tmp_path,
    )
    assert (done.returncode, done.stderr) == (0, "")
    path = log_in(tmp_path)
    assert done.stdout.strip() == str(path)
    text = path.read_text(encoding="utf-8")
    first, *_ = text.splitlines()
    assert "AgeCam" in first
    assert text.count("AgeCam 0") == 1  # the second start changes nothing
    assert "Traceback" in text
    assert "OSError: cannot open rtsp://door/1\n" in text
    assert not any(secret in text for secret in ("julia", "a b", "abc"))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("x http://h/p: y", "x http://h/p: y"),
        ("'rtsp://u:p@h:554/1' refused", "'rtsp://h:554/1' refused"),
        ("http://h/key=abc/video", "http://h"),
        ("http://h/v?user=a&pw=b", "http://h/v"),
        ("(opening RTSP://u:it's p@h/1): try", "(opening RTSP://h/1): try"),
        ("is a@b a decorator?\nhttp://h\n@property", "is a@b a decorator?\nhttp://h\n@property"),
    ],
)
def test_passwords_are_removed_from_texts(text: str, expected: str) -> None:
    assert without_passwords(text) == expected


def test_the_same_error_in_every_frame_does_not_fill_the_log(tmp_path: Path) -> None:
    done = run(
        "import agecam.runtime.log as module, time\n"
        "module._REPEAT_S = 1.0\n"
        "def frame(number):\n"
        "    try: raise ValueError(f'frame {number}')\n"
        "    except ValueError: log.exception('failed')\n"
        "for number in range(500): frame(number)\n"
        "for _ in range(3): log.error('lost'); log.info('opening')\n"
        "time.sleep(1.1)\n"
        "frame(500); log.error('lost')",
        tmp_path,
    )
    assert (done.returncode, done.stderr) == (0, "")
    text = log_in(tmp_path).read_text(encoding="utf-8")
    assert text.count("Traceback") == 2
    assert "ValueError: frame 0\n" in text
    assert "ValueError: frame 500\n(also 499 times in between)" in text
    assert text.count("ERROR agecam: lost") == 2
    assert text.count("opening") == 3


CRASH = "import faulthandler; faulthandler._sigsegv()"
LONG = "for _ in range(6000): log.info('x' * 100)"


@pytest.mark.skipif(sys.platform == "win32", reason="the exit status is that of a signal")
@pytest.mark.parametrize(
    "before",
    [
        "pass",
        "from agecam.runtime.quiet import quiet_stderr; quiet_stderr.__enter__()",
        LONG,
        "from agecam.runtime.environment import prepare_process; prepare_process()",
    ],
    ids=["plain", "stderr silenced", "rotated", "as the program starts"],
)
def test_a_crash_in_native_code_leaves_its_trace(before: str, tmp_path: Path) -> None:
    done = run(f"{before}\ndef culprit():\n    {CRASH}\nculprit()", tmp_path)
    assert done.returncode == -signal.SIGSEGV
    text = log_in(tmp_path).read_text(encoding="utf-8")
    assert "Fatal Python error: Segmentation fault" in text
    assert "in culprit" in text
    assert log_in(tmp_path).with_name("agecam.log.1").exists() is (before == LONG)


@pytest.mark.skipif(sys.platform == "win32", reason="the exit status is that of a signal")
def test_a_crash_leaves_its_trace_without_stderr(tmp_path: Path) -> None:
    """As under pythonw, where `sys.stderr` is None."""
    closed = {"stdout": None, "stderr": None, "preexec_fn": lambda: os.closerange(0, 3)}
    lines = (
        "import sys; assert sys.stderr is None\n"
        "from agecam.runtime.quiet import quiet_stderr; quiet_stderr.__enter__()\n"  # silences no other file
        f"log.error('heard')\n{CRASH}"
    )
    done = run(lines, tmp_path, **closed)
    assert done.returncode == -signal.SIGSEGV
    text = log_in(tmp_path).read_text(encoding="utf-8")
    assert "heard" in text
    assert "Segmentation fault" in text


@pytest.mark.skipif(sys.platform == "win32", reason="the exit status is that of a signal")
def test_the_trace_goes_to_stderr_again_when_the_log_is_closed(tmp_path: Path) -> None:
    done = run(f"from agecam.runtime.log import stop_log; stop_log()\n{CRASH}", tmp_path)
    assert done.returncode == -signal.SIGSEGV
    assert "Segmentation fault" in done.stderr
    assert "Segmentation fault" not in log_in(tmp_path).read_text(encoding="utf-8")


def test_the_program_starts_if_the_log_cannot_be_written(tmp_path: Path) -> None:
    state = tmp_path / "state"
    state.write_text("a file where a folder should be")
    done = run("log.error('unheard'); print('goes on')", state)
    assert (done.returncode, done.stdout, done.stderr) == (0, "goes on\n", "")


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs /dev/full")
def test_a_full_disk_does_not_fill_the_terminal(tmp_path: Path) -> None:
    done = run(
        "import os; os.dup2(os.open('/dev/full', os.O_WRONLY), log.handlers[0].stream.fileno())\n"
        "log.error('unheard'); print('goes on')",
        tmp_path,
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, "goes on\n", "")
