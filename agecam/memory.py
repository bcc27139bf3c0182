"""What loading the networks leaves behind."""

import ctypes
import gc


def give_back_unused() -> None:
    """Hand memory that is free inside the process back to the system, where its C library can.

    Reading and compiling the networks takes about 50 MiB that glibc would keep for a use that never comes.
    """
    gc.collect()
    try:
        trim = ctypes.CDLL(None).malloc_trim
    except (AttributeError, OSError, TypeError):  # macOS, Windows, other C libraries: they have ways of their own
        return
    trim(0)
