"""What the window shows of a source at one moment."""

from dataclasses import dataclass

from agecam.errors import AgeCamError
from agecam.types import Face, Frame


@dataclass(frozen=True, slots=True)
class View:
    """A frame with its faces, ready to show."""

    frame: Frame
    faces: tuple[Face, ...]
    """Propagated to this frame."""
    frame_number: int
    """Counts up over all sources."""
    arrived_s: float
    """When the frame arrived, on the monotonic clock."""
    generation: int
    """Number of the source."""
    complete: bool = False
    """Whether all faces were looked for in this very frame."""
    remarks: tuple[AgeCamError, ...] = ()
    """What the user should know about the frame or its faces."""
    hidden: tuple[Face, ...] = ()
    """What the user says are no faces, and unconfirmed faces in still pictures: not drawn or listed, but still
    blurred where all faces are."""
    blurred: frozenset[int] | None = None
    """Indices in `faces` of the people who are blurred even if nobody else is; None while there are no such people."""
    run: int = 0
    """Counts up whenever the source starts again or goes back: the same track in two runs may be two people."""
