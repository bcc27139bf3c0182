"""The system's libraries: which of them the bundle does not need to contain, and which it expects on a user's system.

For Linux only. A library counts as in the bundle if a file of its name is anywhere in it.
"""

import re
import subprocess
from collections.abc import Iterator
from pathlib import Path

_ELF = b"\x7fELF"
_PATH = "/usr/sbin:/usr/bin:/sbin:/bin"
_PAGE_BYTES = 4096
_WAYLAND = {
    "libwayland-client.so.0": "libwayland-client0",
    "libwayland-cursor.so.0": "libwayland-cursor0",
    "libwayland-egl.so.1": "libwayland-egl1",
}
"""Packages of libraries that a machine without a desktop may lack, as nothing there runs on Wayland."""
_STARTED = ("libpython",)
"""Loaded by the program itself, so that no other library needs it."""


def remove_unneeded(internal: Path) -> None:
    """Remove the system's libraries that are in the bundle only for what was left out of it.

    Args:
        internal: the bundle's `_internal`; the system's libraries are directly in it, those of packages are not.
    """
    needs = {path: _needed(path) for path in _elf_files(internal)}
    while True:
        needed = set().union(*needs.values())
        unneeded = [
            path
            for path in needs
            if path.parent == internal
            and re.match(r"lib.+\.so", path.name)
            and path.name not in needed
            and not path.name.startswith(_STARTED)
        ]
        if not unneeded:
            return
        for path in unneeded:
            path.unlink()
            del needs[path]


def strip(folder: Path) -> None:
    """Remove debugging symbols: several packages come with them, 75 MiB in all.

    Libraries that could not be loaded afterwards are left as they are: `patchelf` has moved some of their parts.
    """
    for path in list(_elf_files(folder)):
        stripped = path.with_name(f"{path.name}.stripped")
        subprocess.run(["strip", "--strip-unneeded", "-o", stripped, path], check=True)
        if _is_aligned(stripped):
            stripped.replace(path)
        else:
            stripped.unlink()


def _is_aligned(path: Path) -> bool:
    """Whether each part that is loaded begins at the same place within a page in the file and in memory."""
    parts = re.findall(r"^ *LOAD +0x(\w+) 0x(\w+)", _output("readelf", "--segments", "--wide", path), re.MULTILINE)
    return all((int(offset, 16) - int(address, 16)) % _PAGE_BYTES == 0 for offset, address in parts)


def debian_packages(folder: Path) -> list[str]:
    """What the `Depends` of a Debian package must name: the packages with the libraries that are not in the bundle.

    Run it on the system that the bundle was built on. Exits if a library is in no package of that system.
    """
    files = list(_elf_files(folder))
    inside = {path.name for path in folder.rglob("*.so*")}
    missing = set().union(*map(_needed, files)) - inside
    packages = {_package(library) for library in missing} - {"libc6"}
    return [f"libc6 (>= {_newest_glibc(files)})", *sorted(packages)]


def owners_of(library: str) -> list[str]:
    """The Debian packages that a file of this system is from."""
    names = [library, library.removeprefix("/usr"), str(Path(library).resolve())]
    listed = subprocess.run(["dpkg", "-S", *names], capture_output=True, text=True, check=False).stdout
    return [line.partition(":")[0] for line in listed.splitlines() if not line.startswith("diversion")]


def _elf_files(folder: Path) -> Iterator[Path]:
    for path in folder.rglob("*"):
        if path.is_file() and not path.is_symlink():
            with path.open("rb") as file:
                if file.read(len(_ELF)) == _ELF:
                    yield path


def _needed(path: Path) -> set[str]:
    """The names of the libraries that a library or program is linked with."""
    return set(re.findall(r"\(NEEDED\).*\[(.+)\]", _output("readelf", "--dynamic", "--wide", path)))


def _newest_glibc(files: list[Path]) -> str:
    found = re.findall(r"Name: GLIBC_([\d.]+)", _output("readelf", "--version-info", "--wide", *files))
    return max(found, key=lambda version: [int(number) for number in version.split(".")])


def _package(library: str) -> str:
    """The Debian package of a library, which is on this system or one of Wayland's."""
    if library in _WAYLAND:
        return _WAYLAND[library]
    listed = re.search(rf"^\s*{re.escape(library)} .*=> (.+)$", _output("ldconfig", "-p"), re.MULTILINE)
    if listed is None:
        raise SystemExit(f"{library} is needed by the bundle, but it is neither in it nor on this system.")
    owners = owners_of(listed[1])
    if not owners:
        raise SystemExit(f"{listed[1]} is needed by the bundle, but it is in no Debian package.")
    return owners[0]


def _output(*command: object) -> str:
    words = [str(word) for word in command]
    return subprocess.run(words, capture_output=True, text=True, check=True, env={"LC_ALL": "C", "PATH": _PATH}).stdout
