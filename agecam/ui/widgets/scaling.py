"""Scales pictures for the screen, quickly enough for every frame of a video."""

import math

import cv2
import numpy as np

from agecam.types import Image, LargeImage, size_of, whole
from agecam.vision.pyramid import LARGE_PX, halved

_HUGE_PX = 20_000_000
"""A picture with more pixels than this is halved in steps, so that the window is never busy for long."""
_STEP_PX = 2_000_000
"""Pixels that are halved in one step."""


class Scaler:
    """Scales parts of one picture. The halves of a large one are kept, so that zooming stays smooth."""

    def __init__(self, picture: Image | LargeImage) -> None:
        """`picture` is `(H, W, 3) uint8` BGR, or a large picture; it must not be modified afterwards."""
        self._picture = picture
        self._pixels = math.prod(size_of(picture))
        self._halves: list[Image] = []
        """The picture's half, its quarter, as far as they were needed."""
        self._next: Image | None = None
        """The next half, which is being made."""
        self._done_rows = 0
        """Rows of it that are done."""

    def scaled(self, part: tuple[int, int, int, int], size: tuple[int, int], into: Image | None = None) -> Image:
        """Scale the part `left, top, right, bottom` to `(width, height)`; see `scaled`."""
        level = self._level(part, size)
        while len(self._halves) < level:
            self.work()
        return scaled(self._part(part, level), size, into)

    def is_ready(self, part: tuple[int, int, int, int], size: tuple[int, int]) -> bool:
        """Whether scaling this part takes only a few milliseconds."""
        return self._pixels <= _HUGE_PX or self._level(part, size) <= len(self._halves)

    def roughly_scaled(self, part: tuple[int, int, int, int], size: tuple[int, int]) -> Image:
        """Scale a part within a few milliseconds by leaving out pixels."""
        source = self._part(part, min(self._level(part, size), len(self._halves)))
        return np.asarray(cv2.resize(source, size, interpolation=cv2.INTER_NEAREST), np.uint8)

    def work(self) -> None:
        """Halve some more rows, which takes a few milliseconds, until `is_ready`."""
        if not isinstance(self._picture, np.ndarray):
            self._halves.append(self._picture.halved(len(self._halves) + 1))
            return
        source = self._at(len(self._halves))
        height, width = (side // 2 for side in source.shape[:2])
        if self._next is None:
            self._next, self._done_rows = np.empty((height, width, 3), np.uint8), 0
        done = self._done_rows
        self._done_rows = end = min(height, done + max(1, _STEP_PX // (4 * width)))
        self._next[done:end] = halved(source[2 * done : 2 * end])
        if end == height:
            self._halves.append(self._next)
            self._next = None

    def _level(self, part: tuple[int, int, int, int], size: tuple[int, int]) -> int:
        """How often the picture is to be halved before the rest is scaled."""
        left, top, right, bottom = part
        factor = min((right - left) / size[0], (bottom - top) / size[1])
        return int(math.log2(factor)) if factor >= 2 and self._pixels >= LARGE_PX else 0

    def _part(self, part: tuple[int, int, int, int], level: int) -> Image:
        left, top, right, bottom = part
        rows = slice(top >> level, max((top >> level) + 1, bottom >> level))
        columns = slice(left >> level, max((left >> level) + 1, right >> level))
        return self._at(level)[rows, columns]

    def _at(self, level: int) -> Image:
        return self._halves[level - 1] if level else whole(self._picture)


def scaled(image_bgr: Image, size: tuple[int, int], into: Image | None = None) -> Image:
    """Scale a picture to `(width, height)`; one of this size is returned as it is.

    `into`, of this size, may be used for the result: the system clears new memory page by page, which takes as long as
    the scaling.

    Averaging all pixels (`INTER_AREA`) takes 6.6 ms for a 720p frame, unless the factor is exactly one half. Thus a
    picture is halved while it is more than twice as large as needed. The rest is linear, which skips no pixel then.
    """
    while image_bgr.shape[1] >= 2 * size[0] and image_bgr.shape[0] >= 2 * size[1]:
        image_bgr = halved(image_bgr)
    if size == (image_bgr.shape[1], image_bgr.shape[0]):
        return image_bgr
    return np.asarray(cv2.resize(image_bgr, size, into, interpolation=cv2.INTER_LINEAR), np.uint8)
