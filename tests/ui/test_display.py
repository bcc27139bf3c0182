"""Where no window can be opened: one sentence with the way out, and no abort of the process by Qt."""

import ctypes
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest
from PySide6.QtCore import QLibraryInfo

from agecam.ui.system import libraries
from agecam.ui.system.libraries import PACKAGES, cannot_load, cannot_start

ROOT = Path(__file__).resolve().parents[2]
PLUGINS = Path(QLibraryInfo.path(QLibraryInfo.LibraryPath.PluginsPath), "platforms")
pytestmark = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="Qt's platforms of Linux")


def agecam(tmp_path: Path, *words: str, **variables: str) -> "subprocess.CompletedProcess[str]":
    """Run `python main.py` with these variables and without those of this process's display."""
    removed = ("DISPLAY", "WAYLAND_DISPLAY", "WAYLAND_SOCKET", "XDG_SESSION_TYPE", "QT_QPA_PLATFORM")
    env = {name: value for name, value in os.environ.items() if name not in removed}
    env |= {"HOME": str(tmp_path), "XDG_RUNTIME_DIR": str(tmp_path), "XDG_STATE_HOME": str(tmp_path)} | variables
    return subprocess.run(
        [sys.executable, "main.py", *words], cwd=ROOT, env=env, capture_output=True, text=True, timeout=60
    )


def assert_one_sentence(done: "subprocess.CompletedProcess[str]", *parts: str) -> None:
    assert done.returncode == 1
    assert done.stdout == ""
    (line,) = done.stderr.splitlines()
    assert line.startswith("agecam: Cannot open a window (")
    assert line.endswith("or use 'agecam analyze SOURCE', which needs no window.")
    for part in parts:
        assert part in line


@pytest.mark.parametrize("words", [("demo",), (), ("bench", "--window")], ids=["source", "no source", "bench"])
def test_a_display_that_does_not_answer(words: tuple[str, ...], tmp_path: Path) -> None:
    done = agecam(tmp_path, *words, DISPLAY=":4711")
    assert_one_sentence(done, "the display :4711 does not answer", "DISPLAY names it")


@pytest.mark.parametrize(
    ("variables", "part"),
    [
        ({"DISPLAY": "nonsense"}, "the display nonsense does not answer"),
        ({"QT_QPA_PLATFORM": "xcb"}, "(DISPLAY is not set): set it"),
        ({"QT_QPA_PLATFORM": "nonsense"}, 'Could not find the Qt platform plugin "nonsense"'),
        ({"QT_QPA_PLATFORM": "xcb;nonsense", "DISPLAY": ":4711"}, "check DISPLAY"),
    ],
)
def test_variables_that_name_no_display(variables: dict[str, str], part: str, tmp_path: Path) -> None:
    assert_one_sentence(agecam(tmp_path, "demo", **variables), part)


@pytest.mark.parametrize("variables", [{"WAYLAND_DISPLAY": "wayland-9"}, {"XDG_SESSION_TYPE": "wayland"}])
def test_a_wayland_display_that_does_not_answer(variables: dict[str, str], tmp_path: Path) -> None:
    if "WAYLAND_DISPLAY" not in variables:
        variables = variables | {"DISPLAY": ":4711"}
    done = agecam(tmp_path, "demo", **variables)
    name = variables.get("WAYLAND_DISPLAY", "wayland-0")
    if "libwayland" in done.stderr:  # the library is missing on this computer
        assert_one_sentence(done, "libwayland-cursor0")
    else:
        assert_one_sentence(done, f"the display {name} does not answer")


@pytest.mark.skipif(shutil.which("Xvfb") is None, reason="needs Xvfb")
def test_a_display_that_hangs(tmp_path: Path) -> None:
    read, write = os.pipe()
    server = subprocess.Popen(
        ["Xvfb", "-noreset", "-displayfd", str(write), "-nolisten", "tcp"], pass_fds=[write], stderr=subprocess.DEVNULL
    )
    os.close(write)
    with os.fdopen(read) as pipe:
        number = pipe.readline().strip()
    server.send_signal(signal.SIGSTOP)
    try:
        began = time.monotonic()
        assert_one_sentence(agecam(tmp_path, "demo", DISPLAY=f":{number}"), f"the display :{number} does not answer")
        assert time.monotonic() - began < 20
    finally:
        server.send_signal(signal.SIGCONT)
        server.terminate()
        server.wait(10)


@pytest.mark.parametrize(
    ("names", "packages"),
    [
        (["libxcb-cursor.so.0"], ["libxcb-cursor0"]),
        (["libxcb-icccm.so.4", "libxcb-cursor.so.0"], ["libxcb-icccm4", "libxcb-cursor0"]),
        (["libEGL.so.1", "libxcb-cursor.so.0"], ["libegl1", "libxcb-cursor0"]),
        (["libGL.so.1", "libxcb-cursor.so.0"], ["libgl1", "libxcb-cursor0"]),  # OpenCV needs libGL too
    ],
)
def test_missing_libraries_are_named_with_their_packages(names: list[str], packages: list[str], tmp_path: Path) -> None:
    """The loader finds the damaged files first: the closest to missing ones that needs no rights."""
    folder = tmp_path / "libraries"
    folder.mkdir()
    for name in names:
        (folder / name).touch()
    done = agecam(tmp_path, "demo", DISPLAY=":4711", LD_LIBRARY_PATH=str(folder))
    assert_one_sentence(done, *names, *packages)


def can_hide_files() -> bool:
    if os.geteuid() != 0 or shutil.which("unshare") is None:
        return False
    return (
        subprocess.run(["unshare", "-m", "mount", "-t", "tmpfs", "none", "/mnt"], capture_output=True).returncode == 0
    )


@pytest.mark.skipif(not can_hide_files(), reason="needs the right to mount in a namespace of its own")
def test_a_library_that_is_really_missing(tmp_path: Path) -> None:
    (found,) = {
        Path(line.split()[2]).resolve()
        for line in subprocess.run(["ldd", PLUGINS / "libqxcb.so"], capture_output=True, text=True).stdout.splitlines()
        if "libxcb-cursor.so.0 =>" in line
    }
    script = (
        "mount -t tmpfs none /mnt && mkdir /mnt/upper /mnt/work && "
        f"mount -t overlay none -o lowerdir={found.parent},upperdir=/mnt/upper,workdir=/mnt/work {found.parent} && "
        f"rm {found.parent}/libxcb-cursor.so* && exec {sys.executable} main.py demo"
    )
    env = os.environ | {"HOME": str(tmp_path), "XDG_STATE_HOME": str(tmp_path), "DISPLAY": ":4711"}
    env.pop("QT_QPA_PLATFORM", None)
    done = subprocess.run(
        ["unshare", "-m", "sh", "-c", script], cwd=ROOT, env=env, capture_output=True, text=True, timeout=60
    )
    assert_one_sentence(done, "(libxcb-cursor.so.0 cannot be loaded)", "libxcb-cursor0")


@pytest.mark.parametrize(
    ("release", "expected"),
    [
        ("ID=ubuntu\nID_LIKE=debian\n", "run 'sudo apt install libxcb-cursor0'"),
        ("ID=debian\n", "run 'sudo apt install libxcb-cursor0'"),
        ('NAME="Fedora Linux"\nID=fedora\n', "run 'sudo dnf install xcb-util-cursor'"),
        ('ID="rocky"\nID_LIKE="rhel centos fedora"\n', "run 'sudo dnf install xcb-util-cursor'"),
        ("ID=arch\n", "(on Debian libxcb-cursor0, on Fedora xcb-util-cursor)"),
        (None, "(on Debian libxcb-cursor0, on Fedora xcb-util-cursor)"),
    ],
)
def test_the_package_is_that_of_the_system(
    release: str | None, expected: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "os-release"
    if release is not None:
        path.write_text(release)
    monkeypatch.setattr(libraries, "_OS_RELEASE", path)
    error = OSError("libxcb-cursor.so.0: cannot open shared object file: No such file or directory")
    assert expected in str(cannot_load(error, "none"))


@pytest.mark.parametrize(
    "reason",
    [
        "libQt6Core.so.6: cannot open shared object file: No such file or directory",
        "No module named 'PySide6'",
        "/lib/x86_64-linux-gnu/libc.so.6: version `GLIBC_2.34' not found (required by libQt6Core.so.6)",
    ],
)
def test_what_pip_installs_is_installed_again(reason: str) -> None:
    assert f"({reason}): run 'pip install --force-reinstall PySide6'" in str(cannot_load(ImportError(reason), "xcb"))


@pytest.mark.parametrize("name", ["libGL.so.1", "libglib-2.0.so.0", "libgthread-2.0.so.0"])
def test_a_library_of_opencv_is_missing_for_every_command(name: str) -> None:
    error = cannot_start(ImportError(f"{name}: cannot open shared object file: No such file or directory"))
    assert str(error).startswith(f"AgeCam cannot start ({name} cannot be loaded): ")
    assert PACKAGES[name][0] in str(error)
    assert cannot_start(ImportError("No module named 'cv2'")) is None


OF_THE_C_LIBRARY = {"linux-vdso", "libm", "libc", "libdl", "libpthread", "librt", "libgcc_s", "libstdc++"}


@pytest.mark.skipif(shutil.which("readelf") is None, reason="needs readelf")
@pytest.mark.parametrize("plugin", ["libqxcb.so", "libqwayland.so"])
def test_every_library_of_the_platform_has_a_package(plugin: str) -> None:
    """Of the plugin, and of all of Qt's own libraries that it needs."""
    waiting, seen, system = [PLUGINS / plugin], set[Path](), set[str]()
    while waiting:
        path = waiting.pop()
        seen.add(path)
        listing = subprocess.run(["readelf", "-d", path], capture_output=True, text=True, check=True).stdout
        for name in re.findall(r"NEEDED.*\[(.+)\]", listing):
            own = Path(QLibraryInfo.path(QLibraryInfo.LibraryPath.LibrariesPath), name)
            if own.exists():
                waiting += [own] if own not in seen else []
            elif name.partition(".so")[0] not in OF_THE_C_LIBRARY:
                system.add(name)
    assert len(system) > 5
    assert sorted(system - PACKAGES.keys() - {"ld-linux-x86-64.so.2", "ld-linux-aarch64.so.1"}) == []


def test_without_any_display_the_source_is_analysed_into_files(tmp_path: Path) -> None:
    env = {name: value for name, value in os.environ.items() if name not in ("DISPLAY", "WAYLAND_DISPLAY")}
    env.pop("QT_QPA_PLATFORM", None)
    done = subprocess.run(
        [sys.executable, ROOT / "main.py", "missing.mp4"],
        cwd=tmp_path,
        env=env,
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.stdout.startswith("There is no display for a window, so AgeCam runs without one")


def test_a_wayland_display_that_answers(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from agecam.ui.system.display import check_display

    monkeypatch.setenv("XDG_RUNTIME_DIR", str(tmp_path))
    monkeypatch.setenv("WAYLAND_DISPLAY", "wayland-test")
    monkeypatch.delenv("WAYLAND_SOCKET", raising=False)
    try:
        ctypes.CDLL(str(PLUGINS / "libqwayland.so"))
    except OSError:  # a library of Wayland's is missing on this computer
        monkeypatch.setattr("agecam.ui.system.display.ctypes.CDLL", lambda _: None)
    monkeypatch.setenv("QT_QPA_PLATFORM", "wayland")
    with pytest.raises(Exception, match="wayland-test does not answer"):
        check_display()
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(str(tmp_path / "wayland-test"))
        server.listen()
        check_display()
