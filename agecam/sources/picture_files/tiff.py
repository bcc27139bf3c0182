"""The pages of TIFF files."""

import struct
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from typing import BinaryIO, cast

from PIL.TiffImagePlugin import ImageFileDirectory_v2

_MAX_DIRECTORIES = 10_000
_DAMAGE = (OSError, SyntaxError, ValueError, TypeError, KeyError, IndexError, OverflowError, struct.error)
"""What Pillow raises of a damaged file."""
_SUBFILE_TYPE, _WIDTH, _HEIGHT, _BITS, _PHOTOMETRIC, _PROFILE = 254, 256, 257, 258, 262, 34675
_PIXELS = ((273, 279), (324, 325))
"""Offsets and sizes of strips and of tiles."""
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
    with suppress(*_DAMAGE):  # the pages before the damage remain
        for number, (directory, _) in enumerate(_directories(file)):
            page = _page(number, directory)
            is_page = not _number(directory.get(_SUBFILE_TYPE, 0)) & (_REDUCED | _MASK)
            (pages if is_page else others).append(page)
    return pages or others[:1]


def tiff_end(file: BinaryIO) -> int:
    """The least size of the file in bytes, by what its directories say; 0 if it is damaged."""
    end = 0
    with suppress(*_DAMAGE):
        for directory, is_whole in _directories(file):
            if not is_whole:
                return max(end, file.seek(0, 2) + 1)
            end = max(end, directory.next + 1 if directory.next else 0)
            for offsets, sizes in _PIXELS:
                parts = zip(_numbers(directory.get(offsets)), _numbers(directory.get(sizes)), strict=False)
                end = max([end, *(offset + size for offset, size in parts)])
    return end


class _WholeReads:
    """A file that raises EOFError at its end, where Pillow would only warn."""

    def __init__(self, file: BinaryIO) -> None:
        self.seek, self.tell, self._file = file.seek, file.tell, file

    def read(self, size: int) -> bytes:
        data = self._file.read(size)
        if len(data) < size:
            raise EOFError
        return data


def _directories(file: BinaryIO) -> Iterator[tuple[ImageFileDirectory_v2, bool]]:
    """The directories of a file, all in the same object, and whether each is whole; raises one of `_DAMAGE`."""
    seen: set[int] = set()
    file.seek(0)
    head = file.read(16)
    directory = ImageFileDirectory_v2(head if head[2:4] in (b"+\0", b"\0+") else head[:8])
    while directory.next and directory.next not in seen and len(seen) < _MAX_DIRECTORIES:
        seen.add(directory.next)
        file.seek(directory.next)
        try:
            directory.load(cast(BinaryIO, _WholeReads(file)))
        except EOFError:
            yield directory, False
            return
        yield directory, True


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


def _numbers(value: object) -> list[int]:
    return [_number(item) for item in value] if isinstance(value, tuple) else [_number(value)]


def _number(value: object) -> int:
    first = value[0] if isinstance(value, tuple) and value else value
    return int(first) if isinstance(first, (int, float)) else 0
