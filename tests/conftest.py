"""Pictures, videos and sources shared by tests, created at run time from installed packages."""

import time
from collections.abc import Iterable, Iterator, Sequence
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest
from fixture_types import WriteVideo

from agecam.errors import SourceError
from agecam.runtime.log import stop_log
from agecam.sources.base import BaseSource, SourceInfo
from agecam.sources.demo import portraits
from agecam.types import Frame, Image


@pytest.fixture(scope="session", autouse=True)
def _own_log(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Keeps the log of the person who runs the tests as it is."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XDG_STATE_HOME", str(tmp_path_factory.mktemp("state")))
        yield
        stop_log()


@pytest.fixture(scope="session")
def qapp_args() -> list[str]:
    """Qt without a screen."""
    return ["agecam", "-platform", "offscreen"]


@pytest.fixture(scope="session")
def _portraits() -> tuple[Image, Image]:
    return portraits()


@pytest.fixture
def astronaut_bgr(_portraits: tuple[Image, Image]) -> Image:
    """(512, 512, 3): one woman's face of about 83 x 107 px at (182, 64)."""
    return _portraits[0].copy()


@pytest.fixture
def hopper_bgr(_portraits: tuple[Image, Image]) -> Image:
    """(600, 512, 3): one woman's face of about 173 x 220 px at (178, 110)."""
    return _portraits[1].copy()


@pytest.fixture
def write_video(tmp_path: Path) -> WriteVideo:
    """A function that writes BGR images of one even size as an H.264 file and returns its path."""

    def write(
        name: str,
        images: Iterable[Image],
        *,
        fps: int = 30,
        times_ms: Sequence[int] | None = None,
        codec: str = "libx264",
        pixels: str = "yuv420p",
        container: dict[str, str] | None = None,
    ) -> Path:
        path = tmp_path / name
        with av.open(str(path), "w", container_options=container or {"movflags": "faststart"}) as file:
            stream = file.add_stream(codec, rate=fps)
            assert isinstance(stream, av.VideoStream)
            stream.pix_fmt = pixels
            if codec == "libx264":
                stream.options = {"crf": "12", "preset": "veryfast"}
            if times_ms is not None:
                stream.codec_context.time_base = Fraction(1, 1000)
            for index, image in enumerate(images):
                if index == 0:
                    stream.height, stream.width = image.shape[:2]
                frame = av.VideoFrame.from_ndarray(np.ascontiguousarray(image), format="bgr24")
                if times_ms is not None:
                    frame.pts, frame.time_base = times_ms[index], Fraction(1, 1000)
                file.mux(stream.encode(frame))
            file.mux(stream.encode(None))
        return path

    return write


class FakeCamera(BaseSource):
    """A camera that delivers 100 given pictures per second and is unplugged after the last one."""

    def __init__(self, images: Sequence[Image]) -> None:
        height, width = images[0].shape[:2]
        super().__init__(SourceInfo("camera 9", width, height, 100.0, None, live=True))
        self._images: Sequence[Image] = images
        self._index = 0
        self._start_s: float | None = None
        self._closed = False

    def read(self) -> Frame | None:
        if self._closed:
            return None
        if self._index == len(self._images):
            self.close()
            raise SourceError("The camera 9 stopped giving pictures: check its cable, then start it again.")
        if self._start_s is None:
            self._start_s = time.monotonic()
        else:
            time.sleep(0.01)
        index = self._index
        self._index += 1
        return Frame(self._images[index].copy(), index, time.monotonic() - self._start_s, "camera 9")

    def close(self) -> None:
        self._closed = True


@pytest.fixture
def fake_camera(astronaut_bgr: Image) -> FakeCamera:
    """A live source of 20 pictures with one face, which then fails like an unplugged camera."""
    return FakeCamera([np.roll(astronaut_bgr, 2 * shift, axis=1) for shift in range(20)])
