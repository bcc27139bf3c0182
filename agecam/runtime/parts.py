"""Names of temporary files, and the removal of those that a killed process has left.

A name carries the host and the process, so that a folder shared by several computers is cleaned safely.
"""

import os
import re
import secrets
import socket
import time
from contextlib import suppress
from functools import cache
from pathlib import Path

OLD_S = 24 * 3600
"""A temporary file of another host, or without one in its name, is removed when it has not changed for this long."""

_NAME = re.compile(r"\.agecam-(?:(?P<host>\w+)-(?P<process>\d+)-)?[0-9a-f]{12}\.part.*")


def part_name() -> str:
    """A new name for a temporary file of this process."""
    return f".agecam-{_host()}-{os.getpid()}-{secrets.token_hex(6)}.part"


def remove_stale_parts(folder: Path) -> None:
    """Remove temporary files in `folder` that belong to no running process; looks once per folder and process."""
    key = os.path.realpath(folder)
    if key in _cleaned:
        return
    _cleaned.add(key)
    with suppress(OSError), os.scandir(folder) as entries:
        for entry in entries:
            match = _NAME.fullmatch(entry.name)
            if match is not None and _is_stale(entry, match["host"], match["process"]):
                with suppress(OSError):
                    Path(entry.path).unlink()


def _is_stale(entry: "os.DirEntry[str]", host: str | None, process: str | None) -> bool:
    if host == _host() and process is not None:
        import psutil  # only here: it takes 15 ms

        return not psutil.pid_exists(int(process))
    try:
        return entry.is_file(follow_symlinks=False) and time.time() - entry.stat().st_mtime > OLD_S
    except OSError:
        return False


@cache
def _host() -> str:
    return re.sub(r"\W", "_", socket.gethostname(), flags=re.ASCII)[:40] or "host"


_cleaned: set[str] = set()
