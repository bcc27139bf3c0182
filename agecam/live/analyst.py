"""The inference thread: loads the networks, and judges the newest frame, again and again."""

import threading
from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from agecam.engine.options import EngineOptions
from agecam.engine.schedule import Plan
from agecam.errors import AgeCamError
from agecam.live.figures import Rate
from agecam.live.mailbox import Mailbox
from agecam.types import Frame, FrameResult


class LiveEngine(Protocol):
    """What the inference thread needs of `agecam.engine.engine.Engine`."""

    @property
    def device(self) -> str:
        """Where it computes, as a person reads it."""

    @property
    def stages_ms(self) -> dict[str, float]:
        """What each stage of the last step took."""

    @property
    def refusal(self) -> AgeCamError | None:
        """Why it does not compute where it was asked to."""

    @property
    def plan(self) -> Plan | None:
        """What its schedule does."""

    def step(self, frame: Frame) -> FrameResult:
        """Judge a frame; raises DetectorError."""

    def reset(self) -> None:
        """Forget the people seen so far."""


BuildEngine = Callable[[EngineOptions], LiveEngine]


@dataclass(frozen=True, slots=True)
class Task:
    """A frame to judge."""

    frame: Frame
    generation: int
    """Of the source: results of one that was closed since are let go."""
    number: int


@dataclass(frozen=True, slots=True)
class Judged:
    """What came of it."""

    task: Task
    result: FrameResult


class Analyst:
    """Owns the engine and its thread. Frames come through `tasks`, of which only the newest is kept."""

    def __init__(
        self, build: BuildEngine, options: EngineOptions, done: Callable[[Judged], None], changed: Callable[[], None]
    ) -> None:
        """
        Args:
            build: called on the inference thread, also anew when options change; raises AgeCamError.
            done: called on the inference thread with each result.
            changed: called on the inference thread when `loading`, `error` or `device` have changed.
        """
        self.tasks: Mailbox[Task] = Mailbox()
        self.rate = Rate()
        self.loading = True
        self.error: AgeCamError | None = None
        """Why nothing is judged."""
        self.engine: LiveEngine | None = None
        self._build = build
        self._options = options
        self._wanted = options
        self._done = done
        self._changed = changed
        self._generation: int | None = None
        self._thread = threading.Thread(target=self._run, name="inference", daemon=True)

    @property
    def device(self) -> str:
        """Where it computes, as a person reads it."""
        engine = self.engine
        return engine.device if engine is not None else ""

    @property
    def plan(self) -> Plan | None:
        """What the engine's schedule does."""
        engine = self.engine
        return engine.plan if engine is not None else None

    @property
    def refusal(self) -> AgeCamError | None:
        """Why faces are judged elsewhere than was asked for."""
        engine = self.engine
        return engine.refusal if engine is not None else None

    def start(self) -> None:
        """Begin to load the networks; returns at once."""
        self._thread.start()

    def stop(self, timeout_s: float | None = 0.0) -> bool:
        """Ask the thread to end, wait so long, and say whether it has."""
        self.tasks.close()
        self._thread.join(timeout_s)
        return not self._thread.is_alive()

    def use(self, options: EngineOptions) -> None:
        """Go on with other options, as soon as the networks are loaded."""
        self._wanted = options

    def _run(self) -> None:
        self._rebuild()
        while (task := self.tasks.take()) is not None or not self.tasks.closed:
            if self._wanted != self._options:
                self._options = self._wanted
                self._rebuild()
            if task is None or self.engine is None:
                continue
            self._judge(task, self.engine)

    def _judge(self, task: Task, engine: LiveEngine) -> None:
        if task.generation != self._generation:
            self._generation = task.generation
            engine.reset()
        try:
            result = engine.step(task.frame)
        except AgeCamError as error:
            self._say(error)
            return
        if self.error is not None:
            self._say(None)
        self.rate.tick()
        self._done(Judged(task, result))

    def _rebuild(self) -> None:
        self.loading = True
        self._changed()
        try:
            self.engine = self._build(self._options)
            self._generation = None
            self.error = None
        except AgeCamError as error:
            self.engine, self.error = None, error
        self.loading = False
        self._changed()

    def _say(self, error: AgeCamError | None) -> None:
        if str(error) != str(self.error):
            self.error = error
            self._changed()
