"""Colour profiles, and pictures of more than 8 bits."""

import zlib
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from picture_files import (
    as_jpeg_xl,
    cmyk_profile,
    difference,
    encoded,
    exr,
    grey_bgr,
    grey_of,
    in_profile,
    matrix_profile,
    pillow_of,
    png_chunk,
    profile,
    saved,
    tiff,
)
from PIL import Image as Pillow
from PIL import ImageCms

from agecam.sources import read_picture
from agecam.types import Image


@pytest.fixture
def face(astronaut_bgr: Image) -> Image:
    """(120, 160, 3), different in all orientations."""
    return np.ascontiguousarray(cv2.resize(astronaut_bgr, (320, 320), interpolation=cv2.INTER_AREA)[:120, 60:220])


# --- colour --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["Adobe RGB", "Display P3"])
@pytest.mark.parametrize("form", ["JPEG", "PNG", "WEBP", "TIFF", "AVIF", "HEIF"])
def test_colour_profiles_are_converted_to_srgb(name: str, form: str, face: Image) -> None:
    icc = profile(name)
    options: dict[str, Any] = {"JPEG": {"quality": 98, "subsampling": 0}, "WEBP": {"lossless": True}}.get(form, {})
    options |= {"quality": 98} if form in ("AVIF", "HEIF") else {}
    stored = in_profile(face, icc)
    assert difference(stored, face) > 2.4
    assert difference(read_picture(saved(stored, form, icc_profile=icc, **options)), face) < 1.6


def test_jpeg_xl_has_profiles_too(face: Image, tmp_path: Path) -> None:
    icc = profile("Display P3")
    path = tmp_path / "phone.jpg"
    path.write_bytes(saved(in_profile(face, icc), "JPEG", icc_profile=icc, quality=98, subsampling=0))
    assert difference(read_picture(as_jpeg_xl(path)), face) < 1.6


def test_deep_pictures_have_profiles_too(face: Image) -> None:
    icc = profile("Adobe RGB")
    stored = in_profile(face, icc).astype(np.uint16) * 257
    png = encoded(stored, ".png")
    png = png[:33] + png_chunk(b"iCCP", b"x\0\0" + zlib.compress(icc)) + png[33:]
    assert difference(read_picture(png), face) < 1.5


def test_profiles_of_grey_pictures(face: Image) -> None:
    linear = matrix_profile((), gamma=1.0, kind=b"GRAY")
    unit = grey_of(face) / 255
    light = np.where(unit <= 0.04045, unit / 12.92, ((unit + 0.055) / 1.055) ** 2.4)
    for form in ("JPEG", "PNG", "TIFF"):
        options = {"quality": 98} if form == "JPEG" else {}
        data = saved(Pillow.fromarray(np.rint(255 * light).astype(np.uint8)), form, icc_profile=linear, **options)
        assert difference(read_picture(data), grey_bgr(face)) < 3


@pytest.mark.parametrize("form", ["JPEG", "TIFF"])
def test_cmyk_pictures_have_their_colours(form: str, face: Image) -> None:
    data = saved(pillow_of(face).convert("CMYK"), form, **({"quality": 98} if form == "JPEG" else {}))
    assert difference(read_picture(data), face) < 3


@pytest.mark.parametrize(("form", "options"), [("JPEG", {"quality": 100}), ("TIFF", {})])
def test_cmyk_profiles_are_used(form: str, options: dict[str, Any]) -> None:
    inks = {
        (0, 0, 0, 0): (100, 0, 0),
        (1, 0, 0, 0): (60, -30, -40),
        (0, 1, 0, 0): (50, 60, 5),
        (0, 0, 1, 0): (90, -5, 80),
    }
    inks[0, 0, 0, 1] = (10, 0, 0)
    patches = np.concatenate([np.full((32, 32, 4), np.array(ink) * 255, np.uint8) for ink in inks], axis=1)
    data = saved(Pillow.fromarray(patches, "CMYK"), form, icc_profile=cmyk_profile(inks), **options)
    lab = np.array([list(inks.values())], np.float32)
    expected = np.rint(255 * cv2.cvtColor(lab, cv2.COLOR_LAB2BGR)[0])
    image = read_picture(data)
    for number, colour in enumerate(expected):
        assert np.abs(image[16, 32 * number + 16] - colour).max() < 12, number


def test_lab_pictures_have_their_colours(face: Image) -> None:
    lab = ImageCms.profileToProfile(
        pillow_of(face), ImageCms.createProfile("sRGB"), ImageCms.createProfile("LAB"), outputMode="LAB"
    )
    assert lab is not None
    assert difference(read_picture(saved(lab, "TIFF")), face) < 3


@pytest.mark.parametrize("form", ["JPEG", "PNG", "WEBP", "TIFF", "AVIF"])
def test_broken_and_foreign_profiles_are_ignored(form: str, face: Image) -> None:
    whole = profile("Adobe RGB")
    options = {"lossless": True} if form == "WEBP" else {}
    plain = read_picture(saved(face, form, **options))
    for icc in (b"nonsense" * 30, whole[:200], matrix_profile((), kind=b"GRAY"), bytes(128)):
        assert difference(read_picture(saved(face, form, icc_profile=icc, **options)), plain) == 0


# --- depth ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("bits", [10, 12, 16])
def test_16_bits_may_hold_fewer(bits: int, face: Image) -> None:
    deep = np.rint(face / 255 * ((1 << bits) - 1)).astype(np.uint16)
    for data in (tiff((deep[..., ::-1], {})), tiff((deep[..., ::-1], {}), order=">"), encoded(deep, ".ppm")):
        assert difference(read_picture(data), face) <= 1
    grey = np.rint(grey_of(face) / 255 * ((1 << bits) - 1)).astype(np.uint16)
    for data in (tiff((grey, {})), encoded(grey, ".tiff"), encoded(grey, ".pgm")):
        assert difference(read_picture(data), grey_bgr(face)) <= 1


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("white", [1.0, 255.0])
def test_floating_point_tiff(white: float, dtype: type, face: Image) -> None:
    colour = (face[..., ::-1] / 255 * white).astype(dtype)
    assert difference(read_picture(tiff((colour, {}))), face) <= 1
    grey = (grey_of(face) / 255 * white).astype(dtype)
    assert difference(read_picture(tiff((grey, {}))), grey_bgr(face)) <= 1
    grey[0, :5] = np.nan
    grey[1, :5] = np.inf
    assert difference(read_picture(tiff((grey, {})))[2:], grey_bgr(face)[2:]) <= 1


@pytest.mark.parametrize("suffix", [".hdr", ".pfm", ".exr"])
@pytest.mark.parametrize("exposure", [1.0, 40.0])
def test_light_is_encoded_for_the_screen(suffix: str, exposure: float, face: Image) -> None:
    unit = face / 255
    light = np.where(unit <= 0.04045, unit / 12.92, ((unit + 0.055) / 1.055) ** 2.4).astype(np.float32)
    data = exr(light * np.float32(exposure)) if suffix == ".exr" else encoded(light * exposure, suffix)
    assert difference(read_picture(data), face) < (3 if exposure == 1 else 20)


@pytest.mark.parametrize("mode", ["1", "L", "LA", "P", "PA", "RGBA", "I;16", "F", "CMYK", "YCbCr"])
def test_all_kinds_of_tiff(mode: str, face: Image) -> None:
    picture = pillow_of(face)
    if mode == "I;16":
        stored = Pillow.fromarray(grey_of(face).astype(np.uint16) * 257)
    else:
        stored = picture.convert(mode if mode != "PA" else "P").convert(mode)
    image = read_picture(saved(stored, "TIFF"))
    expected = grey_bgr(face) if mode in ("L", "LA", "I;16", "F") else face
    assert difference(image, expected) < (110 if mode == "1" else 16)


def test_transparency_is_dropped(face: Image) -> None:
    clear = pillow_of(face).copy()
    clear.putalpha(40)
    for form, options in (("QOI", {}), ("TGA", {}), ("AVIF", {"quality": 98}), ("HEIF", {"quality": 98})):
        assert difference(read_picture(saved(clear, form, **options)), face) < 4, form
