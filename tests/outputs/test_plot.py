"""`analyze --plot`: a picture next to the age distributions of its faces."""

from pathlib import Path

import cv2
import numpy as np
import pytest
from models import is_one_sentence

from agecam.cli import main
from agecam.outputs.plot import MAX_FACES, plot
from agecam.types import Attributes, Detection, Face, Image


def face(age: float, x: float, side: float = 60) -> Face:
    ages = np.arange(101)
    distribution = np.exp(-0.5 * ((ages - age) / 5) ** 2).astype(np.float32)
    distribution /= distribution.sum()
    attributes = Attributes(age, age - 6, age + 6, "female", 0.9, 0.9, distribution)
    return Face.of(Detection((x, 20, side, side), 0.99, np.zeros((5, 2), np.float32)), attributes)


def draw_plot(faces: list[Face], picture: Image) -> Image:
    image = cv2.imdecode(np.frombuffer(plot(picture, faces), np.uint8), cv2.IMREAD_COLOR)
    assert image is not None
    return np.asarray(image, np.uint8)


def test_the_distribution_is_next_to_the_picture(astronaut_bgr: Image) -> None:
    young, old = (draw_plot([face(age, 100)], astronaut_bgr) for age in (20, 70))
    assert young.shape == old.shape
    middle = young.shape[1] // 2
    assert (young[:, : middle - 50] == old[:, : middle - 50]).all()  # the picture
    assert (young[:, middle + 50 :] != old[:, middle + 50 :]).any()
    # The picture is not blank.
    small = cv2.resize(young[:, : middle - 50], (64, 64), interpolation=cv2.INTER_AREA)
    assert np.abs(small.reshape(-1, 3).mean(0) - 255).max() > 20


def test_faces_are_in_order_and_limited_in_number(astronaut_bgr: Image) -> None:
    many = [face(5 * index, 30 * index, side=40 + index) for index in range(12)]
    six = draw_plot(many, astronaut_bgr)
    assert six.shape == draw_plot(many[-MAX_FACES:], astronaut_bgr).shape
    assert (six == draw_plot(many[-MAX_FACES:][::-1], astronaut_bgr)).all()
    assert draw_plot([], astronaut_bgr).shape[0] < six.shape[0]


def test_the_command_writes_a_file_for_one_picture_and_a_folder_for_several(
    tmp_path: Path, astronaut_bgr: Image, hopper_bgr: Image, capsys: pytest.CaptureFixture[str]
) -> None:
    pictures = {"a": astronaut_bgr, "b": hopper_bgr}
    paths = [tmp_path / f"{name}.png" for name in pictures]
    for path, picture in zip(paths, pictures.values(), strict=True):
        cv2.imwrite(str(path), picture)
    out = tmp_path / "out.png"
    assert main(["analyze", str(paths[0]), "--plot", str(out)]) == 0
    assert f"Wrote {out} (1 frame, 1 face)" in capsys.readouterr().out
    assert cv2.imread(str(out)).shape[1] == 1300
    assert main(["analyze", *map(str, paths), "--plot", str(tmp_path / "plots"), "--quiet"]) == 0
    assert sorted(path.name for path in (tmp_path / "plots").iterdir()) == ["a.png", "b.png"]


@pytest.mark.parametrize(
    ("target", "sources", "words"),
    [
        ("one.png", ["a.png", "b.png"], "name a folder"),
        ("one.jpg", ["a.png"], ".png"),
        ("a.png", ["a.png"], "would replace a source"),
        ("plots", ["demo"], "--plot is for pictures"),
    ],
)
def test_invalid_plot_arguments_are_reported_before_any_work(
    tmp_path: Path,
    astronaut_bgr: Image,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    target: str,
    sources: list[str],
    words: str,
) -> None:
    monkeypatch.chdir(tmp_path)
    for name in ("a.png", "b.png"):
        cv2.imwrite(name, astronaut_bgr)
    before = {path: path.read_bytes() for path in tmp_path.iterdir()}
    assert main(["analyze", *sources, "--plot", target]) != 0
    message = capsys.readouterr().err.strip()
    assert is_one_sentence(message.removeprefix("agecam: "))
    assert words in message
    assert {path: path.read_bytes() for path in tmp_path.iterdir()} == before
