"""Batches of pictures from disk: read and cut by several threads, while the step before is computed."""

import os
from typing import Any

import keras
import numpy as np
import numpy.typing as npt

from training.datasets.wiki_faces import WikiFaces


class PictureBatches(keras.utils.PyDataset):
    """Inputs `(N, size, size, 3) uint8` RGB and classes `(N,)`."""

    def __init__(
        self,
        faces: WikiFaces,
        classes: npt.NDArray[np.int64],
        rows: npt.NDArray[np.intp],
        size_px: int,
        batch: int,
        seed: int | None = None,
        draw: int | None = None,
    ) -> None:
        """
        Args:
            rows: the faces that these batches are of.
            seed: of their order; None leaves them as they are.
            draw: so many faces are drawn anew for each epoch, as published: some perhaps twice; None takes all.
        """
        super().__init__(workers=os.cpu_count() or 1, max_queue_size=4)
        self.faces, self.classes, self.rows = faces, classes, rows
        self.size_px, self.batch, self.seed, self.draw = size_px, batch, seed, draw
        self.epoch = -1
        self.on_epoch_begin()

    @property
    def pictures(self) -> int:
        """In an epoch."""
        return len(self.order)

    def __len__(self) -> int:
        return -(-len(self.order) // self.batch)

    def __getitem__(self, index: int) -> tuple[Any, Any]:
        rows = self.order[index * self.batch : (index + 1) * self.batch]
        return self.faces.inputs(rows, self.size_px), self.classes[rows]

    def on_epoch_begin(self) -> None:
        self.epoch += 1
        self.order = order_of(self.rows, self.seed, self.epoch, self.draw)


def order_of(rows: npt.NDArray[np.intp], seed: int | None, epoch: int, draw: int | None = None) -> npt.NDArray[np.intp]:
    """The rows of an epoch, in order; the same for the same seed and epoch."""
    if seed is None:
        return rows
    random = np.random.default_rng((seed, epoch))
    return random.choice(rows, draw) if draw else random.permutation(rows)
