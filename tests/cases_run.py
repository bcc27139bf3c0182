"""What the program makes of one file: runs `agecam analyze` in a child process and reads all that it wrote."""

import json
import subprocess
import sys
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise
from pathlib import Path
from typing import Any

import av
import cv2
import numpy as np

from agecam.types import FloatArray, Image

_TIMEOUT_S = 300
_WRONG_ARGUMENTS = 2
_ENVELOPE_RATE = 100
"""Values per second of a loudness envelope."""
_SOUND_RATE = 8000
_MAX_LAG_S = 0.5
BT709 = 1
"""FFmpeg's code of the colours of ordinary screens."""


@dataclass(frozen=True)
class Behaviour:
    """What was made of one file."""

    source: Path
    exit_status: int
    messages: str
    """Standard error."""
    frames: list[dict[str, Any]]
    """The lines of the results file."""
    stills: list[Path]
    """The annotated pictures, in natural order."""
    video: Path | None
    """The annotated video; None if the file holds pictures, or was refused."""

    @property
    def is_refused(self) -> bool:
        """Whether nothing was read, and a sentence and the exit status say so."""
        return self.exit_status != 0 and not self.frames and not self.stills and self.video is None

    @property
    def faces(self) -> list[int]:
        """Number of faces in each frame."""
        return [len(frame["faces"]) for frame in self.frames]

    @property
    def sizes(self) -> set[tuple[int, int]]:
        """Width and height of the frames in pixels."""
        return {(frame["width"], frame["height"]) for frame in self.frames}

    @property
    def longest_step_s(self) -> float:
        """Longest time between two frames, in the results."""
        times_s = [frame["time_s"] for frame in self.frames]
        return max((after - before for before, after in pairwise(times_s)), default=0.0)

    @property
    def are_upright(self) -> bool:
        """Whether in all faces the eyes are side by side and above the mouth."""
        return all(_is_upright(face["landmarks"]) for frame in self.frames for face in frame["faces"])

    @cached_property
    def written(self) -> "WrittenVideo | None":
        """The annotated video's streams."""
        return WrittenVideo.read(self.video) if self.video is not None else None

    @cached_property
    def sound_lag_s(self) -> float | None:
        """How much later the sound is in the annotated video than in the source; None without sound in both."""
        if self.video is None:
            return None
        before, after = loudness(self.source), loudness(self.video)
        return None if before is None or after is None else lag_s(before, after)

    def first_still(self) -> Image | None:
        """The first annotated picture, `(H, W, 3) uint8` BGR."""
        return np.asarray(cv2.imread(str(self.stills[0])), np.uint8) if self.stills else None

    def described(self) -> str:
        """The behaviour in a line."""
        sentences = "; ".join(line for line in self.messages.splitlines() if line.startswith("agecam:"))
        if not self.frames:
            return f"refused: exit status {self.exit_status}, {sentences or self.messages.strip() or 'without a word'}"
        sizes = ", ".join(f"{width}x{height}" for width, height in sorted(self.sizes))
        parts = [f"opened: {_counted(len(self.frames), 'frame')} of {sizes}, {_counted(sum(self.faces), 'face')}"]
        if self.written is not None:
            parts.append(f"video of {self.written.duration_s:.2f} s {self.written.sound_text()}")
        if self.sound_lag_s is not None:
            parts.append(f"sound {1000 * self.sound_lag_s:+.0f} ms late")
        if self.exit_status:
            parts.append(f"exit status {self.exit_status}")
        return ", ".join(parts) + (f"; {sentences}" if sentences else "")


@dataclass(frozen=True)
class WrittenVideo:
    """The streams of an annotated video."""

    width: int
    height: int
    frames: int
    duration_s: float
    """Of the picture."""
    sound_codec: str | None
    sound_s: float
    """Duration of the sound; 0 without."""
    colours: tuple[int, int, int]
    """Codes of primaries, transfer function and matrix."""

    def sound_text(self) -> str:
        """The sound in words."""
        return f"with {self.sound_s:.2f} s of {self.sound_codec}" if self.sound_codec else "without sound"

    @classmethod
    def read(cls, path: Path) -> "WrittenVideo":
        """Decode the whole file."""
        with av.open(str(path)) as file:
            stream = file.streams.video[0]
            shown = [
                (frame.time or 0.0, float((frame.duration or 0) * (frame.time_base or 0)))
                for frame in file.decode(stream)
            ]
            context = stream.codec_context
            colours = (int(context.color_primaries), int(context.color_trc), int(context.colorspace))
            duration_s = shown[-1][0] + shown[-1][1] - shown[0][0] if shown else 0.0
            size = (context.width, context.height)
        sound_codec, sound_s = None, 0.0
        with av.open(str(path)) as file:
            if file.streams.audio:
                sound_codec = file.streams.audio[0].codec_context.codec.canonical_name
                sound_s = sum(frame.samples / frame.sample_rate for frame in file.decode(audio=0))
        return cls(*size, len(shown), duration_s, sound_codec, sound_s, colours)


def run_case(path: Path, folder: Path) -> Behaviour:
    """Analyse a file with all outputs; `folder` is an empty folder for them."""
    results, stills, videos = folder / "results.jsonl", folder / "stills", folder / "videos"
    arguments = ["analyze", str(path), "--jsonl", str(results), "--images", str(stills)]
    videos.mkdir()
    done = _agecam([*arguments, "--video", str(videos)])
    if done.returncode == _WRONG_ARGUMENTS and "--video" in done.stderr:  # a picture
        done = _agecam(arguments)
    lines = results.read_text(encoding="utf-8").splitlines() if results.exists() else []
    written = sorted(stills.iterdir(), key=lambda still: (len(still.name), still.name)) if stills.exists() else []
    return Behaviour(
        path, done.returncode, done.stderr, [json.loads(line) for line in lines], written, next(videos.iterdir(), None)
    )


def _agecam(arguments: list[str]) -> "subprocess.CompletedProcess[str]":
    command = [sys.executable, "-m", "agecam", *arguments]
    return subprocess.run(command, capture_output=True, text=True, timeout=_TIMEOUT_S, check=False)


def likeness(one: Image, other: Image) -> float:
    """Mean difference of two pictures, 0 to 255, at a coarse scale and without the tenth of it that differs most.

    That tenth are the labels, whose texts may differ.
    """
    small = [cv2.resize(image, (32, 32), interpolation=cv2.INTER_AREA).astype(int) for image in (one, other)]
    differences = np.sort(np.abs(small[0] - small[1]).mean(axis=2).ravel())
    return float(differences[: len(differences) * 9 // 10].mean())


def loudness(path: Path) -> FloatArray | None:
    """Loudness of a video's sound from its first frame on, `(N,)` with `_ENVELOPE_RATE` values per second.

    Jumps of the clock are left out. None without sound.
    """
    with av.open(str(path)) as file:
        if not file.streams.audio:
            return None
        first = next(file.decode(file.streams.best("video") or 0), None)
        starts_s = float(first.time or 0.0) if first is not None else 0.0
    samples, begins_s = [], None
    resampler = av.AudioResampler("flt", "mono", _SOUND_RATE)
    with av.open(str(path)) as file:
        for frame in file.decode(audio=0):
            begins_s = float(frame.time or 0.0) if begins_s is None else begins_s
            samples += [part.to_ndarray()[0] for part in resampler.resample(frame)]
    if begins_s is None:
        return None
    wave = np.abs(np.concatenate(samples))
    shift = round((begins_s - starts_s) * _SOUND_RATE)
    wave = np.pad(wave, (shift, 0)) if shift > 0 else wave[-shift:]
    step = _SOUND_RATE // _ENVELOPE_RATE
    return np.asarray(wave[: len(wave) // step * step].reshape(-1, step).mean(axis=1), np.float32)


def lag_s(before: FloatArray, after: FloatArray) -> float | None:
    """How much later `after` is than `before`, two loudness envelopes; None if they have nothing in common."""
    length = min(len(before), len(after))
    one, other = (part[:length] - part[:length].mean() for part in (before, after))
    scale = float(np.linalg.norm(one) * np.linalg.norm(other))
    if not scale:
        return None
    reach = round(_MAX_LAG_S * _ENVELOPE_RATE)
    matches = {
        lag: float(np.dot(one[max(0, -lag) : length - lag], other[max(0, lag) :][: length - abs(lag)]))
        for lag in range(-reach, reach + 1)
        if abs(lag) < length
    }
    best = max(matches, key=lambda lag: matches[lag])
    return best / _ENVELOPE_RATE if matches[best] > scale / 2 else None


def _is_upright(landmarks: list[list[float]]) -> bool:
    left, right, _, mouth_left, mouth_right = landmarks
    level = abs(right[0] - left[0]) > abs(right[1] - left[1])
    return level and left[0] < right[0] and max(left[1], right[1]) < min(mouth_left[1], mouth_right[1])


def _counted(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"
