"""Converts decoded frames to pictures as a player displays them: upright, undistorted, in the colours of a screen."""

import struct
from fractions import Fraction
from typing import Any

import numpy as np
from av.sidedata.sidedata import SideDataContainer
from av.video.frame import VideoFrame
from av.video.reformatter import ColorRange, Interpolation, VideoReformatter
from av.video.stream import VideoStream

from agecam.sources.colour import ColourKind, ColourMap
from agecam.types import Image

_BT709, _UNSPECIFIED, _BT601, _BT2020 = 1, 2, 6, 9  # codes of colour matrices
_MATRICES = {_BT709: 1, 4: 4, 5: 5, _BT601: 5, 7: 7, _BT2020: 9, 10: 9}
"""FFmpeg's code of the conversion for each matrix that a file can state."""
_MAX_SQUEEZE = 8
_MAX_WIDTH_PX = 16_384
"""Pixels are not that wide in an intact file."""


class Display:
    """Converts the frames of one video."""

    def __init__(self, stream: VideoStream) -> None:
        self.attach(stream)
        self._to_rgb = VideoReformatter()
        self._to_bgr = VideoReformatter()
        self._map: tuple[tuple[ColourKind, int, int], ColourMap] | None = None

    def attach(self, stream: VideoStream) -> None:
        """Go on with the stream of the same video opened again."""
        self._context = stream.codec_context
        # A file may state the shape of the pixels, and the video in it may state it too, and change it later.
        self._stated = stream.sample_aspect_ratio
        self._coded = self._context.sample_aspect_ratio

    def image(self, frame: VideoFrame) -> Image:
        """Convert a frame to `(H, W, 3) uint8 BGR`."""
        width = self._display_width(frame)
        options: dict[str, Any] = {"width": width, "height": frame.height}
        if width != frame.width:
            options["interpolation"] = Interpolation.BICUBIC
        if not frame.format.is_rgb:
            options["src_colorspace"] = _matrix(frame, self._context.color_primaries)
        # The decoder keeps these up to date; older versions of PyAV do not know them of a frame.
        kind = ColourKind.of(self._context.color_trc, self._context.color_primaries)
        if kind is not None:
            options |= {"format": "gbrp16le", "dst_color_range": ColorRange.JPEG}
            wide = self._to_rgb.reformat(frame, **options)
            shown = self._to_bgr.reformat(self._colour_map(kind, width, frame.height).convert(wide), format="bgr24")
        else:
            shown = self._to_bgr.reformat(frame, format="bgr24", **options)
        return _upright(np.asarray(shown.to_ndarray(), np.uint8), frame)

    def _display_width(self, frame: VideoFrame) -> int:
        coded = self._context.sample_aspect_ratio
        aspect = coded if coded != self._coded and coded else self._stated or coded or Fraction(1)
        width = round(frame.width * aspect)
        is_sane = Fraction(1, _MAX_SQUEEZE) <= aspect <= _MAX_SQUEEZE and 0 < width <= max(_MAX_WIDTH_PX, frame.width)
        return width if is_sane else frame.width

    def _colour_map(self, kind: ColourKind, width: int, height: int) -> ColourMap:
        key = (kind, width, height)
        if self._map is None or self._map[0] != key:
            self._map = (key, ColourMap(*key))
        return self._map[1]


def _matrix(frame: VideoFrame, primaries: int) -> int:
    """FFmpeg's code of the conversion to RGB; where the file does not state it, by size, as players do."""
    stated = frame.colorspace
    if stated == _UNSPECIFIED and primaries == _BT2020:
        stated = _BT2020
    if stated not in _MATRICES:
        stated = _BT709 if frame.width >= 1280 or frame.height > 576 else _BT601
    return _MATRICES[stated]


def _upright(image: Image, frame: VideoFrame) -> Image:
    """Rotate and mirror a picture by the display matrix of its frame."""
    try:
        # `frame.side_data` would create a reference cycle and keep the frame in memory until garbage collection.
        matrix: Any = SideDataContainer(frame).get("DISPLAYMATRIX")  # type: ignore[call-arg]  # absent from PyAV's stubs
    except ValueError:  # PyAV does not know some newer types of side data
        return np.ascontiguousarray(np.rot90(image, round(frame.rotation / 90)), np.uint8)
    if matrix is not None:
        # x' = ax + cy and y' = bx + dy: for rotations by multiples of 90 degrees, either a and d or b and c are zero.
        a, b, _, c, d = struct.unpack_from("=5i", bytes(matrix))
        if abs(b) > abs(a):
            image, a, d = image.transpose(1, 0, 2), c, b
        image = image[:: -1 if d < 0 else 1, :: -1 if a < 0 else 1]
    return np.ascontiguousarray(image, np.uint8)
