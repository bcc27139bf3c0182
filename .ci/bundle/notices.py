"""The notices of the third-party packages in the bundle, and its SBOM without the packages that only build it."""

import ast
import json
import shutil
import subprocess
import sys
import sysconfig
from functools import cache
from pathlib import Path
from typing import Any

from libraries import owners_of

_INSTALLED = """
import json, sys
from importlib.metadata import distributions, packages_distributions
modules = {}
for module, names in packages_distributions().items():
    for name in names:
        modules.setdefault(name, []).append(module)
def licences(of):
    named = [file for file in of.files or () if "dist-info" in str(file)
             and any(word in file.name.lower() for word in ("licen", "copying", "notice", "copyright"))]
    return [file.locate().read_text(encoding="utf-8", errors="replace") for file in sorted(named)]
json.dump([
    {"name": of.name, "version": of.version, "modules": modules.get(of.name, []), "licences": licences(of),
     "licence": of.metadata.get("License-Expression") or (of.metadata.get("License") or "").partition("\\n")[0],
     "home": of.metadata.get("Home-page") or next(iter(of.metadata.get_all("Project-URL") or []), "")}
    for of in distributions()], sys.stdout)
"""
_TOOLS = {"altgraph", "pip", "pyinstaller-hooks-contrib", "setuptools", "scikit-image"}
"""Installed to build; of scikit-image only a portrait is in the bundle, which has a notice of its own."""
_QT_NOTE = """\
Qt and PySide6 are used under the LGPL, version 3. They are separate files in _internal/PySide6 that may be replaced by
other builds of the same version; their sources are at https://download.qt.io/official_releases/QtForPython/.
FFmpeg is used under the LGPL in _internal/PySide6 and _internal/opencv_python_headless.libs, and under the GPL in
_internal/av.libs, with x264 and x265; libheif in _internal/pillow_heif.libs also contains x265. Their sources are at
https://ffmpeg.org, https://github.com/PyAV-Org/pyav-ffmpeg and https://github.com/bigcat88/pillow_heif.
"""


def text(python: Path, folder: Path, work: Path) -> str:
    """The notices of everything in the bundle that has other authors, with the texts of their licences.

    Args:
        python: of the environment that the bundle was built from.
        folder: the bundle.
        work: the folder with PyInstaller's lists of what it has bundled.
    """
    found = _bundled(python, work)
    lines = ["AgeCam contains the following software of others.\n", _QT_NOTE]
    lines += [f"  {of['name']} {of['version']}: {of['licence'] or 'see below'} ({of['home']})" for of in found]
    licences = [(f"{of['name']} {of['version']}", of["licences"]) for of in found]
    licences.insert(0, (f"Python {sys.version.split()[0]}", [_python_licence()]))
    licences += [(f"{package} (Debian)", [copyright]) for package, copyright in _system_packages(folder, work)]
    for name, texts in licences:
        lines += ["", "=" * 80, name, "=" * 80, *texts]
    return "\n".join(lines) + "\n"


def keep_bundled(sbom: Path, python: Path, work: Path) -> None:
    """Remove from a CycloneDX file what is not in the bundle."""
    content = json.loads(sbom.read_text(encoding="utf-8"))
    names = {_normal(of["name"]) for of in _bundled(python, work)}
    content["components"] = [of for of in content["components"] if _normal(of["name"]) in names]
    references = {of["bom-ref"] for of in content["components"]}
    content["dependencies"] = [
        of | {"dependsOn": [name for name in of.get("dependsOn", []) if name in references]}
        for of in content.get("dependencies", [])
        if of["ref"] in references
    ]
    sbom.write_text(json.dumps(content, indent=1), encoding="utf-8")


@cache
def _bundled(python: Path, work: Path) -> list[dict[str, Any]]:
    """The installed packages of which a module or a file is in the bundle, by name."""
    listed = subprocess.run([python, "-c", _INSTALLED], capture_output=True, text=True, check=True).stdout
    roots = {place.replace("/", ".").partition(".")[0] for place, _, _ in _collected(work)}
    return sorted(
        (of for of in json.loads(listed) if roots & set(of["modules"]) and _normal(of["name"]) not in _TOOLS),
        key=lambda of: of["name"].lower(),
    )


def _collected(work: Path) -> list[tuple[str, str, str]]:
    """Place in the bundle, or name of the module, its origin, and PyInstaller's word for its kind."""
    files = ast.literal_eval((work / "COLLECT-00.toc").read_text(encoding="utf-8"))
    modules = ast.literal_eval((work / "PYZ-00.toc").read_text(encoding="utf-8"))
    return [entry for part in (*files, *modules) if isinstance(part, list) for entry in part]


def _system_packages(folder: Path, work: Path) -> list[tuple[str, str]]:
    """The Debian packages of bundled libraries of the system, each with its statement of copyright."""
    if shutil.which("dpkg") is None:
        return []
    libraries = {
        origin
        for place, origin, kind in _collected(work)
        if kind == "BINARY" and origin.startswith(("/lib", "/usr")) and (folder / "_internal" / place).exists()
    }
    packages = sorted({owner for library in libraries for owner in owners_of(library)})
    statements = [(name, Path("/usr/share/doc", name, "copyright")) for name in packages]
    return [(name, path.read_text(encoding="utf-8")) for name, path in statements if path.is_file()]


def _python_licence() -> str:
    found = [Path(sysconfig.get_path("stdlib"), "LICENSE.txt"), Path(sys.base_prefix, "LICENSE.txt")]
    path = next((path for path in found if path.is_file()), None)
    return "See https://docs.python.org/3/license.html" if path is None else path.read_text(encoding="utf-8")


def _normal(name: str) -> str:
    return name.lower().replace("_", "-").replace(".", "-")
