"""The analysis of one picture: one class for stills and one for frames of a video."""

import math
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from itertools import compress

from agecam.engine.options import VIDEO_FACE_PX, EngineOptions
from agecam.engine.schedule import EveryFrame, Planner, Schedule
from agecam.engine.turned import find_turned, has_upright_face
from agecam.errors import AgeCamError
from agecam.tracking.changes import ChangeDetector
from agecam.tracking.optical_flow import GreyFrame
from agecam.tracking.smoothing import TemporalSmoother
from agecam.tracking.tracker import Tracker
from agecam.types import Attributes, Detection, Face, Frame, FrameResult
from agecam.vision.detector import FaceDetector
from agecam.vision.estimator import Estimator
from agecam.vision.pyramid import halves_of, seen_in

STILLNESS_S = 0.5
"""Live, how long a scene that stands still is not analysed again."""
LONE_SCORE = 0.98
"""In a file, a single detection with this score confirms a face."""


class StageTimes:
    """Milliseconds of each stage of one step."""

    def __init__(self) -> None:
        self.ms: dict[str, float] = {}

    @contextmanager
    def measure(self, stage: str) -> Iterator[None]:
        """Add the time of the block to a stage."""
        start_s = time.perf_counter()
        yield
        self.ms[stage] = self.ms.get(stage, 0.0) + (time.perf_counter() - start_s) * 1e3


class StillStep:
    """Analyses a picture on its own: each face is estimated twice, once mirrored, and averaged."""

    def __init__(self, detector: FaceDetector, estimator: Estimator, options: EngineOptions) -> None:
        self._detector = detector
        self._estimator = estimator
        self._number_faces = options.number_stills

    def run(self, frame: Frame, min_face_px: float, times: StageTimes) -> FrameResult:
        """Analyse a still picture; raises DetectorError, EstimatorError."""
        with times.measure("detector"):
            faces = self._detector.detect(frame.image_bgr, min_face_px)
            if not has_upright_face(faces):
                faces = find_turned(self._detector, frame.image_bgr, min_face_px) or faces
            drawn = self._detector.are_drawn(frame.image_bgr, faces)
            confirmed = [
                not is_drawn and not _is_on_clothes(face, faces) for face, is_drawn in zip(faces, drawn, strict=True)
            ]
        with times.measure("estimator"):
            attributes = self._estimator.estimate(frame.image_bgr, faces, twice=True)
        track_ids = list(range(1, len(faces) + 1)) if self._number_faces else [None] * len(faces)
        result = _result(frame, faces, attributes, track_ids, confirmed)
        if faces and faces[0].turned_degrees:
            result = replace(result, remarks=(*result.remarks, _turned_remark(frame, faces[0].turned_degrees)))
        return result


class FrameStep:
    """Analyses the next frame of a video: people are tracked, and the planner decides which stages run."""

    def __init__(self, detector: FaceDetector, estimator: Estimator, options: EngineOptions) -> None:
        self._detector = detector
        self._estimator = estimator
        self._track = options.track
        # Live, a second detection comes within a fraction of a second; the results of a file should begin at once.
        self._lone_score = LONE_SCORE if options.budget_ms is None else math.inf
        self._smooth = options.track and options.smooth
        self.planner: Planner = EveryFrame(options.detect_every)
        if options.budget_ms is not None:
            self.planner = Schedule(options.budget_ms)
        self.reset()

    def reset(self) -> None:
        """Forget the people seen so far."""
        self._tracker = Tracker(self._lone_score)
        self._smoother = TemporalSmoother(self._estimator.card.calibration)
        self._faces: list[Detection] = []
        self._track_ids: list[int | None] = []
        self._confirmed: list[bool] = []
        self._changes = ChangeDetector()
        self._last: FrameResult | None = None
        """The last result that was computed."""
        self._is_detected = False
        """Whether faces were looked for since the picture has changed."""
        self.planner.reset()

    def run(self, frame: Frame, min_face_px: float, thorough: bool, times: StageTimes) -> FrameResult:
        """Analyse the next frame; raises DetectorError, EstimatorError.

        Args:
            frame: the frame.
            min_face_px: smallest face to detect; the planner may choose a larger one.
            thorough: detect all faces of this size in this frame, whatever it costs.
            times: receives the times of the stages.
        """
        self.planner.thorough = thorough
        if self._track:
            with times.measure("tracker"):
                picture = frame.derived(GreyFrame.of_frame)
                self._is_detected &= not self._changes.has_changed(picture)
            if self._is_detected and not thorough and (same := self._same_again(frame)) is not None:
                return same
            with times.measure("tracker"):
                self._tracker.propagate(picture, frame.time_s)
        is_calm = self._tracker.all_in_view and self._smoother.are_settled(self._tracker.track_ids)
        is_detection = self.planner.wants_detection(
            frame.time_s, self._tracker.speed, self._tracker.reliable, is_calm and self._smooth
        )
        planned_px = self.planner.min_face_for(min_face_px)
        self._is_detected |= is_detection
        if is_detection:
            with times.measure("detector"):
                self._faces = self._detect(frame, planned_px)
                self._track_ids = [None] * len(self._faces)
                self._confirmed = [True] * len(self._faces)
        if self._track:
            with times.measure("tracker"):
                self._update_tracks(frame, is_detection)
        count = self.planner.faces_to_estimate(len(self._faces), sum(times.ms.values()))
        with times.measure("estimator"):
            attributes, estimated = self._estimate(frame, count)
        self.planner.record(times.ms, estimated, len(self._faces))
        complete = is_detection and planned_px <= min_face_px
        result = _result(frame, self._faces, attributes, self._track_ids, self._confirmed)
        self._last = replace(result, complete=complete)
        return self._last

    def _detect(self, frame: Frame, min_face_px: float) -> list[Detection]:
        image, scale = seen_in(frame, min_face_px, VIDEO_FACE_PX)
        halves = halves_of(frame)[0 if scale == 1 else 1 :]
        return [face.scaled(1 / scale) for face in self._detector.detect(image, min_face_px * scale, halves)]

    def _same_again(self, frame: Frame) -> FrameResult | None:
        """Live, the last result for a frame that shows the same; None if it must be analysed nevertheless."""
        last = self._last
        is_recent = last is not None and 0 <= frame.time_s - last.time_s < STILLNESS_S
        if last is None or not is_recent or not self.planner.spares_settled or not all(self._confirmed):
            return None
        track_ids = [track_id for track_id in self._track_ids if track_id is not None]
        if not self._smoother.are_settled(track_ids):
            return None
        return replace(last, frame=frame.index, time_s=frame.time_s, remarks=frame.remarks, complete=False)

    def _update_tracks(self, frame: Frame, is_detection: bool) -> None:
        """Update the positions and track IDs of all faces in view."""
        if is_detection:
            seen, scale = seen_in(frame)  # appearances are coarse
            tracks = self._tracker.update(self._faces, frame.time_s, seen, scale)
            confirmed_now = [track for track in tracks if track.confirmed and track.confirmed_s == frame.time_s]
            if confirmed_now:
                drawn = self._detector.are_drawn(frame.image_bgr, [track.face for track in confirmed_now])
                for track in compress(confirmed_now, drawn):
                    track.begin_again(frame.time_s)
        visible = self._tracker.visible(frame.time_s)
        self._faces = [track.face for track in visible]
        self._track_ids = [track.track_id for track in visible]
        self._confirmed = [track.confirmed for track in visible]

    def _estimate(self, frame: Frame, count: int) -> tuple[list[Attributes], int]:
        """Attributes of each face, and how many were estimated: `count`, or all new people if they are more."""
        track_ids = [track_id for track_id in self._track_ids if track_id is not None]
        if not self._smooth:
            return self._estimator.estimate(frame.image_bgr, self._faces), len(self._faces)
        self._smoother.keep_only(self._tracker.track_ids)
        only_due = self.planner.spares_settled
        chosen = self._smoother.most_informative(track_ids, self._faces, frame, count, only_due)
        faces = [self._faces[index] for index in chosen]
        attributes = self._estimate_in(frame, faces) if faces else []
        self._smoother.add([track_ids[index] for index in chosen], faces, attributes, frame)
        return self._smoother.smoothed_attributes(track_ids), len(chosen)

    def _estimate_in(self, frame: Frame, faces: Sequence[Detection]) -> list[Attributes]:
        smallest_px = min(min(face.box[2:]) for face in faces)
        # Larger faces are reduced before they are cropped, whichever they are cropped from.
        image, scale = seen_in(frame, smallest_px, 2 * self._estimator.card.crop.size_px)
        return self._estimator.estimate(image, [face.scaled(scale) for face in faces])


def _result(
    frame: Frame,
    faces: Sequence[Detection],
    attributes: Sequence[Attributes],
    track_ids: Sequence[int | None],
    confirmed: Sequence[bool],
) -> FrameResult:
    width_px, height_px = frame.size
    of_frame = tuple(Face.of(*of_face) for of_face in zip(faces, attributes, track_ids, confirmed, strict=True))
    return FrameResult(frame.source, frame.index, frame.time_s, width_px, height_px, of_frame, remarks=frame.remarks)


SURE_SCORE = 0.95
"""The score from which a face in a still picture counts wherever it is."""
_BODY_WIDTHS, _BODY_HEIGHTS = 1.5, 2.5
"""Reach of the clothes to each side of the middle of a face, and below its box, in widths and heights of the box."""


def _is_on_clothes(face: Detection, faces: Sequence[Detection]) -> bool:
    """Whether a doubtful face lies on the clothes of a sure one at least twice as large.

    Badges and folds look like faces there. Somebody who stands in front would be larger, not smaller.
    """
    x, y = face.box[0] + face.box[2] / 2, face.box[1] + face.box[3] / 2
    for other in faces:
        left, top, width, height = other.box
        below = y - top - height
        if (
            other.score >= SURE_SCORE
            and height >= 2 * face.box[3]
            and abs(x - left - width / 2) <= _BODY_WIDTHS * width
            and 0 <= below <= _BODY_HEIGHTS * height
        ):
            return face.score < SURE_SCORE
    return False


def _turned_remark(frame: Frame, degrees: int) -> AgeCamError:
    return AgeCamError(
        "In '{name}', faces were found with the picture turned by {degrees} degrees clockwise: turn the file to see it "
        "upright.",
        name=frame.source,
        degrees=degrees,
    )
