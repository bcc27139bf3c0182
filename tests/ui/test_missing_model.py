"""The window after `agecam models remove`: it uses the built-in model instead of the one in its settings."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from live_parts import wait_until
from models import is_one_sentence
from pytestqt.qtbot import QtBot
from window_parts import WindowHarness

from agecam.runtime.settings import Settings
from agecam.ui.controllers.settings import with_installed_model
from agecam.ui.widgets.dialogs import SettingsDialog

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def harness(qtbot: QtBot, tmp_path: Path) -> Iterator[WindowHarness]:
    harness = WindowHarness(qtbot, tmp_path)
    yield harness
    harness.close()


def test_a_model_that_is_gone_is_replaced() -> None:
    settings, problem = with_installed_model(Settings(model="gone", theme="dark"))
    assert (settings.model, settings.theme) == ("compact", "dark")
    assert problem is not None
    assert is_one_sentence(str(problem))
    assert "'gone'" in str(problem)
    kept = Settings()
    assert with_installed_model(kept) == (kept, None)


def test_the_settings_dialog_never_chooses_no_model(harness: WindowHarness) -> None:
    """A model may be removed while the window is open."""
    window = harness.open_window(model="gone")
    harness.in_dialog(SettingsDialog, SettingsDialog.accept)
    window.actions_.settings.trigger()
    assert window.settings.current.model == "compact"


@pytest.mark.skipif(sys.platform == "win32", reason="the program is ended by a signal")
def test_the_program_starts_with_the_built_in_model(tmp_path: Path) -> None:
    config = tmp_path / "config" / "AgeCam" / "settings.json"
    config.parent.mkdir(parents=True)
    config.write_text(json.dumps({"model": "gone"}))
    folders = {f"XDG_{name.upper()}_HOME": str(tmp_path / name) for name in ("config", "state", "cache", "data")}
    process = subprocess.Popen(
        [sys.executable, "main.py", "demo"],
        cwd=ROOT,
        env=os.environ | folders | {"QT_QPA_PLATFORM": "offscreen"},
        stderr=subprocess.PIPE,
        text=True,
    )
    log = tmp_path / "state" / "AgeCam" / "log" / "agecam.log"
    try:
        wait_until(lambda: log.exists() and "opening demo" in log.read_text(encoding="utf-8"), 60)
        process.send_signal(signal.SIGTERM)
        assert process.wait(30) == 143
    finally:
        process.kill()
        process.communicate()
    assert "The model 'gone' is not installed any more" in log.read_text(encoding="utf-8")
    assert json.loads(config.read_text(encoding="utf-8"))["model"] == "compact"
