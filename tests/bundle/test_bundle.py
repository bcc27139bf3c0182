"""What `make bundle` has built, used as its users do: unpacked into a folder of their choice and started there.

`make bundle-test` runs this.
"""

import hashlib
import json
import os
import re
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import av
import pytest
from caffe_files import random_blobs, write_pair
from films import FRAMES, Film
from legacy_hdf5 import random_tensors, write_published
from live_parts import wait_until
from models import is_one_sentence
from program_parts import needs_display, started, virtual_display, wait_for_a_label
from sources.picture_files import encoded, saved

from agecam.sources.demo import portraits
from agecam.types import Image

ROOT = Path(__file__).resolve().parents[2]
if not os.environ.get("AGECAM_BUNDLE_TEST"):
    pytest.skip("run make bundle, then make bundle-test", allow_module_level=True)

WORK = Path(os.environ.get("AGECAM_BUNDLE_FOLDER", ROOT / "build" / "bundle"))
OUT = WORK / "out"
MIB = 2**20
MAX_UNPACKED_MIB, MAX_PACKED_MIB = 600, 220
NARROW = {"channels": 2, "features": 8, "side": 1}
pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="for the bundle of Linux")


def only(pattern: str) -> Path:
    found = list(OUT.glob(pattern))
    assert len(found) == 1, f"{OUT} should hold one {pattern}: run make bundle"
    return found[0]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The unpacked archive, in a folder with a space and Korean letters in its path."""
    place = tmp_path_factory.mktemp("bundle") / "내 프로그램"
    place.mkdir()
    subprocess.run(["tar", "-C", place, "-xf", only("*.tar.zst")], check=True)
    (folder,) = place.iterdir()
    return folder


@pytest.fixture
def home(tmp_path: Path) -> Path:
    return tmp_path / "home"


@pytest.fixture(scope="module")
def portrait() -> Image:
    return portraits()[0]


def run(folder: Path, home: Path, *words: object, code: int = 0) -> "subprocess.CompletedProcess[str]":
    """Run the bundle with these arguments, without a display and without anything of this Python."""
    env = {"HOME": str(home), "PATH": "/usr/bin:/bin", "LC_ALL": "C.UTF-8"}
    command = [str(folder / "agecam"), *map(str, words)]
    done = subprocess.run(command, env=env, capture_output=True, text=True, timeout=200, check=False)
    assert done.returncode == code, done.stdout + done.stderr
    return done


def test_the_sizes_are_within_their_limits(folder: Path) -> None:
    unpacked = sum(path.lstat().st_size for path in folder.rglob("*") if not path.is_dir())
    assert unpacked <= MAX_UNPACKED_MIB * MIB
    for pattern in ("*.tar.zst", "*.deb"):
        assert only(pattern).stat().st_size <= MAX_PACKED_MIB * MIB


def test_the_checksums_fit_the_files() -> None:
    lines = (OUT / "SHA256SUMS").read_text().splitlines()
    sums = dict(reversed(line.split("  ")) for line in lines)  # type: ignore[arg-type, misc]
    assert {only("*.tar.zst").name, only("*.deb").name, only("*.cdx.json").name} == set(sums)
    for name, expected in sums.items():
        with (OUT / name).open("rb") as file:
            assert hashlib.file_digest(file, "sha256").hexdigest() == expected


def test_the_version_names_the_commit(folder: Path, home: Path) -> None:
    assert re.match(r"agecam \d+\.\d+\.\d+ \([0-9a-f]{7,}\+?\)\n", run(folder, home, "--version").stdout)


def test_the_programs_own_files_are_inside(folder: Path) -> None:
    listed = subprocess.run(["git", "ls-files", "agecam"], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    files = [name for name in listed.split() if not name.endswith((".py", ".ts"))]
    assert files
    assert [name for name in files if not (folder / "_internal" / name).is_file()] == []


@pytest.mark.parametrize("words", [("library", ".", "--out", "x"), ("bench",), ("bench", "--peer", "deepface")])
def test_what_needs_the_python_package_says_so(words: tuple[str, ...], folder: Path, home: Path) -> None:
    done = run(folder, home, *words, code=2)
    assert is_one_sentence(done.stderr.strip())
    assert "needs the Python package" in done.stderr


def test_pictures_of_all_formats_are_analysed(folder: Path, home: Path, tmp_path: Path, portrait: Image) -> None:
    pictures = tmp_path / "그림"
    pictures.mkdir()
    for form in ("avif", "heif", "jpeg2000", "jxl", "tiff", "webp"):
        (pictures / f"portrait.{form.replace('jpeg2000', 'jp2')}").write_bytes(saved(portrait, form.upper()))
    (pictures / "portrait.jpg").write_bytes(encoded(portrait, ".jpg"))
    results, plot, report = (tmp_path / name for name in ("r.jsonl", "plot.png", "report.pdf"))
    run(folder, home, "analyze", pictures, "--jsonl", results)
    lines = [json.loads(line) for line in results.read_text().splitlines()]
    assert {line["source"].rpartition(".")[2]: len(line["faces"]) for line in lines} == dict.fromkeys(
        ("avif", "heif", "jp2", "jpg", "jxl", "tiff", "webp"), 1
    )
    run(folder, home, "analyze", pictures / "portrait.jpg", "--plot", plot, "--report", report)
    assert plot.read_bytes().startswith(b"\x89PNG")
    assert report.read_bytes().startswith(b"%PDF")


def test_a_film_is_annotated_with_its_sound(folder: Path, home: Path, tmp_path: Path) -> None:
    film, results, annotated = Film("film.mp4").write(tmp_path), tmp_path / "r.jsonl", tmp_path / "annotated.mp4"
    run(folder, home, "analyze", film, "--jsonl", results, "--video", annotated)
    assert len(results.read_text().splitlines()) == FRAMES
    with av.open(str(annotated)) as file:
        assert [stream.type for stream in file.streams] == ["video", "audio"]
        assert sum(1 for _ in file.decode(video=0)) == FRAMES


def test_published_weights_are_installed_and_used(folder: Path, home: Path, tmp_path: Path, portrait: Image) -> None:
    (tmp_path / "portrait.png").write_bytes(encoded(portrait, ".png"))
    keras = [
        write_published(tmp_path / f"{task}_model_weights.h5", random_tensors(classes, seed=classes, **NARROW))
        for task, classes in (("age", 101), ("gender", 2))
    ]
    caffe = [
        path
        for task, classes in (("age", 101), ("gender", 2))
        for path in write_pair(tmp_path / "caffe", task, random_blobs(classes, seed=classes))
    ]
    for files, model in ((keras, "vgg-face"), (caffe, "dex")):
        assert f"{model} is installed" in run(folder, home, "models", "add", *files).stdout
        assert model in run(folder, home, "models").stdout
        done = run(folder, home, "analyze", tmp_path / "portrait.png", "--jsonl", "-", "--model", model)
        assert len(json.loads(done.stdout)["faces"]) == 1


def test_the_desktop_entry_starts_this_folder(folder: Path, home: Path) -> None:
    run(folder, home, "--install-desktop")
    entry = (home / ".local/share/applications/agecam.desktop").read_text()
    command = re.search(r"^Exec=(.*) %F$", entry, re.MULTILINE)
    assert command is not None
    done = subprocess.run(["sh", "-c", f"{command[1]} --version"], capture_output=True, text=True, check=True)
    assert done.stdout.startswith("agecam ")
    run(folder, home, "--remove-desktop")
    assert not list((home / ".local/share").rglob("agecam.*"))


@pytest.fixture
def display() -> Iterator[str]:
    with virtual_display() as name:
        yield name


@needs_display
def test_the_demo_is_labelled_saved_and_recorded(folder: Path, home: Path, display: str, tmp_path: Path) -> None:
    pictures = tmp_path / "saved"
    with started([str(folder / "agecam"), "demo"], home, display, folder=str(pictures)) as program:
        program.wait_for_window()
        assert program.has_class("AgeCam")  # the entry's StartupWMClass
        faces = wait_for_a_label(program, pictures)
        assert any(15 < face["age"] < 100 for face in faces)
        program.press("r")
        time.sleep(3)
        program.press("r")
        wait_until(lambda: bool(list(pictures.glob("*.mp4"))), 20)
        program.press("ctrl+q")
        assert program.process.wait(20) == 0
        assert program.process.communicate() == ("", "")
    (recorded,) = pictures.glob("*.mp4")
    with av.open(str(recorded)) as file:
        assert sum(1 for _ in file.decode(video=0)) > 10
    log = (home / "state" / "AgeCam" / "log" / "agecam.log").read_text()
    assert "ERROR" not in log
    assert "Traceback" not in log


@needs_display
def test_a_film_opens_with_qts_player_for_its_sound(folder: Path, home: Path, display: str, tmp_path: Path) -> None:
    film = Film("film.mp4", frames=10 * FRAMES).write(tmp_path)
    with started([str(folder / "agecam"), str(film)], home, display) as program:
        program.wait_for_window("film.mp4")
        maps = Path(f"/proc/{program.process.pid}/maps")
        wait_until(lambda: "libffmpegmediaplugin" in maps.read_text(), 30)
        program.press("ctrl+q")
        assert program.process.wait(20) == 0
    log = (home / "state" / "AgeCam" / "log" / "agecam.log").read_text()
    assert "without sound" not in log.replace("without sound: there is no audio device", "")


@needs_display
def test_programs_of_the_system_are_started_without_the_bundles_libraries(
    folder: Path, home: Path, display: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    opener, seen = tmp_path / "bin" / "xdg-open", tmp_path / "seen"
    opener.parent.mkdir()
    opener.write_text(f'#!/bin/sh\necho "$@" > "{seen}.part"\nenv >> "{seen}.part"\nmv "{seen}.part" "{seen}"\n')
    opener.chmod(0o755)
    monkeypatch.setenv("PATH", f"{opener.parent}:{os.environ['PATH']}")
    monkeypatch.delenv("LD_LIBRARY_PATH", raising=False)
    with started([str(folder / "agecam"), "demo"], home, display) as program:
        program.wait_for_window()
        program.press("alt+h")
        time.sleep(1)
        program.press("l")  # Open log file
        wait_until(seen.is_file, 20)
        program.press("ctrl+q")
        assert program.process.wait(20) == 0
    lines = seen.read_text().splitlines()
    assert lines[0].endswith("agecam.log")
    paths = [Path(path) for line in lines[1:] for path in line.partition("=")[2].split(":")]
    assert not [path for path in paths if path.is_relative_to(folder / "_internal") and path.is_dir()]


def test_the_debian_package_is_in_the_menu_and_under_open_with() -> None:
    package = only("*.deb")
    listed = subprocess.run(["dpkg-deb", "-c", package], capture_output=True, text=True, check=True).stdout
    for place in (
        *("/opt/agecam/agecam", "/usr/bin/agecam -> /opt/agecam/agecam", "/usr/share/applications/agecam.desktop"),
        *("/usr/share/icons/hicolor/scalable/apps/agecam.svg", "/usr/share/doc/agecam/copyright"),
    ):
        assert f".{place}\n" in listed
    assert "root/root" in listed
    fields = subprocess.run(["dpkg-deb", "-f", package], capture_output=True, text=True, check=True).stdout
    for library in ("libc6 (>=", "libpulse0", "libegl1", "libgl1", "libxcb1", "libstdc++6"):
        assert library in re.search(r"^Depends: (.*)$", fields, re.MULTILINE)[1]  # type: ignore[index]


def test_notices_and_the_bill_of_materials_name_what_is_inside(folder: Path) -> None:
    notices = (folder / "THIRD-PARTY-NOTICES.txt").read_text(encoding="utf-8")
    components = json.loads(only("*.cdx.json").read_text())["components"]
    names = {component["name"].lower().replace("_", "-") for component in components}
    assert {"numpy", "openvino", "pyside6-essentials", "opencv-python-headless", "av", "pillow-heif", "onnx"} <= names
    assert not names & {"pyinstaller", "pip", "cyclonedx-bom", "scikit-image", "tensorflow", "keras"}
    for name in names:
        assert name in notices.lower().replace("_", "-")
    assert "GNU LESSER GENERAL PUBLIC LICENSE" in notices
    assert "PYTHON SOFTWARE FOUNDATION LICENSE" in notices
