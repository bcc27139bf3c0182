"""The system libraries that Qt and OpenCV need on Linux, and the packages that contain them. Does not import Qt."""

import ctypes
import re
from collections.abc import Iterable
from pathlib import Path

from agecam.errors import AgeCamError

_GUI = {
    "libEGL.so.1": ("libegl1", "libglvnd-egl"),
    "libGL.so.1": ("libgl1", "libglvnd-glx"),
    "libdbus-1.so.3": ("libdbus-1-3", "dbus-libs"),
    "libfontconfig.so.1": ("libfontconfig1", "fontconfig"),
    "libfreetype.so.6": ("libfreetype6", "freetype"),
    "libglib-2.0.so.0": ("libglib2.0-0", "glib2"),
    "libgthread-2.0.so.0": ("libglib2.0-0", "glib2"),
    "libX11.so.6": ("libx11-6", "libX11"),
    "libxkbcommon.so.0": ("libxkbcommon0", "libxkbcommon"),
    "libz.so.1": ("zlib1g", "zlib"),
    "libzstd.so.1": ("libzstd1", "libzstd"),
}
_XCB = {
    "libX11-xcb.so.1": ("libx11-xcb1", "libX11-xcb"),
    "libxcb-cursor.so.0": ("libxcb-cursor0", "xcb-util-cursor"),
    "libxcb-icccm.so.4": ("libxcb-icccm4", "xcb-util-wm"),
    "libxcb-image.so.0": ("libxcb-image0", "xcb-util-image"),
    "libxcb-keysyms.so.1": ("libxcb-keysyms1", "xcb-util-keysyms"),
    "libxcb-randr.so.0": ("libxcb-randr0", "libxcb"),
    "libxcb-render-util.so.0": ("libxcb-render-util0", "xcb-util-renderutil"),
    "libxcb-render.so.0": ("libxcb-render0", "libxcb"),
    "libxcb-shape.so.0": ("libxcb-shape0", "libxcb"),
    "libxcb-shm.so.0": ("libxcb-shm0", "libxcb"),
    "libxcb-sync.so.1": ("libxcb-sync1", "libxcb"),
    "libxcb-util.so.1": ("libxcb-util1", "xcb-util"),
    "libxcb-xfixes.so.0": ("libxcb-xfixes0", "libxcb"),
    "libxcb-xkb.so.1": ("libxcb-xkb1", "libxcb"),
    "libxcb.so.1": ("libxcb1", "libxcb"),
    "libxkbcommon-x11.so.0": ("libxkbcommon-x11-0", "libxkbcommon-x11"),
}
_WAYLAND = {
    "libwayland-client.so.0": ("libwayland-client0", "libwayland-client"),
    "libwayland-cursor.so.0": ("libwayland-cursor0", "libwayland-cursor"),
}
PACKAGES = _GUI | _XCB | _WAYLAND
"""For each library the packages of Debian and Ubuntu, and of Fedora."""
_OPENCV = ("libGL.so.1", "libglib-2.0.so.0", "libgthread-2.0.so.0")
_NEEDED = {"xcb": _GUI | _XCB, "wayland": _GUI | _WAYLAND}
_LIBRARY = re.compile(r"(?:\S*/)?(lib[^\s/]+\.so[.\d]*): (?:cannot open shared|file too short|invalid ELF)")
"""How the loader begins to say that a library is missing or damaged."""
_OS_RELEASE = Path("/etc/os-release")


def cannot_load(error: Exception, platform: str) -> AgeCamError:
    """What to say if the window's libraries cannot be loaded: which packages to install, all of them at once.

    Args:
        error: ImportError of a module, or OSError of Qt's platform plugin.
        platform: Qt's name of the platform for which it is loaded.
    """
    missing = _missing(error, _NEEDED.get(platform, _GUI))
    if not missing:
        return AgeCamError(
            "Cannot open a window ({reason}): run 'pip install --force-reinstall PySide6', or use "
            "'agecam analyze SOURCE', which needs no window.",
            reason=" ".join(str(error).split()).rstrip("."),
        )
    return AgeCamError(
        "Cannot open a window ({libraries} cannot be loaded): {advice}, or use 'agecam analyze SOURCE', which needs no "
        "window.",
        libraries=", ".join(missing),
        advice=_advice(missing),
    )


def cannot_start(error: ImportError) -> AgeCamError | None:
    """What to say if a command lacks a library of the system; None if the error has another reason."""
    missing = _missing(error, _OPENCV)
    if not missing:
        return None
    return AgeCamError(
        "AgeCam cannot start ({libraries} cannot be loaded): {advice}.",
        libraries=", ".join(missing),
        advice=_advice(missing),
    )


def _missing(error: Exception, needed: Iterable[str]) -> list[str]:
    """The library that the error names and all others of `needed` that cannot be loaded; empty if it names none."""
    found = _LIBRARY.search(str(error))
    if found is None or found[1] not in PACKAGES:
        return []
    return [found[1], *(name for name in needed if name != found[1] and not _loads(name))]


def _advice(missing: list[str]) -> str:
    debian, fedora = (" ".join(dict.fromkeys(PACKAGES[name][column] for name in missing)) for column in (0, 1))
    other = f"install the system's packages with them (on Debian {debian}, on Fedora {fedora})"
    return {"debian": f"run 'sudo apt install {debian}'", "fedora": f"run 'sudo dnf install {fedora}'"}.get(
        _family(), other
    )


def _loads(name: str) -> bool:
    try:
        ctypes.CDLL(name)
    except OSError:
        return False
    return True


def _family() -> str:
    """The family of this Linux: debian, fedora, or empty for another one."""
    try:
        text = _OS_RELEASE.read_text(encoding="utf-8", errors="replace")
    except OSError:
        return ""
    names = " ".join(re.findall(r"^ID(?:_LIKE)?=\"?([^\"\n]*)", text, re.MULTILINE)).split()
    return next((name for name in ("debian", "fedora") if name in names), "")
