"""Features of the frozen convolutions: computed once per face, stored on disk in half precision, read on demand."""

import hashlib
import json
import math
import os
import threading
import time
from collections import deque
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import keras
import numpy as np
import numpy.typing as npt
from tqdm import tqdm

from agecam.errors import UsageError
from agecam.models.networks.vgg_face import convolutions
from agecam.models.vgg_face import BACKBONE
from agecam.runtime.files import explained
from training.data.wiki_faces import WikiFaces
from training.files import write_json
from training.vgg_face.batches import Reader, Rows

BATCH = 16
SMALL_BATCH = 8
"""Batch size for features computed during training: the first two maps of one picture take 26 MB."""
PREFETCH = 4
"""Batches read ahead while one is computed."""
MADE_BY = "training.vgg_face.features"


@dataclass(frozen=True, slots=True)
class Features:
    """A complete file of features; rows as in the table of faces."""

    path: Path
    shape: tuple[int, ...]
    """Shape of the features of one face."""

    @classmethod
    def compute(cls, network: keras.Model, faces: WikiFaces, size_px: int, folder: Path) -> "Features":
        """Compute the features of all faces, starting after those that the file already contains.

        Args:
            network: the output of its layer `pool5` is stored.
            faces: all faces of the table.
            size_px: side of the input.
            folder: folder of the file; may contain a part of it.

        Raises:
            UsageError: the folder contains features of other faces or of another network.
            OutputError: the disk is full, or the folder cannot be written.
        """
        backbone = _backbone(network)
        shape = tuple(int(side) for side in backbone.output_shape[1:])
        path, note = folder / "features.f16", folder / "features.json"
        known_by = _digest(network, faces, size_px)
        row_bytes = 2 * math.prod(shape)
        done = 0
        if note.exists():
            kept = json.loads(note.read_text(encoding="utf-8"))
            if kept.get("known_by") != known_by:
                raise UsageError(f"{path} is of other faces or weights: pass another --features-folder, or delete it.")
            done = min(kept["done"], path.stat().st_size // row_bytes if path.exists() else 0)
        remaining = [np.arange(first, min(first + BATCH, len(faces))) for first in range(done, len(faces), BATCH)]
        with explained(path):
            folder.mkdir(parents=True, exist_ok=True)
            file = path.open("r+b" if done else "wb")
        began, first = time.monotonic(), done
        with file, tqdm(total=len(faces), initial=done, desc="Features", unit=" faces", delay=2) as bar:
            file.seek(done * row_bytes)
            file.truncate()
            for inputs in prefetched(lambda rows: faces.inputs(rows, size_px), remaining):
                features = np.asarray(backbone.predict_on_batch(inputs), np.float16)
                with explained(path):
                    file.write(features.tobytes())
                    file.flush()
                done += len(features)
                bar.update(len(features))
                if (done - first) % (32 * BATCH) == 0 or done == len(faces):
                    write_json(note, {"made_by": MADE_BY, "known_by": known_by, "done": done, "of": len(faces)})
        if done > first:
            rate = (done - first) / (time.monotonic() - began)
            print(f"{path}: {done:,} faces, {path.stat().st_size / 1e6:,.0f} MB, {rate:,.1f} pictures per second")
        return cls(path, shape)

    def rows(self, rows: Rows) -> npt.NDArray[np.float16]:
        """Features of some rows, `(N, side, side, channels)`.

        Reads the file instead of mapping it, since mapped pages would count as memory of the program.
        """
        row_bytes = 2 * math.prod(self.shape)
        handle = os.open(self.path, os.O_RDONLY | getattr(os, "O_BINARY", 0))
        try:
            parts = [_read_at(handle, row_bytes, int(row) * row_bytes) for row in rows]
        finally:
            os.close(handle)
        return np.frombuffer(b"".join(parts), np.float16).reshape(-1, *self.shape)


def _backbone(network: keras.Model) -> keras.Model:
    """The frozen convolutions as a model."""
    return keras.Model(network.input, network.get_layer("pool5").output)


def _read_at(handle: int, count: int, offset: int) -> bytes:
    os.lseek(handle, offset, os.SEEK_SET)
    return os.read(handle, count)


def live_features(network: keras.Model, faces: WikiFaces, size_px: int) -> Reader:
    """The same features, computed on every read, in small batches because the first maps are large."""
    backbone = _backbone(network)
    lock = threading.Lock()

    def read(rows: Rows) -> npt.NDArray[Any]:
        inputs = faces.inputs(rows, size_px)
        with lock:
            parts = [
                backbone.predict_on_batch(inputs[at : at + SMALL_BATCH]) for at in range(0, len(inputs), SMALL_BATCH)
            ]
        return np.concatenate(parts)

    return read


def prefetched(read: Reader, parts: Sequence[Rows]) -> Iterator[npt.NDArray[Any]]:
    """The inputs of each part in order, read by threads a few parts ahead."""
    with ThreadPoolExecutor() as pool:
        pending = deque(pool.submit(read, rows) for rows in parts[:PREFETCH])
        for index in range(len(parts)):
            inputs = pending.popleft().result()
            if index + PREFETCH < len(parts):
                pending.append(pool.submit(read, parts[index + PREFETCH]))
            yield inputs


def _digest(network: keras.Model, faces: WikiFaces, size_px: int) -> str:
    """SHA-256 of everything that the features depend on."""
    digest = hashlib.sha256(f"{size_px}\n".encode())
    for file in faces.files:
        digest.update(f"{file}\n".encode())
    for layer in convolutions(network)[: len(BACKBONE)]:
        for weights in layer.get_weights():
            digest.update(np.ascontiguousarray(weights).tobytes())
    return digest.hexdigest()
