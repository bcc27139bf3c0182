"""Long test of the real window under faults: python -m tests.soak --minutes 60

The demo and an MJPEG stream play in turns; the stream sends damaged pictures, is cut and restored; a file is missing;
the user records, takes screenshots, and changes what is shown. In each round every thread meets an exception that is
not AgeCam's, a child process is terminated in the middle of its work, and one of a child's outputs fails. Memory,
threads and open files must not grow, pictures must be shown at the rate of their source, each injected exception must
be told or logged, and there must be no others.
"""

import argparse
import gc
import json
import logging
import multiprocessing
import os
import resource
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
import traceback
from collections.abc import Iterator
from pathlib import Path
from types import TracebackType
from typing import Any

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")

import numpy as np
import psutil
from PySide6.QtCore import QTimer, QtMsgType, qInstallMessageHandler
from tqdm import tqdm

from agecam.live import Phase
from agecam.runtime.environment import prepare_process
from agecam.runtime.settings import Settings
from agecam.ui.app import prepare_application, recognise
from agecam.ui.main_window import MainWindow
from tests.injected import Injected, InjectedError, LogCounter

STREAM_FPS, DEMO_FPS = 25.0, 30.0
LONG_MIN = 15.0
"""In runs of at least this length, memory growth is measured from the fifth minute."""
MAX_GROWTH, MAX_GROWTH_SHORT = 0.03, 0.08
"""Largest growth of memory; more in short runs, because caches still fill in the first minutes."""
MIN_RATE = 0.95
"""As a share of the source's rate."""


def serve(port: int) -> None:
    """Serve a stream in a separate process: two people in front of a wall, every seventh picture damaged."""
    from agecam.bench.scenes import scene
    from tests.mjpeg import mjpeg_server

    images = [frame.image_bgr for frame in scene(1280, 720, 2, 32)]
    with mjpeg_server(images, port=port, fps=STREAM_FPS, endless=True, damaged_every=7):
        threading.Event().wait()


class Stream:
    """A stream server that can be stopped and restarted at the same address."""

    def __init__(self) -> None:
        with socket.create_server(("127.0.0.1", 0)) as free:
            self._port = free.getsockname()[1]
        self._process: Any = None
        self.address = f"http://127.0.0.1:{self._port}/live"

    def restore(self) -> None:
        """Start serving; returns before the server is ready."""
        self._process = multiprocessing.get_context("spawn").Process(target=serve, args=(self._port,), daemon=True)
        self._process.start()

    def cut(self) -> None:
        """Stop serving, as if the cable were pulled."""
        if self._process is not None:
            self._process.kill()
            self._process.join()
            self._process = None


class Soak:
    """Controls the window and monitors the process."""

    def __init__(self, window: MainWindow, stream: Stream, injected: Injected, folder: Path, minutes: float) -> None:
        self._window, self._stream, self._folder = window, stream, folder
        self._injected = injected
        self._ends_s = time.monotonic() + 60 * minutes
        self._minutes = minutes
        self.faults: list[str] = []
        self.rates: dict[str, list[float]] = {"demo": [], "stream": []}
        self.memory: list[tuple[float, float]] = []
        self.handles: list[tuple[int, int]] = []
        self._process = psutil.Process()
        self._began_s = time.monotonic()

    def rounds(self) -> Iterator[float]:
        """The steps of the test; yields the seconds to wait after each."""
        window, session = self._window, self._window.session
        window.open("demo", remember=False)
        yield from self._until(lambda: bool((view := session.view()) and view.faces), 90, "no label in the demo")
        while time.monotonic() < self._ends_s:
            window.open("demo", remember=False)
            yield from self._until(lambda: session.source_state.phase is Phase.PLAYING, 30, "the demo does not play")
            yield from self._rate("demo", DEMO_FPS, 12)
            window.actions_.record.setChecked(True)
            yield 4
            window.actions_.record.setChecked(False)
            window.take_screenshot()
            for name in ("show_interval", "blur_faces", "show_panel", "show_hud"):
                getattr(window.actions_, name).trigger()
                yield 0.3
            yield from self._exceptions_in_the_demo()
            window.open(str(self._folder / "missing.mp4"), remember=False)
            yield from self._until(
                lambda: session.source_state.phase is Phase.FAILED, 30, "a missing file was not reported"
            )
            self._stream.restore()
            window.open(self._stream.address, remember=False)
            yield from self._until(lambda: session.source_state.phase is Phase.PLAYING, 40, "the stream does not play")
            yield 2
            yield from self._rate("stream", STREAM_FPS, 12)
            window.actions_.record.setChecked(True)
            yield 2
            self._stream.cut()  # during the recording
            yield from self._until(lambda: session.source_state.phase is Phase.LOST, 30, "the cut was not reported")
            yield 3
            self._stream.restore()
            yield from self._until(
                lambda: session.source_state.phase is Phase.PLAYING, 60, "the stream did not come back"
            )
            window.actions_.record.setChecked(False)
            yield 3
            self._injected.arm("capture")
            yield from self._until(lambda: session.source_state.phase is Phase.LOST, 10, "the capture did not fail")
            yield from self._until(lambda: session.source_state.phase is Phase.PLAYING, 30, "the capture did not go on")
            self._stream.cut()
            window.close_source()
            yield 1
            self._check_files()
            yield from self._children()
            gc.collect()
            self.handles.append((self._process.num_threads(), self._process.num_fds()))

    def _exceptions_in_the_demo(self) -> Iterator[float]:
        """In the main thread, the inference thread and the recording thread; the demo goes on."""
        window, session = self._window, self._window.session
        window.open("demo", remember=False)
        yield from self._until(lambda: session.source_state.phase is Phase.PLAYING, 30, "the demo does not play")
        QTimer.singleShot(0, self._injected.raise_in_main_thread)
        yield 0.5
        self._injected.arm("inference", 15)
        yield from self._until(lambda: session.engine_error is not None, 10, "the analysis did not fail")
        yield from self._until(lambda: session.engine_error is None, 10, "the analysis did not go on")
        self._injected.arm("recording")
        window.actions_.record.setChecked(True)
        yield from self._until(lambda: not window.actions_.record.isChecked(), 10, "the recording did not fail")
        yield 1
        for path in (self._folder / "saved").glob("*.mp4"):
            if path.stat().st_size == 0:
                self.faults.append(f"{path.name} is empty")

    def _children(self) -> Iterator[float]:
        """A child that is terminated, and one of whose outputs the JSON lines fail."""
        folder = self._folder / "child"
        outputs = ["--jsonl", "r.jsonl", "--csv", "r.csv", "--video", "v.mp4"]
        child = _analyze(folder, *outputs)
        yield from self._until(lambda: len(list(folder.glob(".agecam-*"))) == 3, 30, "the child did not start")
        yield 3
        child.terminate()
        yield from self._until(lambda: child.poll() is not None, 30, "the child did not end")
        if child.poll() != 128 + signal.SIGTERM or _names(folder) != ["r.csv", "r.jsonl", "v.mp4"]:
            self.faults.append(f"terminated child: {child.poll()}, {_names(folder)}")
        child = _analyze(folder, "--max-frames", "60", *outputs[:4], largest_file=25_000)
        yield from self._until(lambda: child.poll() is not None, 60, "the child with a full disk did not end")
        lines = (folder / "r.jsonl").read_text().splitlines()
        rows = (folder / "r.csv").read_text().splitlines()
        if child.poll() != 1 or not 0 < len(lines) < 60 or len(rows) < 100:
            self.faults.append(f"child with a full disk: {child.poll()}, {len(lines)} lines, {len(rows)} rows")
        for path in folder.iterdir():
            path.unlink()

    def note(self) -> None:
        """Sample the memory."""
        self.memory.append((time.monotonic() - self._began_s, self._process.memory_info().rss / 2**20))

    def _until(self, condition: Any, seconds: float, fault: str) -> Iterator[float]:
        deadline = time.monotonic() + seconds
        while not condition():
            if time.monotonic() > deadline:
                self.faults.append(fault)
                return
            yield 0.05

    def _rate(self, name: str, fps: float, seconds: float) -> Iterator[float]:
        self._window.session.begin_statistics()
        began_s = time.monotonic()
        yield seconds
        rate = self._window.session.totals()[0] / (time.monotonic() - began_s)
        self.rates[name].append(rate)
        if rate < MIN_RATE * fps:
            self.faults.append(f"{name} was shown {rate:.1f} times a second")

    def _check_files(self) -> None:
        import av

        saved = list((self._folder / "saved").iterdir())
        videos = [path for path in saved if path.suffix == ".mp4"]
        if len(videos) != 2 or not any(path.suffix == ".png" for path in saved):
            self.faults.append(f"saved files: {sorted(path.name for path in saved)}")
        for path in saved:
            if path.suffix == ".mp4":
                with av.open(str(path)) as file:
                    if sum(1 for _ in file.decode(video=0)) < 2:
                        self.faults.append(f"{path.name} has too few frames")
            path.unlink()

    def summary(self) -> dict[str, Any]:
        """Summary of the run; adds growth to the faults."""
        is_long = self._minutes >= LONG_MIN
        start_s = 300.0 if is_long else 20 * self._minutes
        after = [mib for at_s, mib in self.memory if at_s >= start_s]
        count = max(1, len(after) // 4)
        # A leak raises the low points; the high ones come and go with each recording, which takes 40 MiB while it runs.
        first, last = (float(np.quantile(part, 0.25)) for part in (after[:count], after[-count:]))
        growth = last / first - 1
        if growth > (MAX_GROWTH if is_long else MAX_GROWTH_SHORT):
            self.faults.append(f"memory grew by {growth:.1%}")
        for what, column in (("threads", 0), ("open files", 1)):
            counts = [handles[column] for handles in self.handles]
            if len(counts) > 2 and max(counts[-2:]) > max(counts[:2]) + 2:
                self.faults.append(f"{what}: {counts}")
        return {
            "minutes": round((time.monotonic() - self._began_s) / 60, 1),
            "rounds": len(self.handles),
            "shown": {
                name: [round(min(rates), 1), round(float(np.mean(rates)), 1)] for name, rates in self.rates.items()
            },
            "memory_mib": [round(first), round(last)],
            "growth": round(growth, 4),
            "injected": dict(self._injected.raised),
            "threads_and_files": [self.handles[0], self.handles[-1]] if self.handles else [],
            "faults": self.faults,
        }


def _analyze(folder: Path, *arguments: str, largest_file: int | None = None) -> "subprocess.Popen[bytes]":
    """`agecam analyze demo` in a folder, in a process of its own whose files may have this size in bytes."""
    folder.mkdir(exist_ok=True)

    def limit() -> None:
        if largest_file is not None:
            resource.setrlimit(resource.RLIMIT_FSIZE, (largest_file, resource.RLIM_INFINITY))

    command = [sys.executable, "-m", "agecam", "analyze", "demo", *arguments]
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)}
    nowhere = subprocess.DEVNULL
    return subprocess.Popen(command, cwd=folder, env=environment, stdout=nowhere, stderr=nowhere, preexec_fn=limit)


def _names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--minutes", type=float, default=60)
    minutes = parser.parse_args().minutes
    prepare_process()
    unhandled = _collect_unhandled()
    with tempfile.TemporaryDirectory(prefix="agecam-soak-") as name:
        folder = Path(name)
        application, translators = prepare_application("system")
        settings = Settings(loop=True, folder=str(folder / "saved"), show_hud=True, asked_to_blur=True)
        injected = Injected()
        injected.patch_recordings()
        logging.getLogger("agecam").addHandler(LogCounter(injected))
        window = MainWindow(settings, folder / "settings.json", injected.build, injected.open, recognise, lambda: [])
        window.show()
        stream = Stream()
        soak = Soak(window, stream, injected, folder, minutes)
        steps = soak.rounds()
        with tqdm(total=round(60 * minutes), unit="s", desc="Soaking", disable=None) as bar:

            def next_step() -> None:
                try:
                    wait_s = next(steps)
                except StopIteration:
                    application.quit()
                    return
                except Exception:  # otherwise the window would stay open
                    soak.faults.append(traceback.format_exc())
                    application.quit()
                    return
                QTimer.singleShot(round(1e3 * wait_s), next_step)

            def every_second() -> None:
                soak.note()
                bar.update(min(1, bar.total - bar.n))

            second = QTimer(interval=1000)
            second.timeout.connect(every_second)
            second.start()
            QTimer.singleShot(0, next_step)
            application.exec()
            second.stop()
        stream.cut()
        window.close()
        if not window.all_ended:
            soak.faults.append("a thread did not end")
        del translators
        soak.faults += unhandled
        soak.faults += [f"not logged: exceptions in {thread}" for thread in injected.unlogged() if thread != "main"]
        print(json.dumps(soak.summary(), indent=1))
    sys.stdout.flush()
    return bool(soak.faults)


def _collect_unhandled() -> list[str]:
    """Collect unhandled exceptions and Qt warnings from now on."""
    caught: list[str] = []

    def on_exception(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
        if not isinstance(error, InjectedError):
            caught.append("".join(traceback.format_exception(kind, error, trace)))

    def on_qt_message(kind: QtMsgType, _: Any, text: str) -> None:
        if kind != QtMsgType.QtDebugMsg and "propagateSizeHints" not in text:
            caught.append(f"Qt: {text}")

    sys.excepthook = on_exception
    threading.excepthook = lambda args: on_exception(args.exc_type, args.exc_value or Exception(), args.exc_traceback)
    qInstallMessageHandler(on_qt_message)
    logging.getLogger("agecam").addHandler(logging.NullHandler())
    return caught


if __name__ == "__main__":
    sys.exit(main())
