"""Texts of the notice over the video and of the performance overlay."""

from dataclasses import dataclass

from agecam.engine.schedule import Plan
from agecam.errors import AgeCamError
from agecam.live import CaptureState, LiveStatistics, Phase
from agecam.ui.messages import Text, translated


@dataclass(frozen=True, slots=True)
class NoticeContent:
    """Content of the notice over the video."""

    title: str
    text: str = ""
    action: str = ""
    """Label of the action button; empty for no button."""
    with_details: bool = False
    """Whether diagnostic details can be copied."""


def notice_for(
    name: str | None, state: CaptureState, has_picture: bool, engine_error: AgeCamError | None
) -> NoticeContent | None:
    """Notice for the current state; None if no notice is needed.

    Args:
        name: display name of the source; None if none is open.
        state: state of the capture.
        has_picture: whether a picture is shown.
        engine_error: why no faces are analysed, if so.
    """
    if name is None:
        return NoticeContent(Text.CLOSED(), Text.CLOSED_HINT(), Text.WATCH_DEMO())
    if state.phase is Phase.LOST:
        return NoticeContent(
            Text.LOST(name=name), f"{translated(state.error)} {Text.RETRYING()}", Text.TRY_NOW(), with_details=True
        )
    if state.phase is Phase.FAILED:
        return NoticeContent(Text.FAILED(name=name), translated(state.error), Text.WATCH_DEMO(), with_details=True)
    if engine_error is not None:
        return NoticeContent(Text.NOT_ANALYSED(), translated(engine_error), with_details=True)
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
    ]
    return "\n".join(lines).rstrip()


def _plan_lines(plan: Plan) -> list[str]:
    return [
        Text.PERFORMANCE_STEP(ms=f"{plan.step_ms:.0f}", budget=f"{plan.budget_ms:.0f}"),
        Text.PERFORMANCE_PLAN(px=f"{plan.min_face_px:.0f}", every=plan.detect_every),
        Text.PERFORMANCE_ESTIMATED(estimated=plan.estimated, people=plan.people),
    ]
