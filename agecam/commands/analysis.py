"""One source after the other through the engine; what cannot be read is told, and the rest goes on."""

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, ExitStack
from dataclasses import replace
from itertools import groupby, islice
from typing import TYPE_CHECKING

from agecam.commands.console import Console, Progress
from agecam.commands.inputs import Input
from agecam.commands.interrupts import Interrupts
from agecam.commands.outputs import Shot, Take
from agecam.engine.options import EngineOptions
from agecam.errors import DetectorError, SourceError
from agecam.overlay import OverlayStyle
from agecam.runtime.quiet import quiet_stderr
from agecam.sources import SourceInfo, open_source

if TYPE_CHECKING:
    from agecam.engine.engine import Engine

OpenOutputs = Callable[[Input, SourceInfo], AbstractContextManager[Sequence[Take]]]
"""Opens what takes the frames of a source; `info.name` is the name in its results."""


class Engines:
    """The engine for single pictures and the one for what moves, over the same networks.

    The networks are loaded when the first of them is needed.
    """

    def __init__(self, options: EngineOptions, console: Console, interrupts: Interrupts) -> None:
        self._options = options
        self._console = console
        self._interrupts = interrupts
        self._built: dict[bool, Engine] = {}

    def get(self, is_picture: bool) -> "Engine":
        """The engine for a source, which it has not seen yet; raises what `build_engine` does."""
        is_first = not self._built
        if is_first:
            self._console.note("Loading the networks ...")
        # Where TensorFlow is needed, it remarks on the machine at length, past all settings of its log level.
        with quiet_stderr, self._interrupts.at_once():
            engine = self._fresh(is_picture)
        if is_first and engine.refusal is not None:
            self._console.remark(str(engine.refusal))
        return engine

    def _fresh(self, is_picture: bool) -> "Engine":
        from agecam.engine.engine import Engine, build_engine

        options = self._options
        detect_every = 1 if is_picture else options.detect_every
        if is_picture not in self._built:
            other = self._built.get(not is_picture)
            self._built[is_picture] = (
                Engine(
                    other.detector,
                    other.estimator,
                    detect_every,
                    track=not is_picture,
                    fuse=options.fuse,
                    device=other.device,
                )
                if other
                else build_engine(
                    options.model,
                    options.device,
                    options.min_face_px,
                    detect_every,
                    track=not is_picture,
                    fuse=options.fuse,
                    backend=options.backend,
                )
            )
        engine = self._built[is_picture]
        engine.reset()
        return engine


class Analysis:
    """Runs sources through the engine into their outputs. Every frame is analysed, none is dropped."""

    def __init__(
        self,
        engines: Engines,
        console: Console,
        interrupts: Interrupts,
        style: OverlayStyle,
        max_frames: int | None = None,
    ) -> None:
        """`max_frames` ends each source early."""
        self._engines = engines
        self._console = console
        self._interrupts = interrupts
        self._style = style
        self._max_frames = max_frames

    def run(self, inputs: Sequence[Input], open_outputs: OpenOutputs) -> None:
        """Analyse every source.

        A source that cannot be read, or not to its end, is told on the console.

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
                        self._analyse(item, open_outputs, progress)
            else:
                for item in items:
                    self._analyse(item, open_outputs)

    def _analyse(self, item: Input, open_outputs: OpenOutputs, progress: Progress | None = None) -> None:
        self._interrupts.check()
        if item.is_live:
            self._engines.get(is_picture=False)  # while it loads, frames of an open camera would pile up
        try:
            source = open_source(item.spec)
        except SourceError as error:
            self._console.problem(str(error))
            return
        info = source.info if item.path is None else replace(source.info, name=item.name)
        with ExitStack() as stack:
            stack.enter_context(source)
            takes = stack.enter_context(open_outputs(item, info))
            engine = self._engines.get(item.is_picture)
            if progress is None:
                expected = _expected_frames(info, self._max_frames)
                progress = stack.enter_context(Progress(info.name, "frames", expected, self._console.quiet))
            if info.live and self._max_frames is None:
                self._console.note(f"Analysing {info.name}; press Ctrl-C to end.")
            try:
                for frame in islice(source, self._max_frames):
                    self._interrupts.check()
                    result = engine.step(replace(frame, source=info.name))
                    shot = Shot(frame, result, self._style)
                    for take in takes:
                        take(shot)
                    progress.advance()
            except (SourceError, DetectorError) as error:
                # Told here, inside the outputs: what was read until now stays.
                where = f"{info.name}: " if isinstance(error, DetectorError) else ""
                self._console.problem(f"{where}{error}")


def _expected_frames(info: SourceInfo, max_frames: int | None) -> int | None:
    if max_frames is None or (info.frame_count is None and not info.live):
        return info.frame_count
    return min(max_frames, info.frame_count or max_frames)
