"""What is freed goes back to the system, and what is held is told."""

import platform
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from agecam.runtime.memory import resident_mib

linux = pytest.mark.skipif(not Path("/proc/self/statm").exists(), reason="the system tells memory another way")
glibc = pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="other C libraries have ways of their own")

PICTURES_COME_AND_GO = """
import sys
import numpy as np
from agecam.runtime.memory import keep_in_one_piece, resident_mib

if sys.argv[1] == "as told":
    keep_in_one_piece()
np.ones(6_000_000, np.uint8)  # from the first on, glibc would keep what is freed for more of the kind
before_mib = resident_mib()
pictures, notes = [], []
for _ in range(20):
    pictures.append(np.ones(6_000_000, np.uint8))
    notes.append(np.ones(60_000, np.uint8))
del pictures
print(resident_mib() - before_mib)
"""


def left_behind_mib(how: str) -> float:
    command = [sys.executable, "-c", PICTURES_COME_AND_GO, how]
    return float(subprocess.run(command, capture_output=True, text=True, check=True).stdout)


@linux
def test_memory_that_is_held_is_told() -> None:
    before_mib = resident_mib()
    picture = np.ones(100 * 2**20, np.uint8)
    assert resident_mib() - before_mib == pytest.approx(100, abs=20)
    del picture
    assert resident_mib() - before_mib < 20


@linux
@glibc
def test_pictures_leave_nothing_behind() -> None:
    assert left_behind_mib("as told") < 10
    assert left_behind_mib("as glibc would") > 80
