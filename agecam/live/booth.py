"""The photo booth: its course, its pictures, and the thread that encodes and saves them."""

import queue
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import cv2
import numpy as np

from agecam.errors import AgeCamError, NotEnoughMemoryError
from agecam.live.caught import caught
from agecam.outputs import StillWriter
from agecam.overlay.collage import collage
from agecam.types import Image

SHOTS = 4
PREVIEW_PX = 1280
"""Longer side of a picture as the window keeps it."""
THUMBNAIL_PX = 256
"""Longer side of its thumbnail."""


@dataclass(frozen=True, slots=True)
class Step:
    """One second of the countdown."""

    shot: int
    """The shot that follows, from 1."""
    figure: int
    """What is shown; after 1 the shot is taken."""


STEPS = tuple(Step(shot, figure) for shot in range(1, SHOTS + 1) for figure in ((3, 2, 1) if shot == 1 else (2, 1)))
"""The course of the booth: three seconds to get ready, then two for another pose."""


@dataclass(frozen=True, slots=True, eq=False)
class BoothPicture:
    """A shot, which is only in memory, or a collage, which is also saved."""

    stem: str
    """File name without suffix."""
    preview_bgr: Image
    """Reduced to `PREVIEW_PX`, `(H, W, 3) uint8` BGR."""
    thumbnail_bgr: Image
    """Reduced to `THUMBNAIL_PX`, likewise."""
    blurred: bool
    """Whether all faces in it are blurred."""
    png: bytes = b""
    """The shot as a PNG file; empty for a collage."""
    path: Path | None = None
    """Where the collage is saved."""


def shot_of(image_bgr: Image, stem: str, blurred: bool) -> BoothPicture:
    """Make a shot of an annotated picture, `(H, W, 3) uint8` BGR. Raises NotEnoughMemoryError."""
    is_encoded, encoded = cv2.imencode(".png", image_bgr, [cv2.IMWRITE_PNG_COMPRESSION, 3])
    if not is_encoded:
        raise NotEnoughMemoryError
    return BoothPicture(stem, *_reduced(image_bgr), blurred, encoded.tobytes())


def saved_collage(
    folder: Path, images_bgr: Sequence[Image], in_grid: bool, stem: str, blurred: bool, now: datetime
) -> BoothPicture:
    """Save pictures as one PNG file: a strip, or a grid of two columns. Overwrites nothing; raises OutputError."""
    picture = collage(images_bgr, 2 if in_grid else 1, f"{now:%Y-%m-%d}")
    path = StillWriter(folder, ".png").write(picture, stem)
    return BoothPicture(path.stem, *_reduced(picture), blurred, path=path)


def roughly_reduced(image_bgr: Image) -> Image:
    """Reduce a huge picture, `(H, W, 3) uint8`, to a few megapixels in some milliseconds, at the cost of sharpness."""
    height, width = image_bgr.shape[:2]
    scale = min(1.0, ROUGH_PX / max(height, width))
    size = max(1, round(width * scale)), max(1, round(height * scale))
    return np.asarray(cv2.resize(image_bgr, size, interpolation=cv2.INTER_NEAREST), np.uint8)


ROUGH_PX = 2400
"""Longer side of a roughly reduced picture."""

Outcome = BoothPicture | AgeCamError


class BoothWorker:
    """Runs tasks one after the other on a thread of its own, which starts with the first."""

    def __init__(self, on_done: Callable[[int, Outcome], None]) -> None:
        """`on_done` is called on that thread with the number of the run and what its task has made."""
        self._on_done = on_done
        self._tasks: queue.SimpleQueue[tuple[int, Callable[[], BoothPicture]] | None] = queue.SimpleQueue()
        self._thread: threading.Thread | None = None

    def put(self, run: int, task: Callable[[], BoothPicture]) -> None:
        """Run a task; returns immediately."""
        self._tasks.put((run, task))
        if self._thread is None:
            self._thread = threading.Thread(target=self._work, name="booth", daemon=True)
            self._thread.start()

    def finish(self, timeout_s: float) -> bool:
        """Wait until all tasks are done and return whether they are; afterwards there is no thread."""
        if self._thread is None:
            return True
        self._tasks.put(None)
        self._thread.join(timeout_s)
        return not self._thread.is_alive()

    def _work(self) -> None:
        while (entry := self._tasks.get()) is not None:
            run, task = entry
            try:
                outcome: Outcome = task()
            except Exception as error:
                outcome = caught(error)
            self._on_done(run, outcome)


def _reduced(image_bgr: Image) -> tuple[Image, Image]:
    """The preview and the thumbnail of a picture."""
    preview = _fitted(image_bgr, PREVIEW_PX)
    return preview, _fitted(preview, THUMBNAIL_PX)


def _fitted(image_bgr: Image, side_px: int) -> Image:
    height, width = image_bgr.shape[:2]
    scale = min(1.0, side_px / max(height, width))
    size = max(1, round(width * scale)), max(1, round(height * scale))
    return np.asarray(cv2.resize(image_bgr, size, interpolation=cv2.INTER_AREA), np.uint8)
