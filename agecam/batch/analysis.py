"""Runs sources through the engine one after another; a source that fails is reported and the rest continue."""

import logging
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import replace
from itertools import groupby, islice
from typing import TYPE_CHECKING, NamedTuple

from agecam.batch.console import Console, Progress
from agecam.batch.inputs import Input
from agecam.batch.interrupts import Interrupts
from agecam.batch.live_frames import frames_until_stopped
from agecam.batch.outputs import AnalysedFrame, OutputGroup, RunOutputs
from agecam.batch.summary import counted
from agecam.engine.options import EngineOptions
from agecam.errors import AgeCamError, SourceError, as_agecam_error
from agecam.overlay import Placer
from agecam.runtime.quiet import quiet_stderr
from agecam.sources import FrameSource, SourceInfo, open_source
from agecam.types import Frame

if TYPE_CHECKING:
    from agecam.engine.engine import Engine

log = logging.getLogger(__name__)

MAX_FAILED_FRAMES = 10
"""A source is given up when this many frames in a row cannot be analysed."""


class Excerpt(NamedTuple):
    """The part of each video to analyse; times in seconds, None for no limit."""

    start_s: float | None = None
    end_s: float | None = None
    every_s: float | None = None
    """One frame for each so many seconds; None for every frame."""


class LazyEngine:
    """Builds the engine when first needed, so that unreadable sources are reported before any network loads."""

    def __init__(self, options: EngineOptions, console: Console, interrupts: Interrupts) -> None:
        self._options = options
        self._console = console
        self._interrupts = interrupts
        self._engine: Engine | None = None

    def get(self) -> "Engine":
        """The engine, reset for the next source; raises what `build_engine` raises."""
        if self._engine is None:
            self._console.status("Loading the networks ...")
            from agecam.engine.engine import build_engine

            # TensorFlow, where needed, logs about the machine whatever its log level.
            with quiet_stderr, self._interrupts.immediate():
                self._engine = build_engine(self._options)
            if self._engine.refusal is not None:
                self._console.warning(str(self._engine.refusal))
        self._engine.reset()
        return self._engine


class Analysis:
    """Runs sources through the engine into their outputs. Every frame is analysed; none is dropped."""

    def __init__(
        self,
        engine: LazyEngine,
        console: Console,
        interrupts: Interrupts,
        max_frames: int | None = None,
        excerpt: Excerpt | None = None,
    ) -> None:
        """`max_frames` limits the number of frames per source, `excerpt` their times."""
        self._engine = engine
        self._console = console
        self._interrupts = interrupts
        self._max_frames = max_frames
        self._excerpt = excerpt or Excerpt()

    def run(self, inputs: Sequence[Input], outputs: RunOutputs) -> None:
        """Analyse every source; at the end, whatever it is, the outputs are complete up to the last whole frame.

        Sources, frames and outputs that fail are reported on the console, and the others continue.

        Raises:
            WeightsError, UsageError: the engine cannot be built.
            KeyboardInterrupt: Ctrl-C was pressed, or the process was asked to end.
        """
        try:
            for are_pictures, group in groupby(inputs, key=lambda item: item.is_picture):
                items = list(group)
                if are_pictures:
                    with Progress("pictures", "pictures", len(items), self._console.quiet) as progress:
                        self._analyse_all(items, outputs, progress)
                else:
                    self._analyse_all(items, outputs)
        finally:
            outputs.close()

    def _analyse_all(self, items: Sequence[Input], outputs: RunOutputs, progress: Progress | None = None) -> None:
        for item in items:
            if outputs.finished:
                return
            self._interrupts.check()
            if item.is_live:
                self._engine.get()  # before opening: frames of an open camera would pile up while it loads
            try:
                with self._interrupts.immediate():  # a camera may wait for the user's permission
                    source = open_source(item.spec, **self._excerpt._asdict())
            except Exception as error:
                self._report(item.name, error)
                continue
            try:
                self._analyse(item, source, outputs, progress)
            finally:
                with suppress(Exception):
                    source.close()

    def _analyse(self, item: Input, source: FrameSource, outputs: RunOutputs, progress: Progress | None) -> None:
        is_named = item.path is not None or "://" in item.name
        info = replace(source.info, name=item.name) if is_named else source.info
        for remark in info.remarks:
            self._console.warning(str(remark))
        engine = self._engine.get()
        with outputs.open(item, info) as group:
            if not group.alive:
                return
            if progress is not None:
                self._analyse_frames(info, iter(source), engine, outputs, group, progress)
                return
            if info.live and self._max_frames is None:
                self._console.status(f"Analysing {info.name}; press Ctrl-C to stop.")
            expected = _expected_frames(info, self._max_frames)
            with Progress(info.name, "frames", expected, self._console.quiet) as progress:
                self._analyse_frames(info, self._frames(item, info, source), engine, outputs, group, progress)

    def _frames(self, item: Input, info: SourceInfo, source: FrameSource) -> Iterator[Frame]:
        frames = iter(source)
        if info.live:
            frames = frames_until_stopped(source, lambda: open_source(item.spec), self._console, self._interrupts)
        return islice(frames, self._max_frames)

    def _analyse_frames(
        self,
        info: SourceInfo,
        frames: Iterator[Frame],
        engine: "Engine",
        outputs: RunOutputs,
        group: OutputGroup,
        progress: Progress,
    ) -> None:
        failed = in_a_row = 0
        placer = Placer()
        try:
            for frame in frames:
                self._interrupts.check()
                try:
                    result = engine.step(replace(frame, source=info.name))
                except Exception as error:
                    failed, in_a_row = failed + 1, in_a_row + 1
                    if not isinstance(error, AgeCamError):
                        engine.reset()  # an unexpected error may leave it half changed
                    if failed == 1:
                        self._report(_place(info, frame), error)
                    if in_a_row == MAX_FAILED_FRAMES:
                        self._console.error(f"{info.name}: left, as {in_a_row} frames in a row could not be analysed.")
                        break
                    continue
                in_a_row = 0
                for remark in result.remarks:
                    self._console.warning(str(remark))
                group.write(AnalysedFrame(frame, result, outputs.style, None if frame.still else placer))
                outputs.count(result)
                progress.advance()
                if not group.alive:
                    break
        except Exception as error:
            self._report(info.name, error)
        if failed > 1:
            self._console.warning(f"{info.name}: {counted(failed, 'frame')} could not be analysed and are left out.")

    def _report(self, name: str, error: Exception) -> None:
        """Report an error; sentences of source errors name the source themselves."""
        explained = as_agecam_error(error)
        if explained is not error:
            log.error("%s", name, exc_info=error)
        self._console.error(str(explained) if isinstance(error, SourceError) else f"{name}: {explained}")


def _place(info: SourceInfo, frame: Frame) -> str:
    return info.name if info.frame_count == 1 else f"{info.name}, frame {frame.index}"


def _expected_frames(info: SourceInfo, max_frames: int | None) -> int | None:
    if max_frames is None or (info.frame_count is None and not info.live):
        return info.frame_count
    return min(max_frames, info.frame_count or max_frames)
