"""The threads behind the window. This package does not depend on Qt."""

from agecam.live.capture import CaptureState, CaptureThread, Phase
from agecam.live.inference import BuildEngine, InferenceThread, LiveEngine
from agecam.live.session import LiveSession
from agecam.live.statistics import LiveStatistics
from agecam.live.view import View

__all__ = [
    "BuildEngine",
    "CaptureState",
    "CaptureThread",
    "InferenceThread",
    "LiveEngine",
    "LiveSession",
    "LiveStatistics",
    "Phase",
    "View",
]
