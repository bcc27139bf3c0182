"""Records the display on a separate thread, so that encoding never delays it."""

import threading
import time
from collections import deque
from collections.abc import Callable
from pathlib import Path

from agecam.errors import AgeCamError
from agecam.live.caught import caught
from agecam.outputs import PathLike, VideoWriter
from agecam.runtime.memory import give_back_freed
from agecam.types import Image

_MAX_WAITING = 12
"""About 33 MB at 1280x720. Frames that do not fit are dropped; the frames before them are shown longer."""


class Recording:
    """Writes one video file."""

    def __init__(
        self, path: PathLike, width: int, height: int, fps: float, on_end: Callable[[], None] = lambda: None
    ) -> None:
        """
        Args:
            path: of the file.
            width, height: in pixels.
            fps: nominal frames per second.
            on_end: called on the recording's thread when the file is complete, or recording has failed.

        Raises:
            OutputError: the file cannot be written.
        """
        self._writer = VideoWriter(path, width, height, fps, lasting=True)
        self._waiting: deque[tuple[Image, float]] = deque()
        self._condition = threading.Condition()
        self._stopping = False
        self._ended = threading.Event()
        self._on_end = on_end
        self._started_s = time.monotonic()
        self.error: AgeCamError | None = None
        """Why recording stopped by itself; the file keeps what was recorded before."""
        self.dropped = 0
        self.frames = 0
        """Number of frames in the file."""
        self._thread = threading.Thread(target=self._run, name="recording", daemon=True)
        self._thread.start()

    @property
    def path(self) -> Path:
        """The file."""
        return self._writer.path

    @property
    def seconds(self) -> float:
        """Seconds since recording started."""
        return time.monotonic() - self._started_s

    @property
    def ended(self) -> bool:
        """Whether the file is complete, or recording has failed."""
        return self._ended.is_set()

    def put(self, image_bgr: Image, time_s: float) -> None:
        """Add the next frame; never blocks.

        Args:
            image_bgr: `(H, W, 3) uint8`; must not be modified afterwards.
            time_s: timestamp of the frame.
        """
        with self._condition:
            if self._stopping or len(self._waiting) == _MAX_WAITING:
                self.dropped += 1
                return
            self._waiting.append((image_bgr, time_s))
            self._condition.notify()

    def stop(self) -> None:
        """Ask for the end; the frames that wait are still written. Returns at once."""
        with self._condition:
            self._stopping = True
            self._condition.notify()

    def wait(self, timeout_s: float) -> bool:
        """Wait for the end and return whether it was reached; only for the end of the program."""
        return self._ended.wait(timeout_s)

    def _run(self) -> None:
        try:
            with self._writer:
                while (frame := self._next()) is not None:
                    self._writer.write(*frame)
                    self.frames += 1
        except Exception as error:
            self.error = caught(error)
        self.stop()  # takes no more frames
        self._waiting.clear()
        give_back_freed()
        self._ended.set()
        self._on_end()

    def _next(self) -> tuple[Image, float] | None:
        """The next frame; None when all are written after `stop`."""
        with self._condition:
            self._condition.wait_for(lambda: self._stopping or self._waiting)
            return self._waiting.popleft() if self._waiting else None
