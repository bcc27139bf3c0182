"""Freed memory is returned to the system, and resident memory is measured."""

import platform
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from agecam.runtime.memory import resident_mib

linux = pytest.mark.skipif(not Path("/proc/self/statm").exists(), reason="the system has no /proc")
glibc = pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="only glibc needs it")

ALLOCATE_AND_FREE = """
import sys
import numpy as np
from agecam.runtime.memory import limit_fragmentation, resident_mib

if sys.argv[1] == "limited":
    limit_fragmentation()
np.ones(6_000_000, np.uint8)  # after the first one, glibc would keep freed memory of this size
before_mib = resident_mib()
pictures, small = [], []
for _ in range(20):
    pictures.append(np.ones(6_000_000, np.uint8))
    small.append(np.ones(60_000, np.uint8))
del pictures
print(resident_mib() - before_mib)
"""


def growth_mib(mode: str) -> float:
    command = [sys.executable, "-c", ALLOCATE_AND_FREE, mode]
    return float(subprocess.run(command, capture_output=True, text=True, check=True).stdout)


@linux
def test_resident_memory_is_measured() -> None:
    before_mib = resident_mib()
    picture = np.ones(100 * 2**20, np.uint8)
    assert resident_mib() - before_mib == pytest.approx(100, abs=20)
    del picture
    assert resident_mib() - before_mib < 20


@linux
@glibc
def test_freed_pictures_do_not_fragment_memory() -> None:
    assert growth_mib("limited") < 10
    assert growth_mib("glibc default") > 80
