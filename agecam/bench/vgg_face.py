"""The published recipe's two networks on one trunk, and apart: time, memory, and what bfloat16 changes."""

import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import tensorflow as tf

from agecam.bootstrap import prepare_process
from agecam.device import choose_device, has_bfloat16
from agecam.errors import OutputError
from agecam.estimator import Estimator
from agecam.install.older_layout import CLASSES, Layout, write
from agecam.install.vgg_face import brought_together, checked
from agecam.memory import give_back_unused, resident_mib
from agecam.networks.vgg_face import SIZE_PX, TASKS, TRUNK, task_network
from agecam.weights import load_model

ROUNDS = 15
FACES = (1, 4)
"""At once."""


def vgg_face_figures() -> dict[str, Any]:
    """Seconds, milliseconds, MiB and years by name. Raises OutputError."""
    with tempfile.TemporaryDirectory(prefix="agecam-") as name:
        folder = Path(name)
        started = time.perf_counter()
        halves = {task: checked(_written(folder, task)) for task in TASKS}
        card = brought_together(halves, folder / "models")
        figures: dict[str, Any] = {"make_and_install_s": time.perf_counter() - started}
        # In a process of its own: what making the files took would count as the network's memory.
        child = subprocess.run(
            [sys.executable, "-m", __spec__.name, str(card.path)], capture_output=True, text=True, check=False
        )
        if child.returncode:
            raise OutputError(f"The measurement ended early: {child.stderr.strip().splitlines()[-1]}.")
        figures |= json.loads(child.stdout.splitlines()[-1])
    return figures


def _written(folder: Path, task: str) -> Path:
    """A file of true shape in the published layout; both tasks have the same trunk."""
    path = folder / f"{task}_model_weights.h5"
    tensors = []
    for index, shape in enumerate(Layout(task, SIZE_PX, 64, 4096).shapes()):
        random = np.random.default_rng((0 if index < len(TRUNK) else CLASSES[task], index))
        scale = np.float32(np.sqrt(2 / np.prod(shape[:-1])))
        tensors.append((random.standard_normal(shape, np.float32) * scale, np.zeros(shape[-1], np.float32)))
    write(path, [f"layer{number}" for number in range(len(tensors))], tensors)
    return path


def _measure(card_path: str) -> dict[str, Any]:
    """In a process of its own: memory as the program has it first, then everything that needs more."""
    device = choose_device("cpu")
    started = time.perf_counter()
    estimator = Estimator.load(card_path, device)
    figures: dict[str, Any] = {"load_s": time.perf_counter() - started}
    figures["numbers"] = "bfloat16" if has_bfloat16(device) else "float32"
    random = np.random.default_rng(0)
    frame = tf.constant(random.integers(0, 255, (720, 1280, 3), np.uint8))
    squares = np.stack([[random.uniform(200, 1000), random.uniform(200, 500), 80, 0] for _ in range(4)])
    squares = squares.astype(np.float32)
    ages = [of.age for of in estimator.estimate_squares(frame, squares)]
    give_back_unused()
    figures["memory_mib"] = resident_mib()
    as_used = {f"{figures['numbers']} {faces}": _of(estimator, frame, squares[:faces]) for faces in FACES}
    times = {name: _median_ms(work) for name, work in as_used.items()}
    del estimator, as_used
    if figures["numbers"] == "bfloat16":
        exact = Estimator(*load_model(card_path), device)
        precise = [of.age for of in exact.estimate_squares(frame, squares)]
        figures["years_off"] = float(np.abs(np.subtract(ages, precise)).max())
        times |= {f"float32 {faces}": _median_ms(_of(exact, frame, squares[:faces])) for faces in FACES}
        del exact
    figures["ms"] = times
    face = tf.constant(random.uniform(0, 255, (1, SIZE_PX, SIZE_PX, 3)), tf.float32)
    figures["separate_ms"] = sum(_median_ms(_network(classes, face)) for classes in TASKS.values())
    return figures


def _of(estimator: Estimator, frame: tf.Tensor, squares: Any) -> Callable[[], object]:
    return lambda: estimator.estimate_squares(frame, squares)


def _network(classes: int, face: tf.Tensor) -> Callable[[], object]:
    network = task_network(classes)
    graph = tf.function(lambda faces: network(faces, training=False))
    return lambda: graph(face).numpy()


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
    print(json.dumps(_measure(sys.argv[1])))
