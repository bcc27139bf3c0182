"""`agecam bench --window`, also closed early."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from live_parts import SquareEngine
from PySide6.QtCore import QTimer
from PySide6.QtWidgets import QApplication

from agecam.errors import AgeCamError
from agecam.ui.main_window import MainWindow
from agecam.ui.measure import WARM_UP_S, measure_window

ROOT = Path(__file__).resolve().parents[2]


pytestmark = pytest.mark.usefixtures("qtbot")


def close_after(seconds: float) -> None:
    def close() -> None:
        for widget in QApplication.topLevelWidgets():
            if isinstance(widget, MainWindow):
                widget.close()

    QTimer.singleShot(round(1000 * seconds), close)


def test_the_measurement_ends_after_its_time() -> None:
    shares: list[float] = []
    before = signal.getsignal(signal.SIGINT)
    measured = measure_window("demo", 1.0, shares.append, lambda _: SquareEngine())
    assert measured is not None
    assert measured.seconds == pytest.approx(1.0, abs=0.3)
    assert measured.shown_fps > 10
    assert shares[-1] > 0.7
    assert signal.getsignal(signal.SIGINT) is before


def test_a_window_closed_early_gives_what_was_measured() -> None:
    close_after(WARM_UP_S + 3)
    began = time.monotonic()
    measured = measure_window("demo", 60.0, lambda _: None, lambda _: SquareEngine())
    assert time.monotonic() - began < 20
    assert measured is not None
    assert 0.5 < measured.seconds < 3.5
    assert measured.shown_fps > 10
    assert measured.delay_p50_ms > 0


@pytest.mark.parametrize("seconds", [0.0, 2.0])
def test_a_window_closed_too_early_is_explained(seconds: float) -> None:
    close_after(seconds)
    with pytest.raises(AgeCamError, match="closed before there was anything to measure: leave it open for longer"):
        measure_window("demo", 60.0, lambda _: None, lambda _: SquareEngine())


def test_a_window_closed_while_the_networks_load() -> None:
    def build(_: object) -> SquareEngine:
        time.sleep(3)
        return SquareEngine()

    close_after(0.2)
    with pytest.raises(AgeCamError, match="closed before there was anything to measure"):
        measure_window("demo", 60.0, lambda _: None, build)


def test_the_command_prints_what_was_measured_until_a_signal(tmp_path: Path) -> None:
    path = tmp_path / "window.json"
    env = os.environ | {"QT_QPA_PLATFORM": "offscreen", "HOME": str(tmp_path)}
    process = subprocess.Popen(
        [sys.executable, "main.py", "bench", "--window", "--seconds", "600", "--json", str(path)],
        cwd=ROOT,
        env=env,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    time.sleep(15)
    process.send_signal(signal.SIGTERM)
    out, error = process.communicate(timeout=60)
    assert process.returncode == 0, error
    assert "Traceback" not in error
    assert "frames shown" in out
    assert json.loads(path.read_text())["shown_fps"] > 1
