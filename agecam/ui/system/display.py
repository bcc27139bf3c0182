"""Checks that Qt can open a window on Linux, before Qt tries and aborts the process."""

import ctypes
import os
import socket
import sys
import threading
from collections.abc import Callable
from pathlib import Path

from PySide6.QtCore import QLibraryInfo

from agecam.errors import AgeCamError
from agecam.ui.system.libraries import cannot_load

ANSWER_S = 5.0
"""How long a display may take to answer; one that hangs would hang Qt too."""


def check_display() -> None:
    """Raise AgeCamError if Qt's platform plugin cannot be loaded or the display does not answer.

    Takes about 3 ms, most of them to load the plugin, which Qt then finds loaded.
    """
    use_own_qt()
    if sys.platform.startswith("linux"):
        problems = [_problem_of(platform) for platform in _platforms()]
        if problems and all(problems):  # Qt tries them in turn
            raise next(problem for problem in problems if problem is not None)


def use_own_qt() -> None:
    """Remove the variables that OpenCV sets, when it is imported, to the plugins and fonts of its older Qt."""
    for name in ("QT_QPA_PLATFORM_PLUGIN_PATH", "QT_QPA_FONTDIR"):
        if "cv2" in os.environ.get(name, ""):
            del os.environ[name]


def _platforms() -> list[str]:
    """Qt's names of the platforms that it will try, such as wayland and xcb."""
    if requested := os.environ.get("QT_QPA_PLATFORM"):
        return [name.partition(":")[0] for name in requested.split(";") if name]
    found = []
    if os.environ.get("WAYLAND_DISPLAY") or os.environ.get("XDG_SESSION_TYPE") == "wayland":
        found.append("wayland")
    if os.environ.get("DISPLAY"):
        found.append("xcb")
    return found


def _problem_of(platform: str) -> AgeCamError | None:
    """Why Qt cannot use this platform; None if it can, or if only Qt knows."""
    platform = "wayland" if platform.startswith("wayland") else platform
    plugin = Path(QLibraryInfo.path(QLibraryInfo.LibraryPath.PluginsPath), "platforms", f"libq{platform}.so")
    if plugin.exists():
        try:
            ctypes.CDLL(str(plugin))
        except OSError as error:
            return cannot_load(error, platform)
    if platform == "xcb" and not _in_time(_connects_to_x11):
        return _no_answer("DISPLAY", "")
    if platform == "wayland" and not _in_time(_connects_to_wayland):
        return _no_answer("WAYLAND_DISPLAY", "wayland-0")
    return None


def _no_answer(variable: str, default: str) -> AgeCamError:
    if not (os.environ.get(variable) or default):
        return AgeCamError(
            "Cannot open a window ({variable} is not set): set it, or use 'agecam analyze SOURCE', which needs no "
            "window.",
            variable=variable,
        )
    return AgeCamError(
        "Cannot open a window (the display {display} does not answer): check that it is running and that {variable} "
        "names it, or use 'agecam analyze SOURCE', which needs no window.",
        display=os.environ.get(variable) or default,
        variable=variable,
    )


def _connects_to_x11() -> bool:
    """The connection stays open: some servers restart, and refuse Qt meanwhile, when their last client leaves."""
    xcb = ctypes.CDLL("libxcb.so.1")
    xcb.xcb_connect.restype = ctypes.c_void_p
    return not xcb.xcb_connection_has_error(ctypes.c_void_p(xcb.xcb_connect(None, None)))


def _connects_to_wayland() -> bool:
    if "WAYLAND_SOCKET" in os.environ:  # an open connection, which serves only once
        return True
    address = Path(os.environ.get("XDG_RUNTIME_DIR", ""), os.environ.get("WAYLAND_DISPLAY") or "wayland-0")
    with socket.socket(socket.AF_UNIX) as connection:
        connection.connect(str(address))
    return True


def _in_time(connects: Callable[[], bool]) -> bool:
    """Whether `connects` returns True within `ANSWER_S`."""
    answers: list[bool] = []

    def connect() -> None:
        try:
            answers.append(connects())
        except OSError:
            answers.append(False)

    thread = threading.Thread(target=connect, name="display", daemon=True)
    thread.start()
    thread.join(ANSWER_S)
    return any(answers)
