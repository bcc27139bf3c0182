"""Large frames are converted at half their size, and in full size only when that is needed."""

import struct
from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import Path

import av
import cv2
import numpy as np
import pytest

from agecam.engine.engine import build_engine
from agecam.engine.options import EngineOptions
from agecam.live.screenshot import composed
from agecam.live.view import View
from agecam.overlay import OverlayStyle
from agecam.sources import open_source
from agecam.types import Frame, Image
from agecam.vision.detector import FaceDetector
from agecam.vision.pyramid import half_of, halved, halves_of

WIDTH, HEIGHT = 3840, 2160


@dataclass
class CountedImage:
    """A large picture that counts how often it was needed in full size."""

    image_bgr: Image
    needed: list[int] = field(default_factory=list)

    @property
    def size(self) -> tuple[int, int]:
        return self.image_bgr.shape[1], self.image_bgr.shape[0]

    def whole(self) -> Image:
        self.needed.append(1)
        return self.image_bgr

    def halved(self, times: int = 1) -> Image:
        return halved(self.image_bgr) if times == 1 else halved(self.halved(times - 1))


def enlarged(portrait: Image, left: int = 800) -> Image:
    image = np.full((HEIGHT, WIDTH, 3), 90, np.uint8)
    image[100:1900, left : left + 1536] = cv2.resize(portrait, (1536, 1800), interpolation=cv2.INTER_CUBIC)
    return image


def write_clip(path: Path, image: Image, pix_fmt: str = "yuv420p") -> Path:
    with av.open(str(path), "w") as file:
        stream = file.add_stream("libx264", rate=25, options={"preset": "ultrafast", "crf": "12"})
        assert isinstance(stream, av.VideoStream)
        stream.width, stream.height, stream.pix_fmt = image.shape[1], image.shape[0], pix_fmt
        for number in range(2):
            frame = av.VideoFrame.from_ndarray(image, format="bgr24")
            frame.pts, frame.time_base = number, Fraction(1, 25)
            file.mux(stream.encode(frame))
        file.mux(stream.encode(None))
    return path


@pytest.mark.parametrize("pix_fmt", ["yuv420p", "yuvj420p", "yuv422p", "yuv444p", "yuv420p10le"])
def test_the_half_of_a_large_frame_looks_like_the_whole(pix_fmt: str, hopper_bgr: Image, tmp_path: Path) -> None:
    with open_source(str(write_clip(tmp_path / "clip.mkv", enlarged(hopper_bgr), pix_fmt))) as source:
        frame = source.read()
    assert frame is not None
    assert frame.size == (source.info.width, source.info.height) == (WIDTH, HEIGHT)
    half = half_of(frame)
    assert half is not None
    assert half.shape == (HEIGHT // 2, WIDTH // 2, 3)
    assert half_of(frame) is half
    assert frame.image_bgr.shape == (HEIGHT, WIDTH, 3)
    assert frame.image_bgr is frame.image_bgr
    difference = np.abs(half.astype(int) - halved(frame.image_bgr))
    # FFmpeg rounds the conversions of some formats at half the size differently.
    assert difference.mean() < (0.5 if pix_fmt in ("yuv420p", "yuvj420p", "yuv422p") else 2)
    assert np.percentile(difference, 99.9) < 16  # by the resolution of the colours alone
    assert np.abs(frame.image_bgr.astype(int) - enlarged(hopper_bgr)).mean() < 3


def test_a_large_frame_is_turned_upright_at_both_sizes(hopper_bgr: Image, tmp_path: Path) -> None:
    path = write_clip(tmp_path / "phone.mp4", enlarged(hopper_bgr))
    data = bytearray(path.read_bytes())
    offset = data.index(b"tkhd") + 4 + 40
    data[offset : offset + 36] = struct.pack(">9i", 0, 1 << 16, 0, -1 << 16, 0, 0, 0, 0, 1 << 30)
    path.write_bytes(data)
    with open_source(str(path)) as source:
        frame = source.read()
    assert frame is not None
    assert frame.size == (source.info.width, source.info.height) == (HEIGHT, WIDTH)
    half = half_of(frame)
    assert half is not None
    assert half.shape == (WIDTH // 2, HEIGHT // 2, 3)
    assert np.abs(half.astype(int) - halved(frame.image_bgr)).mean() < 2


def test_other_frames_are_not_halved(hopper_bgr: Image) -> None:
    small = Frame(hopper_bgr, 0, 0.0, "test")
    still = Frame(enlarged(hopper_bgr), 0, 0.0, "test", still=True)
    assert half_of(small) is half_of(still) is None


def test_the_halves_of_a_frame_are_made_once(hopper_bgr: Image) -> None:
    frame = Frame(cv2.resize(hopper_bgr, (1280, 720)), 0, 0.0, "test")
    halves = halves_of(frame)
    assert [half.shape for half in halves] == [(360, 640, 3), (180, 320, 3)]
    assert np.array_equal(halves[1], halved(halved(frame.image_bgr)))
    assert halves_of(frame) is halves
    large = Frame(enlarged(hopper_bgr), 0, 0.0, "camera")  # not decoded by us
    assert half_of(large) is halves_of(large)[0]
    odd = Frame(cv2.resize(hopper_bgr, (1366, 768)), 0, 0.0, "test")
    assert [half.shape for half in halves_of(odd)] == [(384, 683, 3)]
    assert halves_of(Frame(hopper_bgr, 0, 0.0, "test")) == ()  # it is 512 px wide


def test_halves_that_are_at_hand_change_no_detection(hopper_bgr: Image) -> None:
    detector = FaceDetector(min_face_px=60)
    frame = Frame(cv2.resize(hopper_bgr, (1280, 1280)), 0, 0.0, "test")
    alone, helped = detector.detect(frame.image_bgr), detector.detect(frame.image_bgr, halves=halves_of(frame))
    assert len(alone) == len(helped) == 1
    assert alone[0].box == helped[0].box
    assert np.array_equal(alone[0].landmarks, helped[0].landmarks)
    # They are used: the face is not in them.
    empty = tuple(np.full_like(half, 127) for half in halves_of(frame))
    assert detector.detect(frame.image_bgr, halves=empty) == []


def test_live_a_large_face_is_not_needed_in_full_size(hopper_bgr: Image) -> None:
    engine = build_engine(EngineOptions(device="cpu", budget_ms=1000.0))
    eager = build_engine(EngineOptions(device="cpu", budget_ms=1000.0))
    images = [enlarged(hopper_bgr, left) for left in (800, 830)]
    needed = []
    for index in range(60):
        image = CountedImage(images[index % 2])
        result = engine.step(Frame(image, index, index / 30, "test"))
        wanted = eager.step(Frame(image.image_bgr, index, index / 30, "test"))
        (face,), (same,) = result.faces, wanted.faces
        assert face.box == pytest.approx(same.box, abs=0.5)
        assert face.age == pytest.approx(same.age, abs=0.05)
        needed.append(bool(image.needed))
    assert any(needed)  # drawn or photographed: that is found out in full size
    assert not any(needed[30:])


def test_screenshots_keep_the_full_size(hopper_bgr: Image) -> None:
    frame = Frame(CountedImage(enlarged(hopper_bgr)), 0, 0.0, "test")
    view = View(frame, (), 1, 0.0, 1)
    assert np.array_equal(composed(view, OverlayStyle(), mirror=False), enlarged(hopper_bgr))
