"""`agecam [SOURCE...]` without a window: writes an annotated video, some pictures and the results to `out/`."""

import time
from collections.abc import Sequence
from pathlib import Path

from agecam.batch.analysis import Analysis, LazyEngine
from agecam.batch.console import Console
from agecam.batch.highlights import COUNT, Highlights
from agecam.batch.inputs import Input, find_inputs, unique_stems
from agecam.batch.interrupts import Interrupts
from agecam.batch.outputs import (
    STANDARD_OUTPUT,
    AnalysedFrame,
    Output,
    OutputGroup,
    RunOutputs,
    SummaryOutput,
    VideoOutput,
    json_output,
)
from agecam.batch.summary import counted
from agecam.commands import DONE, FAILED
from agecam.engine.options import EngineOptions
from agecam.errors import SourceError
from agecam.outputs import StillWriter
from agecam.overlay import OverlayStyle
from agecam.runtime.signals import exit_status
from agecam.sources import SourceInfo, list_cameras, open_source
from agecam.sources.spec import camera_spec

FOLDER = Path("out")
_LIVE_FRAMES = 300


def run_first(specs: Sequence[str], why_no_window: str, model: str | None = None) -> int:
    """Analyse sources, by default the first camera or else the demo, and return the exit code.

    Overwrites files of the same names from an earlier run. Raises OutputError and WeightsError.
    """
    console = Console()
    console.result(f"{why_no_window}, so AgeCam runs without one and writes its results to {FOLDER}/.")
    if not specs:
        specs = _first_camera()
        if not specs:
            specs = ["demo"]
            console.result("No camera can be opened, so AgeCam analyses the demo.")

    found = find_inputs(specs)
    inputs = found.inputs
    for error in found.errors:
        console.error(str(error))
    start_s = time.monotonic()
    status = DONE
    with Interrupts() as interrupts:
        outputs = _Outputs(console, unique_stems(inputs))
        max_frames = _LIVE_FRAMES if any(item.is_live for item in inputs) else None
        options = EngineOptions() if model is None else EngineOptions(model)
        analysis = Analysis(LazyEngine(options, console, interrupts), console, interrupts, max_frames)
        try:
            analysis.run(inputs, outputs)
        except KeyboardInterrupt as interruption:
            console.warning(f"Stopped after {counted(outputs.frames, 'frame')}; the files are complete.")
            status = exit_status(interruption)
    if outputs.frames:
        frames, elapsed_s = outputs.frames, time.monotonic() - start_s
        files = "\n".join(f"  {path}" for path in outputs.files())
        console.result(
            f"{counted(frames, 'frame')} analysed in {elapsed_s:.1f} s, including loading. Files written:\n{files}"
        )
    return status or (FAILED if console.errors else DONE)


def _first_camera() -> list[str]:
    """Spec of the first camera, if it can be opened."""
    for camera in list_cameras()[:1]:
        spec = camera_spec(camera.index)
        try:
            open_source(spec).close()
        except SourceError:
            break
        return [spec]
    return []


class _Outputs(RunOutputs):
    """The outputs in `out/`."""

    def __init__(self, console: Console, stems: dict[Input, str]) -> None:
        """Raises OutputError if the folder cannot be written."""
        super().__init__(console, OverlayStyle())
        self._stems = stems
        self._stills = StillWriter(FOLDER, ".jpg")
        self.shared.add(json_output(str(FOLDER / "results.jsonl")))
        self._pictures: list[str] = []

    def add_for(self, group: OutputGroup, item: Input, info: SourceInfo) -> None:
        stem = self._stems[item]
        group.add(SummaryOutput(self.console, info.name, info.is_picture, show_gender=True))
        if not info.is_picture:
            group.try_to_add(lambda: VideoOutput(FOLDER / f"{stem}-annotated.mp4", info))
        group.add(_StillsOutput(self._stills, stem, self._pictures, info.is_picture))

    def files(self) -> list[str]:
        """Paths of the complete files."""
        complete = [*self.completed, *self.shared.completed]
        files = [output.final_name for output in complete if output.name not in (STANDARD_OUTPUT, _StillsOutput.name)]
        return [*self._pictures, *files]


class _StillsOutput(Output):
    """The annotated picture, or the best frames of a video; replaces those of an earlier run."""

    name = str(FOLDER)

    def __init__(self, writer: StillWriter, stem: str, written: list[str], is_picture: bool) -> None:
        self._writer = writer
        self._stem = stem
        self._written = written
        self._is_picture = is_picture
        self._highlights = Highlights()

    def write(self, analysed: AnalysedFrame) -> None:
        self._highlights.add(analysed)

    def close(self) -> None:
        stems = [f"{self._stem}-still-{number}" for number in range(1, COUNT + 1)]
        if self._is_picture:
            stems = [f"{self._stem}-annotated"]
        for stem in stems if self.frames else ():
            (FOLDER / f"{stem}.jpg").unlink(missing_ok=True)
        for picture, stem in zip(self._highlights.pictures(), stems, strict=False):
            self._written.append(str(self._writer.write(picture, stem)))
