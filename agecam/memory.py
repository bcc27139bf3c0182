"""What the networks, sources and recordings leave behind."""

import ctypes
import gc


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
