"""One frame in, everything AgeCam says about it out. No thread, no file, no window."""

import time
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import tensorflow as tf

from agecam.detector import FaceDetector
from agecam.device import DeviceChoice, choose_device
from agecam.errors import AgeCamError, DetectorError, EstimatorError
from agecam.estimator import Estimator
from agecam.flow import SmallGrey
from agecam.fusion import Fusion
from agecam.memory import give_back_unused
from agecam.schedule import Plan, Planner, Schedule, Thorough
from agecam.tracker import Tracker
from agecam.types import Attributes, Detection, Face, Frame, FrameResult, Image


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
        self.fuse = fuse
        self.detector = detector
        self.estimator = estimator
        self.track = track
        self._of_stills: Planner = Thorough(min_face_px=still_face_px)
        self._of_frames: Planner = Thorough(detect_every)
        if budget_ms is not None:
            self._of_frames = Schedule(detector.min_face_px, budget_ms, detector.is_compiled)
        self.refusal: AgeCamError | None = None
        """Why it does not compute where it was asked to."""
        self.stages_ms: dict[str, float] = {}
        """What each stage of the last step took: detector where it did not rest, tracker, estimator with its crops."""
        self.reset()

    @property
    def device(self) -> str:
        """Where it computes, as a person reads it: 'CPU' or 'GPU'."""
        return self.detector.device.strip("/").partition(":")[0]

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
        picture = self._uploaded(frame.image_bgr)
        is_detection = planner.wants_detection(frame.time_s, self._tracker.speed, self._tracker.sure)
        if is_detection:
            self._faces = self.detector.detect(picture, planner.least_px(min(height_px, width_px)))
            self._numbers = [None] * len(self._faces)
        detected_s = time.perf_counter()
        if self.track:
            self._follow(frame, is_detection)
        tracked_s = time.perf_counter()
        count = planner.judges(len(self._faces), (tracked_s - started_s) * 1e3)
        attributes, judged = self._judged(frame, picture, count)
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

    def _uploaded(self, image_bgr: Image) -> Image | tf.Tensor:
        """Once for both networks, where there is something to upload to."""
        if self.detector.device.startswith("/CPU"):
            return image_bgr
        with tf.device(self.detector.device):
            return tf.convert_to_tensor(image_bgr)

    def _follow(self, frame: Frame, is_detection: bool) -> None:
        """Put the faces where they are in this frame, each with its person's number."""
        if is_detection:
            self._tracker.update(self._faces, frame.time_s, frame.image_bgr)
        shown = self._tracker.shown(frame.time_s)
        self._faces = [person.face for person in shown]
        self._numbers = [person.number for person in shown]

    def _judged(self, frame: Frame, picture: Image | tf.Tensor, count: int) -> tuple[list[Attributes], int]:
        """What to say of each face, and how many the estimator has looked at: with fusion `count`, and who is new."""
        numbers = [number for number in self._numbers if number is not None]
        if not self.fuse or len(numbers) < len(self._faces):
            return self.estimator.estimate(picture, self._faces, twice=frame.still), len(self._faces)
        self._fusion.forget_all_but(self._tracker.numbers)
        chosen = self._fusion.most_urgent(numbers, self._faces, frame, count)
        faces = [self._faces[place] for place in chosen]
        seen = self.estimator.estimate(picture, faces, twice=frame.still)
        self._fusion.add([numbers[place] for place in chosen], faces, seen, frame)
        return self._fusion.told(numbers), len(chosen)


def build_engine(
    model: str = "compact",
    device: DeviceChoice = "auto",
    min_face_px: float = 40,
    detect_every: int = 1,
    track: bool = True,
    first_size: tuple[int, int] | None = None,
    still_face_px: float | None = None,
    fuse: bool = True,
    budget_ms: float | None = None,
) -> Engine:
    """The engine with the networks of a model, ready to step.

    Args:
        first_size: height and width of the frames to come, if they are known: the first step is then as fast as any.

    Raises:
        WeightsError: there is no such model, or its files are damaged.
        UsageError: a GPU was asked for and there is none.
    """
    chosen = choose_device(device)
    refusal = None
    try:
        detector, estimator = _networks(model, chosen, min_face_px, first_size)
    except (tf.errors.OpError, DetectorError, EstimatorError) as error:
        if chosen == "/CPU:0":
            raise
        # Another program holds its memory, or its driver does not fit: slower is better than not at all.
        reason = str(getattr(error, "message", error)).strip().partition("\n")[0]
        refusal = AgeCamError(
            "The graphics card cannot be used ({reason}): AgeCam computes on the processor.", reason=reason
        )
        detector, estimator = _networks(model, choose_device("cpu"), min_face_px, first_size)
    engine = Engine(detector, estimator, detect_every, track, still_face_px, fuse, budget_ms)
    engine.refusal = refusal
    give_back_unused()
    return engine


def _networks(
    model: str, device: str, min_face_px: float, first_size: tuple[int, int] | None
) -> tuple[FaceDetector, Estimator]:
    if first_size is None and device != "/CPU:0":
        first_size = _SOME_SIZE  # whether it has room shows when something is computed
    detector = FaceDetector(device, min_face_px)
    # TensorFlow optimises the detector's graph for seconds, outside Python: meanwhile the other networks load.
    with ThreadPoolExecutor(1, thread_name_prefix="warming the detector") as pool:
        black = np.zeros((*first_size, 3), np.uint8) if first_size is not None else None
        warming = pool.submit(detector.detect, black) if black is not None else None
        estimator = Estimator.load(model, device)
        if black is not None:
            estimator.estimate_squares(black, _SOME_SQUARE)
    if warming is not None:
        try:
            warming.result()
        except DetectorError:
            if device != "/CPU:0":
                raise
            # On the processor the first step will say so.
    return detector, estimator


_SOME_SIZE = (480, 640)
_SOME_SQUARE = np.array([[100, 100, 40, 0]], np.float32)
