"""`agecam [SOURCE]`: the window where there is a display, else the same without one."""

import os
import sys

from agecam.commands.first_run import run_first
from agecam.models.store import find_model


def run_open(spec: str | None, model: str | None = None) -> int:
    """Open a source, by default the first camera or else the demo; returns the exit code.

    Raises:
        WeightsError: there is no such model.
    """
    if model is not None:
        find_model(model)
    why_not = why_no_window()
    if why_not is None:
        try:
            from agecam.ui.app import run_window
        except ImportError as error:
            why_not = f"The window's libraries cannot be loaded here ({error})"
        else:
            return run_window(spec, model)
    return run_first(spec, why_not, model)


def why_no_window() -> str | None:
    """The beginning of a sentence, or None where a window can be opened."""
    displays = ("DISPLAY", "WAYLAND_DISPLAY", "QT_QPA_PLATFORM")
    if sys.platform.startswith("linux") and not any(os.environ.get(name) for name in displays):
        return "There is no display here for a window"
    return None
