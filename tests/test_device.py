"""TensorFlow beside a window takes what the window leaves."""

import subprocess
import sys

import pytest

from agecam.device import NICENESS, choose_device

_SCRIPT = """
import os, threading
from pathlib import Path
from agecam.bootstrap import prepare_process
prepare_process()
from agecam.device import choose_device, start_in_background
import tensorflow as tf
def priorities():
    found = {}
    for thread in Path("/proc/self/task").iterdir():
        try:
            found[int(thread.name)] = os.getpriority(os.PRIO_PROCESS, int(thread.name))
        except ProcessLookupError:
            pass
    return found
choose_device("cpu")
before = priorities()
start_in_background()
weights = tf.random.normal((512, 512))
tf.linalg.matmul(weights, weights).numpy()
after = priorities()
print(before[threading.get_native_id()], after[threading.get_native_id()])
print(*sorted({value for thread, value in after.items() if thread not in before}))
"""


@pytest.mark.skipif(sys.platform != "linux", reason="the priority of a single thread is Linux's")
def test_the_networks_threads_come_last_and_the_callers_own_stays() -> None:
    ended = subprocess.run([sys.executable, "-c", _SCRIPT], capture_output=True, text=True, timeout=120, check=True)
    callers, started = ended.stdout.splitlines()
    before, after = callers.split()
    assert before == after
    assert started.split() == [str(min(int(before) + NICENESS, 19))]


def test_a_processor_is_always_there() -> None:
    assert choose_device("cpu") == "/CPU:0"
