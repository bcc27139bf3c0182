"""Counts over a whole data set, collected a part at a time."""

import random
from collections import Counter
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from agecam.library.output import Output

AGE_STEP = 5
"""Years in a class of ages; the last one is open."""
LAST_AGE = 90
GENDERS = ("female", "male", "unsure")
FACE_COUNTS = ((0, 0), (1, 1), (2, 2), (3, 5), (6, 10), (11, 20), (21, None))
"""First and last number of faces of the classes of pictures; None for no limit."""
MAX_FAILED = 1000
"""So many failed pictures are named."""
SAMPLE_PX = 40
"""Smaller faces are not sampled: they show little."""


@dataclass(slots=True)
class Figures:
    """What the report shows."""

    pictures: int = 0
    faces: int = 0
    failed: int = 0
    remarked: int = 0
    """Pictures with a remark, as that they end early."""
    seconds: float = 0.0
    """Time for reading and analysing, over all workers."""
    first: datetime | None = None
    last: datetime | None = None
    """Of the pictures whose capture time is known."""
    ages: Counter[tuple[int, str]] = field(default_factory=Counter)
    """Faces by the first age of their class and gender."""
    crowds: Counter[int] = field(default_factory=Counter)
    """Pictures by the index of their class in `FACE_COUNTS`."""
    years: Counter[int] = field(default_factory=Counter)
    """Pictures by the year in which they were taken."""
    failures: list[tuple[str, str]] = field(default_factory=list)
    """Path and reason of the first `MAX_FAILED` failed pictures."""
    sample: list[tuple[str, dict[str, Any]]] = field(default_factory=list)
    """Path and face of a random sample of the faces of at least `SAMPLE_PX`."""


def figures_of(output: Output, sample: int = 0) -> Figures:
    """Collect the figures, and a sample of so many faces; it is the same each time for the same data set."""
    figures = Figures()
    chosen = _Sample(sample)
    for batch in output.batches(["path", "captured", "milliseconds", "error", "remark", "faces"]):
        _add(figures, batch)
        if sample:
            _offer(chosen, batch)
    figures.sample = chosen.taken
    return figures


def _add(figures: Figures, batch: pa.RecordBatch) -> None:
    errors = batch.column("error")
    is_done = pc.is_null(errors)
    counts = pc.fill_null(pc.list_value_length(batch.column("faces")), 0).filter(is_done).to_pylist()
    figures.pictures += batch.num_rows
    figures.failed += batch.num_rows - len(counts)
    figures.remarked += batch.num_rows - batch.column("remark").null_count
    figures.seconds += (pc.sum(batch.column("milliseconds")).as_py() or 0.0) / 1000
    figures.crowds.update(map(_crowd, counts))
    faces = pc.list_flatten(batch.column("faces"))
    figures.faces += len(faces)
    ages = pc.struct_field(faces, "age").to_pylist()
    genders = pc.struct_field(faces, "gender").to_pylist()
    figures.ages.update(
        (min(int(age) // AGE_STEP * AGE_STEP, LAST_AGE), gender) for age, gender in zip(ages, genders, strict=True)
    )
    times = [time for time in batch.column("captured").to_pylist() if time is not None]
    figures.years.update(time.year for time in times)
    figures.first = min([*times, *filter(None, [figures.first])], default=None)
    figures.last = max([*times, *filter(None, [figures.last])], default=None)
    if figures.failed and len(figures.failures) < MAX_FAILED:
        failed = batch.filter(pc.is_valid(errors))
        pairs = zip(failed.column("path").to_pylist(), failed.column("error").to_pylist(), strict=True)
        figures.failures = [*figures.failures, *pairs][:MAX_FAILED]


def _crowd(faces: int) -> int:
    return next(i for i, (first, last) in enumerate(FACE_COUNTS) if first <= faces and (last is None or faces <= last))


class _Sample:
    """A random sample of a sequence of unknown length."""

    def __init__(self, size: int) -> None:
        self._size = size
        self._random = random.Random(0)
        self._seen = 0
        self.taken: list[tuple[str, dict[str, Any]]] = []

    def place(self) -> int | None:
        """Where to put the next element; None to leave it out."""
        self._seen += 1
        if len(self.taken) < self._size:
            return len(self.taken)
        place = self._random.randrange(self._seen)
        return place if place < self._size else None


def _offer(sample: _Sample, batch: pa.RecordBatch) -> None:
    nested = batch.column("faces")
    faces = pc.list_flatten(nested)
    parents = pc.list_parent_indices(nested)
    boxes = pc.struct_field(faces, "box").to_pylist()
    pages = pc.struct_field(faces, "page").to_pylist()
    for number, (box, page) in enumerate(zip(boxes, pages, strict=True)):
        if page or min(box[2:]) < SAMPLE_PX or (place := sample.place()) is None:
            continue
        path = batch.column("path")[parents[number].as_py()].as_py()
        sample.taken[place : place + 1] = [(path, faces[number].as_py())]
