"""What every frame source offers, and the part of it that all of them share."""

from abc import ABC, abstractmethod
from collections.abc import Iterator
from dataclasses import dataclass
from types import TracebackType
from typing import Protocol, TypeVar, runtime_checkable

from agecam.types import Frame

_Self = TypeVar("_Self")


@dataclass(frozen=True, slots=True)
class SourceInfo:
    """What is known of a source before its frames are read."""

    name: str
    """Name a person knows the source by; never a password."""
    width: int
    height: int
    """Pixels of the first frame, upright. Later frames of a folder or a stream may differ."""
    fps: float | None
    """Frames a second; None for pictures, and where the source does not say."""
    frame_count: int | None
    """An estimate of the frames to come; None where nobody can know, as with a camera."""
    live: bool
    """Whether frames are lost when they are not read in time."""

    @property
    def duration_s(self) -> float | None:
        """How long it lasts, about; None where nobody can know."""
        if self.live or self.frame_count is None:
            return None
        return self.frame_count / self.fps if self.fps else self.frame_count * SECONDS_A_PICTURE


SECONDS_A_PICTURE = 1.0
"""Pictures of a folder follow each other at this pace, as in a slide show."""
SEEK_TOLERANCE_S = 0.001
"""Many files count time in milliseconds, so a frame's own time may lie this far beside where its rate puts it."""


@runtime_checkable
class FrameSource(Protocol):
    """Frames in order, one at a time. Used by one thread, which also closes it."""

    @property
    def info(self) -> SourceInfo:
        """What is known of the source; stays the same while it is read."""

    def read(self) -> Frame | None:
        """The next frame, or None at the end and after `close`.

        The image is contiguous and belongs to the caller alone. Raises SourceError on failure.
        """

    def close(self) -> None:
        """Release the device or file; harmless a second time."""

    def __enter__(self: _Self) -> _Self: ...

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None: ...

    def __iter__(self) -> Iterator[Frame]: ...


@runtime_checkable
class SeekableSource(FrameSource, Protocol):
    """A file: any place in it can be read next."""

    def seek(self, time_s: float) -> None:
        """Let `read` go on with the frame shown at a time: the last one that begins by then, also after the end.

        Before the start that is the first frame, beyond the end the last. Frames have the index and time that they
        have for someone who reads up to them. Raises SourceError. Not after `close`.
        """


class BaseSource(ABC):
    """A `FrameSource` less its reading: the `with` statement and the `for` loop."""

    def __init__(self, info: SourceInfo) -> None:
        self._info = info

    @property
    def info(self) -> SourceInfo:
        """What is known of the source; stays the same while it is read."""
        return self._info

    @abstractmethod
    def read(self) -> Frame | None:
        """The next frame, or None at the end and after `close`; raises SourceError on failure."""

    @abstractmethod
    def close(self) -> None:
        """Release the device or file; harmless a second time."""

    def __enter__(self: _Self) -> _Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def __iter__(self) -> Iterator[Frame]:
        while (frame := self.read()) is not None:
            yield frame
