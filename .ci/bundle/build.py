"""Build the bundle for the system that this runs on: what is downloaded and opened by people without Python.

    make bundle

The results are in build/bundle/out: on Linux a folder as .tar.zst and a .deb, on macOS a .dmg, on Windows an installer;
a list of the sizes, an SBOM and checksums. A bundle runs on systems at least as new as the one it was built on, as far
as the C library is concerned, so build it on the oldest that is to be supported. Needs Python 3.11 to 3.13 with its
library (on Debian libpython3.11).
"""

import hashlib
import os
import shutil
import subprocess
import sys
from pathlib import Path

if sys.version_info < (3, 11):
    sys.exit("make bundle needs Python 3.11 to 3.13: name it, as in make bundle PYTHON=/path/to/python3.12")

import archives
import environment
import libraries
import notices
import sizes

ROOT = environment.ROOT
WORK = Path(os.environ.get("AGECAM_BUNDLE_FOLDER", ROOT / "build" / "bundle")).resolve()
TOOLS = {"dpkg-deb": "dpkg", "readelf": "binutils", "strip": "binutils", "tar": "tar", "zstd": "zstd"}
"""Programs for Linux, with their Debian packages."""


def main() -> None:
    """Build everything in WORK."""
    check_tools()
    python = environment.prepare(WORK / "environment")
    built, out = WORK / "built", WORK / "out"
    for folder in (built, out):
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
    (built / "commit.txt").write_text(commit(), encoding="ascii")
    run(python, ROOT / ".ci/bundle/pictures.py", built)
    run(
        *(python, "-m", "PyInstaller", "--noconfirm", "--log-level", "ERROR"),
        *("--workpath", WORK / "work", "--distpath", WORK / "dist", ROOT / ".ci/bundle/agecam.spec"),
        environment={"AGECAM_BUILT": str(built)},
    )
    folder, lists = WORK / "dist" / "agecam", WORK / "work" / "agecam"
    if sys.platform == "linux":
        libraries.remove_unneeded(folder / "_internal")
        libraries.strip(folder / "_internal")
    (folder / "THIRD-PARTY-NOTICES.txt").write_text(notices.text(python, folder, lists), encoding="utf-8")
    for name in ("LICENSE", "README.md"):
        shutil.copy(ROOT / name, folder)
    if sys.platform == "darwin":
        app = WORK / "dist" / "AgeCam.app"
        shutil.copy(folder / "THIRD-PARTY-NOTICES.txt", app / "Contents" / "Resources")
    files = archives.build(folder, built / "agecam.ico", out)
    sbom = out / f"{archives.name()}.cdx.json"
    run(python, "-m", "cyclonedx_py", "environment", "--output-reproducible", "--of", "JSON", "-o", sbom, python)
    notices.keep_bundled(sbom, python, lists)
    table = sizes.table(folder, files)
    (out / "sizes.txt").write_text(table, encoding="utf-8")
    sums = [f"{hashlib.sha256(path.read_bytes()).hexdigest()}  {path.name}\n" for path in [*files, sbom]]
    (out / "SHA256SUMS").write_text("".join(sums), encoding="utf-8")
    print(table)
    print("\n".join(str(path) for path in files))


def check_tools() -> None:
    """Exit if a program is missing that builds the bundle on Linux."""
    missing = [package for program, package in TOOLS.items() if sys.platform == "linux" and not shutil.which(program)]
    if missing:
        sys.exit(f"make bundle needs programs that this machine lacks: sudo apt-get install {' '.join(missing)}")


def commit() -> str:
    """The commit, with a plus sign if the checkout has been changed since."""
    git = ["git", "-C", str(ROOT)]
    name = subprocess.run([*git, "rev-parse", "--short", "HEAD"], capture_output=True, text=True, check=True).stdout
    changed = subprocess.run([*git, "status", "--porcelain", "--untracked-files=no"], capture_output=True, check=True)
    return name.strip() + ("+" if changed.stdout else "")


def run(*command: object, environment: dict[str, str] | None = None) -> None:
    """Run a step; exits if it fails."""
    words = [str(word) for word in command]
    done = subprocess.run(words, cwd=ROOT, env=os.environ | (environment or {}), check=False)
    if done.returncode:
        sys.exit(f"The bundle could not be built, for the reason above; this failed: {' '.join(words)}")


if __name__ == "__main__":
    main()
