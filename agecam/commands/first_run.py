"""`agecam [SOURCE]` without a window: writes an annotated video, some pictures and the results to `out/`."""

import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path

from agecam.batch.analysis import Analysis, LazyEngine
from agecam.batch.console import Console
from agecam.batch.highlights import COUNT, Highlights
from agecam.batch.inputs import Input, find_inputs, unique_stems
from agecam.batch.interrupts import Interrupts
from agecam.batch.outputs import FrameSink, ResultsWriter, on_completion
from agecam.batch.summary import Summary, counted
from agecam.commands import DONE, FAILED, INTERRUPTED
from agecam.engine.options import EngineOptions
from agecam.errors import SourceError
from agecam.outputs import StillWriter, VideoWriter
from agecam.overlay import OverlayStyle
from agecam.sources import SourceInfo, list_cameras, open_source
from agecam.types import Image

FOLDER = Path("out")
_LIVE_FRAMES = 300


def run_first(spec: str | None, why_no_window: str, model: str | None = None) -> int:
    """Analyse a source, by default the first camera or else the demo, and return the exit code.

    Overwrites files of the same names from an earlier run. Raises OutputError and WeightsError.
    """
    console = Console()
    console.result(f"{why_no_window}, so AgeCam runs without one and writes its results to {FOLDER}/.")
    if spec is None:
        spec = _first_camera()
        if spec is None:
            spec = "demo"
            console.result("No camera can be opened, so AgeCam analyses the demo.")

    inputs, errors = find_inputs([spec])
    for error in errors:
        console.error(str(error))
    outputs = _Outputs(console, unique_stems(inputs))
    start_s = time.monotonic()
    status = DONE
    with Interrupts() as interrupts:
        max_frames = _LIVE_FRAMES if any(item.is_live for item in inputs) else None
        options = EngineOptions() if model is None else EngineOptions(model)
        analysis = Analysis(LazyEngine(options, console, interrupts), console, interrupts, OverlayStyle(), max_frames)
        try:
            with outputs.results:
                analysis.run(inputs, outputs.open)
        except KeyboardInterrupt:
            console.warning(f"Stopped after {counted(outputs.results.frames, 'frame')}; the files are complete.")
            status = INTERRUPTED
    if outputs.results.frames:
        frames, elapsed_s = outputs.results.frames, time.monotonic() - start_s
        files = "\n".join(f"  {path}" for path in [*outputs.written, outputs.results_path])
        console.result(
            f"{counted(frames, 'frame')} analysed in {elapsed_s:.1f} s, including loading. Files written:\n{files}"
        )
    return status or (FAILED if console.errors else DONE)


def _first_camera() -> str | None:
    """Number of the first camera, if it can be opened."""
    for camera in list_cameras()[:1]:
        try:
            open_source(str(camera.index)).close()
        except SourceError:
            break
        return str(camera.index)
    return None


class _Outputs:
    """The outputs in `out/`."""

    def __init__(self, console: Console, stems: dict[Input, str]) -> None:
        self._console = console
        self._stems = stems
        self._stills = StillWriter(FOLDER, ".jpg")
        self.results_path = FOLDER / "results.jsonl"
        self.results = ResultsWriter(self.results_path, csv=None)
        self.written: list[Path] = []
        """Paths of the complete videos and pictures."""

    @contextmanager
    def open(self, item: Input, info: SourceInfo) -> Iterator[list[FrameSink]]:
        """The sinks for the frames of one source, closed at its end."""
        summary = Summary(item.is_picture)
        stem = self._stems[item]
        with ExitStack() as stack:
            stack.enter_context(on_completion(lambda: self._print_summary(summary, info.name)))
            if item.is_picture:
                sinks = [lambda analysed: self._replace_stills([analysed.annotated], [f"{stem}-annotated"])]
            else:
                sinks = stack.enter_context(self._video(stem, info))
            yield [self.results.write, lambda analysed: summary.add(analysed.result), *sinks]

    def _print_summary(self, summary: Summary, name: str) -> None:
        if summary.frames:
            self._console.result(summary.describe(name, show_gender=True))

    @contextmanager
    def _video(self, stem: str, info: SourceInfo) -> Iterator[list[FrameSink]]:
        path = FOLDER / f"{stem}-annotated.mp4"
        highlights = Highlights()

        def finish() -> None:
            pictures = highlights.pictures()
            if pictures:
                self.written.append(path)
                self._replace_stills(pictures, [f"{stem}-still-{number}" for number in range(1, COUNT + 1)])

        with on_completion(finish), VideoWriter(path, info.width, info.height, info.fps or 0) as video:
            yield [lambda analysed: video.write(analysed.annotated, analysed.frame.time_s), highlights.add]

    def _replace_stills(self, pictures: Sequence[Image], stems: Sequence[str]) -> None:
        """Write the pictures under the first stems; first delete the pictures of an earlier run under any of them."""
        for stem in stems:
            (FOLDER / f"{stem}.jpg").unlink(missing_ok=True)
        for picture, stem in zip(pictures, stems, strict=False):
            self.written.append(self._stills.write(picture, stem))
