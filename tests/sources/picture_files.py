"""Writes picture files with the oddities that cameras, scanners and programs leave in them."""

import io
import struct
import zlib
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import cv2
import numpy as np
import numpy.typing as npt
import pillow_heif
import pillow_jxl  # noqa: F401  registers itself
import pytest
from PIL import Image as Pillow
from PIL import ImageCms

from agecam.types import Image

pillow_heif.register_heif_opener()

STORED: dict[int, Callable[[Image], Image]] = {
    1: lambda image: image,
    2: lambda image: image[:, ::-1],
    3: lambda image: image[::-1, ::-1],
    4: lambda image: image[::-1],
    5: lambda image: image.transpose(1, 0, 2),
    6: lambda image: np.rot90(image),
    7: lambda image: np.rot90(image.transpose(1, 0, 2), 2),
    8: lambda image: np.rot90(image, 3),
}
"""How an upright picture is stored with each EXIF orientation."""

EXIF_KINDS = {1: "B3x", 3: "H2x", 4: "I", 6: "b3x", 8: "h2x", 9: "i"}
"""Layout of a single value for each type of EXIF: BYTE, SHORT, LONG, and those with a sign."""


def exif_block(orientation: int, kind: int = 3, order: str = "<") -> bytes:
    """An EXIF block whose second entry is the orientation."""
    mark = b"II" if order == "<" else b"MM"
    make = struct.pack(order + "HHI4s", 0x010F, 2, 4, b"Cam\0")
    turn = struct.pack(order + "HHI" + EXIF_KINDS[kind], 0x0112, kind, 1, orientation)
    return mark + struct.pack(order + "HIH", 42, 8, 2) + make + turn + bytes(4)


def png_chunk(kind: bytes, content: bytes) -> bytes:
    return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))


def encoded(image: Any, suffix: str, *parameters: int) -> bytes:
    """As OpenCV writes it."""
    return cv2.imencode(suffix, np.ascontiguousarray(image), list(parameters))[1].tobytes()


def saved(image: Image | Pillow.Image, form: str, **options: Any) -> bytes:
    """As Pillow writes it, from BGR."""
    file = io.BytesIO()
    picture = image if isinstance(image, Pillow.Image) else pillow_of(image)
    picture.save(file, form, **options)
    return file.getvalue()


def pillow_of(image: Image) -> Pillow.Image:
    return Pillow.fromarray(np.ascontiguousarray(image[..., ::-1]))


def jpeg_with_exif(image: Image, exif: bytes) -> bytes:
    jpeg = encoded(image, ".jpg", cv2.IMWRITE_JPEG_QUALITY, 98)
    block = b"Exif\0\0" + exif
    return jpeg[:2] + b"\xff\xe1" + struct.pack(">H", len(block) + 2) + block + jpeg[2:]


def png_with_exif(image: Image, exif: bytes, at_end: bool = False) -> bytes:
    png = encoded(image, ".png")
    place = len(png) - 12 if at_end else 33
    return png[:place] + png_chunk(b"eXIf", exif) + png[place:]


def webp_with_exif(image: Image, exif: bytes) -> bytes:
    return saved(image, "WEBP", lossless=True, exif=exif)


def tiff_page(
    pixels: Any, order: str = "<", tags: dict[int, tuple[int, int]] | None = None, start: int = 0, last: bool = True
) -> bytes:
    """A directory of an uncompressed TIFF file and its pixels, with single values (type, value) for further tags.

    `start` is where it stands in the file; after it, the next directory follows unless it is the last.
    """
    height, width = pixels.shape[:2]
    channels = 1 if pixels.ndim == 2 else pixels.shape[2]
    bits, form = 8 * pixels.dtype.itemsize, {"u": 1, "i": 2, "f": 3}[pixels.dtype.kind]
    raw = pixels.astype(pixels.dtype.newbyteorder(order)).tobytes()
    raw += bytes(len(raw) % 2)
    entries: dict[int, tuple[int, Any]] = {
        **{
            256: (4, width),
            257: (4, height),
            258: (3, [bits] * channels),
            259: (3, 1),
            262: (3, 2 if channels > 1 else 1),
        },
        **{273: (4, start + 0), 277: (3, channels), 278: (4, height), 279: (4, len(raw)), 339: (3, [form] * channels)},
        **(tags or {}),
    }
    directory_bytes = 2 + 12 * len(entries) + 4
    extra = b""
    raw_at = start + directory_bytes + 4 * channels
    entries[273] = (4, raw_at)
    body = struct.pack(order + "H", len(entries))
    for tag, (kind, value) in sorted(entries.items()):
        if isinstance(value, list) and len(value) > 2:
            body += struct.pack(order + "HHII", tag, kind, len(value), start + directory_bytes + len(extra))
            extra += struct.pack(f"{order}{len(value)}H", *value)
        else:
            first = value[0] if isinstance(value, list) else value
            body += struct.pack(order + "HHI" + EXIF_KINDS[kind], tag, kind, 1, first)
    following = 0 if last else raw_at + len(raw)
    return bytes(body + struct.pack(order + "I", following) + extra.ljust(4 * channels, b"\0") + raw)


def tiff(*pages: tuple[Any, dict[int, tuple[int, int]]], order: str = "<") -> bytes:
    """A TIFF file of pages, each the pixels (grey or RGB, any type) and further tags."""
    content = (b"II" if order == "<" else b"MM") + struct.pack(order + "HI", 42, 8)
    for number, (pixels, tags) in enumerate(pages):
        content += tiff_page(pixels, order, tags, len(content), number == len(pages) - 1)
    return content


def profile(name: str) -> bytes:
    """A colour profile: the primaries and white are those of its standard, the curve is gamma 2.2."""
    primaries = {
        "Adobe RGB": ((0.64, 0.33), (0.21, 0.71), (0.15, 0.06)),
        "Display P3": ((0.68, 0.32), (0.265, 0.69), (0.15, 0.06)),
    }
    return matrix_profile(primaries[name])


def matrix_profile(primaries: tuple[tuple[float, float], ...], gamma: float = 2.2, kind: bytes = b"RGB ") -> bytes:
    """An ICC profile of version 2 with D50 as its white."""
    tags: list[tuple[bytes, bytes]] = []
    if kind == b"RGB ":
        xyz = np.array([[x / y, 1.0, (1 - x - y) / y] for x, y in primaries]).T
        white = np.array([0.3127 / 0.329, 1.0, (1 - 0.3127 - 0.329) / 0.329])
        columns = xyz * np.linalg.solve(xyz, white)
        bradford = np.array([[0.8951, 0.2664, -0.1614], [-0.7502, 1.7135, 0.0367], [0.0389, -0.0685, 1.0296]])
        d50 = np.array([0.9642, 1.0, 0.8249])
        adapted = np.linalg.inv(bradford) @ np.diag(bradford @ d50 / (bradford @ white)) @ bradford @ columns
        tags += [(tag, xyz_tag(adapted[:, index])) for index, tag in enumerate((b"rXYZ", b"gXYZ", b"bXYZ"))]
        tags += [(tag, curve_tag(gamma)) for tag in (b"rTRC", b"gTRC", b"bTRC")]
    else:
        tags += [(b"kTRC", curve_tag(gamma))]
    text = b"desc" + bytes(4) + struct.pack(">I", 5) + b"Test\0" + bytes(4 + 4 + 2 + 1 + 67)
    tags += [(b"wtpt", xyz_tag((0.9642, 1.0, 0.8249))), (b"desc", text), (b"cprt", b"text" + bytes(4) + b"None\0")]
    return _icc(tags, b"mntr" + kind + b"XYZ ")


def _icc(tags: list[tuple[bytes, bytes]], kind: bytes) -> bytes:
    offset = 128 + 4 + 12 * len(tags)
    table, contents = struct.pack(">I", len(tags)), b""
    for tag, content in tags:
        padded = content + bytes(-len(content) % 4)
        table += tag + struct.pack(">II", offset + len(contents), len(content))
        contents += padded
    header = bytearray(128)
    header[0:4] = struct.pack(">I", offset + len(contents))
    header[8:12] = b"\x02\x10\0\0"
    header[12:24] = kind
    header[36:40] = b"acsp"
    header[68:80] = struct.pack(">3i", *(round(65536 * part) for part in (0.9642, 1.0, 0.8249)))
    return bytes(header) + table + contents


def cmyk_profile(inks: dict[tuple[int, int, int, int], tuple[int, int, int]]) -> bytes:
    """An ICC profile of four inks.

    `inks` has the CIE Lab values of full inks, with `(1, 0, 0, 0)` for cyan; all others are grey.
    """
    corners = [tuple(index >> bit & 1 for bit in (3, 2, 1, 0)) for index in range(16)]
    lab = [inks.get((c, m, y, k), (50, 0, 0)) for c, m, y, k in corners]
    cells = bytes(value for light, a, b in lab for value in (round(light * 2.55), a + 128, b + 128))
    line = bytes(range(256))
    unit = struct.pack(">9i", 65536, 0, 0, 0, 65536, 0, 0, 0, 65536)
    table = b"mft1" + bytes(4) + bytes((4, 3, 2, 0)) + unit + line * 4 + cells + line * 3
    text = b"desc" + bytes(4) + struct.pack(">I", 5) + b"Test\0" + bytes(4 + 4 + 2 + 1 + 67)
    return _icc([(b"A2B0", table), (b"wtpt", xyz_tag((0.9642, 1.0, 0.8249))), (b"desc", text)], b"prtrCMYKLab ")


def xyz_tag(values: Any) -> bytes:
    return b"XYZ " + bytes(4) + struct.pack(">3i", *(round(65536 * float(value)) for value in values))


def curve_tag(gamma: float) -> bytes:
    return b"curv" + bytes(4) + struct.pack(">IH", 1, round(256 * gamma))


def in_profile(image: Image, icc: bytes) -> Image:
    """The same colours as they are stored with another RGB profile."""
    converted = ImageCms.profileToProfile(
        pillow_of(image), ImageCms.createProfile("sRGB"), io.BytesIO(icc), ImageCms.Intent.RELATIVE_COLORIMETRIC
    )
    assert converted is not None
    return np.ascontiguousarray(np.asarray(converted)[..., ::-1])


def difference(image: Image, expected: Image) -> float:
    assert image.shape == expected.shape
    assert image.dtype == np.uint8
    return float(np.abs(image.astype(int) - expected.astype(int)).mean())


def grey_of(image: Image) -> Image:
    return np.asarray(cv2.cvtColor(image, cv2.COLOR_BGR2GRAY), np.uint8)


def grey_bgr(image: Image) -> Image:
    return np.asarray(cv2.cvtColor(grey_of(image), cv2.COLOR_GRAY2BGR), np.uint8)


def as_jpeg_xl(path: Path) -> bytes:
    """The data of a JPEG file, compressed further."""
    with Pillow.open(path) as picture, pytest.warns(UserWarning, match="reconstruction"):
        return saved(picture, "JXL")


def exr(light: npt.NDArray[np.float32]) -> bytes:
    """As FFmpeg writes it."""
    encoder = av.CodecContext.create("exr", "w")
    assert isinstance(encoder, av.VideoCodecContext)
    encoder.height, encoder.width = light.shape[:2]
    encoder.pix_fmt, encoder.time_base = "gbrpf32le", Fraction(1)
    frame = av.VideoFrame.from_ndarray(np.ascontiguousarray(light[..., ::-1]), format="gbrpf32le")
    return b"".join(bytes(packet) for packet in [*encoder.encode(frame), *encoder.encode(None)])
