"""Measures and limits the memory of this process."""

import ctypes
import gc
import math
import os
from contextlib import suppress
from pathlib import Path


def resident_mib() -> float:
    """Resident memory of this process in MiB; NaN where the system has no /proc."""
    try:
        pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1])
        return pages * os.sysconf("SC_PAGE_SIZE") / 2**20
    except (OSError, ValueError):
        return math.nan


def give_back_unused() -> None:
    """Return unused memory to the system after loading the networks, which leaves about 50 MiB unused."""
    gc.collect()
    give_back_freed()


def give_back_freed() -> None:
    """Return freed memory to the system, where the C library supports it.

    Each source and each recording leaves about 30 MiB of fragments, which glibc would otherwise keep.
    """
    try:
        trim = ctypes.CDLL(None).malloc_trim
    except (AttributeError, OSError, TypeError):  # macOS, Windows, other C libraries
        return
    trim(0)


def limit_fragmentation() -> None:
    """Make glibc map each picture of over 2 MiB separately and return it at once; must be called before threads start.

    Otherwise glibc keeps pictures of all sizes in arenas for each thread, and memory grows by 40 MiB with every source
    that is opened; with this it stays constant.
    """
    with suppress(AttributeError, OSError, TypeError):  # other C libraries
        mallopt = ctypes.CDLL(None).mallopt
        for option, value in ((_M_ARENA_MAX, 2), (_M_MMAP_THRESHOLD, 2**21), (_M_TRIM_THRESHOLD, 2**23)):
            mallopt(option, value)


_M_TRIM_THRESHOLD, _M_MMAP_THRESHOLD, _M_ARENA_MAX = -1, -3, -8
"""From malloc.h."""
