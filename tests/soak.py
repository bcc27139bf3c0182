"""Long test of the real window under faults: python -m tests.soak --minutes 60

The demo and an MJPEG stream play in turns; the stream sends damaged pictures, is cut and restored; a file is missing;
the user records, takes screenshots, and changes what is shown. Memory, threads and open files must not grow, pictures
must be shown at the rate of their source, and there must be no unhandled exceptions.
"""

import argparse
import gc
import json
import logging
import multiprocessing
import os
import socket
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
from agecam.ui.app import build_engine, open_with, prepare_application, recognise
from agecam.ui.main_window import MainWindow

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

    def __init__(self, window: MainWindow, stream: Stream, folder: Path, minutes: float) -> None:
        self._window, self._stream, self._folder = window, stream, folder
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
                getattr(window.actions_, name).toggle()
                yield 0.3
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
            self._stream.cut()
            window.close_source()
            yield 1
            self._check_files()
            gc.collect()
            self.handles.append((self._process.num_threads(), self._process.num_fds()))

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
                    if sum(1 for _ in file.decode(video=0)) < 20:
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
            "threads_and_files": [self.handles[0], self.handles[-1]] if self.handles else [],
            "faults": self.faults,
        }


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--minutes", type=float, default=60)
    minutes = parser.parse_args().minutes
    prepare_process()
    unhandled = _collect_unhandled()
    with tempfile.TemporaryDirectory(prefix="agecam-soak-") as name:
        folder = Path(name)
        application, translators = prepare_application("system")
        settings = Settings(loop=True, folder=str(folder / "saved"), show_hud=True)
        window = MainWindow(settings, folder / "settings.json", build_engine, open_with, recognise, lambda: [])
        window.show()
        stream = Stream()
        soak = Soak(window, stream, folder, minutes)
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
        print(json.dumps(soak.summary(), indent=1))
    sys.stdout.flush()
    return bool(soak.faults)


def _collect_unhandled() -> list[str]:
    """Collect unhandled exceptions and Qt warnings from now on."""
    caught: list[str] = []

    def on_exception(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
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
