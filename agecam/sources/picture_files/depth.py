"""Reduces pictures of more than 8 bits to 8."""

from collections.abc import Iterator
from typing import Any

import numpy as np
import numpy.typing as npt

from agecam.types import Image

_STRIP_PIXELS = 1 << 20
_SENSOR_BITS = (8, 10, 12)
"""Cameras and microscopes store these in 16 bits without scaling them."""
_WHITE_PERCENTILE = 99.0
_DARK = 0.1
"""White at 1 is kept unless the picture would be this dark."""
_SAMPLES = 1 << 20


def strips(height: int, width: int) -> Iterator[slice]:
    """Rows of a picture, some at a time, so that what is computed from them needs little memory."""
    rows = max(1, _STRIP_PIXELS // max(width, 1))
    return (slice(top, min(top + rows, height)) for top in range(0, height, rows))


def to_8_bit_bgr(pixels: npt.NDArray[Any], is_linear: bool = False) -> Image:
    """Convert to `(H, W, 3) uint8 BGR`.

    Integers of 16 bits are scaled by their range, which is taken for 10 or 12 bits if nothing exceeds it. Other
    numbers are taken as 0 to 1 or 0 to 255 if they lie there, else their own range is used.

    Args:
        pixels: `(H, W)` grey, or `(H, W, C)` with C = 1 (grey), 2 (grey and transparency), 3 (BGR) or 4 (BGR and
            transparency); any type of number.
        is_linear: the values are proportional to light, with white where the picture has it.
    """
    if pixels.ndim == 3:
        pixels = pixels[..., 0] if pixels.shape[2] <= 2 else pixels[..., :3]
    height, width = pixels.shape[:2]
    low, high = _linear_range(pixels) if is_linear else _range(pixels)
    shift = _shift(pixels) if pixels.dtype == np.uint16 else None
    result = np.empty((height, width, 3), np.uint8)
    for rows in strips(height, width):
        part = pixels[rows]
        if part.dtype == np.uint8:
            bits = part
        elif shift is not None:
            bits = np.minimum(part >> shift, 255).astype(np.uint8)
        else:
            unit = np.nan_to_num((part.astype(np.float64) - low) / max(high - low, 1e-30), posinf=1.0, neginf=0.0)
            unit = np.clip(unit, 0.0, 1.0)
            bits = np.rint(255 * (srgb_values(unit) if is_linear else unit)).astype(np.uint8)
        result[rows] = bits if bits.ndim == 3 else bits[..., None]
    return result


def _shift(pixels: npt.NDArray[Any]) -> int:
    """By how many bits to shift integers of 16 bits to the right."""
    used = int(pixels.max(initial=0)).bit_length()
    return next((bits for bits in _SENSOR_BITS if used <= bits), 16) - 8


def _finite_sample(pixels: npt.NDArray[Any]) -> npt.NDArray[np.float64]:
    step = max(1, int((pixels.shape[0] * pixels.shape[1] / _SAMPLES) ** 0.5))
    sample = pixels[::step, ::step].astype(np.float64)
    return sample[np.isfinite(sample)]


def _range(pixels: npt.NDArray[Any]) -> tuple[float, float]:
    """The values of black and white."""
    if pixels.dtype in (np.uint8, np.uint16):
        return 0.0, float(np.iinfo(pixels.dtype).max)
    sample = _finite_sample(pixels)
    if not sample.size:
        return 0.0, 1.0
    low, high = float(sample.min()), float(sample.max())
    if pixels.dtype.kind == "f" and low >= -0.01 and high <= 1.01:
        return 0.0, 1.0
    if low >= 0 and high <= 255:
        return 0.0, 255.0
    if pixels.dtype.kind in "iu" and low >= 0 and high > np.iinfo(pixels.dtype).max // 8:
        return 0.0, float(np.iinfo(pixels.dtype).max)
    return min(low, 0.0) if high > -low else low, high


def _linear_range(pixels: npt.NDArray[Any]) -> tuple[float, float]:
    sample = _finite_sample(pixels)
    white = float(np.percentile(sample, _WHITE_PERCENTILE)) if sample.size else 1.0
    return 0.0, 1.0 if _DARK < white <= 1 or white <= 0 else white


def srgb_values(light: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """The values of sRGB, 0 to 1, for light, 0 to 1."""
    return np.where(light <= 0.0031308, 12.92 * light, 1.055 * np.maximum(light, 1e-9) ** (1 / 2.4) - 0.055)


def srgb_light(values: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """The light for values of sRGB, both 0 to 1."""
    return np.where(values <= 0.04045, values / 12.92, ((values + 0.055) / 1.055) ** 2.4)
