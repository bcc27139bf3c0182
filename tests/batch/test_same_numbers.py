"""One picture and one video give the same numbers in the window, on the command line and in an importing program."""

import json
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

from agecam import Analyzer
from agecam.cli import main
from agecam.engine.options import STILL_FACE_PX, VIDEO_FACE_PX, EngineOptions
from agecam.live.loading import build_live_engine
from agecam.sources import open_source
from agecam.types import Image


@pytest.fixture
def crowd(_portraits: tuple[Image, Image], tmp_path: Path) -> Path:
    """Five faces, 28 to 220 px high."""
    canvas = np.full((720, 1400, 3), 90, np.uint8)
    left = 10
    for portrait, height in zip((*_portraits, *_portraits, _portraits[1]), (512, 600, 200, 160, 80), strict=True):
        scale = height / portrait.shape[0]
        small = cv2.resize(portrait, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
        top = 300 if left + small.shape[1] > canvas.shape[1] else 0
        left = 10 if top else left
        canvas[top : top + small.shape[0], left : left + small.shape[1]] = small[: canvas.shape[0] - top]
        left += small.shape[1] + 10
    path = tmp_path / "crowd.png"
    cv2.imwrite(str(path), canvas)
    return path


def in_window(path: Path, asked_px: float | None) -> list[dict[str, Any]]:
    engine = build_live_engine(EngineOptions(min_face_px=asked_px))
    with open_source(str(path)) as source:
        frame = source.read()
        assert frame is not None
        return [face.as_dict() for face in engine.step(frame).faces]


def on_command_line(path: Path, asked_px: float | None) -> list[dict[str, Any]]:
    results = path.with_suffix(".jsonl")
    options = () if asked_px is None else ("--min-face", f"{asked_px:g}")
    assert main(["analyze", str(path), "--jsonl", str(results), "--quiet", *options]) == 0
    faces: list[dict[str, Any]] = json.loads(results.read_text())["faces"]
    return faces


def imported(path: Path, asked_px: float | None) -> list[dict[str, Any]]:
    image = cv2.imread(str(path))
    assert image is not None
    return [face.as_dict() for face in Analyzer(min_face_px=asked_px).analyze(image)]


@pytest.mark.parametrize("asked_px", [None, 60.0, 150.0])
def test_a_picture_gives_the_same_numbers_everywhere(crowd: Path, asked_px: float | None) -> None:
    results = [face_list(crowd, asked_px) for face_list in (in_window, on_command_line, imported)]
    for faces in results:
        for face in faces:
            face.pop("track")  # the window numbers the faces, so that its list can refer to them
    assert results[0] == results[1] == results[2]
    assert len(results[0]) == {None: 5, 60.0: 4, 150.0: 2}[asked_px]


def test_the_defaults_are_those_in_the_help(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["analyze", "--help"]) == 0
    text = " ".join(capsys.readouterr().out.split())
    assert f"({STILL_FACE_PX:g} in pictures; {VIDEO_FACE_PX:g} in videos, less in small ones)" in text
