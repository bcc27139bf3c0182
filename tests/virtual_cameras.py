"""Virtual cameras for tests: a loop-back device where the kernel has one, and one that keeps what it is sent."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import pyvirtualcam
import pyvirtualcam.camera
from pyvirtualcam.util import encode_fourcc

from agecam.types import Image

_VIRTUAL_DEVICES = Path("/sys/devices/virtual/video4linux")


def loopback_devices() -> list[str]:
    """Paths of the loop-back devices of this machine."""
    return sorted(f"/dev/{node.name}" for node in _VIRTUAL_DEVICES.glob("video*"))


class RecordingBackend:
    """A backend as pyvirtualcam describes them (`pyvirtualcam.camera.Backend`); keeps the latest pictures."""

    opened: ClassVar[list["RecordingBackend"]] = []
    name: ClassVar[str] = "Test camera"
    opening_s: ClassVar[float] = 0.0
    """How long opening takes."""

    def __init__(self, *, width: int, height: int, fps: float, fourcc: int, device: str | None, **_: Any) -> None:
        assert fourcc == encode_fourcc(pyvirtualcam.PixelFormat.BGR.value)
        assert device is None
        time.sleep(self.opening_s)
        self.width, self.height, self.fps = width, height, fps
        self.pictures: list[Image] = []
        self.times_s: list[float] = []
        self.closed = 0
        self.gone = False
        """Whether the device is gone, so that pictures cannot be sent any more."""
        self.opened.append(self)

    def send(self, frame: np.ndarray[Any, np.dtype[np.uint8]]) -> None:
        assert not self.closed
        if self.gone:
            raise RuntimeError("the device is gone")
        assert frame.flags.c_contiguous
        self.pictures.append(frame.reshape(self.height, self.width, 3).copy())
        self.times_s.append(time.monotonic())
        del self.pictures[:-100]

    def close(self) -> None:
        self.closed += 1

    def device(self) -> str:
        return self.name

    def native_fourcc(self) -> int | None:
        return None


@contextmanager
def only_backend(kind: type[RecordingBackend] = RecordingBackend) -> Iterator[list[RecordingBackend]]:
    """pyvirtualcam with this backend alone; yields the cameras as they are opened."""
    backends = pyvirtualcam.camera.BACKENDS
    before = dict(backends)
    backends.clear()
    pyvirtualcam.register_backend("test", kind)
    kind.opened.clear()
    try:
        yield kind.opened
    finally:
        backends.clear()
        backends.update(before)
