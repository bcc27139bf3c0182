"""The one place that chooses between processor and GPU."""

from typing import Literal

import tensorflow as tf

from agecam.errors import UsageError

DeviceChoice = Literal["auto", "cpu", "gpu"]


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
        raise UsageError("TensorFlow sees no GPU on this machine: use --device cpu or --device auto.")
    return "/CPU:0"
