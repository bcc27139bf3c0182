"""Faces of one frame -> one batch -> age distributions and gender probabilities."""

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
from agecam.vision.crop import crop_faces, squares_of
from agecam.vision.decoding import decode

BATCH_SIZES = (1, 2, 4, 8, 16, 32)
"""Batches are filled up to these, so that kernels are prepared once for each."""
LARGE_BATCH = 8
"""The most faces that a network of hundreds of megabytes takes at once: more fill memory and are no faster."""

Squares: TypeAlias = npt.NDArray[np.float32]
"""`(N, 4)` of `agecam.vision.crop`."""


class Estimator:
    """Apparent age and gender of faces, by one network. Not safe for use from several threads at once."""

    def __init__(self, card: Card, network: Runner) -> None:
        """
        Args:
            card: which says how to crop and to decode.
            network: `(N, size, size, 3)` RGB, 0 to 255 -> `(N, 103)` logits.
        """
        self.card = card
        self._network = network
        self._most = LARGE_BATCH if network_files(card).is_large else BATCH_SIZES[-1]

    @classmethod
    def load(cls, model: str = "compact", backend: Backend | None = None) -> "Estimator":
        """The estimator of a model by its name, or by the path of its card.

        Args:
            backend: what runs its network; by default what `choose_backend` takes.

        Raises:
            WeightsError: there is no such model, or its files are damaged or do not fit each other.
        """
        card = load_card(find_model(model))
        estimator = cls(card, (backend or choose_backend()[0]).runner(network_files(card)))
        side = card.crop.size_px
        try:
            outputs = estimator._network(np.zeros((1, side, side, 3), np.float32))
        except RuntimeError as error:
            raise EstimatorError("The network of {model} failed: {reason}", model=card.name, reason=error) from error
        if outputs.shape != (1, OUTPUTS):
            raise WeightsError(
                "The network on the card {path} does not give {outputs} outputs.", path=card.path, outputs=OUTPUTS
            )
        return estimator

    def estimate(self, frame: Image, faces: Sequence[Detection], *, twice: bool = False) -> list[Attributes]:
        """Attributes of faces of one `(H, W, 3) uint8` BGR frame, in their order.

        Args:
            twice: estimate each face also in the mirror, and take the mean: about as much better as a network of twice
                the size, for twice the time.

        Raises:
            EstimatorError: the network itself failed.
        """
        return self.estimate_squares(frame, squares_of(faces, self.card.crop.alignment), twice=twice)

    def estimate_squares(self, frame: Image, squares: Squares, *, twice: bool = False) -> list[Attributes]:
        """The same for `(N, 4)` squares of `agecam.vision.crop`: how evaluation estimates faces it knows by place."""
        if not len(squares):
            return []
        try:
            parts = [
                self._logits(frame, squares[first : first + self._most], twice)
                for first in range(0, len(squares), self._most)
            ]
        except (RuntimeError, MemoryError, cv2.error) as error:
            reason = str(error).strip().partition("\n")[0]
            raise EstimatorError("The faces of a picture cannot be judged: {reason}", reason=reason) from error
        return decode(np.concatenate(parts), self.card.calibration)

    def warm_up(self) -> None:
        """Run every batch size once: a GPU prepares its kernels for each, and the first frames would wait for that."""
        side = self.card.crop.size_px
        for size in BATCH_SIZES:
            if size <= self._most:
                self._network(np.zeros((size, side, side, 3), np.float32))

    def _logits(self, frame: Image, squares: Squares, twice: bool) -> FloatArray:
        faces = _filled(crop_faces(frame, squares, self.card.crop))
        logits = self._network(faces)
        if twice:
            logits = (logits + self._network(faces[:, :, ::-1])) / np.float32(2)
        return logits[: len(squares)]


def _filled(rows: FloatArray) -> FloatArray:
    """As many as the next batch size, the last one again and again."""
    size = next(size for size in BATCH_SIZES if size >= len(rows))
    return rows[np.minimum(np.arange(size), len(rows) - 1)]
