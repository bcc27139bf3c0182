"""Collects analysed pictures for a report, in bounded memory."""

import hashlib
import threading
import weakref
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, field, replace

import cv2
import numpy as np

from agecam.outputs.report.content import Person, Picture
from agecam.overlay import OverlayStyle, Words, annotate, blur_everything, blur_faces
from agecam.tracking.tracker import overlaps
from agecam.types import Box, Face, Frame, FrameResult, Image, LargeImage

MAX_PICTURES = 300
"""Further ones are only counted: a page of many hundred pictures opens nowhere."""
MAX_FACES = 100
"""Of one picture."""
_SIDE_PX = 720
"""Longer side of a picture in the report."""
_FACE_PX = 144
_AROUND = 1.35
"""Side of a thumbnail relative to that of the face."""
_QUALITY = 92
_SAME_FACE = 0.5
"""Intersection over union of the boxes of one face in two analyses of a picture."""

Key = tuple[str, int, str]
"""Source, page and content of a picture: opened again, it is the same one."""


@dataclass(slots=True)
class _Kept:
    """A reduced picture with its faces, whose boxes are in pixels of the full size."""

    jpeg: bytes
    scale: float
    faces: tuple[Face, ...]
    complete: bool
    thumbnails: dict[Box, bytes]
    hidden: tuple[Face, ...] = ()
    """What the user says are no faces; they are blurred with all others."""
    blurred: frozenset[int] = field(default_factory=frozenset)
    """Indices in `faces` of the people who are blurred in any case."""


class Pictures:
    """The pictures of a run or of a list, in the order in which they were first analysed. Thread-safe."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._kept: dict[Key, _Kept] = {}
        self._more: dict[Key, int] = {}
        """Pictures beyond the limit, with the number of their faces."""
        self._latest: tuple[Callable[[], Image | LargeImage | None], Key] | None = None

    def reset(self) -> None:
        """Forget all pictures."""
        with self._lock:
            self._kept, self._more, self._latest = {}, {}, None

    def add(self, frame: Frame, result: FrameResult) -> None:
        """Add a picture with its faces; the same picture again replaces them, and keeps its marks."""
        scale = min(1.0, _SIDE_PX / max(frame.size))
        jpeg = _encoded(_reduced(frame.image_bgr, scale))
        key = (result.source, frame.index, hashlib.sha256(jpeg).hexdigest())
        thumbnails = {face.box: _encoded(_cut(frame.image_bgr, face.box)) for face in result.people[:MAX_FACES]}
        with self._lock:
            self._latest = weakref.ref(frame.image), key
            kept = _Kept(jpeg, scale, result.faces, result.complete, thumbnails)
            if key in self._kept:
                self._kept[key] = _with_marks_of(self._kept[key], kept)
            elif len(self._kept) < MAX_PICTURES:
                self._kept[key] = kept
            else:
                self._more[key] = len(result.people)

    def mark(self, frame: Frame, faces: Sequence[Face], hidden: Sequence[Face], blurred: Collection[int]) -> None:
        """What the user has said about the faces of the picture that was added last; else it is ignored.

        Args:
            frame: the picture.
            faces: those that are shown.
            hidden: those that are not, since they are no faces.
            blurred: indices in `faces` of the people who are blurred.
        """
        with self._lock:
            if self._latest is None or self._latest[0]() is not frame.image:
                return
            if (kept := self._kept.get(self._latest[1])) is not None:
                kept.faces, kept.hidden, kept.blurred = tuple(faces), tuple(hidden), frozenset(blurred)

    def content(self, style: OverlayStyle) -> tuple[Picture, ...]:
        """The pictures as they are shown; blurred as `style` says, and the people who are marked in any case."""
        with self._lock:
            kept = [(key, replace(picture)) for key, picture in self._kept.items()]
        return tuple(_shown(key, picture, style) for key, picture in kept)

    @property
    def left_out(self) -> tuple[int, int]:
        """Numbers of the pictures beyond the limit and of their faces."""
        with self._lock:
            return len(self._more), sum(self._more.values())


def _with_marks_of(before: _Kept, now: _Kept) -> _Kept:
    """Keep the marks when a picture is analysed again; everything is blurred if somebody who was is not found again."""
    marked = [before.faces[index].box for index in sorted(before.blurred)]
    same = overlaps(marked, [face.box for face in now.faces]) >= _SAME_FACE
    if not same.any(axis=1).all():
        return replace(now, hidden=before.hidden, blurred=frozenset(range(max(1, len(now.faces)))), complete=False)
    return replace(now, hidden=before.hidden, blurred=frozenset(np.flatnonzero(same.any(axis=0)).tolist()))


def _shown(key: Key, kept: _Kept, style: OverlayStyle) -> Picture:
    name, page, _ = key
    faces = [_scaled(face, kept.scale) for face in (*kept.faces, *kept.hidden)]
    image = _decoded(kept.jpeg)
    if style.blur_faces or kept.blurred:
        which = range(len(faces)) if style.blur_faces else kept.blurred
        image = blur_faces(image, faces, which) if kept.complete else blur_everything(image)
    shown = [(index, face) for index, face in enumerate(kept.faces) if face.confirmed]
    # Labels name the same numbers as the cards below.
    labelled = [replace(faces[index], track=number) for number, (index, _) in enumerate(shown, start=1)]
    # On a reduced picture there is no room for more than the age and the number. These need no words, whose typeface
    # may be one of the window's, which is for the window's thread.
    shows = {"show_age": True, "show_interval": False, "show_gender": False, "show_track": True}
    short = replace(style, blur_faces=False, words=Words(), ages_of=None, **shows)
    people = tuple(
        _person(number, face, kept.thumbnails[face.box], style.blur_faces or index in kept.blurred)
        for number, (index, face) in enumerate(shown, start=1)
        if face.box in kept.thumbnails
    )
    title = f"{name} ({page + 1})" if page else name
    return Picture(title, annotate(image, labelled, short), people, len(shown) - len(people))


def _person(number: int, face: Face, thumbnail: bytes, is_blurred: bool) -> Person:
    image = _decoded(thumbnail)
    return Person(
        number,
        face.age,
        face.age_low,
        face.age_high,
        face.gender,
        face.gender_probability,
        blur_everything(image) if is_blurred else image,
    )


def _reduced(image_bgr: Image, scale: float) -> Image:
    if scale == 1.0:
        return image_bgr
    height, width = image_bgr.shape[:2]
    size = max(1, round(scale * width)), max(1, round(scale * height))
    return np.asarray(cv2.resize(image_bgr, size, interpolation=cv2.INTER_AREA), np.uint8)


def _cut(image_bgr: Image, box: Box) -> Image:
    """The head with some margin, `(_FACE_PX, _FACE_PX, 3) uint8`; what lies outside the picture repeats its edge."""
    x, y, width, height = box
    side = max(2.0, _AROUND * max(width, height))
    left, top = round(x + width / 2 - side / 2), round(y + height / 2 - side / 2)
    end_x, end_y = left + round(side), top + round(side)
    part = image_bgr[max(0, top) : max(1, end_y), max(0, left) : max(1, end_x)]
    if not part.size:
        return np.zeros((_FACE_PX, _FACE_PX, 3), np.uint8)
    part_height, part_width = part.shape[:2]
    above, before = max(0, -top), max(0, -left)
    below, after = max(0, round(side) - part_height - above), max(0, round(side) - part_width - before)
    whole = cv2.copyMakeBorder(part, above, below, before, after, cv2.BORDER_REPLICATE)
    interpolation = cv2.INTER_AREA if side > _FACE_PX else cv2.INTER_CUBIC
    return np.asarray(cv2.resize(whole, (_FACE_PX, _FACE_PX), interpolation=interpolation), np.uint8)


def _scaled(face: Face, scale: float) -> Face:
    x, y, width, height = (scale * value for value in face.box)
    return replace(face, box=(x, y, width, height), landmarks=face.landmarks * np.float32(scale))


def _encoded(image_bgr: Image) -> bytes:
    return np.asarray(cv2.imencode(".jpg", image_bgr, [cv2.IMWRITE_JPEG_QUALITY, _QUALITY])[1]).tobytes()


def _decoded(jpeg: bytes) -> Image:
    image = cv2.imdecode(np.frombuffer(jpeg, np.uint8), cv2.IMREAD_COLOR)
    assert image is not None
    return np.asarray(image, np.uint8)
