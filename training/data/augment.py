"""Augmentation that imitates a webcam: framing, light, colour, blur, noise, compression.

Runs on single crops before each training step: OpenCV needs half a millisecond where operations inside the step would
take two or three on a CPU, and the compression artefacts come from a real codec.
"""

import math

import cv2
import numpy as np
import numpy.typing as npt

from agecam.types import OUTSIDE_GREY, Image

Random = np.random.Generator

SCALE, ASPECT = 0.22, 0.06
"""Largest change of size and of aspect ratio, as natural logarithms."""
SHIFT = 0.06
"""Largest standard deviation of the shift, as a share of the side."""
ROTATION_DEGREES = 20.0
"""Largest rotation."""

_GREY = (OUTSIDE_GREY,) * 3
_LEVELS = np.arange(256, dtype=np.float32) / 255
_IDENTITY = np.eye(3, dtype=np.float32)
_TO_GREY = np.tile(np.array([0.299, 0.587, 0.114], np.float32), (3, 1))  # of RGB
# Drawn once, because drawing them is the slowest part; each picture takes a random slice.
_NOISE = np.random.default_rng(0).standard_normal(1 << 21, np.float32)


def centre(crop: Image, size_px: int) -> Image:
    """The centre of a cached crop, `(size_px, size_px, 3)`: exactly the crop that the program makes."""
    border = (crop.shape[0] - size_px) // 2
    return crop[border : border + size_px, border : border + size_px]


def augmented(crop: Image, size_px: int, random: Random, share: float = 1.0, strong: bool = False) -> Image:
    """One random view of a cached crop: the framing always changes, light and quality often.

    Args:
        crop: `(side, side, 3) uint8`, RGB, with a border around the `size_px` that the network takes.
        size_px: side of the view.
        random: random generator.
        share: share of views in which more than the framing changes, 0 to 1.
        strong: strong augmentation: larger changes of framing, and light as from dark rooms, single lamps and faded
            prints, and caps. For fine-tuning: a network that starts from scratch learns too slowly with it.
    """
    view = _reframed(crop, size_px, random, strong)
    if random.random() >= share:
        return view
    if strong and random.random() < 0.12:
        view = capped(view, random)
    if random.random() < 0.15:
        view = _low_resolution(view, random)
    view = _recoloured(view, random, strong)
    if strong and random.random() < 0.35:
        view = _side_lit(view, random)
    if random.random() < 0.15:
        view = np.repeat(cv2.cvtColor(view, cv2.COLOR_RGB2GRAY)[..., np.newaxis], 3, axis=2)
    if strong and random.random() < 0.2:
        view = _old_print(view, random)
    if random.random() < 0.25:
        view = _noisy(view, random)
    if random.random() < 0.3:
        view = _compressed(view, random)
    return _occluded(np.ascontiguousarray(view), random)


def _reframed(crop: Image, size_px: int, random: Random, strong: bool) -> Image:
    """Random mirroring, scale, aspect ratio, rotation and shift: mostly small, sometimes up to the limits.

    Large changes in every view would make training take half as long again.
    """
    chance = random.random(5).tolist()
    normal_x, normal_y = (max(-2.5, min(2.5, value)) for value in random.standard_normal(2).tolist())
    far = math.sqrt(chance[4]) if strong else chance[4]
    zoom = math.exp(far * SCALE * (2 * chance[0] - 1))
    stretch = math.exp(far * ASPECT * (2 * chance[1] - 1))
    mirror = -1.0 if chance[2] < 0.5 else 1.0
    angle = far * math.radians(ROTATION_DEGREES) * (2 * chance[3] - 1)
    across, up = zoom * stretch * mirror, zoom / stretch
    to_crop = (
        (across * math.cos(angle), -up * math.sin(angle)),
        (across * math.sin(angle), up * math.cos(angle)),
    )
    # The centre of the view lies at the shifted centre of the crop.
    middle, half = (crop.shape[0] - 1) / 2, (size_px - 1) / 2
    shift = far * SHIFT * size_px
    matrix = np.array(
        [
            (*row, middle + shift * normal - half * (row[0] + row[1]))
            for row, normal in zip(to_crop, (normal_x, normal_y), strict=True)
        ]
    )
    return np.asarray(
        cv2.warpAffine(
            crop,
            matrix,
            (size_px, size_px),
            flags=cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP,
            borderValue=_GREY,
        ),
        np.uint8,
    )


def capped(view: Image, random: Random) -> Image:
    """A cap or helmet down to the forehead or the brows, on women and men alike: no sign of gender or age.

    In the data sets most people who wear one are men.
    """
    size_px = view.shape[0]
    chance = random.random(9)
    left, right = 0.02 + 0.16 * chance[0], 0.98 - 0.16 * chance[1]
    across = np.linspace(left, right, 12)
    arched = 1 - ((across - left) / (right - left) * 2 - 1) ** 2
    brim = 0.12 + 0.18 * chance[2] + 0.08 * (chance[3] - 0.3) * arched
    outline = np.column_stack([[left, *across, right], [-1.0, *brim, -1.0]])  # shares of the side
    tilt = 0.35 * (chance[4] - 0.5)
    turn = np.array([[math.cos(tilt), math.sin(tilt)], [-math.sin(tilt), math.cos(tilt)]])
    points = ((outline - 0.5) @ turn + 0.5) * size_px
    covered = np.zeros((size_px, size_px), np.uint8)
    cv2.fillPoly(covered, [np.round(points * 16).astype(np.int32)], 255, cv2.LINE_AA, shift=4)
    below = np.roll(covered, size_px // 20, axis=0)
    shadow = cv2.GaussianBlur(below, (0, 0), 0.04 * size_px).astype(np.float32) * (0.5 * chance[5] / 255)

    kind = chance[6]  # any colour, dark or pale
    colour = random.integers(0, 256, 3) if kind < 0.4 else random.integers(*((5, 70) if kind < 0.8 else (180, 250)))
    light = np.linspace(0.75 + 0.5 * chance[7], 1.25 - 0.5 * chance[7], size_px)
    cap = np.broadcast_to(np.multiply.outer(light, colour * np.ones(3)), view.shape).copy()
    if chance[8] < 0.4:  # a band or a badge
        top, height = (random.uniform((0.05, 0.02), (0.25, 0.08)) * size_px).astype(int)
        cap[top : top + height] = random.integers(0, 256, 3)
    share = covered[..., np.newaxis] / np.float32(255)
    capped_view = share * cap + (1 - share) * (1 - shadow[..., np.newaxis]) * view
    return np.asarray(np.clip(capped_view, 0, 255), np.uint8)


def _low_resolution(view: Image, random: Random) -> Image:
    """A small or unfocused face: scaled down, then up again."""
    size_px = view.shape[0]
    small_px = max(16, round(size_px / random.uniform(1.5, 3.5)))
    small = cv2.resize(view, (small_px, small_px), interpolation=cv2.INTER_AREA)
    return np.asarray(cv2.resize(small, (size_px, size_px), interpolation=cv2.INTER_LINEAR), np.uint8)


def _recoloured(view: Image, random: Random, strong: bool) -> Image:
    """Exposure, gamma, contrast and white balance in one lookup table per channel, then saturation."""
    chance = random.random(7)
    gamma = math.exp(0.7 * chance[0] - 0.35)
    darkest, cast, flattest = (-1.0, 0.5, -0.6) if strong else (-0.35, 0.24, -0.3)
    gain = np.exp(darkest + (0.25 - darkest) * chance[1] + cast * (chance[2:5] - 0.5))
    contrast = math.exp(flattest + (0.3 - flattest) * chance[5])
    middle = (cv2.mean(view)[1] / 255) ** gamma * float(gain.mean())
    levels = (_LEVELS**gamma)[:, np.newaxis] * gain
    table = np.clip((middle + (levels - middle) * contrast) * 255, 0, 255).astype(np.uint8)
    view = np.asarray(cv2.LUT(view, table[np.newaxis]), np.uint8)
    saturation = math.exp(1.05 * chance[6] - 0.7)
    return np.asarray(cv2.transform(view, saturation * _IDENTITY + (1 - saturation) * _TO_GREY), np.uint8)


def _side_lit(view: Image, random: Random) -> Image:
    """A lamp or screen on one side: that side is brighter, the opposite side darker."""
    angle, strength = 2 * math.pi * random.random(), random.uniform(0.2, 0.7)
    along = np.linspace(-strength, strength, view.shape[0], dtype=np.float32)
    gain = 1 + math.cos(angle) * along[np.newaxis, :] + math.sin(angle) * along[:, np.newaxis]
    return np.asarray(cv2.multiply(view, np.repeat(gain[..., np.newaxis], 3, axis=2), dtype=cv2.CV_8U), np.uint8)


def _old_print(view: Image, random: Random) -> Image:
    """A photograph from before colour, or its scan: grey or toned, soft, with little contrast."""
    chance = random.random(5)
    grey = cv2.cvtColor(view, cv2.COLOR_RGB2GRAY)
    grey = cv2.GaussianBlur(grey, (0, 0), 0.4 + 1.2 * chance[0])
    darkest, brightest = 70 * chance[1], 255 - 70 * chance[2]
    tone = np.array([1.0, 1.0 - 0.12 * chance[3], 1.0 - 0.3 * chance[3]]) if chance[4] < 0.5 else np.ones(3)
    levels = (darkest + (brightest - darkest) * _LEVELS)[:, np.newaxis] * tone
    toned = cv2.LUT(np.repeat(grey[..., np.newaxis], 3, axis=2), levels.astype(np.uint8)[np.newaxis])
    return np.asarray(toned, np.uint8)


def _noisy(view: Image, random: Random) -> Image:
    start = int(random.integers(0, len(_NOISE) - view.size))
    noise = _NOISE[start : start + view.size].reshape(view.shape) * np.float32(random.uniform(2, 14))
    return np.asarray(cv2.add(view, noise, dtype=cv2.CV_8U), np.uint8)


def _compressed(view: Image, random: Random) -> Image:
    quality = int(random.integers(15, 80))
    _, encoded = cv2.imencode(".jpg", view, [cv2.IMWRITE_JPEG_QUALITY, quality])
    return np.asarray(cv2.imdecode(encoded, cv2.IMREAD_COLOR), np.uint8)


def _occluded(view: Image, random: Random) -> Image:
    """A face cut off by the edge of the picture, or partly covered.

    Edges are grey, as outside the picture, so that the grey does not give away the data set.
    """
    size_px = view.shape[0]
    for axis in (0, 1):
        if random.random() < 0.12:
            hidden = slice(0, max(1, round(size_px * random.uniform(0, 0.28))))
            side = np.moveaxis(view, axis, 0)
            (side if random.random() < 0.5 else side[::-1])[hidden] = _GREY
    if random.random() < 0.15:
        left, top = (random.uniform(0, 0.8, 2) * size_px).astype(int)
        width, height = (random.uniform(0.1, 0.35, 2) * size_px).astype(int) + 1
        view[top : top + height, left : left + width] = random.integers(0, 256, 3)
    return view


def augmented_batch(
    crops: Image, size_px: int, random: Random, share: float = 1.0, strong: bool = False
) -> npt.NDArray[np.uint8]:
    """`(N, side, side, 3)` crops -> `(N, size_px, size_px, 3)` views."""
    return np.stack([augmented(crop, size_px, random, share, strong) for crop in crops])


def mixup(
    views: npt.NDArray[np.uint8], targets: npt.NDArray[np.float32], random: Random, share: float
) -> tuple[npt.NDArray[np.uint8], npt.NDArray[np.float32]]:
    """Blend some faces with another face and return the labels of both (mixup, Zhang et al. 2018).

    Args:
        views: `(N, size_px, size_px, 3)`.
        targets: `(N, 3)` age_min, age_max, female; or `(N, 103)` distributions.
        share: share of faces that are blended, 0 to 1.

    Returns:
        The pictures, and `(N, 7)` targets or `(N, 103)` distributions for `training.compact.losses`.
    """
    order = random.permutation(len(views))
    first = np.where(random.random(len(views)) < share, random.beta(0.4, 0.4, len(views)), 1.0)
    first = np.maximum(first, 1 - first)  # the first label has the larger weight
    pictures = views.copy()
    for row in np.flatnonzero(first < 1):
        pictures[row] = cv2.addWeighted(views[row], first[row], views[order[row]], 1 - first[row], 0)
    if targets.shape[1] > 3:
        share_of_first = first[:, np.newaxis].astype(np.float32)
        return pictures, share_of_first * targets + (1 - share_of_first) * targets[order]
    return pictures, np.hstack([targets, targets[order], first[:, np.newaxis]]).astype(np.float32)
