"""Fake sources and a fake engine for tests of the live program; they can be made slow or broken."""

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np

from agecam.engine.schedule import Plan
from agecam.errors import AgeCamError, DetectorError, SourceError
from agecam.sources.base import BaseSource, SourceInfo
from agecam.types import AGE_CLASSES, Face, Frame, FrameResult, Image

WIDTH, HEIGHT = 320, 240
SIDE = 60
SPEED_PX = 4
"""The square moves this far to the right per frame, then restarts at the left."""


def square_left(index: int) -> int:
    return 10 + SPEED_PX * index % (WIDTH - SIDE - 20)


def picture(index: int) -> Image:
    """A textured bright square on a dark background; its position encodes the frame index."""
    image = np.full((HEIGHT, WIDTH, 3), 40, np.uint8)
    left = square_left(index)
    image[90 : 90 + SIDE, left : left + SIDE] = TEXTURE
    return image


TEXTURE = np.random.default_rng(3).integers(140, 256, (SIDE // 6, SIDE // 6, 1), np.uint8).repeat(6, 0).repeat(6, 1)


def index_of(image: Image) -> int:
    """Frame index, within the first pass of the square."""
    columns = np.flatnonzero(image[120, :, 0] > 100)
    return round((int(columns[0]) - 10) / SPEED_PX)


def face_at(left: float, top: float = 90.0, side: float = SIDE, age: float = 30.0, track: int | None = 1) -> Face:
    distribution = np.zeros(AGE_CLASSES, np.float32)
    distribution[[round(age) - 2, round(age), round(age) + 2]] = 0.25, 0.5, 0.25
    landmarks = np.float32([[0.3, 0.35], [0.7, 0.35], [0.5, 0.55], [0.35, 0.75], [0.65, 0.75]])
    return Face(
        box=(left, top, side, side),
        score=0.99,
        landmarks=landmarks * np.float32(side) + np.float32([left, top]),
        age=age,
        age_low=age - 5,
        age_high=age + 5,
        gender="female",
        gender_probability=0.9,
        female_probability=0.9,
        age_distribution=distribution,
        track=track,
    )


class FakeCamera(BaseSource):
    """Yields `picture(0)`, `picture(1)`, ... at `fps`; fails at frame `until`, doubles its size at `grows_at`."""

    def __init__(self, fps: float = 60.0, until: int | None = None, grows_at: int | None = None) -> None:
        super().__init__(SourceInfo("camera 9", WIDTH, HEIGHT, fps, None, live=True))
        self._next = 0
        self._until, self._grows_at = until, grows_at
        self._period_s = 1 / fps
        self.closed = threading.Event()

    def read(self) -> Frame | None:
        if self.closed.wait(self._period_s):
            return None
        if self._next == self._until:
            raise SourceError("The camera 9 stopped giving pictures: check its cable, then start it again.")
        index, self._next = self._next, self._next + 1
        image = picture(index)
        if self._grows_at is not None and index >= self._grows_at:
            image = image.repeat(2, 0).repeat(2, 1)
        return Frame(image, index, index * self._period_s, "camera 9")

    def close(self) -> None:
        self.closed.set()


class FakeFile(BaseSource):
    """`count` pictures with timestamps at `fps`."""

    def __init__(self, count: int = 30, fps: float = 30.0) -> None:
        super().__init__(SourceInfo("clip.mp4", WIDTH, HEIGHT, fps, count, live=False))
        self._next, self._count, self._fps = 0, count, fps
        self.closed = threading.Event()

    def read(self) -> Frame | None:
        if self._next >= self._count or self.closed.is_set():
            return None
        index, self._next = self._next, self._next + 1
        return Frame(picture(index), index, index / self._fps, "clip.mp4")

    def seek(self, time_s: float) -> None:
        self._next = min(int((time_s + 1e-3) * self._fps), self._count - 1)

    def close(self) -> None:
        self.closed.set()


@dataclass
class SquareEngine:
    """Detects the bright square as a face; can be slow or fail."""

    takes_s: float = 0.0
    fails_at: int | None = None
    device: str = "CPU"
    stages_ms: dict[str, float] = field(default_factory=dict)
    analysed: list[int] = field(default_factory=list)
    resets: int = 0
    age: float = 30.0
    plan: Plan | None = None
    refusal: AgeCamError | None = None
    min_face_px: float | None = None
    thorough: bool = False
    detect_every: int = 1
    """Results for other frames are not complete, unless it is thorough."""
    error: Exception | None = None
    """Raised by the next steps while set."""

    def step(self, frame: Frame) -> FrameResult:
        time.sleep(self.takes_s)
        self.analysed.append(frame.index)
        self.stages_ms = {"detector": 1e3 * self.takes_s}
        if self.fails_at is not None and frame.index >= self.fails_at:
            raise DetectorError("The face detector failed on a picture: this is a test.")
        if self.error is not None:
            raise self.error
        bright = np.argwhere(frame.image_bgr[..., 0] > 100)
        height, width = frame.image_bgr.shape[:2]
        faces: tuple[Face, ...] = ()
        if len(bright):
            top, left = bright.min(0)
            faces = (face_at(float(left), float(top), float(np.ptp(bright[:, 1]) + 1), self.age),)
        complete = self.thorough or frame.index % self.detect_every == 0
        return FrameResult(frame.source, frame.index, frame.time_s, width, height, faces, complete=complete)

    def reset(self) -> None:
        self.resets += 1


def wait_until(condition: Callable[[], bool], seconds: float = 8.0) -> None:
    """Fail if the condition is not met within `seconds`."""
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "the condition was not met in time"
        time.sleep(0.005)
