"""Batches of augmented faces."""

import argparse
import os
from typing import Any

import cv2
import keras
import numpy as np
import numpy.typing as npt

from agecam.types import Image
from training.compact.sampling import sample_rows, weights_by_age
from training.data.augment import augmented_batch, mixup
from training.data.crops import DecodedCrops

CHANGED = 0.45
"""Share of views in which more than the framing changes, in the first half of the epochs."""


class FaceBatches(keras.utils.PyDataset):
    """Shuffled batches of augmented faces from crops in memory; reproducible for a seed and epoch.

    In the second half of the epochs fewer views change in more than their framing: by then the network has learned to
    ignore such changes, and most real pictures have none. Strong augmentation keeps the full share.
    """

    def __init__(
        self,
        crops: DecodedCrops,
        targets: npt.NDArray[np.float32],
        size_px: int,
        shown_px: int,
        options: argparse.Namespace,
        first_epoch: int,
    ) -> None:
        """
        Args:
            crops: faces.
            targets: `(N, 3)` labels or `(N, 103)` distributions.
            size_px: side of the views.
            shown_px: side that the views are scaled to.
            options: options of training.compact.train.
            first_epoch: 0, or the number of epochs that an interrupted run has finished.
        """
        # With PyTorch a parallel loader slows the training threads more than loading between the steps.
        super().__init__(workers=1 if keras.backend.backend() == "torch" else os.cpu_count() or 1, max_queue_size=8)
        self.crops, self.targets = crops, targets
        self.size_px, self.shown_px = size_px, shown_px
        self.batch: int = options.batch
        self.seed: int = options.seed
        self.epochs: int = options.epochs
        self.mix: float = options.mix
        self.strong: bool = options.strong
        self.weights = weights_by_age(crops.targets, crops.sets, options.rebalance, dict(options.often))
        self.steps: int = options.steps or round(float(self.weights.sum())) // options.batch
        self.epoch = first_epoch - 1
        self.on_epoch_begin()

    def __len__(self) -> int:
        return self.steps

    def __getitem__(self, index: int) -> tuple[Any, Any]:
        rows = self.order[index * self.batch : (index + 1) * self.batch]
        random = np.random.default_rng((self.seed, self.epoch, index))
        share = CHANGED if self.strong or self.epoch < 0.5 * self.epochs else CHANGED / 2
        views = augmented_batch(self.crops.images[rows], self.size_px, random, share, self.strong)
        views = resized(views, self.shown_px)
        targets = self.targets[rows]
        return mixup(views, targets, random, self.mix) if self.mix else (views, targets)

    def on_epoch_begin(self) -> None:
        self.epoch += 1
        random = np.random.default_rng((self.seed, self.epoch))
        rounds = -(-self.steps * self.batch // round(float(self.weights.sum())))
        self.order = np.concatenate([sample_rows(self.weights, random) for _ in range(rounds)])


def resized(faces: Image, size_px: int) -> Image:
    """`(N, side, side, 3)` -> `(N, size_px, size_px, 3)`."""
    if faces.shape[1] == size_px:
        return faces
    return np.stack([cv2.resize(face, (size_px, size_px), interpolation=cv2.INTER_AREA) for face in faces])
