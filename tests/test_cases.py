"""The runner of cases finds right what is right, and wrong what is not."""

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from cases import EXPECTED_NAME, TABLE, Expected
from cases_run import lag_s, likeness
from films import Film
from sources.picture_files import encoded

from agecam.types import Image

ROOT = Path(__file__).resolve().parent.parent


def run_cases(folder: Path) -> "subprocess.CompletedProcess[str]":
    command = [sys.executable, "-m", "tests.cases", str(folder)]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=200, check=False)


@pytest.fixture
def folder(astronaut_bgr: Image, tmp_path: Path) -> Path:
    """A portrait, a text, and a film with sound."""
    path = tmp_path / "cases"
    path.mkdir()
    (path / "portrait.jpg").write_bytes(encoded(astronaut_bgr, ".jpg"))
    (path / "letter.jpg").write_text("Dear reader", encoding="utf-8")
    Film("film.mp4", frames=30).write(path)
    return path


def expect(folder: Path, **expected: dict[str, object]) -> None:
    content = {name.replace("_", "."): value for name, value in expected.items()}
    (folder / EXPECTED_NAME).write_text(json.dumps(content), encoding="utf-8")


def test_right_files_are_ok_and_others_have_no_verdict(folder: Path) -> None:
    expect(
        folder,
        portrait_jpg={"right": "one face", "faces": 1, "frames": 1, "size": [512, 512], "upright": True},
        letter_jpg={"right": "refused", "refused": True, "also_as": ["letter.mp4"]},
    )
    done = run_cases(folder)
    assert done.returncode == 0, done.stdout + done.stderr
    assert (
        "ok       portrait.jpg\n           right:  one face\n           actual: opened: 1 frame of 512x512"
        in done.stdout
    )
    assert "actual: refused: exit status 1, agecam: 'letter.jpg'" in done.stdout
    assert "         film.mp4\n           actual: opened: 30 frames of 64x48, 0 faces, video of 1.20 s" in done.stdout
    assert "3 files, 0 wrong, 1 without a verdict" in done.stdout


def test_wrong_files_are_named_with_what_is_wrong(folder: Path) -> None:
    expect(
        folder,
        portrait_jpg={"faces": 2, "size": [10, 10], "video": True, "remark": "ends early", "looks_like": "film.mp4"},
        letter_jpg={"faces": 1},
        film_mp4={"refused": True},
        lost_png={"faces": 1},
    )
    done = run_cases(folder)
    assert done.returncode == 1
    for sentence in (
        "1 of 1 frames do not have 2 face(s)",
        "the frames have {(512, 512)} px instead of (10, 10)",
        "it was taken for pictures",
        "no remark contains 'ends early'",
        "it does not look like film.mp4",
        "the exit status is 1",
        "it was not refused",
        "WRONG    lost.png: expected.json names it, but it is not there",
        "3 files, 4 wrong, 0 without a verdict",
    ):
        assert sentence in done.stdout


def test_the_sound_and_the_length_of_a_film_are_checked(folder: Path) -> None:
    right = {"video": True, "frames": 30, "duration_s": 1.2, "sound": True, "longest_step_s": 0.05}
    expect(folder, film_mp4=right)
    assert "ok       film.mp4" in run_cases(folder).stdout
    expect(folder, film_mp4={"sound": False, "duration_s": 5, "longest_step_s": 0.01})
    done = run_cases(folder)
    assert done.returncode == 1
    assert "the annotated video has sound" in done.stdout
    assert "the annotated video lasts 1.20 s instead of 5 s" in done.stdout
    assert "0.04 s between two frames" in done.stdout


def test_a_field_with_a_wrong_name_is_refused() -> None:
    with pytest.raises(ValueError, match="unknown fields: facess"):
        Expected.from_json({"facess": 1})
    assert len(TABLE) == 15


def test_sound_that_is_late_is_measured() -> None:
    clicks = np.zeros(200, np.float32)
    clicks[[30, 90]] = 1
    assert lag_s(clicks, np.roll(clicks, 7)) == pytest.approx(0.07)
    assert lag_s(clicks, np.roll(clicks, -4)) == pytest.approx(-0.04)
    assert lag_s(clicks, np.ones_like(clicks)) is None


def test_labels_do_not_matter_to_the_likeness(astronaut_bgr: Image) -> None:
    labelled = astronaut_bgr.copy()
    labelled[20:60, 150:300] = 255
    assert likeness(astronaut_bgr, labelled) < 0.1
    assert likeness(astronaut_bgr, astronaut_bgr[:, ::-1]) > 10
