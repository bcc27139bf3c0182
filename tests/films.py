"""Films with sound for tests: some frames are white, and the sound clicks when they appear."""

from dataclasses import dataclass, field
from fractions import Fraction
from itertools import islice
from pathlib import Path

import av
import numpy as np
import numpy.typing as npt

from agecam.outputs import VideoWriter
from agecam.sources import FrameSource
from agecam.types import Image

WIDTH, HEIGHT, FPS = 64, 48, 25
FLASHES = (20, 65)
FRAMES = 90
_LAYOUTS = {1: "mono", 2: "stereo", 6: "5.1"}


def frame_of(number: int) -> Image:
    """White where the sound clicks."""
    return np.full((HEIGHT, WIDTH, 3), 255 if number in FLASHES else 40, np.uint8)


def clicks(seconds: float, rate: int, channels: int) -> npt.NDArray[np.float32]:
    """`(channels, samples)`: a quiet tone, with a burst of 10 ms at each flash."""
    times = np.arange(round(seconds * rate)) / rate
    wave = 0.01 * np.sin(2 * np.pi * 300 * times)
    for flash in FLASHES:
        burst = (times >= flash / FPS) & (times < flash / FPS + 0.01)
        wave[burst] = 0.8 * np.sin(2 * np.pi * 2000 * (times[burst] - flash / FPS))
    return np.tile(wave.astype(np.float32), (channels, 1))


@dataclass(frozen=True)
class Film:
    """A film of `frames` frames with sound."""

    name: str
    codec: str = "aac"
    """FFmpeg's name of the sound's encoder."""
    frames: int = FRAMES
    channels: int = 2
    rate: int = 48_000
    delay_s: float = 0.0
    """The sound begins this much earlier than the frames."""
    container: dict[str, str] = field(default_factory=dict)

    def write(self, folder: Path) -> Path:
        """Write it and return its path."""
        path = folder / self.name
        with av.open(str(path), "w", container_options=self.container) as file:
            options = {"g": "25", "bf": "2"} if path.suffix != ".avi" else {"g": "25", "qscale": "3"}
            video = file.add_stream("libx264" if path.suffix != ".avi" else "mpeg4", rate=FPS, options=options)
            assert isinstance(video, av.VideoStream)
            video.width, video.height, video.pix_fmt = WIDTH, HEIGHT, "yuv420p"
            sound = file.add_stream(self.codec, rate=self.rate)
            assert isinstance(sound, av.AudioStream)
            sound.layout = _LAYOUTS[self.channels]
            delay = round(self.delay_s * FPS)
            samples = clicks(self.frames / FPS, self.rate, self.channels)
            samples = np.pad(samples, ((0, 0), (round(self.delay_s * self.rate), 0)))
            per_frame = self.rate // FPS
            for number in range(self.frames + delay):
                if number >= delay:
                    picture = av.VideoFrame.from_ndarray(frame_of(number - delay), format="bgr24")
                    picture.pts, picture.time_base = number, Fraction(1, FPS)
                    file.mux(video.encode(picture))
                part = np.ascontiguousarray(samples[:, number * per_frame : (number + 1) * per_frame])
                heard = av.AudioFrame.from_ndarray(part, format="fltp", layout=_LAYOUTS[self.channels])
                heard.sample_rate, heard.pts, heard.time_base = self.rate, number * per_frame, Fraction(1, self.rate)
                file.mux(sound.encode(heard))
            file.mux(video.encode(None))
            file.mux(sound.encode(None))
        return path


def annotated(source: FrameSource, path: Path, frames: int | None = None) -> VideoWriter:
    """Write the frames of a source and its sound, as the program does; returns the closed writer."""
    info = source.info
    with VideoWriter(path, info.width, info.height, info.fps or 0, sound=info.sound) as writer:
        for frame in islice(source, frames):
            writer.write(frame.image_bgr, frame.time_s, frame.duration_s)
    return writer


def flash_times(path: Path) -> list[float]:
    """When the white frames appear, in seconds."""
    with av.open(str(path)) as file:
        return [frame.time for frame in file.decode(video=0) if frame.to_ndarray(format="gray").mean() > 150]


def click_times(path: Path) -> list[float]:
    """When the sound clicks, in seconds."""
    found: list[float] = []
    with av.open(str(path)) as file:
        if not file.streams.audio:
            return found
        for frame in file.decode(audio=0):
            resampler = av.AudioResampler("fltp", "mono", frame.sample_rate)
            wave = np.concatenate([part.to_ndarray()[0] for part in resampler.resample(frame)])
            for sample in np.flatnonzero(np.abs(wave) > 0.3):
                time_s = (frame.time or 0.0) + float(sample) / frame.sample_rate
                if not found or time_s > found[-1] + 0.5:
                    found.append(time_s)
    return found


def sound_codec_of(path: Path) -> str | None:
    """FFmpeg's name of the codec; None without sound."""
    with av.open(str(path)) as file:
        return file.streams.audio[0].codec_context.codec.canonical_name if file.streams.audio else None


def duration_of(path: Path) -> float:
    """Duration of the video stream in seconds."""
    with av.open(str(path)) as file:
        stream = file.streams.video[0]
        if stream.duration:
            return float(stream.duration * (stream.time_base or 0))
        return (file.duration or 0) / av.time_base
