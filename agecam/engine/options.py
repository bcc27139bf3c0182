"""What a person chooses of the engine."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from agecam.backends import BackendChoice, DeviceChoice


@dataclass(frozen=True, slots=True)
class EngineOptions:
    """What `build_engine` is told."""

    model: str = "compact"
    device: "DeviceChoice" = "auto"
    backend: "BackendChoice" = "auto"
    min_face_px: float = 40.0
    detect_every: int = 1
    fuse: bool = True
    """Say of everybody in a video what all frames say together."""
