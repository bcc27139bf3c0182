"""One worker: an engine on one thread, which turns batches of the work list into parts of the data set.

Ray imports this module in its own processes, so that the environment is prepared before OpenCV is imported.
"""

import hashlib
import io
import os
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pyarrow.parquet as pq

from agecam.errors import AgeCamError, SourceError, WeightsError, as_agecam_error
from agecam.library.keys import key_of
from agecam.library.listing import Item
from agecam.library.output import PARTS
from agecam.library.schema import PICTURES, RESULTS
from agecam.library.storage import Folder
from agecam.library.tries import Tries
from agecam.runtime.environment import prepare_process
from agecam.runtime.memory import give_back_freed

if TYPE_CHECKING:
    from agecam.sources.picture_files.reading import PictureFile
    from agecam.types import FrameResult

GAVE_UP = "Reading or analysing it ended the process twice, probably for lack of memory: make it smaller and try again."


@dataclass(frozen=True, slots=True)
class Job:
    """What every worker needs to know."""

    output: str
    """Address of the output."""
    run: str
    """Name of the run; parts of other runs do not count."""
    model: str
    model_sha256: str
    min_face_px: float | None


class Worker:
    """Called by Ray Data with one batch after another."""

    def __init__(self, job: Job) -> None:
        """Load the networks."""
        self._job = job
        # Through Ray, errors of ours lose their class and cause.
        self._problem: str | None = None
        try:
            self._load()
        except AgeCamError as error:
            self._problem = str(error)

    def _load(self) -> None:
        prepare_process()
        import cv2

        from agecam.backends import choose_backend, openvino
        from agecam.engine.engine import Engine
        from agecam.engine.options import EngineOptions
        from agecam.library.bounded import BoundedBackend
        from agecam.library.contents import Contents
        from agecam.vision.detector import FaceDetector
        from agecam.vision.estimator import Estimator

        cv2.setNumThreads(1)
        if openvino.is_available():
            openvino.use_one_thread()
        job = self._job
        backend = BoundedBackend(choose_backend("cpu")[0])
        options = EngineOptions(job.model, "cpu", min_face_px=job.min_face_px, track=False)
        self._engine = Engine(FaceDetector(backend), Estimator.load(job.model, backend), options, "CPU")
        give_back_freed()
        card = self._engine.estimator.card
        if card.sha256 != job.model_sha256:
            raise WeightsError(
                "The model {name} is another one on the computer {computer}: install the same on all of them.",
                name=card.name,
                computer=os.uname().nodename if hasattr(os, "uname") else "of a worker",
            )
        self._name = card.name
        self._output = Folder(job.output)
        self._contents = Contents()

    def __call__(self, batch: pa.Table) -> pa.Table:
        """Analyse a table of the schema `WORK` into one part; returns its row of the schema `RESULTS`.

        The problem there may also be that of the constructor, for example that this computer has another model.
        """
        result = dict.fromkeys(RESULTS.names)
        if self._problem is None:
            try:
                result |= self._analyse(batch)
            except AgeCamError as error:
                self._problem = str(error)
        return pa.Table.from_pylist([result | {"problem": self._problem}], RESULTS)

    def _analyse(self, batch: pa.Table) -> dict[str, Any]:
        items = [Item(**row | {"address": os.fsdecode(row["address"] or row["path"])}) for row in batch.to_pylist()]
        part = part_name(items)
        keys = [key_of(item.path).hex() for item in items]
        tries = Tries(self._output, self._job.run, part, keys)
        rows: list[dict[str, Any]] = []
        with tries.batch(any(item.suspect for item in items)):
            for item, key in zip(items, keys, strict=True):
                if tries.is_given_up(key):
                    rows.append(self._row(item) | {"error": GAVE_UP})
                    continue
                with tries.picture(key):
                    rows.append(self._analysed(item))
            content = io.BytesIO()
            pq.write_table(pa.Table.from_pylist(rows, PICTURES), content, compression="zstd")
            self._output.write(content.getvalue(), PARTS, self._job.run, f"{part}.parquet")
        return {
            "part": part,
            "pictures": len(rows),
            "faces": sum(len(row["faces"] or ()) for row in rows),
            "failed": sum(row["error"] is not None for row in rows),
        }

    def _analysed(self, item: Item) -> dict[str, Any]:
        """The row of a picture; whatever goes wrong with it is said there."""
        from agecam.library.capture import capture_time
        from agecam.sources.picture_files.reading import PictureFile

        row = self._row(item)
        start_s = time.perf_counter()
        try:
            with self._contents.file(item) as path:
                row["size_bytes"] = path.stat().st_size
                file = PictureFile(path)
                row["captured"] = capture_time(path)
                row["pages"] = file.page_count
                self._analyse_pages(file, path, row)
                if file.remarks:
                    row["remark"] = str(file.remarks[0])
        except Exception as error:
            row["error"] = _reason(item, error)
        row["milliseconds"] = 1000 * (time.perf_counter() - start_s)
        return row

    def _analyse_pages(self, file: "PictureFile", path: Path, row: dict[str, Any]) -> None:
        from agecam.types import Frame

        for page in range(file.page_count):
            image = file.read(page)
            if page == 0:
                row["height"], row["width"] = image.shape[:2]
            result: FrameResult = self._engine.step(Frame(image, page, 0.0, path.name, still=True))
            row["faces"] = (row["faces"] or []) + [face.as_dict() | {"page": page} for face in result.people]

    def _row(self, item: Item) -> dict[str, Any]:
        return dict.fromkeys(PICTURES.names) | {
            "path": item.path,
            "size_bytes": item.size,
            "model": self._name,
            "model_sha256": self._job.model_sha256,
        }


def part_name(items: list[Item]) -> str:
    """Name of a part, by the pictures in it: a batch that is done again replaces its part."""
    digest = hashlib.blake2b(digest_size=16)
    for item in items:
        digest.update(item.path.encode() + b"\0")
    return digest.hexdigest()


def _reason(item: Item, error: Exception) -> str:
    if isinstance(error, AgeCamError):
        return str(error)
    if isinstance(error, OSError):
        return str(
            SourceError(
                "The picture '{name}' cannot be opened ({reason}): check the path and its permissions.",
                name=item.path,
                reason=error.strerror or str(error) or type(error).__name__,
            )
        )
    return str(as_agecam_error(error))
