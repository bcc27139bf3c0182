"""The one reader of picture files: any format, upright, in sRGB and 8 bits."""

import re
import struct
from pathlib import Path
from typing import BinaryIO

import cv2
import numpy as np
from PIL import ImageFile

from agecam.errors import SourceError
from agecam.runtime.quiet import quiet_stderr
from agecam.sources.picture_files.chunks import Chunk, exif_orientation, inflated_profile, png_chunks, riff_chunks
from agecam.sources.picture_files.codes import chunk_codes, coded_to_srgb, container_codes
from agecam.sources.picture_files.colour import convert_in_place, to_srgb
from agecam.sources.picture_files.content import PictureContent
from agecam.sources.picture_files.depth import to_8_bit_bgr
from agecam.sources.picture_files.ending import begun_gif, ended, padded
from agecam.sources.picture_files.exr import read_exr
from agecam.sources.picture_files.formats import picture_format
from agecam.sources.picture_files.jxl import jxl_size
from agecam.sources.picture_files.pillow import TooLargeError, attempted, check_size, open_pillow, pillow_to_bgr
from agecam.sources.picture_files.tiff import TiffPage, tiff_end, tiff_pages
from agecam.sources.picture_files.turn import turned
from agecam.types import Image

_CHUNK_LIMIT_BYTES = 64 * 2**20
_FLOAT_SIZE = re.compile(rb"(?:\A[Pp][Ff]\s+|[+-][XY] )(\d{1,9})(?:\s| [+-][XY] )(\d{1,9})\s")
_FLOAT_HEADER_BYTES = 4096
_BYTES_PER_FLOAT = 4
_CAN_END_EARLY = {"JPEG", "PNG", "GIF", "WebP", "BMP", "TIFF"}
_UPRIGHT_BGR = cv2.IMREAD_COLOR
_STORED_BGR = cv2.IMREAD_COLOR | cv2.IMREAD_IGNORE_ORIENTATION


def read_picture(source: str | Path | bytes) -> Image:
    """Read a picture as `(H, W, 3) uint8 BGR`, upright and in sRGB.

    It is turned by its EXIF orientation or that of its container, and converted from its colour profile. Greyscale is
    converted to three channels and deeper pictures to 8 bits; transparency is dropped. Of a file with several pages
    or frames, the first is read. Of a JPEG, PNG, GIF, WebP, BMP or TIFF that ends early, the part
    that is there is read.

    Args:
        source: path of a file, or its content.

    Raises:
        SourceError: it cannot be opened or decoded.
    """
    return PictureFile(source).read()


class PictureFile:
    """The content of a picture file, decoded on demand."""

    def __init__(self, source: str | Path | bytes) -> None:
        """Read the file, without decoding it; raises SourceError."""
        self._content = PictureContent(source)
        self.name = self._content.name
        """File name for messages."""
        with self._opened() as file:
            if not file.read(1):
                raise SourceError("The picture '{name}' is empty: copy it again or choose another.", name=self.name)
            self._format = picture_format(file, self.name)
            is_tiff = self._format == "TIFF"
            self._tiff, self._least_size = (tiff_pages(file), tiff_end(file)) if is_tiff else ([], 0)
        is_cut = self._least_size > self._content.size
        self.remarks: tuple[SourceError, ...] = (self._ends_early(),) if is_cut else ()
        """What the user should know although the picture can be read; complete after `read`."""

    @property
    def page_count(self) -> int:
        """Number of pages, at least 1."""
        return max(1, len(self._tiff))

    def read(self, page: int = 0) -> Image:
        """Decode a page as `read_picture` does; raises SourceError."""
        try:
            with quiet_stderr:
                image = self._decoded(page)
                if image is None:
                    image = self._begun(page)
        except (TooLargeError, cv2.error) as error:
            raise self._too_large() from error
        except OSError as error:
            raise self._content.unopened(error) from error
        if image is None or not image.size:
            raise self._unreadable(page)
        return np.ascontiguousarray(image, np.uint8)

    def _opened(self) -> BinaryIO:
        try:
            return self._content.open()
        except OSError as error:
            raise self._content.unopened(error) from error

    def _too_large(self) -> SourceError:
        return SourceError("The picture '{name}' is too large to read: make it smaller and try again.", name=self.name)

    def _unreadable(self, page: int) -> SourceError:
        if page:
            return SourceError(
                "Page {page} of the picture '{name}' cannot be read because it is damaged or in an unsupported "
                "format: save it again as JPEG or PNG.",
                page=page + 1,
                name=self.name,
            )
        return SourceError(
            "The picture '{name}' cannot be read because it is damaged or in an unsupported format: save it again as "
            "JPEG or PNG.",
            name=self.name,
        )

    def _decoded(self, page: int) -> Image | None:
        match self._format:
            case "JPEG":
                return _whole_jpeg(self._content)
            case "PNG" | "WebP":
                return self._chunked(self._format)
            case "TIFF" if page < len(self._tiff):
                return self._tiff_page(self._tiff[page])
            case "PNM" | "PFM" | "Radiance HDR":
                return self._numbers()
            case "OpenEXR":
                light = attempted(lambda: read_exr(self._content.read()))
                return None if light is None else to_8_bit_bgr(light, is_linear=True)
            case "JPEG XL":
                check_size(*jxl_size(self._content.read()))
                return self._by_pillow()
            case "AVIF" | "HEIC" | "ICO" | "PCX" | "PSD" | "QOI" | "TGA":
                return self._by_pillow()
        self._check_stated_size()
        return self._content.decode(_UPRIGHT_BGR)

    def _check_stated_size(self) -> None:
        """Raises TooLargeError: OpenCV reads larger pictures than there may be memory for."""
        with self._content.open() as file:
            head = file.read(_FLOAT_HEADER_BYTES)
            if self._format in ("BMP", "JPEG 2000", "PNM"):
                attempted(lambda: open_pillow(file, str(self._format)))
            elif self._format == "GIF" and len(head) >= 10:
                check_size(*struct.unpack_from("<HH", head, 6))
            elif found := _FLOAT_SIZE.search(head):
                check_size(_BYTES_PER_FLOAT * int(found[1]), int(found[2]))

    def _begun(self, page: int) -> Image | None:
        """The picture if the file ends early, which is remarked on; None if it does not, or nothing can be decoded."""
        if self._format not in _CAN_END_EARLY:
            return None
        data = self._content.read()
        if self._format == "GIF":
            image = begun_gif(data)
        else:
            complete = padded(data, self._least_size) if self._format == "TIFF" else ended(data, self._format)
            image = None if complete is None else PictureFile(complete)._decoded(page)
        if image is not None:
            self.remarks = (self._ends_early(),)
        return image

    def _ends_early(self) -> SourceError:
        return SourceError(
            "The picture '{name}' ends early, so a part may be missing: copy it again to get the rest.", name=self.name
        )

    def _chunked(self, form: str) -> Image | None:
        """PNG and WebP, decoded by OpenCV; colour profile and orientation are in chunks of their own."""
        with self._content.open() as file:
            chunks: dict[bytes, Chunk] = {}
            for chunk in png_chunks(file) if form == "PNG" else riff_chunks(file):
                if form == "PNG" and chunk.size > max(self._content.size, _CHUNK_LIMIT_BYTES):
                    return None  # OpenCV would allocate that much memory
                chunks.setdefault(chunk.kind, chunk)
            kinds = (b"ICCP", b"EXIF") if form == "WebP" else (b"iCCP", b"eXIf", b"IHDR", b"cICP")
            contents = [chunks[kind].content(file) if kind in chunks else None for kind in kinds]
        profile, exif, *of_png = contents
        is_grey, coded = False, None
        if form == "PNG":
            header, codes = of_png[0] or b"", chunk_codes(of_png[1])
            check_size(int.from_bytes(header[:4], "big"), int.from_bytes(header[4:8], "big"))
            is_grey = header[9:10] in (b"\0", b"\4")
            profile = inflated_profile(profile or b"") if codes is None else None
            coded = coded_to_srgb(codes)
        image = self._content.decode(_STORED_BGR)
        if image is None:
            return None
        if coded is not None:
            convert_in_place(image, coded, is_grey=False)
        _to_srgb_in_place(image, profile, is_grey)
        return turned(image, exif_orientation(exif))

    def _tiff_page(self, page: TiffPage) -> Image | None:
        """Pillow reads the colour spaces, OpenCV the depths; both turn the picture by its orientation."""
        check_size(page.width, page.height)
        if page.is_deep and (image := self._tiff_by_opencv(page)) is not None:
            return image
        image = self._by_pillow(page.directory)
        return self._tiff_by_opencv(page) if image is None and not page.is_deep else image

    def _tiff_by_opencv(self, page: TiffPage) -> Image | None:
        number = page.directory
        data = np.frombuffer(self._content.read(), np.uint8)
        found, pages = cv2.imdecodemulti(data, cv2.IMREAD_UNCHANGED, range=(number, number + 1))
        if not found or not pages or pages[0] is None or not np.any(pages[0]):
            return None  # where OpenCV fails to decode, the page is black
        is_grey = pages[0].ndim == 2
        image = to_8_bit_bgr(pages[0])
        _to_srgb_in_place(image, page.profile, is_grey)
        return image

    def _numbers(self) -> Image | None:
        """Formats of OpenCV with more than 8 bits."""
        self._check_stated_size()
        flags = cv2.IMREAD_COLOR | cv2.IMREAD_ANYDEPTH if self._format == "PNM" else cv2.IMREAD_UNCHANGED
        pixels = self._content.decode(flags)
        if pixels is None:
            return None
        return to_8_bit_bgr(pixels, is_linear=self._format != "PNM" and pixels.dtype.kind == "f")

    def _by_pillow(self, directory: int = 0) -> Image | None:
        form = self._format or ""
        with self._content.open() as file:
            picture = attempted(lambda: _opened(file, form, directory))
            codes = container_codes(file) if form in ("AVIF", "HEIC") else None
            image = None if picture is None else attempted(lambda: pillow_to_bgr(picture, codes))
        if picture is None or image is None:
            return None
        # libheif and libjxl turn themselves, except what libjxl gives back as the JPEG that it was made of.
        is_stored = form == "AVIF" or (form == "JPEG XL" and bool(getattr(picture, "jpeg", False)))
        return turned(image, exif_orientation(picture.info.get("exif"))) if is_stored else image


def _whole_jpeg(content: PictureContent) -> Image | None:
    with content.open() as file:
        header = attempted(lambda: open_pillow(file, "JPEG"))
        if header is None:
            return content.decode(_UPRIGHT_BGR)
        image = attempted(lambda: pillow_to_bgr(header)) if header.mode == "CMYK" else content.decode(_STORED_BGR)
    if image is None:
        return None
    if header.mode != "CMYK":
        _to_srgb_in_place(image, header.info.get("icc_profile"), is_grey=header.mode == "L")
    return turned(image, exif_orientation(header.info.get("exif")))


def _opened(file: BinaryIO, form: str, directory: int) -> ImageFile.ImageFile:
    picture = open_pillow(file, form)
    if directory:
        picture.seek(directory)
        check_size(*picture.size)
    return picture


def _to_srgb_in_place(image: Image, profile: bytes | None, is_grey: bool) -> None:
    """Convert a decoded picture; a grey one may have a profile of either kind."""
    for mode in ("L", "RGB") if is_grey else ("RGB",):
        if profile and (transform := to_srgb(profile, mode)) is not None:
            convert_in_place(image, transform, is_grey=mode == "L")
            return
