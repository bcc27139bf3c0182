"""Photographed faces, redrawn: flat areas of few colours, with or without outlines, as in comics."""

import cv2
import numpy as np

from agecam.types import Image
from training.data.augment import Random

_ENLARGED = 2
"""Faces are redrawn at this multiple of their size, so that edges are sharp."""


def redrawn(face: Image, random: Random) -> Image:
    """A random drawing of a face, `(side, side, 3) uint8` RGB."""
    side_px = len(face)
    picture = _flattened(_resized(face, _ENLARGED * side_px, cv2.INTER_CUBIC), random)
    if random.random() < 0.75:
        picture = _in_few_colours(picture, random)
    if random.random() < 0.3:
        picture = _outlined(picture, random)
    picture = _resized(picture, side_px, cv2.INTER_AREA)
    return _compressed(picture, int(random.integers(60, 98))) if random.random() < 0.6 else picture


def _resized(picture: Image, side_px: int, interpolation: int) -> Image:
    return np.asarray(cv2.resize(picture, (side_px, side_px), interpolation=interpolation), np.uint8)


def _compressed(picture: Image, quality: int) -> Image:
    coded = cv2.imencode(".jpg", picture, [cv2.IMWRITE_JPEG_QUALITY, quality])[1]
    return np.asarray(cv2.imdecode(coded, cv2.IMREAD_COLOR), np.uint8)


def _flattened(picture: Image, random: Random) -> Image:
    """Without texture, by one of four filters that keep edges."""
    kind = random.integers(4)
    if kind == 0:
        flat = cv2.pyrMeanShiftFiltering(picture, int(random.integers(6, 16)), int(random.integers(20, 50)))
    elif kind == 1:
        flat = picture
        for _ in range(random.integers(2, 5)):
            flat = np.asarray(cv2.medianBlur(flat, int(random.choice([7, 9, 11]))), np.uint8)
    else:
        reach, contrast = float(random.uniform(20, 80)), float(random.uniform(0.3, 0.6))
        smooth = cv2.edgePreservingFilter if kind == 2 else cv2.stylization
        flat = cv2.medianBlur(smooth(picture, sigma_s=reach, sigma_r=contrast), 5)
    return np.asarray(flat, np.uint8)


def _in_few_colours(picture: Image, random: Random) -> Image:
    pixels = picture.reshape(-1, 3).astype(np.float32)
    criteria = (cv2.TERM_CRITERIA_EPS + cv2.TERM_CRITERIA_MAX_ITER, 8, 1.0)
    cv2.setRNGSeed(int(random.integers(1 << 31)))
    best = np.empty((0, 1), np.int32)
    _, _, colours = cv2.kmeans(pixels[::7], int(random.integers(4, 12)), best, criteria, 1, cv2.KMEANS_PP_CENTERS)
    nearest = ((pixels[:, None] - colours[None]) ** 2).sum(-1).argmin(1)
    # As chosen by an artist: brighter or darker, and of another hue
    chosen = colours * random.uniform(0.7, 1.3) + random.normal(0, 12, colours.shape) + random.normal(0, 12, (1, 3))
    flat = np.clip(chosen, 0, 255)[nearest].reshape(picture.shape).astype(np.uint8)
    return np.asarray(cv2.medianBlur(flat, int(random.choice([3, 5, 7]))), np.uint8)


def _outlined(picture: Image, random: Random) -> Image:
    grey = cv2.medianBlur(cv2.cvtColor(picture, cv2.COLOR_RGB2GRAY), 5)
    lines = cv2.dilate(cv2.Canny(grey, 40, 100), np.ones((2, 2), np.uint8))
    outlined = picture.copy()
    outlined[lines > 0] = random.integers(0, 60, 3)
    return outlined
