"""Interfaces of frame sources, and their common base class."""

from abc import ABC, abstractmethod
from collections.abc import Iterator
from dataclasses import dataclass, replace
from types import TracebackType
from typing import Protocol, TypeVar, runtime_checkable

from agecam.errors import SourceError
from agecam.types import Frame

_Self = TypeVar("_Self")


@dataclass(frozen=True, slots=True)
class Sound:
    """The sound of a video, which is read from the file beside its frames."""

    address: str | None
    """Path or address of the video; None for a pipe, which cannot be read a second time for its sound. It may contain
    a password, so it is never shown."""
    start_s: float
    """Time of the first frame by the clock of the file, in seconds."""
    lead_s: float
    """A player of the file has reached `time_s + lead_s` when the frame of `time_s` is displayed, in seconds."""
    has_jumps: bool = False
    """Whether the clock of the file is known to jump."""


@dataclass(frozen=True, slots=True)
class SourceInfo:
    """Properties of a source, known before its frames are read."""

    name: str
    """Display name; never contains a password."""
    width: int
    height: int
    """Size of the first frame in pixels, upright. Later frames of a folder or a stream may differ."""
    fps: float | None
    """Frames per second; None for pictures, and if the source does not specify it."""
    frame_count: int | None
    """Estimated number of frames; None if unknown, as with a camera."""
    live: bool
    """Whether frames are lost if they are not read in time."""
    length_s: float | None = None
    """Duration of a video in seconds, where it is stated; with a variable frame rate, it differs from that of
    `frame_count` frames."""
    sound: Sound | None = None
    """None if there is no sound, or none that can be read."""
    remarks: tuple[SourceError, ...] = ()
    """What the user should know about the source although it can be read; to be shown once."""

    @property
    def is_picture(self) -> bool:
        """Whether these are still pictures: one, or the pages of a file."""
        return not self.live and self.frame_count is not None and self.fps is None

    @property
    def duration_s(self) -> float | None:
        """Approximate duration in seconds; None if unknown."""
        if self.live:
            return None
        if self.length_s is not None or self.frame_count is None:
            return self.length_s
        return self.frame_count / self.fps if self.fps else self.frame_count * SECONDS_PER_PICTURE


RETRY_S = (1.0, 2.0, 3.0, 5.0)
"""Delays between attempts to open a lost camera or stream again; the last one repeats."""
SECONDS_PER_PICTURE = 1.0
"""Time between the pictures of a folder, as in a slide show."""
SEEK_TOLERANCE_S = 0.001
"""Many files store times in whole milliseconds, so a frame's time may differ this much from index / fps."""


@runtime_checkable
class FrameSource(Protocol):
    """Delivers frames in order. Must be read and closed by the same thread."""

    @property
    def info(self) -> SourceInfo:
        """Properties of the source; constant while it is read."""

    def read(self) -> Frame | None:
        """Return the next frame, or None at the end and after `close`.

        The image is contiguous and is not shared with the source. Raises SourceError on failure.
        """

    def close(self) -> None:
        """Release the device or file; may be called more than once."""

    def __enter__(self: _Self) -> _Self: ...

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None: ...

    def __iter__(self) -> Iterator[Frame]: ...


@runtime_checkable
class SeekableSource(FrameSource, Protocol):
    """A source with random access, such as a file."""

    def seek(self, time_s: float) -> None:
        """Make `read` continue with the frame displayed at `time_s`: the last one that starts at or before it.

        Times before the start give the first frame, times after the end the last. Frames have the same index and
        time as in sequential reading. Works after the end of the source, but not after `close`. Raises SourceError.
        """


@runtime_checkable
class SkippingSource(FrameSource, Protocol):
    """A source that can leave out frames at less cost than reading them."""

    def skip_to(self, time_s: float) -> None:
        """Leave out frames before `time_s`, or some of them; goes only forward."""


class BaseSource(ABC):
    """Base class of frame sources: implements the `with` statement and the `for` loop."""

    def __init__(self, info: SourceInfo) -> None:
        self._info = info

    @property
    def info(self) -> SourceInfo:
        """Properties of the source; constant while it is read."""
        return self._info

    def add_remarks(self, remarks: tuple[SourceError, ...]) -> None:
        """Add to the remarks of `info`; before the source is handed out."""
        if remarks:
            self._info = replace(self._info, remarks=self._info.remarks + remarks)

    @abstractmethod
    def read(self) -> Frame | None:
        """Return the next frame, or None at the end and after `close`; raises SourceError on failure."""

    @abstractmethod
    def close(self) -> None:
        """Release the device or file; may be called more than once."""

    def __enter__(self: _Self) -> _Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def __iter__(self) -> Iterator[Frame]:
        while (frame := self.read()) is not None:
            yield frame
