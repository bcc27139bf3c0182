"""The demo: a video with real faces, rendered on the fly from two public-domain portraits.

Two people enter, pass each other and leave. After a second without people, four (the two portraits and their
mirror images) enter in four sizes. Each frame depends only on its index.
"""

import math
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
import numpy.typing as npt

from agecam.errors import SourceError
from agecam.runtime.package_files import package_file
from agecam.sources.base import SEEK_TOLERANCE_S, BaseSource, SourceInfo
from agecam.sources.pictures import read_picture
from agecam.types import Box, Frame, Image

WIDTH_PX, HEIGHT_PX = 1280, 720
FPS = 30
FRAME_COUNT = 300

_NAME = "demo"
PORTRAIT_FILES = (
    ("skimage", "data", "astronaut.png"),
    ("matplotlib", "mpl-data", "sample_data", "grace_hopper.jpg"),
)
"""The package of each portrait, and its path in there."""
_COPIES = Path(__file__).parent / "portraits"
_FEATHER = 0.16
"""Width of the soft edge of a cut-out, as a fraction of its radius."""
_DRIFT_PX = 70
"""How far the background moves to each side."""


@dataclass(frozen=True, slots=True)
class DemoPerson:
    """A person in a frame of the demo."""

    name: str
    """`astronaut` or `admiral`, followed by ` mirrored` for the mirror image."""
    box: Box
    """Box of the face, even if it is hidden by another person or outside the frame."""


@dataclass(frozen=True, slots=True)
class _Portrait:
    """Face box and cut-out ellipse of a portrait, in its pixels."""

    face: Box
    centre: tuple[float, float]
    radii: tuple[float, float]


@dataclass(frozen=True, slots=True)
class _Keyframe:
    """Centre and height of a face in pixels, at a time in seconds."""

    time_s: float
    x: float
    y: float
    face_px: float


@dataclass(frozen=True, slots=True)
class _Motion:
    """Motion of a person through the picture; not visible before the first keyframe or after the last."""

    portrait: str
    mirrored: bool
    keyframes: tuple[_Keyframe, ...]

    @property
    def name(self) -> str:
        return f"{self.portrait} mirrored" if self.mirrored else self.portrait

    def at(self, time_s: float) -> _Keyframe | None:
        """Return the position at a time, interpolated with ease-in and ease-out; None while not visible."""
        if not self.keyframes[0].time_s <= time_s < self.keyframes[-1].time_s:
            return None
        after = next(i for i, keyframe in enumerate(self.keyframes) if keyframe.time_s > time_s)
        a, b = self.keyframes[after - 1], self.keyframes[after]
        part = (time_s - a.time_s) / (b.time_s - a.time_s)
        part = part * part * (3 - 2 * part)
        x, y, face_px = (p + (q - p) * part for p, q in ((a.x, b.x), (a.y, b.y), (a.face_px, b.face_px)))
        sway = 2 * math.pi * (time_s / 4 + a.y / HEIGHT_PX)
        return _Keyframe(time_s, x + 0.04 * face_px * math.sin(sway), y + 0.03 * face_px * math.cos(sway), face_px)


_PORTRAITS = {
    "astronaut": _Portrait(face=(182, 64, 83, 107), centre=(223, 150), radii=(144, 147)),
    "admiral": _Portrait(face=(178, 110, 173, 220), centre=(264, 224), radii=(208, 214)),
}

# From back to front: later entries are drawn over earlier ones.
_MOTIONS = (
    _Motion(
        "admiral",
        False,
        (
            _Keyframe(0.0, 370, 340, 215),
            _Keyframe(1.5, 390, 350, 258),
            _Keyframe(3.1, 920, 350, 225),
            _Keyframe(4.2, 1560, 360, 225),
        ),
    ),
    _Motion(
        "astronaut",
        False,
        (
            _Keyframe(0.0, 930, 300, 120),
            _Keyframe(1.5, 910, 320, 135),
            _Keyframe(3.1, 330, 300, 150),
            _Keyframe(4.2, -260, 290, 140),
        ),
    ),
    _Motion(
        "astronaut",
        True,
        (_Keyframe(6.3, 610, 830, 62), _Keyframe(7.3, 625, 170, 62), _Keyframe(10.0, 605, 185, 74)),
    ),
    _Motion(
        "admiral",
        False,
        (_Keyframe(7.0, 640, 840, 84), _Keyframe(7.9, 610, 545, 84), _Keyframe(10.0, 625, 525, 98)),
    ),
    _Motion(
        "admiral",
        True,
        (_Keyframe(5.6, 1560, 390, 190), _Keyframe(6.8, 985, 375, 190), _Keyframe(10.0, 965, 365, 240)),
    ),
    _Motion(
        "astronaut",
        False,
        (_Keyframe(5.2, -260, 330, 150), _Keyframe(6.2, 275, 330, 150), _Keyframe(10.0, 295, 345, 175)),
    ),
)


class DemoSource(BaseSource):
    """The demo as a source: 1280x720, 30 frames per second, ten seconds."""

    def __init__(self) -> None:
        """Prepare the cut-outs; raises SourceError if the portraits are missing."""
        super().__init__(SourceInfo(_NAME, WIDTH_PX, HEIGHT_PX, float(FPS), FRAME_COUNT, live=False))
        faces = dict(zip(_PORTRAITS, portraits(), strict=True))
        self._cutouts = [_Cutout(faces[motion.portrait], motion) for motion in _MOTIONS]
        self._background = _background()
        self._next = 0

    def read(self) -> Frame | None:
        """Return the next frame, or None after the last."""
        index = self._next
        if index >= FRAME_COUNT:
            return None
        self._next += 1
        image = self._background_at(index)
        for motion, cutout in zip(_MOTIONS, self._cutouts, strict=True):
            position = motion.at(index / FPS)
            if position is not None:
                cutout.paste(image, position)
        return Frame(image, index, index / FPS, _NAME)

    def seek(self, time_s: float) -> None:
        """Continue with the frame displayed at `time_s`."""
        self._next = int(min(max(0.0, (time_s + SEEK_TOLERANCE_S) * FPS), FRAME_COUNT - 1))

    def close(self) -> None:
        """Stop delivering frames."""
        self._next = FRAME_COUNT

    def _background_at(self, index: int) -> Image:
        turn = 2 * math.pi * index / FRAME_COUNT
        x = round(_DRIFT_PX * (1 + math.sin(turn)))
        y = round(_DRIFT_PX * (1 + math.cos(turn)))
        return self._background[y : y + HEIGHT_PX, x : x + WIDTH_PX].copy()


def people_at(index: int) -> tuple[DemoPerson, ...]:
    """Return the people in a frame of the demo, from back to front."""
    people = []
    for motion in _MOTIONS:
        position = motion.at(index / FPS)
        if position is not None:
            _, _, width, height = _PORTRAITS[motion.portrait].face
            face_width = position.face_px * width / height
            box = (position.x - face_width / 2, position.y - position.face_px / 2, face_width, position.face_px)
            people.append(DemoPerson(motion.name, box))
    return tuple(people)


def portraits() -> tuple[Image, Image]:
    """Read the two portraits, each `(H, W, 3) uint8 BGR`: Eileen Collins (NASA) and Grace Hopper (US Navy).

    They are part of scikit-image and Matplotlib; the bundle has copies instead.
    Raises SourceError if they are missing.
    """
    try:
        astronaut, admiral = (_portrait_file(*place) for place in PORTRAIT_FILES)
    except OSError as error:
        raise SourceError("The portraits of the demo are missing: reinstall scikit-image and matplotlib.") from error
    return read_picture(astronaut), read_picture(admiral)


def _portrait_file(package: str, *parts: str) -> Path:
    copy = _COPIES / parts[-1]
    return copy if copy.is_file() else package_file(package, *parts)


class _Cutout:
    """A soft-edged oval cut from a portrait, scaled to the largest size of one motion."""

    def __init__(self, portrait: Image, motion: _Motion) -> None:
        plan = _PORTRAITS[motion.portrait]
        x, y, _, face_px = plan.face
        self._face_px = max(keyframe.face_px for keyframe in motion.keyframes)
        scale = self._face_px / face_px
        left, top = (round(c - r) for c, r in zip(plan.centre, plan.radii, strict=True))
        right, bottom = (round(c + r) for c, r in zip(plan.centre, plan.radii, strict=True))
        part = portrait[max(top, 0) : bottom, max(left, 0) : right]
        size = (round(part.shape[1] * scale), round(part.shape[0] * scale))
        colour = cv2.resize(part, size, interpolation=cv2.INTER_AREA if scale < 1 else cv2.INTER_CUBIC)
        alpha = _oval_mask(*size)
        self._image = np.dstack([colour * alpha[:, :, None], alpha * 255]).round().astype(np.uint8)
        # The centre of the face, which the keyframes refer to.
        self._anchor = (
            (x + plan.face[2] / 2 - max(left, 0)) * scale,
            (y + face_px / 2 - max(top, 0)) * scale,
        )
        if motion.mirrored:
            self._image = np.ascontiguousarray(self._image[:, ::-1])
            self._anchor = (size[0] - self._anchor[0], self._anchor[1])

    def paste(self, image: Image, position: _Keyframe) -> None:
        """Blend the cut-out into `image` in place; parts outside are clipped."""
        scale = position.face_px / self._face_px
        x = position.x - self._anchor[0] * scale
        y = position.y - self._anchor[1] * scale
        height, width = self._image.shape[:2]
        left, top = max(math.floor(x), 0), max(math.floor(y), 0)
        right = min(math.ceil(x + width * scale), image.shape[1])
        bottom = min(math.ceil(y + height * scale), image.shape[0])
        if left >= right or top >= bottom:
            return
        transform = np.array([[scale, 0, x - left], [0, scale, y - top]])
        # Colours are premultiplied by alpha, so that interpolation leaves no fringe.
        cutout = cv2.warpAffine(self._image, transform, (right - left, bottom - top), flags=cv2.INTER_LINEAR)
        behind = cv2.cvtColor(255 - cutout[:, :, 3], cv2.COLOR_GRAY2BGR)
        target = image[top:bottom, left:right]
        target[:] = cv2.add(cv2.multiply(target, behind, scale=1 / 255), cv2.cvtColor(cutout, cv2.COLOR_BGRA2BGR))


def _oval_mask(width: int, height: int) -> npt.NDArray[np.float32]:
    """Return an opacity mask `(height, width)`: 1 inside a rounded oval, falling to 0 at its edge."""
    x = np.abs(np.linspace(-1, 1, width, dtype=np.float32))
    y = np.abs(np.linspace(-1, 1, height, dtype=np.float32))
    radius = np.power(x[None, :] ** 2.5 + y[:, None] ** 2.5, 1 / 2.5)
    part = np.clip((1 - radius) / _FEATHER, 0, 1)
    return np.asarray(part * part * (3 - 2 * part), np.float32)


def _background() -> Image:
    """Create a smooth gradient `(H, W, 3)`, larger than the frame, which moves across it."""
    width, height = WIDTH_PX + 2 * _DRIFT_PX, HEIGHT_PX + 2 * _DRIFT_PX
    x = np.linspace(0, 1, width)[None, :]
    y = np.linspace(0, 1, height)[:, None]
    dark, light, warm = (np.array(colour) for colour in ((84, 60, 40), (168, 148, 122), (150, 168, 190)))
    slope = (0.35 * x + 0.65 * y)[:, :, None]
    glow = np.exp(-(((x - 0.68) / 0.35) ** 2 + ((y - 0.3) / 0.45) ** 2))[:, :, None]
    colour = dark + (light - dark) * slope
    colour += (warm - colour) * 0.45 * glow
    # Dithering by half a level avoids visible banding in a gradient this flat.
    noise = np.random.default_rng(0).uniform(-0.5, 0.5, (height, width, 1))
    return np.asarray((colour + noise).round(), np.uint8)
