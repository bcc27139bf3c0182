"""Pictures, runs of `agecam library` and queries, shared by its tests."""

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import cv2
import duckdb
import psutil

from agecam.sources.demo import portraits

ROOT = Path(__file__).resolve().parent.parent
# Shells let what they start in the background ignore Ctrl-C, the tests too.
_PROGRAM = """
import signal, sys
signal.signal(signal.SIGINT, signal.default_int_handler)
from agecam.cli import main
sys.exit(main())
"""


def write_portraits(folder: Path) -> tuple[Path, Path]:
    """Write two small portraits with one face each."""
    folder.mkdir(parents=True, exist_ok=True)
    paths = folder / "astronaut.jpg", folder / "hopper.jpg"
    for path, image in zip(paths, portraits(), strict=True):
        cv2.imwrite(str(path), cv2.resize(image, (0, 0), fx=0.5, fy=0.5, interpolation=cv2.INTER_AREA))
    return paths


def link_many(pictures: tuple[Path, ...], folder: Path, count: int) -> None:
    """Give pictures many names in a folder."""
    folder.mkdir(parents=True, exist_ok=True)
    for number in range(count):
        (folder / f"p{number:06}.jpg").symlink_to(pictures[number % len(pictures)])


def start(*arguments: object, **environment: str) -> "subprocess.Popen[str]":
    """Start `agecam library`."""
    return subprocess.Popen(
        [sys.executable, "-c", _PROGRAM, "library", *map(str, arguments)],
        cwd=ROOT,
        env=os.environ | environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


@contextmanager
def running(*arguments: object, **environment: str) -> Iterator["subprocess.Popen[str]"]:
    """A run that is ended with the block, with all of its processes."""
    process = start(*arguments, **environment)
    children = []
    try:
        yield process
    finally:
        if process.poll() is None:
            children = children_of(process)
        process.kill()
        process.wait()
        for pipe in (process.stdout, process.stderr):
            if pipe is not None:
                pipe.close()  # the agents of Ray still have it
        psutil.wait_procs(children, timeout=20)


def children_of(process: "subprocess.Popen[str]") -> list[psutil.Process]:
    """The processes of a run, except for the agents of Ray, which end up to a minute after it."""
    children = psutil.Process(process.pid).children(recursive=True)
    return [child for child in children if child.is_running() and not child.name().endswith("Agent")]


def run(*arguments: object, **environment: str) -> "subprocess.CompletedProcess[str]":
    """Run `agecam library` to its end."""
    process = start(*arguments, **environment)
    try:
        out, err = process.communicate(timeout=200)
    finally:
        process.kill()
    return subprocess.CompletedProcess(process.args, process.returncode, out, err)


def workers_of(process: "subprocess.Popen[str]") -> list[psutil.Process]:
    """The processes of a run in which pictures are analysed."""
    found = []
    for child in psutil.Process(process.pid).children(recursive=True):
        try:
            if any("MapWorker" in word for word in child.cmdline()):
                found.append(child)
        except psutil.Error:
            continue
    return found


def query(sql: str, out: Path) -> list[tuple[object, ...]]:
    """Rows of a query, in which `pictures` is the data set."""
    with duckdb.connect() as connection:
        connection.execute("set threads to 1")
        table = f"(select * from read_parquet('{out}/pictures/*.parquet'))"
        return connection.execute(sql.replace("pictures", f"{table} as pictures")).fetchall()


def is_each_once(out: Path, folder: Path) -> bool:
    """Whether the data set has one row for each file of a folder."""
    rows = query("select path, count(*) from pictures group by path", out)
    return dict(rows) == dict.fromkeys((str(path) for path in folder.iterdir()), 1)


def parts(out: Path) -> dict[str, int]:
    """The parts of the data set, with the time of their last change in nanoseconds."""
    folder = out / "pictures"
    return {path.name: path.stat().st_mtime_ns for path in folder.iterdir()} if folder.is_dir() else {}
