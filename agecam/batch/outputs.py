"""Outputs for analysed frames: results files, annotated video, annotated pictures. Each fails on its own."""

import errno
import logging
import math
import os
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Generic, TypeVar

from agecam.batch.console import Console
from agecam.batch.inputs import Input
from agecam.batch.summary import Summary
from agecam.errors import OutputError, as_agecam_error
from agecam.outputs import CsvWriter, JsonLinesWriter, StillWriter, VideoWriter, write_plot
from agecam.overlay import OverlayStyle, Placer, annotate, blur_faces
from agecam.runtime.files import PathLike, Writer
from agecam.sources import SourceInfo
from agecam.types import Frame, FrameResult, Image

log = logging.getLogger(__name__)

MAX_FAILURES = 10
"""An output that fails this many times in a row for an unexpected reason is given up."""
STDOUT = "-"
STANDARD_OUTPUT = "standard output"


@dataclass(frozen=True)
class AnalysedFrame:
    """A frame with its result."""

    frame: Frame
    result: FrameResult
    style: OverlayStyle
    placer: Placer | None = None
    """Remembers the places of labels from frame to frame."""

    @cached_property
    def annotated(self) -> Image:
        """`(H, W, 3) uint8` BGR; drawn on first access."""
        faces, image = self.result.faces, self.frame.image_bgr
        if self.style.blur_faces:  # also those that may be none
            image = blur_faces(image, faces, [index for index, face in enumerate(faces) if not face.confirmed])
        return annotate(image, self.result.people, self.style, self.placer)


class Output(ABC):
    """One output. It receives the frames in order, and is closed once, also after a failed write."""

    frames = 0
    """Number of frames written."""
    failures = 0
    """Number of failed writes in a row."""
    name: str
    """For messages."""
    replaced = False
    """Whether it has replaced an earlier file."""

    remark: str | None = None
    """What the user should know about the complete output."""

    @property
    def final_name(self) -> str:
        """What `name` became; another one if a file of this name could not be replaced."""
        return self.name

    @abstractmethod
    def write(self, analysed: AnalysedFrame) -> None:
        """Write the next frame."""

    def close(self) -> None:  # noqa: B027, an output of whole pictures has nothing to complete
        """Complete what was written; without any frame, leave nothing behind."""


_W = TypeVar("_W", bound=Writer)


class FileOutput(Output, Generic[_W]):
    """An output that is one file."""

    def __init__(
        self, path: PathLike, open_writer: Callable[[], _W], write: Callable[[_W, AnalysedFrame], None]
    ) -> None:
        """Raises what `open_writer` raises."""
        self.name = os.fspath(path)
        self._replaces = self.name != STDOUT and Path(path).exists()
        self._writer = open_writer()
        self._path = self._writer.path
        self._write = write

    @property
    def final_name(self) -> str:  # noqa: D102
        return self.name if self._writer.path == self._path else str(self._writer.path)

    def write(self, analysed: AnalysedFrame) -> None:  # noqa: D102
        self._write(self._writer, analysed)

    def close(self) -> None:  # noqa: D102
        if not self.frames:
            self._writer.discard()
            return
        self._writer.close()
        self.replaced = self._replaces and self._writer.path == self._path


def json_output(path: str) -> Output:
    """One line of JSON per frame; raises OutputError."""
    return FileOutput(path, lambda: JsonLinesWriter(path), lambda writer, analysed: writer.write(analysed.result))


def csv_output(path: str) -> Output:
    """One row per face; raises OutputError."""
    return FileOutput(path, lambda: CsvWriter(path), lambda writer, analysed: writer.write(analysed.result))


class VideoOutput(FileOutput[VideoWriter]):
    """The annotated video of a source."""

    def __init__(self, path: Path, info: SourceInfo, keeps_sound: bool = True) -> None:
        """Raises OutputError."""
        sound = info.sound if keeps_sound else None
        super().__init__(
            path, lambda: VideoWriter(path, info.width, info.height, info.fps or 0, sound=sound), _write_frame
        )

    def close(self) -> None:  # noqa: D102
        super().close()
        if self._writer.sound_error is not None:
            self.remark = str(self._writer.sound_error)


def _write_frame(writer: VideoWriter, analysed: AnalysedFrame) -> None:
    writer.write(analysed.annotated, analysed.frame.time_s, analysed.frame.duration_s)


class PlotOutput(Output):
    """The plot of a picture."""

    def __init__(self, path: Path) -> None:
        self.name = str(path)

    def write(self, analysed: AnalysedFrame) -> None:  # noqa: D102
        path = Path(self.name)
        if page := analysed.frame.index:
            path = path.with_name(f"{path.stem}-page{page + 1}{path.suffix}")
        write_plot(path, analysed.annotated, analysed.result.people)


class StillsOutput(Output):
    """The annotated picture, or the first annotated frame of each second of a video."""

    def __init__(self, folder: str, writer: StillWriter, stem: str, is_picture: bool) -> None:
        """Pictures of a video are named like `stem-frame000120`, after their frame."""
        self.name = folder
        self._writer = writer
        self._stem = stem
        self._is_picture = is_picture
        self._next_s = -math.inf

    def write(self, analysed: AnalysedFrame) -> None:  # noqa: D102
        if self._is_picture:
            page = f"-page{analysed.frame.index + 1}" if analysed.frame.index else ""
            self._writer.write(analysed.annotated, f"{self._stem}{page}")
        elif analysed.frame.time_s >= self._next_s:
            self._next_s = math.floor(analysed.frame.time_s) + 1
            self._writer.write(analysed.annotated, f"{self._stem}-frame{analysed.frame.index:06d}")


class SummaryOutput(Output):
    """A summary of one source on the console."""

    def __init__(self, console: Console, name: str, is_picture: bool, show_gender: bool) -> None:
        self.name = STANDARD_OUTPUT
        self._console = console
        self._source_name = name
        self._show_gender = show_gender
        self._summary = Summary(is_picture)

    def write(self, analysed: AnalysedFrame) -> None:  # noqa: D102
        self._summary.add(analysed.result)

    def close(self) -> None:  # noqa: D102
        if self.frames:
            self._console.result(self._summary.describe(self._source_name, self._show_gender))


class OutputGroup:
    """Outputs that are written together. An error ends one of them, is reported once, and leaves the others alone."""

    def __init__(self, console: Console, shared: "OutputGroup | None" = None) -> None:
        """`shared` is written too, but not closed."""
        self._console = console
        self._shared = shared
        self._outputs: list[Output] = []
        self.completed: list[Output] = []
        """Outputs that were closed with at least one frame."""
        self.failed = self.reader_is_gone = False
        """Whether an output has failed; whether nobody reads standard output any more."""

    @property
    def alive(self) -> bool:
        """Whether any output can still be written."""
        return bool(self._outputs) or (self._shared is not None and self._shared.alive)

    def add(self, output: Output) -> None:
        """Add an output."""
        self._outputs.append(output)

    def try_to_add(self, open_output: Callable[[], Output]) -> None:
        """Open an output and add it; report a failure."""
        try:
            self.add(open_output())
        except Exception as error:
            self._report(error)

    def write(self, analysed: AnalysedFrame) -> None:
        """Write a frame to all outputs."""
        for output in tuple(self._outputs):
            try:
                output.write(analysed)
            except Exception as error:
                self._handle(output, error)
            else:
                output.frames += 1
                output.failures = 0
        if self._shared is not None:
            self._shared.write(analysed)

    def close(self) -> None:
        """Complete all outputs."""
        for output in tuple(self._outputs):
            self._close(output)

    def _handle(self, output: Output, error: Exception) -> None:
        output.failures += 1
        if output.failures == 1:
            self._report(error, output.name)
        if isinstance(error, OutputError | OSError) or output.failures == MAX_FAILURES:
            self._close(output)
            if output in self.completed and not self.reader_is_gone:
                self._console.warning(f"What was written to {output.final_name} before is kept.")

    def _close(self, output: Output) -> None:
        self._outputs.remove(output)
        try:
            output.close()
        except Exception as error:
            self._report(error, output.name)
            return
        if output.frames:
            self.completed.append(output)
            self._tell_about(output)

    def _tell_about(self, output: Output) -> None:
        if output.final_name != output.name:
            self._console.error(f"{output.name} cannot be replaced: the new file is {output.final_name}.")
        if output.remark is not None:
            self._console.warning(output.remark)

    def _report(self, error: Exception, name: str | None = None) -> None:
        self.failed = True
        if _is_gone_reader(error, name):  # as when a pager is closed: not worth a sentence
            self.reader_is_gone = True
            self._console.errors += 1
            return
        explained = as_agecam_error(error)
        if explained is not error:
            log.error("%s", name or "an output", exc_info=error)
        self._console.error(str(explained) if explained is error or name is None else f"{name}: {explained}")


class RunOutputs(ABC):
    """All outputs of a run: those of the whole run, and those of one source after another."""

    def __init__(self, console: Console, style: OverlayStyle) -> None:
        self.console = console
        self.style = style
        self.shared = OutputGroup(console)
        """Outputs of the whole run."""
        self.completed: list[Output] = []
        """Complete outputs of single sources."""
        self.frames = 0
        self.faces = 0
        self.finished = False
        """Whether all outputs have failed and nothing more can be written."""

    @abstractmethod
    def add_for(self, group: OutputGroup, item: Input, info: SourceInfo) -> None:
        """Add the outputs of one source; `info.name` is its name in the results."""

    @contextmanager
    def open(self, item: Input, info: SourceInfo) -> Iterator[OutputGroup]:
        """The outputs for the frames of one source, closed at its end, whatever ends it."""
        group = OutputGroup(self.console, self.shared)
        self.add_for(group, item, info)
        try:
            yield group
        finally:
            group.close()
            self.completed += group.completed
            all_failed = not self.shared.alive and not group.completed
            self.finished = all_failed and (self.shared.failed or group.reader_is_gone)

    def count(self, result: FrameResult) -> None:
        """Count an analysed frame and its faces."""
        self.frames += 1
        self.faces += len(result.people)

    def close(self) -> None:
        """Complete the outputs of the whole run."""
        self.shared.close()


def _is_gone_reader(error: BaseException, name: str | None) -> bool:
    """Whether an output failed because the program or the terminal that reads it is gone."""
    gone = (errno.EPIPE, errno.EIO) if name in (STDOUT, STANDARD_OUTPUT) else (errno.EPIPE,)
    return any(isinstance(cause, OSError) and cause.errno in gone for cause in (error, error.__cause__))
