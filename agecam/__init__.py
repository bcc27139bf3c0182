"""Apparent age and gender for every face: live from a webcam, or in videos, streams and pictures."""

from typing import TYPE_CHECKING, Any

from agecam.errors import AgeCamError
from agecam.types import Face, FrameResult
from agecam.version import __version__

if TYPE_CHECKING:
    from agecam.analyzer import Analyzer
    from agecam.sources.picture_files.reading import read_picture

__all__ = ["AgeCamError", "Analyzer", "Face", "FrameResult", "__version__", "read_picture"]


def __getattr__(name: str) -> Any:
    # NumPy, OpenCV and OpenVINO take a while to import: import them only when needed.
    if name == "Analyzer":
        from agecam.analyzer import Analyzer

        return Analyzer
    if name == "read_picture":
        from agecam.sources.picture_files.reading import read_picture

        return read_picture
    raise AttributeError(f"module 'agecam' has no attribute '{name}'")
