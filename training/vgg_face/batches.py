"""Batches read on demand, by several threads during the previous training step."""

import os
from collections.abc import Callable
from typing import Any

import keras
import numpy as np
import numpy.typing as npt

Rows = npt.NDArray[np.intp]
Reader = Callable[[Rows], npt.NDArray[Any]]
"""Returns the inputs of some rows."""


class RowBatches(keras.utils.PyDataset):
    """Batches of inputs and target classes `(N,)` of some rows."""

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
            read: returns the inputs of some rows.
            classes: target classes of all rows of the table.
            rows: the rows to use.
            batch: rows per batch.
            seed: seed of the order in each epoch; None keeps the order.
            draw: number of rows drawn with replacement for each epoch, as published; None uses all rows.
        """
        super().__init__(workers=os.cpu_count() or 1, max_queue_size=4)
        self.read, self.classes, self.rows = read, classes, rows
        self.batch, self.seed, self.draw = batch, seed, draw
        self.epoch = -1
        self.on_epoch_begin()

    @property
    def count(self) -> int:
        """Number of rows in an epoch."""
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
