"""Tells drawn faces, as in comics and vector graphics, from photographed ones."""

from collections.abc import Sequence

import numpy as np

from agecam.backends import Backend
from agecam.models.store import drawing_card
from agecam.types import Detection, Image
from agecam.vision.crop import crop_faces, squares_of

_BATCH = 32


class DrawingClassifier:
    """Runs one small network on the faces of a frame. Not thread-safe."""

    def __init__(self, backend: Backend) -> None:
        """Load the network; raises WeightsError if its files are missing or damaged."""
        self._card = drawing_card()
        self._network = backend.runner(self._card.files)

    def are_drawn(self, frame: Image, faces: Sequence[Detection]) -> list[bool]:
        """Whether each face is drawn; raises RuntimeError if the network fails.

        Args:
            frame: `(H, W, 3) uint8`, BGR.
            faces: as detected in this frame.
        """
        drawn: list[bool] = []
        for first in range(0, len(faces), _BATCH):
            crops = crop_faces(frame, squares_of(faces[first : first + _BATCH]), self._card.crop)
            drawn += [bool(log_odds >= self._card.threshold) for log_odds in np.ravel(self._network(crops))]
        return drawn
