"""Detection of devices, and the low priority of the networks' threads when there is a window."""

import subprocess
import sys

import pytest

from agecam.runtime.device import NICENESS, gpu_in_sight, has_bfloat16, in_background

_SCRIPT = """
import os, threading
from pathlib import Path
import numpy as np
from agecam.runtime.environment import prepare_process
prepare_process()
from agecam.engine.options import EngineOptions
from agecam.live.loading import build_live_engine
def priorities():
    found = {}
    for thread in Path("/proc/self/task").iterdir():
        try:
            found[int(thread.name)] = os.getpriority(os.PRIO_PROCESS, int(thread.name))
        except ProcessLookupError:
            pass
    return found
before = priorities()
engine = build_live_engine(EngineOptions(device="cpu"))
after = priorities()
print(before[threading.get_native_id()], after[threading.get_native_id()])
print(*sorted({value for thread, value in after.items() if thread not in before}))
"""


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux has a priority for each thread")
@pytest.mark.parametrize("caller_niceness", [0, 15])
def test_network_threads_have_low_priority_and_the_caller_keeps_its_own(caller_niceness: int) -> None:
    command = ["nice", "-n", str(caller_niceness), sys.executable, "-c", _SCRIPT]
    process = subprocess.run(command, capture_output=True, text=True, timeout=120, check=True)
    caller, started = process.stdout.splitlines()
    before, after = caller.split()
    assert before == after
    assert started.split() == [str(min(int(before) + NICENESS, 19))]


def test_in_background_returns_the_result_and_raises_the_error() -> None:
    assert in_background(lambda: 7) == 7
    with pytest.raises(ZeroDivisionError):
        in_background(lambda: 1 // 0)


def test_devices_are_detected_without_tensorflow() -> None:
    code = (
        "import sys; from agecam.runtime.device import gpu_in_sight, has_bfloat16, has_cuda_libraries\n"
        "print(gpu_in_sight(), has_cuda_libraries(), has_bfloat16()); assert 'tensorflow' not in sys.modules"
    )
    process = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert process.stdout.split()[0] == str(gpu_in_sight())
    assert process.stdout.split()[2] == str(has_bfloat16())
