"""Options of the engine."""

from dataclasses import dataclass

from agecam.backends import BackendChoice, DeviceChoice


@dataclass(frozen=True, slots=True)
class EngineOptions:
    """Options of `build_engine`."""

    model: str = "compact"
    """Name of a model, or path of its card."""
    device: DeviceChoice = "auto"
    backend: BackendChoice = "auto"
    min_face_px: float = 40.0
    """Smallest face to detect, as the side of its box in pixels of the frame."""
    still_face_px: float | None = None
    """The same in still pictures; None: `min_face_px`."""
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
