"""Notices whether a picture has changed at all, so that nothing is computed for a scene that stands still."""

import cv2
import numpy as np
import numpy.typing as npt

from agecam.tracking.optical_flow import GreyFrame

BLOCK_PX = 10
"""Side of the blocks that are compared, in the picture for optical flow: their means hardly change by noise."""
CHANGED_LEVELS = 2.0
"""Change of a block's mean, in grey levels, that counts. Noise of a webcam in a room changes one by 0.3."""


class ChangeDetector:
    """Compares each picture with the last one that counted as changed, so that slow changes add up."""

    def __init__(self) -> None:
        self._blocks: npt.NDArray[np.float32] | None = None

    def has_changed(self, picture: GreyFrame) -> bool:
        """Whether something in the picture has changed; always for the first one."""
        height, width = picture.grey.shape
        size = (max(1, width // BLOCK_PX), max(1, height // BLOCK_PX))
        grey = picture.grey.astype(np.float32)
        blocks = np.asarray(cv2.resize(grey, size, interpolation=cv2.INTER_AREA), np.float32)
        before = self._blocks
        if before is not None and before.shape == blocks.shape and np.abs(blocks - before).max() < CHANGED_LEVELS:
            return False
        self._blocks = blocks
        return True
