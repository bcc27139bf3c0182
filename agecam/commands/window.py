"""`agecam [SOURCE...]`: opens the window, or runs without one if there is no display."""

import importlib
import os
import sys
from collections.abc import Sequence


def run_open(specs: Sequence[str], model: str | None = None) -> int:
    """Open sources, by default the first camera or else the demo, and return the exit code.

    Without any display, as on a server, they are analysed into files. A display that does not answer, or a library
    that is missing, is a fault to mend instead: whoever expects a window does not expect files.

    Raises:
        WeightsError: there is no such model.
        AgeCamError: there is a display, but no window can be opened.
    """
    reason = why_no_window()
    if reason is None:
        check_window()  # before other imports, which may need the same libraries
    from agecam.models.store import find_model

    if model is not None:
        find_model(model)
    if reason is not None:
        from agecam.commands.first_run import run_first

        return run_first(specs, reason, model)
    from agecam.ui.app import run_window

    return run_window(specs, model)


def why_no_window() -> str | None:
    """The start of a sentence that says why there is no display; None if one is named."""
    displays = ("DISPLAY", "WAYLAND_DISPLAY", "QT_QPA_PLATFORM")
    if sys.platform.startswith("linux") and not any(os.environ.get(name) for name in displays):
        return "There is no display for a window"
    return None


def check_window() -> None:
    """Raise AgeCamError if the window's libraries cannot be loaded or the display does not answer.

    Qt itself would abort the process.
    """
    from agecam.runtime.log import fill_standard_descriptors
    from agecam.ui.system.libraries import cannot_load

    fill_standard_descriptors()  # before the connection to the display
    try:
        importlib.import_module("agecam.ui.app")
        from agecam.ui.system.display import check_display
    except ImportError as error:
        raise cannot_load(error, "xcb" if os.environ.get("DISPLAY") else "wayland") from error
    check_display()
