"""Batches read as they are needed, by several threads while the step before is computed."""

import os
from collections.abc import Callable
from typing import Any

import keras
import numpy as np
import numpy.typing as npt

Rows = npt.NDArray[np.intp]
Reader = Callable[[Rows], npt.NDArray[Any]]
"""Gives the inputs of rows."""


class Batches(keras.utils.PyDataset):
    """Inputs and classes `(N,)` of some rows."""

    def __init__(
        self,
        read: Reader,
        classes: npt.NDArray[np.int64],
        rows: Rows,
        batch: int,
        seed: int | None = None,
        draw: int | None = None,
    ) -> None:
        """
        Args:
            classes: of all rows there are.
            rows: those that these batches are of.
            seed: of their order in each epoch; None leaves them as they are.
            draw: so many are drawn anew for each epoch, as published: some perhaps twice; None takes all.
        """
        super().__init__(workers=os.cpu_count() or 1, max_queue_size=4)
        self.read, self.classes, self.rows = read, classes, rows
        self.batch, self.seed, self.draw = batch, seed, draw
        self.epoch = -1
        self.on_epoch_begin()

    @property
    def count(self) -> int:
        """Rows of an epoch."""
        return len(self.order)

    def __len__(self) -> int:
        return -(-len(self.order) // self.batch)

    def __getitem__(self, index: int) -> tuple[Any, Any]:
        rows = self.order[index * self.batch : (index + 1) * self.batch]
        return self.read(rows), self.classes[rows]

    def on_epoch_begin(self) -> None:
        self.epoch += 1
        if self.seed is None:
            self.order = self.rows
            return
        random = np.random.default_rng((self.seed, self.epoch))
        self.order = random.choice(self.rows, self.draw) if self.draw else random.permutation(self.rows)
