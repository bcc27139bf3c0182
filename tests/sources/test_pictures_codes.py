"""Colours that a picture states by code numbers, in HEIF, AVIF and PNG."""

import io
import struct
from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
import numpy.typing as npt
import pytest
from picture_files import difference, encoded, in_profile, pillow_of, png_chunk, profile, saved

from agecam.sources import open_source, read_picture
from agecam.sources.picture_files.codes import container_codes
from agecam.types import Image

Floats = npt.NDArray[np.float64]
SRGB, P3, PQ = (1, 13), (12, 13), (9, 16)
"""Codes of primaries and transfer function."""


@pytest.fixture
def face(astronaut_bgr: Image) -> Image:
    return np.ascontiguousarray(cv2.resize(astronaut_bgr, (320, 320), interpolation=cv2.INTER_AREA)[:120, 60:220])


@pytest.fixture
def patches() -> Image:
    """Saturated colours."""
    colours = [(200, 40, 60), (60, 180, 60), (50, 60, 210), (190, 180, 40), (180, 60, 190), (70, 190, 200)]
    return np.concatenate([np.full((48, 32, 3), colour, np.uint8) for colour in colours], axis=1)


def light_of(unit: Floats) -> Floats:
    """By the curve of sRGB."""
    return np.where(unit <= 0.04045, unit / 12.92, ((unit + 0.055) / 1.055) ** 2.4)


def as_p3(image: Image) -> Image:
    """The same colours with the primaries of Display P3."""
    light = light_of(image[..., ::-1] / 255)
    to_p3 = np.array([[0.8225, 0.1774, 0.0], [0.0332, 0.9669, 0.0], [0.0171, 0.0724, 0.9108]])
    light = light @ to_p3.T
    unit = np.where(light <= 0.0031308, 12.92 * light, 1.055 * light ** (1 / 2.4) - 0.055)
    return np.ascontiguousarray(np.rint(255 * unit).astype(np.uint8)[..., ::-1])


def inner(image: Image) -> Image:
    """Without the edges of the patches, where colours are stored less sharply."""
    return np.ascontiguousarray(image.reshape(48, 6, 32, 3)[:, :, 8:24].reshape(48, -1, 3))


def heif(image: Image, codes: tuple[int, int]) -> bytes:
    return saved(
        image,
        "HEIF",
        quality=98,
        chroma=444,
        color_primaries=codes[0],
        transfer_characteristics=codes[1],
        matrix_coefficients=1,
    )


def avif(image: Image, codes: tuple[int, int]) -> bytes:
    data = saved(image, "AVIF", quality=98, subsampling="4:4:4")
    place = data.index(b"colrnclx") + 8
    return data[:place] + struct.pack(">HH", *codes) + data[place + 4 :]


def png(image: Image, codes: tuple[int, int]) -> bytes:
    data = encoded(image, ".png")
    return data[:33] + png_chunk(b"cICP", bytes((*codes, 0, 1))) + data[33:]


WRITERS = [heif, avif, png]


@pytest.mark.parametrize("write", WRITERS)
def test_display_p3_is_converted(write: Callable[[Image, tuple[int, int]], bytes], patches: Image) -> None:
    assert difference(as_p3(patches), patches) > 6
    assert difference(inner(read_picture(write(as_p3(patches), P3))), inner(patches)) < 3


@pytest.mark.parametrize("write", WRITERS)
def test_srgb_is_left_alone(write: Callable[[Image, tuple[int, int]], bytes], face: Image) -> None:
    assert difference(read_picture(write(face, SRGB)), face) < 1.5


def as_pq(image: Image) -> Floats:
    """Encoded 0 to 1, with white as bright as paper."""
    power = (light_of(image / 255) * 203 / 10_000) ** (2610 / 16384)
    return np.asarray(((3424 / 4096 + 2413 / 128 * power) / (1 + 2392 / 128 * power)) ** (2523 / 32))


@pytest.mark.parametrize("write", [avif, png])
def test_high_dynamic_range_is_shown_as_on_a_screen(
    write: Callable[[Image, tuple[int, int]], bytes], face: Image
) -> None:
    grey = np.repeat(face.mean(axis=2, keepdims=True).astype(np.uint8), 3, axis=2)
    data = write(np.rint(255 * as_pq(grey)).astype(np.uint8), PQ)
    image = read_picture(data)
    middle = (grey > 40) & (grey < 180)
    assert np.abs(image.astype(int) - grey)[middle].mean() < 5
    assert np.abs(np.rint(255 * as_pq(grey)) - grey)[middle].mean() > 25


def test_a_profile_precedes_the_codes_in_heif_and_follows_them_in_png(face: Image) -> None:
    icc = profile("Adobe RGB")
    stored = in_profile(face, icc)
    with_both = saved(stored, "HEIF", quality=98, chroma=444, icc_profile=icc)
    assert difference(read_picture(with_both), face) < 1.6
    data = saved(face, "PNG", icc_profile=icc)
    data = data[:33] + png_chunk(b"cICP", bytes((*SRGB, 0, 1))) + data[33:]
    assert difference(read_picture(data), face) == 0


def test_animations_are_converted_too(patches: Image, tmp_path: Path) -> None:
    stored = as_p3(patches)
    data = saved(stored, "AVIF", save_all=True, append_images=[pillow_of(stored[::-1, ::-1])], quality=98)
    place = data.index(b"colrnclx") + 8
    (tmp_path / "a.avif").write_bytes(data[:place] + struct.pack(">HH", *P3) + data[place + 4 :])
    with open_source(str(tmp_path / "a.avif")) as source:
        first = source.read()
    assert first is not None
    assert difference(inner(first.image_bgr), inner(patches)) < 3


@pytest.mark.parametrize("content", [b"", b"\0\0\0\x08meta", b"\0\0\0\x14metacolrnclx\0", bytes(40)])
def test_damaged_containers_state_no_codes(content: bytes) -> None:
    assert container_codes(io.BytesIO(content)) is None
