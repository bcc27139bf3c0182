"""Converts pictures with a colour profile to sRGB."""

import io
from functools import lru_cache
from typing import Protocol

import numpy as np
from PIL import Image as Pillow
from PIL import ImageCms

from agecam.sources.picture_files.depth import strips
from agecam.types import Image

_SPACES = {"RGB": "RGB", "L": "GRAY", "CMYK": "CMYK", "LAB": "Lab"}
"""Name of a profile's colour space for each mode of Pillow."""
_SAME_LEVELS = 2
"""A profile that changes no colour by more than this is sRGB under another name."""


@lru_cache(maxsize=16)
def to_srgb(profile: bytes | None, mode: str) -> ImageCms.ImageCmsTransform | None:
    """The conversion of 8-bit pictures to sRGB.

    None if there is nothing to convert, or if the profile is damaged or of another kind of picture.

    Args:
        profile: ICC profile.
        mode: `RGB`, `L`, `CMYK` or `LAB`, as in Pillow.
    """
    space = _SPACES.get(mode)
    if space is None or (profile is None and mode != "LAB"):
        return None
    try:
        source = ImageCms.ImageCmsProfile(
            ImageCms.createProfile("LAB") if profile is None or mode == "LAB" else io.BytesIO(profile)
        )
        if mode != "LAB" and source.profile.xcolor_space.strip() != space:
            return None
        transform = ImageCms.buildTransform(
            source,
            ImageCms.createProfile("sRGB"),
            mode,
            "RGB",
            ImageCms.Intent.RELATIVE_COLORIMETRIC,
            ImageCms.Flags.BLACKPOINTCOMPENSATION,
        )
        return None if mode in ("RGB", "L") and _changes_nothing(transform, mode) else transform
    except (ImageCms.PyCMSError, OSError, ValueError, TypeError):
        return None


class Transform(Protocol):
    """A conversion to sRGB."""

    def apply(self, im: Pillow.Image) -> Pillow.Image:
        """Convert a picture of the mode that the transform takes."""


def convert_in_place(image: Image, transform: Transform, is_grey: bool) -> None:
    """Convert `(H, W, 3) uint8 BGR` to sRGB; `is_grey` if the transform takes one channel."""
    height, width = image.shape[:2]
    for rows in strips(height, width):
        part = image[rows]
        stored = part[..., 0] if is_grey else part[..., ::-1]
        converted = transform.apply(Pillow.fromarray(np.ascontiguousarray(stored)))
        image[rows] = np.asarray(converted)[..., ::-1]


def _changes_nothing(transform: ImageCms.ImageCmsTransform, mode: str) -> bool:
    levels = np.linspace(0, 255, 9 if mode == "RGB" else 256).round().astype(np.uint8)
    if mode == "RGB":
        colours = np.stack(np.meshgrid(levels, levels, levels), axis=-1).reshape(1, -1, 3)
        before = Pillow.fromarray(colours)
    else:
        colours = levels[None, :, None].repeat(3, axis=2)
        before = Pillow.fromarray(levels[None])
    after = np.asarray(transform.apply(before)).astype(int)
    return bool(np.abs(after - colours).max() <= _SAME_LEVELS)
