"""Recording what is shown, on a thread of its own: encoding never holds up the picture."""

import queue
import threading
import time
from pathlib import Path

from agecam.errors import AgeCamError
from agecam.outputs import PathLike, VideoWriter
from agecam.runtime.memory import give_back_freed
from agecam.types import Image

_WAITING_FRAMES = 12
"""About 33 MB at 1280x720. What does not fit is left out: its neighbours are shown longer."""


class Recording:
    """One video file in the making."""

    def __init__(self, path: PathLike, width: int, height: int, fps: float) -> None:
        """Raises OutputError where nothing can be written."""
        self._writer = VideoWriter(path, width, height, fps, lasting=True)
        self._frames: queue.Queue[tuple[Image, float] | None] = queue.Queue(_WAITING_FRAMES)
        self._started_s = time.monotonic()
        self.error: AgeCamError | None = None
        """Why it ended by itself; what was recorded until then stays."""
        self.left_out = 0
        self.frames = 0
        self._thread = threading.Thread(target=self._run, name="recording", daemon=True)
        self._thread.start()

    @property
    def path(self) -> Path:
        """The file."""
        return self._writer.path

    @property
    def seconds(self) -> float:
        """How long it has been going."""
        return time.monotonic() - self._started_s

    def put(self, image_bgr: Image, time_s: float) -> None:
        """The next frame, which is not written to any more; never waits."""
        try:
            self._frames.put_nowait((image_bgr, time_s))
        except queue.Full:
            self.left_out += 1

    def stop(self, timeout_s: float = 5.0) -> Path | None:
        """Complete the file and return it; None where no frame came."""
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
            while self._frames.get() is not None:  # let `stop` come through
                pass
