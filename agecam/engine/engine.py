"""Analyses one frame at a time. No threads, no files, no window."""

from dataclasses import replace

import numpy as np

from agecam.backends import Backend, choose_backend, for_live_estimates, on_processor
from agecam.engine.options import EngineOptions, smallest_face_px
from agecam.engine.schedule import Plan
from agecam.engine.steps import FrameStep, StageTimes, StillStep
from agecam.errors import AgeCamError, DetectorError, EstimatorError
from agecam.models.store import network_files
from agecam.runtime.memory import give_back_freed
from agecam.types import Frame, FrameResult
from agecam.vision.detector import FaceDetector
from agecam.vision.estimator import Estimator
from agecam.vision.pyramid import is_large


class Engine:
    """Runs detector, tracker and estimator on each frame. Not thread-safe."""

    def __init__(
        self,
        detector: FaceDetector,
        estimator: Estimator,
        options: EngineOptions | None = None,
        device: str = "CPU",
        live_estimator: Estimator | None = None,
    ) -> None:
        """
        Args:
            detector, estimator: on the same device; several engines may share them.
            options: `model`, `device` and `backend` are ignored, as detector and estimator are given.
            device: on which they run, for display: 'CPU' or 'GPU'.
            live_estimator: the same model for frames of a video; by default `estimator`.
        """
        options = options or EngineOptions()
        self.detector = detector
        self.estimator = estimator
        self.device = device
        self.refusal: AgeCamError | None = None
        """Why the requested device is not used, if it is not."""
        self.min_face_px = options.min_face_px
        """Smallest face to detect from the next step on; None: `smallest_face_px` decides."""
        self.thorough = False
        """Whether to look for all faces in every frame, however long it takes: nobody may be missed."""
        self.stages_ms: dict[str, float] = {}
        """Milliseconds of each stage in the last step: 'detector' (absent if faces were only propagated), 'tracker' and
        'estimator' (with its crops)."""
        self._stills = StillStep(detector, estimator, options)
        self._frames = FrameStep(detector, live_estimator or estimator, options)
        self._last_s = 0.0

    @property
    def plan(self) -> Plan | None:
        """The current plan of the schedule, if there is one."""
        return self._frames.planner.plan

    def reset(self) -> None:
        """Forget the people seen so far, for example for a new source."""
        self._frames.reset()
        self._last_s = 0.0

    def step(self, frame: Frame) -> FrameResult:
        """Detect, track and estimate the faces of the next frame, or of a still picture.

        Raises:
            DetectorError, EstimatorError: a network failed. A frame without faces is not an error.
        """
        if frame.still or frame.time_s < self._last_s:
            self.reset()  # its people are not those of earlier frames
        self._last_s = frame.time_s
        times = StageTimes()
        is_halved = self.plan is not None and not self.thorough and is_large(*frame.size)
        min_face_px = smallest_face_px(self.min_face_px, min(frame.size), frame.still, is_halved)
        if frame.still:
            result = self._stills.run(frame, min_face_px, times)
        else:
            result = self._frames.run(frame, min_face_px, self.thorough, times)
        self.stages_ms = times.ms
        return replace(result, model=self.estimator.card.name)


def build_engine(options: EngineOptions | None = None) -> Engine:
    """Load a model and build an engine with it.

    Raises:
        WeightsError: there is no such model, or its files are damaged.
        UsageError: the requested GPU or backend is not available.
    """
    options = options or EngineOptions()
    backend, refusal = choose_backend(options.device, options.backend)
    try:
        networks = _load(options, backend)
    except (RuntimeError, DetectorError, EstimatorError) as error:
        if backend.device == "cpu":
            raise
        # Its memory may be full, or its driver may not match: a slow processor is better than an error.
        reason = str(error).partition("\n")[0]
        refusal = AgeCamError("The GPU cannot be used ({reason}): AgeCam computes on the processor.", reason=reason)
        backend = on_processor()
        networks = _load(options, backend)
    live_estimator = live_variant(networks[1], backend) if options.budget_ms is not None else None
    engine = Engine(*networks, options, backend.device.upper(), live_estimator)
    engine.refusal = refusal
    give_back_freed()  # without collecting garbage: the window lets only its own thread do that
    return engine


def live_variant(estimator: Estimator, backend: Backend) -> Estimator:
    """The estimator of the same model for live video; it may be the same. Raises WeightsError."""
    live_backend = for_live_estimates(backend, network_files(estimator.card))
    return estimator if live_backend is backend else Estimator.load(str(estimator.card.path), live_backend)


def _load(options: EngineOptions, backend: Backend) -> tuple[FaceDetector, Estimator]:
    detector, estimator = FaceDetector(backend), Estimator.load(options.model, backend)
    if backend.device != "cpu":  # a first run shows whether the GPU has enough memory
        detector.detect(np.zeros((480, 640, 3), np.uint8))
        estimator.warm_up()
    return detector, estimator
