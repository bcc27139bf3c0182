"""The one place that chooses between processor and GPU."""

import os
import sys
import threading
from pathlib import Path
from typing import Literal

import tensorflow as tf

from agecam.errors import UsageError

DeviceChoice = Literal["auto", "cpu", "gpu"]

NICENESS = 10
"""Of TensorFlow's threads beside a window: 0 is everybody's, 19 the last in the queue."""


def choose_device(choice: DeviceChoice = "auto") -> str:
    """TensorFlow's name of the device to use: the first GPU where there is one, else the processor.

    GPU memory grows as it is needed, so that other programs keep theirs.

    Raises:
        UsageError: a GPU was asked for and TensorFlow sees none.
    """
    gpus = [] if choice == "cpu" else tf.config.list_physical_devices("GPU")
    for gpu in gpus:
        try:
            tf.config.experimental.set_memory_growth(gpu, True)
        except RuntimeError:
            # The importing program has already started TensorFlow: its own memory setting stands.
            break
    if gpus:
        return "/GPU:0"
    if choice == "gpu":
        raise UsageError(
            "TensorFlow sees no GPU on this machine: compute on the processor instead (--device cpu, or auto)."
        )
    return "/CPU:0"


def has_bfloat16(device: str) -> bool:
    """Whether a device, as `choose_device` names it, has instructions for bfloat16; only Linux tells.

    Measured with AMX, where VGG-Face takes a third of its time in float32. On a GPU float32 stays the reference.
    """
    try:
        flags = Path("/proc/cpuinfo").read_text(encoding="ascii", errors="ignore").partition("flags")[2].split("\n")[0]
    except OSError:
        return False
    return device.startswith("/CPU") and bool({"amx_bf16", "avx512_bf16"} & set(flags.split()))


def start_in_background() -> None:
    """Start TensorFlow so that it takes only what the rest of the program leaves of the processor, where Linux runs.

    Its threads inherit the priority of the one they are started from. The one that calls it later keeps its own: it
    holds Python's lock, and would make others wait for it. To be called after `choose_device` and before anything is
    computed; later it changes nothing.
    """

    def start() -> None:
        os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), NICENESS)
        tf.zeros(())

    if sys.platform == "linux":
        starter = threading.Thread(target=start)
        starter.start()
        starter.join()
