"""`agecam models add` with the files of the DEX study for Caffe."""

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from caffe_files import (
    Blobs,
    forward,
    network,
    random_blobs,
    random_faces,
    write_description,
    write_large,
    write_pair,
    write_weights,
)
from legacy_hdf5 import random_tensors, write_published
from models import is_one_sentence

from agecam.backends.openvino import OpenVinoBackend
from agecam.cli import main
from agecam.models.card import load_card
from agecam.models.store import network_files
from agecam.types import Image
from agecam.vision.crop import crop_faces

AGES, GENDERS = random_blobs(101, seed=1), random_blobs(2, seed=2)


@pytest.fixture
def installed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The user's models folder, empty."""
    folder = tmp_path / "data" / "agecam" / "models"
    monkeypatch.setattr("agecam.models.store.user_models", lambda: folder)
    return folder


def add(*arguments: object) -> int:
    return main(["models", "add", *(str(of) for of in arguments)])


def files_under(folder: Path) -> set[str]:
    return {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()}


@pytest.fixture
def published(tmp_path: Path) -> dict[str, Path]:
    age, age_text = write_pair(tmp_path / "fetched", "age", AGES, form="v1")
    gender, gender_text = write_pair(tmp_path / "fetched", "gender", GENDERS)
    return {"age": age, "age text": age_text, "gender": gender, "gender text": gender_text}


@pytest.mark.parametrize(
    "order",
    [
        ("age text", "age", "gender text", "gender"),
        ("gender", "age", "age text", "gender text"),
        ("gender", "age"),
        ("gender text", "gender", "age"),
    ],
)
def test_the_studys_files_are_installed_in_any_order(
    installed: Path, published: dict[str, Path], order: tuple[str, ...], capsys: pytest.CaptureFixture[str]
) -> None:
    assert add(*(published[name] for name in order)) == 0
    assert "dex is installed" in capsys.readouterr().out
    assert files_under(installed) == {"dex.json", "dex.onnx", "dex.weights.h5"}
    faces = random_faces(2)
    logits = OpenVinoBackend().runner(network_files(load_card(installed / "dex.json")))(faces)
    assert np.abs(logits - np.hstack([forward(AGES, faces), forward(GENDERS, faces)])).max() < 1e-5
    assert all(path.exists() for path in published.values())
    assert main(["models"]) == 0
    assert "dex" in capsys.readouterr().out


def test_one_task_waits_for_the_other(
    installed: Path, published: dict[str, Path], capsys: pytest.CaptureFixture[str]
) -> None:
    assert add(published["age"], published["age text"], "--name", "study", "--margin", "0.3") == 0
    assert "Add the gender weights" in capsys.readouterr().out
    assert files_under(installed) == {"halves/study-age.caffemodel", "halves/study-age.prototxt"}
    assert main(["models"]) == 0
    assert "study waits for its second weights file; it has the one for age" in capsys.readouterr().out
    assert add(published["gender"], "--name", "study", "--margin", "0.3") == 0
    assert files_under(installed) == {"study.json", "study.onnx", "study.weights.h5"}
    assert load_card(installed / "study.json").crop.margin == 0.3


def test_a_waiting_task_is_replaced_with_its_description(installed: Path, published: dict[str, Path]) -> None:
    hdf5 = write_published(published["age"].with_suffix(".h5"), random_tensors(101, channels=2, features=8, side=1))
    for names, kept in (
        (("age", "age text"), {"dex-age.caffemodel", "dex-age.prototxt"}),
        (("age",), {"dex-age.caffemodel"}),
        (("hdf5",), {"dex-age.h5"}),
    ):
        assert add(*((published | {"hdf5": hdf5})[name] for name in names), "--name", "dex") == 0
        assert files_under(installed / "halves") == kept


def test_a_waiting_task_is_removed_with_its_description(installed: Path, published: dict[str, Path]) -> None:
    assert add(published["age"], published["age text"]) == 0
    assert main(["models", "remove", "dex"]) == 0
    assert files_under(installed) == set()


@pytest.mark.parametrize(
    ("names", "reason"),
    [
        (("age text",), "its weights are missing"),
        (("age text", "gender"), "its weights are missing"),
        (("age", "age"), "both for age"),
        (("age text", "age text", "age"), "both for age"),
        (("age", "hdf5"), "the same authors"),
        (("age", "wide"), "different sizes"),
    ],
)
def test_files_that_do_not_belong_together_are_refused(
    installed: Path,
    published: dict[str, Path],
    capsys: pytest.CaptureFixture[str],
    names: tuple[str, ...],
    reason: str,
) -> None:
    folder = published["age"].parent
    published["hdf5"] = write_published(
        folder / "gender_model_weights.h5", random_tensors(2, channels=2, features=8, side=1)
    )
    published["wide"] = write_weights(folder / "wide.caffemodel", network(random_blobs(2, channels=4)))
    assert add(*(published[name] for name in names)) != 0
    text = capsys.readouterr().err.strip().removeprefix("agecam: ")
    assert is_one_sentence(text), text
    assert reason in text
    assert not installed.exists() or not files_under(installed)


def large_blobs(classes: int) -> Blobs:
    """At true size, mostly zeros in the fully connected layers, but with outputs that depend on the picture."""
    blobs = random_blobs(classes, seed=classes, channels=64, features=16, side=7)
    fc6, fc7, fc8 = np.zeros((4096, 25088), np.float32), np.zeros((4096, 4096), np.float32), blobs[15][0]
    fc6[-16:], fc7[:16, -16:] = blobs[13][0], blobs[14][0]
    wide = np.zeros((classes, 4096), np.float32)
    wide[:, :16] = fc8
    zeros = np.zeros(4096, np.float32)
    return [*blobs[:13], (fc6, zeros), (fc7, zeros), (wide, blobs[15][1])]


@pytest.mark.skipif(sys.platform != "linux", reason="measures with Linux's /proc")
def test_networks_of_true_size_are_installed_within_the_limit_of_memory(tmp_path: Path, astronaut_bgr: Image) -> None:
    files = []
    for task, classes in (("age", 101), ("gender", 2)):
        path = write_large(tmp_path / f"{task}.caffemodel", large_blobs(classes))
        assert 536e6 < path.stat().st_size < 540e6
        text = network(random_blobs(classes, channels=64, features=4096, side=1), values="none", input_px=224)
        files += [path, write_description(tmp_path / f"{task}.prototxt", text)]
    # The peak that getrusage gives includes that of the process which started this one.
    script = (
        "import sys\nfrom agecam.cli import main\ncode = main(['models', 'add', *sys.argv[1:]])\n"
        "(peak,) = [line for line in open('/proc/self/status') if line.startswith('VmHWM:')]\n"
        "print(code, peak.split()[1])"
    )
    environment = os.environ | {"XDG_DATA_HOME": str(tmp_path / "data"), "HOME": str(tmp_path)}
    child = subprocess.run(
        [sys.executable, "-c", script, *map(str, files)], capture_output=True, text=True, env=environment, check=True
    )
    code, peak = map(int, child.stdout.splitlines()[-1].split())
    assert code == 0
    assert peak * 1024 < 1.5 * 2**30
    (card_path,) = tmp_path.rglob("dex.json")
    card = load_card(card_path)
    assert (card.crop.size_px, card.arguments["channels"], card.arguments["features"]) == (224, 64, 4096)
    faces = crop_faces(astronaut_bgr, np.array([[223, 115, 42, 0, 1.3]], np.float32), card.crop)
    logits = OpenVinoBackend(bfloat16=False).runner(network_files(card))(faces)
    expected = np.hstack([forward(large_blobs(classes), faces, dtype=np.float32) for classes in (101, 2)])
    assert np.abs(logits - expected).max() < 1e-4 * np.abs(expected).max()
    for path in (*files, *card_path.parent.iterdir()):  # two gigabytes
        path.unlink()
