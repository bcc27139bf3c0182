"""The parts of picture files that decoders do not tell about: chunks of PNG and WebP, and the EXIF orientation."""

import struct
import zlib
from collections.abc import Iterator
from typing import BinaryIO, NamedTuple

MAX_PROFILE_BYTES = 1 << 23
_PNG_SIGNATURE_BYTES = 8
_RIFF_HEADER_BYTES = 12
_ORIENTATION = 0x0112
_EXIF_PREFIX = b"Exif\0\0"
_INTEGERS = {1: "B", 3: "H", 4: "I", 6: "b", 8: "h", 9: "i"}
"""EXIF types by number: BYTE, SHORT, LONG, and the same with a sign. Programs store the orientation in any of them."""


class Chunk(NamedTuple):
    """A part of a file."""

    kind: bytes
    offset: int
    """Of its content, in bytes from the start of the file."""
    size: int
    """Of its content as stated; the file may end earlier."""

    def content(self, file: BinaryIO, limit: int = MAX_PROFILE_BYTES) -> bytes:
        """At most `limit` bytes of the content."""
        file.seek(self.offset)
        return file.read(min(self.size, limit))


def png_chunks(file: BinaryIO) -> Iterator[Chunk]:
    """The chunks of a PNG file, up to its end or the first damaged header."""
    return _chunks(file, _PNG_SIGNATURE_BYTES, ">I4s", after=4)


def riff_chunks(file: BinaryIO) -> Iterator[Chunk]:
    """The chunks of a WebP file, up to its end."""
    return _chunks(file, _RIFF_HEADER_BYTES, "<4sI", after=0)


def _chunks(file: BinaryIO, offset: int, layout: str, after: int) -> Iterator[Chunk]:
    while True:
        file.seek(offset)
        header = file.read(8)
        if len(header) < 8:
            return
        first, second = struct.unpack(layout, header)
        kind, size = (first, second) if isinstance(first, bytes) else (second, first)
        yield Chunk(kind, offset + 8, size)
        offset += 8 + size + after
        if not after:
            offset += size % 2  # RIFF pads to even sizes


def inflated_profile(content: bytes) -> bytes | None:
    """The colour profile in an `iCCP` chunk of a PNG file; None if it is damaged."""
    _, separator, rest = content.partition(b"\0")
    if not separator or rest[:1] != b"\0":
        return None
    try:
        return zlib.decompressobj().decompress(rest[1:], MAX_PROFILE_BYTES)
    except zlib.error:
        return None


def exif_orientation(exif: bytes | None) -> int:
    """The orientation, 1 to 8, in the first directory of an EXIF block; 1 if there is none or it is damaged."""
    tiff = (exif or b"").removeprefix(_EXIF_PREFIX)
    order = {b"II": "<", b"MM": ">"}.get(tiff[:2])
    try:
        if order is None:
            return 1
        (start,) = struct.unpack_from(order + "I", tiff, 4)
        (count,) = struct.unpack_from(order + "H", tiff, start)
        for number in range(count):
            tag, kind, values = struct.unpack_from(order + "HHI", tiff, start + 2 + 12 * number)
            if tag == _ORIENTATION and values == 1 and kind in _INTEGERS:
                (value,) = struct.unpack_from(order + _INTEGERS[kind], tiff, start + 10 + 12 * number)
                return int(value) if 1 <= value <= 8 else 1
    except struct.error:
        pass
    return 1
