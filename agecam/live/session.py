"""The live program without its window: one source, its frames, their faces, and performance statistics.

capture thread -> latest frame -> inference thread
      |                                  |
      +-> frame to show <- its faces ----+     both wake the window, which then calls `view()`
"""

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial

from agecam.engine.options import EngineOptions
from agecam.errors import AgeCamError
from agecam.live.capture import CaptureState, CaptureThread, OpenSource, Phase
from agecam.live.inference import BuildEngine, InferenceResult, InferenceTask, InferenceThread
from agecam.live.propagation import FacePropagator
from agecam.live.statistics import Delays, EventRate, LiveStatistics
from agecam.sources import FrameSource
from agecam.types import Face, Frame

STOP_S = 1.5
"""How long closing waits for the threads; one that hangs in a camera driver is abandoned."""


@dataclass(frozen=True, slots=True)
class View:
    """A frame with its faces, ready to show."""

    frame: Frame
    faces: tuple[Face, ...]
    """Propagated to this frame."""
    frame_number: int
    """Counts up over all sources."""
    arrived_s: float
    """When the frame arrived, on the monotonic clock."""
    generation: int
    """Number of the source."""


class LiveSession:
    """Runs the capture and inference threads. Call its methods only from the window's thread."""

    def __init__(
        self,
        build: BuildEngine,
        options: EngineOptions,
        wake: Callable[[], None],
        on_result: Callable[[InferenceResult], None] | None = None,
    ) -> None:
        """
        Args:
            build: builds the engine, on the inference thread.
            options: of the first engine.
            wake: called on any thread when there is something new; must return immediately.
            on_result: called on the inference thread with each result for the open source.
        """
        self._wake = wake
        self._on_result = on_result
        self._lock = threading.Lock()
        self._propagator = FacePropagator()
        self._view: View | None = None
        self._frame_number = 0
        self._generation = 0
        self._last_painted = 0
        self._dropped = 0
        self._painted_total = self._analysed_total = 0
        self._shown_rate = EventRate()
        self._delays = Delays()
        self._stages: dict[str, Delays] = {}
        self._capture: CaptureThread | None = None
        self._unfinished: list[CaptureThread] = []
        self._inference = InferenceThread(build, options, self._handle_result, wake)
        self._inference.start()

    # --- the source ------------------------------------------------------------------------------------

    def open(
        self, open_source: OpenSource, is_live: bool, loop: bool = False, speed: float = 1.0, hold: bool = False
    ) -> None:
        """Close the current source and open another; returns immediately.

        Args:
            open_source: called on the capture thread; raises SourceError.
            is_live: whether to reopen the source after an error.
            loop: whether a file restarts at its end.
            speed: multiple of the normal playback speed.
            hold: whether a file pauses at its first frame until `capture.play()`.
        """
        self.close_source()
        with self._lock:
            generation = self._generation
        self._delays = Delays()
        previous = tuple(self._unfinished)

        def open_when_free() -> FrameSource:
            for capture in previous:  # a camera can only be reopened after it was closed
                capture.stop(STOP_S)
            return open_source()

        self._capture = CaptureThread(open_when_free, is_live, partial(self._handle_frame, generation), self._wake)
        self._capture.set_loop(loop)
        self._capture.set_speed(speed)
        if hold:
            self._capture.step()
        self._capture.start()

    def close_source(self) -> None:
        """Close the source and discard its view. Does not wait for the camera driver."""
        if self._capture is not None and not self._capture.stop():
            self._unfinished.append(self._capture)
        self._unfinished = [capture for capture in self._unfinished if not capture.stop()]
        self._capture = None
        self._inference.tasks.clear()
        with self._lock:
            self._generation += 1
            self._view = None
            self._propagator.reset()
            self._dropped = 0

    @property
    def capture(self) -> CaptureThread | None:
        """Controls the open source: pause, seek, step; None while no source is open."""
        return self._capture

    @property
    def source_state(self) -> CaptureState:
        """State of the source; ENDED while none is open."""
        return self._capture.state if self._capture is not None else CaptureState(Phase.ENDED)

    # --- the engine ------------------------------------------------------------------------------------

    def use(self, options: EngineOptions) -> None:
        """Switch to another model, device or smallest face."""
        self._inference.use(options)
        with self._lock:
            view = self._view
        if view is not None:  # so that a still picture is analysed again
            self._inference.tasks.put(InferenceTask(view.frame, view.generation, view.frame_number))

    @property
    def loading(self) -> bool:
        """Whether the networks are being loaded."""
        return self._inference.loading

    @property
    def engine_error(self) -> AgeCamError | None:
        """Why frames are not analysed; None if they are."""
        return self._inference.error

    @property
    def engine_refusal(self) -> AgeCamError | None:
        """Why the engine does not run on the requested device; None if it does."""
        return self._inference.refusal

    # --- the view and the statistics -------------------------------------------------------------------

    def view(self) -> View | None:
        """The latest frame and its faces; None while there is none."""
        with self._lock:
            return self._view

    def painted(self, view: View) -> None:
        """Record that the window has painted this view."""
        if view.frame_number == self._last_painted:
            return
        self._dropped += max(0, view.frame_number - self._last_painted - 1) if self._last_painted else 0
        self._last_painted = view.frame_number
        self._painted_total += 1
        self._shown_rate.tick()
        self._delays.add((time.monotonic() - view.arrived_s) * 1e3)

    def statistics(self) -> LiveStatistics:
        """Current performance statistics."""
        view = self.view()
        return LiveStatistics(
            shown_fps=self._shown_rate.per_second(),
            analysed_fps=self._inference.rate.per_second(),
            delay_p50_ms=self._delays.quantile(0.5),
            delay_p95_ms=self._delays.quantile(0.95),
            dropped=self._dropped,
            stages_ms={name: delays.quantile(0.5) or 0.0 for name, delays in self._stages.items()},
            plan=self._inference.plan,
            faces=len(view.faces) if view is not None else 0,
            device=self._inference.device,
        )

    def begin_statistics(self) -> None:
        """Reset the delays and counters."""
        self._delays = Delays()
        self._dropped = self._painted_total = 0
        self._analysed_total = 0

    def totals(self) -> tuple[int, int]:
        """Number of frames shown and analysed since `begin_statistics`."""
        return self._painted_total, self._analysed_total

    def close(self) -> bool:
        """End all threads and return whether they ended in time. The session cannot be used afterwards."""
        deadline = time.monotonic() + STOP_S
        self.close_source()
        ended = self._inference.stop(STOP_S)
        return all([ended, *(capture.stop(max(0.0, deadline - time.monotonic())) for capture in self._unfinished)])

    # --- on the capture thread -------------------------------------------------------------------------

    def _handle_frame(self, generation: int, frame: Frame, arrived_s: float) -> None:
        with self._lock:
            if generation != self._generation:
                return
            self._frame_number += 1
            frame_number = self._frame_number
            faces = self._propagator.show(frame_number, frame)
            self._view = View(frame, faces, frame_number, arrived_s, generation)
        self._inference.tasks.put(InferenceTask(frame, generation, frame_number))
        self._wake()

    # --- on the inference thread -----------------------------------------------------------------------

    def _handle_result(self, result: InferenceResult) -> None:
        engine = self._inference.engine
        for name, ms in engine.stages_ms.items() if engine is not None else ():
            self._stages.setdefault(name, Delays(60)).add(ms)
        with self._lock:
            if result.task.generation != self._generation or self._view is None:
                return
            self._analysed_total += 1
            faces = self._propagator.correct(result.task.frame_number, result.frame_result)
            self._view = replace(self._view, faces=faces)
        if self._on_result is not None:
            self._on_result(result)
        self._wake()
