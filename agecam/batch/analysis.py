"""Runs sources through the engine one after another; a source that fails is reported and the rest continue."""

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, ExitStack
from dataclasses import replace
from itertools import groupby, islice
from typing import TYPE_CHECKING

from agecam.batch.console import Console, Progress
from agecam.batch.inputs import Input
from agecam.batch.interrupts import Interrupts
from agecam.batch.outputs import AnalysedFrame, FrameSink
from agecam.engine.options import EngineOptions
from agecam.errors import DetectorError, SourceError
from agecam.overlay import OverlayStyle
from agecam.runtime.quiet import quiet_stderr
from agecam.sources import SourceInfo, open_source

if TYPE_CHECKING:
    from agecam.engine.engine import Engine

OpenSinks = Callable[[Input, SourceInfo], AbstractContextManager[Sequence[FrameSink]]]
"""Opens the sinks for the frames of a source; `info.name` is its name in the results."""


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
        style: OverlayStyle,
        max_frames: int | None = None,
    ) -> None:
        """`max_frames` limits the number of frames per source."""
        self._engine = engine
        self._console = console
        self._interrupts = interrupts
        self._style = style
        self._max_frames = max_frames

    def run(self, inputs: Sequence[Input], open_sinks: OpenSinks) -> None:
        """Analyse every source.

        A source that cannot be read, or not to its end, is reported on the console.

        Raises:
            WeightsError, UsageError: the engine cannot be built.
            OutputError: an output cannot be written.
            KeyboardInterrupt: Ctrl-C was pressed; outputs are complete up to the last whole frame.
        """
        for are_pictures, group in groupby(inputs, key=lambda item: item.is_picture):
            items = list(group)
            if are_pictures:
                with Progress("pictures", "pictures", len(items), self._console.quiet) as progress:
                    for item in items:
                        self._analyse(item, open_sinks, progress)
            else:
                for item in items:
                    self._analyse(item, open_sinks)

    def _analyse(self, item: Input, open_sinks: OpenSinks, progress: Progress | None = None) -> None:
        self._interrupts.check()
        if item.is_live:
            self._engine.get()  # before opening: frames of an open camera would pile up while it loads
        try:
            source = open_source(item.spec)
        except SourceError as error:
            self._console.error(str(error))
            return
        info = source.info if item.path is None else replace(source.info, name=item.name)
        with ExitStack() as stack:
            stack.enter_context(source)
            sinks = stack.enter_context(open_sinks(item, info))
            engine = self._engine.get()
            if progress is None:
                expected = _expected_frames(info, self._max_frames)
                progress = stack.enter_context(Progress(info.name, "frames", expected, self._console.quiet))
            if info.live and self._max_frames is None:
                self._console.status(f"Analysing {info.name}; press Ctrl-C to stop.")
            try:
                for frame in islice(source, self._max_frames):
                    self._interrupts.check()
                    result = engine.step(replace(frame, source=info.name))
                    analysed = AnalysedFrame(frame, result, self._style)
                    for sink in sinks:
                        sink(analysed)
                    progress.advance()
            except (SourceError, DetectorError) as error:
                # Caught while the outputs are open, so that they keep the frames read so far.
                prefix = f"{info.name}: " if isinstance(error, DetectorError) else ""
                self._console.error(f"{prefix}{error}")


def _expected_frames(info: SourceInfo, max_frames: int | None) -> int | None:
    if max_frames is None or (info.frame_count is None and not info.live):
        return info.frame_count
    return min(max_frames, info.frame_count or max_frames)
