"""`agecam [SOURCE]` without a window: an annotated video, some pictures and the results, in `out/`."""

import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path

from agecam.commands import DONE, FAILED, INTERRUPTED
from agecam.commands.analysis import Analysis, Engines
from agecam.commands.console import Console
from agecam.commands.highlights import COUNT, Highlights
from agecam.commands.inputs import Input, find_inputs, stems_of
from agecam.commands.interrupts import Interrupts
from agecam.commands.outputs import Results, Take, afterwards
from agecam.commands.seen import Seen, counted
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

    Files of the same names from an earlier run are replaced. Raises OutputError and WeightsError.
    """
    console = Console()
    console.say(f"{why_no_window}, so AgeCam runs without it and leaves what it sees in {FOLDER}/.")
    if spec is None:
        spec = _camera()
        if spec is None:
            spec = "demo"
            console.say("No camera can be opened here, so this is the demo.")

    inputs, failures = find_inputs([spec])
    for failure in failures:
        console.problem(str(failure))
    run = _Run(console, stems_of(inputs))
    start_s = time.monotonic()
    status = DONE
    with Interrupts() as interrupts:
        max_frames = _LIVE_FRAMES if any(item.is_live for item in inputs) else None
        options = EngineOptions() if model is None else EngineOptions(model)
        analysis = Analysis(Engines(options, console, interrupts), console, interrupts, OverlayStyle(), max_frames)
        try:
            with run.results:
                analysis.run(inputs, run.outputs)
        except KeyboardInterrupt:
            console.remark(f"Stopped after {counted(run.results.frames, 'frame')}; the files are complete.")
            status = INTERRUPTED
    if run.results.frames:
        frames, taken_s = run.results.frames, time.monotonic() - start_s
        files = "\n".join(f"  {path}" for path in [*run.written, run.results_path])
        console.say(f"{counted(frames, 'frame')} analysed in {taken_s:.1f} s, with loading. The files:\n{files}")
    return status or (FAILED if console.problems else DONE)


def _camera() -> str | None:
    """The first camera, if it opens."""
    for camera in list_cameras()[:1]:
        try:
            open_source(str(camera.index)).close()
        except SourceError:
            break
        return str(camera.index)
    return None


class _Run:
    """The outputs in `out/`."""

    def __init__(self, console: Console, stems: dict[Input, str]) -> None:
        self._console = console
        self._stems = stems
        self._stills = StillWriter(FOLDER, ".jpg")
        self.results_path = FOLDER / "results.jsonl"
        self.results = Results(self.results_path, csv=None)
        self.written: list[Path] = []
        """Videos and pictures that are complete."""

    @contextmanager
    def outputs(self, item: Input, info: SourceInfo) -> Iterator[list[Take]]:
        """What takes the frames of one source."""
        seen = Seen(item.is_picture)
        stem = self._stems[item]
        with ExitStack() as stack:
            stack.enter_context(afterwards(lambda: self._tell(seen, info.name)))
            if item.is_picture:
                of_kind = [lambda shot: self._replace_stills([shot.annotated], [f"{stem}-annotated"])]
            else:
                of_kind = stack.enter_context(self._video(stem, info))
            yield [self.results.take, lambda shot: seen.add(shot.result), *of_kind]

    def _tell(self, seen: Seen, name: str) -> None:
        if seen.frames:
            self._console.say(seen.describe(name, show_gender=True))

    @contextmanager
    def _video(self, stem: str, info: SourceInfo) -> Iterator[list[Take]]:
        path = FOLDER / f"{stem}-annotated.mp4"
        highlights = Highlights()

        def keep() -> None:
            pictures = highlights.pictures()
            if pictures:
                self.written.append(path)
                self._replace_stills(pictures, [f"{stem}-still-{number}" for number in range(1, COUNT + 1)])

        with afterwards(keep), VideoWriter(path, info.width, info.height, info.fps or 0) as video:
            yield [lambda shot: video.write(shot.annotated, shot.frame.time_s), highlights.take]

    def _replace_stills(self, pictures: Sequence[Image], stems: Sequence[str]) -> None:
        """Write pictures under the first of `stems`; what an earlier run left under any of them goes."""
        for stem in stems:
            (FOLDER / f"{stem}.jpg").unlink(missing_ok=True)
        for picture, stem in zip(pictures, stems, strict=False):
            self.written.append(self._stills.write(picture, stem))
