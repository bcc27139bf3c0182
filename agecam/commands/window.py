"""`agecam [SOURCE]`: opens the window, or runs without one if there is no display."""

import os
import sys

from agecam.commands.first_run import run_first
from agecam.models.store import find_model


def run_open(spec: str | None, model: str | None = None) -> int:
    """Open a source, by default the first camera or else the demo, and return the exit code.

    Raises:
        WeightsError: there is no such model.
    """
    if model is not None:
        find_model(model)
    reason = why_no_window()
    if reason is None:
        try:
            from agecam.ui.app import run_window
        except ImportError as error:
            reason = f"The window's libraries cannot be loaded ({error})"
        else:
            return run_window(spec, model)
    return run_first(spec, reason, model)


def why_no_window() -> str | None:
    """The start of a sentence that says why; None if a window can be opened."""
    displays = ("DISPLAY", "WAYLAND_DISPLAY", "QT_QPA_PLATFORM")
    if sys.platform.startswith("linux") and not any(os.environ.get(name) for name in displays):
        return "There is no display for a window"
    return None
