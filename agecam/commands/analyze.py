"""`agecam analyze`: analyses sources and writes results files, annotated videos and annotated pictures."""

import os
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from agecam.batch.analysis import Analysis, LazyEngine
from agecam.batch.console import Console
from agecam.batch.inputs import Input, find_inputs, unique_stems
from agecam.batch.interrupts import Interrupts
from agecam.batch.outputs import AnalysedFrame, FrameSink, PeriodicStills, ResultsWriter, on_completion
from agecam.batch.summary import Summary, counted
from agecam.commands import DONE, FAILED, INTERRUPTED
from agecam.engine.options import EngineOptions
from agecam.errors import UsageError
from agecam.outputs import StillWriter, VideoWriter, check_plot_path, check_video_path, write_plot
from agecam.overlay import OverlayStyle
from agecam.sources import SourceInfo

if TYPE_CHECKING:
    from agecam.backends import BackendChoice, DeviceChoice

_STDOUT = "-"


@dataclass(frozen=True, slots=True)
class AnalyzeOptions:
    """The arguments of `agecam analyze`."""

    sources: Sequence[str]
    jsonl: str | None = None
    csv: str | None = None
    video: str | None = None
    """A file if it has a suffix, otherwise a folder."""
    images: str | None = None
    plot: str | None = None
    """A file if it has a suffix, otherwise a folder."""
    blur_faces: bool = False
    hide_gender: bool = False
    quiet: bool = False
    model: str = "compact"
    min_face_px: float = 40.0
    detect_every: int = 1
    each_frame: bool = False
    max_frames: int | None = None
    device: "DeviceChoice" = "auto"
    backend: "BackendChoice" = "auto"


def run_analyze(options: AnalyzeOptions) -> int:
    """Analyse all sources and return the exit code.

    Raises:
        UsageError: the arguments contradict each other.
        OutputError: an output cannot be written; checked before the networks load where possible.
        WeightsError: the model cannot be used.
    """
    console = Console(options.quiet, stdout_is_data=_STDOUT in (options.jsonl, options.csv))
    inputs, errors = find_inputs(options.sources)
    if not errors:
        _check_output_options(options, inputs)
    videos = _output_paths("video", "mp4", options.video, [item for item in inputs if not item.is_picture])
    plots = _output_paths("plot", "png", options.plot, [item for item in inputs if item.is_picture])
    _check_distinct_paths(options, inputs, [*_with_option("video", videos), *_with_option("plot", plots)])
    for error in errors:
        console.error(str(error))

    for path in videos.values():
        check_video_path(path)
    for path in plots.values():
        check_plot_path(path)
    stills = StillWriter(options.images, ".jpg") if options.images is not None else None
    outputs = _Outputs(options, console, unique_stems(inputs), videos, plots, stills)
    with Interrupts() as interrupts:
        engine_options = EngineOptions(
            options.model,
            options.device,
            options.backend,
            options.min_face_px,
            detect_every=options.detect_every,
            smooth=not options.each_frame,
        )
        analysis = Analysis(
            LazyEngine(engine_options, console, interrupts), console, interrupts, outputs.style, options.max_frames
        )
        try:
            with outputs.results:
                analysis.run(inputs, outputs.open)
        except KeyboardInterrupt:
            console.warning(f"Stopped after {counted(outputs.results.frames, 'frame')}{outputs.kept()}.")
            return INTERRUPTED
    if outputs.written:
        frames, faces = counted(outputs.results.frames, "frame"), counted(outputs.results.faces, "face")
        console.result(f"Wrote {_joined(outputs.written)} ({frames}, {faces}).")
    return FAILED if console.errors else DONE


class _Outputs:
    """The outputs of one run."""

    def __init__(
        self,
        options: AnalyzeOptions,
        console: Console,
        stems: dict[Input, str],
        videos: dict[Input, Path],
        plots: dict[Input, Path],
        stills: StillWriter | None,
    ) -> None:
        self._options = options
        self._console = console
        self._stems = stems
        self._videos = videos
        self._plots = plots
        self._stills = stills
        self.style = OverlayStyle(show_gender=not options.hide_gender, blur_faces=options.blur_faces)
        self.results = ResultsWriter(options.jsonl, options.csv)
        self._completed: list[str] = []

    @property
    def written(self) -> list[str]:
        """Paths of the complete files and of the folder of pictures."""
        if not self.results.frames:
            return []
        results = [path for path in (self._options.jsonl, self._options.csv) if path not in (None, _STDOUT)]
        images = [self._options.images] if self._options.images is not None else []
        return [name for name in (*results, *self._completed, *images) if name is not None]

    def kept(self) -> str:
        """End of the message about an interrupted run."""
        return f": the results so far are complete in {_joined(self.written)}" if self.written else ""

    @contextmanager
    def open(self, item: Input, info: SourceInfo) -> Iterator[list[FrameSink]]:
        """The sinks for the frames of one source, closed at its end."""
        sinks: list[FrameSink] = [self.results.write]
        with ExitStack() as stack:
            if self._has_no_outputs:
                summary = Summary(item.is_picture)
                sinks.append(lambda analysed: summary.add(analysed.result))
                stack.enter_context(on_completion(lambda: self._print_summary(summary, info.name)))
            if item in self._videos:
                path = self._videos[item]
                frames_before = self.results.frames
                stack.enter_context(on_completion(lambda: self._record_video(path, frames_before)))
                video = VideoWriter(path, info.width, info.height, info.fps or 0)
                stack.enter_context(video)
                sinks.append(lambda analysed: video.write(analysed.annotated, analysed.frame.time_s))
            if item in self._plots:
                sinks.append(self._plot_sink(self._plots[item]))
            if self._stills is not None:
                sinks.append(_still_sink(self._stills, item, self._stems[item]))
            yield sinks

    def _print_summary(self, summary: Summary, name: str) -> None:
        if summary.frames:
            self._console.result(summary.describe(name, self.style.show_gender))

    def _plot_sink(self, path: Path) -> FrameSink:
        def plot(analysed: AnalysedFrame) -> None:
            write_plot(path, analysed.annotated, analysed.result.faces)
            self._completed.append(str(path))

        return plot

    def _record_video(self, path: Path, frames_before: int) -> None:
        if self.results.frames > frames_before:
            self._completed.append(str(path))

    @property
    def _has_no_outputs(self) -> bool:
        options = self._options
        return all(
            output is None for output in (options.jsonl, options.csv, options.video, options.images, options.plot)
        )


def _still_sink(stills: StillWriter, item: Input, stem: str) -> FrameSink:
    if not item.is_picture:
        return PeriodicStills(stills, stem).write

    def write(analysed: AnalysedFrame) -> None:
        stills.write(analysed.annotated, stem)

    return write


def _check_output_options(options: AnalyzeOptions, inputs: Sequence[Input]) -> None:
    if options.jsonl == options.csv == _STDOUT:
        raise UsageError("Only one of --jsonl and --csv can go to standard output: give a file name for the other.")
    if options.video is not None and all(item.is_picture for item in inputs):
        raise UsageError("--video is for videos and all sources are pictures: use --images instead.")
    if options.plot is not None and not any(item.is_picture for item in inputs):
        raise UsageError(
            "--plot is for pictures and no source is one: save a frame as a picture and give that file instead."
        )


def _output_paths(kind: str, suffix: str, target: str | None, items: Sequence[Input]) -> dict[Input, Path]:
    """The annotated video or plot of each source."""
    if target is None or not items:
        return {}
    is_folder = target.endswith(("/", os.sep)) or Path(target).is_dir() or not Path(target).suffix
    if not is_folder:
        if len(items) > 1:
            noun = "pictures" if kind == "plot" else "videos"
            raise UsageError(f"--{kind} {target} is one file and there are {len(items)} {noun}: name a folder instead.")
        return {items[0]: Path(target)}
    return {item: Path(target) / f"{stem}.{suffix}" for item, stem in unique_stems(items).items()}


def _with_option(kind: str, paths: dict[Input, Path]) -> list[tuple[str, Path]]:
    return [(f"--{kind} {path}", path) for path in paths.values()]


def _check_distinct_paths(
    options: AnalyzeOptions, inputs: Sequence[Input], video_and_plot_outputs: Sequence[tuple[str, Path]]
) -> None:
    """Raise UsageError where an output would overwrite a source or another output."""
    outputs = [(f"--{kind} {path}", Path(path)) for kind in ("jsonl", "csv") if (path := getattr(options, kind))]
    outputs = [(name, path) for name, path in outputs if str(path) != _STDOUT]
    outputs += video_and_plot_outputs
    sources = [item.path for item in inputs if item.path is not None]
    for index, (name, path) in enumerate(outputs):
        if any(_is_same(path, source) for source in sources):
            raise UsageError(f"{name} would replace a source: choose another name.")
        if any(_is_same(path, other) for _, other in outputs[:index]):
            raise UsageError(f"{name} is used for two outputs: choose another name for one of them.")
    if options.images is not None:
        folders = {item.path.parent for item in inputs if item.path is not None and item.is_picture}
        if any(_is_same(Path(options.images), folder) for folder in folders):
            raise UsageError(
                f"--images {options.images} contains pictures to analyse and annotated ones would be mixed with "
                "them: choose another folder."
            )


def _is_same(path: Path, other: Path) -> bool:
    try:
        return path.samefile(other)
    except (OSError, ValueError):  # one of them does not exist yet
        return os.path.realpath(path) == os.path.realpath(other)


def _joined(names: Sequence[str]) -> str:
    *others, last = names
    return f"{', '.join(others)} and {last}" if others else last
