"""Colours that a picture states by code numbers instead of by a profile (ITU-T H.273)."""

import struct
from functools import lru_cache
from typing import BinaryIO, NamedTuple

import numpy as np
from PIL import Image as Pillow
from PIL import ImageFilter

from agecam.sources.colour import ColourKind, screen_colours
from agecam.sources.picture_files.depth import srgb_light, srgb_values

_LATTICE = 49
_VIDEO_GAMMA = 2.4
"""Of the values that `screen_colours` takes, except those of high dynamic range, and of those that it returns."""
_MAX_META_BYTES = 1 << 22
_MARK = b"colrnclx"


class ColourCodes(NamedTuple):
    """Code numbers of the primary colours and the transfer function."""

    primaries: int
    transfer: int


def container_codes(file: BinaryIO) -> ColourCodes | None:
    """The codes of a HEIF or AVIF picture; None if it states none."""
    offset = 0
    while True:
        file.seek(offset)
        header = file.read(16)
        if len(header) < 8:
            return None
        size, kind = struct.unpack_from(">I4s", header)
        if size == 1 and len(header) == 16:
            (size,) = struct.unpack_from(">Q", header, 8)
        if kind == b"meta":
            file.seek(offset)
            meta = file.read(min(size or _MAX_META_BYTES, _MAX_META_BYTES))
            stated = meta[meta.find(_MARK) + len(_MARK) :][:4] if _MARK in meta else b""
            return ColourCodes(*struct.unpack(">HH", stated)) if len(stated) == 4 else None
        if size < 8:
            return None
        offset += size


def chunk_codes(content: bytes | None) -> ColourCodes | None:
    """The codes in a `cICP` chunk of a PNG picture."""
    return ColourCodes(content[0], content[1]) if content and len(content) == 4 else None


class CodedTransform:
    """The conversion of 8-bit RGB pictures to sRGB."""

    def __init__(self, kind: ColourKind) -> None:
        steps = np.linspace(0, 1, _LATTICE)
        blue, green, red = np.meshgrid(steps, steps, steps, indexing="ij")
        values = np.stack([red, green, blue], axis=-1).reshape(-1, 3)
        if kind.transfer is None:
            values = srgb_light(values) ** (1 / _VIDEO_GAMMA)
        colours = srgb_values(screen_colours(values, kind) ** _VIDEO_GAMMA)
        self._table = ImageFilter.Color3DLUT(_LATTICE, colours.astype(np.float32).ravel().tolist())

    def apply(self, im: Pillow.Image) -> Pillow.Image:
        """Convert a picture."""
        return im.filter(self._table)


@lru_cache(maxsize=8)
def coded_to_srgb(codes: ColourCodes | None) -> CodedTransform | None:
    """The conversion for these codes; None if a screen can show the colours as they are."""
    kind = None if codes is None else ColourKind.of(codes.transfer, codes.primaries)
    return None if kind is None else CodedTransform(kind)
