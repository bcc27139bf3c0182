"""Films on the command line: sound, parts, and one frame each so many seconds."""

import json
from pathlib import Path

import av
import numpy as np
import pytest

from agecam.cli import main
from agecam.types import Image

FPS, SECONDS, RATE = 20, 3, 44_100


@pytest.fixture
def film(astronaut_bgr: Image, tmp_path: Path) -> Path:
    """Three seconds with a portrait and a tone."""
    path = tmp_path / "film.mp4"
    with av.open(str(path), "w") as file:
        video = file.add_stream("libx264", rate=FPS)
        video.width, video.height, video.pix_fmt = 512, 512, "yuv420p"
        sound = file.add_stream("aac", rate=RATE)
        sound.layout = "mono"
        frame = av.VideoFrame.from_ndarray(astronaut_bgr, format="bgr24")
        for index in range(FPS * SECONDS):
            frame.pts = index
            file.mux(video.encode(frame))
            times = (index * RATE // FPS + np.arange(RATE // FPS)) / RATE
            samples = (0.3 * np.sin(2 * np.pi * 440 * times)).astype(np.float32)[None]
            part = av.AudioFrame.from_ndarray(samples, format="fltp", layout="mono")
            part.sample_rate, part.pts = RATE, index * RATE // FPS
            file.mux(sound.encode(part))
        file.mux(video.encode(None))
        file.mux(sound.encode(None))
    return path


def analyse(film: Path, *options: str) -> Path:
    out = film.with_name("out.mp4")
    assert main(["analyze", str(film), "--video", str(out), "--quiet", *options]) == 0
    return out


def lengths_s(path: Path) -> dict[str, float]:
    """Kind of each stream -> its duration."""
    with av.open(str(path)) as file:
        return {stream.type: float(stream.duration * stream.time_base) for stream in file.streams}  # type: ignore[operator]


@pytest.mark.parametrize("options", [(), ("--blur-faces",)])
def test_the_annotated_video_keeps_the_sound(film: Path, options: tuple[str, ...]) -> None:
    lengths = lengths_s(analyse(film, *options))
    assert set(lengths) == {"video", "audio"}
    assert lengths["video"] == pytest.approx(SECONDS, abs=0.01)
    assert lengths["audio"] == pytest.approx(SECONDS, abs=0.06)


def test_the_sound_can_be_left_out(film: Path) -> None:
    assert set(lengths_s(analyse(film, "--no-sound"))) == {"video"}


def test_a_part_of_a_film(film: Path) -> None:
    results = film.with_name("r.jsonl")
    lengths = lengths_s(analyse(film, "--start", "0:00.5", "--end", "1.5", "--jsonl", str(results)))
    lines = [json.loads(line) for line in results.read_text().splitlines()]
    assert [line["frame"] for line in lines] == list(range(10, 30))
    assert lines[0]["time_s"] == 0.5
    assert lengths["video"] == pytest.approx(1.0, abs=0.01)
    assert lengths["audio"] == pytest.approx(1.0, abs=0.06)


def test_one_frame_each_half_second(film: Path) -> None:
    results = film.with_name("r.jsonl")
    assert main(["analyze", str(film), "--every", "0.5s", "--jsonl", str(results)]) == 0
    times = [json.loads(line)["time_s"] for line in results.read_text().splitlines()]
    assert times == [0, 0.5, 1, 1.5, 2, 2.5]


@pytest.mark.parametrize("time", ["1:75", "x", "-1", "1:2:3:4", "", "1:61:00", "nan"])
def test_a_bad_time_is_refused(film: Path, time: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["analyze", str(film), f"--start={time}"]) == 2
    error = capsys.readouterr().err
    assert error.startswith("agecam: ")
    assert error.count("\n") == 1
    assert f"'{time}' is not a time" in error


def test_a_start_after_the_end_of_the_film_is_told(film: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["analyze", str(film), "--start", "1:00"]) == 1
    assert "film.mp4" in capsys.readouterr().err
