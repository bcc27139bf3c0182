"""The live program without its window: one source, its frames, their faces, and performance statistics.

capture thread -> latest frame -> inference thread
      |                                  |
      +-> frame to show <- its faces ----+     both wake the window, which then calls `view()`
"""

import threading
import time
from collections.abc import Callable
from dataclasses import replace
from functools import partial

from agecam.engine.options import EngineOptions
from agecam.errors import AgeCamError
from agecam.live.capture import CaptureState, CaptureThread, OpenSource, Phase
from agecam.live.inference import BuildEngine, InferenceResult, InferenceTask, InferenceThread
from agecam.live.pace import Pace
from agecam.live.propagation import FacePropagator
from agecam.live.statistics import LiveStatistics, Performance
from agecam.live.view import View
from agecam.sources import FrameSource
from agecam.types import Frame, FrameResult

_MAX_ATTEMPTS = 12
"""How often the faces of a frame that stays in view are looked for again until they are confirmed."""
STOP_S = 1.5
"""How long closing waits for the threads; one that hangs in a camera driver is abandoned."""


class LiveSession:
    """Runs the capture and inference threads. Call its methods only from the window's thread."""

    def __init__(
        self,
        build: BuildEngine,
        options: EngineOptions,
        wake: Callable[[], None],
        on_result: Callable[[InferenceResult], None] | None = None,
        number: Callable[[InferenceResult], FrameResult] | None = None,
    ) -> None:
        """
        Args:
            build: builds the engine, on the inference thread.
            options: of the first engine.
            wake: called on any thread when there is something new; must return immediately.
            on_result: called on the inference thread with each result for the open source.
            number: called before that; gives the faces of a result the numbers of the people, as tracks.
        """
        self._wake = wake
        self._on_result, self._number = on_result, number
        self._lock = threading.Lock()
        self._propagator = FacePropagator()
        self._view: View | None = None
        self._latest: InferenceTask | None = None
        """The last frame of the open source; with blurring, `_view` is older."""
        self._frame_number = 0
        self._generation = 0
        self._only_complete = self._resting = self._halves = False
        self._has_result = False
        self._run = self._run_began = 0
        """The current run, and the number of its first frame; see `View.run`."""
        self._unsettled = 0
        """Attempts to settle the faces of a frame that stays in view; see `_settle`."""
        self._performance, self._pace = Performance(), Pace()
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
        previous = tuple(self._unfinished)

        def open_when_free() -> FrameSource:
            for capture in previous:  # a camera can only be reopened after it was closed
                capture.stop(STOP_S)
            return open_source()

        self._capture = CaptureThread(
            open_when_free, is_live, partial(self._handle_frame, generation), partial(self._handle_change, generation)
        )
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
            self._view = self._latest = None
            self._begin_run()
            self._performance.begin_source()

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
        self._analyse_again()

    def show_only_complete(self, on: bool) -> None:
        """Show only frames in which all faces were looked for, because faces must be blurred.

        Frames are then shown after their analysis. The view of the moment stays until the next one; it says whether it
        is complete.
        """
        with self._lock:
            if on == self._only_complete:
                return
            self._only_complete = self._inference.thorough = on
            self._propagator.reset()
            if not on:
                self._show_latest()
        self._analyse_again()

    def rest(self, on: bool) -> None:
        """Only read the source, while nobody sees its frames: they are not analysed, and `wake` is not called."""
        with self._lock:
            if on == self._resting:
                return
            self._resting = on
            if not on and not self._only_complete and self._latest is not None:
                self._propagator.reset()
                self._show(self._latest)
        if not on:
            self._analyse_again()
            self._wake()

    def analyse_half(self, on: bool) -> None:
        """Analyse only every second frame of a video unless faces are blurred; in between, faces are propagated."""
        self._halves = on

    @property
    def rests(self) -> bool:
        """Whether the session only reads its source."""
        return self._resting

    def _show_latest(self) -> None:
        """Catch up with the latest frame, after frames were shown only when they had been analysed."""
        view, latest = self._view, self._latest
        if view is not None:
            self._propagator.begin(view.frame_number, view.frame, view.faces)
        if latest is not None and (view is None or view.frame_number < latest.frame_number):
            self._show(latest)

    def _show(self, task: InferenceTask) -> None:
        faces = self._propagator.show(task.frame_number, task.frame)
        self._view = View(task.frame, faces, task.frame_number, task.arrived_s, task.generation, run=self._run)

    def _analyse_again(self) -> None:
        """Analyse the latest frame again: there may be no other, as in a still picture."""
        with self._lock:
            latest = self._latest
        if latest is not None:
            self._inference.tasks.put(latest)

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

    @property
    def awaits_result(self) -> bool:
        """Whether no frame of the open source has been analysed yet, although frames can be."""
        has_source = self.source_state.phase not in (Phase.LOST, Phase.FAILED) and self._capture is not None
        return has_source and self.engine_error is None and not self.has_result

    @property
    def has_result(self) -> bool:
        """Whether a frame of the open source has been analysed since it was opened, or reopened after it was lost."""
        with self._lock:
            return self._has_result

    def painted(self, view: View) -> None:
        """Record that the window has painted this view."""
        self._performance.add_shown(view.frame_number, view.arrived_s)

    def statistics(self) -> LiveStatistics:
        """Current performance statistics."""
        view, inference = self.view(), self._inference
        faces = len(view.faces) if view is not None else 0
        return self._performance.statistics(inference.rate.per_second(), inference.plan, faces, inference.device)

    def begin_statistics(self) -> None:
        """Reset the delays and counters."""
        self._performance.begin()

    def totals(self) -> tuple[int, int]:
        """Number of frames shown and analysed since `begin_statistics`."""
        return self._performance.totals()

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
            if self._latest is not None and frame.time_s < self._latest.frame.time_s:
                self._begin_run()  # it was repeated or sought, or is back after it was lost
            self._frame_number += 1
            self._latest = task = InferenceTask(frame, generation, self._frame_number, arrived_s)
            self._unsettled = 0
            self._pace.add(arrived_s)
            if self._resting:
                self._view = View(frame, (), self._frame_number, arrived_s, generation, run=self._run)
                return
            is_shown = not self._only_complete
            if is_shown:
                self._show(task)
            can_be_left_out = self._halves and is_shown and self._has_result and not frame.still
            is_left_out = can_be_left_out and self._frame_number % 2 == 1
        if not is_left_out:
            self._inference.tasks.put(task)
        if is_shown:
            self._wake()

    def _handle_change(self, generation: int) -> None:
        """The state of the source has changed; called with a lost source, too."""
        capture = self._capture
        with self._lock:
            is_current = generation == self._generation and capture is not None
            if is_current and capture is not None and capture.state.phase is Phase.LOST:
                self._begin_run()
                if self._view is not None:  # if faces are blurred, everything is now
                    self._view = replace(self._view, faces=(), complete=False, run=self._run)
        if is_current:
            self._settle()
        self._wake()

    def _begin_run(self) -> None:
        """Forget the faces in view; results for earlier frames come too late. The lock must be held."""
        self._run += 1
        self._run_began = self._frame_number + 1
        self._has_result = False
        self._propagator.reset()

    # --- on the inference thread -----------------------------------------------------------------------

    def _handle_result(self, result: InferenceResult) -> None:
        engine = self._inference.engine
        self._performance.add_stages(engine.stages_ms if engine is not None else {})
        task = result.task
        if self._number is not None and task.generation == self._generation and task.frame_number >= self._run_began:
            result = replace(result, frame_result=self._number(result))
        frame_result = result.frame_result
        with self._lock:
            if task.generation != self._generation:
                return
            self._performance.add_analysed()
            if task.frame_number < self._run_began:
                return
            capture, is_first = self._capture, not self._has_result
            is_followed = self._pace.is_quick and capture is not None and capture.state.phase is Phase.PLAYING
            self._has_result = True
            if self._only_complete:
                if not frame_result.complete:
                    return
                place = (task.frame_number, task.arrived_s, task.generation)
                self._view = View(task.frame, frame_result.faces, *place, True, frame_result.remarks, run=self._run)
            elif self._view is not None:
                faces = self._propagator.correct(task.frame_number, frame_result)
                is_same = self._view.frame_number == task.frame_number and faces is frame_result.faces
                complete = is_same and frame_result.complete
                remarks = frame_result.remarks if is_same else ()
                self._view = replace(self._view, faces=faces, complete=complete, remarks=remarks)
        if self._on_result is not None:
            self._on_result(result)
        if is_first or self._only_complete or not is_followed:  # else its boxes are shown with the next frame
            self._wake()
        self._settle()

    def _settle(self) -> None:
        """While a frame of a video stays in view, analyse it until its faces are confirmed, or will not be.

        Usually the next frames confirm a new face. After a step back or a seek while paused there are none.
        """
        capture = self._capture
        if capture is None or capture.state.phase not in (Phase.PAUSED, Phase.ENDED):
            return
        with self._lock:
            view, latest = self._view, self._latest
            if view is None or latest is None or not self._has_result or latest.frame.still:
                return
            if all(face.confirmed for face in view.faces) or self._unsettled >= _MAX_ATTEMPTS:
                return
            self._unsettled += 1
        self._inference.tasks.put(latest)
