"""Three minutes of the soak: see `python -m tests.soak`."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

MINUTES = 3


@pytest.mark.timeout(600)
def test_three_minutes_with_everything_going_wrong() -> None:
    root = Path(__file__).resolve().parent.parent
    command = [sys.executable, "-m", "tests.soak", "--minutes", str(MINUTES)]
    env = os.environ | {"QT_QPA_PLATFORM": "offscreen"}
    done = subprocess.run(command, cwd=root, env=env, capture_output=True, text=True, timeout=500)
    assert done.stdout, done.stderr
    figures = json.loads(done.stdout)
    # How fast pictures come is a figure of the machine, not a test's to judge.
    assert [fault for fault in figures["faults"] if "times a second" not in fault] == []
    assert done.returncode == bool(figures["faults"])
    assert figures["rounds"] >= 2
