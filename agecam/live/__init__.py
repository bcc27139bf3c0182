"""The threads behind the window. Nothing here knows of Qt."""

from agecam.live.analyst import Analyst, BuildEngine, LiveEngine
from agecam.live.figures import LiveFigures
from agecam.live.player import Phase, Player, PlayerState
from agecam.live.session import LiveSession, View

__all__ = [
    "Analyst",
    "BuildEngine",
    "LiveEngine",
    "LiveFigures",
    "LiveSession",
    "Phase",
    "Player",
    "PlayerState",
    "View",
]
