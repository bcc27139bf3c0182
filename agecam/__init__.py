"""Apparent age and gender beside every face: live from a webcam, or over videos, streams and pictures."""

from typing import TYPE_CHECKING, Any

from agecam.errors import AgeCamError
from agecam.types import Face, FrameResult

if TYPE_CHECKING:
    from agecam.analyzer import Analyzer

__all__ = ["AgeCamError", "Analyzer", "Face", "FrameResult", "__version__"]
__version__ = "0.1.0"


def __getattr__(name: str) -> Any:
    # NumPy, OpenCV and OpenVINO take a while to import: only when they are asked for.
    if name == "Analyzer":
        from agecam.analyzer import Analyzer

        return Analyzer
    raise AttributeError(f"module 'agecam' has no attribute '{name}'")
