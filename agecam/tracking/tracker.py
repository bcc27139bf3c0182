"""Tracks people across frames: each keeps one `track_id` while in view.

Between detections, faces are propagated by optical flow; a lost face continues at its last velocity. Detected faces are
then matched one to one with the expected ones, by overlap, landmark positions and appearance (face and clothes), which
separates people who pass each other.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

import lap
import numpy as np
import numpy.typing as npt

from agecam.tracking.appearance import Appearance, appearance_distance, appearance_of, unknown_appearance
from agecam.tracking.optical_flow import CutDetector, GreyFrame, propagate
from agecam.types import Box, Detection, Image

MIN_OVERLAP = 0.25
"""Intersection over union from which two boxes are of the same face, unless their appearances are `DIFFERENT`."""
MAX_DISTANCE, MAX_DISTANCE_PER_S = 0.8, 1.5
"""How far a face whose appearance is `ALIKE` may be from where it is expected, in face widths, and how much further for
each second that it was lost."""
ALIKE, DIFFERENT = 0.055, 0.165
"""Distances of two appearances: below `ALIKE` they are of one person, from `DIFFERENT` on of two."""
MAX_LOST_S, MAX_MISSED = 1.5, 3
"""A lost face, occluded or in profile, keeps its `track_id` for the longer of this time and this many detections."""
MAX_VISIBLE_S, MIN_DETECTIONS = 0.35, 8
"""A face that the detector misses stays visible for this time, if it is propagated reliably and was detected this
often before."""
SURE_SCORE, AGREEING = 0.95, 2
"""A track is confirmed by at least this many detections whose log odds of being a face are in the mean those of this
score. A detection that misses it counts as even odds."""
_MAX_LOG_ODDS, _LOG_ODDS_MEMORY = 7.0, 6
"""Log odds of the highest scores, and how many detections the running mean reaches back."""
PERSISTENT_S, PERSISTENT_SHARE = 1.0, 0.9
"""A face that never reaches the score is confirmed if for this time it was found by this share of the detections:
patterns that look like a face do so only now and then."""
_BODY = (-0.8, -0.7, 2.6, 3.0)
"""Head and shoulders of a person, relative to the box of the face: left, top, width, height."""
_NEW_WEIGHT = 0.15
"""Weight of the newest appearance in the running mean."""


@dataclass(slots=True, eq=False)
class Track:
    """One person."""

    track_id: int
    face: Detection
    """Its detected or expected position."""
    appearance: Appearance
    detected_s: float
    """Time of the last detection."""
    detections: int = 1
    missed: int = 0
    """Detections since then that did not find it."""
    velocity: tuple[float, float] = (0.0, 0.0)
    """Velocity of the face centre, in pixels per second."""
    reliable: bool = True
    """Whether optical flow finds enough of its points."""
    begun_s: float = 0.0
    """Time of the first detection."""
    attempts: int = 0
    """Detections since then, whether or not they found it."""
    log_odds: float = 0.0
    """Running mean, over the last attempts, of the log odds that this is a face."""
    confirmed_s: float = math.nan
    """Since when the detections agree that this is a face; not a number until they do."""

    @property
    def confirmed(self) -> bool:
        """Whether the detections agree that this is a face; once confirmed, a track remains so."""
        return not math.isnan(self.confirmed_s)

    def begin_again(self, time_s: float) -> None:
        """Drop all evidence: something else speaks against a face."""
        self.confirmed_s, self.begun_s = math.nan, time_s
        self.detections, self.attempts, self.log_odds = 0, 0, 0.0


class Tracker:
    """Assigns a `track_id` to each face. Times are those of the frames, in seconds, and never go back."""

    def __init__(self, lone_score: float = math.inf) -> None:
        """`lone_score`: a single detection with at least this score confirms a track."""
        self._lone_score = lone_score
        self._tracks: list[Track] = []
        self._count = 0
        self._previous: tuple[GreyFrame, float] | None = None
        self._interval_s = 0.0
        """Between the last two frames."""
        self._cut_detector = CutDetector()

    @property
    def track_ids(self) -> set[int]:
        """IDs of all people who are in view or may come back."""
        return {track.track_id for track in self._tracks}

    @property
    def speed(self) -> float:
        """Speed of the fastest face in view, in face widths per second."""
        return max(
            (math.hypot(*track.velocity) / max(track.face.box[2], 1.0) for track in self._in_view()), default=0.0
        )

    @property
    def reliable(self) -> bool:
        """Whether all faces in view are propagated reliably."""
        return all(track.reliable for track in self._in_view())

    @property
    def all_in_view(self) -> bool:
        """Whether nobody is lost, and all faces are confirmed and propagated reliably."""
        return all(track.missed == 0 and track.confirmed and track.reliable for track in self._tracks)

    def _in_view(self) -> list[Track]:
        return [track for track in self._tracks if track.missed == 0]

    def propagate(self, picture: GreyFrame, time_s: float) -> None:
        """Propagate the faces to the next frame; after a cut, forget them all."""
        if self._cut_detector.is_cut(picture):
            self._tracks.clear()
        if self._previous is not None:
            self._interval_s = time_s - self._previous[1]
        if self._previous is not None and self._tracks:
            before, before_s = self._previous
            elapsed_s = max(time_s - before_s, 1e-3)
            moved, reliable = propagate([track.face for track in self._tracks], before, picture)
            occluded = _maybe_occluded([track.face.box for track in self._tracks])
            for track, face, is_reliable, is_occluded in zip(self._tracks, moved, reliable, occluded, strict=True):
                # If a lost face may be occluded, the points may be on the person in front of it.
                track.reliable = is_reliable and not (track.missed and is_occluded)
                if is_occluded:
                    track.velocity = _decayed(track.velocity, elapsed_s)
                elif is_reliable:
                    track.velocity = _smoothed_velocity(track.velocity, track.face.box, face.box, elapsed_s)
                is_lost = track.missed > 0 and not track.reliable
                track.face = _shifted(track.face, track.velocity, elapsed_s) if is_lost else face
        self._previous = (picture, time_s)

    def update(
        self, faces: Sequence[Detection], time_s: float, image_bgr: Image | None = None, scale: float = 1.0
    ) -> list[Track]:
        """Update the tracks with the detected faces of a frame.

        Args:
            faces: all faces detected in this frame.
            time_s: time of the frame.
            image_bgr: the frame, `(H, W, 3) uint8` BGR; without it, appearances are not compared.
            scale: size of this picture relative to the frame.

        Returns:
            The track of each face, in the order of the faces.
        """
        for track in self._tracks:
            track.missed += 1
        self._tracks = [
            track for track in self._tracks if time_s - track.detected_s <= MAX_LOST_S or track.missed <= MAX_MISSED
        ]
        appearances = [
            appearance_of(image_bgr, face.scaled(scale).box) if image_bgr is not None else unknown_appearance()
            for face in faces
        ]
        assigned: list[Track | None] = [None] * len(faces)
        for row, column in _match(self._tracks, faces, appearances, time_s):
            assigned[column] = self._tracks[row]
            _update_track(
                self._tracks[row],
                faces[column],
                appearances[column],
                time_s,
                unobstructed=_is_unobstructed(column, faces),
            )
        for index, face in enumerate(faces):
            if assigned[index] is None:
                self._count += 1
                new_track = Track(self._count, face, appearances[index], time_s, begun_s=time_s)
                self._tracks.append(new_track)
                assigned[index] = new_track
        found = [track for track in assigned if track is not None]
        for track in self._tracks:
            _add_evidence(track)
        for track in found:
            if not track.confirmed and self._is_agreed(track, time_s):
                track.confirmed_s = time_s
        return found

    def _is_agreed(self, track: Track, time_s: float) -> bool:
        """Whether the detections so far, the last of which found the face, confirm a track."""
        are_far_apart = self._interval_s > MAX_LOST_S  # frames in which nobody is seen twice
        persists = time_s - track.begun_s >= PERSISTENT_S and track.detections >= PERSISTENT_SHARE * track.attempts
        agree = track.detections >= AGREEING and track.log_odds >= _log_odds(SURE_SCORE)
        return are_far_apart or persists or agree or track.face.score >= self._lone_score

    def visible(self, time_s: float) -> list[Track]:
        """Tracks in view: those found by the last detection, and for a while those propagated reliably since."""
        return [
            track
            for track in self._tracks
            if track.missed == 0
            or (track.reliable and track.detections >= MIN_DETECTIONS and time_s - track.detected_s <= MAX_VISIBLE_S)
        ]


def overlaps(first: Sequence[Box], second: Sequence[Box]) -> npt.NDArray[np.float64]:
    """Intersection over union of each box of the first with each of the second, `(N, M)`."""
    a = np.asarray(first, np.float64).reshape(-1, 1, 4)
    b = np.asarray(second, np.float64).reshape(1, -1, 4)
    corner = np.maximum(a[..., :2], b[..., :2])
    far = np.minimum(a[..., :2] + a[..., 2:], b[..., :2] + b[..., 2:])
    shared = np.clip(far - corner, 0, None).prod(-1)
    whole = a[..., 2:].prod(-1) + b[..., 2:].prod(-1) - shared
    return np.asarray(np.divide(shared, whole, out=np.zeros_like(shared), where=whole > 0), np.float64)


def _match(
    tracks: Sequence[Track], faces: Sequence[Detection], appearances: Sequence[Appearance], time_s: float
) -> list[tuple[int, int]]:
    """Indices of the tracks and faces that belong together, one to one."""
    if not tracks or not faces:
        return []
    expected = [track.face for track in tracks]
    overlap = overlaps([face.box for face in expected], [face.box for face in faces])
    widths = np.array([[max(face.box[2], 1.0)] for face in expected])
    apart = _landmark_distance(expected, faces) / widths
    ratio = np.array([face.box[2] for face in faces]) / widths
    distance = appearance_distance(np.stack([track.appearance for track in tracks]), np.stack(appearances))
    lost_s = np.array([[min(time_s - track.detected_s, MAX_LOST_S)] for track in tracks])
    is_near = (overlap >= MIN_OVERLAP) & (distance < DIFFERENT)
    is_alike = (distance < ALIKE) & (ratio > 0.6) & (ratio < 1.6) & (apart < MAX_DISTANCE + MAX_DISTANCE_PER_S * lost_s)
    score = overlap + np.exp(-2 * apart) + 2 * np.clip(1 - distance / (2 * ALIKE), 0, None)
    score[~(is_near | is_alike)] = -1
    columns = lap.lapjv(-score, extend_cost=True, return_cost=False)[0]  # one of each row; -1 for none
    return [(row, int(column)) for row, column in enumerate(columns) if column >= 0 and score[row, column] >= 0]


def _landmark_distance(first: Sequence[Detection], second: Sequence[Detection]) -> npt.NDArray[np.float64]:
    """Mean distance of the landmarks of each face of the first and each of the second, `(N, M)`."""
    here, there = (np.stack([face.landmarks for face in faces]).astype(np.float64) for faces in (first, second))
    return np.asarray(np.linalg.norm(here[:, None] - there[None], axis=-1).mean(-1))


def _is_unobstructed(index: int, faces: Sequence[Detection]) -> bool:
    """Whether no other face covers part of what this one's appearance shows."""
    x, y, width, height = faces[index].box
    around = (x - 0.2 * width, y, 1.4 * width, 1.9 * height)
    others = [face.box for other, face in enumerate(faces) if other != index]
    return not others or float(overlaps([around], others).max()) < 0.02


def _add_evidence(track: Track) -> None:
    """Add the last detection, which found the track or missed it, to the evidence that it is a face."""
    track.attempts += 1
    now = _log_odds(track.face.score) if track.missed == 0 else 0.0
    track.log_odds += (now - track.log_odds) / min(track.attempts, _LOG_ODDS_MEMORY)


def _log_odds(score: float) -> float:
    return min(math.log(score / max(1 - score, 1e-9)), _MAX_LOG_ODDS)


def _update_track(track: Track, face: Detection, appearance: Appearance, time_s: float, unobstructed: bool) -> None:
    track.face, track.detected_s, track.reliable, track.missed = face, time_s, True, 0
    track.detections += 1
    if unobstructed:
        kept = (1 - _NEW_WEIGHT) * track.appearance + _NEW_WEIGHT * appearance
        # A value known in only one of them is taken from that one.
        kept = np.where(
            np.isfinite(track.appearance), np.where(np.isfinite(appearance), kept, track.appearance), appearance
        )
        track.appearance = kept.astype(np.float32)


def _smoothed_velocity(velocity: tuple[float, float], then: Box, now: Box, elapsed_s: float) -> tuple[float, float]:
    """Exponential mean of the velocity over about a fifth of a second."""
    share = 1 - float(np.exp(-elapsed_s / 0.2))
    step_x, step_y = (now[axis] + now[axis + 2] / 2 - then[axis] - then[axis + 2] / 2 for axis in (0, 1))
    return (
        (1 - share) * velocity[0] + share * step_x / elapsed_s,
        (1 - share) * velocity[1] + share * step_y / elapsed_s,
    )


def _maybe_occluded(boxes: Sequence[Box]) -> npt.NDArray[np.bool_]:
    """Whether the head or shoulders of another person overlap a face, `(N,)`."""
    faces = np.asarray(boxes, np.float64).reshape(-1, 4)
    scale = np.tile(faces[:, 2:], 2)
    bodies = np.array(_BODY) * scale + np.hstack([faces[:, :2], np.zeros_like(faces[:, :2])])
    corner = np.maximum(faces[:, None, :2], bodies[None, :, :2])
    far = np.minimum((faces[:, :2] + faces[:, 2:])[:, None], (bodies[:, :2] + bodies[:, 2:])[None])
    shared = np.clip(far - corner, 0, None).prod(-1)
    np.fill_diagonal(shared, 0)
    return np.asarray((shared > 0).any(axis=1))


def _decayed(velocity: tuple[float, float], elapsed_s: float) -> tuple[float, float]:
    """Velocity of an occluded face: it decays, as it becomes less and less certain."""
    share = float(np.exp(-elapsed_s / MAX_LOST_S))
    return velocity[0] * share, velocity[1] * share


def _shifted(face: Detection, velocity: tuple[float, float], elapsed_s: float) -> Detection:
    x, y, width, height = face.box
    step = np.array(velocity) * elapsed_s
    landmarks = (face.landmarks + step).astype(np.float32)
    return replace(face, box=(x + float(step[0]), y + float(step[1]), width, height), landmarks=landmarks)
