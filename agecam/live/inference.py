"""The inference thread: loads the networks and always analyses the latest frame."""

import threading
from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from agecam.engine.options import EngineOptions
from agecam.engine.schedule import Plan
from agecam.errors import AgeCamError
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


@dataclass(frozen=True, slots=True)
class InferenceResult:
    """A task with its result."""

    task: InferenceTask
    frame_result: FrameResult


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
        self._build = build
        self._options = options
        self._requested = options
        self._on_result = on_result
        self._on_change = on_change
        self._generation: int | None = None
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
        """Rebuild the engine with other options before the next task."""
        self._requested = options

    def _run(self) -> None:
        self._rebuild()
        while (task := self.tasks.take()) is not None or not self.tasks.closed:
            if self._requested != self._options:
                self._options = self._requested
                self._rebuild()
            if task is None or self.engine is None:
                continue
            self._analyse(task, self.engine)

    def _analyse(self, task: InferenceTask, engine: LiveEngine) -> None:
        if task.generation != self._generation:
            self._generation = task.generation
            engine.reset()
        try:
            result = engine.step(task.frame)
        except AgeCamError as error:
            self._set_error(error)
            return
        if self.error is not None:
            self._set_error(None)
        self.rate.tick()
        self._on_result(InferenceResult(task, result))

    def _rebuild(self) -> None:
        self.loading = True
        self._on_change()
        try:
            self.engine = self._build(self._options)
            self._generation = None
            self.error = None
        except AgeCamError as error:
            self.engine, self.error = None, error
        self.loading = False
        self._on_change()

    def _set_error(self, error: AgeCamError | None) -> None:
        if str(error) != str(self.error):
            self.error = error
            self._on_change()
