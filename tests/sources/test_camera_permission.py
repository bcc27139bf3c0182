"""The permission to use cameras on macOS, with a fake of the system's framework."""

import json
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from camera_parts import (
    AUTHORIZED,
    DENIED,
    RESTRICTED,
    UNDECIDED,
    FakeAVFoundation,
    FakeCapture,
    fake_captures,
    use_av_foundation,
    write_clip,
)
from models import is_one_sentence

from agecam.cli import main
from agecam.errors import SourceError
from agecam.sources import open_source, permission


@pytest.fixture
def captures(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[FakeCapture]:
    return fake_captures(write_clip(tmp_path), monkeypatch)


def opened() -> str:
    with open_source("0") as source:
        return source.info.name


def test_a_permitted_camera_is_opened_without_a_question(
    captures: list[FakeCapture], monkeypatch: pytest.MonkeyPatch
) -> None:
    framework = FakeAVFoundation(AUTHORIZED)
    use_av_foundation(framework, monkeypatch)
    assert opened() == "camera 0"
    assert framework.questions == 0


def test_the_user_is_asked_before_the_camera_is_opened(
    captures: list[FakeCapture], monkeypatch: pytest.MonkeyPatch
) -> None:
    framework = FakeAVFoundation(UNDECIDED, allows=True)
    use_av_foundation(framework, monkeypatch)
    assert opened() == "camera 0"
    assert framework.questions == 1
    assert opened() == "camera 0"
    assert (framework.questions, len(captures)) == (1, 2)


@pytest.mark.parametrize(("status", "questions"), [(UNDECIDED, 1), (DENIED, 0), (RESTRICTED, 0)])
def test_without_permission_the_camera_is_not_opened(
    status: int, questions: int, captures: list[FakeCapture], monkeypatch: pytest.MonkeyPatch
) -> None:
    framework = FakeAVFoundation(status, allows=False)
    use_av_foundation(framework, monkeypatch)
    with pytest.raises(SourceError, match="Privacy & Security") as failure:
        open_source("0")
    assert is_one_sentence(str(failure.value))
    assert framework.questions == questions
    assert captures == []


def test_only_the_main_thread_asks(captures: list[FakeCapture], monkeypatch: pytest.MonkeyPatch) -> None:
    """A worker of the window fails until the window's thread has asked, and then opens the camera."""
    framework = FakeAVFoundation(UNDECIDED, allows=True)
    use_av_foundation(framework, monkeypatch)
    with ThreadPoolExecutor(1) as pool:
        with pytest.raises(SourceError, match="answer the question") as failure:
            pool.submit(opened).result()
        assert is_one_sentence(str(failure.value))
        assert framework.questions == 0
        answers: list[tuple[bool, bool]] = []
        done = threading.Event()

        def answered(granted: bool) -> None:
            answers.append((granted, threading.current_thread() is threading.main_thread()))
            done.set()

        permission.request_camera_access(answered)
        framework.show_question()
        assert done.wait(10)
        assert answers == [(True, False)]
        assert pool.submit(opened).result() == "camera 0"


def test_a_question_without_answer_ends(captures: list[FakeCapture], monkeypatch: pytest.MonkeyPatch) -> None:
    use_av_foundation(FakeAVFoundation(UNDECIDED, allows=None), monkeypatch)
    monkeypatch.setattr(permission, "_MAX_WAIT_S", 0.3)
    began = time.monotonic()
    with pytest.raises(SourceError, match="answer the question"):
        open_source("0")
    assert time.monotonic() - began < 5
    assert captures == []


def test_without_the_package_opencv_asks(captures: list[FakeCapture], monkeypatch: pytest.MonkeyPatch) -> None:
    use_av_foundation(None, monkeypatch)
    assert opened() == "camera 0"


def test_other_systems_do_not_ask(captures: list[FakeCapture], monkeypatch: pytest.MonkeyPatch) -> None:
    use_av_foundation(FakeAVFoundation(DENIED), monkeypatch)
    monkeypatch.setattr("sys.platform", "win32")
    assert opened() == "camera 0"


@pytest.mark.parametrize("allows", [True, False])
def test_analyze_asks_for_the_camera(
    allows: bool,
    captures: list[FakeCapture],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    framework = FakeAVFoundation(UNDECIDED, allows)
    use_av_foundation(framework, monkeypatch)
    results = tmp_path / "r.jsonl"
    status = main(["analyze", "0", "--max-frames", "2", "--jsonl", str(results)])
    assert framework.questions == 1
    if allows:
        assert status == 0
        assert [json.loads(line)["source"] for line in results.read_text().splitlines()] == ["camera 0"] * 2
    else:
        assert status == 1
        assert "such as Terminal" in capsys.readouterr().err
