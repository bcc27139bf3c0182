"""Outputs for analysed frames: results files, annotated video, annotated pictures."""

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
class AnalysedFrame:
    """A frame with its result."""

    frame: Frame
    result: FrameResult
    style: OverlayStyle

    @cached_property
    def annotated(self) -> Image:
        """`(H, W, 3) uint8` BGR; drawn on first access."""
        return annotate(self.frame.image_bgr, self.result.faces, self.style)


FrameSink = Callable[[AnalysedFrame], None]
"""Receives every frame of a source, in order."""


@contextmanager
def on_completion(action: Callable[[], None]) -> Iterator[None]:
    """Call `action` at the end, also after Ctrl-C, which leaves complete outputs, but not after other errors."""
    try:
        yield
    except KeyboardInterrupt:
        action()
        raise
    action()


class ResultsWriter:
    """Writes JSON lines and CSV for all sources of a run. A run without any frame leaves no files.

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

    def __enter__(self) -> "ResultsWriter":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if not self.frames:
            for writer in self._writers:
                writer.discard()
        self._stack.__exit__(kind, error, trace)

    def write(self, analysed: AnalysedFrame) -> None:
        """Append a frame."""
        for writer in self._writers:
            writer.write(analysed.result)
        self.frames += 1
        self.faces += len(analysed.result.faces)


class PeriodicStills:
    """Writes the first annotated frame of each second of a source."""

    def __init__(self, writer: StillWriter, stem: str) -> None:
        """Pictures are named like `stem-frame000120`, after their frame."""
        self._writer = writer
        self._stem = stem
        self._next_s = -math.inf

    def write(self, analysed: AnalysedFrame) -> None:
        """Write the frame if it is the first of its second."""
        if analysed.frame.time_s >= self._next_s:
            self._next_s = math.floor(analysed.frame.time_s) + 1
            self._writer.write(analysed.annotated, f"{self._stem}-frame{analysed.frame.index:06d}")
