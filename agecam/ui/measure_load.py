"""Measures how much of the processor the live program needs for a source.

`agecam bench --live` runs this file in a process of its own, also with the modules of another checkout:

    python agecam/ui/measure_load.py SOURCE STATE SECONDS WARM_UP_SECONDS
"""

import json
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import psutil

from agecam.runtime.environment import prepare_process

STATES = ("playing", "paused", "minimised", "blurred", "without window")
_TIMEOUT_S = 60.0
"""Time to wait for the first label."""
_POLL_S = 0.2


def measure_load(spec: str, state: str, seconds: float, warm_up_s: float) -> dict[str, Any]:
    """Show a source and measure for some seconds; call it once per process.

    Args:
        spec: the source; a video repeats.
        state: one of `STATES`.
        seconds: duration of the measurement.
        warm_up_s: time between the first label and the state, and between the state and the measurement.

    Returns:
        `cores`: processor seconds per second of all threads, and `threads`: of each, by name; `shown_fps`,
        `analysed_fps`, `delay_p95_ms` (None if nothing was shown) and `memory_mib`.

    Raises:
        RuntimeError: no label appeared within a minute.
    """
    prepare_process()
    if state == "without window":
        return _without_window(spec, seconds, warm_up_s)
    from PySide6.QtCore import QTimer

    from agecam.runtime.settings import Settings
    from agecam.ui.app import build_engine, open_with, prepare_application, recognise
    from agecam.ui.main_window import MainWindow

    application, translators = prepare_application("light")
    settings = Settings(loop=True, blur_faces=state == "blurred")
    with tempfile.TemporaryDirectory() as folder:
        window = MainWindow(settings, Path(folder, "settings.json"), build_engine, open_with, recognise, lambda: [])
        window.show()
        window.open(spec, remember=False)
        found: dict[str, Any] = {}

        def steps() -> Iterator[float]:
            yield from _until_label(window.session)
            yield warm_up_s
            if state == "minimised":
                window.showMinimized()
            elif state == "paused" and window.session.capture is not None:
                window.session.capture.pause()
            yield warm_up_s
            window.session.begin_statistics()
            before = Load()
            yield seconds
            found.update(before.until_now(), **_rates(window.session, seconds))

        run = steps()

        def step() -> None:
            wait_s = next(run, None)
            if wait_s is None:
                window.close()
                application.quit()
            else:
                QTimer.singleShot(round(wait_s * 1e3), step)

        step()
        application.exec()
    del translators
    return _checked(found, spec)


def _without_window(spec: str, seconds: float, warm_up_s: float) -> dict[str, Any]:
    from agecam.engine.options import EngineOptions
    from agecam.live import LiveSession
    from agecam.runtime.settings import Settings
    from agecam.ui.app import build_engine, open_with, recognise

    session = LiveSession(build_engine, EngineOptions(), lambda: None)
    session.open(lambda: open_with(spec, Settings()), recognise(spec).is_live, loop=True)
    found: dict[str, Any] = {}
    with suppress(TimeoutError):
        for wait_s in _until_label(session):
            time.sleep(wait_s)
        time.sleep(2 * warm_up_s)
        session.begin_statistics()
        before = Load()
        time.sleep(seconds)
        found = before.until_now() | _rates(session, seconds)
    session.close()
    return _checked(found, spec)


def _until_label(session: Any) -> Iterator[float]:
    started_s = time.monotonic()
    while (view := session.view()) is None or not view.faces:
        if time.monotonic() - started_s > _TIMEOUT_S:
            raise TimeoutError
        yield _POLL_S


def _rates(session: Any, seconds: float) -> dict[str, Any]:
    shown, analysed = session.totals()
    return {
        "shown_fps": shown / seconds,
        "analysed_fps": analysed / seconds,
        "delay_p95_ms": session.statistics().delay_p95_ms,
        "memory_mib": psutil.Process().memory_info().rss / 2**20,
    }


def _checked(found: dict[str, Any], spec: str) -> dict[str, Any]:
    if not found:
        raise RuntimeError(f"'{spec}' produced no label within a minute")
    return found


class Load:
    """Processor time of this process from now on."""

    def __init__(self) -> None:
        self._began_s, self._used_s, self._threads = time.monotonic(), time.process_time(), _thread_times()

    def until_now(self) -> dict[str, Any]:
        """`cores` and `threads`, as in `measure_load`."""
        seconds = time.monotonic() - self._began_s
        threads: dict[str, float] = {}
        names = _thread_names()
        for number, used_s in _thread_times().items():
            name = names.get(number, "others")
            threads[name] = threads.get(name, 0.0) + (used_s - self._threads.get(number, 0.0)) / seconds
        threads = {name: cores for name, cores in sorted(threads.items(), key=lambda item: -item[1]) if cores >= 0.002}
        return {"cores": (time.process_time() - self._used_s) / seconds, "threads": threads}


def _thread_times() -> dict[int, float]:
    return {thread.id: thread.user_time + thread.system_time for thread in psutil.Process().threads()}


def _thread_names() -> dict[int, str]:
    """Names of Python's threads, and on Linux of those that FFmpeg and other libraries have named."""
    names: dict[int, str] = {}
    for path in Path("/proc/self/task").glob("*/comm"):
        with suppress(OSError):
            name = path.read_text().strip()
            if name not in ("python", "python3", "agecam"):
                names[int(path.parent.name)] = name.rstrip("0123456789:")
    for thread in threading.enumerate():
        if thread.native_id is not None:
            names[thread.native_id] = "window" if thread is threading.main_thread() else thread.name
    return names


if __name__ == "__main__":
    print(json.dumps(measure_load(sys.argv[1], sys.argv[2], float(sys.argv[3]), float(sys.argv[4]))))
