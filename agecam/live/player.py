"""The capture thread: reads one source at its pace, and brings it back when it is lost."""

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum

from agecam.errors import AgeCamError
from agecam.live.pace import Pace
from agecam.runtime.memory import give_back_freed
from agecam.sources import FrameSource, SeekableSource, SourceInfo
from agecam.types import Frame

RETRY_S = (1.0, 2.0, 3.0, 5.0)
"""Waits between attempts to open a live source; the last one goes on."""

OpenSource = Callable[[], FrameSource]
TakeFrame = Callable[[Frame, float], None]
"""Gets every frame, and when on the monotonic clock it arrived."""


class Phase(Enum):
    """What the source is doing."""

    OPENING = "opening"
    PLAYING = "playing"
    PAUSED = "paused"
    ENDED = "ended"
    LOST = "lost"
    """It cannot be read now; opening it is tried again."""
    FAILED = "failed"
    """It cannot be read, and will not be tried again."""


@dataclass(frozen=True, slots=True)
class PlayerState:
    """Where a source stands."""

    phase: Phase
    info: SourceInfo | None = None
    time_s: float = 0.0
    """Of the last frame."""
    error: AgeCamError | None = None
    """Why it is lost or failed."""


class Player:
    """One source from opening to closing, on a thread of its own; only that thread touches the source.

    Files play at their own pace and can be paused, sought, stepped and looped. Live sources are read as fast as they
    come, and are opened again and again while they are gone.
    """

    def __init__(self, open_source: OpenSource, is_live: bool, take: TakeFrame, changed: Callable[[], None]) -> None:
        """
        Args:
            open_source: raises SourceError.
            is_live: known before it is opened: whether to try again.
            take: called on the capture thread for each frame.
            changed: called on the capture thread when `state` has changed.
        """
        self._open = open_source
        self._is_live = is_live
        self._take = take
        self._changed = changed
        self._condition = threading.Condition()
        self._state = PlayerState(Phase.OPENING)
        self._stopping = False
        self._paused = False
        self._loop = False
        self._speed = 1.0
        self._steps = 0
        self._seek_s: float | None = None
        self._again = False
        self._thread = threading.Thread(target=self._run, name="capture", daemon=True)

    @property
    def state(self) -> PlayerState:
        """Where the source stands now."""
        return self._state

    def start(self) -> None:
        """Begin; returns at once."""
        self._thread.start()

    def stop(self, timeout_s: float | None = 0.0) -> bool:
        """Ask the thread to end, wait so long, and say whether it has. The source is closed by its own thread."""
        with self._condition:
            self._stopping = True
            self._condition.notify_all()
        self._thread.join(timeout_s)
        return not self._thread.is_alive()

    def pause(self) -> None:
        """Hold a file where it is."""
        self._command(_paused=True)

    def play(self) -> None:
        """Go on; from the start, if the end was reached."""
        with self._condition:
            if self._state.phase is Phase.ENDED:
                self._seek_s = 0.0
            self._paused = False
            self._condition.notify_all()

    def step(self) -> None:
        """Pause, and show one more frame."""
        with self._condition:
            self._paused = True
            self._steps += 1
            self._condition.notify_all()

    def seek(self, time_s: float) -> None:
        """Go on from another place of a file; while it is paused, show the frame there."""
        self._command(_seek_s=max(0.0, time_s))

    def set_speed(self, speed: float) -> None:
        """Times its own pace."""
        self._command(_speed=speed)

    def set_loop(self, loop: bool) -> None:
        """Whether a file begins again at its end."""
        self._command(_loop=loop)

    def try_again(self) -> None:
        """Open a lost source now instead of at the next attempt."""
        self._command(_again=True)

    # --- on the capture thread -------------------------------------------------------------------------

    def _run(self) -> None:
        attempt = 0
        while not self._stopping:
            try:
                source = self._open()
                try:
                    attempt = 0
                    self._play(source)
                    return
                finally:
                    source.close()
                    give_back_freed()
            except AgeCamError as error:
                if not self._is_live:
                    self._say(Phase.FAILED, error=error)
                    return
                self._say(Phase.LOST, error=error)
                self._wait(RETRY_S[min(attempt, len(RETRY_S) - 1)], until=lambda: self._again)
                attempt += 1
                self._again = False

    def _play(self, source: FrameSource) -> None:
        """Read a source until it ends for good or the player is stopped."""
        pace = Pace()
        seekable = isinstance(source, SeekableSource)
        self._say(Phase.PLAYING, info=source.info)
        frame: Frame | None = None
        while not self._stopping:
            with self._condition:
                seek_s, self._seek_s = self._seek_s, None
                if pace.speed != self._speed:
                    pace.speed = self._speed
                    pace.restart()
            if seek_s is not None and isinstance(source, SeekableSource):
                source.seek(seek_s)
                pace.restart()
                frame = source.read()
                if frame is not None:
                    self._give(frame)
                continue
            if self._paused and not self._is_live:
                if not self._steps:
                    self._say(Phase.PAUSED)
                    self._wait(None, until=self._may_go_on)
                    pace.restart()
                    continue
                self._steps -= 1
            else:
                self._say(Phase.PLAYING)
            frame = source.read()
            if frame is not None:
                if not self._is_live and not self._paused:
                    self._wait(pace.wait_s(frame.time_s), until=self._interrupted)
                    if self._jumps():  # this frame is no longer wanted
                        continue
                self._give(frame)
                continue
            if self._is_live or not seekable:
                self._say(Phase.ENDED)
                return
            if self._loop and self._state.time_s > 0:
                self.seek(0.0)
                continue
            self._say(Phase.ENDED)
            self._wait(None, until=lambda: self._seek_s is not None)

    def _give(self, frame: Frame) -> None:
        self._state = PlayerState(self._state.phase, self._state.info, frame.time_s)
        self._take(frame, time.monotonic())

    def _may_go_on(self) -> bool:
        return not self._paused or self._steps > 0 or self._seek_s is not None

    def _jumps(self) -> bool:
        return self._seek_s is not None

    def _interrupted(self) -> bool:
        return self._paused or self._seek_s is not None

    def _wait(self, timeout_s: float | None, until: Callable[[], bool]) -> None:
        with self._condition:
            self._condition.wait_for(lambda: self._stopping or until(), timeout_s)

    def _say(self, phase: Phase, info: SourceInfo | None = None, error: AgeCamError | None = None) -> None:
        if phase is not self._state.phase or error is not self._state.error or info is not None:
            self._state = PlayerState(phase, info or self._state.info, self._state.time_s, error)
            self._changed()

    # ---------------------------------------------------------------------------------------------------

    def _command(self, **values: object) -> None:
        with self._condition:
            for name, value in values.items():
                setattr(self, name, value)
            self._condition.notify_all()
