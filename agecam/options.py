"""What a person chooses of the engine; known before TensorFlow is imported."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from agecam.device import DeviceChoice


@dataclass(frozen=True, slots=True)
class EngineOptions:
    """What `build_engine` is told."""

    model: str = "compact"
    device: "DeviceChoice" = "auto"
    min_face_px: float = 40.0
    detect_every: int = 1
    fuse: bool = True
    """Say of everybody in a video what all frames say together."""
