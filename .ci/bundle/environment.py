"""The packages that go into the bundle, and the virtual environment that PyInstaller collects them from.

They are those of pyproject.toml with the changes below, so that a new dependency is bundled without further work.
"""

import re
import subprocess
import sys
from pathlib import Path

import tomllib

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
import system_packages

ROOT = Path(__file__).resolve().parents[2]
TOOLS = ("pyinstaller==6.22.*", "cyclonedx-bom>=7", "zstandard>=0.23")
LEFT_OUT = {
    "mtcnn",  # only compared with
    "scikit-image",  # see PORTRAITS
    "tensorflow",  # training, GPUs and comparisons
}
REPLACED = {
    "opencv-python": ["opencv-python-headless"],  # without a Qt of its own
    "PySide6": ["PySide6-Essentials", "PySide6-Addons"],  # the latter for QtMultimedia
}
PORTRAITS = "scikit-image"
"""Installed without the packages it needs: only the demo's portrait of Eileen Collins is taken from it."""


def requirements() -> list[str]:
    """The requirements of the bundle, as pip reads them."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    bundled = []
    for requirement in project["dependencies"]:
        name = _name(requirement)
        if name not in LEFT_OUT:
            bundled += [other + requirement[len(name) :] for other in REPLACED.get(name, [name])]
    return bundled


def prepare(folder: Path) -> Path:
    """Create or update the environment in `folder`; returns its Python. Exits with one sentence if that fails."""
    system_packages.ensure(for_tests=False)  # PyInstaller bundles what it finds
    python = folder / ("Scripts/python.exe" if sys.platform == "win32" else "bin/python")
    stamp = folder / ".agecam-bundle"
    wanted = "\n".join([sys.version, *TOOLS, *requirements(), PORTRAITS])
    if stamp.exists() and stamp.read_text(encoding="utf-8") == wanted:
        return python
    pip = [str(python), "-m", "pip", "--disable-pip-version-check", "-q", "install"]
    for command in (
        [sys.executable, "-m", "venv", "--clear", str(folder)],
        [*pip, *TOOLS, *requirements()],
        [*pip, "--no-deps", PORTRAITS],
    ):
        if subprocess.run(command, stdin=subprocess.DEVNULL, check=False).returncode:
            sys.exit(
                "The packages of the bundle could not be installed (see the reason above): check the network and the "
                "free disk space (3 GB), then run make bundle again."
            )
    stamp.write_text(wanted, encoding="utf-8")
    return python


def _name(requirement: str) -> str:
    match = re.match(r"[\w.-]+", requirement)
    assert match is not None, requirement
    return match[0]
