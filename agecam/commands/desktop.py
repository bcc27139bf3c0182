"""`agecam --install-desktop` and `--remove-desktop`: AgeCam in the menus of a Linux desktop, and under 'Open with'."""

import os
import shutil
import subprocess
import sys
from contextlib import suppress
from pathlib import Path

from agecam.commands import DONE
from agecam.errors import OutputError, UsageError
from agecam.runtime.bundle import is_bundled, own_command
from agecam.runtime.desktop_entry import ENTRY_PLACE, ICON, ICON_PLACE, NAME, desktop_entry
from agecam.runtime.files import write_whole


def run_install_desktop() -> int:
    """Write the desktop entry and the icon for this user; returns the exit code. Raises AgeCamError."""
    entry, icon = _places()
    write_whole(icon, ICON.read_bytes())
    write_whole(entry, desktop_entry(_command()).encode())
    _refresh(entry.parent)
    print(f"AgeCam is now in your desktop's menu: {entry}")
    return DONE


def run_remove_desktop() -> int:
    """Remove what `run_install_desktop` wrote; returns the exit code. Raises AgeCamError."""
    entry, icon = _places()
    there = [path for path in (entry, icon) if path.exists()]
    for path in there:
        try:
            path.unlink(missing_ok=True)
        except OSError as error:
            raise OutputError(
                "Cannot remove {path} ({reason}): remove it yourself.", path=path, reason=error.strerror or error
            ) from error
    _refresh(entry.parent)
    print("AgeCam is no longer in your desktop's menu." if there else "AgeCam was not in your desktop's menu.")
    return DONE


def _command() -> list[str]:
    """How the desktop starts this AgeCam: the installed program if it was started as that."""
    program = Path(sys.argv[0])
    if not is_bundled() and program.name == NAME and program.is_file():
        return [str(program.absolute())]
    return own_command()


def _places() -> tuple[Path, Path]:
    """Where this user's desktop entry and icon belong; raises UsageError on systems without desktop entries."""
    if not sys.platform.startswith("linux"):
        raise UsageError(
            "Desktop entries are for Linux: on this system, drag AgeCam to the dock or pin it to the task bar."
        )
    named = Path(os.environ.get("XDG_DATA_HOME", ""))
    folder = named if named.is_absolute() else Path.home() / ".local" / "share"
    return folder / ENTRY_PLACE, folder / ICON_PLACE


def _refresh(applications: Path) -> None:
    """Let the desktop look again which program opens which file; desktops without this program look by themselves."""
    if (program := shutil.which("update-desktop-database")) is not None:
        with suppress(OSError, subprocess.TimeoutExpired):
            subprocess.run([program, "-q", str(applications)], check=False, timeout=10)
