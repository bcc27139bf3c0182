"""Hooks for exceptions that nothing has caught."""

import gc
import logging
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from agecam.errors import AgeCamError, NotEnoughMemoryError, SourceError, UnexpectedError
from agecam.runtime.crash import UncaughtErrors, problem_report

ROOT = Path(__file__).resolve().parents[2]


def in_thread(work: Callable[[], object]) -> None:
    thread = threading.Thread(target=work, name="worker")
    thread.start()
    thread.join()


def fail(message: str = "no luck", kind: type[BaseException] = ValueError) -> None:
    raise kind(message)


def fail_elsewhere() -> None:
    raise ValueError("no luck")


def test_an_error_in_a_thread_is_logged_and_reported(caplog: pytest.LogCaptureFixture) -> None:
    reported: list[AgeCamError] = []
    with UncaughtErrors(reported.append) as uncaught:
        in_thread(fail)
    (error,) = uncaught.unseen()
    assert [str(error)] == [str(told) for told in reported]
    assert isinstance(error, UnexpectedError)
    assert "ValueError: no luck" in str(error)
    (record,) = caplog.records
    assert record.levelno == logging.CRITICAL
    assert "'worker'" in record.getMessage()
    assert "in fail" in caplog.text
    uncaught.dismiss()
    assert uncaught.unseen() == []


def test_an_error_of_every_frame_is_told_once(caplog: pytest.LogCaptureFixture) -> None:
    with UncaughtErrors() as uncaught:
        for number in range(150):
            in_thread(lambda number=number: fail(f"frame {number}"))  # type: ignore[misc]
        in_thread(fail_elsewhere)
        in_thread(lambda: fail(kind=KeyError))
    assert [str(error).partition("(")[2].partition(")")[0] for error in uncaught.unseen()] == [
        "ValueError: frame 0",
        "ValueError: no luck",
        "KeyError: 'no luck'",
    ]
    assert caplog.text.count("Traceback") == 3
    assert [record.getMessage().split()[0] for record in caplog.records if not record.exc_info] == ["10", "100"]


def test_an_error_is_told_again_after_trying_again() -> None:
    with UncaughtErrors() as uncaught:
        in_thread(fail)
        uncaught.dismiss()
        in_thread(fail)
        assert uncaught.unseen() == []
        uncaught.forget()
        in_thread(fail)
        assert len(uncaught.unseen()) == 1


def test_known_errors_keep_their_sentence() -> None:
    with UncaughtErrors() as uncaught:
        in_thread(lambda: fail("There is no camera: connect one.", SourceError))
        in_thread(lambda: fail("", MemoryError))
    source, memory = uncaught.unseen()
    assert str(source) == "There is no camera: connect one."
    assert isinstance(memory, NotEnoughMemoryError)


def test_an_error_in_an_object_that_is_destroyed_is_only_logged(caplog: pytest.LogCaptureFixture) -> None:
    class Fails:
        def __del__(self) -> None:
            fail("while destroying")

    with UncaughtErrors() as uncaught:
        Fails()
        gc.collect()
    assert uncaught.unseen() == []
    assert "while destroying" in caplog.text


def test_a_thread_may_end_by_system_exit(caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(threading, "excepthook", threading.__excepthook__)  # pytest's own reports it
    with UncaughtErrors() as uncaught:
        in_thread(lambda: fail("", SystemExit))
    assert uncaught.unseen() == []
    assert caplog.records == []


def test_the_hooks_are_restored() -> None:
    before = sys.excepthook, threading.excepthook, sys.unraisablehook
    with UncaughtErrors():
        assert sys.excepthook not in before
    assert (sys.excepthook, threading.excepthook, sys.unraisablehook) == before


def program(body: str) -> "subprocess.CompletedProcess[str]":
    lines = f"""
import logging, sys
from agecam.runtime.crash import UncaughtErrors
logging.basicConfig(stream=sys.stdout, format="LOG %(message)s")
UncaughtErrors(lambda error: print("TOLD", error)).__enter__()
{body}
"""
    return subprocess.run(
        [sys.executable, "-c", lines], cwd=ROOT, env=os.environ, capture_output=True, text=True, timeout=60
    )


def test_an_error_of_the_main_thread_is_reported() -> None:
    done = program("raise ValueError('no luck')")
    assert (done.returncode, done.stderr) == (1, "")
    assert "LOG nothing has caught\nTraceback" in done.stdout
    assert "TOLD Something went wrong that AgeCam did not expect (ValueError: no luck)" in done.stdout


@pytest.mark.skipif(sys.platform == "win32", reason="the exit status is that of a signal")
def test_ctrl_c_is_left_to_python() -> None:
    done = program("raise KeyboardInterrupt")
    assert done.returncode == -signal.SIGINT
    assert done.stdout == ""
    assert "KeyboardInterrupt" in done.stderr


def test_a_failing_report_does_not_hide_the_error() -> None:
    done = program("UncaughtErrors(lambda error: 1 / 0).__enter__()\nraise ValueError('no luck')")
    assert done.returncode == 1
    assert "LOG nothing has caught" in done.stdout


def test_the_problem_report_has_tracebacks_and_no_passwords() -> None:
    def caught(work: Callable[[], object]) -> AgeCamError:
        try:
            work()
        except AgeCamError as error:
            return error
        except Exception as error:
            return UnexpectedError(error)
        raise AssertionError

    errors = [
        caught(lambda: fail("cannot open rtsp://julia:secret@door/1")),
        caught(lambda: fail("The camera is gone.", SourceError)),
        NotEnoughMemoryError(),
    ]
    text = problem_report(errors, "source: door")
    assert text.startswith("AgeCam ")
    assert "\nsource: door\n" in text
    assert text.count("error: ") == 3
    assert text.count("in fail") == 2
    assert "rtsp://door/1" in text
    assert "secret" not in text
