"""Prepare this checkout for running or testing: system libraries, then .venv with AgeCam and its packages.

    python3 .ci/set_up.py run|test

`make` calls this every time. It does nothing if nothing changed since it last finished. It creates .venv
again if it was interrupted, the folder was moved, or another Python is in use. It uses the standard library
only and works from Python 3.8 on, since it runs before anything is installed.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
import shutil
import subprocess
import sys
from pathlib import Path

import system_packages

ROOT = Path(__file__).resolve().parent.parent
VENV = ROOT / ".venv"
STAMP = VENV / ".agecam-set-up"
RECIPE = ("pyproject.toml", "setup.py", ".ci/system_packages.py")  # a change in these triggers a new set-up
REQUIREMENTS = {"run": ".", "test": ".[dev,library,training]"}  # the packages for tests include those for running
SIZE = {"run": "4 GB", "test": "5 GB"}


def main(purpose: str) -> None:
    """Bring .venv up to date for `purpose`, a key of REQUIREMENTS."""
    python = suitable_python()
    place = f"{ROOT} {python}"
    recipe = hashlib.sha256(b"".join((ROOT / name).read_bytes() for name in RECIPE))
    done = {key: f"{place}\n{recipe.hexdigest()} {key}\n" for key in REQUIREMENTS}

    with Path(__file__).open() as lock:  # a second make waits here until the first has finished
        fcntl.flock(lock, fcntl.LOCK_EX)
        stamp = STAMP.read_text() if STAMP.exists() else None
        if stamp in (done[purpose], done["test"]):
            return
        print(f"Setting up AgeCam (the first time takes a few minutes and about {SIZE[purpose]})", flush=True)
        system_packages.ensure(for_tests=purpose == "test")
        if stamp is not None and not stamp.startswith(f"{place}\n"):
            shutil.rmtree(VENV)
        VENV.mkdir(exist_ok=True)
        STAMP.write_text("unfinished\n")
        print("  Python packages", flush=True)
        install(python, purpose)
        STAMP.write_text(done[purpose])
        print("  done", flush=True)


def suitable_python() -> str:
    """Path of a Python that AgeCam supports: this one if possible."""
    if (3, 10) <= sys.version_info[:2] < (3, 14):
        return os.path.realpath(sys.executable)
    for name in ("python3.13", "python3.12", "python3.11", "python3.10"):
        if path := shutil.which(name):
            return os.path.realpath(path)
    sys.exit(
        f"AgeCam needs Python 3.10 to 3.13, but this is {sys.version.split()[0]}: install one of those, "
        "or name it, as in make run PYTHON=/path/to/python3.12"
    )


def install(python: str, purpose: str) -> None:
    """Create .venv and install AgeCam into it, editable, so that source changes need no new set-up."""
    pip = [str(VENV / "bin/python"), "-m", "pip", "--disable-pip-version-check", "-qq", "install"]
    for command in ([python, "-m", "venv", str(VENV)], [*pip, "--editable", REQUIREMENTS[purpose]]):
        if subprocess.run(command, cwd=ROOT, stdin=subprocess.DEVNULL, check=False).returncode:
            sys.exit(
                "The Python packages could not be installed (see the reason above): "
                f"check the network and the free disk space ({SIZE[purpose]}), then run make again."
            )


if __name__ == "__main__":
    try:
        main(sys.argv[1])
    except KeyboardInterrupt:
        sys.exit("\nSet-up stopped; the next make starts it again.")
