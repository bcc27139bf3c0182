"""Records the display on a separate thread, so that encoding never delays it."""

import queue
import threading
import time
from pathlib import Path

from agecam.errors import AgeCamError
from agecam.outputs import PathLike, VideoWriter
from agecam.runtime.memory import give_back_freed
from agecam.types import Image

_QUEUE_FRAMES = 12
"""About 33 MB at 1280x720. Frames that do not fit are dropped; the frames before them are shown longer."""


class Recording:
    """Writes one video file."""

    def __init__(self, path: PathLike, width: int, height: int, fps: float) -> None:
        """`width` and `height` in pixels. Raises OutputError if the file cannot be written."""
        self._writer = VideoWriter(path, width, height, fps, lasting=True)
        self._frames: queue.Queue[tuple[Image, float] | None] = queue.Queue(_QUEUE_FRAMES)
        self._started_s = time.monotonic()
        self.error: AgeCamError | None = None
        """Why recording stopped by itself; the file keeps what was recorded before."""
        self.dropped = 0
        self.frames = 0
        self._thread = threading.Thread(target=self._run, name="recording", daemon=True)
        self._thread.start()

    @property
    def path(self) -> Path:
        """The file being written."""
        return self._writer.path

    @property
    def seconds(self) -> float:
        """Seconds since recording started."""
        return time.monotonic() - self._started_s

    def put(self, image_bgr: Image, time_s: float) -> None:
        """Add the next frame; never blocks.

        Args:
            image_bgr: `(H, W, 3) uint8`; must not be modified afterwards.
            time_s: timestamp of the frame.
        """
        try:
            self._frames.put_nowait((image_bgr, time_s))
        except queue.Full:
            self.dropped += 1

    def stop(self, timeout_s: float = 5.0) -> Path | None:
        """Complete the file and return its path; None if no frame was written."""
        while True:
            try:
                self._frames.put(None, timeout=timeout_s)
            except queue.Full:
                if self._thread.is_alive():
                    continue
            break
        self._thread.join(timeout_s)
        return self.path if self.frames else None

    def _run(self) -> None:
        try:
            with self._writer:
                while (item := self._frames.get()) is not None:
                    self._writer.write(*item)
                    self.frames += 1
            give_back_freed()
        except AgeCamError as error:
            self.error = error
            give_back_freed()
            while self._frames.get() is not None:  # so that `stop` does not block
                pass
