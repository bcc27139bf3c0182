"""Estimates apparent age and gender of all faces in a frame, in batches."""

from collections.abc import Sequence
from typing import TypeAlias

import cv2
import numpy as np
import numpy.typing as npt

from agecam.backends import Backend, Runner, choose_backend
from agecam.errors import EstimatorError, WeightsError
from agecam.models.card import Card, load_card
from agecam.models.store import find_model, network_files
from agecam.types import OUTPUTS, Attributes, Detection, FloatArray, Image
from agecam.vision.crop import crop_faces, places_of
from agecam.vision.decoding import decode

BATCH_SIZES = (1, 2, 4, 8, 16, 32)
"""Batches are padded to these sizes, so that kernels are prepared only once for each."""
LARGE_BATCH = 8
"""Largest batch for networks of hundreds of megabytes: larger batches need more memory and are no faster."""

Squares: TypeAlias = npt.NDArray[np.float32]
"""`(N, 4)` squares or `(N, 5)` boxes, as described in `agecam.vision.crop`."""


class Estimator:
    """Estimates apparent age and gender with one network. Not thread-safe."""

    def __init__(self, card: Card, network: Runner) -> None:
        """
        Args:
            card: how to crop faces and decode outputs.
            network: `(N, size, size, 3)` RGB, 0 to 255 -> `(N, 103)` logits.
        """
        self.card = card
        self._network = network
        self._max_batch = LARGE_BATCH if network_files(card).is_large else BATCH_SIZES[-1]

    @classmethod
    def load(cls, model: str = "compact", backend: Backend | None = None) -> "Estimator":
        """Load a model.

        Args:
            model: its name, or the path of its card.
            backend: runs its network; by default the one that `choose_backend` selects.

        Raises:
            WeightsError: there is no such model, or its files are damaged or do not match.
            RuntimeError: the network failed on the GPU.
        """
        card = load_card(find_model(model))
        backend = backend or choose_backend()[0]
        estimator = cls(card, backend.runner(network_files(card)))
        side = card.crop.size_px
        try:
            outputs = estimator._network(np.zeros((1, side, side, 3), np.float32))
        except RuntimeError as error:
            if backend.device != "cpu":  # the GPU may be out of memory
                raise
            raise WeightsError(
                "The network of the model {path} does not fit its card: reinstall the model.", path=card.path
            ) from error
        if outputs.shape != (1, OUTPUTS):
            raise WeightsError(
                "The network of the card {path} does not have {outputs} outputs: reinstall the model.",
                path=card.path,
                outputs=OUTPUTS,
            )
        return estimator

    def estimate(self, frame: Image, faces: Sequence[Detection], *, twice: bool = False) -> list[Attributes]:
        """Attributes of faces in one frame, in the order of the faces.

        Args:
            frame: `(H, W, 3) uint8`, BGR.
            faces: as detected in this frame.
            twice: estimate each face a second time, mirrored, and average, unless the card says 'once'. It takes twice
                the time and is about as much better as a network of twice the size.

        Raises:
            EstimatorError: the network failed.
        """
        return self.estimate_squares(frame, places_of(faces, self.card.crop), twice=twice)

    def estimate_squares(self, frame: Image, squares: Squares, *, twice: bool = False) -> list[Attributes]:
        """The same for squares or boxes of `agecam.vision.crop`; used in evaluation, where they are known."""
        if not len(squares):
            return []
        try:
            parts = [
                self._logits(frame, squares[first : first + self._max_batch], twice)
                for first in range(0, len(squares), self._max_batch)
            ]
        except (RuntimeError, MemoryError, cv2.error) as error:
            reason = str(error).strip().partition("\n")[0]
            raise EstimatorError(
                "Age and gender could not be estimated ({reason}): try a smaller picture or --device cpu.",
                reason=reason,
            ) from error
        return decode(np.concatenate(parts), self.card.calibration)

    def warm_up(self) -> None:
        """Run every batch size once, so that the first frames do not wait while a GPU prepares its kernels."""
        side = self.card.crop.size_px
        for size in BATCH_SIZES:
            if size <= self._max_batch:
                self._network(np.zeros((size, side, side, 3), np.float32))

    def _logits(self, frame: Image, squares: Squares, twice: bool) -> FloatArray:
        faces = _padded(crop_faces(frame, squares, self.card.crop))
        logits = self._network(faces)
        if twice and not self.card.crop.once:
            logits = (logits + self._network(faces[:, :, ::-1])) / np.float32(2)
        return logits[: len(squares)]


def _padded(rows: FloatArray) -> FloatArray:
    """Pad a batch to the next batch size by repeating its last row."""
    size = next(size for size in BATCH_SIZES if size >= len(rows))
    return rows[np.minimum(np.arange(size), len(rows) - 1)]
