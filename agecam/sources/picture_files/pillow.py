"""Decodes with Pillow and its plugins what OpenCV cannot read, or reads wrongly."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from importlib import import_module
from threading import RLock
from typing import BinaryIO, TypeVar

import numpy as np
from PIL import Image as Pillow
from PIL import ImageFile

from agecam.sources.picture_files.codes import ColourCodes, coded_to_srgb
from agecam.sources.picture_files.colour import Transform, to_srgb
from agecam.sources.picture_files.depth import strips, to_8_bit_bgr
from agecam.types import Image

MAX_PIXELS = 300_000_000
"""A damaged file may claim a size that fills all memory."""

_READERS = {
    "AVIF": ("PIL.AvifImagePlugin", "AvifImageFile"),
    "BMP": ("PIL.BmpImagePlugin", "BmpImageFile"),
    "HEIC": ("pillow_heif", "HeifImageFile"),
    "ICO": ("PIL.IcoImagePlugin", "IcoImageFile"),
    "JPEG": ("PIL.JpegImagePlugin", "JpegImageFile"),
    "JPEG 2000": ("PIL.Jpeg2KImagePlugin", "Jpeg2KImageFile"),
    "JPEG XL": ("pillow_jxl.JpegXLImagePlugin", "JXLImageFile"),
    "PCX": ("PIL.PcxImagePlugin", "PcxImageFile"),
    "PNG": ("PIL.PngImagePlugin", "PngImageFile"),
    "PNM": ("PIL.PpmImagePlugin", "PpmImageFile"),
    "PSD": ("PIL.PsdImagePlugin", "PsdImageFile"),
    "QOI": ("PIL.QoiImagePlugin", "QoiImageFile"),
    "TGA": ("PIL.TgaImagePlugin", "TgaImageFile"),
    "TIFF": ("PIL.TiffImagePlugin", "TiffImageFile"),
    "WebP": ("PIL.WebPImagePlugin", "WebPImageFile"),
}
"""Module and class for each format. They are used directly: `Image.open` would guess the format, and refuse or warn of
pictures that are smaller than AgeCam's own limit."""


class TooLargeError(Exception):
    """The picture has more pixels than are read."""


def check_size(width: int, height: int) -> None:
    """Raises TooLargeError."""
    if width * height > MAX_PIXELS:
        raise TooLargeError


_Result = TypeVar("_Result")


def attempted(action: Callable[[], _Result]) -> _Result | None:
    """The result, or None if a decoder fails: for damaged files, they raise nearly any exception."""
    try:
        return action()
    except (MemoryError, TooLargeError):
        raise
    except Exception:
        return None
    except BaseException as error:
        if type(error).__name__ == "PanicException":  # of the JPEG XL plugin, which is written in Rust
            return None
        raise


def open_pillow(file: BinaryIO, picture_format: str) -> ImageFile.ImageFile:
    """Read the header of a picture; raises TooLargeError, and whatever the plugin raises for a damaged one.

    The file must stay open until the picture is decoded.
    """
    module, name = _READERS[picture_format]
    reader = getattr(import_module(module), name)
    file.seek(0)
    with _without_own_limit():
        opened: ImageFile.ImageFile = reader(file)
    check_size(*opened.size)
    return opened


_limit_lock = RLock()


@contextmanager
def _without_own_limit() -> Iterator[None]:
    """Pillow warns of pictures of 90 megapixels and refuses those of 180: the limit here is `MAX_PIXELS`."""
    with _limit_lock:
        limit, Pillow.MAX_IMAGE_PIXELS = Pillow.MAX_IMAGE_PIXELS, None
        try:
            yield
        finally:
            Pillow.MAX_IMAGE_PIXELS = limit


def pillow_to_bgr(picture: Pillow.Image, codes: ColourCodes | None = None) -> Image:
    """Decode to `(H, W, 3) uint8 BGR` in sRGB; transparency is dropped.

    `codes` tell the colours of a picture without a profile.
    """
    with _without_own_limit():
        picture.load()
    if picture.mode.startswith(("I", "F")):
        return to_8_bit_bgr(np.asarray(picture))
    profile = picture.info.get("icc_profile")
    base = _base_mode(picture)
    transform: Transform | None = to_srgb(profile if isinstance(profile, bytes) else None, base)
    if not profile and base == "RGB":
        transform = coded_to_srgb(codes)
    width, height = picture.size
    result = np.empty((height, width, 3), np.uint8)
    for rows in strips(height, width):
        part = picture.crop((0, rows.start, width, rows.stop))
        if transform is not None:
            part = transform.apply(part if part.mode == base else _converted(part, base))
        elif part.mode not in ("RGB", "RGBA", "RGBX"):
            part = _converted(part, "RGB")
        result[rows] = np.asarray(part)[..., 2::-1]
    return result


def _base_mode(picture: Pillow.Image) -> str:
    """The mode that the picture's profile describes."""
    if picture.mode in ("1", "L", "LA", "La"):
        return "L"
    return picture.mode if picture.mode in ("CMYK", "LAB") else "RGB"


def _converted(part: Pillow.Image, mode: str) -> Pillow.Image:
    unmultiplied = {"La": "LA", "RGBa": "RGBA"}.get(part.mode)
    return (part.convert(unmultiplied) if unmultiplied else part).convert(mode)
