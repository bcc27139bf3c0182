"""AgeCam runs with what is installed, and says in a sentence what is missing."""

import os
import subprocess
import sys
from dataclasses import asdict
from pathlib import Path

import numpy as np
import pytest
from models import change_card, is_one_sentence, tiny_network, write_model

from agecam.backends.onnxruntime import OnnxRuntimeBackend, OnnxRuntimeRunner
from agecam.backends.openvino import OpenVinoBackend
from agecam.errors import WeightsError
from agecam.models.card import load_card
from agecam.models.store import find_model, network_files
from agecam.types import Image
from agecam.vision.detector import FaceDetector
from agecam.vision.estimator import Estimator
from training.compact.onnx_export import write_onnx

ARM = "platform.system, platform.machine = lambda: 'Windows', lambda: 'ARM64'"
INTEL_MAC = "platform.system, platform.machine = lambda: 'Darwin', lambda: 'x86_64'"


def run(code: str, without: list[str], tmp_path: Path) -> subprocess.CompletedProcess[str]:
    """Run code in a process in which some packages are not installed."""
    hidden = "".join(f"sys.modules[{name!r}] = None\n" for name in without)
    return subprocess.run(
        [sys.executable, "-c", f"import platform, sys\n{hidden}{code}"],
        cwd=Path(__file__).parents[2],
        env=os.environ | {"XDG_DATA_HOME": str(tmp_path), "HOME": str(tmp_path)},
        capture_output=True,
        text=True,
        timeout=200,
        check=False,
    )


def command(arguments: list[str], without: list[str], tmp_path: Path, system: str = "") -> str:
    """The one sentence with which `agecam` refuses."""
    done = run(f"from agecam.cli import main\n{system}\nsys.exit(main({arguments!r}))", without, tmp_path)
    assert done.returncode in (1, 2), done.stderr
    message = done.stderr.strip().splitlines()[-1].removeprefix("agecam: ")
    assert is_one_sentence(message), done.stderr
    return message


@pytest.fixture
def portrait(tmp_path: Path, astronaut_bgr: Image) -> Path:
    import cv2

    path = tmp_path / "astronaut.png"
    cv2.imwrite(str(path), astronaut_bgr)
    return path


@pytest.mark.parametrize(
    ("without", "expected"),
    [
        (["tensorflow", "keras"], "openvino"),
        (["openvino"], "onnxruntime"),
        (["openvino", "tensorflow", "keras"], "onnxruntime"),
        (["onnxruntime", "tensorflow", "keras"], "openvino"),
        (["openvino", "onnxruntime"], "keras"),
    ],
)
def test_what_is_installed_is_used(without: list[str], expected: str, portrait: Path, tmp_path: Path) -> None:
    code = (
        "from agecam import Analyzer\nfrom agecam.backends import choose_backend\nimport cv2\n"
        f"(face,) = Analyzer(device='cpu').analyze(cv2.imread({str(portrait)!r}))\n"
        "assert 20 < face.age < 50, face\nprint(choose_backend('cpu')[0].name)"
    )
    done = run(code, without, tmp_path)
    assert done.returncode == 0, done.stderr
    assert done.stdout.split()[-1] == expected


def test_the_analysis_of_a_computer_without_tensorflow_and_openvino(portrait: Path, tmp_path: Path) -> None:
    results = tmp_path / "r.csv"
    code = f"from agecam.cli import main\nsys.exit(main(['analyze', {str(portrait)!r}, '--csv', {str(results)!r}]))"
    done = run(code, ["openvino", "tensorflow", "keras"], tmp_path)
    assert done.returncode == 0, done.stderr
    assert len(results.read_text().splitlines()) == 2


@pytest.mark.parametrize(
    ("arguments", "without", "system", "words"),
    [
        (
            ["analyze", "demo", "--max-frames", "1"],
            ["openvino", "onnxruntime", "tensorflow"],
            "",
            "pip install openvino",
        ),
        (["analyze", "demo"], ["openvino", "onnxruntime", "tensorflow"], ARM, "pip install onnxruntime"),
        (["analyze", "demo", "--backend", "openvino"], ["openvino"], "", "pip install openvino"),
        (["analyze", "demo", "--backend", "openvino"], ["openvino"], ARM, "OpenVINO has no package for this system"),
        (["analyze", "demo", "--backend", "keras"], ["tensorflow"], "", "pip install tensorflow"),
        (["analyze", "demo", "--backend", "keras"], ["tensorflow"], INTEL_MAC, "TensorFlow has no package"),
        (["analyze", "demo", "--backend", "keras"], ["tensorflow", "keras"], ARM, "TensorFlow has no package"),
        (["analyze", "demo", "--device", "gpu"], ["tensorflow"], INTEL_MAC, "no GPU"),
        (["bench"], ["tensorflow"], "", "pip install tensorflow"),
    ],
)
def test_a_missing_library_is_named(
    arguments: list[str], without: list[str], system: str, words: str, tmp_path: Path
) -> None:
    assert words in command(arguments, without, tmp_path, system)


def test_a_model_without_onnx_file_needs_tensorflow(tmp_path: Path) -> None:
    path = write_model(tmp_path)
    change_card(path, forms=[])
    message = command(["analyze", "demo", "--model", str(path)], ["tensorflow", "keras"], tmp_path)
    assert "tiny.weights.h5" in message
    assert "agecam models add" in message


def test_onnx_runtime_and_openvino_give_the_same(astronaut_bgr: Image, hopper_bgr: Image) -> None:
    for picture in (astronaut_bgr, hopper_bgr):
        (theirs,), (ours,) = (
            FaceDetector(backend, min_face_px=20).detect(picture)
            for backend in (OpenVinoBackend(), OnnxRuntimeBackend())
        )
        assert ours.box == pytest.approx(theirs.box, abs=0.01)
        assert ours.landmarks == pytest.approx(theirs.landmarks, abs=0.01)
        (expected,), (actual,) = (
            Estimator.load(backend=backend).estimate(picture, [theirs])
            for backend in (OpenVinoBackend(), OnnxRuntimeBackend())
        )
        assert actual.age == pytest.approx(expected.age, abs=0.01)
        assert actual.female_probability == pytest.approx(expected.female_probability, abs=1e-3)


def test_onnx_runtime_reads_weights_beside_the_onnx_file(tmp_path: Path) -> None:
    """As of VGG-Face, whose ONNX file refers to the tensors in the weights file."""
    from legacy_hdf5 import random_tensors, write_published

    from agecam.models.install.vgg_face import checked, combine

    narrow = {"channels": 2, "features": 8, "side": 1}
    files = {
        task: checked(write_published(tmp_path / f"{task}.h5", random_tensors(classes, **narrow)))
        for task, classes in (("age", 101), ("gender", 2))
    }
    network = network_files(combine(files, tmp_path))
    faces = np.random.default_rng(0).uniform(0, 255, (3, 32, 32, 3)).astype(np.float32)
    ours, theirs = (backend.runner(network)(faces) for backend in (OnnxRuntimeBackend(), OpenVinoBackend()))
    assert ours == pytest.approx(theirs, abs=1e-3)


def test_onnx_runtime_rejects_damaged_files(tmp_path: Path) -> None:
    path = write_model(tmp_path)
    file = path.with_suffix(".onnx")
    file.write_bytes(file.read_bytes()[:-9])
    with pytest.raises(WeightsError, match="damaged"):
        OnnxRuntimeBackend().runner(network_files(load_card(path)))
    (tmp_path / "a.onnx").write_text("no network")
    with pytest.raises(WeightsError, match=r"a\.onnx is not an ONNX network"):
        OnnxRuntimeRunner(tmp_path / "a.onnx")


def test_an_error_of_onnx_runtime_is_one_line(tmp_path: Path) -> None:
    path = write_model(tmp_path)
    change_card(path, forms=[asdict(write_onnx(tiny_network(), path))])
    runner = OnnxRuntimeBackend().runner(network_files(load_card(path)))
    with pytest.raises(RuntimeError) as failure:
        runner(np.zeros((1, 7, 7, 3), np.float32))
    assert "\n" not in str(failure.value)


def test_a_batch_of_any_size_gives_the_same() -> None:
    runner = OnnxRuntimeBackend().runner(network_files(load_card(find_model("compact"))))
    size_px = load_card(find_model("compact")).input_size_px
    faces = np.random.default_rng(0).uniform(0, 255, (5, size_px, size_px, 3)).astype(np.float32)
    whole = runner(faces)
    assert runner(faces[:2]) == pytest.approx(whole[:2], abs=1e-3)
