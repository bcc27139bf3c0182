"""What must be settled before any heavy import. Standard library only."""

import faulthandler
import os

from agecam.runtime.memory import keep_in_one_piece


def prepare_environment() -> None:
    """Set the environment that TensorFlow and OpenCV read when they are imported.

    Values a person has set win.
    """
    defaults = {
        "TF_CPP_MIN_LOG_LEVEL": "2",  # TensorFlow's start-up notes say nothing to a person
        "OPENCV_VIDEOIO_MSMF_ENABLE_HW_TRANSFORMS": "0",  # else a Windows camera can take 20 s to open
        "OPENCV_AVFOUNDATION_SKIP_AUTH": "1",  # on macOS the window asks, on the main thread
        "OPENCV_LOG_LEVEL": "ERROR",
        "OPENCV_IO_MAX_IMAGE_PIXELS": "300000000",  # a damaged file may claim to be as large as all memory
    }
    for name, value in defaults.items():
        os.environ.setdefault(name, value)


def prepare_process() -> None:
    """First call of every AgeCam process: the environment, its memory, and a trace if native code crashes."""
    prepare_environment()
    keep_in_one_piece()
    if not faulthandler.is_enabled():
        faulthandler.enable()
