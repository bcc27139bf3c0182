"""Everything that runs behind the window: one source, its frames, the people in them, and how fast it goes.

capture thread -> newest frame -> inference thread
      |                                  |
      +-> the frame to show <- its faces +     each wakes the window, which then takes `view()`
"""

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

from agecam.engine.options import EngineOptions
from agecam.errors import AgeCamError
from agecam.live.analyst import Analyst, BuildEngine, Judged, Task
from agecam.live.figures import Delays, LiveFigures, Rate
from agecam.live.follow import Follower
from agecam.live.player import OpenSource, Phase, Player, PlayerState
from agecam.sources import FrameSource
from agecam.types import Face, Frame

STOP_S = 1.5
"""How long closing waits for the threads; a camera driver that hangs is left behind."""


@dataclass(frozen=True, slots=True)
class View:
    """What there is to show now."""

    frame: Frame
    faces: tuple[Face, ...]
    """Where they are in this frame."""
    number: int
    """Of the frame: counts up over all sources."""
    arrived_s: float
    """When the frame came, on the monotonic clock."""
    generation: int
    """Of the source."""


class LiveSession:
    """The live program without its window. Its methods are called by one thread, the window's."""

    def __init__(
        self,
        build: BuildEngine,
        options: EngineOptions,
        wake: Callable[[], None],
        judged: Callable[[Judged], None] | None = None,
    ) -> None:
        """
        Args:
            build: builds the engine, on the inference thread.
            wake: called on any thread when there is something new; must return at once.
            judged: called on the inference thread with every result of the source that is open.
        """
        self._wake = wake
        self._judged = judged
        self._lock = threading.Lock()
        self._follower = Follower()
        self._view: View | None = None
        self._number = 0
        self._generation = 0
        self._shown = 0
        self._dropped = 0
        self._painted_total = self._judged_total = 0
        self._shown_rate = Rate()
        self._delays = Delays()
        self._stages: dict[str, Delays] = {}
        self._player: Player | None = None
        self._left_behind: list[Player] = []
        self._analyst = Analyst(build, options, self._take_result, wake)
        self._analyst.start()

    # --- the source ------------------------------------------------------------------------------------

    def open(
        self, open_source: OpenSource, is_live: bool, loop: bool = False, speed: float = 1.0, hold: bool = False
    ) -> None:
        """Let go of the source that is open, and begin with another; returns at once.

        With `hold`, a file stands at its first frame until `player.play()`.
        """
        self.close_source()
        with self._lock:
            generation = self._generation
        self._delays = Delays()
        before = tuple(self._left_behind)

        def open_after_them() -> FrameSource:
            for player in before:  # a camera can be opened again only when it was let go
                player.stop(STOP_S)
            return open_source()

        self._player = Player(open_after_them, is_live, partial(self._take_frame, generation), self._wake)
        self._player.set_loop(loop)
        self._player.set_speed(speed)
        if hold:
            self._player.step()
        self._player.start()

    def close_source(self) -> None:
        """Let go of the source; the picture goes, too. Does not wait for the camera's driver."""
        if self._player is not None and not self._player.stop():
            self._left_behind.append(self._player)
        self._left_behind = [player for player in self._left_behind if not player.stop()]
        self._player = None
        self._analyst.tasks.clear()
        with self._lock:
            self._generation += 1
            self._view = None
            self._follower.reset()
            self._dropped = 0

    @property
    def player(self) -> Player | None:
        """To pause, seek and step; None while no source is open."""
        return self._player

    @property
    def source_state(self) -> PlayerState:
        """Where the source stands; as ended while none is open."""
        return self._player.state if self._player is not None else PlayerState(Phase.ENDED)

    # --- the engine ------------------------------------------------------------------------------------

    def use(self, options: EngineOptions) -> None:
        """Go on with other networks, another smallest face or another device."""
        self._analyst.use(options)
        with self._lock:
            view = self._view
        if view is not None:  # judge a picture that stands still anew
            self._analyst.tasks.put(Task(view.frame, view.generation, view.number))

    @property
    def loading(self) -> bool:
        """Whether the networks are being loaded."""
        return self._analyst.loading

    @property
    def engine_error(self) -> AgeCamError | None:
        """Why no face is judged."""
        return self._analyst.error

    @property
    def engine_refusal(self) -> AgeCamError | None:
        """Why faces are judged elsewhere than was asked for."""
        return self._analyst.refusal

    # --- what there is to see --------------------------------------------------------------------------

    def view(self) -> View | None:
        """The newest frame and its faces; None while there is none."""
        with self._lock:
            return self._view

    def painted(self, view: View) -> None:
        """The window has put this view on the screen."""
        if view.number == self._shown:
            return
        self._dropped += max(0, view.number - self._shown - 1) if self._shown else 0
        self._shown = view.number
        self._painted_total += 1
        self._shown_rate.tick()
        self._delays.add((time.monotonic() - view.arrived_s) * 1e3)

    def figures(self) -> LiveFigures:
        """How fast it goes."""
        view = self.view()
        return LiveFigures(
            shown_fps=self._shown_rate.per_second(),
            analysed_fps=self._analyst.rate.per_second(),
            delay_p50_ms=self._delays.quantile(0.5),
            delay_p95_ms=self._delays.quantile(0.95),
            dropped=self._dropped,
            stages_ms={name: delays.quantile(0.5) or 0.0 for name, delays in self._stages.items()},
            plan=self._analyst.plan,
            faces=len(view.faces) if view is not None else 0,
            device=self._analyst.device,
        )

    def begin_figures(self) -> None:
        """Count from here."""
        self._delays = Delays()
        self._dropped = self._painted_total = 0
        self._judged_total = 0

    def totals(self) -> tuple[int, int]:
        """Frames shown and frames analysed since `begin_figures`."""
        return self._painted_total, self._judged_total

    def close(self) -> bool:
        """End all threads; whether they did in time. Nothing can be done with the session afterwards."""
        until = time.monotonic() + STOP_S
        self.close_source()
        ended = self._analyst.stop(STOP_S)
        return all([ended, *(player.stop(max(0.0, until - time.monotonic())) for player in self._left_behind)])

    # --- on the capture thread -------------------------------------------------------------------------

    def _take_frame(self, generation: int, frame: Frame, arrived_s: float) -> None:
        with self._lock:
            if generation != self._generation:
                return
            self._number += 1
            number = self._number
            faces = self._follower.show(number, frame)
            self._view = View(frame, faces, number, arrived_s, generation)
        self._analyst.tasks.put(Task(frame, generation, number))
        self._wake()

    # --- on the inference thread -----------------------------------------------------------------------

    def _take_result(self, judged: Judged) -> None:
        engine = self._analyst.engine
        for name, ms in engine.stages_ms.items() if engine is not None else ():
            self._stages.setdefault(name, Delays(60)).add(ms)
        with self._lock:
            if judged.task.generation != self._generation or self._view is None:
                return
            self._judged_total += 1
            faces = self._follower.correct(judged.task.number, judged.result)
            self._view = View(self._view.frame, faces, self._view.number, self._view.arrived_s, self._view.generation)
        if self._judged is not None:
            self._judged(judged)
        self._wake()
