"""Videos of high dynamic range, wide gamut and other ways to store colours look as on an ordinary screen."""

from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np
import numpy.typing as npt
import pytest

from agecam.outputs import VideoWriter
from agecam.sources import open_source
from agecam.types import Image

Colours = npt.NDArray[np.float64]
WHITE_NITS = 203
BT709, BT601, BT2020, UNSPECIFIED = 1, 6, 9, 2
PQ, HLG = 16, 18
TO_BT2020 = np.array([[0.6274, 0.3293, 0.0433], [0.0691, 0.9195, 0.0114], [0.0164, 0.0880, 0.8956]])
LUMA = {BT601: (0.299, 0.114), BT709: (0.2126, 0.0722), BT2020: (0.2627, 0.0593)}


@pytest.fixture
def picture(astronaut_bgr: Image) -> Image:
    """A portrait with plain patches, `(H, W, 3)`, of even size."""
    image = astronaut_bgr[40:296, 100:356].copy()
    for number, colour in enumerate(((40, 40, 200), (60, 170, 60), (200, 80, 50), (190, 190, 190), (50, 50, 50))):
        image[:40, 50 * number : 50 * number + 40] = colour
    return image


def pq_encoded(light: Colours) -> Colours:
    """SMPTE ST 2084, from light relative to white."""
    power = (np.clip(light, 0, None) * WHITE_NITS / 10_000) ** 0.1593017578125
    return ((0.8359375 + 18.8515625 * power) / (1 + 18.6875 * power)) ** 78.84375


def hlg_encoded(light: Colours) -> Colours:
    """BT.2100, for a display of 1000 nits."""
    shown = np.clip(light, 0, None) * WHITE_NITS / 1000
    luminance = np.maximum(shown @ np.array([0.2627, 0.6780, 0.0593]), 1e-9)[..., None]
    scene = shown * luminance ** (1 / 1.2 - 1)
    return np.where(
        scene <= 1 / 12, np.sqrt(3 * scene), 0.17883277 * np.log(np.maximum(12 * scene - 0.28466892, 1e-9)) + 0.55991073
    )


def write(
    path: Path,
    encoded_rgb: Colours,
    *,
    matrix: int,
    transfer: int = BT709,
    primaries: int = BT709,
    full_range: bool = False,
    bits: int = 8,
    stated: bool = True,
) -> Path:
    """Store encoded red, green and blue from 0 to 1, `(H, W, 3)`, by the standards' formulas."""
    red, blue = LUMA[matrix]
    luma = encoded_rgb @ np.array([red, 1 - red - blue, blue])
    chroma = [(encoded_rgb[..., 2] - luma) / (2 * (1 - blue)), (encoded_rgb[..., 0] - luma) / (2 * (1 - red))]
    scale = 1 << (bits - 8)
    levels, swing, black = (
        (255 * scale + scale - 1, 255 * scale + scale - 1, 0) if full_range else (219 * scale, 224 * scale, 16 * scale)
    )
    planes = [
        luma * levels + black,
        *(part.reshape(part.shape[0] // 2, 2, -1, 2).mean((1, 3)) * swing + 128 * scale for part in chroma),
    ]
    height, width = luma.shape
    kind: Any = np.uint8 if bits == 8 else np.dtype("<u2")
    frame = av.VideoFrame(width, height, "yuv420p" if bits == 8 else "yuv420p10le")
    for plane, values in zip(frame.planes, planes, strict=True):
        rows = np.zeros((plane.height, plane.line_size // np.dtype(kind).itemsize), kind)
        rows[:, : values.shape[1]] = np.clip(values.round(), 0, 256 * scale - 1)
        plane.update(rows.tobytes())
    with av.open(str(path), "w") as file:
        stream = file.add_stream("libx264" if bits == 8 else "libx265", rate=25)
        assert isinstance(stream, av.VideoStream)
        stream.width, stream.height, stream.pix_fmt = width, height, frame.format.name
        stream.options = {"crf": "4", "preset": "ultrafast"} | ({} if bits == 8 else {"x265-params": "log-level=none"})
        context = stream.codec_context
        if stated:
            context.colorspace, context.color_trc, context.color_primaries = matrix, transfer, primaries
        if stated or full_range:
            context.color_range = 2 if full_range else 1
        for number in range(3):
            frame.pts, frame.time_base = number, Fraction(1, 25)
            frame.colorspace, frame.color_range = context.colorspace, context.color_range
            if hasattr(frame, "color_trc"):  # since PyAV 17
                frame.color_trc, frame.color_primaries = context.color_trc, context.color_primaries
            file.mux(stream.encode(frame))
        file.mux(stream.encode(None))
    return path


def first_frame(path: Path) -> Image:
    with open_source(str(path)) as source:
        frame = source.read()
    assert frame is not None
    return frame.image_bgr


def error_of(image: Image, expected: Image) -> tuple[float, float]:
    """Mean difference of the patches' colours, and of the whole picture, in levels."""
    assert image.shape == expected.shape
    difference = np.abs(image.astype(float) - expected)
    patches = [
        np.abs(image[5:35, 50 * n + 5 : 50 * n + 35].mean((0, 1)) - expected[20, 50 * n + 20]).max() for n in range(5)
    ]
    return max(patches), float(difference.mean())


def rgb_of(image: Image) -> Colours:
    return image[..., ::-1].astype(np.float64) / 255


@pytest.mark.parametrize("transfer", [PQ, HLG])
@pytest.mark.parametrize("bits", [10, 8])
def test_high_dynamic_range_looks_as_the_usual_one(transfer: int, bits: int, picture: Image, tmp_path: Path) -> None:
    light = np.clip(rgb_of(picture), 0, 0.85) ** 2.4 @ TO_BT2020.T
    encoded = pq_encoded(light) if transfer == PQ else hlg_encoded(light)
    path = write(tmp_path / "hdr.mov", encoded, matrix=BT2020, transfer=transfer, primaries=BT2020, bits=bits)
    expected = np.clip(picture, 0, round(0.85 * 255))
    patch, mean = error_of(first_frame(path), expected)
    assert patch < (4 if bits == 10 else 8)
    assert mean < 4


@pytest.mark.parametrize("transfer", [PQ, HLG])
def test_lights_brighter_than_white_are_told_apart(transfer: int, tmp_path: Path) -> None:
    steps = np.array([0.5, 1.0, 2.0, 3.0, 4.5])
    light = np.repeat(np.repeat(steps, 32)[None, :, None], 64, axis=0) * np.ones(3)
    encoded = pq_encoded(light) if transfer == PQ else hlg_encoded(light)
    path = write(tmp_path / "hdr.mov", encoded, matrix=BT2020, transfer=transfer, primaries=BT2020, bits=10)
    shown = first_frame(path)[32, 16::32].astype(int)
    assert np.ptp(shown, axis=1).max() <= 3  # grey stays grey
    levels = shown[:, 1]
    assert abs(levels[0] - 255 * 0.5 ** (1 / 2.4)) < 4
    assert 225 <= levels[1] <= 245
    assert (np.diff(levels) >= 2).all()
    assert levels[-1] <= 255


def test_the_output_is_tagged_as_what_it_is(picture: Image, tmp_path: Path) -> None:
    light = rgb_of(picture) ** 2.4 @ TO_BT2020.T
    path = write(tmp_path / "hdr.mov", pq_encoded(light), matrix=BT2020, transfer=PQ, primaries=BT2020, bits=10)
    with open_source(str(path)) as source, VideoWriter(tmp_path / "out.mp4", 256, 256, 25) as writer:
        for frame in source:
            writer.write(frame.image_bgr, frame.time_s, frame.duration_s)
    with av.open(str(tmp_path / "out.mp4")) as file:
        context = file.streams.video[0].codec_context
        assert (context.colorspace, context.color_trc, context.color_primaries, context.color_range) == (1, 1, 1, 1)
        assert context.pix_fmt == "yuv420p"
    _, mean = error_of(first_frame(tmp_path / "out.mp4"), picture)
    assert mean < 6


@pytest.mark.parametrize("full_range", [False, True])
@pytest.mark.parametrize("bits", [8, 10])
@pytest.mark.parametrize("matrix", [BT601, BT709])
def test_matrix_and_range_are_respected(
    matrix: int, bits: int, full_range: bool, picture: Image, tmp_path: Path
) -> None:
    path = write(
        tmp_path / "sdr.mp4", rgb_of(picture), matrix=matrix, primaries=matrix, bits=bits, full_range=full_range
    )
    patch, mean = error_of(first_frame(path), picture)
    assert patch < 4
    assert mean < 4


def test_a_wide_gamut_is_converted(picture: Image, tmp_path: Path) -> None:
    encoded = np.clip(rgb_of(picture) ** 2.4 @ TO_BT2020.T, 0, 1) ** (1 / 2.4)
    path = write(tmp_path / "wide.mp4", encoded, matrix=BT2020, transfer=14, primaries=BT2020, bits=10)
    patch, mean = error_of(first_frame(path), picture)
    assert patch < 4
    assert mean < 4


@pytest.mark.parametrize(("size", "matrix"), [(256, BT601), (1280, BT709)])
def test_without_a_stated_matrix_the_size_decides(size: int, matrix: int, picture: Image, tmp_path: Path) -> None:
    image = np.tile(picture, (1, size // 256, 1))
    path = write(tmp_path / "unknown.mp4", rgb_of(image), matrix=matrix, stated=False)
    patch, _ = error_of(first_frame(path), image)
    assert patch < 4
