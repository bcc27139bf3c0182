"""The pages of TIFF files."""

import struct
from dataclasses import dataclass
from typing import BinaryIO

from PIL.TiffImagePlugin import ImageFileDirectory_v2

_MAX_DIRECTORIES = 10_000
_SUBFILE_TYPE, _WIDTH, _HEIGHT, _BITS, _PHOTOMETRIC, _PROFILE = 254, 256, 257, 258, 262, 34675
_REDUCED, _MASK = 1, 4
_OF_PILLOW = {5, 6, 8}
"""CMYK, YCbCr and CIE Lab."""


@dataclass(frozen=True, slots=True)
class TiffPage:
    """One picture of a TIFF file."""

    directory: int
    """Its position in the file, counting also previews and masks."""
    width: int
    height: int
    is_deep: bool
    """Whether samples have more than 8 bits, in a colour space that OpenCV reads."""
    profile: bytes | None


def tiff_pages(file: BinaryIO) -> list[TiffPage]:
    """The pages of a file without its previews and masks; empty if it is damaged."""
    pages: list[TiffPage] = []
    others: list[TiffPage] = []
    seen: set[int] = set()
    try:
        file.seek(0)
        head = file.read(16)
        directory = ImageFileDirectory_v2(head if head[2:4] in (b"+\0", b"\0+") else head[:8])
        while directory.next and directory.next not in seen and len(seen) < _MAX_DIRECTORIES:
            seen.add(directory.next)
            file.seek(directory.next)
            directory.load(file)
            page = _page(len(seen) - 1, directory)
            is_page = not _number(directory.get(_SUBFILE_TYPE, 0)) & (_REDUCED | _MASK)
            (pages if is_page else others).append(page)
    except (OSError, SyntaxError, ValueError, TypeError, KeyError, IndexError, OverflowError, struct.error):
        pass  # the pages before the damage remain
    return pages or others[:1]


def _page(number: int, directory: ImageFileDirectory_v2) -> TiffPage:
    bits = directory.get(_BITS, (1,))
    deepest = max(bits) if isinstance(bits, tuple) and bits else _number(bits)
    profile = directory.get(_PROFILE)
    return TiffPage(
        number,
        _number(directory[_WIDTH]),
        _number(directory[_HEIGHT]),
        deepest > 8 and _number(directory.get(_PHOTOMETRIC, 1)) not in _OF_PILLOW,
        profile if isinstance(profile, bytes) else None,
    )


def _number(value: object) -> int:
    first = value[0] if isinstance(value, tuple) and value else value
    return int(first) if isinstance(first, (int, float)) else 0
