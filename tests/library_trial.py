"""Long trial of `agecam library`: python -m tests.library_trial --photos FOLDER

Links to the photographs under many names are analysed by runs that are killed at random places, until one ends by
itself; then each picture must be in the data set exactly once. A cluster of two nodes on this computer must give the
same rows. Faces smaller than 60 px are not searched for, which would take hours.
"""

import argparse
import os
import random
import secrets
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import duckdb
import psutil
from tqdm import tqdm

ROOT = Path(__file__).resolve().parent.parent
COMMAND = [sys.executable, "-m", "agecam", "library", "--min-face", "60"]
NODES = 2
START_S = 300.0


def main() -> int:
    """Run the trial; returns 0 if everything is as it must be."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--photos", type=Path, required=True, help="folder of photographs")
    parser.add_argument("--pictures", type=int, default=20_000, help="number of names (%(default)s)")
    parser.add_argument("--kills", type=int, default=3, help="how often a run is killed (%(default)s)")
    parser.add_argument("--cluster-pictures", type=int, default=600, help="pictures for the two nodes (%(default)s)")
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    place = Path(tempfile.mkdtemp(prefix="agecam-trial-"))
    photos = sorted(path.resolve() for path in options.photos.iterdir() if path.suffix.lower() in (".jpg", ".png"))
    good = killed(place, photos, options.pictures, options.kills, random.Random(options.seed))
    good &= on_two_nodes(place, photos, options.cluster_pictures)
    shutil.rmtree(place)
    print("good" if good else "not good")
    return not good


def killed(place: Path, photos: list[Path], count: int, kills: int, chance: random.Random) -> bool:
    """Whether a data set holds each picture once after the runs that make it were killed."""
    folder, out = place / "names", place / "out"
    link(photos, folder, count)
    marks = sorted(chance.uniform(0.02, 0.98) for _ in range(kills))
    began = time.monotonic()
    with tqdm(total=count, desc="Pictures") as bar:
        for mark in [*marks, None]:
            process = subprocess.Popen([*COMMAND, str(folder), "--out", str(out), "--quiet"], cwd=ROOT)
            while process.poll() is None:
                time.sleep(1)
                done = rows(out) if (out / "pictures").is_dir() else 0
                bar.update(done - bar.n)
                if mark is not None and done >= mark * count:
                    children = psutil.Process(process.pid).children(recursive=True)
                    time.sleep(chance.uniform(0, 5))
                    process.kill()
                    process.wait()
                    psutil.wait_procs(children, timeout=60)
                    bar.write(f"killed after {rows(out):,} pictures")
            if mark is None and process.returncode:
                return False
    query = f"""select count(*), count(distinct path), count(*) filter (error is not null), sum(len(faces))
                from read_parquet('{out}/pictures/*.parquet')"""
    found = ask(query)[0]
    print(f"rows, different paths, failed, faces: {found}; {time.monotonic() - began:.0f} s")
    twice = f"select path, count(*) from read_parquet('{out}/pictures/*.parquet') group by path having count(*) <> 1"
    expected = {str(path) for path in folder.iterdir()}
    paths = {path for (path,) in ask(f"select path from read_parquet('{out}/pictures/*.parquet')")}
    return found[0] == count and not ask(twice) and paths == expected


def on_two_nodes(place: Path, photos: list[Path], count: int) -> bool:
    """Whether a cluster of two nodes gives the rows of one computer, also through Ray's client."""
    folder = place / "few"
    link(photos, folder, count)
    subprocess.run([*COMMAND, str(folder), "--out", str(place / "one"), "--quiet"], cwd=ROOT, check=True)
    expected = rows_of(place / "one")
    good = len(expected) == count
    with cluster() as (addresses, environment):
        for number, address in enumerate(addresses):
            out = place / f"cluster{number}"
            call = [*COMMAND, str(folder), "--out", str(out), "--address", address, "--quiet"]
            subprocess.run(call, cwd=ROOT, check=True, env=environment)
            found = rows_of(out)
            print(f"two nodes, {address}: {len(found):,} rows, {'the same' if found == expected else 'others'}")
            good &= found == expected
    return good


def rows_of(out: Path) -> list[tuple[object, ...]]:
    """The rows of a data set, without the time that they took."""
    names = "path, width, height, size_bytes, captured, model, error, faces"
    return ask(f"select {names} from read_parquet('{out}/pictures/*.parquet') order by path")


@contextmanager
def cluster() -> Iterator[tuple[list[str], dict[str, str]]]:
    """A Ray cluster of two nodes with one core each, on this computer; yields its addresses and the environment."""
    with socket.socket() as first, socket.socket() as second:
        for probe in (first, second):
            probe.bind(("127.0.0.1", 0))
        port, client_port = first.getsockname()[1], second.getsockname()[1]
    address = f"127.0.0.1:{port}"
    ray = [str(Path(sys.executable).with_name("ray")), "start", "--block", "--num-cpus=1", "--disable-usage-stats"]
    token = {"RAY_AUTH_MODE": "token", "RAY_AUTH_TOKEN": secrets.token_hex(32)}
    environment = {**os.environ, **token, "RAY_USAGE_STATS_ENABLED": "0"}
    head = [*ray, "--head", f"--port={port}", f"--ray-client-server-port={client_port}", "--include-dashboard=false"]
    with tempfile.TemporaryFile() as log:
        nodes = []
        try:
            for call in (head, *([[*ray, f"--address={address}"]] * (NODES - 1))):
                nodes.append(subprocess.Popen(call, env=environment, stdout=log, stderr=log))
                wait_for_nodes(address, len(nodes), environment)
            yield [address, f"ray://127.0.0.1:{client_port}"], environment
        finally:
            for node in reversed(nodes):
                children = psutil.Process(node.pid).children(recursive=True) if node.poll() is None else []
                node.terminate()
                node.wait(60)
                for child in psutil.wait_procs(children, timeout=20)[1]:
                    child.kill()


def wait_for_nodes(address: str, count: int, environment: dict[str, str]) -> None:
    """Wait until a cluster has so many nodes."""
    code = (
        "import ray, sys; ray.init(sys.argv[1], log_to_driver=False, logging_level=50); "
        "print(sum(node['Alive'] for node in ray.nodes()))"
    )
    end = time.monotonic() + START_S
    while time.monotonic() < end:
        call = [sys.executable, "-c", code, address]
        done = subprocess.run(call, env=environment, capture_output=True, text=True, check=False)
        if done.stdout.strip().endswith(str(count)):
            return
    raise TimeoutError(f"the cluster has not {count} nodes: {done.stderr[-500:]}")


def link(photos: list[Path], folder: Path, count: int) -> None:
    """Give photographs many names in a folder."""
    folder.mkdir()
    for number in range(count):
        path = photos[number % len(photos)]
        (folder / f"{number:06}{path.suffix}").symlink_to(path)


def rows(out: Path) -> int:
    """Number of rows of a data set, by the parts' own counts."""
    parts = f"{out}/pictures/*.parquet"
    try:
        return int(ask(f"select coalesce(sum(num_rows), 0) from parquet_file_metadata('{parts}')")[0][0])
    except duckdb.IOException:  # there is none yet
        return 0


def ask(sql: str) -> list[tuple[object, ...]]:
    """The rows of a query."""
    with duckdb.connect() as connection:
        return connection.execute(sql).fetchall()


if __name__ == "__main__":
    sys.exit(main())
