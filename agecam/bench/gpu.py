"""GPU throughput in faces per second: with the batch already in GPU memory, and with a copy for each call."""

from collections.abc import Iterator
from statistics import median
from time import perf_counter
from typing import Any

import numpy as np

from agecam.backends.keras import KerasBackend
from agecam.bench.scenes import scene
from agecam.bench.steps import MIN_FACE_PX, elapsed_ms
from agecam.models.card import load_card
from agecam.models.store import find_model, network_files
from agecam.vision.detector import FaceDetector

BATCHES = (1, 8, 64)
_WARM_UP, _ROUNDS = 5, 30


def gpu_rows(backend: KerasBackend, model: str = "compact", rounds: int = _ROUNDS) -> Iterator[dict[str, Any]]:
    """Faces per second of the model's network, resident and copied, one row for each batch size.

    The last row has the milliseconds of the detector at 1280 x 720.
    """
    card = load_card(find_model(model))
    runner = backend.runner(network_files(card))
    for size in BATCHES:
        faces = np.random.default_rng(size).uniform(0, 255, (size, card.crop.size_px, card.crop.size_px, 3))
        copied = faces.astype(np.float32)
        resident = runner.on_device(copied)
        row: dict[str, Any] = {"faces": size}
        for name, batch in (("resident", resident), ("copied", copied)):
            for _ in range(_WARM_UP):
                runner.run_on_device(batch)
            times = []
            for _ in range(rounds):
                started = perf_counter()
                runner.run_on_device(batch)  # returns the outputs, so the GPU has finished
                times.append(perf_counter() - started)
            row[f"{name}_per_s"] = size / median(times)
        yield row
    detector = FaceDetector(backend, MIN_FACE_PX)
    frames = [frame.image_bgr for frame in scene(1280, 720, 4, _WARM_UP + rounds)]
    yield {"detector_ms": median([elapsed_ms(detector.detect, frame) for frame in frames][_WARM_UP:])}
