"""Check that the built wheel contains all of AgeCam and nothing else, and that the installed program starts.

    .venv/bin/python .ci/check_package.py dist

The wheel is installed into an empty folder that comes before .venv on the import path, so that only its
dependencies come from .venv. Exits with one sentence at the first error.
"""

import os
import subprocess
import sys
import tempfile
import zipfile
from pathlib import Path, PurePosixPath

ROOT = Path(__file__).resolve().parent.parent
MODELS = PurePosixPath("assets/models")


def main(folder: Path) -> None:
    """Check the one wheel in `folder`."""
    (wheel,) = folder.glob("*.whl")
    expected = {_installed_as(path) for path in _tracked("agecam", str(MODELS))}
    contained = {name for name in zipfile.ZipFile(wheel).namelist() if ".dist-info/" not in name}
    if missing := sorted(expected - contained):
        sys.exit(f"{wheel.name} lacks {', '.join(missing)}: see setup.py and MANIFEST.in.")
    if untracked := sorted(contained - expected):
        sys.exit(f"{wheel.name} contains files that git does not track: {', '.join(untracked)}.")

    with tempfile.TemporaryDirectory() as scratch:
        pip = [sys.executable, "-m", "pip", "--disable-pip-version-check", "-q", "install", "--no-deps"]
        _run([*pip, "--target", scratch, str(wheel.resolve())], scratch)
        find = "from importlib.resources import files; print(*(p for p in files('agecam.assets').iterdir()))"
        where = _run([sys.executable, "-c", find], scratch)
        if not where.startswith(scratch):
            sys.exit(f"The installed AgeCam looks for its models in {where.strip()}, outside {wheel.name}.")
        _run([f"{scratch}/bin/agecam", "--help"], scratch)
    print(f"{wheel.name}: {len(contained)} files, installs and starts")


def _tracked(*folders: str) -> list[PurePosixPath]:
    listing = ["git", "ls-files", "-z", *folders]
    names = subprocess.run(listing, cwd=ROOT, check=True, capture_output=True, text=True).stdout
    return [PurePosixPath(name) for name in names.split("\0") if name]


def _installed_as(path: PurePosixPath) -> str:
    return str("agecam/assets" / path.relative_to(MODELS) if path.is_relative_to(MODELS) else path)


def _run(command: list[str], scratch: str) -> str:
    environment = {**os.environ, "PYTHONPATH": scratch}
    done = subprocess.run(command, cwd=scratch, env=environment, capture_output=True, text=True, check=False)
    if done.returncode:
        sys.exit(f"{done.stdout}{done.stderr}\nThe installed wheel failed at: {' '.join(command)}")
    return done.stdout


if __name__ == "__main__":
    main(Path(sys.argv[1]))
