"""Process setup that must happen before any heavy import. Standard library only.

All of it is for AgeCam's own processes: a program that imports `agecam` keeps its settings.
"""

import faulthandler
import logging
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress

from agecam.runtime.memory import limit_fragmentation

FRAMEWORKS = {
    "TF_CPP_MIN_LOG_LEVEL": "2",  # hide TensorFlow's start-up log
    "TF_FORCE_GPU_ALLOW_GROWTH": "true",  # allocate GPU memory as needed instead of all at once
    "XLA_PYTHON_CLIENT_PREALLOCATE": "false",  # the same for JAX
}
"""Variables that the frameworks behind Keras read when they start."""
_OPENCV = {
    "OPENCV_LOG_LEVEL": "ERROR",
    "OPENCV_IO_MAX_IMAGE_PIXELS": "300000000",  # a damaged file may claim a size that fills all memory
}
_OPENCV_ON_WINDOWS = {"OPENCV_VIDEOIO_MSMF_ENABLE_HW_TRANSFORMS": "0"}  # otherwise a camera can take 20 s to open


def prepare_environment() -> None:
    """Configure TensorFlow and OpenCV, which read the environment when they are imported; set variables are kept."""
    windows = _OPENCV_ON_WINDOWS if sys.platform == "win32" else {}
    for name, value in (FRAMEWORKS | _OPENCV | windows).items():
        os.environ.setdefault(name, value)
    logging.getLogger("tensorflow").setLevel(logging.ERROR)  # it remarks on every new size of picture


def prepare_process() -> None:
    """First call of every AgeCam process: sets up its environment, memory, and a traceback if native code crashes."""
    prepare_environment()
    limit_fragmentation()
    if not faulthandler.is_enabled():
        with suppress(AttributeError, OSError, RuntimeError, ValueError):  # stderr is missing, closed or not a file
            faulthandler.enable()


@contextmanager
def restored_variables(*names: str) -> Iterator[None]:
    """Give these environment variables their values back at the end of the block, whatever it has set."""
    before = {name: os.environ.get(name) for name in names}
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value
