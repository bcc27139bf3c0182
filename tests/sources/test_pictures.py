"""Pictures of every format, depth, colour space and orientation look as they are meant to."""

import struct
from collections.abc import Callable
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from picture_files import (
    EXIF_KINDS,
    STORED,
    as_jpeg_xl,
    difference,
    encoded,
    exif_block,
    grey_of,
    jpeg_with_exif,
    pillow_of,
    png_with_exif,
    saved,
    tiff,
    webp_with_exif,
)
from PIL import Image as Pillow
from PIL import ImageCms

import agecam
from agecam.sources import open_source, read_picture
from agecam.sources.picture_files.formats import picture_formats
from agecam.sources.picture_files.jxl import jxl_size
from agecam.types import Image


@pytest.fixture
def face(astronaut_bgr: Image) -> Image:
    """(120, 160, 3), different in all orientations."""
    return np.ascontiguousarray(cv2.resize(astronaut_bgr, (320, 320), interpolation=cv2.INTER_AREA)[:120, 60:220])


# --- formats -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "form", "options", "tolerance"),
    [
        ("photo.heic", "HEIF", {"quality": 95}, 4),
        ("photo of a telephone.jpg", "HEIF", {"quality": 95, "tile_size": 64}, 4),
        ("photo.avif", "AVIF", {"quality": 95}, 4),
        ("photo.jxl", "JXL", {"lossless": True}, 0),
        ("box.jxl", "JXL", {"lossless": True, "use_container": True}, 0),
        ("photo.qoi", "QOI", {}, 0),
        ("photo.tga", "TGA", {}, 0),
        ("photo.pcx", "PCX", {}, 0),
        ("photo.ico", "ICO", {"sizes": [(160, 120)]}, 0),
        ("photo.jp2", "JPEG2000", {}, 1),
        ("photo.ppm", "PPM", {}, 0),
        ("photo.bmp", "BMP", {}, 0),
        ("photo.webp", "WEBP", {"lossless": True}, 0),
        ("photo.tif", "TIFF", {"compression": "tiff_lzw"}, 0),
        ("photo.jpg", "JPEG", {"quality": 95}, 4),
        ("photo.mpo", "MPO", {"quality": 95}, 4),
        ("photo.png", "PNG", {}, 0),
        ("photo.tif", "TIFF", {"big_tiff": True}, 0),
        ("photo.gif", "GIF", {}, 6),
    ],
)
def test_each_format_is_read_as_a_still_picture(
    name: str, form: str, options: dict[str, Any], tolerance: float, face: Image, tmp_path: Path
) -> None:
    path = tmp_path / name
    path.write_bytes(saved(face, form, **options))
    with open_source(str(path)) as source:
        (frame,) = source
        assert (source.info.fps, source.info.frame_count, source.info.remarks) == (None, 1, ())
    assert frame.still
    assert difference(frame.image_bgr, face) <= tolerance
    assert difference(read_picture(path), face) <= tolerance
    if not name.endswith("tga"):
        assert np.array_equal(agecam.read_picture(path.read_bytes()), frame.image_bgr)


def test_tga_may_have_no_signature(face: Image, tmp_path: Path) -> None:
    path = tmp_path / "old.TGA"
    path.write_bytes(saved(face, "TGA")[:-26])
    assert difference(read_picture(path), face) == 0
    with open_source(str(path)) as source:
        assert source.info.frame_count == 1


def test_photoshop_files(face: Image) -> None:
    header = struct.pack(">4sH6xHIIHH", b"8BPS", 1, 3, *face.shape[:2], 8, 3)
    planes = np.ascontiguousarray(face[..., ::-1].transpose(2, 0, 1)).tobytes()
    assert difference(read_picture(header + bytes(12) + b"\0\0" + planes), face) == 0


@pytest.mark.parametrize("size", [(1, 1), (8, 8), (256, 256), (300, 200), (700, 3), (520, 390)])
def test_the_size_of_jpeg_xl_is_known_before_it_is_decoded(size: tuple[int, int]) -> None:
    for use_container in (False, True):
        assert jxl_size(saved(Pillow.new("RGB", size), "JXL", use_container=use_container)) == size


def test_a_folder_has_the_new_formats(face: Image, tmp_path: Path) -> None:
    for name, form in (("a.heic", "HEIF"), ("b.jxl", "JXL"), ("c.tga", "TGA"), ("d.qoi", "QOI"), ("e", "HEIF")):
        (tmp_path / name).write_bytes(saved(face, form))
    with open_source(str(tmp_path)) as source:
        assert [frame.source for frame in source] == ["a.heic", "b.jxl", "c.tga", "d.qoi", "e"]


def test_the_formats_are_listed_in_one_line() -> None:
    line = picture_formats()
    assert "\n" not in line
    assert {"JPEG", "PNG", "HEIC and HEIF", "AVIF", "JPEG XL", "TGA", "TIFF"} <= set(line.split(", "))


def test_ordinary_pictures_are_decoded_bit_by_bit_as_opencv_does(face: Image) -> None:
    files = [encoded(face, ".jpg"), encoded(grey_of(face), ".jpg"), encoded(face, ".png"), encoded(face, ".webp")]
    files += [saved(pillow_of(face).convert(mode), "PNG") for mode in ("1", "L", "LA", "P", "RGBA")]
    files += [saved(face, "JPEG", progressive=True), encoded(face.astype(np.uint16) * 257, ".png"), saved(face, "GIF")]
    srgb = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    files += [saved(face, "JPEG", icc_profile=srgb), saved(face, "PNG", icc_profile=srgb)]
    for data in files:
        assert np.array_equal(read_picture(data), cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_COLOR))


# --- orientation ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("orientation", STORED)
@pytest.mark.parametrize("write", [jpeg_with_exif, png_with_exif, webp_with_exif])
def test_every_orientation_is_applied(write: Callable[..., bytes], orientation: int, face: Image) -> None:
    data = write(STORED[orientation](face), exif_block(orientation))
    assert difference(read_picture(data), face) < 3


@pytest.mark.parametrize("order", ["<", ">"])
@pytest.mark.parametrize("kind", EXIF_KINDS)
@pytest.mark.parametrize("write", [jpeg_with_exif, png_with_exif, webp_with_exif])
def test_the_orientation_is_read_in_every_type_and_byte_order(
    write: Callable[..., bytes], kind: int, order: str, face: Image
) -> None:
    assert difference(read_picture(write(STORED[6](face), exif_block(6, kind, order))), face) < 3


def test_the_orientation_may_follow_the_picture(face: Image) -> None:
    assert difference(read_picture(png_with_exif(STORED[8](face), exif_block(8), at_end=True)), face) == 0


@pytest.mark.parametrize("orientation", [0, 9, 200])
def test_an_impossible_orientation_is_ignored(orientation: int, face: Image) -> None:
    assert difference(read_picture(png_with_exif(face, exif_block(orientation))), face) == 0


@pytest.mark.parametrize("cut", [0, 3, 9, 20, 30])
def test_a_damaged_exif_block_is_ignored(cut: int, face: Image) -> None:
    assert difference(read_picture(jpeg_with_exif(face, exif_block(6)[:cut])), face) < 3


@pytest.mark.parametrize("orientation", STORED)
@pytest.mark.parametrize("dtype", [np.uint8, np.uint16, np.float32])
def test_the_orientation_of_tiff_is_applied_once(dtype: type, orientation: int, face: Image) -> None:
    rgb = STORED[orientation](face)[..., ::-1]
    pixels = rgb if dtype is np.uint8 else rgb.astype(np.uint16) * 257 if dtype is np.uint16 else np.float32(rgb / 255)
    for order in "<>":
        for kind in (3, 4):
            data = tiff((pixels, {274: (kind, orientation)}), order=order)
            assert difference(read_picture(data), face) <= 1, (order, kind)


@pytest.mark.parametrize("orientation", STORED)
def test_containers_turn_their_pictures_once(orientation: int, face: Image) -> None:
    exif = Pillow.Exif()
    exif[0x0112] = orientation
    for form in ("AVIF", "HEIF"):  # both store the turn in the container
        data = saved(STORED[orientation](face), form, quality=95, exif=exif.tobytes())
        assert difference(read_picture(data), face) < 4, form


def test_jpeg_xl_made_of_a_jpeg_is_turned(face: Image, tmp_path: Path) -> None:
    path = tmp_path / "phone.jpg"
    path.write_bytes(jpeg_with_exif(STORED[6](face), exif_block(6)))
    assert difference(read_picture(as_jpeg_xl(path)), face) < 4
