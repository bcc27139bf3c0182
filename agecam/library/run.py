"""A run: lists the pictures, lets Ray Data analyse those that are not in the data set yet, and adds their rows."""

import os
import re
import secrets
import time
from collections.abc import Iterator, Sequence
from contextlib import closing, suppress
from dataclasses import dataclass
from itertools import islice
from typing import Any

import pyarrow as pa

from agecam.batch.console import Console, Progress
from agecam.batch.interrupts import Interrupts
from agecam.batch.summary import counted
from agecam.errors import AgeCamError, OutputError, UsageError
from agecam.library import tries
from agecam.library.cluster import Cluster, Results
from agecam.library.keys import Seen, key_of
from agecam.library.lease import Lease
from agecam.library.listing import Item, Listing
from agecam.library.output import Output
from agecam.library.schema import WORK
from agecam.library.words import many
from agecam.library.worker import Job, Worker
from agecam.models.card import load_card
from agecam.models.store import find_model

LARGEST_PART = 128
"""Pictures in a part: a few seconds of work, which is what a run loses when it is killed."""
_SMALLEST_PART = 4
"""The first parts are small, so that few pictures occupy all workers too, and that the rate is known soon."""
_SHARES = 64
"""A part is at most one of so many shares of what is left: all workers then end at about the same time."""
_PARTS_OF_A_SIZE = 8
_LISTED_AT_ONCE = 4096


@dataclass(frozen=True, slots=True)
class LibraryOptions:
    """What to analyse, and how."""

    sources: Sequence[str]
    out: str
    """Address of the output folder."""
    recursive: bool = False
    model: str = "compact"
    min_face_px: float | None = None
    retry_failed: bool = False
    """Whether to analyse pictures again that could not be analysed before."""
    workers: int | None = None
    """None for one for each processor core."""
    address: str | None = None
    """Of a running Ray cluster, as `ray.init` takes it; None to start Ray on this computer for this run."""


@dataclass(slots=True)
class Counts:
    """What a run has added to the data set."""

    pictures: int = 0
    faces: int = 0
    failed: int = 0
    done_before: int = 0
    """Pictures named by the sources that were in the data set already."""
    seconds: float = 0.0
    """Time for the analysis, without starting Ray."""


def run_library(options: LibraryOptions, console: Console, interrupts: Interrupts, counts: Counts) -> None:
    """Analyse all pictures of the sources that are not in the data set yet; `counts` is kept up to date.

    Raises:
        UsageError: the options do not fit the data set in the output, or there is no such cluster.
        OutputError: the output cannot be written, or another run writes to it.
        WeightsError: there is no such model.
        KeyboardInterrupt: Ctrl-C was pressed, or the process was asked to end; what is committed stays.
    """
    card = load_card(find_model(options.model))
    output = Output(options.out)
    output.prepare()
    run = secrets.token_hex(4)
    settings = {"model": card.name, "model_sha256": card.sha256, "smallest_face_px": options.min_face_px}
    job = Job(output.folder.address, run, options.model, card.sha256, options.min_face_px)
    with Lease(output.folder) as lease:
        output.begin(run, settings)
        try:
            _run(options, job, output, lease, console, interrupts, counts)
        except (KeyboardInterrupt, UsageError):
            with suppress(OutputError):
                output.end()
            raise
        output.end()


def _run(
    options: LibraryOptions,
    job: Job,
    output: Output,
    lease: Lease,
    console: Console,
    interrupts: Interrupts,
    counts: Counts,
) -> None:
    console.status("Listing the pictures ...")
    if options.retry_failed:
        output.forget_failed()
    with interrupts.immediate():
        listing = Listing(options.sources, options.recursive)
        seen = Seen(output.done_keys())
        batches = _batches(_new_items(listing, seen, tries.suspects(output.folder), counts))
        first = next(batches, None)
    if first is None:
        _report_skipped(listing, console)
        return
    console.status("Starting Ray ...")
    with interrupts.immediate(), Cluster(options.address, options.workers) as cluster:
        todo = [cluster.put(first), *map(cluster.put, batches)]
        _report_skipped(listing, console)
        total = sum(rows for _, rows in todo)
        console.status(f"{many(total, 'picture')} to analyse with {counted(cluster.workers, 'worker')}.")
        start_s = time.monotonic()
        results = _results(cluster, [reference for reference, _ in todo], job)
        # Ray Data must have ended before Ray does: otherwise Ray may end this process without a word.
        with closing(results), Progress("pictures", "pictures", total, console.quiet) as progress:
            for row in results:
                lease.check()
                output.commit(job.run, row["part"])
                counts.pictures += row["pictures"]
                counts.faces += row["faces"]
                counts.failed += row["failed"]
                counts.seconds = time.monotonic() - start_s
                for _ in range(row["pictures"]):
                    progress.advance()


def _new_items(listing: Listing, seen: Seen, suspects: set[str], counts: Counts) -> Iterator[Item]:
    def new(items: list[Item]) -> Iterator[Item]:
        for item, is_new in zip(items, seen.new_among([item.path for item in items]), strict=True):
            if is_new:
                yield item._replace(suspect=key_of(item.path).hex() in suspects) if suspects else item
            else:
                counts.done_before += 1

    waiting: list[Item] = []
    for item in listing:
        waiting.append(item)
        if len(waiting) == _LISTED_AT_ONCE:
            yield from new(waiting)
            waiting = []
    yield from new(waiting)


def _batches(items: Iterator[Item]) -> Iterator[pa.Table]:
    """Tables of the schema `WORK`; small ones come first and last."""
    size, made = _SMALLEST_PART, 0
    waiting = list(islice(items, _SHARES * LARGEST_PART))
    while waiting:
        count = min(size, max(_SMALLEST_PART, len(waiting) // _SHARES))
        yield _table(waiting[:count])
        made += 1
        if made % _PARTS_OF_A_SIZE == 0:
            size = min(2 * size, LARGEST_PART)
        waiting = [*waiting[count:], *islice(items, count)]


def _table(items: list[Item]) -> pa.Table:
    rows = [
        item._asdict() | {"address": None if item.address == item.path else os.fsencode(item.address)} for item in items
    ]
    return pa.Table.from_pylist(rows, WORK)


def _results(cluster: Cluster, references: list[Any], job: Job) -> Results:
    try:
        with closing(cluster.results(references, Worker, job)) as rows:
            for row in rows:
                if row["problem"] is not None:
                    raise OutputError(row["problem"])
                yield row
    except AgeCamError:
        raise
    except Exception as error:
        raise OutputError(
            "Ray could not finish the run ({reason}): call the same command again to go on.", reason=reason_of(error)
        ) from error


def reason_of(error: Exception) -> str:
    """Why a run of Ray failed: its errors contain the traceback of the worker as text, which begins with the cause."""
    text = str(error).strip()
    found = re.search(r"^(?:\w+\.)*(\w+(?:Error|Exception): .+)$", text, re.MULTILINE)
    reason = found[1] if found else (text.splitlines() or [type(error).__name__])[0]
    return reason.strip().rstrip(".")[:300]


def _report_skipped(listing: Listing, console: Console) -> None:
    for error in listing.errors:
        console.error(str(error))
    if listing.skipped:
        console.status(f"{counted(listing.skipped, 'file of another kind', 'files of other kinds')} skipped.")
