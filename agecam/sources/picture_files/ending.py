"""Completes pictures that end early, so that decoders read the part that is there."""

import io
import re
import struct
import zlib
from collections.abc import Iterator

import av
import numpy as np

from agecam.sources.picture_files.chunks import png_chunks, riff_chunks
from agecam.sources.picture_files.pillow import check_size
from agecam.types import Image

_JPEG_END = b"\xff\xd9"
_JPEG_SEGMENT = re.compile(rb"\xff[\xc0-\xcf\xda\xdb\xdd\xe0-\xef\xfe]")
_JPEG_SEGMENT_BYTES = 2 + 0xFFFF
_GIF_END = b";"
_GIF_HEADER_BYTES = 13
_MAX_ADDED_BYTES = 1 << 26
"""A damaged file may state any size."""
_LEAST_SHARE = 8
"""If less than an eighth of a picture is there, nothing could be seen."""
_WEBP_MARGIN_BYTES = 256
_MAX_ROWS_BYTES = 1 << 28
_CHANNELS = {0: 1, 2: 3, 3: 1, 4: 2, 6: 4}
"""By the colour type of PNG."""
_INTERLACED = ((0, 0, 8, 8), (4, 0, 8, 8), (0, 4, 4, 8), (2, 0, 4, 4), (0, 2, 2, 4), (1, 0, 2, 2), (0, 1, 1, 2))
"""First column and row, and distances of columns and rows, in each pass of an interlaced PNG."""


def ended(data: bytes, form: str) -> bytes | None:
    """The content of a complete picture that begins like `data`; None if that is not cut off, or cannot be completed.

    What is missing is grey in a JPEG, black in a PNG, and of any colour in other formats.
    """
    match form:
        case "JPEG":
            return _ended_jpeg(data)
        case "PNG":
            return _ended_png(data)
        case "WebP":
            return _ended_webp(data)
        case "BMP" if len(data) > 6:
            return padded(data, int.from_bytes(data[2:6], "little"))
    return None


def begun_gif(data: bytes) -> Image | None:
    """The first frame of a GIF that ends early, `(H, W, 3) uint8 BGR`; None if it does not, or there is no frame."""
    if data.rstrip(b"\0").endswith(_GIF_END) or len(data) < _GIF_HEADER_BYTES:
        return None
    check_size(*struct.unpack_from("<HH", data, 6))
    try:
        with av.open(io.BytesIO(data), "r", format="gif") as container:
            frame = next(container.decode(video=0), None)
            return None if frame is None else np.asarray(frame.to_ndarray(format="bgr24"), np.uint8)
    except (av.FFmpegError, OSError, ValueError, IndexError):
        return None


def padded(data: bytes, stated: int) -> bytes | None:
    """The content with zeros up to its stated size; None if nothing is missing, or nearly all."""
    limit = min(len(data) + _MAX_ADDED_BYTES, len(data) * _LEAST_SHARE)
    return data.ljust(stated, b"\0") if len(data) < stated <= limit else None


def _ended_jpeg(data: bytes) -> bytes:
    """With an end marker in place of what is missing."""
    start = max(0, len(data) - _JPEG_SEGMENT_BYTES)
    last = max((match.start() for match in _JPEG_SEGMENT.finditer(data, start)), default=len(data))
    stated = int.from_bytes(data[last + 2 : last + 4], "big")
    is_cut = len(data) < last + 4 or len(data) < last + 2 + stated
    return (data[:last] if is_cut else data) + _JPEG_END


def _ended_webp(data: bytes) -> bytes | None:
    """With a last chunk longer than stated: a decoder that reads zeros in place of what is missing reads further."""
    *_, last = [None, *riff_chunks(io.BytesIO(data))]
    if last is None or len(data) >= 8 + int.from_bytes(data[4:8], "little"):
        return None
    content = data[last.offset : last.offset + last.size]
    if len(content) < last.size:
        if (whole_content := padded(content, last.size)) is None:
            return None
        content = whole_content + bytes(_WEBP_MARGIN_BYTES)
    size = len(content).to_bytes(4, "little")
    whole = data[: last.offset - 4] + size + content + bytes(len(content) % 2)
    return whole[:4] + (len(whole) - 8).to_bytes(4, "little") + whole[8:]


def _ended_png(data: bytes) -> bytes | None:
    """With the missing rows."""
    file = io.BytesIO(data)
    chunks = list(png_chunks(file))
    of_rows = [chunk for chunk in chunks if chunk.kind == b"IDAT"]
    header = chunks[0].content(file) if chunks and chunks[0].kind == b"IHDR" else b""
    last = chunks[-1] if chunks else None
    is_cut = last is not None and (last.kind != b"IEND" or last.offset + last.size + 4 > len(data))
    if not is_cut or not of_rows or (stated := _rows_bytes(header)) is None:
        return None
    inflate = zlib.decompressobj()
    rows = bytearray()
    try:
        for chunk in of_rows:
            rows += inflate.decompress(chunk.content(file, len(data)), stated - len(rows) + 1)
            if len(rows) >= stated:
                break
    except zlib.error:
        return None
    complete = zlib.compress(bytes(rows[:stated]).ljust(stated, b"\0"), 0)
    return data[: of_rows[0].offset - 8] + _png_chunk(b"IDAT", complete) + _png_chunk(b"IEND", b"")


def _rows_bytes(header: bytes) -> int | None:
    """Size of all rows before compression; None if the header is damaged or the picture too large."""
    if len(header) < 13:
        return None
    width, height, depth, colour, _, _, interlaced = struct.unpack_from(">IIBBBBB", header)
    if colour not in _CHANNELS or not width or not height:
        return None
    bits = _CHANNELS[colour] * depth
    size = sum(rows * (1 + (columns * bits + 7) // 8) for columns, rows in _passes(width, height, interlaced))
    return size if size <= _MAX_ROWS_BYTES else None


def _passes(width: int, height: int, interlaced: int) -> Iterator[tuple[int, int]]:
    """Columns and rows of each pass."""
    for left, top, across, down in _INTERLACED if interlaced else ((0, 0, 1, 1),):
        columns, rows = -((left - width) // across), -((top - height) // down)
        if columns > 0 and rows > 0:
            yield columns, rows


def _png_chunk(kind: bytes, content: bytes) -> bytes:
    return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))
