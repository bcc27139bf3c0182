"""The inference thread: loads the networks and always analyses the latest frame."""

import threading
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Protocol

from agecam.engine.options import EngineOptions
from agecam.engine.schedule import Plan
from agecam.errors import AgeCamError, as_agecam_error
from agecam.live.caught import caught
from agecam.live.mailbox import Mailbox
from agecam.live.statistics import EventRate
from agecam.types import Frame, FrameResult


class LiveEngine(Protocol):
    """The part of `agecam.engine.engine.Engine` that the inference thread uses."""

    @property
    def device(self) -> str:
        """Name of the device, as shown to people."""

    @property
    def stages_ms(self) -> dict[str, float]:
        """Duration of each stage in the last step, in milliseconds."""

    min_face_px: float | None
    """Smallest face to detect from the next step on; None for the default."""
    thorough: bool
    """Whether to look for all faces in every frame."""

    @property
    def refusal(self) -> AgeCamError | None:
        """Why the engine does not run on the requested device."""

    @property
    def plan(self) -> Plan | None:
        """Current plan of its schedule."""

    def step(self, frame: Frame) -> FrameResult:
        """Analyse a frame; raises DetectorError and EstimatorError."""

    def reset(self) -> None:
        """Forget the people seen so far."""


BuildEngine = Callable[[EngineOptions], LiveEngine]


@dataclass(frozen=True, slots=True)
class InferenceTask:
    """A frame to analyse."""

    frame: Frame
    generation: int
    """Number of the source: results for a source closed in the meantime are discarded."""
    frame_number: int
    """Counts up over all sources."""
    arrived_s: float
    """When the frame arrived, on the monotonic clock."""


@dataclass(frozen=True, slots=True)
class InferenceResult:
    """A task with its result."""

    task: InferenceTask
    frame_result: FrameResult
    engine_run: int = 0
    """Counts up whenever the engine has forgotten the people seen so far, and their tracks."""


class InferenceThread:
    """Owns the engine and runs it on a separate thread. Frames arrive in `tasks`, which keeps only the latest."""

    def __init__(
        self,
        build: BuildEngine,
        options: EngineOptions,
        on_result: Callable[[InferenceResult], None],
        on_change: Callable[[], None],
    ) -> None:
        """
        Args:
            build: called on the inference thread, at the start and when options change; raises AgeCamError.
            options: of the first engine.
            on_result: called on the inference thread with each result.
            on_change: called on the inference thread when `loading`, `error` or `device` has changed.
        """
        self.tasks: Mailbox[InferenceTask] = Mailbox()
        self.rate = EventRate()
        self.loading = True
        self.error: AgeCamError | None = None
        """Why frames are not analysed; None if they are."""
        self.engine: LiveEngine | None = None
        self.thorough = False
        """Whether to look for all faces in every frame, so that nobody is missed; may be set on any thread."""
        self._build = build
        self._options = options
        self._requested = options
        self._on_result = on_result
        self._on_change = on_change
        self._generation: int | None = None
        self._engine_run = 0
        self._thread = threading.Thread(target=self._run, name="inference", daemon=True)

    @property
    def device(self) -> str:
        """Name of the device, as shown to people."""
        engine = self.engine
        return engine.device if engine is not None else ""

    @property
    def plan(self) -> Plan | None:
        """Current plan of the engine's schedule."""
        engine = self.engine
        return engine.plan if engine is not None else None

    @property
    def refusal(self) -> AgeCamError | None:
        """Why the engine does not run on the requested device; None if it does."""
        engine = self.engine
        return engine.refusal if engine is not None else None

    def start(self) -> None:
        """Start loading the networks; returns immediately."""
        self._thread.start()

    def stop(self, timeout_s: float | None = 0.0) -> bool:
        """Ask the thread to end, wait for up to `timeout_s` and return whether it has ended."""
        self.tasks.close()
        self._thread.join(timeout_s)
        return not self._thread.is_alive()

    def use(self, options: EngineOptions) -> None:
        """Use other options from the next task on, or try again to use the same after an error.

        Another smallest face needs no other engine.
        """
        self._requested = replace(options)

    def _run(self) -> None:
        self._rebuild()
        while (task := self.tasks.take()) is not None or not self.tasks.closed:
            if (requested := self._requested) is not self._options:
                is_other = replace(requested, min_face_px=self._options.min_face_px) != self._options
                self._options = requested
                if is_other or self.error is not None:
                    self._rebuild()
            if task is not None and self.engine is not None:
                self._analyse(task)

    def _analyse(self, task: InferenceTask) -> None:
        # The engine is not a local variable, which the traceback of an error would keep alive.
        assert self.engine is not None
        try:
            if task.generation != self._generation:
                self._generation = task.generation
                self._engine_run += 1
                self.engine.reset()
            self.engine.min_face_px, self.engine.thorough = self._options.min_face_px, self.thorough
            result = self.engine.step(task.frame)
            self.rate.tick()
            self._on_result(InferenceResult(task, result, self._engine_run))
        except Exception as error:
            if not isinstance(error, AgeCamError):
                self._generation = None  # the engine may be half changed: it starts anew with the next frame
            if str(as_agecam_error(error)) != str(self.error):  # shown once, not in every frame
                self.error = caught(error)
                self._on_change()
            return
        if self.error is not None:
            self.error = None
            self._on_change()

    def _rebuild(self) -> None:
        self.loading = True
        self.engine = None  # before the next one is built: two at once may not fit into memory
        self._on_change()
        try:
            self.engine = self._build(self._options)
            self._generation = None
            self.error = None
        except Exception as error:
            self.error = caught(error)
        self.loading = False
        self._on_change()
