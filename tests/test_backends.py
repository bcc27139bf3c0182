"""What runs a network: both backends say the same, the right one is chosen, and TensorFlow stays out of the rest."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path

import cv2
import keras
import numpy as np
import onnxruntime
import pytest
from models import TINY_ARGUMENTS, TINY_SIZE_PX, change_card, is_one_sentence, tiny_network, write_model

import agecam.backends.choice
from agecam.analyzer import Analyzer
from agecam.backends import Backend, choose_backend, on_processor, openvino
from agecam.backends.keras import KerasBackend, KerasRunner, load_model, load_network
from agecam.backends.openvino import OpenVinoBackend, OpenVinoRunner
from agecam.engine.engine import build_engine
from agecam.errors import UsageError, WeightsError
from agecam.models.card import load_card
from agecam.models.networks import build_network
from agecam.models.onnx_graph import largest_difference
from agecam.models.store import detector_files, find_model, network_files
from agecam.types import Image
from agecam.vision.detector import FaceDetector
from agecam.vision.estimator import Estimator
from training.export_detector import folded
from training.onnx_export import as_onnx, probe, write_onnx

FRAMEWORK = os.environ.get("KERAS_BACKEND", "tensorflow")
"""These tests honour it: what they compare the reference with is Keras, whatever computes behind it."""


# --- the same results ----------------------------------------------------------------------------------


def test_both_backends_find_and_estimate_the_same(astronaut_bgr: Image, hopper_bgr: Image) -> None:
    backends: list[Backend] = [KerasBackend(any_framework=True), OpenVinoBackend()]
    detectors = [FaceDetector(backend, min_face_px=20) for backend in backends]
    estimators = [Estimator.load(backend=backend) for backend in backends]
    for picture in (astronaut_bgr, hopper_bgr):
        theirs, ours = (detector.detect(picture, least_px) for detector in detectors for least_px in (20,))
        assert len(theirs) == len(ours) == 1
        assert ours[0].box == pytest.approx(theirs[0].box, abs=0.01)
        assert ours[0].landmarks == pytest.approx(theirs[0].landmarks, abs=0.01)
        assert ours[0].score == pytest.approx(theirs[0].score, abs=1e-4)
        (their,), (our,) = (estimator.estimate(picture, ours) for estimator in estimators)
        assert our.age == pytest.approx(their.age, abs=0.01)
        assert (our.age_low, our.age_high) == pytest.approx((their.age_low, their.age_high), abs=0.01)
        assert our.female_probability == pytest.approx(their.female_probability, abs=1e-3)


@pytest.mark.parametrize("least_px", [20, 60, 100])
def test_larger_smallest_faces_are_found_the_same(least_px: int, hopper_bgr: Image) -> None:
    picture = np.asarray(cv2.resize(hopper_bgr, None, fx=1.6, fy=1.6), np.uint8)
    (their,), (our,) = (FaceDetector(of, least_px).detect(picture) for of in (KerasBackend(), OpenVinoBackend()))
    assert our.box == pytest.approx(their.box, abs=0.01)
    assert our.landmarks == pytest.approx(their.landmarks, abs=0.01)


# --- networks ready to run -----------------------------------------------------------------------------


def test_the_shipped_onnx_file_is_the_keras_network() -> None:
    card, network = load_model("compact")
    (form,) = card.forms
    assert (form.format, form.precision) == ("onnx", "float32")
    pictures, expected = probe(network, card.crop.size_px)
    assert largest_difference(expected, OpenVinoRunner(card.path.with_name(form.file))(pictures)) < 1e-4


@pytest.mark.parametrize("name", ["pnet", "rnet", "onet"])
def test_the_detectors_files_are_the_packages_networks(name: str) -> None:
    from mtcnn.network import onet, pnet, rnet

    files = detector_files()[name]
    assert files.onnx is not None
    network = load_network(files)
    side_px = files.size_px or 40
    pictures, expected = probe(network, side_px)
    ours = np.concatenate([OpenVinoRunner(files.onnx.path)(of[None]) for of in pictures])
    assert largest_difference(expected, ours) < 1e-4
    package_network = {"pnet": pnet.PNet, "rnet": rnet.RNet, "onet": onet.ONet}[name]()
    from_package = np.asarray(folded(name, package_network)(pictures))
    assert largest_difference(from_package, ours) < 1e-4
    # And folding has kept what the package says of scaled RGB: the probability of a face.
    outputs = package_network((pictures[..., ::-1] - 127.5) / 128)
    probability = np.asarray(outputs[-1])[..., 1]
    assert 1 / (1 + np.exp(-ours[..., 4])) == pytest.approx(probability, abs=1e-4)
    assert np.ptp(probability) > 1e-6


def test_what_else_reads_onnx_reads_the_same(tmp_path: Path) -> None:
    card, network = load_model("compact")
    pictures, expected = probe(network, card.crop.size_px)
    path = str(card.path.with_suffix(".onnx"))
    (by_onnxruntime,) = onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"]).run(
        None, {"pixels": pictures}
    )
    assert largest_difference(expected, by_onnxruntime) < 1e-4
    by_opencv = cv2.dnn.readNetFromONNX(path)
    by_opencv.setInput(pictures[:1])
    assert largest_difference(expected[:1], by_opencv.forward()) < 1e-4


@pytest.mark.parametrize("grid_features", [0, 8])
def test_normalisation_that_has_learnt_is_written(tmp_path: Path, grid_features: int) -> None:
    network, random = build_network("compact", TINY_SIZE_PX, **TINY_ARGUMENTS, grid_features=grid_features), np.random
    random_state = random.default_rng(0)
    normalisations = [layer for layer in network.layers if isinstance(layer, keras.layers.BatchNormalization)]
    for layer in normalisations:
        layer.set_weights([random_state.uniform(0.5, 1.5, weights.shape) for weights in layer.get_weights()])
    assert len(normalisations) > 4
    (tmp_path / "network.onnx").write_bytes(as_onnx(network))
    pictures, expected = probe(network, TINY_SIZE_PX)
    assert largest_difference(expected, OpenVinoRunner(tmp_path / "network.onnx")(pictures)) < 1e-4


def test_a_layer_that_cannot_be_written_is_named() -> None:
    inputs = keras.Input((8, 8, 3))
    network = keras.Model(inputs, keras.layers.GaussianNoise(0.1, name="haze")(inputs))
    with pytest.raises(UsageError, match="haze"):
        as_onnx(network)


def test_a_model_gets_its_onnx_form(tmp_path: Path) -> None:
    path = write_model(tmp_path)
    path.with_suffix(".onnx").unlink()
    form = write_onnx(tiny_network(), path)
    change_card(path, forms=[asdict(form)])
    assert form.largest_difference is not None
    assert form.largest_difference < 1e-4
    assert isinstance(OpenVinoBackend().runner(network_files(load_card(path))), OpenVinoRunner)


def test_damaged_files_are_refused(tmp_path: Path) -> None:
    path = write_model(tmp_path)
    for suffix, backend in ((".onnx", OpenVinoBackend()), (".weights.h5", KerasBackend())):
        file = path.with_suffix(suffix)
        good = file.read_bytes()
        for content, what in ((good[:-9], "damaged"), (b"", "damaged"), (None, "cannot be read")):
            file.write_bytes(content) if content is not None else file.unlink()
            with pytest.raises(WeightsError, match=what) as failure:
                backend.runner(network_files(load_card(path)))
            assert is_one_sentence(str(failure.value))
            assert file.name in str(failure.value)
        file.write_bytes(good)


def test_a_file_that_is_no_network_is_refused(tmp_path: Path) -> None:
    (tmp_path / "a.onnx").write_text("no network")
    with pytest.raises(WeightsError, match=r"a\.onnx is not a network in ONNX"):
        OpenVinoRunner(tmp_path / "a.onnx")


def test_a_card_names_no_file_elsewhere(tmp_path: Path) -> None:
    path = write_model(tmp_path)
    (form,) = json.loads(path.read_text())["forms"]
    change_card(path, forms=[form | {"file": "../other.onnx"}])
    with pytest.raises(WeightsError, match="further files"):
        load_card(path)


# --- which backend -------------------------------------------------------------------------------------


@pytest.fixture
def no_openvino(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setitem(sys.modules, "openvino", None)
    for part in (openvino.is_available, openvino._core):
        part.cache_clear()
    yield
    monkeypatch.undo()
    for part in (openvino.is_available, openvino._core):
        part.cache_clear()


def test_the_processor_runs_openvino() -> None:
    backend, refusal = choose_backend("cpu")
    assert (backend.name, backend.device, refusal) == ("openvino", "cpu", None)
    assert isinstance(backend.runner(network_files(load_card(find_model("compact")))), OpenVinoRunner)


def test_keras_when_asked_for(astronaut_bgr: Image) -> None:
    backend, _ = choose_backend("cpu", "keras")
    assert (backend.name, backend.device) == ("keras", "cpu")
    (face,) = build_engine(device="cpu", backend="keras").detector.detect(astronaut_bgr)
    assert face.score > 0.95


def test_without_openvino_keras_serves(no_openvino: None, astronaut_bgr: Image) -> None:
    assert choose_backend("cpu")[0].name == "keras"
    with pytest.raises(UsageError, match="pip install openvino"):
        choose_backend("cpu", "openvino")
    (face,) = Analyzer(device="cpu").analyze(astronaut_bgr)
    assert 20 < face.age < 50


def test_what_openvino_refuses_keras_runs(monkeypatch: pytest.MonkeyPatch, astronaut_bgr: Image) -> None:
    def refuses(*_: object) -> None:
        raise RuntimeError("Operation of a later version.")

    monkeypatch.setattr(OpenVinoRunner, "__init__", refuses)
    files = network_files(load_card(find_model("compact")))
    assert isinstance(on_processor().runner(files), KerasRunner)
    with pytest.raises(RuntimeError):  # unless OpenVINO was asked for
        choose_backend("cpu", "openvino")[0].runner(files)


def test_a_model_without_onnx_form_is_run_by_keras(tmp_path: Path, astronaut_bgr: Image) -> None:
    path = write_model(tmp_path)
    change_card(path, forms=[])
    path.with_suffix(".onnx").unlink()
    assert isinstance(on_processor().runner(network_files(load_card(path))), KerasRunner)


def test_openvino_is_not_for_gpus() -> None:
    with pytest.raises(UsageError, match="processor only") as failure:
        choose_backend("gpu", "openvino")
    assert is_one_sentence(str(failure.value))


def test_a_gpu_in_sight_that_cannot_be_used_is_one_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(agecam.backends.choice, "gpu_in_sight", lambda: True)
    for has_libraries, reason in ((False, "CUDA libraries"), (True, "sees no GPU")):
        monkeypatch.setattr(agecam.backends.choice, "has_cuda_libraries", lambda has=has_libraries: has)
        backend, refusal = choose_backend("auto")
        assert backend.name == "openvino"
        assert reason in str(refusal)
        assert is_one_sentence(str(refusal))
        with pytest.raises(UsageError, match=reason):
            choose_backend("gpu")
    # And where there is none to see, nothing is said.
    monkeypatch.setattr(agecam.backends.choice, "gpu_in_sight", lambda: False)
    assert choose_backend("auto")[1] is None
    with pytest.raises(UsageError, match="no GPU"):
        choose_backend("gpu")


# --- batches -------------------------------------------------------------------------------------------


def test_keras_fills_batches_up_to_few_sizes() -> None:
    runner = KerasBackend(any_framework=True).runner(network_files(load_card(find_model("compact"))))
    seen: list[int] = []
    network = runner._network
    predict = network.predict_on_batch
    network.predict_on_batch = lambda batch: seen.append(len(batch)) or predict(batch)
    faces = np.random.default_rng(0).uniform(0, 255, (9, 80, 80, 3)).astype(np.float32)
    whole = runner(faces)
    assert whole.shape == (9, 103)
    for count in (1, 3, 5, 8):
        assert runner(faces[:count]) == pytest.approx(whole[:count], abs=1e-3)
    assert seen == [16, 1, 4, 8, 8]


def test_a_batch_on_the_device_gives_what_an_array_gives() -> None:
    runner = KerasBackend(any_framework=True).runner(network_files(load_card(find_model("compact"))))
    faces = np.random.default_rng(0).uniform(0, 255, (4, 80, 80, 3)).astype(np.float32)
    assert runner.run_on_device(runner.on_device(faces)) == pytest.approx(runner(faces), abs=1e-4)


def test_a_failing_framework_is_one_line() -> None:
    runner = KerasRunner(tiny_network(), keras, "cpu:0")
    with pytest.raises(RuntimeError) as failure:
        runner(np.zeros((1, 7, 7, 3), np.float32))
    assert "\n" not in str(failure.value)


# --- what stays out ------------------------------------------------------------------------------------

HEAVY = ("tensorflow", "keras", "matplotlib", "mtcnn", "torch", "jax", "pandas")


def loaded_by(code: str, tmp_path: Path, **environment: str) -> list[str]:
    """Which of the heavy packages a process has loaded at its end."""
    code += f"\nprint('loaded', *[name for name in {HEAVY!r} if name in sys.modules])"
    settings = {"HOME": str(tmp_path), "XDG_CONFIG_HOME": str(tmp_path), "QT_QPA_PLATFORM": "offscreen"}
    done = subprocess.run(
        [sys.executable, "-c", f"import sys\n{code}"],
        env=os.environ | settings | environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.splitlines()[-1].split()[1:]


@pytest.fixture
def portrait(tmp_path: Path, astronaut_bgr: Image) -> Path:
    path = tmp_path / "portrait.png"
    cv2.imwrite(str(path), astronaut_bgr)
    return path


def test_an_analyzer_loads_none_of_them(portrait: Path, tmp_path: Path) -> None:
    code = f"import cv2, agecam\nassert len(agecam.Analyzer().analyze(cv2.imread({str(portrait)!r}))) == 1"
    assert loaded_by(code, tmp_path) == []


def test_the_command_loads_none_of_them(portrait: Path, tmp_path: Path) -> None:
    outputs = f"'--jsonl', {str(tmp_path / 'r.jsonl')!r}"
    code = f"from agecam.cli import main\nassert main(['analyze', {str(portrait)!r}, {outputs}]) == 0"
    assert loaded_by(code, tmp_path) == []
    assert len(json.loads((tmp_path / "r.jsonl").read_text())["faces"]) == 1


def test_the_window_loads_none_of_them(portrait: Path, tmp_path: Path) -> None:
    code = (
        "from agecam.runtime.environment import prepare_process\nprepare_process()\n"
        "from agecam.ui.measure import measure_window\n"
        f"seen = measure_window({str(portrait)!r}, 0.5, lambda share: None)\n"
        "assert seen is not None and seen.first_label_s > 0"
    )
    assert loaded_by(code, tmp_path) == []


def test_installing_the_published_files_loads_none_of_them(tmp_path: Path) -> None:
    code = (
        f"sys.path.insert(0, {str(Path(__file__).parent)!r})\n"
        "from pathlib import Path\n"
        "from legacy_hdf5 import random_tensors, write_published\n"
        "from agecam.cli import main\n"
        f"folder = Path({str(tmp_path)!r})\n"
        "form = {'channels': 2, 'features': 8, 'side': 1}\n"
        "files = [str(write_published(folder / f'{n}.h5', random_tensors(n, **form))) for n in (101, 2)]\n"
        "assert main(['models', 'add', *files]) == 0\n"
        "assert main(['models']) == 0\n"
        "from agecam.vision.estimator import Estimator\n"
        "Estimator.load('vgg-face')"
    )
    assert loaded_by(code, tmp_path, XDG_DATA_HOME=str(tmp_path)) == []


def test_nothing_is_told_to_the_makers_of_openvino(portrait: Path, tmp_path: Path) -> None:
    code = (
        f"import cv2, agecam\nagecam.Analyzer().analyze(cv2.imread({str(portrait)!r}))\n"
        "assert 'openvino' in sys.modules; assert sys.modules['openvino_telemetry'] is None"
    )
    home = tmp_path / "home"
    home.mkdir()
    loaded_by(code, home)
    assert list(home.rglob("*telemetry*")) == []


def test_another_framework_is_not_taken_unasked(portrait: Path, tmp_path: Path) -> None:
    code = (
        f"import cv2, agecam, os\npicture = cv2.imread({str(portrait)!r})\n"
        "assert len(agecam.Analyzer(device='cpu', backend='keras').analyze(picture)) == 1\n"
        "import keras\nassert keras.backend.backend() == 'tensorflow'\n"
        "assert os.environ['KERAS_BACKEND'] == 'jax'"
    )
    assert "tensorflow" in loaded_by(code, tmp_path, KERAS_BACKEND="jax")
