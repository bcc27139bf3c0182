"""Records the display on a separate thread, so that encoding never delays it."""

import threading
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
        self._period_s = 1 / fps
        self.paused = False
        self._shift_s = 0.0
        """Added to the times of frames, so that pauses leave no gap."""
        self._last_s: float | None = None
        """Time of the last frame in the file."""
        self._resumed = False
        self.error: AgeCamError | None = None
        """Why recording stopped by itself; the file keeps what was recorded before."""
        self.dropped = 0
        self.frames = 0
        """Number of frames in the file."""
        self.seconds = 0.0
        """Duration of what is in the file."""
        self._thread = threading.Thread(target=self._run, name="recording", daemon=True)
        self._thread.start()

    @property
    def path(self) -> Path:
        """The file."""
        return self._writer.path

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
            if self.paused:
                return
            if self._stopping or len(self._waiting) == _MAX_WAITING:
                self.dropped += 1
                return
            if self._resumed and self._last_s is not None:
                self._shift_s = self._last_s + self._period_s - time_s
            self._resumed, self._last_s = False, time_s + self._shift_s
            self._waiting.append((image_bgr, self._last_s))
            self._condition.notify()

    def pause(self) -> None:
        """Leave out frames until `resume`."""
        with self._condition:
            self.paused = True

    def resume(self) -> None:
        """Go on after `pause`; the next frame follows the last one without a gap."""
        with self._condition:
            self._resumed = self._resumed or self.paused
            self.paused = False

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
                    self.seconds = self._writer.duration_s
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
