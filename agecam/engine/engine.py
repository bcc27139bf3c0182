"""One frame in, everything AgeCam says about it out. No thread, no file, no window."""

import time

import numpy as np

from agecam.backends import Backend, BackendChoice, DeviceChoice, choose_backend, on_processor
from agecam.engine.schedule import Plan, Planner, Schedule, Thorough
from agecam.errors import AgeCamError, DetectorError, EstimatorError
from agecam.runtime.memory import give_back_unused
from agecam.tracking.optical_flow import SmallGrey
from agecam.tracking.smoothing import Fusion
from agecam.tracking.tracker import Tracker
from agecam.types import Attributes, Detection, Face, Frame, FrameResult
from agecam.vision.detector import FaceDetector
from agecam.vision.estimator import Estimator


class Engine:
    """Detector, tracker and estimator in a row. Used by one thread at a time."""

    def __init__(
        self,
        detector: FaceDetector,
        estimator: Estimator,
        detect_every: int = 1,
        track: bool = True,
        still_face_px: float | None = None,
        fuse: bool = True,
        budget_ms: float | None = None,
        device: str = "CPU",
    ) -> None:
        """
        Args:
            detector, estimator: on the same device.
            detect_every: look for faces in every so many frames only; between them the picture carries them along.
            track: follow everybody and give each a number; without, every frame is looked at by itself.
            still_face_px: smallest face in still pictures, if it is another than the detector's.
            fuse: say of everybody who is followed what all frames say together; else what each says alone.
            budget_ms: what a step may take, for live pictures; needs both of these. A schedule then chooses when to
                look for faces and whom to judge; else everything is done in every frame.
        """
        self.device = device
        """Where it computes, as a person reads it: 'CPU' or 'GPU'."""
        self.fuse = fuse
        self.detector = detector
        self.estimator = estimator
        self.track = track
        self._of_stills: Planner = Thorough(min_face_px=still_face_px)
        self._of_frames: Planner = Thorough(detect_every)
        if budget_ms is not None:
            self._of_frames = Schedule(detector.min_face_px, budget_ms)
        self.refusal: AgeCamError | None = None
        """Why it does not compute where it was asked to."""
        self.stages_ms: dict[str, float] = {}
        """What each stage of the last step took: detector where it did not rest, tracker, estimator with its crops."""
        self.reset()

    @property
    def plan(self) -> Plan | None:
        """What the schedule does, if there is one."""
        return self._of_frames.plan

    def reset(self) -> None:
        """Forget the people seen so far: another source begins."""
        self._tracker = Tracker()
        self._fusion = Fusion(self.estimator.card.calibration)
        self._of_stills.begin()
        self._of_frames.begin()
        self._time_s = 0.0
        self._faces: list[Detection] = []
        self._numbers: list[int | None] = []

    def step(self, frame: Frame) -> FrameResult:
        """Find, follow and judge the faces of the next frame; those of a still picture twice, for it is the only one.

        Raises:
            DetectorError, EstimatorError: the networks themselves failed; a frame without faces is no failure.
        """
        if frame.still or frame.time_s < self._time_s:
            self.reset()  # who is in it has nothing to do with who was in the picture before
        self._time_s = frame.time_s
        planner = self._of_stills if frame.still else self._of_frames
        height_px, width_px = frame.image_bgr.shape[:2]
        started_s = time.perf_counter()
        if self.track:
            self._tracker.carry(SmallGrey.of(frame.image_bgr), frame.time_s)
        carried_s = time.perf_counter()
        is_detection = planner.wants_detection(frame.time_s, self._tracker.speed, self._tracker.sure)
        if is_detection:
            self._faces = self.detector.detect(frame.image_bgr, planner.least_px(min(height_px, width_px)))
            self._numbers = [None] * len(self._faces)
        detected_s = time.perf_counter()
        if self.track:
            self._follow(frame, is_detection)
        tracked_s = time.perf_counter()
        count = planner.judges(len(self._faces), (tracked_s - started_s) * 1e3)
        attributes, judged = self._judged(frame, count)
        ended_s = time.perf_counter()
        detector_ms, estimator_ms = (detected_s - carried_s) * 1e3, (ended_s - tracked_s) * 1e3
        tracker_ms = (carried_s - started_s + tracked_s - detected_s) * 1e3
        self.stages_ms = {"tracker": tracker_ms, "estimator": estimator_ms}
        if is_detection:
            self.stages_ms = {"detector": detector_ms} | self.stages_ms
        planner.note(self.stages_ms.get("detector"), tracker_ms, estimator_ms, judged, len(self._faces))
        faces = tuple(
            Face.of(face, of_face, number)
            for face, of_face, number in zip(self._faces, attributes, self._numbers, strict=True)
        )
        return FrameResult(frame.source, frame.index, frame.time_s, width_px, height_px, faces)

    def _follow(self, frame: Frame, is_detection: bool) -> None:
        """Put the faces where they are in this frame, each with its person's number."""
        if is_detection:
            self._tracker.update(self._faces, frame.time_s, frame.image_bgr)
        shown = self._tracker.shown(frame.time_s)
        self._faces = [person.face for person in shown]
        self._numbers = [person.number for person in shown]

    def _judged(self, frame: Frame, count: int) -> tuple[list[Attributes], int]:
        """What to say of each face, and how many the estimator has looked at: with fusion `count`, and who is new."""
        numbers = [number for number in self._numbers if number is not None]
        if not self.fuse or len(numbers) < len(self._faces):
            return self.estimator.estimate(frame.image_bgr, self._faces, twice=frame.still), len(self._faces)
        self._fusion.forget_all_but(self._tracker.numbers)
        chosen = self._fusion.most_urgent(numbers, self._faces, frame, count)
        faces = [self._faces[place] for place in chosen]
        seen = self.estimator.estimate(frame.image_bgr, faces, twice=frame.still)
        self._fusion.add([numbers[place] for place in chosen], faces, seen, frame)
        return self._fusion.told(numbers), len(chosen)


def build_engine(
    model: str = "compact",
    device: DeviceChoice = "auto",
    min_face_px: float = 40,
    detect_every: int = 1,
    track: bool = True,
    still_face_px: float | None = None,
    fuse: bool = True,
    budget_ms: float | None = None,
    backend: BackendChoice = "auto",
) -> Engine:
    """The engine with the networks of a model, ready to step.

    Raises:
        WeightsError: there is no such model, or its files are damaged.
        UsageError: a GPU or a backend was asked for that is not there.
    """
    chosen, refusal = choose_backend(device, backend)
    try:
        detector, estimator = _networks(model, chosen, min_face_px)
    except (RuntimeError, DetectorError, EstimatorError) as error:
        if chosen.device == "cpu":
            raise
        # Another program holds its memory, or its driver does not fit: slower is better than not at all.
        reason = str(error).partition("\n")[0]
        refusal = AgeCamError("The GPU cannot be used ({reason}): AgeCam computes on the processor.", reason=reason)
        chosen = on_processor()
        detector, estimator = _networks(model, chosen, min_face_px)
    engine = Engine(detector, estimator, detect_every, track, still_face_px, fuse, budget_ms, chosen.device.upper())
    engine.refusal = refusal
    give_back_unused()
    return engine


def _networks(model: str, backend: Backend, min_face_px: float) -> tuple[FaceDetector, Estimator]:
    detector, estimator = FaceDetector(backend, min_face_px), Estimator.load(model, backend)
    if backend.device != "cpu":  # whether it has room shows when something is computed
        detector.detect(np.zeros((480, 640, 3), np.uint8))
        estimator.warm_up()
    return detector, estimator
