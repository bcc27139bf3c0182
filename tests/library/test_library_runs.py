"""`agecam library` as a command, on Ray, with all that happens to long runs."""

import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
import psutil
import pytest
from library_parts import (
    ROOT,
    children_of,
    is_each_once,
    link_many,
    parts,
    query,
    run,
    running,
    workers_of,
    write_portraits,
)
from models import is_one_sentence

from agecam.library.keys import key_of
from agecam.library.storage import Folder
from agecam.library.tries import MAX_DEATHS
from agecam.library.worker import GAVE_UP

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="the processes of Ray are ended by signals")


def wait_until(condition: Callable[[], object], process: "subprocess.Popen[str]", seconds: float = 100) -> None:
    """Wait while a run goes on."""
    end = time.monotonic() + seconds
    while not condition():
        assert process.poll() is None, process.communicate()
        assert time.monotonic() < end
        time.sleep(0.02)


def sentence(done: "subprocess.CompletedProcess[str]") -> str:
    """The one sentence with which a run refuses."""
    assert done.returncode in (1, 2), done.stderr
    message = done.stderr.strip().splitlines()[-1].removeprefix("agecam: ")
    assert is_one_sentence(message), done.stderr
    return message


@pytest.fixture
def photos(tmp_path: Path) -> Path:
    """40 names for two portraits, of which two are of damaged files."""
    folder = tmp_path / "photos"
    link_many(write_portraits(tmp_path / "portraits"), folder, 38)
    (folder / "damaged-1.jpg").write_bytes(b"\xff\xd8\xff\xe0 nothing more")
    (folder / "damaged-2.png").write_bytes(b"\x89PNG\r\n\x1a\n")
    return folder


def test_a_folder_with_damaged_pictures_is_analysed_and_later_only_what_is_new(photos: Path, tmp_path: Path) -> None:
    out, faces, report = tmp_path / "out", tmp_path / "faces.parquet", tmp_path / "report.html"
    first = run(photos, "--out", out, "--workers", 2, "--faces", faces, "--report", report, "--contact-sheet")
    assert first.returncode == 0, first.stderr
    assert first.stdout.startswith(f"40 pictures with 38 faces added to {out}, ")
    assert "2 pictures could not be analysed" in first.stdout
    assert "40 pictures to analyse with 2 workers." in first.stderr
    assert is_each_once(out, photos)
    failed = query("select path, error, faces is null from pictures where error is not null order by path", out)
    assert [(Path(str(path)).name, is_null) for path, _, is_null in failed] == [
        ("damaged-1.jpg", True),
        ("damaged-2.png", True),
    ]
    assert sorted(path.name for path in out.iterdir()) == ["library.json", "pictures"]
    assert faces.stat().st_size > 1000 and "<b>38</b>faces" in report.read_text(encoding="utf-8")

    again = run(photos, "--out", out)
    assert (again.returncode, again.stdout) == (0, f"Nothing new: 40 pictures in {out} already.\n")

    before = parts(out)
    shutil.copy(tmp_path / "portraits" / "hopper.jpg", photos / "new.jpg")
    (photos / "damaged-1.jpg").unlink()
    shutil.copy(tmp_path / "portraits" / "hopper.jpg", photos / "damaged-1.jpg")
    third = run(photos, "--out", out, "--retry-failed", "--workers", 1)
    assert third.returncode == 0, third.stderr
    assert third.stdout.startswith(f"3 pictures with 2 faces added to {out} (38 were there before), ")
    assert is_each_once(out, photos)
    assert query("select path from pictures where error is not null", out) == [(str(photos / "damaged-2.png"),)]
    kept = {name for name, changed_ns in parts(out).items() if before.get(name) == changed_ns}
    assert len(kept) >= len(before) - 2  # all but those with a failed picture are as they were


def test_a_worker_is_killed_in_the_middle(tmp_path: Path) -> None:
    photos, out = tmp_path / "photos", tmp_path / "out"
    link_many(write_portraits(tmp_path / "portraits"), photos, 160)
    with running(photos, "--out", out, "--workers", 2) as process:
        wait_until(lambda: len(parts(out)) >= 2, process)
        victim = workers_of(process)[0]
        victim.kill()
        output, errors = process.communicate(timeout=200)
    assert process.returncode == 0, errors
    assert output.startswith("160 pictures with 160 faces added")
    assert "raylet" not in output + errors and "Traceback" not in errors
    assert is_each_once(out, photos)
    assert query("select count(*) from pictures where error is not null", out) == [(0,)]


def test_the_driver_is_killed_and_interrupted_and_goes_on(tmp_path: Path) -> None:
    photos, out = tmp_path / "photos", tmp_path / "out"
    link_many(write_portraits(tmp_path / "portraits"), photos, 300)
    with running(photos, "--out", out, "--workers", 2) as process:
        wait_until(lambda: len(parts(out)) >= 3, process)
        second = run(photos, "--out", out)
        assert f"(process {process.pid} on " in sentence(second)
        children = children_of(process)
        process.kill()
    _, alive = psutil.wait_procs(children, timeout=20)
    assert alive == []  # nothing of the run goes on
    killed = parts(out)
    assert killed

    with running(photos, "--out", out, "--workers", 2) as process:
        wait_until(lambda: len(parts(out)) >= len(killed) + 3, process)
        process.send_signal(signal.SIGINT)
        _, errors = process.communicate(timeout=60)
    assert process.returncode == 128 + signal.SIGINT
    assert "Traceback" not in errors
    last = errors.strip().splitlines()[-1]
    assert last.startswith("agecam: Stopped: ") and last.endswith("Call the same command again to go on.")
    assert sorted(path.name for path in out.iterdir()) == ["library.json", "pictures"]
    interrupted = parts(out)
    assert interrupted.items() >= killed.items()  # what was done is not done again

    done = run(photos, "--out", out, "--workers", 2)
    assert done.returncode == 0, done.stderr
    assert parts(out).items() >= interrupted.items()
    assert is_each_once(out, photos)
    assert query("select count(*), sum(len(faces)) from pictures where error is null", out) == [(300, 300)]


def test_a_picture_that_ends_its_worker_is_tried_twice(tmp_path: Path) -> None:
    photos, out = tmp_path / "photos", tmp_path / "out"
    link_many(write_portraits(tmp_path / "portraits"), photos, 12)
    large = photos / "large.png"
    cv2.imwrite(str(large), np.full((6000, 6000, 3), 127, np.uint8))
    key = key_of(str(large)).hex()

    def in_work() -> set[str]:
        return {path.name for path in (out / "tries").glob(f"{key}-*")}

    with running(photos, "--out", out, "--workers", 1) as process:
        for deaths in range(MAX_DEATHS):
            wait_until(lambda deaths=deaths: len(in_work()) > deaths, process)
            (worker,) = workers_of(process)
            worker.kill()  # as the system does when memory is short
        output, errors = process.communicate(timeout=200)
    assert process.returncode == 0, errors
    assert output.startswith("13 pictures with 12 faces added")
    assert is_each_once(out, photos)
    assert query("select path, error from pictures where error is not null", out) == [(str(large), GAVE_UP)]


def test_an_output_that_cannot_be_written_any_more_ends_the_run(tmp_path: Path) -> None:
    photos, out = tmp_path / "photos", tmp_path / "out"
    link_many(write_portraits(tmp_path / "portraits"), photos, 300)
    with running(photos, "--out", out, "--workers", 1) as process:
        wait_until(lambda: parts(out), process)
        (out / "work").rename(tmp_path / "lost")
        (out / "work").touch()
        output, errors = process.communicate(timeout=100)
    assert f"Cannot write {out}" in sentence(subprocess.CompletedProcess([], process.returncode, output, errors))
    assert "Traceback" not in errors
    assert query("select count(*) - count(distinct path) from pictures", out) == [(0,)]


def test_pictures_and_data_set_on_a_server(s3_environment: dict[str, str], tmp_path: Path) -> None:
    files = Folder("s3://photos/in").files
    for path in write_portraits(tmp_path / "portraits"):
        files.put_file(str(path), f"photos/in/year=2020/{path.name}")
    arguments = ("s3://photos/in/*/*.jpg", "--out", "s3://photos/out", "--workers", 1)
    done = run(*arguments, "--faces", tmp_path / "faces.parquet", **s3_environment)
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("2 pictures with 2 faces added to s3://photos/out, ")
    assert f"{tmp_path}/faces.parquet: 2 faces." in done.stdout
    files.invalidate_cache()
    assert sorted(files.ls("photos/out", detail=False)) == ["photos/out/library.json", "photos/out/pictures"]
    again = run(*arguments, **s3_environment)
    assert again.stdout == "Nothing new: 2 pictures in s3://photos/out already.\n"


def test_an_output_that_cannot_be_written_is_refused_before_ray_starts(photos: Path, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    assert "file/out" in sentence(run(photos, "--out", tmp_path / "file" / "out"))


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--out", "{tmp}/out"], "Nothing to do"),
        (["{photos}"], "--out"),
        (["{photos}", "--out", "{tmp}/out", "--contact-sheet"], "--report"),
        (["--out", "{tmp}/out", "--report", "{tmp}/r.html", "--retry-failed"], "--retry-failed"),
        (["--out", "{tmp}/out", "--report", "{tmp}/r.html"], "no data set"),
        (["{tmp}/nowhere", "--out", "{tmp}/out"], "does not exist"),
        (["{photos}", "--out", "{tmp}/out", "--model", "nobody"], "nobody"),
        (["{photos}", "--out", "{tmp}/out", "--address", "127.0.0.1:9"], "127.0.0.1:9"),
    ],
)
def test_what_is_asked_for_is_checked(arguments: list[str], words: str, photos: Path, tmp_path: Path) -> None:
    assert words in sentence(run(*(text.format(photos=photos, tmp=tmp_path) for text in arguments)))


@pytest.mark.parametrize("missing", ["ray", "pyarrow"])
def test_without_the_extra_it_says_how_to_install_it(missing: str, photos: Path, tmp_path: Path) -> None:
    code = (
        f"import sys; sys.modules[{missing!r}] = None\nfrom agecam.cli import main\n"
        f"sys.exit(main(['library', {str(photos)!r}, '--out', {str(tmp_path / 'out')!r}]))"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=False)
    assert "pip install 'agecam[library]'" in sentence(done)
    assert not (tmp_path / "out").exists()


def test_the_rest_of_the_program_does_not_import_it(photos: Path) -> None:
    code = (
        "import sys\nfrom agecam.cli import main\nimport agecam.ui.app\n"
        f"main(['analyze', {str(photos / 'p000000.jpg')!r}])\n"
        "print({'ray', 'pyarrow', 'fsspec', 'pandas'} & set(sys.modules))"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout.splitlines()[-1] == "set()"


def test_nothing_is_reported_or_offered_to_others() -> None:
    """The ports of Ray's processes answer only who has the token of the run; there is no dashboard."""
    code = """
import os, subprocess, sys
from agecam.library.cluster import Cluster
with Cluster(None, 1) as cluster:
    import ray
    from ray._common.usage import usage_lib
    own = ray._private.worker.global_worker
    print(usage_lib.usage_stats_enabled(), repr(ray._private.worker._global_node.webui_url))
    ask = "import sys; from ray._raylet import GcsClient; GcsClient(sys.argv[1]).internal_kv_keys(b'', None, timeout=5)"
    stranger = {name: value for name, value in os.environ.items() if not name.startswith("RAY_AUTH")}
    for environment in (os.environ, stranger):
        command = [sys.executable, "-c", ask, own.gcs_client.address]
        print(subprocess.run(command, env=environment, capture_output=True).returncode == 0)
"""
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.stdout.split() == ["False", "''", "True", "False"] or done.stdout.split() == [
        *("False", "None", "True", "False")
    ], done.stdout + done.stderr
