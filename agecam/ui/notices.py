"""What is said over the picture, and the figures of speed."""

from dataclasses import dataclass

from agecam.engine.schedule import Plan
from agecam.errors import AgeCamError
from agecam.live import LiveFigures, Phase, PlayerState
from agecam.ui.messages import Text, told


@dataclass(frozen=True, slots=True)
class Said:
    """A friendly line over the video."""

    title: str
    text: str = ""
    action: str = ""
    """What can be done about it; empty for nothing."""
    with_details: bool = False
    """Whether there is something to copy for somebody who helps."""


def what_to_say(
    name: str | None, state: PlayerState, has_picture: bool, engine_error: AgeCamError | None
) -> Said | None:
    """The notice for a source of this name, None for no source; None where the picture speaks for itself."""
    if name is None:
        return Said(Text.CLOSED(), Text.CLOSED_HINT(), Text.WATCH_DEMO())
    if state.phase is Phase.LOST:
        return Said(
            Text.LOST(name=name), f"{told(state.error)} {Text.TRIES_AGAIN()}", Text.TRY_AGAIN(), with_details=True
        )
    if state.phase is Phase.FAILED:
        return Said(Text.FAILED(name=name), told(state.error), Text.WATCH_DEMO(), with_details=True)
    if engine_error is not None:
        return Said(Text.NO_LABELS(), told(engine_error), with_details=True)
    if state.phase is Phase.OPENING and not has_picture:
        return Said(Text.OPENING(name=name))
    return None


def hud_text(figures: LiveFigures) -> str:
    """One figure a line."""
    p50, p95 = figures.delay_p50_ms or 0.0, figures.delay_p95_ms or 0.0
    lines = [
        Text.HUD_SHOWN(fps=f"{figures.shown_fps:.1f}"),
        Text.HUD_ANALYSED(fps=f"{figures.analysed_fps:.1f}"),
        Text.HUD_DELAY(p50=f"{p50:.0f}", p95=f"{p95:.0f}"),
        Text.HUD_DROPPED(count=figures.dropped),
        *(Text.HUD_STAGE(name=name, ms=f"{ms:.1f}") for name, ms in figures.stages_ms.items()),
        *(_plan_lines(figures.plan) if figures.plan is not None and figures.plan.step_ms else ()),  # not in photographs
        Text.HUD_FACES(count=figures.faces),
        figures.device,
    ]
    return "\n".join(lines).rstrip()


def _plan_lines(plan: Plan) -> list[str]:
    return [
        Text.HUD_STEP(ms=f"{plan.step_ms:.0f}", budget=f"{plan.budget_ms:.0f}"),
        Text.HUD_PLAN(px=f"{plan.min_face_px:.0f}", every=plan.detect_every),
        Text.HUD_JUDGED(judged=plan.judged, people=plan.people),
    ]
