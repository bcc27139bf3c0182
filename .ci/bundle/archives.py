"""Packs the bundle into what the people of each system expect."""

import platform
import runpy
import shutil
import subprocess
import sys
from pathlib import Path

import libraries

ROOT = Path(__file__).resolve().parents[2]
# Read as files: AgeCam itself cannot be imported by the Python that builds the bundle, which lacks its packages.
VERSION = runpy.run_path(str(ROOT / "agecam/version.py"))["__version__"]
ENTRY = runpy.run_path(str(ROOT / "agecam/runtime/desktop_entry.py"))
_DESCRIPTION = "Apparent age and gender next to every face: live from a webcam, or in videos and pictures"


def build(folder: Path, icon: Path, out: Path) -> list[Path]:
    """Pack the bundle in `folder`; returns the files, which are in `out`. `icon` is an .ico file."""
    if sys.platform == "darwin":
        return [_dmg(folder.with_name("AgeCam.app"), out)]
    if sys.platform == "win32":
        return [_installer(folder, icon, out)]
    return [_archive(folder, out), _deb(folder, out)]


def name() -> str:
    """Of the finished files, without their suffix."""
    system = {"darwin": "macos", "win32": "windows"}.get(sys.platform, sys.platform)
    return f"AgeCam-{VERSION}-{system}-{platform.machine().lower()}"


def _archive(folder: Path, out: Path) -> Path:
    """The folder, which runs from any place, as .tar.zst."""
    path = out / f"{name()}.tar.zst"
    owner = ["--owner=0", "--group=0", "--numeric-owner", "--sort=name"]
    pack = ["tar", *owner, "--transform", f"s,^{folder.name},AgeCam-{VERSION},S", "-C", str(folder.parent)]
    subprocess.run([*pack, "--use-compress-program=zstd -19 -T0", "-cf", str(path), folder.name], check=True)
    return path


def _deb(folder: Path, out: Path) -> Path:
    """The Debian package: the program in /opt/agecam, its command, and its entry in the desktop's menu."""
    architecture = subprocess.run(["dpkg", "--print-architecture"], capture_output=True, text=True, check=True)
    root = folder.with_name(f"agecam_{VERSION}_{architecture.stdout.strip()}")
    shutil.rmtree(root, ignore_errors=True)
    share = root / "usr" / "share"
    entry, icon = share / ENTRY["ENTRY_PLACE"], share / ENTRY["ICON_PLACE"]
    for place in (entry.parent, icon.parent, root / "usr/bin", root / "opt", share / "doc/agecam", root / "DEBIAN"):
        place.mkdir(parents=True)
    shutil.copytree(folder, root / "opt" / "agecam", symlinks=True)
    (root / "usr/bin/agecam").symlink_to("/opt/agecam/agecam")
    entry.write_text(ENTRY["desktop_entry"](["/usr/bin/agecam"]), encoding="utf-8")
    shutil.copy(ENTRY["ICON"], icon)
    shutil.copy(folder / "THIRD-PARTY-NOTICES.txt", share / "doc/agecam/copyright")
    control = {
        "Package": "agecam",
        "Version": VERSION,
        "Architecture": architecture.stdout.strip(),
        "Maintainer": "AgeCam contributors <agecam@localhost>",
        "Section": "video",
        "Priority": "optional",
        "Installed-Size": str(sum(path.lstat().st_size for path in root.rglob("*")) // 1024),
        "Depends": ", ".join(libraries.debian_packages(folder)),
        "Recommends": "fonts-noto-cjk",  # the texts of the window in Korean
        "Description": _DESCRIPTION,
    }
    text = "".join(f"{key}: {value}\n" for key, value in control.items())
    (root / "DEBIAN/control").write_text(text, encoding="utf-8")
    subprocess.run(["chmod", "-R", "u=rwX,go=rX", str(root)], check=True)
    path = out / f"{root.name}.deb"
    # Debian 12 reads xz and zstd, older dpkg only xz.
    subprocess.run(["dpkg-deb", "--root-owner-group", "-Zxz", "-z6", "--build", str(root), str(path)], check=True)
    shutil.rmtree(root)
    return path


def _dmg(app: Path, out: Path) -> Path:
    path = out / f"{name()}.dmg"
    (app.parent / "Applications").unlink(missing_ok=True)
    volume = app.parent / "volume"
    shutil.rmtree(volume, ignore_errors=True)
    volume.mkdir()
    subprocess.run(["ditto", str(app), str(volume / app.name)], check=True)
    (volume / "Applications").symlink_to("/Applications")  # to drag the program to
    make = ["hdiutil", "create", "-volname", "AgeCam", "-srcfolder", str(volume), "-format", "ULFO", "-ov"]
    subprocess.run([*make, str(path)], check=True)
    return path


def _installer(folder: Path, icon: Path, out: Path) -> Path:
    compiler = shutil.which("iscc") or r"C:\Program Files (x86)\Inno Setup 6\ISCC.exe"
    given = {"Version": VERSION, "Folder": folder, "Name": name(), "Icon": icon}
    words = [f"/D{key}={value}" for key, value in given.items()]
    subprocess.run([compiler, f"/O{out}", *words, str(Path(__file__).with_name("windows.iss"))], check=True)
    return out / f"{name()}.exe"
