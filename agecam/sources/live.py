"""What cameras and streams have in common: OpenCV's capture, the clock, and the way they fail."""

import math
import time
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt

from agecam.errors import SourceError
from agecam.runtime.quiet import quiet_opencv
from agecam.sources.base import BaseSource, SourceInfo
from agecam.types import Frame, Image

_FASTEST_FPS = 1000.0
_ATTEMPTS = 3
"""A capture that gives nothing so often in a row has ended."""
_PAUSE_S = 0.02
_PATIENCE_S = 2.0
"""With a camera that gives something, but no picture."""


class LiveSource(BaseSource):
    """Frames as they come from an open OpenCV capture, timed by the clock since the first."""

    def __init__(self, capture: cv2.VideoCapture, name: str, refused: SourceError, stopped: SourceError) -> None:
        """Take over a capture and its first frame.

        `refused` is raised here for a source that gives no frame at all, `stopped` by `read` for one that stops
        giving them.
        """
        self._capture: cv2.VideoCapture | None = capture
        self._name = name
        self._stopped = stopped
        image = self._grab()
        if image is None:
            self.close()
            raise refused
        self._start_s = time.monotonic()
        self._delivered = 1
        self._first: Frame | None = Frame(image, 0, 0.0, name)
        height, width = image.shape[:2]
        super().__init__(SourceInfo(name, width, height, _frame_rate(capture), None, live=True))

    def read(self) -> Frame | None:
        """Wait for the next frame; None only after `close`."""
        if self._capture is None:
            return None
        if self._first is not None:
            frame, self._first = self._first, None
            return frame
        image = self._grab()
        if image is None:
            self.close()
            raise self._stopped
        index = self._delivered
        self._delivered += 1
        return Frame(image, index, time.monotonic() - self._start_s, self._name)

    def close(self) -> None:
        """Release the device or the connection."""
        if self._capture is not None:
            self._capture.release()
            self._capture = None

    def _grab(self) -> Image | None:
        """The next picture; what is none is passed over, for a while: drivers stumble when a cable moves."""
        until_s = time.monotonic() + _PATIENCE_S
        failures = 0
        while self._capture is not None:
            try:
                with quiet_opencv:
                    arrived, image = self._capture.read()
            except cv2.error:
                arrived, image = False, None
            if arrived and image is not None and image.size and (image.ndim == 2 or image.shape[2] != 2):
                return _as_bgr(image)
            failures = failures + 1 if not arrived else 0
            if failures >= _ATTEMPTS or time.monotonic() > until_s:
                return None
            time.sleep(_PAUSE_S)
        return None


def _as_bgr(image: npt.NDArray[Any]) -> Image:
    """Of whatever depth a driver gives, in one channel, three or more."""
    if image.dtype != np.uint8:
        image = cv2.convertScaleAbs(image, alpha=1 / 257 if image.dtype == np.uint16 else 1)
    if image.ndim == 2 or image.shape[2] == 1:
        image = cv2.cvtColor(image, cv2.COLOR_GRAY2BGR)
    elif image.shape[2] != 3:
        image = image[:, :, :3]
    return np.ascontiguousarray(image, np.uint8)


def _frame_rate(capture: cv2.VideoCapture) -> float | None:
    fps = capture.get(cv2.CAP_PROP_FPS)
    return fps if math.isfinite(fps) and 0 < fps <= _FASTEST_FPS else None
