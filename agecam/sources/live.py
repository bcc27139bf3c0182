"""Base class of cameras and streams: OpenCV capture, timing and error handling."""

import math
import time
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt

from agecam.errors import SourceError
from agecam.runtime.quiet import quiet_opencv
from agecam.sources.base import BaseSource, SourceInfo
from agecam.sources.pool import PicturePool
from agecam.types import Frame, Image

_MAX_FPS = 1000.0
_MAX_FAILURES = 3
"""Number of failed reads in a row after which a capture has ended."""
_RETRY_DELAY_S = 0.02
_NO_PICTURE_TIMEOUT_S = 2.0
"""For a camera that sends data, but no valid picture."""


class LiveSource(BaseSource):
    """Frames from an open OpenCV capture. Times are seconds on the monotonic clock since the first frame."""

    def __init__(self, capture: cv2.VideoCapture, name: str, open_error: SourceError, stop_error: SourceError) -> None:
        """Take ownership of a capture and read its first frame.

        Args:
            capture: open capture; closed by this source.
            name: display name, without a password.
            open_error: raised here if there is no first frame.
            stop_error: raised by `read` if frames stop arriving.
        """
        self._capture: cv2.VideoCapture | None = capture
        self._name = name
        self._stop_error = stop_error
        self._pool = PicturePool()
        self._shape = (1, 1, 3)
        """Of the last picture that was received."""
        image = self._grab()
        if image is None:
            self.close()
            raise open_error
        self._start_s = time.monotonic()
        self._delivered = 1
        self._first: Frame | None = Frame(image, 0, 0.0, name)
        height, width = image.shape[:2]
        super().__init__(SourceInfo(name, width, height, _frame_rate(capture), None, live=True))

    def read(self) -> Frame | None:
        """Wait for the next frame and return it; None only after `close`."""
        if self._capture is None:
            return None
        if self._first is not None:
            frame, self._first = self._first, None
            return frame
        image = self._grab()
        if image is None:
            self.close()
            raise self._stop_error
        index = self._delivered
        self._delivered += 1
        return Frame(image, index, time.monotonic() - self._start_s, self._name)

    def close(self) -> None:
        """Release the device or the connection."""
        if self._capture is not None:
            self._capture.release()
            self._capture = None

    def _grab(self) -> Image | None:
        """Return the next valid picture. Failed reads are retried for a while: a loose cable causes short dropouts."""
        deadline_s = time.monotonic() + _NO_PICTURE_TIMEOUT_S
        failures = 0
        while self._capture is not None:
            try:
                with quiet_opencv:
                    received, image = self._capture.read(self._pool.picture(self._shape))
            except cv2.error:
                received, image = False, None
            if received and image is not None and image.size and (image.ndim == 2 or image.shape[2] != 2):
                self._shape = image.shape
                return _as_bgr(image)
            failures = failures + 1 if not received else 0
            if failures >= _MAX_FAILURES or time.monotonic() > deadline_s:
                return None
            time.sleep(_RETRY_DELAY_S)
        return None


def _as_bgr(image: npt.NDArray[Any]) -> Image:
    """Convert `(H, W)` or `(H, W, C)` of any depth to `(H, W, 3) uint8 BGR`."""
    if image.dtype != np.uint8:
        image = cv2.convertScaleAbs(image, alpha=1 / 257 if image.dtype == np.uint16 else 1)
    if image.ndim == 2 or image.shape[2] == 1:
        image = cv2.cvtColor(image, cv2.COLOR_GRAY2BGR)
    elif image.shape[2] != 3:
        image = image[:, :, :3]
    return np.ascontiguousarray(image, np.uint8)


def _frame_rate(capture: cv2.VideoCapture) -> float | None:
    fps = capture.get(cv2.CAP_PROP_FPS)
    return fps if math.isfinite(fps) and 0 < fps <= _MAX_FPS else None
