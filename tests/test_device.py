"""What the computer can compute on, and that the networks beside a window take what the window leaves."""

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


@pytest.mark.skipif(sys.platform != "linux", reason="the priority of a single thread is Linux's")
@pytest.mark.parametrize("callers_niceness", [0, 15])
def test_the_networks_threads_come_last_and_the_callers_own_stays(callers_niceness: int) -> None:
    command = ["nice", "-n", str(callers_niceness), sys.executable, "-c", _SCRIPT]
    ended = subprocess.run(command, capture_output=True, text=True, timeout=120, check=True)
    callers, started = ended.stdout.splitlines()
    before, after = callers.split()
    assert before == after
    assert started.split() == [str(min(int(before) + NICENESS, 19))]


def test_work_in_the_background_gives_its_result_and_its_error() -> None:
    assert in_background(lambda: 7) == 7
    with pytest.raises(ZeroDivisionError):
        in_background(lambda: 1 // 0)


def test_what_the_computer_has_is_found_out_without_tensorflow() -> None:
    code = (
        "import sys; from agecam.runtime.device import gpu_in_sight, has_bfloat16, has_cuda_libraries\n"
        "print(gpu_in_sight(), has_cuda_libraries(), has_bfloat16()); assert 'tensorflow' not in sys.modules"
    )
    ended = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert ended.stdout.split()[0] == str(gpu_in_sight())
    assert ended.stdout.split()[2] == str(has_bfloat16())
