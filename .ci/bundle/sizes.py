"""The sizes of the bundle, by part."""

from collections import Counter
from pathlib import Path

MIB = 2**20
SMALLEST_MIB = 5
"""Parts smaller than this are counted together."""


def table(folder: Path, files: list[Path]) -> str:
    """The bundle's parts and the finished files with their sizes in MiB, largest first."""
    parts: Counter[str] = Counter()
    for path in folder.rglob("*"):
        if path.is_file() and not path.is_symlink():
            parts[_part(path.relative_to(folder))] += path.stat().st_size
    large = {name: size for name, size in parts.items() if size >= SMALLEST_MIB * MIB}
    rows = sorted(large.items(), key=lambda row: -row[1])
    rows.append(("others", sum(parts.values()) - sum(large.values())))
    rows.append(("unpacked", sum(parts.values())))
    rows += [(path.name, path.stat().st_size) for path in files]
    return "".join(f"{size / MIB:8.1f} MiB  {name}\n" for name, size in rows)


def _part(path: Path) -> str:
    """The package that a file belongs to."""
    names = path.parts[1:] if path.parts[0] == "_internal" else path.parts
    name = names[0]
    if name.startswith(("libpython", "python3", "base_library")) or name == path.name == "agecam":
        return "Python, AgeCam and the modules of all packages"
    if len(names) == 1:
        return "libraries of the system" if path.parts[0] == "_internal" else "licences"
    return {"opencv_python_headless": "cv2", "pillow": "PIL"}.get(name.partition(".")[0], name.partition(".")[0])
