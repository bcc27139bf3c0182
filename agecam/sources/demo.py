"""The demo: a video with real faces, composed while it plays from two public-domain portraits.

Four people (two portraits and their mirror images) come, pass each other, go, leave the stage empty
for a second, and meet again in four sizes. Every frame is a function of its index alone.
"""

import math
from dataclasses import dataclass

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
_FEATHER = 0.16
"""Width of a cut-out's soft edge, as a part of its radius."""
_DRIFT_PX = 70
"""How far the background wanders to each side."""


@dataclass(frozen=True, slots=True)
class Person:
    """Someone on the demo's stage."""

    name: str
    """One of four: `astronaut`, `admiral`, and either with ` mirrored` behind it."""
    box: Box
    """Where the face is, whether or not another person stands before it or the frame cuts it off."""


@dataclass(frozen=True, slots=True)
class _Portrait:
    """What to cut out of a portrait, in its own pixels."""

    face: Box
    centre: tuple[float, float]
    radii: tuple[float, float]


@dataclass(frozen=True, slots=True)
class _Stop:
    """Where a person is at a moment, in seconds: the middle and the height of the face, in pixels."""

    time_s: float
    x: float
    y: float
    face_px: float


@dataclass(frozen=True, slots=True)
class _Role:
    """One walk of a person over the stage; absent before the first stop and after the last."""

    portrait: str
    mirrored: bool
    stops: tuple[_Stop, ...]

    @property
    def name(self) -> str:
        return f"{self.portrait} mirrored" if self.mirrored else self.portrait

    def at(self, time_s: float) -> _Stop | None:
        """Between two stops, speeding up from the one and slowing down to the other."""
        if not self.stops[0].time_s <= time_s < self.stops[-1].time_s:
            return None
        after = next(i for i, stop in enumerate(self.stops) if stop.time_s > time_s)
        a, b = self.stops[after - 1], self.stops[after]
        part = (time_s - a.time_s) / (b.time_s - a.time_s)
        part = part * part * (3 - 2 * part)
        x, y, face_px = (p + (q - p) * part for p, q in ((a.x, b.x), (a.y, b.y), (a.face_px, b.face_px)))
        sway = 2 * math.pi * (time_s / 4 + a.y / HEIGHT_PX)
        return _Stop(time_s, x + 0.04 * face_px * math.sin(sway), y + 0.03 * face_px * math.cos(sway), face_px)


_PORTRAITS = {
    "astronaut": _Portrait(face=(182, 64, 83, 107), centre=(223, 150), radii=(144, 147)),
    "admiral": _Portrait(face=(178, 110, 173, 220), centre=(264, 224), radii=(208, 214)),
}

# From back to front: who comes later in this list passes before the others.
_ROLES = (
    _Role(
        "admiral",
        False,
        (
            _Stop(0.0, 370, 340, 215),
            _Stop(1.5, 390, 350, 258),
            _Stop(3.1, 920, 350, 225),
            _Stop(4.2, 1560, 360, 225),
        ),
    ),
    _Role(
        "astronaut",
        False,
        (
            _Stop(0.0, 930, 300, 120),
            _Stop(1.5, 910, 320, 135),
            _Stop(3.1, 330, 300, 150),
            _Stop(4.2, -260, 290, 140),
        ),
    ),
    _Role(
        "astronaut",
        True,
        (_Stop(6.3, 610, 830, 62), _Stop(7.3, 625, 170, 62), _Stop(10.0, 605, 185, 74)),
    ),
    _Role(
        "admiral",
        False,
        (_Stop(7.0, 640, 840, 84), _Stop(7.9, 610, 545, 84), _Stop(10.0, 625, 525, 98)),
    ),
    _Role(
        "admiral",
        True,
        (_Stop(5.6, 1560, 390, 190), _Stop(6.8, 985, 375, 190), _Stop(10.0, 965, 365, 240)),
    ),
    _Role(
        "astronaut",
        False,
        (_Stop(5.2, -260, 330, 150), _Stop(6.2, 275, 330, 150), _Stop(10.0, 295, 345, 175)),
    ),
)


class DemoSource(BaseSource):
    """The demo as a source: 1280x720, 30 frames a second, ten seconds."""

    def __init__(self) -> None:
        """Prepare the cut-outs; raises SourceError where the portraits are missing."""
        super().__init__(SourceInfo(_NAME, WIDTH_PX, HEIGHT_PX, float(FPS), FRAME_COUNT, live=False))
        faces = dict(zip(_PORTRAITS, portraits(), strict=True))
        self._cutouts = [_Cutout(faces[role.portrait], role) for role in _ROLES]
        self._background = _background()
        self._next = 0

    def read(self) -> Frame | None:
        """The next frame, or None after the last."""
        index = self._next
        if index >= FRAME_COUNT:
            return None
        self._next += 1
        image = self._backdrop(index)
        for role, cutout in zip(_ROLES, self._cutouts, strict=True):
            place = role.at(index / FPS)
            if place is not None:
                cutout.paste(image, place)
        return Frame(image, index, index / FPS, _NAME)

    def seek(self, time_s: float) -> None:
        """Go on with the frame shown at a time."""
        self._next = int(min(max(0.0, (time_s + SEEK_TOLERANCE_S) * FPS), FRAME_COUNT - 1))

    def close(self) -> None:
        """Deliver no more frames."""
        self._next = FRAME_COUNT

    def _backdrop(self, index: int) -> Image:
        turn = 2 * math.pi * index / FRAME_COUNT
        x = round(_DRIFT_PX * (1 + math.sin(turn)))
        y = round(_DRIFT_PX * (1 + math.cos(turn)))
        return self._background[y : y + HEIGHT_PX, x : x + WIDTH_PX].copy()


def people_at(index: int) -> tuple[Person, ...]:
    """Who is on the stage at a frame of the demo, from back to front."""
    people = []
    for role in _ROLES:
        place = role.at(index / FPS)
        if place is not None:
            _, _, width, height = _PORTRAITS[role.portrait].face
            face_width = place.face_px * width / height
            box = (place.x - face_width / 2, place.y - place.face_px / 2, face_width, place.face_px)
            people.append(Person(role.name, box))
    return tuple(people)


def portraits() -> tuple[Image, Image]:
    """The two portraits, each `(H, W, 3) uint8 BGR`: Eileen Collins (NASA) and Grace Hopper (US Navy).

    They come with scikit-image and Matplotlib. Raises SourceError where these lack them.
    """
    try:
        astronaut = package_file("skimage", "data", "astronaut.png")
        admiral = package_file("matplotlib", "mpl-data", "sample_data", "grace_hopper.jpg")
    except OSError as error:
        raise SourceError("The demo lacks its portraits: install scikit-image and matplotlib again.") from error
    return read_picture(astronaut), read_picture(admiral)


class _Cutout:
    """A soft-edged oval out of a portrait, ready to be pasted in the sizes of one role."""

    def __init__(self, portrait: Image, role: _Role) -> None:
        plan = _PORTRAITS[role.portrait]
        x, y, _, face_px = plan.face
        self._face_px = max(stop.face_px for stop in role.stops)
        scale = self._face_px / face_px
        left, top = (round(c - r) for c, r in zip(plan.centre, plan.radii, strict=True))
        right, bottom = (round(c + r) for c, r in zip(plan.centre, plan.radii, strict=True))
        part = portrait[max(top, 0) : bottom, max(left, 0) : right]
        size = (round(part.shape[1] * scale), round(part.shape[0] * scale))
        colour = cv2.resize(part, size, interpolation=cv2.INTER_AREA if scale < 1 else cv2.INTER_CUBIC)
        alpha = _oval(*size)
        self._image = np.dstack([colour * alpha[:, :, None], alpha * 255]).round().astype(np.uint8)
        # The middle of the face, which the stops of the role speak of.
        self._anchor = (
            (x + plan.face[2] / 2 - max(left, 0)) * scale,
            (y + face_px / 2 - max(top, 0)) * scale,
        )
        if role.mirrored:
            self._image = np.ascontiguousarray(self._image[:, ::-1])
            self._anchor = (size[0] - self._anchor[0], self._anchor[1])

    def paste(self, image: Image, place: _Stop) -> None:
        """Blend the cut-out into `image`, as far as it lies inside."""
        scale = place.face_px / self._face_px
        x = place.x - self._anchor[0] * scale
        y = place.y - self._anchor[1] * scale
        height, width = self._image.shape[:2]
        left, top = max(math.floor(x), 0), max(math.floor(y), 0)
        right = min(math.ceil(x + width * scale), image.shape[1])
        bottom = min(math.ceil(y + height * scale), image.shape[0])
        if left >= right or top >= bottom:
            return
        to_place = np.array([[scale, 0, x - left], [0, scale, y - top]])
        # Colours are multiplied by alpha beforehand, so that interpolation leaves no fringe.
        cutout = cv2.warpAffine(self._image, to_place, (right - left, bottom - top), flags=cv2.INTER_LINEAR)
        behind = cv2.cvtColor(255 - cutout[:, :, 3], cv2.COLOR_GRAY2BGR)
        target = image[top:bottom, left:right]
        target[:] = cv2.add(cv2.multiply(target, behind, scale=1 / 255), cv2.cvtColor(cutout, cv2.COLOR_BGRA2BGR))


def _oval(width: int, height: int) -> npt.NDArray[np.float32]:
    """`(height, width)` from 1 inside a rounded oval to 0 at its edge."""
    x = np.abs(np.linspace(-1, 1, width, dtype=np.float32))
    y = np.abs(np.linspace(-1, 1, height, dtype=np.float32))
    radius = np.power(x[None, :] ** 2.5 + y[:, None] ** 2.5, 1 / 2.5)
    part = np.clip((1 - radius) / _FEATHER, 0, 1)
    return np.asarray(part * part * (3 - 2 * part), np.float32)


def _background() -> Image:
    """A calm gradient, larger than the frame, which wanders over it."""
    width, height = WIDTH_PX + 2 * _DRIFT_PX, HEIGHT_PX + 2 * _DRIFT_PX
    x = np.linspace(0, 1, width)[None, :]
    y = np.linspace(0, 1, height)[:, None]
    dark, light, warm = (np.array(colour) for colour in ((84, 60, 40), (168, 148, 122), (150, 168, 190)))
    slope = (0.35 * x + 0.65 * y)[:, :, None]
    glow = np.exp(-(((x - 0.68) / 0.35) ** 2 + ((y - 0.3) / 0.45) ** 2))[:, :, None]
    colour = dark + (light - dark) * slope
    colour += (warm - colour) * 0.45 * glow
    # Without the noise of half a level a gradient this slow shows its steps.
    noise = np.random.default_rng(0).uniform(-0.5, 0.5, (height, width, 1))
    return np.asarray((colour + noise).round(), np.uint8)
