"""The capture thread: reads one source at its frame rate and reopens it after it was lost."""

import threading
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from enum import Enum

from agecam.errors import AgeCamError
from agecam.live.caught import caught
from agecam.live.playback_clock import PlaybackClock
from agecam.runtime.memory import give_back_freed
from agecam.sources import FrameSource, SeekableSource, SourceInfo
from agecam.sources.base import RETRY_S, SEEK_TOLERANCE_S
from agecam.types import Frame

MAX_REFUSED_FRAMES = 10
"""A source fails when this many of its frames in a row cannot be taken by `on_frame`."""

OpenSource = Callable[[], FrameSource]
FrameCallback = Callable[[Frame, float], None]
"""Called with each frame and its arrival time on the monotonic clock, in seconds."""


class Phase(Enum):
    """What the capture thread is doing with its source."""

    OPENING = "opening"
    PLAYING = "playing"
    PAUSED = "paused"
    ENDED = "ended"
    LOST = "lost"
    """The source cannot be read now; it is reopened after a delay."""
    FAILED = "failed"
    """The source cannot be read and is not tried again."""


@dataclass(frozen=True, slots=True)
class CaptureState:
    """State of a source."""

    phase: Phase
    info: SourceInfo | None = None
    time_s: float = 0.0
    """Timestamp of the last frame."""
    error: AgeCamError | None = None
    """Why the source was lost or failed."""


class CaptureThread:
    """Opens, reads and closes one source on a separate thread; only that thread uses the source.

    Files play at their frame rate and support pause, seek, step and loop. Live sources are read as fast as frames
    arrive and are reopened until they are back.
    """

    def __init__(
        self, open_source: OpenSource, is_live: bool, on_frame: FrameCallback, on_change: Callable[[], None]
    ) -> None:
        """
        Args:
            open_source: raises SourceError.
            is_live: whether to reopen the source after an error.
            on_frame: called on the capture thread with each frame.
            on_change: called on the capture thread when `state` has changed.
        """
        self._open = open_source
        self._is_live = is_live
        self._on_frame = on_frame
        self._on_change = on_change
        self._condition = threading.Condition()
        self._state = CaptureState(Phase.OPENING)
        self._stopping = False
        self._paused = False
        self._loop = False
        self._speed = 1.0
        self._steps = 0
        """Steps still to take; negative for steps back."""
        self._seek_s: float | None = None
        self._target_s: float | None = None
        """Where the last seek leads, until a frame from there is delivered."""
        self._retry_now = False
        self._refused = 0
        """Frames in a row that `on_frame` could not take."""
        self._thread = threading.Thread(target=self._run, name="capture", daemon=True)

    @property
    def state(self) -> CaptureState:
        """Current state of the source."""
        return self._state

    @property
    def position_s(self) -> float:
        """Time of the last frame in seconds, or the time that is being sought."""
        target_s = self._target_s
        return self._state.time_s if target_s is None else target_s

    def start(self) -> None:
        """Start the thread; returns immediately."""
        self._thread.start()

    def stop(self, timeout_s: float | None = 0.0) -> bool:
        """Ask the thread to end and close the source, wait for up to `timeout_s` and return whether it has ended."""
        with self._condition:
            self._stopping = True
            self._condition.notify_all()
        self._thread.join(timeout_s)
        return not self._thread.is_alive()

    def pause(self) -> None:
        """Pause a file."""
        self._set(_paused=True)

    def play(self) -> None:
        """Resume; from the start if the file has ended."""
        with self._condition:
            if self._state.phase is Phase.ENDED:
                self._seek_s = self._target_s = 0.0
            self._paused = False
            self._condition.notify_all()

    def step(self) -> None:
        """Pause and show the next frame; at the end of a file, do nothing."""
        with self._condition:
            if self._state.phase is Phase.ENDED:
                return
            self._paused = True
            self._steps += 1
            self._condition.notify_all()

    def step_back(self) -> None:
        """Pause and show the frame before the last one; at the start of a file, show the first frame again."""
        with self._condition:
            self._paused = True
            self._steps -= 1
            self._condition.notify_all()

    def seek(self, time_s: float) -> None:
        """Continue from `time_s` in a file; while paused, show the frame there."""
        time_s = max(0.0, time_s)
        self._set(_seek_s=time_s, _target_s=time_s)

    def set_speed(self, speed: float) -> None:
        """Set the playback speed as a multiple of the normal one."""
        self._set(_speed=speed)

    def set_loop(self, loop: bool) -> None:
        """Set whether a file restarts at its end."""
        self._set(_loop=loop)

    def try_again(self) -> None:
        """Reopen a lost source now instead of after the delay."""
        self._set(_retry_now=True)

    # --- on the capture thread -------------------------------------------------------------------------

    def _run(self) -> None:
        attempt = 0
        while not self._stopping:
            try:
                source = self._open()
                try:
                    self._is_live = source.info.live  # an address may be that of a file
                    attempt = 0
                    self._play(source)
                    return
                finally:
                    with suppress(Exception):  # what happened before is more important
                        source.close()
                    give_back_freed()
            except Exception as error:
                if not self._is_live:
                    self._set_state(Phase.FAILED, error=caught(error))
                    return
                self._set_state(Phase.LOST, error=caught(error))
                self._wait(RETRY_S[min(attempt, len(RETRY_S) - 1)], until=lambda: self._retry_now)
                attempt += 1
                self._retry_now = False

    def _play(self, source: FrameSource) -> None:
        """Read a source until it ends or the capture is stopped."""
        clock = PlaybackClock()
        seekable = isinstance(source, SeekableSource)
        self._set_state(Phase.PLAYING, info=source.info)
        frame: Frame | None = None
        while not self._stopping:
            with self._condition:
                seek_s, self._seek_s = self._seek_s, None
                if clock.speed != self._speed:
                    clock.speed = self._speed
                    clock.restart()
            if seek_s is not None:
                if isinstance(source, SeekableSource):
                    source.seek(seek_s)
                    clock.restart()
                    frame = source.read()
                    if frame is not None:
                        self._deliver(frame)
                self._end_seek()
                continue
            if self._paused and not self._is_live:
                step = self._take_step()
                if step < 0:
                    self._go_back()
                    continue
                if not step:
                    self._set_state(Phase.PAUSED)
                    self._wait(None, until=self._can_resume)
                    clock.restart()
                    continue
            else:
                self._set_state(Phase.PLAYING)
            frame = source.read()
            if frame is not None:
                if not self._is_live and not self._paused:
                    self._wait(clock.wait_s(frame.time_s), until=self._interrupted)
                    if self._seek_pending():  # the frame before the seek is no longer wanted
                        continue
                self._deliver(frame)
                continue
            if self._is_live or not seekable:
                self._set_state(Phase.ENDED)
                return
            if self._loop and self._state.time_s > 0:
                self.seek(0.0)
                continue
            self._set_state(Phase.ENDED)
            with self._condition:
                self._steps = min(self._steps, 0)  # there is nothing to step to
            self._wait(None, until=lambda: self._seek_pending() or self._steps < 0)

    def _go_back(self) -> None:
        """Seek the frame before the last one, at whatever rate: the last one that begins before it."""
        with self._condition:
            if self._seek_s is None:
                self._seek_s = max(0.0, self._state.time_s - 2 * SEEK_TOLERANCE_S)

    def _end_seek(self) -> None:
        with self._condition:
            if self._seek_s is None:  # otherwise another one follows
                self._target_s = None

    def _deliver(self, frame: Frame) -> None:
        self._state = CaptureState(self._state.phase, self._state.info, frame.time_s)
        try:
            self._on_frame(frame, time.monotonic())
            self._refused = 0
        except Exception as error:
            self._refused += 1
            if self._refused == MAX_REFUSED_FRAMES:
                self._refused = 0
                raise
            if self._refused == 1:
                caught(error)

    def _take_step(self) -> int:
        """The step to take now: 1 for the next frame, -1 for the one before, 0 for none."""
        with self._condition:
            step = (self._steps > 0) - (self._steps < 0)
            self._steps -= step
            return step

    def _can_resume(self) -> bool:
        return not self._paused or self._steps != 0 or self._seek_s is not None

    def _seek_pending(self) -> bool:
        return self._seek_s is not None

    def _interrupted(self) -> bool:
        return self._paused or self._seek_pending()

    def _wait(self, timeout_s: float | None, until: Callable[[], bool]) -> None:
        with self._condition:
            self._condition.wait_for(lambda: self._stopping or until(), timeout_s)

    def _set_state(self, phase: Phase, info: SourceInfo | None = None, error: AgeCamError | None = None) -> None:
        if phase is not self._state.phase or error is not self._state.error or info is not None:
            self._state = CaptureState(phase, info or self._state.info, self._state.time_s, error)
            self._on_change()

    # ---------------------------------------------------------------------------------------------------

    def _set(self, **values: object) -> None:
        with self._condition:
            for name, value in values.items():
                setattr(self, name, value)
            self._condition.notify_all()
