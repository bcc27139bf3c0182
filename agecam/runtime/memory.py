"""What the networks, sources and recordings leave behind."""

import ctypes
import gc
import math
import os
from contextlib import suppress
from pathlib import Path


def resident_mib() -> float:
    """Memory that this process holds; NaN where the system does not tell it this way."""
    try:
        pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1])
        return pages * os.sysconf("SC_PAGE_SIZE") / 2**20
    except (OSError, ValueError):
        return math.nan


def give_back_unused() -> None:
    """After the networks were read and compiled, which leaves about 50 MiB for a use that never comes."""
    gc.collect()
    give_back_freed()


def give_back_freed() -> None:
    """Hand memory that is free inside the process back to the system, where its C library can.

    Each source and each recording leaves some 30 MiB in pieces between what stays; glibc would keep them all.
    """
    try:
        trim = ctypes.CDLL(None).malloc_trim
    except (AttributeError, OSError, TypeError):  # macOS, Windows, other C libraries: they have ways of their own
        return
    trim(0)


def keep_in_one_piece() -> None:
    """Have glibc ask the system for each picture's memory and give it back at once; called before threads start.

    Else it keeps pictures of all sizes in pools of its own for each thread, and their gaps add up: 40 MiB with every
    source that is opened, where this stays flat.
    """
    with suppress(AttributeError, OSError, TypeError):  # other C libraries have ways of their own
        mallopt = ctypes.CDLL(None).mallopt
        for option, value in ((_ARENAS, 2), (_OF_ITS_OWN_FROM, 2**20), (_TRIM_FROM, 2**23)):
            mallopt(option, value)


_TRIM_FROM, _OF_ITS_OWN_FROM, _ARENAS = -1, -3, -8
"""M_TRIM_THRESHOLD, M_MMAP_THRESHOLD and M_ARENA_MAX of malloc.h."""
