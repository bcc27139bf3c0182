"""Exceptions that are not AgeCam's are told, logged and survived by every thread; nothing replaced is kept."""

import gc
import logging
import threading
import time
import weakref
from collections.abc import Callable, Container, Iterator
from pathlib import Path
from typing import Any

import pytest
from live_parts import FakeCamera, FakeFile, SquareEngine, picture, wait_until
from models import write_model

from agecam.backends.openvino import OpenVinoRunner
from agecam.engine.engine import Engine
from agecam.engine.options import EngineOptions
from agecam.errors import DetectorError, NotEnoughMemoryError, UnexpectedError
from agecam.live import LiveEngine, LiveSession, Phase
from agecam.live.inference import InferenceResult
from agecam.live.loading import build_live_engine
from agecam.live.propagation import FacePropagator
from agecam.live.recording import Recording
from agecam.outputs import VideoWriter
from agecam.runtime.device import has_bfloat16
from agecam.types import Frame

Build = Callable[[EngineOptions], LiveEngine]
MakeSession = Callable[..., LiveSession]


@pytest.fixture
def make_session() -> Iterator[MakeSession]:
    sessions: list[LiveSession] = []

    def make(build: Build, on_result: Callable[[InferenceResult], None] | None = None) -> LiveSession:
        sessions.append(LiveSession(build, EngineOptions(), lambda: None, on_result))
        return sessions[-1]

    yield make
    assert all(session.close() for session in sessions)


def tracebacks(caplog: pytest.LogCaptureFixture) -> list[str]:
    return [str(record.exc_info[1]) for record in caplog.records if record.exc_info and record.exc_info[1]]


def test_an_unexpected_error_of_the_engine_is_told_and_the_next_frames_are_analysed(
    make_session: MakeSession, caplog: pytest.LogCaptureFixture
) -> None:
    engine = SquareEngine(error=ZeroDivisionError("odd"))
    session = make_session(lambda options: engine)
    session.open(lambda: FakeCamera(), is_live=True)
    wait_until(lambda: isinstance(session.engine_error, UnexpectedError))
    assert "odd" in str(session.engine_error)
    engine.error = None
    wait_until(lambda: session.engine_error is None and bool((view := session.view()) and view.faces))
    assert tracebacks(caplog) == ["odd"]  # once, not in every frame


def test_lack_of_memory_is_told_in_its_own_sentence(make_session: MakeSession) -> None:
    engine = SquareEngine(error=MemoryError())
    session = make_session(lambda options: engine)
    session.open(lambda: FakeCamera(), is_live=True)
    wait_until(lambda: isinstance(session.engine_error, NotEnoughMemoryError))


def test_an_engine_that_cannot_be_built_for_an_unexpected_reason_does_not_load_for_ever(
    make_session: MakeSession, caplog: pytest.LogCaptureFixture
) -> None:
    def build(options: EngineOptions) -> LiveEngine:
        if options.model == "compact":
            raise OSError("no driver")
        return SquareEngine()

    session = make_session(build)
    session.open(lambda: FakeCamera(), is_live=True)
    wait_until(lambda: isinstance(session.engine_error, UnexpectedError) and not session.loading)
    assert tracebacks(caplog) == ["no driver"]
    time.sleep(0.2)
    assert tracebacks(caplog) == ["no driver"]  # not tried again with every frame
    session.use(EngineOptions("other"))
    wait_until(lambda: session.engine_error is None and bool((view := session.view()) and view.faces))


def test_the_same_engine_is_built_again_on_request(make_session: MakeSession) -> None:
    built: list[EngineOptions] = []

    def build(options: EngineOptions) -> LiveEngine:
        built.append(options)
        if len(built) == 1:
            raise MemoryError
        return SquareEngine()

    session = make_session(build)
    session.open(lambda: FakeCamera(), is_live=True)
    wait_until(lambda: isinstance(session.engine_error, NotEnoughMemoryError) and not session.loading)
    session.use(EngineOptions())
    wait_until(lambda: session.engine_error is None and bool((view := session.view()) and view.faces))
    session.use(EngineOptions())  # works: not built again
    time.sleep(0.2)
    assert len(built) == 2


@pytest.mark.parametrize("error", [DetectorError("The face detector failed: this is a test."), KeyError("odd")])
def test_the_error_of_an_engine_does_not_keep_it(make_session: MakeSession, error: Exception) -> None:
    failing = SquareEngine(error=error)
    engines = [weakref.ref(failing)]

    def build(options: EngineOptions) -> LiveEngine:
        nonlocal failing
        engine, failing = failing, SquareEngine()
        return engine

    session = make_session(build)
    session.open(lambda: FakeCamera(), is_live=True)
    wait_until(lambda: session.engine_error is not None)
    session.use(EngineOptions("other"))
    wait_until(lambda: session.engine_error is None and bool((view := session.view()) and view.faces))
    gc.collect()
    assert engines[0]() is None


def test_an_unexpected_error_of_a_file_fails_it_and_another_can_be_opened(
    make_session: MakeSession, caplog: pytest.LogCaptureFixture
) -> None:
    def broken() -> Any:
        raise LookupError("inside a library")

    session = make_session(lambda options: SquareEngine())
    session.open(broken, is_live=False)
    wait_until(lambda: session.source_state.phase is Phase.FAILED)
    assert isinstance(session.source_state.error, UnexpectedError)
    assert tracebacks(caplog) == ["'inside a library'"] or "inside a library" in tracebacks(caplog)[0]
    session.open(lambda: FakeFile(), is_live=False)
    wait_until(lambda: session.source_state.phase is Phase.ENDED)


def test_a_camera_is_opened_again_after_an_unexpected_error(
    make_session: MakeSession, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("agecam.live.capture.RETRY_S", (0.05,))
    camera = FakeCamera()

    def read() -> Any:
        raise RuntimeError("a driver")

    camera.read = read  # type: ignore[method-assign]
    cameras = iter([camera, FakeCamera()])
    phases: list[Phase] = []
    session = make_session(lambda options: SquareEngine())
    session.open(lambda: next(cameras), is_live=True)
    wait_until(lambda: phases.append(session.source_state.phase) or Phase.LOST in phases)  # type: ignore[func-returns-value]
    wait_until(lambda: session.source_state.phase is Phase.PLAYING and session.view() is not None)


def test_an_unexpected_error_of_whoever_takes_results_is_survived(
    make_session: MakeSession, caplog: pytest.LogCaptureFixture
) -> None:
    taken: list[InferenceResult] = []

    def take(result: InferenceResult) -> None:
        taken.append(result)
        if len(taken) == 1:
            raise AttributeError("a bug")

    session = make_session(lambda options: SquareEngine(), take)
    session.open(lambda: FakeCamera(), is_live=True)
    wait_until(lambda: len(taken) > 3)
    assert session.engine_error is None
    assert tracebacks(caplog) == ["a bug"]


def test_a_frame_that_cannot_be_taken_is_left_out(
    make_session: MakeSession, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    show, shown = FacePropagator.show, 0

    def fail_sometimes(propagator: FacePropagator, frame_number: int, frame: Frame) -> Any:
        nonlocal shown
        shown += 1
        if frame.index in failing:
            raise MemoryError
        return show(propagator, frame_number, frame)

    failing: Container[int] = (3, 4)
    monkeypatch.setattr(FacePropagator, "show", fail_sometimes)
    session = make_session(lambda options: SquareEngine())
    session.open(lambda: FakeFile(count=10), is_live=False)
    wait_until(lambda: session.source_state.phase is Phase.ENDED)
    view = session.view()
    assert view is not None
    assert (view.frame.index, shown) == (9, 10)
    assert len(tracebacks(caplog)) == 1

    failing = range(100)
    session.open(lambda: FakeFile(count=40), is_live=False)
    wait_until(lambda: session.source_state.phase is Phase.FAILED)
    assert isinstance(session.source_state.error, NotEnoughMemoryError)


def test_stepping_at_the_end_of_a_file_changes_nothing(make_session: MakeSession) -> None:
    session = make_session(lambda options: SquareEngine())
    session.open(lambda: FakeFile(count=5), is_live=False)
    wait_until(lambda: session.source_state.phase is Phase.ENDED)
    capture = session.capture
    assert capture is not None
    capture.pause()
    for _ in range(3):
        capture.step()
    time.sleep(0.1)
    assert session.source_state.phase is Phase.ENDED
    capture.seek(0.0)
    wait_until(lambda: session.source_state.phase is Phase.PAUSED)
    view = session.view()
    assert view is not None
    assert view.frame.index == 0  # not three frames further


def test_more_steps_than_frames_are_forgotten_at_the_end(make_session: MakeSession) -> None:
    session = make_session(lambda options: SquareEngine())
    session.open(lambda: FakeFile(count=5), is_live=False, hold=True)
    wait_until(lambda: session.source_state.phase is Phase.PAUSED)
    capture = session.capture
    assert capture is not None
    for _ in range(9):
        capture.step()
    wait_until(lambda: session.source_state.phase is Phase.ENDED)
    capture.seek(0.0)
    wait_until(lambda: session.source_state.phase is Phase.PAUSED)
    time.sleep(0.1)
    view = session.view()
    assert view is not None
    assert view.frame.index == 0


# --- recording -----------------------------------------------------------------------------------------


def test_an_encoder_that_dies_is_told_and_what_was_recorded_is_kept(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    write, count = VideoWriter.write, 0

    def dying(writer: VideoWriter, *arguments: Any) -> None:
        nonlocal count
        count += 1
        if count > 40:
            raise RuntimeError("the encoder died")
        write(writer, *arguments)

    monkeypatch.setattr(VideoWriter, "write", dying)
    ended = threading.Event()
    recording = Recording(tmp_path / "a.mp4", 320, 240, 30, ended.set)
    for index in range(60):
        recording.put(picture(index), index / 30)
        time.sleep(0.01)
    assert ended.wait(5)  # by itself
    recording.stop()
    assert recording.wait(5)
    assert isinstance(recording.error, UnexpectedError)
    assert tracebacks(caplog) == ["the encoder died"]
    assert recording.frames == 40
    import av

    with av.open(str(tmp_path / "a.mp4")) as file:
        assert sum(1 for _ in file.decode(video=0)) == 40


def test_stopping_a_recording_waits_for_nothing_and_loses_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write, go_on = VideoWriter.write, threading.Event()

    def slow(writer: VideoWriter, *arguments: Any) -> None:
        go_on.wait(10)
        write(writer, *arguments)

    monkeypatch.setattr(VideoWriter, "write", slow)
    recording = Recording(tmp_path / "a.mp4", 320, 240, 30)
    for index in range(30):  # more than fit
        recording.put(picture(index), index / 30)
    start_s = time.monotonic()
    recording.stop()
    assert time.monotonic() - start_s < 0.2
    assert not recording.ended
    assert recording.dropped > 0
    go_on.set()
    assert recording.wait(10)
    assert recording.error is None
    assert recording.frames == 30 - recording.dropped


# --- changes of the engine -----------------------------------------------------------------------------


def test_five_changes_leave_one_engine(make_session: MakeSession, tmp_path: Path) -> None:
    for number in range(5):
        (tmp_path / str(number)).mkdir()
    models = [str(write_model(tmp_path / str(number))) for number in range(5)]
    engines: list[weakref.ref[Engine]] = []

    def build(options: EngineOptions) -> LiveEngine:
        engine = build_live_engine(EngineOptions(options.model if options.model != "compact" else models[0]))
        engines.append(weakref.ref(engine))
        return engine

    def networks() -> int:
        return sum(isinstance(thing, OpenVinoRunner) for thing in gc.get_objects())

    gc.collect()
    gc.disable()  # as the window does it: what is replaced must not need the collector
    try:
        others = networks()
        session = make_session(build)
        session.open(lambda: FakeCamera(), is_live=True)
        for number, model in enumerate(models):
            session.use(EngineOptions(model))
            wait_until(lambda number=number: len(engines) == number + 2 and not session.loading, 30)  # type: ignore[misc]
            assert sum(engine() is not None for engine in engines) == 1
            # Three of MTCNN, one for drawn faces, and the estimator: once more in bfloat16 if the processor has it
            assert networks() - others == 5 + has_bfloat16()
    finally:
        gc.enable()


def test_another_smallest_face_is_used_at_once_and_builds_nothing(make_session: MakeSession) -> None:
    engine, built = SquareEngine(), []

    def build(options: EngineOptions) -> LiveEngine:
        built.append(options)
        return engine

    session = make_session(build)
    session.open(lambda: FakeCamera(), is_live=True)
    wait_until(lambda: session.view() is not None)
    session.use(EngineOptions(min_face_px=120))
    wait_until(lambda: engine.min_face_px == 120)
    session.use(EngineOptions(min_face_px=None))
    wait_until(lambda: engine.min_face_px is None)
    assert len(built) == 1


def test_nothing_is_logged_when_nothing_fails(make_session: MakeSession, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.WARNING)
    session = make_session(lambda options: SquareEngine())
    session.open(lambda: FakeCamera(), is_live=True)
    wait_until(lambda: bool((view := session.view()) and view.faces))
    assert not caplog.records
