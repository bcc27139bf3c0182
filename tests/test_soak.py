"""A soak test of three minutes: see `python -m tests.soak`."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

MINUTES = 3


@pytest.mark.timeout(600)
def test_three_minutes_of_faults() -> None:
    root = Path(__file__).resolve().parent.parent
    command = [sys.executable, "-m", "tests.soak", "--minutes", str(MINUTES)]
    env = os.environ | {"QT_QPA_PLATFORM": "offscreen"}
    done = subprocess.run(command, cwd=root, env=env, capture_output=True, text=True, timeout=500)
    assert done.stdout, done.stderr
    summary = json.loads(done.stdout)
    # The frame rate depends on the machine, so this test ignores it.
    assert [fault for fault in summary["faults"] if "times a second" not in fault] == []
    assert done.returncode == bool(summary["faults"])
    assert summary["rounds"] >= 2
