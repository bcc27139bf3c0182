"""The output of `agecam library` on the local disk, in memory and on an S3 server."""

import json
import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest
from models import is_one_sentence

from agecam.errors import OutputError, UsageError
from agecam.library import lease as lease_module
from agecam.library import tries as tries_module
from agecam.library.keys import key_of
from agecam.library.lease import FILE, Lease
from agecam.library.storage import Folder, written
from agecam.library.tries import MAX_DEATHS, MAX_DEATHS_IN_ALL, Tries, suspects


@pytest.fixture(autouse=True)
def _no_long_waits(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lease_module, "_SETTLE_S", 0.05)


@pytest.fixture
def folder(address: str) -> Iterator[Folder]:
    folder = Folder(address)
    folder.make()
    yield folder
    LEFT_OPEN.clear()


def test_files_are_written_read_moved_and_removed(folder: Folder) -> None:
    assert folder.read("a", "x") is None and folder.names("a") == []
    folder.make("a")
    folder.make("b")
    folder.write(b"one", "a", "x")
    folder.write(b"two", "a", "x")
    assert folder.read("a", "x") == b"two"
    folder.move(folder.path("a", "x"), folder.path("b", "y"))
    assert folder.names("a") == [] and folder.names("b") == ["y"]
    assert folder.create(b"three", "b", "z") and not folder.create(b"four", "b", "z")
    assert folder.read("b", "z") == b"three"
    folder.remove("b")
    folder.remove("b")
    assert folder.read("b", "z") is None


def test_a_file_is_there_only_if_it_is_complete(folder: Folder) -> None:
    path = f"{folder.address}/file.bin"
    with pytest.raises(ZeroDivisionError), written(path) as file:
        file.write(b"half")
        raise ZeroDivisionError
    assert folder.read("file.bin") is None
    with written(path) as file:
        file.write(b"whole")
    assert folder.read("file.bin") == b"whole"
    assert folder.names() == ["file.bin"]


def test_a_folder_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    folder = Folder(str(tmp_path / "file" / "data"))
    with pytest.raises(OutputError, match="file/data") as error:
        folder.make()
    assert is_one_sentence(str(error.value))


def test_a_bucket_that_does_not_exist_is_named(s3_environment: dict[str, str]) -> None:
    with pytest.raises(OutputError, match="s3://nobody/data"):
        Folder("s3://nobody/data").write(b"x", "y")


def test_a_second_run_is_refused(folder: Folder) -> None:
    with Lease(folder):
        with (
            pytest.raises(OutputError, match=f"process {os.getpid()} on {socket.gethostname()}") as error,
            Lease(folder),
        ):
            pass
        assert is_one_sentence(str(error.value))
        assert folder.names() == [FILE]
    assert folder.names() == []


def holder(folder: Folder, **changes: object) -> None:
    """Leave a lease behind."""
    process = psutil.Process()
    own = {"computer": socket.gethostname(), "process": process.pid, "started_s": process.create_time()}
    folder.write(json.dumps(own | {"renewed_s": time.time(), "token": "other"} | changes).encode(), FILE)


def ended_process() -> int:
    process = subprocess.Popen([sys.executable, "-c", ""])
    process.wait()
    return process.pid


def test_the_lease_of_a_killed_run_is_void(folder: Folder) -> None:
    holder(folder, process=ended_process())
    with Lease(folder) as lease:
        lease.check()
    assert folder.names() == []


def test_the_number_of_a_killed_process_may_be_used_again(folder: Folder) -> None:
    """In containers it usually is."""
    holder(folder, started_s=psutil.Process().create_time() - 100)
    with Lease(folder) as lease:
        lease.check()


def test_the_lease_of_another_computer_expires(folder: Folder) -> None:
    holder(folder, computer="elsewhere", renewed_s=time.time() - 30)
    with pytest.raises(OutputError, match="on elsewhere"), Lease(folder):
        pass
    holder(folder, computer="elsewhere", renewed_s=time.time() - 61)
    with Lease(folder) as lease:
        lease.check()


def test_a_damaged_lease_is_void(folder: Folder) -> None:
    folder.write(b"{", FILE)
    with Lease(folder) as lease:
        lease.check()


def test_a_run_that_lost_its_lease_stops(folder: Folder, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lease_module, "_RENEW_S", 0.05)
    with Lease(folder) as lease:
        holder(folder)
        lease._thread.join(20)
        with pytest.raises(OutputError, match="taken over"):
            lease.check()
    assert folder.names() == [FILE]  # it belongs to the other run


def test_the_lease_is_renewed(folder: Folder, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lease_module, "_RENEW_S", 0.05)
    with Lease(folder) as lease:
        first = folder.read(FILE)
        end = time.monotonic() + 20
        while folder.read(FILE) == first and time.monotonic() < end:
            time.sleep(0.01)
        assert folder.read(FILE) != first
        lease.check()


class Killed(BaseException):
    """Stands for the end of the process: nothing is tidied up."""


LEFT_OPEN: list[object] = []
"""Context managers that were not left; when they are collected, they would tidy up."""


def attempt(folder: Folder, run: str, names: list[str], deadly: str | None = None, suspect: bool = False) -> list[str]:
    """Analyse a batch; the process ends at the deadly picture, with its markers left as they are."""
    keys = {name: key_of(name).hex() for name in names}
    tries = Tries(folder, run, "batch", list(keys.values()))
    given_up = []
    batch = tries.batch(suspect)
    LEFT_OPEN.append(batch)
    batch.__enter__()
    for name, key in keys.items():
        if tries.is_given_up(key):
            given_up.append(name)
            continue
        picture = tries.picture(key)
        LEFT_OPEN.append(picture)
        picture.__enter__()
        if name == deadly:
            raise Killed
        picture.__exit__(None, None, None)
    batch.__exit__(None, None, None)
    return given_up


def deaths(folder: Folder, run: str, names: list[str], deadly: str) -> int:
    """How often the process ends until the batch is done without its deadly picture."""
    for count in range(10):
        try:
            assert attempt(folder, run, names, deadly) == [deadly]
        except Killed:
            continue
        return count
    raise AssertionError


def test_a_picture_that_ends_its_process_is_given_up(folder: Folder) -> None:
    folder.make(tries_module.FOLDER)
    # On a server the first death is only that of the batch.
    assert deaths(folder, "run", ["a", "b", "c"], "b") == MAX_DEATHS + (not folder.is_local)
    assert suspects(folder) == {key_of("b").hex()}
    assert attempt(folder, "run", ["a", "c"]) == []


def test_a_run_that_is_killed_is_rarely_the_fault_of_the_picture(folder: Folder) -> None:
    folder.make(tries_module.FOLDER)
    for number in range(MAX_DEATHS_IN_ALL):
        with pytest.raises(Killed):
            attempt(folder, f"run{number}", ["a", "b"], "a", suspect=True)
        assert key_of("a").hex() in suspects(folder)
        # Others run into it again and again.
        folder.remove(tries_module.FOLDER, "batch")
    assert attempt(folder, "last", ["a", "b"], suspect=True) == ["a"]


def test_a_picture_that_is_analysed_after_all_is_no_longer_suspected(folder: Folder) -> None:
    folder.make(tries_module.FOLDER)
    with pytest.raises(Killed):
        attempt(folder, "one", ["a", "b"], "a", suspect=True)
    assert attempt(folder, "two", ["a", "b"]) == []
    assert suspects(folder) == set()


def test_unknown_addresses_are_refused() -> None:
    with pytest.raises(UsageError, match="gopher://x"):
        Folder("gopher://x")
