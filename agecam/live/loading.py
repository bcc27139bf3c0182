"""The engine as the window needs it."""

import numpy as np

from agecam.engine.engine import Engine, build_engine
from agecam.engine.options import EngineOptions
from agecam.engine.schedule import BUDGET_MS
from agecam.runtime.device import in_background
from agecam.runtime.quiet import quiet_stderr
from agecam.types import Frame

STILL_FACE_PX = 24.0
"""Smallest face in a photograph: there is time to find those that a live picture is too quick for."""


def build_live_engine(options: EngineOptions) -> Engine:
    """The engine, whose threads take only what the rest of the program leaves. Raises AgeCamError."""
    with quiet_stderr:  # where TensorFlow is needed, it remarks on the machine
        return in_background(lambda: _warm_engine(options))


def _warm_engine(options: EngineOptions) -> Engine:
    engine = build_engine(
        options.model,
        options.device,
        options.min_face_px,
        still_face_px=min(options.min_face_px, STILL_FACE_PX),
        budget_ms=BUDGET_MS,
        backend=options.backend,
    )
    # All threads start with the first picture.
    engine.step(Frame(np.zeros((480, 640, 3), np.uint8), 0, 0.0, "", still=True))
    engine.reset()
    return engine
