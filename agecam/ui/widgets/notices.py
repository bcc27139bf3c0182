"""Texts of the notice over the video and of the performance overlay."""

from dataclasses import dataclass
from enum import Enum

from agecam.engine.schedule import Plan
from agecam.errors import AgeCamError
from agecam.live import CaptureState, LiveStatistics, Phase
from agecam.ui.messages import Text, translated


class NoticeAction(Enum):
    """What a button of the notice does; its value is the text."""

    COPY_DETAILS = Text.COPY_DETAILS
    WATCH_DEMO = Text.WATCH_DEMO
    OTHER_SOURCE = Text.OTHER_SOURCE
    USE_PROCESSOR = Text.USE_PROCESSOR
    TRY_NOW = Text.TRY_NOW
    """Reopen a lost source without waiting."""
    TRY_AGAIN = Text.TRY_AGAIN
    """Open the source again, or load the networks again."""
    CONTINUE = Text.CONTINUE


@dataclass(frozen=True, slots=True)
class NoticeContent:
    """Content of the notice over the video."""

    title: str
    text: str = ""
    actions: tuple[NoticeAction, ...] = ()
    """One button each, from left to right."""


def notice_for(
    name: str | None,
    state: CaptureState,
    has_picture: bool,
    engine_error: AgeCamError | None,
    uncaught: AgeCamError | None = None,
    on_gpu: bool = False,
) -> NoticeContent | None:
    """Notice for the current state; None if no notice is needed.

    Args:
        name: display name of the source; None if none is open.
        state: state of the capture.
        has_picture: whether a picture is shown.
        engine_error: why no faces are analysed, if so.
        uncaught: an error of no known part, which the user has not seen yet.
        on_gpu: whether the engine uses a GPU.
    """
    do = NoticeAction
    ways_on = (do.COPY_DETAILS, do.OTHER_SOURCE)
    if uncaught is not None:
        last = do.CONTINUE if has_picture else do.TRY_AGAIN
        return NoticeContent(Text.UNEXPECTED(), translated(uncaught), (*ways_on, last))
    if name is None:
        return NoticeContent(Text.CLOSED(), Text.CLOSED_HINT(), (do.WATCH_DEMO,))
    if state.phase is Phase.LOST:
        text = f"{translated(state.error)} {Text.RETRYING()}"
        return NoticeContent(Text.LOST(name=name), text, (*ways_on, do.TRY_NOW))
    if state.phase is Phase.FAILED:
        return NoticeContent(Text.FAILED(name=name), translated(state.error), (*ways_on, do.TRY_AGAIN))
    if engine_error is not None:
        actions = (*ways_on, *((do.USE_PROCESSOR,) if on_gpu else ()), do.TRY_AGAIN)
        return NoticeContent(Text.NOT_ANALYSED(), translated(engine_error), actions)
    if state.phase is Phase.OPENING and not has_picture:
        return NoticeContent(Text.OPENING(name=name))
    return None


def performance_text(statistics: LiveStatistics) -> str:
    """Text of the performance overlay, one value per line."""
    p50, p95 = statistics.delay_p50_ms or 0.0, statistics.delay_p95_ms or 0.0
    lines = [
        Text.PERFORMANCE_SHOWN(fps=f"{statistics.shown_fps:.1f}"),
        Text.PERFORMANCE_ANALYSED(fps=f"{statistics.analysed_fps:.1f}"),
        Text.PERFORMANCE_DELAY(p50=f"{p50:.0f}", p95=f"{p95:.0f}"),
        Text.PERFORMANCE_DROPPED(count=statistics.dropped),
        *(Text.PERFORMANCE_STAGE(name=name, ms=f"{ms:.1f}") for name, ms in statistics.stages_ms.items()),
        *(
            _plan_lines(statistics.plan) if statistics.plan is not None and statistics.plan.step_ms else ()
        ),  # absent for photographs
        Text.PERFORMANCE_FACES(count=statistics.faces),
        statistics.device,
        *([] if statistics.cores is None else [Text.PERFORMANCE_CORES(cores=f"{statistics.cores:.2f}")]),
    ]
    return "\n".join(lines).rstrip()


def _plan_lines(plan: Plan) -> list[str]:
    return [
        Text.PERFORMANCE_STEP(ms=f"{plan.step_ms:.0f}", budget=f"{plan.budget_ms:.0f}"),
        Text.PERFORMANCE_PLAN(px=f"{plan.min_face_px:.0f}", every=plan.detect_every),
        Text.PERFORMANCE_ESTIMATED(estimated=plan.estimated, people=plan.people),
    ]
