"""Converts decoded frames to pictures as a player displays them: upright, undistorted, in the colours of a screen."""

import struct
import threading
from fractions import Fraction
from typing import Any, NamedTuple

import numpy as np
from av.sidedata.sidedata import SideDataContainer
from av.video.frame import VideoFrame
from av.video.reformatter import ColorRange, VideoReformatter
from av.video.stream import VideoStream

from agecam.sources.colour import ColourKind, ColourMap
from agecam.sources.conversion import BgrConverter, Interpolation
from agecam.sources.halving import halved_planes
from agecam.types import Image, LargeImage
from agecam.vision.pyramid import halved, is_large

_BT709, _UNSPECIFIED, _BT601, _BT2020 = 1, 2, 6, 9  # codes of colour matrices
_MATRICES = {_BT709: 1, 4: 4, 5: 5, _BT601: 5, 7: 7, _BT2020: 9, 10: 9}
"""FFmpeg's code of the conversion for each matrix that a file can state."""
_MAX_SQUEEZE = 8
_MAX_WIDTH_PX = 16_384
"""Pixels are not that wide in an intact file."""


class Display:
    """Converts the frames of one video. `picture` is for one thread; its large pictures are for any."""

    def __init__(self, stream: VideoStream) -> None:
        self.attach(stream)
        # FFmpeg prepares a conversion for one size: in turn, the two would always be prepared anew.
        self._whole, self._half = _Converter(), _Converter()

    def attach(self, stream: VideoStream) -> None:
        """Go on with the stream of the same video opened again."""
        self._context = stream.codec_context
        # A file may state the shape of the pixels, and the video in it may state it too, and change it later.
        self._stated = stream.sample_aspect_ratio
        self._coded = self._context.sample_aspect_ratio

    def picture(self, frame: VideoFrame) -> Image | LargeImage:
        """A frame as it is displayed; a large one is converted when it is needed."""
        # The decoder keeps these up to date; older versions of PyAV do not know them of a frame.
        primaries = self._context.color_primaries
        kind = ColourKind.of(self._context.color_trc, primaries)
        decoded = _Decoded(frame, self._display_width(frame), _matrix(frame, primaries), kind)
        if is_large(decoded.width, frame.height):
            return _LargeFrame(decoded, self._whole, self._half)
        return self._whole.convert(decoded, decoded.width, frame.height)

    def _display_width(self, frame: VideoFrame) -> int:
        coded = self._context.sample_aspect_ratio
        aspect = coded if coded != self._coded and coded else self._stated or coded or Fraction(1)
        width = round(frame.width * aspect)
        is_sane = Fraction(1, _MAX_SQUEEZE) <= aspect <= _MAX_SQUEEZE and 0 < width <= max(_MAX_WIDTH_PX, frame.width)
        return width if is_sane else frame.width


class _Decoded(NamedTuple):
    """A frame, and what its conversion depends on."""

    frame: VideoFrame
    width: int
    """As displayed; the height is that of the frame."""
    matrix: int | None
    """FFmpeg's code of the conversion to RGB; None for a frame that is RGB."""
    kind: ColourKind | None


class _Converter:
    """Converts frames to one size. Thread-safe."""

    def __init__(self) -> None:
        self._to_rgb = VideoReformatter()
        self._halved: VideoFrame | None = None
        self._to_bgr = BgrConverter()
        self._map: tuple[tuple[ColourKind, int, int], ColourMap] | None = None
        self._lock = threading.Lock()

    def convert(self, decoded: _Decoded, width: int, height: int) -> Image:
        """Convert a frame to `(height, width, 3) uint8 BGR`, before it is turned upright."""
        with self._lock:
            if decoded.kind is None:
                frame = self._as_small_as_needed(decoded.frame, width, height)
                interpolation = _interpolation(frame, width, height)
                image = self._to_bgr.convert(frame, width, height, decoded.matrix, interpolation)
            else:
                image = self._mapped(decoded, decoded.kind, width, height)
            return _upright(image, decoded.frame)

    def _as_small_as_needed(self, frame: VideoFrame, width: int, height: int) -> VideoFrame:
        if (2 * width, 2 * height) != (frame.width, frame.height):
            return frame
        self._halved = halved_planes(frame, self._halved)
        return self._halved or frame

    def _mapped(self, decoded: _Decoded, kind: ColourKind, width: int, height: int) -> Image:
        wide = self._to_rgb.reformat(
            decoded.frame,
            width=width,
            height=height,
            format="gbrp16le",
            dst_color_range=ColorRange.JPEG,
            src_colorspace=decoded.matrix,
            interpolation=_interpolation(decoded.frame, width, height).upper(),
        )
        shown = self._colour_map(kind, width, height).convert(wide)
        return self._to_bgr.convert(shown, width, height, None, "bilinear")

    def _colour_map(self, kind: ColourKind, width: int, height: int) -> ColourMap:
        key = (kind, width, height)
        if self._map is None or self._map[0] != key:
            self._map = (key, ColourMap(*key))
        return self._map[1]


def _interpolation(frame: VideoFrame, width: int, height: int) -> Interpolation:
    if height != frame.height:
        return "area"
    return "bicubic" if width != frame.width else "bilinear"


class _LargeFrame:
    """A large frame; see `LargeImage`."""

    def __init__(self, decoded: _Decoded, to_whole: _Converter, to_half: _Converter) -> None:
        self._decoded, self._to_whole, self._to_half = decoded, to_whole, to_half
        self._images: dict[int, Image] = {}
        """By how often they are halved."""
        self._locks = threading.Lock(), threading.Lock()
        """For the picture in full size, and for all others."""
        width, height = decoded.width, decoded.frame.height
        self.size = (height, width) if _is_turned(decoded.frame) else (width, height)

    def whole(self) -> Image:
        """The picture in full size."""
        with self._locks[0]:
            return self._converted(0, self._to_whole)

    def halved(self, times: int = 1) -> Image:
        """The picture at half its width and height, or at a quarter, and so on."""
        with self._locks[1]:
            image = self._converted(1, self._to_half)
            for done in range(2, times + 1):
                if done not in self._images:
                    self._images[done] = halved(image)
                image = self._images[done]
            return image

    def _converted(self, halvings: int, converter: _Converter) -> Image:
        if halvings not in self._images:
            width, height = (side >> halvings for side in (self._decoded.width, self._decoded.frame.height))
            self._images[halvings] = converter.convert(self._decoded, width, height)
        return self._images[halvings]


def _matrix(frame: VideoFrame, primaries: int) -> int | None:
    """FFmpeg's code of the conversion to RGB; where the file does not state it, by size, as players do."""
    if frame.format.is_rgb:
        return None
    stated = frame.colorspace
    if stated == _UNSPECIFIED and primaries == _BT2020:
        stated = _BT2020
    if stated not in _MATRICES:
        stated = _BT709 if frame.width >= 1280 or frame.height > 576 else _BT601
    return _MATRICES[stated]


def _upright(image: Image, frame: VideoFrame) -> Image:
    """Rotate and mirror a picture by the display matrix of its frame."""
    try:
        matrix = _display_matrix(frame)
    except ValueError:
        return np.ascontiguousarray(np.rot90(image, round(frame.rotation / 90)), np.uint8)
    if matrix is not None:
        # x' = ax + cy and y' = bx + dy: for rotations by multiples of 90 degrees, either a and d or b and c are zero.
        a, b, c, d = matrix
        if abs(b) > abs(a):
            image, a, d = image.transpose(1, 0, 2), c, b
        image = image[:: -1 if d < 0 else 1, :: -1 if a < 0 else 1]
    return np.ascontiguousarray(image, np.uint8)


def _is_turned(frame: VideoFrame) -> bool:
    """Whether `_upright` exchanges width and height."""
    try:
        matrix = _display_matrix(frame)
    except ValueError:
        return round(frame.rotation / 90) % 2 == 1
    return matrix is not None and abs(matrix[1]) > abs(matrix[0])


def _display_matrix(frame: VideoFrame) -> tuple[int, int, int, int] | None:
    """a, b, c and d of a frame's display matrix; raises ValueError where PyAV does not know its other side data."""
    # `frame.side_data` would create a reference cycle and keep the frame in memory until garbage collection.
    matrix: Any = SideDataContainer(frame).get("DISPLAYMATRIX")  # type: ignore[call-arg]  # absent from PyAV's stubs
    if matrix is None:
        return None
    a, b, _, c, d = struct.unpack_from("=5i", bytes(matrix))
    return a, b, c, d
