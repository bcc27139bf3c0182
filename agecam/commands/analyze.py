"""`agecam analyze`: many sources into results files, annotated videos and annotated pictures."""

import os
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from agecam.commands import DONE, FAILED, INTERRUPTED
from agecam.commands.analysis import Analysis, Engines
from agecam.commands.console import Console
from agecam.commands.inputs import Input, find_inputs, stems_of
from agecam.commands.interrupts import Interrupts
from agecam.commands.outputs import Results, SecondlyStills, Shot, Take, afterwards
from agecam.commands.seen import Seen, counted
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
    """A file where it has an ending, else a folder."""
    images: str | None = None
    plot: str | None = None
    """A file where it has an ending, else a folder."""
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
        OutputError: an output cannot be written; one that can be known at once is, before the networks load.
        WeightsError: the model cannot be used.
    """
    console = Console(options.quiet, stdout_is_data=_STDOUT in (options.jsonl, options.csv))
    inputs, failures = find_inputs(options.sources)
    if not failures:
        _check_purpose(options, inputs)
    videos = _paths("video", "mp4", options.video, [item for item in inputs if not item.is_picture])
    plots = _paths("plot", "png", options.plot, [item for item in inputs if item.is_picture])
    _check_apart(options, inputs, [*_named("video", videos), *_named("plot", plots)])
    for failure in failures:
        console.problem(str(failure))

    for path in videos.values():
        check_video_path(path)
    for path in plots.values():
        check_plot_path(path)
    stills = StillWriter(options.images, ".jpg") if options.images is not None else None
    run = _Run(options, console, stems_of(inputs), videos, plots, stills)
    with Interrupts() as interrupts:
        engine_options = EngineOptions(
            options.model,
            options.device,
            options.backend,
            options.min_face_px,
            options.detect_every,
            fuse=not options.each_frame,
        )
        analysis = Analysis(
            Engines(engine_options, console, interrupts), console, interrupts, run.style, options.max_frames
        )
        try:
            with run.results:
                analysis.run(inputs, run.outputs)
        except KeyboardInterrupt:
            console.remark(f"Stopped after {counted(run.results.frames, 'frame')}{run.kept()}.")
            return INTERRUPTED
    if run.written:
        frames, faces = counted(run.results.frames, "frame"), counted(run.results.faces, "face")
        console.say(f"Wrote {_listed(run.written)} ({frames}, {faces}).")
    return FAILED if console.problems else DONE


class _Run:
    """The outputs of one call."""

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
        self.results = Results(options.jsonl, options.csv)
        self._completed: list[str] = []

    @property
    def written(self) -> list[str]:
        """Names of the files that are complete, and of the folder of pictures."""
        if not self.results.frames:
            return []
        results = [path for path in (self._options.jsonl, self._options.csv) if path not in (None, _STDOUT)]
        images = [self._options.images] if self._options.images is not None else []
        return [name for name in (*results, *self._completed, *images) if name is not None]

    def kept(self) -> str:
        """The end of a sentence about a run that was stopped."""
        return f": what was done until then is complete in {_listed(self.written)}" if self.written else ""

    @contextmanager
    def outputs(self, item: Input, info: SourceInfo) -> Iterator[list[Take]]:
        """What takes the frames of one source."""
        takes: list[Take] = [self.results.take]
        with ExitStack() as stack:
            if self._has_no_outputs:
                seen = Seen(item.is_picture)
                takes.append(lambda shot: seen.add(shot.result))
                stack.enter_context(afterwards(lambda: self._tell(seen, info.name)))
            if item in self._videos:
                path = self._videos[item]
                before = self.results.frames
                stack.enter_context(afterwards(lambda: self._note_video(path, before)))
                video = VideoWriter(path, info.width, info.height, info.fps or 0)
                stack.enter_context(video)
                takes.append(lambda shot: video.write(shot.annotated, shot.frame.time_s))
            if item in self._plots:
                takes.append(self._plot_taker(self._plots[item]))
            if self._stills is not None:
                takes.append(_still_taker(self._stills, item, self._stems[item]))
            yield takes

    def _tell(self, seen: Seen, name: str) -> None:
        if seen.frames:
            self._console.say(seen.describe(name, self.style.show_gender))

    def _plot_taker(self, path: Path) -> Take:
        def take(shot: Shot) -> None:
            write_plot(path, shot.annotated, shot.result.faces)
            self._completed.append(str(path))

        return take

    def _note_video(self, path: Path, frames_before: int) -> None:
        if self.results.frames > frames_before:
            self._completed.append(str(path))

    @property
    def _has_no_outputs(self) -> bool:
        options = self._options
        return all(
            output is None for output in (options.jsonl, options.csv, options.video, options.images, options.plot)
        )


def _still_taker(stills: StillWriter, item: Input, stem: str) -> Take:
    if not item.is_picture:
        return SecondlyStills(stills, stem).take

    def take(shot: Shot) -> None:
        stills.write(shot.annotated, stem)

    return take


def _check_purpose(options: AnalyzeOptions, inputs: Sequence[Input]) -> None:
    if options.jsonl == options.csv == _STDOUT:
        raise UsageError("Only one of --jsonl and --csv can go to standard output: name a file for the other.")
    if options.video is not None and all(item.is_picture for item in inputs):
        raise UsageError("--video is for videos and there are only pictures: use --images for these.")
    if options.plot is not None and not any(item.is_picture for item in inputs):
        raise UsageError("--plot is for pictures and there are none: save one of the frames, and name that.")


def _paths(kind: str, ending: str, target: str | None, items: Sequence[Input]) -> dict[Input, Path]:
    """Which annotated video, or plot, belongs to which source."""
    if target is None or not items:
        return {}
    is_folder = target.endswith(("/", os.sep)) or Path(target).is_dir() or not Path(target).suffix
    if not is_folder:
        if len(items) > 1:
            what = "pictures" if kind == "plot" else "videos"
            raise UsageError(
                f"--{kind} {target} is one file and there are {len(items)} {what}: name a folder for them."
            )
        return {items[0]: Path(target)}
    return {item: Path(target) / f"{stem}.{ending}" for item, stem in stems_of(items).items()}


def _named(kind: str, paths: dict[Input, Path]) -> list[tuple[str, Path]]:
    return [(f"--{kind} {path}", path) for path in paths.values()]


def _check_apart(options: AnalyzeOptions, inputs: Sequence[Input], written: Sequence[tuple[str, Path]]) -> None:
    """No output may fall on a source or on another output."""
    outputs = [(f"--{kind} {path}", Path(path)) for kind in ("jsonl", "csv") if (path := getattr(options, kind))]
    outputs = [(name, path) for name, path in outputs if str(path) != _STDOUT]
    outputs += written
    sources = [item.path for item in inputs if item.path is not None]
    for index, (name, path) in enumerate(outputs):
        if any(_is_same(path, source) for source in sources):
            raise UsageError(f"{name} would replace a source: choose another name.")
        if any(_is_same(path, other) for _, other in outputs[:index]):
            raise UsageError(f"{name} is named for two outputs: choose another name for one of them.")
    if options.images is not None:
        folders = {item.path.parent for item in inputs if item.path is not None and item.is_picture}
        if any(_is_same(Path(options.images), folder) for folder in folders):
            raise UsageError(
                f"--images {options.images} holds pictures to analyse, and those with labels would mix with "
                "them: choose another folder."
            )


def _is_same(path: Path, other: Path) -> bool:
    try:
        return path.samefile(other)
    except (OSError, ValueError):  # one of them is not there yet
        return os.path.realpath(path) == os.path.realpath(other)


def _listed(names: Sequence[str]) -> str:
    *others, last = names
    return f"{', '.join(others)} and {last}" if others else last
