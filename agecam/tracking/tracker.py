"""Who is who from frame to frame: every person in view keeps one number.

Between two detections the picture's own movement carries the faces along, and a lost one goes on as it went. The faces
of a detection are then matched with those expected, one to one: by overlap, by the places of their landmarks, and by
their look, face and clothes, which tells two people apart who pass each other.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

import cv2
import numpy as np
import numpy.typing as npt

from agecam.tracking.optical_flow import Cuts, SmallGrey, carried
from agecam.types import Box, Detection, Image

LEAST_OVERLAP = 0.25
"""Intersection over union from which two boxes are of the same face, unless they look `DIFFERENT`."""
REACH, REACH_PER_S = 0.8, 1.5
"""How far from where it is expected a face can be that looks `ALIKE`, in its own widths: at once, and for each second
that it was lost."""
ALIKE, UNKNOWN, DIFFERENT = 0.055, 0.08, 0.165
"""Mean difference of two looks, as a share of full brightness: of the same person below the first, of two people from
the last on; what is taken where nothing can be compared lies between them."""
KEPT_S, KEPT_DETECTIONS = 1.5, 3
"""A face may be lost so long, behind somebody or in profile, and for so many detections, and keep its number."""
SHOWN_S, SHOWN_AFTER = 0.35, 8
"""A face that the detector misses is shown on for so long, if the picture carries it surely and it was detected so
often."""
_BODY = (-0.8, -0.7, 2.6, 3.0)
"""What belongs to a person, head and shoulders, by the box of the face: left, top, width, height."""
_LOOK_PX = (6, 9)
"""Width and height of a look."""
_LEAST_KNOWN = 12
"""Numbers of two looks that must be in the picture to compare them."""
_NEW_LOOK = 0.15
"""Share of the newest look in the one that is kept."""

Look = npt.NDArray[np.float32]


@dataclass(slots=True, eq=False)
class Track:
    """One person."""

    number: int
    face: Detection
    """Where it is, or would be."""
    look: Look
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
        self._cuts = Cuts()

    @property
    def numbers(self) -> set[int]:
        """Of everybody who is in view or may come back."""
        return {track.number for track in self._tracks}

    @property
    def speed(self) -> float:
        """Of the fastest face in view, in its own widths a second."""
        return max(
            (math.hypot(*track.velocity) / max(track.face.box[2], 1.0) for track in self._in_view()), default=0.0
        )

    @property
    def sure(self) -> bool:
        """Whether the picture carries everybody in view."""
        return all(track.sure for track in self._in_view())

    def _in_view(self) -> list[Track]:
        return [track for track in self._tracks if track.missed == 0]

    def carry(self, picture: SmallGrey, time_s: float) -> None:
        """Go on to the next frame; in another scene nobody is known yet."""
        if self._cuts.is_cut(picture):
            self._tracks.clear()
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
        self._before = (picture, time_s)

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
        looks = [look_of(image_bgr, face.box) if image_bgr is not None else _unseen() for face in faces]
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
            if track.missed == 0
            or (track.sure and track.times_seen >= SHOWN_AFTER and time_s - track.seen_s <= SHOWN_S)
        ]


def look_of(image_bgr: Image, box: Box) -> Look:
    """What a person looks like: the face and what is worn below it, in a few patches of `(9, 6, 3)` Lab colour, 0 to 1;
    not a number outside the picture."""
    x, y, width, height = box
    left, right = round(x - 0.1 * width), round(x + 1.1 * width)
    top, bottom = round(y), round(y + 1.9 * height)
    sides = np.array([max(bottom - top, 1), max(right - left, 1)])
    whole = _unseen()
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
    tracks: Sequence[Track], faces: Sequence[Detection], looks: Sequence[Look], time_s: float
) -> list[tuple[int, int]]:
    """Places of tracks and faces that belong together, one to one."""
    if not tracks or not faces:
        return []
    expected = [track.face for track in tracks]
    overlap = overlaps([face.box for face in expected], [face.box for face in faces])
    widths = np.array([[max(face.box[2], 1.0)] for face in expected])
    apart = _landmarks_apart(expected, faces) / widths
    ratio = np.array([face.box[2] for face in faces]) / widths
    unlike = _unlike(np.stack([track.look for track in tracks]), np.stack(looks))
    lost_s = np.array([[min(time_s - track.seen_s, KEPT_S)] for track in tracks])
    is_near = (overlap >= LEAST_OVERLAP) & (unlike < DIFFERENT)
    is_alike = (unlike < ALIKE) & (ratio > 0.6) & (ratio < 1.6) & (apart < REACH + REACH_PER_S * lost_s)
    merit = overlap + np.exp(-2 * apart) + 2 * np.clip(1 - unlike / (2 * ALIKE), 0, None)
    merit[~(is_near | is_alike)] = -1
    return _one_to_one(merit)


def _one_to_one(merit: npt.NDArray[np.float64]) -> list[tuple[int, int]]:
    """Rows and columns of the pairs whose merits add up to the most; -1 stands for what is no pair."""
    fit = merit >= 0
    if fit.sum(0).max() <= 1 and fit.sum(1).max() <= 1:  # nobody is claimed twice, as in most frames
        rows, columns = np.nonzero(fit)
    else:
        from scipy.optimize import linear_sum_assignment  # takes a third of a second and 49 MiB

        rows, columns = linear_sum_assignment(-merit)
    return [(int(row), int(column)) for row, column in zip(rows, columns, strict=True) if merit[row, column] >= 0]


def _landmarks_apart(first: Sequence[Detection], second: Sequence[Detection]) -> npt.NDArray[np.float64]:
    """`(N, M)`: mean distance of the landmarks of every face of the first and every face of the second."""
    here, there = (np.stack([face.landmarks for face in faces]).astype(np.float64) for faces in (first, second))
    return np.asarray(np.linalg.norm(here[:, None] - there[None], axis=-1).mean(-1))


def _unlike(first: Look, second: Look) -> npt.NDArray[np.float64]:
    """`(N, M)`: mean difference of every look of the first and every look of the second where both are known."""
    difference = np.abs(first[:, None] - second[None]).reshape(len(first), len(second), -1)
    known = np.isfinite(difference).sum(-1)
    total = np.nansum(difference, axis=-1)
    return np.where(known >= _LEAST_KNOWN, total / np.maximum(known, 1), UNKNOWN)


def _unseen() -> Look:
    """The look of somebody of whom nothing is known."""
    return np.full((*_LOOK_PX[::-1], 3), np.nan, np.float32)


def _is_alone(place: int, faces: Sequence[Detection]) -> bool:
    """Whether no other face covers part of this one's look."""
    x, y, width, height = faces[place].box
    around = (x - 0.2 * width, y, 1.4 * width, 1.9 * height)
    others = [face.box for other, face in enumerate(faces) if other != place]
    return not others or float(overlaps([around], others).max()) < 0.02


def _see(track: Track, face: Detection, look: Look, time_s: float, alone: bool) -> None:
    track.face, track.seen_s, track.sure, track.missed = face, time_s, True, 0
    track.times_seen += 1
    if alone:
        kept = (1 - _NEW_LOOK) * track.look + _NEW_LOOK * look
        # What is known of one of them only.
        kept = np.where(np.isfinite(track.look), np.where(np.isfinite(look), kept, track.look), look)
        track.look = kept.astype(np.float32)


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
