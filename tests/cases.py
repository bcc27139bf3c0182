"""Checks what AgeCam makes of a folder of files: python -m tests.cases FOLDER

Each file is analysed by the program itself. For each, the right and the actual behaviour are printed; the exit status
is 1 if any is wrong. `expected.json` in the folder holds the right behaviour by file name, with the fields of
`Expected`:

    {"two-pages.tif": {"right": "both pages, as two pictures", "frames": 2, "faces": 1}}

Without it, the table below is used. Files that neither names are reported without a verdict.
"""

import argparse
import json
import shutil
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

from tests.cases_run import BT709, Behaviour, likeness, run_case

EXPECTED_NAME = "expected.json"
_NOT_CASES = {EXPECTED_NAME, "README.md"}
_SAME_S = 0.1
"""Tolerance of durations."""
_MAX_LAG_S = 0.04
"""Sound that is one frame late is still in step."""
_MAX_DIFFERENCE = 2.3
"""Between pictures that look alike; see `likeness`. Colours of a wide gamut taken as they are exceed it."""


@dataclass(frozen=True, kw_only=True)
class Expected:
    """The right behaviour of one file. What is None is not checked."""

    right: str = ""
    """In words."""
    refused: bool = False
    video: bool | None = None
    """Whether it is a video, not pictures."""
    frames: int | None = None
    """Number of frames or pages."""
    faces: int | None = None
    """In every frame."""
    some_faces: int | None = None
    """In at least one frame."""
    size: tuple[int, int] | None = None
    """Width and height of all frames, in pixels."""
    upright: bool = False
    """Whether the faces are upright in the frames."""
    remark: str | None = None
    """A part of what is printed; None if nothing must be."""
    duration_s: float | None = None
    """Of the annotated video."""
    longest_step_s: float | None = None
    """Longest time between two frames."""
    sound: bool | None = None
    """Whether the annotated video has the sound, in step and as long as the picture."""
    looks_like: str | None = None
    """Another file of the folder whose annotated pictures look the same."""
    also_as: tuple[str, ...] = ()
    """Other names under which the file is treated in the same way."""

    @classmethod
    def from_json(cls, value: dict[str, Any]) -> "Expected":
        """Raises ValueError for unknown fields."""
        known = {field.name for field in fields(cls)}
        if unknown := sorted(value.keys() - known):
            raise ValueError(f"{EXPECTED_NAME} has unknown fields: {', '.join(unknown)}")
        return cls(**{name: tuple(item) if isinstance(item, list) else item for name, item in value.items()})


_PORTRAIT = {"faces": 1, "size": (240, 300), "upright": True, "video": False, "frames": 1}
_SECOND = {"faces": 1, "size": (480, 270), "upright": True, "video": True, "longest_step_s": 0.05}

TABLE = {
    "portrait.heic": Expected(
        right="one face, also where the name ends in .jpg", **_PORTRAIT, also_as=("portrait.jpg",)
    ),
    "no-end-marker.jpg": Expected(right="one face, with a remark", faces=1, frames=1, remark="ends early"),
    "turned-by-irot.avif": Expected(right="upright, one face", **_PORTRAIT),
    "six-frames.webp": Expected(
        right="a video of 1.2 s", video=True, frames=6, duration_s=1.2, some_faces=1, sound=False, size=(240, 300)
    ),
    "with-sound.mp4": Expected(right="the sound goes with the video", **_SECOND, sound=True, duration_s=2.0),
    "hdr-pq.mov": Expected(right="looks like with-sound.mp4", **_SECOND, looks_like="with-sound.mp4", duration_s=1.0),
    "pixels-2-to-1.mp4": Expected(right="480 px wide", **_SECOND, looks_like="with-sound.mp4"),
    "untagged-turn-90.jpg": Expected(right="found, and the turn is reported", faces=1, frames=1, remark="turned by 90"),
    "adobe-rgb.jpg": Expected(right="converted to sRGB", **_PORTRAIT, looks_like="exif-orientation-long.jpg"),
    "long.txt": Expected(right="refused in a sentence", refused=True),
    "clock-jumps-forward.ts": Expected(right="goes on without the gap", **_SECOND, sound=True, duration_s=2.16),
    "two-video-streams.mkv": Expected(right="the default stream, as players choose", **_SECOND, frames=25),
    "two-pages.tif": Expected(right="both, as two pictures", video=False, frames=2, faces=1),
    "time-lapse.mp4": Expected(right="lasts as long as the file", video=True, faces=1, frames=40, duration_s=400.0),
    "exif-orientation-long.jpg": Expected(right="turned", **_PORTRAIT),
}


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    folder = parser.parse_args().folder
    paths = sorted(path for path in folder.iterdir() if path.is_file() and path.name not in _NOT_CASES)
    if not paths:
        print(f"{folder} contains no files.")
        return 1
    table = _read_table(folder)
    with tempfile.TemporaryDirectory(prefix="agecam-cases-") as name:
        runs = Runs(Path(name))
        wrong = sum([_report(path, table.get(path.name), runs) for path in paths])
    is_complete = (folder / EXPECTED_NAME).exists()
    missing = sorted(name for name in table if is_complete and not (folder / name).exists())
    for name in missing:
        print(f"WRONG    {name}: {EXPECTED_NAME} names it, but it is not there")
    without = sum(path.name not in table for path in paths)
    print(f"{len(paths)} files, {wrong + len(missing)} wrong, {without} without a verdict")
    return 1 if wrong or missing else 0


class Runs:
    """Analyses each file once."""

    def __init__(self, folder: Path) -> None:
        """`folder` takes the outputs."""
        self._folder = folder
        self._done: dict[Path, Behaviour] = {}

    def of(self, path: Path) -> Behaviour:
        """The behaviour of a file."""
        if path not in self._done:
            self._done[path] = run_case(path, self._new_folder())
        return self._done[path]

    def renamed(self, path: Path, name: str) -> Behaviour:
        """The behaviour of a file under another name."""
        copy = self._new_folder() / name
        shutil.copy(path, copy)
        return self.of(copy)

    def _new_folder(self) -> Path:
        return Path(tempfile.mkdtemp(dir=self._folder))


def wrongs(expected: Expected, actual: Behaviour, runs: Runs) -> Iterator[str]:
    """What is wrong in the behaviour of a file, one text for each difference."""
    for word in ("Traceback", "Warning"):
        if word in actual.messages:
            yield f"'{word}' was printed"
    if expected.refused:
        if not actual.is_refused:
            yield "it was not refused"
        elif not actual.messages.startswith("agecam: "):
            yield "no sentence says why it was refused"
        return
    if actual.exit_status:
        yield f"the exit status is {actual.exit_status}"
    if not actual.frames:
        yield "nothing was read"
        return
    yield from _wrong_frames(expected, actual)
    yield from _wrong_video(expected, actual)
    said = [line for line in actual.messages.splitlines() if line.startswith("agecam: ")]
    if expected.remark is None and said:
        yield f"remarks: {' '.join(said)}"
    elif expected.remark is not None and not any(expected.remark in line for line in said):
        yield f"no remark contains '{expected.remark}'"
    if expected.looks_like is not None:
        one, other = actual.first_still(), runs.of(actual.source.parent / expected.looks_like).first_still()
        if one is None or other is None or (difference := likeness(one, other)) > _MAX_DIFFERENCE:
            detail = "" if one is None or other is None else f" (difference {difference:.1f})"
            yield f"it does not look like {expected.looks_like}{detail}"


def _wrong_frames(expected: Expected, actual: Behaviour) -> Iterator[str]:
    if expected.frames is not None and len(actual.frames) != expected.frames:
        yield f"{len(actual.frames)} frames instead of {expected.frames}"
    if expected.faces is not None and (others := sum(count != expected.faces for count in actual.faces)):
        yield f"{others} of {len(actual.frames)} frames do not have {expected.faces} face(s)"
    if expected.some_faces is not None and max(actual.faces) < expected.some_faces:
        yield f"no frame has {expected.some_faces} face(s)"
    if expected.size is not None and actual.sizes != {expected.size}:
        yield f"the frames have {actual.sizes} px instead of {expected.size}"
    if expected.upright and not actual.are_upright:
        yield "faces are not upright"
    if expected.longest_step_s is not None and actual.longest_step_s > expected.longest_step_s:
        yield f"{actual.longest_step_s:.2f} s between two frames"


def _wrong_video(expected: Expected, actual: Behaviour) -> Iterator[str]:
    video = actual.written
    if expected.video is not None and (video is not None) != expected.video:
        yield "it was taken for pictures" if expected.video else "it was taken for a video"
    if video is None:
        return
    if (video.width, video.height) not in {(width + width % 2, height + height % 2) for width, height in actual.sizes}:
        yield f"the annotated video has {video.width}x{video.height} px"
    if video.frames != len(actual.frames):
        yield f"the annotated video has {video.frames} frames"
    if video.colours != (BT709,) * 3:
        yield f"the annotated video's colours are tagged {video.colours}"
    if expected.duration_s is not None and abs(video.duration_s - expected.duration_s) > _SAME_S:
        yield f"the annotated video lasts {video.duration_s:.2f} s instead of {expected.duration_s} s"
    if expected.sound is False and video.sound_codec:
        yield "the annotated video has sound"
    if expected.sound:
        if not video.sound_codec:
            yield "the annotated video has no sound"
        elif abs(video.sound_s - video.duration_s) > _SAME_S:
            yield f"{video.sound_s:.2f} s of sound in a video of {video.duration_s:.2f} s"
        elif (lag := actual.sound_lag_s) is None or abs(lag) > _MAX_LAG_S:
            yield "the sound is another one" if lag is None else f"the sound is {lag:.2f} s late"


def _report(path: Path, expected: Expected | None, runs: Runs) -> bool:
    """Print one file; returns whether it is wrong."""
    actual = runs.of(path)
    if expected is None:
        print(f"         {path.name}\n           actual: {actual.described()}", flush=True)
        return False
    found = list(wrongs(expected, actual, runs))
    for name in expected.also_as:
        found += [f"as {name}: {wrong}" for wrong in wrongs(expected, runs.renamed(path, name), runs)]
    print(f"{'WRONG   ' if found else 'ok      '} {path.name}\n           right:  {expected.right}")
    print(f"           actual: {actual.described()}", flush=True)
    for wrong in found:
        print(f"           wrong:  {wrong}", flush=True)
    return bool(found)


def _read_table(folder: Path) -> dict[str, Expected]:
    path = folder / EXPECTED_NAME
    if not path.exists():
        return TABLE
    content = json.loads(path.read_text(encoding="utf-8"))
    return {name: Expected.from_json(value) for name, value in content.items()}


if __name__ == "__main__":
    sys.exit(main())
