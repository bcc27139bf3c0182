"""Where analysed frames go: results files, annotated video, annotated pictures."""

import math
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from functools import cached_property
from types import TracebackType

from agecam.outputs import CsvWriter, JsonLinesWriter, PathLike, StillWriter
from agecam.overlay import OverlayStyle, annotate
from agecam.types import Frame, FrameResult, Image


@dataclass(frozen=True)
class Shot:
    """A frame with its result."""

    frame: Frame
    result: FrameResult
    style: OverlayStyle

    @cached_property
    def annotated(self) -> Image:
        """`(H, W, 3) uint8` BGR; drawn when it is first asked for."""
        return annotate(self.frame.image_bgr, self.result.faces, self.style)


Take = Callable[[Shot], None]
"""What is done with each frame, in order."""


@contextmanager
def afterwards(action: Callable[[], None]) -> Iterator[None]:
    """Do `action` at the end, also when Ctrl-C brought it, as that leaves outputs complete."""
    try:
        yield
    except KeyboardInterrupt:
        action()
        raise
    action()


class Results:
    """JSON lines and CSV of all sources of a run. A run without a single frame leaves none behind.

    Raises OutputError at opening and while writing.
    """

    def __init__(self, jsonl: PathLike | None, csv: PathLike | None) -> None:
        self.frames = 0
        self.faces = 0
        with ExitStack() as stack:
            self._writers: list[JsonLinesWriter | CsvWriter] = []
            if jsonl is not None:
                self._writers.append(stack.enter_context(JsonLinesWriter(jsonl)))
            if csv is not None:
                self._writers.append(stack.enter_context(CsvWriter(csv)))
            self._stack = stack.pop_all()

    def __enter__(self) -> "Results":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if not self.frames:
            for writer in self._writers:
                writer.discard()
        self._stack.__exit__(kind, error, trace)

    def take(self, shot: Shot) -> None:
        """Append a frame."""
        for writer in self._writers:
            writer.write(shot.result)
        self.frames += 1
        self.faces += len(shot.result.faces)


class SecondlyStills:
    """Writes the first annotated frame of each second of a source."""

    def __init__(self, writer: StillWriter, stem: str) -> None:
        """The pictures are called `stem`, and for a video `stem-frame000120` by the number of the frame."""
        self._writer = writer
        self._stem = stem
        self._next_s = -math.inf

    def take(self, shot: Shot) -> None:
        """Write the frame if it is the first of its second."""
        if shot.frame.time_s >= self._next_s:
            self._next_s = math.floor(shot.frame.time_s) + 1
            self._writer.write(shot.annotated, f"{self._stem}-frame{shot.frame.index:06d}")
