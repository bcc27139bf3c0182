"""Time and memory of the two VGG-Face networks, with a shared backbone and apart, and the effect of bfloat16.

The networks of the DEX study have the same structure, but each has its own backbone in one model.
"""

import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from agecam.backends.openvino import OpenVinoBackend
from agecam.errors import OutputError
from agecam.models.card import load_card
from agecam.models.install.layers import CLASSES, FileLayout
from agecam.models.install.legacy_hdf5 import write
from agecam.models.install.vgg_face import checked, combine
from agecam.models.store import network_files
from agecam.models.vgg_face import BACKBONE, SIZE_PX, TASKS
from agecam.runtime.environment import prepare_process
from agecam.runtime.memory import give_back_unused, resident_mib
from agecam.types import FloatArray, Image
from agecam.vision.estimator import Estimator, Squares

ROUNDS = 15
FACES = (1, 4)
"""Faces per batch."""


def vgg_face_figures() -> dict[str, Any]:
    """Measured seconds, milliseconds, MiB and years, by name; raises OutputError if the measurement fails."""
    with tempfile.TemporaryDirectory(prefix="agecam-") as name:
        folder = Path(name)
        started = time.perf_counter()
        task_files = {task: checked(_written(folder, task)) for task in TASKS}
        card = combine(task_files, folder / "models")
        given, installed = (
            sum(path.stat().st_size for path in files)
            for files in ((task_file.path for task_file in task_files.values()), card.path.parent.iterdir())
        )
        figures: dict[str, Any] = {
            "make_and_install_s": time.perf_counter() - started,
            "given_mb": given / 1e6,
            "installed_mb": installed / 1e6,
        }
        figures |= _measured_alone(card.path, "all")
        for path in card.path.parent.iterdir():  # a gigabyte
            path.unlink()
        task_files["gender"] = checked(_written(folder, "gender", backbone_seed=1))
        card = combine(task_files, folder / "models")
        figures["two_backbones"] = _measured_alone(card.path, "program")
    return figures


def _measured_alone(card_path: Path, what: str) -> dict[str, Any]:
    """Measure in a separate process, so that the memory used for making the files is not counted."""
    child = subprocess.run(
        [sys.executable, "-m", __spec__.name, str(card_path), what], capture_output=True, text=True, check=False
    )
    if child.returncode:
        raise OutputError(f"The measurement failed: {child.stderr.strip().splitlines()[-1]}.")
    figures: dict[str, Any] = json.loads(child.stdout.splitlines()[-1])
    return figures


def _written(folder: Path, task: str, backbone_seed: int = 0) -> Path:
    """Write a random weights file in the published layout and shapes; the same seed gives the same backbone."""
    path = folder / f"{task}_model_weights.h5"
    tensors = []
    for index, shape in enumerate(FileLayout(task, SIZE_PX, 64, 4096).shapes()):
        random = np.random.default_rng((backbone_seed if index < len(BACKBONE) else CLASSES[task], index))
        scale = np.float32(np.sqrt(2 / np.prod(shape[:-1])))
        tensors.append((random.standard_normal(shape, np.float32) * scale, np.zeros(shape[-1], np.float32)))
    write(path, [f"layer{index}" for index in range(len(tensors))], tensors)
    return path


def _measure(card_path: str, what: str) -> dict[str, Any]:
    """Run in a separate process: memory and times as in the program first, then, for 'all', what needs more memory."""
    started = time.perf_counter()
    backend = OpenVinoBackend()
    card = load_card(Path(card_path))
    estimator = Estimator.load(card_path, backend)
    figures: dict[str, Any] = {"load_s": time.perf_counter() - started}
    figures["numbers"] = backend.precision(network_files(card))
    random = np.random.default_rng(0)
    frame = random.integers(0, 255, (720, 1280, 3), np.uint8)
    squares = np.stack([[random.uniform(200, 1000), random.uniform(200, 500), 80, 0] for _ in range(4)])
    squares = squares.astype(np.float32)
    ages = [attributes.age for attributes in estimator.estimate_squares(frame, squares)]
    give_back_unused()
    figures["memory_mib"] = resident_mib()
    times = _times(figures["numbers"], estimator, frame, squares)
    del estimator
    figures["ms"] = times
    if what != "all":
        return figures
    if figures["numbers"] == "bfloat16":
        exact = Estimator.load(card_path, OpenVinoBackend(bfloat16=False))
        exact_ages = [attributes.age for attributes in exact.estimate_squares(frame, squares)]
        figures["years_off"] = float(np.abs(np.subtract(ages, exact_ages)).max())
        times |= _times("float32", exact, frame, squares)
        del exact
    figures["separate_ms"] = _separate_ms(random.uniform(0, 255, (1, SIZE_PX, SIZE_PX, 3)).astype(np.float32))
    return figures


def _times(numbers: str, estimator: Estimator, frame: Image, squares: Squares) -> dict[str, float]:
    return {
        f"{numbers} {faces}": _median_ms(lambda some=squares[:faces]: estimator.estimate_squares(frame, some))  # type: ignore[misc]
        for faces in FACES
    }


def _separate_ms(face: FloatArray) -> float:
    """Milliseconds of two separate networks in sequence, run by TensorFlow as Keras models."""
    import tensorflow as tf

    from agecam.models.networks.vgg_face import task_network

    def network_ms(classes: int) -> float:
        network = task_network(classes)
        graph = tf.function(lambda faces: network(faces, training=False))
        return _median_ms(lambda: graph(tf.constant(face)).numpy())

    return sum(network_ms(classes) for classes in TASKS.values())


def _median_ms(work: Callable[[], object]) -> float:
    work()
    times = []
    for _ in range(ROUNDS):
        started = time.perf_counter()
        work()
        times.append(time.perf_counter() - started)
    return float(np.median(times)) * 1e3


if __name__ == "__main__":
    prepare_process()
    print(json.dumps(_measure(*sys.argv[1:])))
