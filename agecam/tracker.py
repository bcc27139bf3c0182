"""Who is who from frame to frame: every person in view keeps one number.

Between two detections the picture's own movement carries the faces along, and a lost one goes on as it went. The faces
of a detection are then matched with those expected, one to one: by overlap, by the places of their landmarks, and by
their look, face and clothes, which tells two people apart who pass each other.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import cv2
import numpy as np
import numpy.typing as npt
from scipy.optimize import linear_sum_assignment

from agecam.flow import SmallGrey, carried
from agecam.types import Box, Detection, Image

LEAST_OVERLAP = 0.25
"""Intersection over union from which two boxes can be the same face, whatever it looks like."""
REACH, REACH_PER_S = 0.8, 1.5
"""How far from where it is expected a face can be that looks the same, in its own widths: at once, and for each second
that it was lost."""
ALIKE = 0.055
"""Mean difference of two looks under which they are of the same person, as a share of full brightness."""
KEPT_S, KEPT_DETECTIONS = 1.5, 3
"""A face may be lost so long, behind somebody or in profile, and for so many detections, and keep its number."""
SHOWN_S = 0.35
"""A face that the detector misses is shown on for so long, if the picture carries it surely."""
_BODY = (-0.8, -0.7, 2.6, 3.0)
"""What belongs to a person, head and shoulders, by the box of the face: left, top, width, height."""
_CERTAIN = 8
"""After so many detections."""
_LOOK_PX = (6, 9)
"""Width and height of a look."""
_NEW_LOOK = 0.15
"""Share of the newest look in the one that is kept."""

Look = npt.NDArray[np.float32]


@dataclass(slots=True, eq=False)
class Track:
    """One person."""

    number: int
    face: Detection
    """Where it is, or would be."""
    look: Look | None
    seen_s: float
    """When it was last detected."""
    times_seen: int = 1
    missed: int = 0
    """Detections since then."""
    velocity: tuple[float, float] = (0.0, 0.0)
    """Of the face's centre, pixels a second."""
    sure: bool = True
    """Whether the picture carries it."""


class Tracker:
    """Times are those of the frames, in seconds; they never go back."""

    def __init__(self) -> None:
        self._tracks: list[Track] = []
        self._count = 0
        self._before: tuple[SmallGrey, float] | None = None

    @property
    def numbers(self) -> set[int]:
        """Of everybody who is in view or may come back."""
        return {track.number for track in self._tracks}

    def carry(self, picture: SmallGrey, time_s: float) -> float:
        """Go on to the next frame; returns how fast faces moved, in their own widths a second, infinite if one was
        lost."""
        fastest = 0.0
        if self._before is not None and self._tracks:
            before, before_s = self._before
            passed_s = max(time_s - before_s, 1e-3)
            moved, sure = carried([track.face for track in self._tracks], before, picture)
            covered = _perhaps_covered([track.face.box for track in self._tracks])
            for track, face, is_sure, is_covered in zip(self._tracks, moved, sure, covered, strict=True):
                # What moves where a face was is then perhaps another one before it.
                track.sure = is_sure and not (track.missed and is_covered)
                if is_covered:
                    track.velocity = _slower(track.velocity, passed_s)
                elif is_sure:
                    track.velocity = _blended(track.velocity, track.face.box, face.box, passed_s)
                is_lost = track.missed > 0 and not track.sure
                track.face = _shifted(track.face, track.velocity, passed_s) if is_lost else face
                speed = float(np.hypot(*track.velocity)) / max(face.box[2], 1.0)
                fastest = max(fastest, speed if is_sure else np.inf)
        self._before = (picture, time_s)
        return fastest

    def update(self, faces: Sequence[Detection], time_s: float, image_bgr: Image | None = None) -> list[Track]:
        """Take in a detection; returns the person of each face, in the faces' order.

        Args:
            image_bgr: the frame, `(H, W, 3) uint8`; without it, looks do not count.
        """
        for track in self._tracks:
            track.missed += 1
        self._tracks = [
            track for track in self._tracks if time_s - track.seen_s <= KEPT_S or track.missed <= KEPT_DETECTIONS
        ]
        looks = [look_of(image_bgr, face.box) if image_bgr is not None else None for face in faces]
        people: list[Track | None] = [None] * len(faces)
        for row, column in _pairs(self._tracks, faces, looks, time_s):
            people[column] = self._tracks[row]
            _see(self._tracks[row], faces[column], looks[column], time_s, alone=_is_alone(column, faces))
        for place, face in enumerate(faces):
            if people[place] is None:
                self._count += 1
                newcomer = Track(self._count, face, looks[place], time_s)
                self._tracks.append(newcomer)
                people[place] = newcomer
        return [track for track in people if track is not None]

    def shown(self, time_s: float) -> list[Track]:
        """Who is in view: those of the last detection, and those that the picture surely carries on."""
        return [
            track
            for track in self._tracks
            if track.missed == 0 or (track.sure and track.times_seen >= _CERTAIN and time_s - track.seen_s <= SHOWN_S)
        ]


def look_of(image_bgr: Image, box: Box) -> Look:
    """What a person looks like: the face and what is worn below it, in a few patches of `(9, 6, 3)` Lab colour, 0 to 1;
    not a number outside the picture."""
    x, y, width, height = box
    left, right = round(x - 0.1 * width), round(x + 1.1 * width)
    top, bottom = round(y), round(y + 1.9 * height)
    sides = np.array([max(bottom - top, 1), max(right - left, 1)])
    whole = np.full((*_LOOK_PX[::-1], 3), np.nan, np.float32)
    # Whole cells of the grid that lie in the picture.
    cells = np.array(whole.shape[:2])
    first = np.ceil(np.clip([-top, -left], 0, sides) / sides * cells).astype(int)
    reach = np.array(image_bgr.shape[:2]) - (top, left)
    last = np.floor(np.clip(reach, 0, sides) / sides * cells).astype(int)
    if (last <= first).any():
        return whole
    (upper, leftmost), (lower, rightmost) = (
        (of * sides / cells + (top, left)).round().astype(int) for of in (first, last)
    )
    size = (int(last[1] - first[1]), int(last[0] - first[0]))
    small = cv2.resize(
        image_bgr[max(upper, 0) : max(lower, upper + 1), max(leftmost, 0) : max(rightmost, leftmost + 1)],
        size,
        interpolation=cv2.INTER_AREA,
    )
    lab = cv2.cvtColor(small, cv2.COLOR_BGR2Lab).astype(np.float32) / 255
    whole[first[0] : last[0], first[1] : last[1]] = lab
    return whole


def overlaps(first: Sequence[Box], second: Sequence[Box]) -> npt.NDArray[np.float64]:
    """`(N, M)`: intersection over union of every box of the first with every box of the second."""
    a = np.asarray(first, np.float64).reshape(-1, 1, 4)
    b = np.asarray(second, np.float64).reshape(1, -1, 4)
    corner = np.maximum(a[..., :2], b[..., :2])
    far = np.minimum(a[..., :2] + a[..., 2:], b[..., :2] + b[..., 2:])
    shared = np.clip(far - corner, 0, None).prod(-1)
    whole = a[..., 2:].prod(-1) + b[..., 2:].prod(-1) - shared
    return np.asarray(np.divide(shared, whole, out=np.zeros_like(shared), where=whole > 0), np.float64)


def _pairs(
    tracks: Sequence[Track], faces: Sequence[Detection], looks: Sequence[Look | None], time_s: float
) -> list[tuple[int, int]]:
    """Places of tracks and faces that belong together, one to one."""
    if not tracks or not faces:
        return []
    overlap = overlaps([track.face.box for track in tracks], [face.box for face in faces])
    merit = np.full(overlap.shape, -1.0)
    for row, track in enumerate(tracks):
        for column, face in enumerate(faces):
            apart = _landmarks_apart(track.face, face)
            unlike = _unlike(track.look, looks[column])
            lost_s = min(time_s - track.seen_s, KEPT_S)
            is_near = overlap[row, column] >= LEAST_OVERLAP
            ratio = face.box[2] / max(track.face.box[2], 1e-6)
            is_alike = unlike < ALIKE and 0.6 < ratio < 1.6 and apart < REACH + REACH_PER_S * lost_s
            if (is_near and unlike < 3 * ALIKE) or is_alike:
                merit[row, column] = overlap[row, column] + np.exp(-2 * apart) + 2 * max(0.0, 1 - unlike / ALIKE / 2)
    rows, columns = linear_sum_assignment(-merit)
    return [(int(row), int(column)) for row, column in zip(rows, columns, strict=True) if merit[row, column] >= 0]


def _landmarks_apart(first: Detection, second: Detection) -> float:
    """Mean distance of the landmarks of two faces, in the width of the first."""
    distances = np.linalg.norm(first.landmarks - second.landmarks, axis=1)
    return float(distances.mean()) / max(first.box[2], 1.0)


def _unlike(first: Look | None, second: Look | None) -> float:
    """Mean difference of two looks where both are in the picture; little where nothing is known."""
    if first is None or second is None:
        return 1.5 * ALIKE
    difference = np.abs(first - second)
    known = np.isfinite(difference)
    return float(difference[known].mean()) if known.sum() >= 12 else 1.5 * ALIKE


def _is_alone(place: int, faces: Sequence[Detection]) -> bool:
    """Whether no other face covers part of this one's look."""
    x, y, width, height = faces[place].box
    around = (x - 0.2 * width, y, 1.4 * width, 1.9 * height)
    others = [face.box for other, face in enumerate(faces) if other != place]
    return not others or float(overlaps([around], others).max()) < 0.02


def _see(track: Track, face: Detection, look: Look | None, time_s: float, alone: bool) -> None:
    track.face, track.seen_s, track.sure, track.missed = face, time_s, True, 0
    track.times_seen += 1
    if look is None or not alone:
        return
    if track.look is None:
        track.look = look
    else:
        kept = (1 - _NEW_LOOK) * track.look + _NEW_LOOK * look
        track.look = np.where(np.isfinite(kept), kept, np.where(np.isfinite(look), look, track.look))


def _blended(velocity: tuple[float, float], then: Box, now: Box, passed_s: float) -> tuple[float, float]:
    """The velocity over the last fifth of a second or so."""
    share = 1 - float(np.exp(-passed_s / 0.2))
    step_x, step_y = (now[axis] + now[axis + 2] / 2 - then[axis] - then[axis + 2] / 2 for axis in (0, 1))
    return (
        (1 - share) * velocity[0] + share * step_x / passed_s,
        (1 - share) * velocity[1] + share * step_y / passed_s,
    )


def _perhaps_covered(boxes: Sequence[Box]) -> npt.NDArray[np.bool_]:
    """`(N,)`: whether somebody else stands where a face is."""
    faces = np.asarray(boxes, np.float64).reshape(-1, 4)
    scale = np.tile(faces[:, 2:], 2)
    bodies = np.array(_BODY) * scale + np.hstack([faces[:, :2], np.zeros_like(faces[:, :2])])
    corner = np.maximum(faces[:, None, :2], bodies[None, :, :2])
    far = np.minimum((faces[:, :2] + faces[:, 2:])[:, None], (bodies[:, :2] + bodies[:, 2:])[None])
    shared = np.clip(far - corner, 0, None).prod(-1)
    np.fill_diagonal(shared, 0)
    return np.asarray((shared > 0).any(axis=1))


def _slower(velocity: tuple[float, float], passed_s: float) -> tuple[float, float]:
    """Who is not seen to move is less and less expected to."""
    share = float(np.exp(-passed_s / KEPT_S))
    return velocity[0] * share, velocity[1] * share


def _shifted(face: Detection, velocity: tuple[float, float], passed_s: float) -> Detection:
    x, y, width, height = face.box
    step = np.array(velocity) * passed_s
    landmarks = (face.landmarks + step).astype(np.float32)
    return replace(face, box=(x + float(step[0]), y + float(step[1]), width, height), landmarks=landmarks)
