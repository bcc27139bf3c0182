"""Disturbances of a face before a network sees it: other framing, other picture quality, or common program errors.

A disturbance takes a picture, `(H, W, 3) uint8` BGR, the square of the face in it, `(4,)` as in `agecam.vision.crop`,
and a random generator, and returns the disturbed picture and square. It does not modify its arguments.
"""

import math
from collections.abc import Callable

import cv2
import numpy as np
import numpy.typing as npt

from agecam.types import Image
from training.data.augment import Random

Square = npt.NDArray[np.float32]
DisturbedFace = tuple[Image, Square]
Disturbance = Callable[[Image, Square, Random], DisturbedFace]


def scaled(factor: float) -> Disturbance:
    """The crop scaled by a factor."""
    return lambda picture, square, _: (picture, square * np.array([1, 1, factor, factor], np.float32))


def shifted(share: float) -> Disturbance:
    """The crop shifted by a share of its side in a random direction."""

    def disturb(picture: Image, square: Square, random: Random) -> DisturbedFace:
        angle = random.uniform(0, 2 * math.pi)
        off_px = share * 2 * math.hypot(square[2], square[3]) * np.array([math.cos(angle), math.sin(angle)])
        return picture, np.array([*(square[:2] + off_px), *square[2:]], np.float32)

    return disturb


def rotated(degrees: float) -> Disturbance:
    """The crop rotated about its centre, clockwise or counterclockwise."""

    def disturb(picture: Image, square: Square, random: Random) -> DisturbedFace:
        angle = random.choice((-1, 1)) * math.radians(degrees)
        cos, sin = math.cos(angle), math.sin(angle)
        x, y = square[2:]
        return picture, np.array([*square[:2], cos * x - sin * y, sin * x + cos * y], np.float32)

    return disturb


def half_resolution(picture: Image, square: Square, _: Random) -> DisturbedFace:
    """The whole picture at half the width and height."""
    height_px, width_px = picture.shape[:2]
    size = (max(1, width_px // 2), max(1, height_px // 2))
    # Odd sides are not halved exactly; a common scale for both axes keeps the face square.
    scale = math.sqrt(size[0] / width_px * size[1] / height_px)
    return np.asarray(cv2.resize(picture, size, interpolation=cv2.INTER_AREA), np.uint8), square * np.float32(scale)


def pixel_disturbance(change: Callable[[Image, Square, Random], npt.NDArray[np.float32]]) -> Disturbance:
    """Decorator: a disturbance from a function that returns the changed pixels; rounds and clips them."""

    def disturb(picture: Image, square: Square, random: Random) -> DisturbedFace:
        return np.clip(np.rint(change(picture, square, random)), 0, 255).astype(np.uint8), square

    return disturb


def channels_exchanged(picture: Image, square: Square, _: Random) -> DisturbedFace:
    """Red and blue exchanged, the most common error in programs of this kind."""
    return np.ascontiguousarray(picture[..., ::-1]), square


def grey(picture: Image, square: Square, _: Random) -> DisturbedFace:
    return np.asarray(cv2.cvtColor(cv2.cvtColor(picture, cv2.COLOR_BGR2GRAY), cv2.COLOR_GRAY2BGR), np.uint8), square


def jpeg(quality: int) -> Disturbance:
    def disturb(picture: Image, square: Square, _: Random) -> DisturbedFace:
        encoded = cv2.imencode(".jpg", picture, [cv2.IMWRITE_JPEG_QUALITY, quality])[1]
        return np.asarray(cv2.imdecode(encoded, cv2.IMREAD_COLOR), np.uint8), square

    return disturb


@pixel_disturbance
def scan(picture: Image, square: Square, random: Random) -> npt.NDArray[np.float32]:
    """A scan of a faded print: soft, pale and yellowed, with paper grain, dust and a hair."""
    height_px, width_px = picture.shape[:2]
    pixels = cv2.GaussianBlur(picture, (0, 0), 0.7).astype(np.float32)
    faded = 0.5 * pixels + 0.5 * pixels.mean(2, keepdims=True)
    faded = (45 + 0.7 * faded) * np.array([0.88, 0.96, 1.0], np.float32)
    grain = cv2.GaussianBlur(random.standard_normal((height_px, width_px), np.float32), (0, 0), 0.8)
    faded += 5 / max(float(grain.std()), 1e-6) * grain[..., np.newaxis]
    dust = np.zeros((height_px, width_px), np.float32)
    for _ in range(max(3, height_px * width_px // 1500)):
        x, y = (int(v) for v in random.integers(0, (width_px, height_px)))
        cv2.circle(dust, (x, y), int(random.integers(0, 2)), float(random.choice((-50, 60))), -1)
    hair = np.cumsum(random.normal(0, 1, (12, 2)) + random.normal(0, 2, 2), axis=0) * width_px / 60
    hair += random.uniform(0.2, 0.8, 2) * (width_px, height_px)
    cv2.polylines(dust, [np.rint(hair).astype(np.int32)], False, -45.0)
    return np.asarray(faded + cv2.GaussianBlur(dust, (0, 0), 0.5)[..., np.newaxis], np.float32)


@pixel_disturbance
def studio_light(picture: Image, square: Square, random: Random) -> npt.NDArray[np.float32]:
    """A hard lamp from above on one side: that side nearly white, the other in shadow."""
    side = random.choice((-1.0, 1.0))
    lit = _offset_along(picture, square, np.array([0.8 * side, -0.6]))
    gain = (0.9 + 0.55 * lit)[..., np.newaxis]
    return np.asarray(gain * picture, np.float32)


@pixel_disturbance
def phone_light(picture: Image, square: Square, random: Random) -> npt.NDArray[np.float32]:
    """A dark room lit by the phone that takes the picture: weak, bluish light from below, and noise."""
    lit = _offset_along(picture, square, np.array([0.0, 1.0]))
    gain = (0.5 * (1 + 0.5 * lit))[..., np.newaxis] * np.array([1.25, 1.0, 0.8], np.float32)
    smooth = cv2.GaussianBlur(picture, (0, 0), 0.8)
    return np.asarray(gain * smooth + 7 * random.standard_normal(picture.shape, np.float32), np.float32)


def _offset_along(picture: Image, square: Square, direction: npt.NDArray[np.float64]) -> npt.NDArray[np.float32]:
    """`(H, W)`: offset of each pixel from the centre of the face along a direction, -1 to 1 over the square's side."""
    y, x = np.mgrid[: picture.shape[0], : picture.shape[1]]
    along = (x - square[0]) * direction[0] + (y - square[1]) * direction[1]
    return np.asarray(np.clip(along / math.hypot(square[2], square[3]), -1, 1), np.float32)
