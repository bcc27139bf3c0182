"""What the frozen convolutions give for every face: computed once, kept on disk in half precision, read as needed."""

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
from agecam.models.vgg_face import TRUNK
from agecam.runtime.files import explained
from training.batches import Reader, Rows
from training.datasets.wiki_faces import WikiFaces
from training.files import write_json

BATCH = 16
FEW = 8
"""At a time where they are computed within the training: the first two maps of one picture take 26 MB."""
AHEAD = 4
"""Batches that are read while one is computed."""
MADE_BY = "training.features"


@dataclass(frozen=True, slots=True)
class Features:
    """A complete file of them; rows as in the table of faces."""

    path: Path
    shape: tuple[int, ...]
    """Of one face."""

    @classmethod
    def of(cls, network: keras.Model, faces: WikiFaces, size_px: int, folder: Path) -> "Features":
        """The features of all faces: those of the file there, and those that it lacks.

        Args:
            network: whose layer `pool5` is wanted.

        Raises:
            UsageError: the folder holds features of other faces or of another network.
            OutputError: the disk is full, or the folder cannot be written.
        """
        trunk = _trunk(network)
        shape = tuple(int(side) for side in trunk.output_shape[1:])
        path, note = folder / "features.f16", folder / "features.json"
        known_by = _digest(network, faces, size_px)
        row_bytes = 2 * math.prod(shape)
        done = 0
        if note.exists():
            kept = json.loads(note.read_text(encoding="utf-8"))
            if kept.get("known_by") != known_by:
                raise UsageError(f"{path} is of other faces or weights: name another --features-folder, or remove it.")
            done = min(kept["done"], path.stat().st_size // row_bytes if path.exists() else 0)
        waiting = [np.arange(first, min(first + BATCH, len(faces))) for first in range(done, len(faces), BATCH)]
        with explained(path):
            folder.mkdir(parents=True, exist_ok=True)
            file = path.open("r+b" if done else "wb")
        began, first = time.monotonic(), done
        with file, tqdm(total=len(faces), initial=done, desc="Features", unit=" faces", delay=2) as bar:
            file.seek(done * row_bytes)
            file.truncate()
            for inputs in ahead(lambda rows: faces.inputs(rows, size_px), waiting):
                given = np.asarray(trunk.predict_on_batch(inputs), np.float16)
                with explained(path):
                    file.write(given.tobytes())
                    file.flush()
                done += len(given)
                bar.update(len(given))
                if (done - first) % (32 * BATCH) == 0 or done == len(faces):
                    write_json(note, {"made_by": MADE_BY, "known_by": known_by, "done": done, "of": len(faces)})
        if done > first:
            rate = (done - first) / (time.monotonic() - began)
            print(f"{path}: {done:,} faces, {path.stat().st_size / 1e6:,.0f} MB, {rate:,.1f} pictures a second")
        return cls(path, shape)

    def rows(self, rows: Rows) -> npt.NDArray[np.float16]:
        """`(N, side, side, channels)`. Read, not mapped: mapped pages would count as the program's memory."""
        row_bytes = 2 * math.prod(self.shape)
        handle = os.open(self.path, os.O_RDONLY | getattr(os, "O_BINARY", 0))
        try:
            parts = [_read_at(handle, row_bytes, int(row) * row_bytes) for row in rows]
        finally:
            os.close(handle)
        return np.frombuffer(b"".join(parts), np.float16).reshape(-1, *self.shape)


def _trunk(network: keras.Model) -> keras.Model:
    """The frozen convolutions by themselves."""
    return keras.Model(network.input, network.get_layer("pool5").output)


def _read_at(handle: int, count: int, place: int) -> bytes:
    os.lseek(handle, place, os.SEEK_SET)
    return os.read(handle, count)


def frozen_part(network: keras.Model, faces: WikiFaces, size_px: int) -> Reader:
    """The same features, computed anew whenever they are read; in small batches, since the first maps are large."""
    trunk = _trunk(network)
    alone = threading.Lock()

    def read(rows: Rows) -> npt.NDArray[Any]:
        inputs = faces.inputs(rows, size_px)
        with alone:
            parts = [trunk.predict_on_batch(inputs[at : at + FEW]) for at in range(0, len(inputs), FEW)]
        return np.concatenate(parts)

    return read


def ahead(read: Reader, parts: Sequence[Rows]) -> Iterator[npt.NDArray[Any]]:
    """What is read of each part, in their order, by threads that are a few parts ahead."""
    with ThreadPoolExecutor() as pool:
        pending = deque(pool.submit(read, rows) for rows in parts[:AHEAD])
        for index in range(len(parts)):
            inputs = pending.popleft().result()
            if index + AHEAD < len(parts):
                pending.append(pool.submit(read, parts[index + AHEAD]))
            yield inputs


def _digest(network: keras.Model, faces: WikiFaces, size_px: int) -> str:
    """Of all that the features depend on."""
    digest = hashlib.sha256(f"{size_px}\n".encode())
    for file in faces.files:
        digest.update(f"{file}\n".encode())
    for layer in convolutions(network)[: len(TRUNK)]:
        for weights in layer.get_weights():
            digest.update(np.ascontiguousarray(weights).tobytes())
    return digest.hexdigest()
