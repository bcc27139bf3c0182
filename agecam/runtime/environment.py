"""Process setup that must happen before any heavy import. Standard library only."""

import faulthandler
import os

from agecam.runtime.memory import limit_fragmentation


def prepare_environment() -> None:
    """Set the environment variables that TensorFlow and OpenCV read when they are imported.

    Variables that are already set are kept.
    """
    defaults = {
        "TF_CPP_MIN_LOG_LEVEL": "2",  # hide TensorFlow's start-up log
        "OPENCV_VIDEOIO_MSMF_ENABLE_HW_TRANSFORMS": "0",  # otherwise a camera on Windows can take 20 s to open
        "OPENCV_AVFOUNDATION_SKIP_AUTH": "1",  # on macOS the window asks for permission, on the main thread
        "OPENCV_LOG_LEVEL": "ERROR",
        "OPENCV_IO_MAX_IMAGE_PIXELS": "300000000",  # a damaged file may claim a size that fills all memory
    }
    for name, value in defaults.items():
        os.environ.setdefault(name, value)


def prepare_process() -> None:
    """First call of every AgeCam process: sets up its environment, memory, and a traceback if native code crashes."""
    prepare_environment()
    limit_fragmentation()
    if not faulthandler.is_enabled():
        faulthandler.enable()
