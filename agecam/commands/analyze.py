"""`agecam analyze`: analyses sources and writes results files, annotated videos and annotated pictures."""

import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from agecam.batch.analysis import Analysis, Excerpt, LazyEngine
from agecam.batch.console import Console
from agecam.batch.inputs import Input, find_inputs, unique_stems
from agecam.batch.interrupts import Interrupts
from agecam.batch.outputs import (
    STANDARD_OUTPUT,
    STDOUT,
    Output,
    OutputGroup,
    PlotOutput,
    RunOutputs,
    StillsOutput,
    SummaryOutput,
    VideoOutput,
    csv_output,
    json_output,
)
from agecam.batch.report import ReportOutput
from agecam.batch.summary import counted
from agecam.commands import DONE, FAILED
from agecam.engine.options import EngineOptions
from agecam.errors import OutputError, UsageError
from agecam.outputs import StillWriter, check_plot_path, check_video_path
from agecam.outputs.report import is_pdf
from agecam.outputs.report.content import Report
from agecam.outputs.report.html import html_page
from agecam.overlay import OverlayStyle
from agecam.runtime.signals import exit_status
from agecam.sources import SourceInfo

if TYPE_CHECKING:
    from agecam.backends import BackendChoice, DeviceChoice
_MAX_LISTED = 6
"""Number of files named in a message."""


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
    report: str | None = None
    recursive: bool = False
    blur_faces: bool = False
    hide_gender: bool = False
    quiet: bool = False
    model: str = "compact"
    min_face_px: float | None = None
    detect_every: int = 1
    each_frame: bool = False
    max_frames: int | None = None
    start_s: float | None = None
    end_s: float | None = None
    every_s: float | None = None
    no_sound: bool = False
    device: "DeviceChoice" = "auto"
    backend: "BackendChoice" = "auto"


def run_analyze(options: AnalyzeOptions) -> int:
    """Analyse all sources and return the exit code.

    Raises:
        UsageError: the arguments contradict each other.
        OutputError: an output cannot be written; checked before the networks load where possible.
        WeightsError: the model cannot be used.
    """
    console = Console(options.quiet, stdout_is_data=STDOUT in (options.jsonl, options.csv))
    found = find_inputs(options.sources, options.recursive)
    inputs = found.inputs
    if not found.errors:
        _check_output_options(options, inputs)
    videos = _output_paths("video", "mp4", options.video, [item for item in inputs if not item.is_picture])
    plots = _output_paths("plot", "png", options.plot, [item for item in inputs if item.is_picture])
    _check_distinct_paths(options, inputs, [*_with_option("video", videos), *_with_option("plot", plots)])
    for error in found.errors:
        console.error(str(error))
    for remark in found.remarks:
        console.warning(str(remark))
    if (skipped := found.skipped()) is not None:
        console.status(skipped)

    for path in videos.values():
        check_video_path(path)
    for path in plots.values():
        check_plot_path(path)
    render = _report_renderer(options.report) if options.report is not None else None
    stills = StillWriter(options.images, ".jpg") if options.images is not None else None
    with Interrupts() as interrupts:
        outputs = _Outputs(options, console, unique_stems(inputs), videos, plots, stills, render)
        engine_options = EngineOptions(
            options.model,
            options.device,
            options.backend,
            options.min_face_px,
            detect_every=1 if options.blur_faces else options.detect_every,  # nobody may be missed
            smooth=not options.each_frame,
        )
        excerpt = Excerpt(options.start_s, options.end_s, options.every_s)
        engine = LazyEngine(engine_options, console, interrupts)
        analysis = Analysis(engine, console, interrupts, options.max_frames, excerpt)
        try:
            analysis.run(inputs, outputs)
        except KeyboardInterrupt as interruption:
            console.warning(f"Stopped after {counted(outputs.frames, 'frame')}{outputs.kept()}.")
            return exit_status(interruption)
    outputs.tell_written()
    return FAILED if console.errors else DONE


class _Outputs(RunOutputs):
    """The outputs of one run."""

    def __init__(
        self,
        options: AnalyzeOptions,
        console: Console,
        stems: dict[Input, str],
        videos: dict[Input, Path],
        plots: dict[Input, Path],
        stills: StillWriter | None,
        render: Callable[[Report], bytes] | None,
    ) -> None:
        """Raises OutputError if a results file cannot be written."""
        super().__init__(console, OverlayStyle(show_gender=not options.hide_gender, blur_faces=options.blur_faces))
        self._options = options
        self._stems = stems
        self._videos = videos
        self._plots = plots
        self._stills = stills
        try:
            if options.jsonl is not None:
                self.shared.add(json_output(options.jsonl))
            if options.csv is not None:
                self.shared.add(csv_output(options.csv))
            if options.report is not None and render is not None:
                self.shared.add(ReportOutput(options.report, render, self.style))
        except OutputError:
            self.shared.close()
            raise

    def add_for(self, group: OutputGroup, item: Input, info: SourceInfo) -> None:
        if self._has_no_outputs:
            group.try_to_add(lambda: SummaryOutput(self.console, info.name, info.is_picture, self.style.show_gender))
        if item in self._videos and not info.is_picture:
            group.try_to_add(lambda: VideoOutput(self._videos[item], info, keeps_sound=not self._options.no_sound))
        if item in self._plots:
            group.try_to_add(lambda: PlotOutput(self._plots[item]))
        if (stills := self._stills) is not None and (folder := self._options.images) is not None:
            group.try_to_add(lambda: StillsOutput(folder, stills, self._stems[item], info.is_picture))

    def kept(self) -> str:
        """End of the message about an interrupted run."""
        return f": the results so far are complete in {_listed(self._written())}" if self._written() else ""

    def tell_written(self) -> None:
        """Print what was written and what it replaced."""
        if not self._written():
            return
        frames, faces = counted(self.frames, "frame"), counted(self.faces, "face")
        self.console.result(f"Wrote {_listed(self._written())} ({frames}, {faces}).")
        if replaced := [output.name for output in self._complete() if output.replaced]:
            noun = "an earlier file" if len(replaced) == 1 else "earlier files"
            self.console.result(f"This replaced {noun}: {_listed(replaced)}.")

    def _complete(self) -> list[Output]:
        return [*self.shared.completed, *self.completed]

    def _written(self) -> list[str]:
        """Paths of the complete files and of the folder of pictures."""
        paths = dict.fromkeys(output.final_name for output in self._complete())
        return [path for path in paths if path not in (STDOUT, STANDARD_OUTPUT)]

    @property
    def _has_no_outputs(self) -> bool:
        options = self._options
        return all(
            output is None
            for output in (options.jsonl, options.csv, options.video, options.images, options.plot, options.report)
        )


def _check_output_options(options: AnalyzeOptions, inputs: Sequence[Input]) -> None:
    if options.jsonl == options.csv == STDOUT:
        raise UsageError("Only one of --jsonl and --csv can go to standard output: give a file name for the other.")
    if options.video is not None and all(item.is_picture for item in inputs):
        raise UsageError("--video is for videos and all sources are pictures: use --images instead.")
    if options.plot is not None and not any(item.is_picture for item in inputs):
        raise UsageError(
            "--plot is for pictures and no source is one: save a frame as a picture and give that file instead."
        )


def _report_renderer(path: str) -> Callable[[Report], bytes]:
    """What makes a report's file of its content; raises OutputError if it cannot be made here."""
    if not is_pdf(path):
        return html_page
    try:
        from agecam.ui.system.pdf import check_without_window, pdf_without_window
    except ImportError as error:
        raise OutputError(
            "Cannot write {path}: Qt, which makes the PDF, cannot be loaded ({reason}); choose a name ending in .html.",
            path=path,
            reason=" ".join(str(error).split()),
        ) from error
    check_without_window()
    return pdf_without_window


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
    kinds = ("jsonl", "csv", "report")
    outputs = [(f"--{kind} {path}", Path(path)) for kind in kinds if (path := getattr(options, kind))]
    outputs = [(name, path) for name, path in outputs if str(path) != STDOUT]
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


def _listed(names: Sequence[str]) -> str:
    """The names in a sentence; many are counted."""
    *others, last = names
    if len(names) > _MAX_LISTED:
        return f"{others[0]} and {len(names) - 1:,} more files"
    return f"{', '.join(others)} and {last}" if others else last
