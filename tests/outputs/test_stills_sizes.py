"""Pictures that are too long for the format in which stills are usually written."""

import json
import os
import subprocess
import sys
from pathlib import Path

import cv2
import numpy as np
import pytest
from PIL import Image as PillowImage

from agecam.errors import OutputError
from agecam.outputs import StillWriter
from agecam.types import Image


@pytest.mark.parametrize("shape", [(65_501, 8), (8, 65_501), (12, 200_000)])
def test_a_picture_too_long_for_jpeg_is_written_as_png(tmp_path: Path, shape: tuple[int, int]) -> None:
    picture = np.random.default_rng(0).integers(0, 256, (*shape, 3), np.uint8)
    path = StillWriter(tmp_path, ".jpg").write(picture, "long")
    assert path == tmp_path / "long.png"
    assert np.array_equal(cv2.imdecode(np.fromfile(path, np.uint8), cv2.IMREAD_COLOR), picture)


def test_the_longest_jpeg_is_written_as_jpeg(tmp_path: Path) -> None:
    path = StillWriter(tmp_path, ".jpg").write(np.zeros((8, 65_500, 3), np.uint8), "long")
    assert path.suffix == ".jpg"
    assert cv2.imdecode(np.fromfile(path, np.uint8), cv2.IMREAD_COLOR).shape == (8, 65_500, 3)


@pytest.mark.parametrize("suffix", [".jpg", ".png"])
def test_a_picture_that_no_format_holds_is_refused_in_a_sentence(
    tmp_path: Path, suffix: str, capfd: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(OutputError) as error:
        StillWriter(tmp_path, suffix).write(np.zeros((1, 1_000_001, 3), np.uint8), "long")
    assert "1000001x1" in str(error.value)
    assert list(tmp_path.iterdir()) == []
    assert capfd.readouterr() == ("", "")


@pytest.mark.parametrize("texts", [{"key": "value"}, {"key": "äöü 字", "other": "x" * 5000}])
def test_texts_are_embedded_in_a_png_file_and_leave_the_picture_as_it_is(tmp_path: Path, texts: dict[str, str]) -> None:
    picture = np.random.default_rng(0).integers(0, 256, (70, 90, 3), np.uint8)
    path = StillWriter(tmp_path).write(picture, "with texts", texts)
    with PillowImage.open(path) as saved:
        saved.verify()
    with PillowImage.open(path) as saved:
        assert np.array_equal(np.asarray(saved.convert("RGB"))[..., ::-1], picture)
        assert saved.text == texts  # type: ignore[attr-defined]


@pytest.mark.parametrize("turns", [0, 1])
def test_a_panorama_is_analysed_and_written_whole(tmp_path: Path, astronaut_bgr: Image, turns: int) -> None:
    portrait = cv2.resize(astronaut_bgr, (300, 300), interpolation=cv2.INTER_AREA)
    starts = (0, 33_000, 69_700)
    panorama = np.zeros((300, 70_000, 3), np.uint8)
    for start in starts:
        panorama[:, start : start + 300] = portrait
    panorama = np.ascontiguousarray(np.rot90(panorama, turns))
    PillowImage.fromarray(panorama[..., ::-1]).save(tmp_path / "panorama.png")
    command = [sys.executable, "-m", "agecam", "analyze", "panorama.png", "--images", "out", "--jsonl", "out.jsonl"]
    done = subprocess.run(
        command,
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])},
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert (f"turned by {90 * turns} degrees" in done.stderr) == (turns > 0)
    faces = json.loads((tmp_path / "out.jsonl").read_text())["faces"]
    along = sorted(face["box"][turns % 2] for face in faces)
    centres = sorted(start if turns == 0 else 70_000 - start - 300 for start in starts)
    assert along == pytest.approx([start + 130 for start in centres], abs=50)
    with PillowImage.open(tmp_path / "out" / "panorama.png") as annotated:
        assert annotated.size == panorama.shape[1::-1]
