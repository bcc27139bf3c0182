"""Builds the engine for the window."""

from dataclasses import replace

import cv2
import numpy as np

from agecam.engine.engine import Engine, build_engine
from agecam.engine.options import EngineOptions
from agecam.engine.schedule import BUDGET_MS
from agecam.runtime.device import in_background
from agecam.runtime.quiet import quiet_stderr
from agecam.types import Frame


def build_live_engine(options: EngineOptions) -> Engine:
    """Build and warm up an engine whose threads run at low priority (on Linux). Raises AgeCamError."""
    # Live, OpenCV has only small pictures to work on: waking its threads takes a third as long again as the work.
    cv2.setNumThreads(1)
    with quiet_stderr:  # TensorFlow, where needed, logs about the machine
        return in_background(lambda: _warm_engine(options))


def _warm_engine(options: EngineOptions) -> Engine:
    engine = build_engine(replace(options, number_stills=True, budget_ms=BUDGET_MS))
    # The first picture starts all threads, which then inherit the priority.
    engine.step(Frame(np.zeros((480, 640, 3), np.uint8), 0, 0.0, "", still=True))
    engine.reset()
    return engine
