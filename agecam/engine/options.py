"""Options of the engine, and the smallest face that it detects."""

from dataclasses import dataclass

from agecam.backends import BackendChoice, DeviceChoice

STILL_FACE_PX = 24.0
"""Smallest face in still pictures, as the side of its box in pixels, if nothing else is asked for: without a frame rate
to keep there is time to find small faces."""
VIDEO_FACE_PX = 60.0
"""The same in videos, cameras and streams from 720 px on. In smaller frames it is a twelfth of the shorter side, but
not less than in still pictures."""


def smallest_face_px(asked_px: float | None, shorter_px: int, still: bool, halved: bool = False) -> float:
    """Smallest face to detect in a frame with this shorter side: what was asked for, or else the default.

    It is twice as large in a video whose frames are `halved` for the search.
    """
    if asked_px is not None:
        return asked_px
    if still:
        return STILL_FACE_PX
    return min(VIDEO_FACE_PX, max(STILL_FACE_PX, shorter_px * VIDEO_FACE_PX / 720)) * (2 if halved else 1)


@dataclass(frozen=True, slots=True)
class EngineOptions:
    """Options of `build_engine`."""

    model: str = "compact"
    """Name of a model, or path of its card."""
    device: DeviceChoice = "auto"
    backend: BackendChoice = "auto"
    min_face_px: float | None = None
    """Smallest face to detect, as the side of its box in pixels of the frame; None: `smallest_face_px` decides."""
    detect_every: int = 1
    """In videos, detect faces in every Nth frame and propagate them in between."""
    track: bool = True
    """Track each person through a video; else analyse each frame alone."""
    number_stills: bool = False
    """Number the faces of a still picture from 1, so that a list can refer to them; else their track is None."""
    smooth: bool = True
    """In videos, smooth each person's estimate over all frames so far; else estimate from each frame alone."""
    budget_ms: float | None = None
    """Time budget of a step, for live sources; None: run all stages on every frame. Needs `track` and `smooth`."""
