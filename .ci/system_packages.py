"""System libraries that the Python wheels load but do not contain, and how to install missing ones.

apt-get installs only what is missing, so a machine that has everything is not changed. This uses the standard
library only and works from Python 3.8 on, since it runs before anything is installed.
"""

from __future__ import annotations

import ctypes
import importlib.util
import os
import shutil
import subprocess
import sys

# Shared object -> Debian and Ubuntu package.
LIBRARIES = {
    # OpenCV (video, and its own Qt) and Qt's core.
    "libGL.so.1": "libgl1",
    "libglib-2.0.so.0": "libglib2.0-0",
    "libxcb.so.1": "libxcb1",
    # PySide6's QtGui, with or without a display.
    "libEGL.so.1": "libegl1",
    "libX11.so.6": "libx11-6",
    "libdbus-1.so.3": "libdbus-1-3",
    "libfontconfig.so.1": "libfontconfig1",  # installs the DejaVu fonts, without which Qt draws no text
    "libpulse.so.0": "libpulse0",  # QtMultimedia: the sound of videos in the window
    "libXrandr.so.2": "libxrandr2",  # its plug-in, as the next two
    "libXext.so.6": "libxext6",
    "libdrm.so.2": "libdrm2",
    "libfreetype.so.6": "libfreetype6",
    "libxkbcommon.so.0": "libxkbcommon0",
    # Qt's xcb plugin: windows on X11, and on Wayland through XWayland.
    "libX11-xcb.so.1": "libx11-xcb1",
    "libxkbcommon-x11.so.0": "libxkbcommon-x11-0",
    "libxcb-cursor.so.0": "libxcb-cursor0",
    "libxcb-glx.so.0": "libxcb-glx0",
    "libxcb-icccm.so.4": "libxcb-icccm4",
    "libxcb-image.so.0": "libxcb-image0",
    "libxcb-keysyms.so.1": "libxcb-keysyms1",
    "libxcb-randr.so.0": "libxcb-randr0",
    "libxcb-render.so.0": "libxcb-render0",
    "libxcb-render-util.so.0": "libxcb-render-util0",
    "libxcb-shape.so.0": "libxcb-shape0",
    "libxcb-shm.so.0": "libxcb-shm0",
    "libxcb-sync.so.1": "libxcb-sync1",
    "libxcb-util.so.1": "libxcb-util1",
    "libxcb-xfixes.so.0": "libxcb-xfixes0",
    "libxcb-xkb.so.1": "libxcb-xkb1",
}

# Program -> package: AgeCam is also tested on a virtual X server, with simulated key presses.
TEST_PROGRAMS = {"xvfb-run": "xvfb", "xauth": "xauth", "xdotool": "xdotool"}


def missing_packages(for_tests: bool) -> list[str]:
    """Debian names of the packages that this machine lacks."""
    packages = [package for library, package in LIBRARIES.items() if not _loads(library)]
    if importlib.util.find_spec("ensurepip") is None:
        packages.append("python3-venv")
    if for_tests:
        packages += [package for program, package in TEST_PROGRAMS.items() if shutil.which(program) is None]
    return packages


def ensure(for_tests: bool) -> None:
    """Install what is missing, or exit with one sentence that says how to do it."""
    if not sys.platform.startswith("linux"):
        return
    packages = missing_packages(for_tests)
    if not packages:
        return
    if shutil.which("apt-get") is None:
        sys.exit(
            f"AgeCam needs system libraries that this machine lacks: install your system's equivalents of "
            f"{' '.join(packages)} (Debian names), then run make again."
        )
    by_hand = f"run this, then run make again: sudo apt-get install --no-install-recommends {' '.join(packages)}"
    if (root := _as_root()) is None:
        sys.exit(f"AgeCam needs system packages that only root may install; {by_hand}")
    print(f"  system packages: {' '.join(packages)}", flush=True)
    # An update may fail because of a third-party repository, and the installation still work.
    _apt_get(root, "update")
    if (log := _apt_get(root, "install", "--yes", "--no-install-recommends", *packages)) is not None:
        sys.exit(f"{log}\nSystem packages could not be installed; {by_hand}")
    if still := missing_packages(for_tests):
        sys.exit(f"apt-get ran, but {' '.join(still)} cannot be loaded; {by_hand}")


def _loads(library: str) -> bool:
    try:
        ctypes.CDLL(library)
    except OSError:
        return False
    return True


def _as_root() -> list[str] | None:
    """Prefix that runs a command as root; None if that is not possible."""
    if os.geteuid() == 0:
        return []
    if shutil.which("sudo") is None:
        return None
    ask = [] if sys.stdin.isatty() else ["--non-interactive"]
    return ["sudo", *ask] if subprocess.run(["sudo", *ask, "true"], check=False).returncode == 0 else None


def _apt_get(root: list[str], *arguments: str) -> str | None:
    """Run apt-get quietly. Returns None on success, otherwise its output."""
    unattended = ["env", "DEBIAN_FRONTEND=noninteractive", "apt-get", "-o", "DPkg::Lock::Timeout=120"]
    done = subprocess.run(
        [*root, *unattended, *arguments],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )
    return None if done.returncode == 0 else done.stdout + done.stderr
