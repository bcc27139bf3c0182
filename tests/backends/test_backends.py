"""Both backends give the same results, the right one is chosen, and TensorFlow is not imported without need."""

import importlib.util
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
from agecam.backends import Backend, choose_backend, for_live_estimates, on_processor, openvino
from agecam.backends.keras import KerasBackend, KerasRunner, load_model, load_network
from agecam.backends.openvino import OpenVinoBackend, OpenVinoRunner
from agecam.engine.engine import build_engine
from agecam.engine.options import EngineOptions
from agecam.errors import UsageError, WeightsError
from agecam.models.card import load_card
from agecam.models.files import NetworkFiles
from agecam.models.networks import build_network
from agecam.models.onnx_graph import largest_difference
from agecam.models.store import detector_files, drawing_card, find_model, network_files
from agecam.runtime.device import has_bfloat16
from agecam.types import Frame, Image
from agecam.vision.detector import FaceDetector
from agecam.vision.estimator import Estimator
from training.compact.export_detector import folded
from training.compact.onnx_export import as_onnx, probe, write_onnx


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells the cores of each thread")
def test_threads_of_the_networks_are_not_pinned_to_cores() -> None:
    """Pinned ones share a core with those of every other program that pins its own."""
    code = """
import json, os, threading
from contextlib import suppress
import numpy as np
from agecam.backends.openvino import OpenVinoBackend, use_one_thread
from agecam.models.store import detector_files

def watch():
    while not ended.is_set():
        for thread in os.listdir("/proc/self/task"):
            with suppress(ProcessLookupError):
                seen.add(tuple(sorted(os.sched_getaffinity(int(thread)))))

use_one_thread()
runner = OpenVinoBackend().runner(detector_files()["rnet"])
seen, ended = set(), threading.Event()
watcher = threading.Thread(target=watch)
watcher.start()
for _ in range(100):
    runner(np.zeros((256, 24, 24, 3), np.float32))
ended.set()
watcher.join()
print(json.dumps(sorted(seen)))
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert json.loads(done.stdout.splitlines()[-1]) == [sorted(os.sched_getaffinity(0))]


# --- same results --------------------------------------------------------------------------------------


def test_both_backends_find_and_estimate_the_same(astronaut_bgr: Image, hopper_bgr: Image) -> None:
    backends: list[Backend] = [KerasBackend(any_framework=True), OpenVinoBackend()]
    detectors = [FaceDetector(backend, min_face_px=20) for backend in backends]
    estimators = [Estimator.load(backend=backend) for backend in backends]
    for picture in (astronaut_bgr, hopper_bgr):
        by_keras, by_openvino = (detector.detect(picture, 20) for detector in detectors)
        assert len(by_keras) == len(by_openvino) == 1
        assert by_openvino[0].box == pytest.approx(by_keras[0].box, abs=0.01)
        assert by_openvino[0].landmarks == pytest.approx(by_keras[0].landmarks, abs=0.01)
        assert by_openvino[0].score == pytest.approx(by_keras[0].score, abs=1e-4)
        (expected,), (actual,) = (estimator.estimate(picture, by_openvino) for estimator in estimators)
        assert actual.age == pytest.approx(expected.age, abs=0.01)
        assert (actual.age_low, actual.age_high) == pytest.approx((expected.age_low, expected.age_high), abs=0.01)
        assert actual.female_probability == pytest.approx(expected.female_probability, abs=1e-3)


@pytest.mark.parametrize("min_face_px", [20, 60, 100])
def test_both_backends_agree_for_every_min_face_px(min_face_px: int, hopper_bgr: Image) -> None:
    picture = np.asarray(cv2.resize(hopper_bgr, None, fx=1.6, fy=1.6), np.uint8)
    (expected,), (actual,) = (
        FaceDetector(backend, min_face_px).detect(picture) for backend in (KerasBackend(), OpenVinoBackend())
    )
    assert actual.box == pytest.approx(expected.box, abs=0.01)
    assert actual.landmarks == pytest.approx(expected.landmarks, abs=0.01)


# --- ONNX files ----------------------------------------------------------------------------------------


SAME_ON_OTHER_FRAMEWORKS = """
import sys
import numpy as np
from agecam.backends.keras import KerasBackend
from agecam.backends.openvino import OpenVinoBackend
from agecam.sources.demo import portraits
from agecam.vision.detector import FaceDetector
from agecam.vision.estimator import Estimator

backends = KerasBackend(any_framework=True), OpenVinoBackend()
assert backends[0].framework == sys.argv[1]
detectors = [FaceDetector(backend, 20) for backend in backends]
estimators = [Estimator.load(backend=backend) for backend in backends]
for picture in portraits():
    (theirs,), (ours,) = (detector.detect(picture) for detector in detectors)
    assert np.abs(np.subtract(theirs.box, ours.box)).max() < 0.01
    assert np.abs(theirs.landmarks - ours.landmarks).max() < 0.01
    (their,), (our,) = (estimator.estimate(picture, [ours]) for estimator in estimators)
    assert abs(their.age - our.age) < 0.01
assert "tensorflow" not in sys.modules
"""


@pytest.mark.parametrize("framework", ["torch", "jax"])
def test_other_frameworks_give_the_same(framework: str) -> None:
    if importlib.util.find_spec(framework) is None:
        pytest.skip(f"{framework} is not installed")
    done = subprocess.run(
        [sys.executable, "-c", SAME_ON_OTHER_FRAMEWORKS, framework],
        env=os.environ | {"KERAS_BACKEND": framework},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr


def test_the_shipped_onnx_file_matches_the_keras_network() -> None:
    card, network = load_model("compact")
    (form,) = card.forms
    assert (form.format, form.precision) == ("onnx", "float32")
    pictures, expected = probe(network, card.crop.size_px)
    assert largest_difference(expected, OpenVinoRunner(card.path.with_name(form.file))(pictures)) < 1e-4


def test_the_files_of_the_network_for_drawn_faces_match() -> None:
    card = drawing_card()
    assert card.files.onnx is not None
    pictures, expected = probe(load_network(card.files), card.crop.size_px)
    assert largest_difference(expected, OpenVinoRunner(card.files.onnx.path)(pictures)) < 1e-4


@pytest.mark.parametrize("name", ["pnet", "rnet", "onet"])
def test_the_detector_files_match_the_networks_of_the_package(name: str) -> None:
    from mtcnn.network import onet, pnet, rnet

    files = detector_files()[name]
    assert files.onnx is not None
    network = load_network(files)
    side_px = files.size_px or 40
    pictures, expected = probe(network, side_px)
    actual = np.concatenate([OpenVinoRunner(files.onnx.path)(picture[None]) for picture in pictures])
    assert largest_difference(expected, actual) < 1e-4
    package_network = {"pnet": pnet.PNet, "rnet": rnet.RNet, "onet": onet.ONet}[name]()
    from_package = np.asarray(folded(name, package_network)(pictures))
    assert largest_difference(from_package, actual) < 1e-4
    # Folding preserves the face probability that the package gives for scaled RGB.
    outputs = package_network((pictures[..., ::-1] - 127.5) / 128)
    probability = np.asarray(outputs[-1])[..., 1]
    assert 1 / (1 + np.exp(-actual[..., 4])) == pytest.approx(probability, abs=1e-4)
    assert np.ptp(probability) > 1e-6


def test_other_onnx_software_gives_the_same_results(tmp_path: Path) -> None:
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
def test_trained_batch_normalisation_is_exported(tmp_path: Path, grid_features: int) -> None:
    network = build_network("compact", TINY_SIZE_PX, **TINY_ARGUMENTS, grid_features=grid_features)
    random = np.random.default_rng(0)
    normalisations = [layer for layer in network.layers if isinstance(layer, keras.layers.BatchNormalization)]
    for layer in normalisations:
        layer.set_weights([random.uniform(0.5, 1.5, weights.shape) for weights in layer.get_weights()])
    assert len(normalisations) > 4
    (tmp_path / "network.onnx").write_bytes(as_onnx(network))
    pictures, expected = probe(network, TINY_SIZE_PX)
    assert largest_difference(expected, OpenVinoRunner(tmp_path / "network.onnx")(pictures)) < 1e-4


def test_a_layer_that_cannot_be_exported_is_named() -> None:
    inputs = keras.Input((8, 8, 3))
    network = keras.Model(inputs, keras.layers.GaussianNoise(0.1, name="haze")(inputs))
    with pytest.raises(UsageError, match="haze"):
        as_onnx(network)


def test_a_model_is_exported_to_onnx(tmp_path: Path) -> None:
    path = write_model(tmp_path)
    path.with_suffix(".onnx").unlink()
    form = write_onnx(tiny_network(), path)
    change_card(path, forms=[asdict(form)])
    assert form.largest_difference is not None
    assert form.largest_difference < 1e-4
    assert isinstance(OpenVinoBackend().runner(network_files(load_card(path))), OpenVinoRunner)


def test_damaged_files_are_rejected(tmp_path: Path) -> None:
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


def test_a_file_that_is_not_a_network_is_rejected(tmp_path: Path) -> None:
    (tmp_path / "a.onnx").write_text("no network")
    with pytest.raises(WeightsError, match=r"a\.onnx is not an ONNX network"):
        OpenVinoRunner(tmp_path / "a.onnx")


def test_a_card_cannot_name_files_in_other_folders(tmp_path: Path) -> None:
    path = write_model(tmp_path)
    (form,) = json.loads(path.read_text())["forms"]
    change_card(path, forms=[form | {"file": "../other.onnx"}])
    with pytest.raises(WeightsError, match="file names"):
        load_card(path)


# --- choice --------------------------------------------------------------------------------------------


@pytest.fixture
def no_openvino(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setitem(sys.modules, "openvino", None)
    for cached in (openvino.is_available, openvino._core):
        cached.cache_clear()
    yield
    monkeypatch.undo()
    for cached in (openvino.is_available, openvino._core):
        cached.cache_clear()


def test_openvino_runs_on_the_processor() -> None:
    backend, refusal = choose_backend("cpu")
    assert (backend.name, backend.device, refusal) == ("openvino", "cpu", None)
    assert isinstance(backend.runner(network_files(load_card(find_model("compact")))), OpenVinoRunner)


def test_live_small_networks_use_bfloat16_as_well(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    files = network_files(load_card(find_model("compact")))
    backends = [on_processor(), OpenVinoBackend(), KerasBackend()]
    monkeypatch.setattr(agecam.backends.choice, "has_bfloat16", lambda: False)
    assert all(for_live_estimates(backend, files) is backend for backend in backends)
    monkeypatch.setattr(agecam.backends.choice, "has_bfloat16", lambda: True)
    assert for_live_estimates(backends[2], files) is backends[2]
    assert all(for_live_estimates(backend, files) is not backend for backend in backends[:2])
    monkeypatch.setattr("agecam.models.files.LARGE_BYTES", 1)
    assert all(for_live_estimates(backend, files) is backend for backend in backends)  # large ones always do
    assert OpenVinoBackend(bfloat16=True, small_too=True).precision(files) == "bfloat16"


def test_only_live_video_is_estimated_in_bfloat16(monkeypatch: pytest.MonkeyPatch, astronaut_bgr: Image) -> None:
    live_networks: list[NetworkFiles] = []

    def for_live(backend: Backend, files: NetworkFiles) -> Backend:
        live_networks.append(files)
        return OpenVinoBackend(bfloat16=True, small_too=True)

    monkeypatch.setattr("agecam.engine.engine.for_live_estimates", for_live)
    still, moving = (Frame(astronaut_bgr, 0, 0.0, "test", still=still) for still in (True, False))
    files_engine = build_engine(EngineOptions(device="cpu"))
    assert live_networks == []
    live_engine = build_engine(EngineOptions(device="cpu", budget_ms=1000.0))
    assert [files.network for files in live_networks] == ["compact"]
    (exact,), (live,) = (engine.step(still).faces for engine in (files_engine, live_engine))
    assert (exact.age, exact.female_probability) == (live.age, live.female_probability)
    (exact,), (live,) = (engine.step(moving).faces for engine in (files_engine, live_engine))
    assert live.age == pytest.approx(exact.age, abs=0.5)
    if has_bfloat16():
        assert live.age != exact.age


def test_keras_is_used_if_requested(astronaut_bgr: Image) -> None:
    backend, _ = choose_backend("cpu", "keras")
    assert (backend.name, backend.device) == ("keras", "cpu")
    (face,) = build_engine(EngineOptions(device="cpu", backend="keras")).detector.detect(astronaut_bgr)
    assert face.score > 0.95


def test_another_library_replaces_a_missing_openvino(
    no_openvino: None, astronaut_bgr: Image, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert choose_backend("cpu")[0].name == "onnxruntime"
    monkeypatch.setattr(agecam.backends.onnxruntime, "is_available", lambda: False)
    assert choose_backend("cpu")[0].name == "keras"
    with pytest.raises(UsageError, match="pip install openvino"):
        choose_backend("cpu", "openvino")
    (face,) = Analyzer(device="cpu").analyze(astronaut_bgr)
    assert 20 < face.age < 50


def test_keras_runs_networks_that_openvino_cannot(monkeypatch: pytest.MonkeyPatch, astronaut_bgr: Image) -> None:
    def fail(*_: object) -> None:
        raise RuntimeError("Operation of a later version.")

    monkeypatch.setattr(OpenVinoRunner, "__init__", fail)
    files = network_files(load_card(find_model("compact")))
    assert isinstance(on_processor().runner(files), KerasRunner)
    with pytest.raises(RuntimeError):  # unless OpenVINO is requested
        choose_backend("cpu", "openvino")[0].runner(files)


def test_keras_runs_a_model_without_onnx_file(tmp_path: Path, astronaut_bgr: Image) -> None:
    path = write_model(tmp_path)
    change_card(path, forms=[])
    path.with_suffix(".onnx").unlink()
    assert isinstance(on_processor().runner(network_files(load_card(path))), KerasRunner)


def test_openvino_rejects_gpus() -> None:
    with pytest.raises(UsageError, match="processor only") as failure:
        choose_backend("gpu", "openvino")
    assert is_one_sentence(str(failure.value))


def test_an_unusable_gpu_is_reported_in_one_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(agecam.backends.choice, "gpu_in_sight", lambda: True)
    for has_libraries, reason in ((False, "CUDA libraries"), (True, "finds no GPU")):
        monkeypatch.setattr(agecam.backends.choice, "has_cuda_libraries", lambda has=has_libraries: has)
        backend, refusal = choose_backend("auto")
        assert backend.name == "openvino"
        assert reason in str(refusal)
        assert is_one_sentence(str(refusal))
        with pytest.raises(UsageError, match=reason):
            choose_backend("gpu")
    # Without a GPU there is no message.
    monkeypatch.setattr(agecam.backends.choice, "gpu_in_sight", lambda: False)
    assert choose_backend("auto")[1] is None
    with pytest.raises(UsageError, match="no GPU"):
        choose_backend("gpu")


# --- batches -------------------------------------------------------------------------------------------


def test_keras_pads_batches_to_powers_of_two() -> None:
    runner = KerasBackend(any_framework=True).runner(network_files(load_card(find_model("compact"))))
    sizes: list[int] = []
    network = runner._network
    predict = network.predict_on_batch
    network.predict_on_batch = lambda batch: sizes.append(len(batch)) or predict(batch)
    side = load_card(find_model("compact")).input_size_px
    faces = np.random.default_rng(0).uniform(0, 255, (9, side, side, 3)).astype(np.float32)
    whole = runner(faces)
    assert whole.shape == (9, 103)
    for count in (1, 3, 5, 8):
        assert runner(faces[:count]) == pytest.approx(whole[:count], abs=1e-3)
    assert sizes == [16, 1, 4, 8, 8]


def test_a_batch_on_the_device_gives_the_same_as_an_array() -> None:
    runner = KerasBackend(any_framework=True).runner(network_files(load_card(find_model("compact"))))
    side = load_card(find_model("compact")).input_size_px
    faces = np.random.default_rng(0).uniform(0, 255, (4, side, side, 3)).astype(np.float32)
    assert runner.run_on_device(runner.on_device(faces)) == pytest.approx(runner(faces), abs=1e-4)


def test_a_framework_error_is_one_line() -> None:
    runner = KerasRunner(tiny_network(), keras, "cpu:0")
    with pytest.raises(RuntimeError) as failure:
        runner(np.zeros((1, 7, 7, 3), np.float32))
    assert "\n" not in str(failure.value)


# --- imports -------------------------------------------------------------------------------------------

HEAVY = ("tensorflow", "keras", "matplotlib", "mtcnn", "torch", "jax", "pandas")


def loaded_by(code: str, tmp_path: Path, **environment: str) -> list[str]:
    """Heavy packages that a process has loaded when it ends."""
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


def test_the_analyzer_loads_no_heavy_packages(portrait: Path, tmp_path: Path) -> None:
    code = f"import cv2, agecam\nassert len(agecam.Analyzer().analyze(cv2.imread({str(portrait)!r}))) == 1"
    assert loaded_by(code, tmp_path) == []


def test_the_command_loads_no_heavy_packages(portrait: Path, tmp_path: Path) -> None:
    outputs = f"'--jsonl', {str(tmp_path / 'r.jsonl')!r}"
    code = f"from agecam.cli import main\nassert main(['analyze', {str(portrait)!r}, {outputs}]) == 0"
    assert loaded_by(code, tmp_path) == []
    assert len(json.loads((tmp_path / "r.jsonl").read_text())["faces"]) == 1


def test_the_window_loads_no_heavy_packages(portrait: Path, tmp_path: Path) -> None:
    code = (
        "from agecam.runtime.environment import prepare_process\nprepare_process()\n"
        "from agecam.ui.measure import measure_window\n"
        f"seen = measure_window({str(portrait)!r}, 0.5, lambda share: None)\n"
        "assert seen is not None and seen.first_label_s > 0"
    )
    assert loaded_by(code, tmp_path) == []


def test_installing_vgg_face_loads_no_heavy_packages(tmp_path: Path) -> None:
    code = (
        f"sys.path.insert(0, {str(Path(__file__).parents[1])!r})\n"
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


def test_openvino_telemetry_is_disabled(portrait: Path, tmp_path: Path) -> None:
    code = (
        f"import cv2, agecam\nagecam.Analyzer().analyze(cv2.imread({str(portrait)!r}))\n"
        "assert 'openvino' in sys.modules; assert 'openvino_telemetry' not in sys.modules"
    )
    home = tmp_path / "home"
    home.mkdir()
    loaded_by(code, home)
    assert list(home.rglob("*telemetry*")) == []


def test_another_framework_is_used_only_on_request(portrait: Path, tmp_path: Path) -> None:
    code = (
        f"import cv2, agecam, os\npicture = cv2.imread({str(portrait)!r})\n"
        "assert len(agecam.Analyzer(device='cpu', backend='keras').analyze(picture)) == 1\n"
        "import keras\nassert keras.backend.backend() == 'tensorflow'\n"
        "assert os.environ['KERAS_BACKEND'] == 'jax'"
    )
    assert "tensorflow" in loaded_by(code, tmp_path, KERAS_BACKEND="jax")
