"""The output: the data set in `pictures/`, what it was made with in `library.json`, unfinished work in `work/`."""

import io
import json
from collections.abc import Iterator
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from agecam.errors import OutputError, UsageError
from agecam.library import tries
from agecam.library.keys import keys_of
from agecam.library.storage import Folder

PICTURES = "pictures"
PARTS = "work"
ABOUT = "library.json"
_VERSION = 1


class Output:
    """The data set. Only the holder of the lease changes it."""

    def __init__(self, address: str) -> None:
        self.folder = Folder(address)

    def prepare(self) -> None:
        """Create the folder; raises OutputError if it cannot be written."""
        self.folder.make()

    def begin(self, run: str, settings: dict[str, Any]) -> None:
        """Remove unfinished work of earlier runs, and note what the data set is made with.

        Raises:
            UsageError: it was begun with other settings.
            OutputError: the folder cannot be written.
        """
        found = self.about()
        wanted = {"version": _VERSION, **settings}
        if found is None:
            if self.folder.names(PICTURES):
                raise UsageError(
                    "{name} has a folder '{folder}' that 'agecam library' did not make: choose another folder.",
                    name=self.folder.name,
                    folder=PICTURES,
                )
            self.folder.write(json.dumps(wanted, indent=1).encode(), ABOUT)
        elif found != wanted:
            different = sorted(key for key in {*found, *wanted} if found.get(key) != wanted.get(key))
            raise UsageError(
                "{name} was begun with another {what}: use the same, or choose another folder.",
                name=self.folder.name,
                what=", ".join(different).replace("_", " "),
            )
        self.folder.remove(PARTS)
        self.folder.make(PARTS, run)
        self.folder.make(PICTURES)
        self.folder.make(tries.FOLDER)

    def end(self) -> None:
        """Remove what only a run needs. Of a run that was killed it stays, as it shows which pictures were in work."""
        self.folder.remove(PARTS)
        self.folder.remove(tries.FOLDER)

    def about(self) -> dict[str, Any] | None:
        """What the data set was made with; None if there is none."""
        content = self.folder.read(ABOUT)
        if content is None:
            return None
        try:
            about = json.loads(content)
        except ValueError:
            about = None
        if not isinstance(about, dict):
            raise OutputError(
                "{file} in {name} is damaged: restore it, or choose another folder.", file=ABOUT, name=self.folder.name
            )
        return about

    def commit(self, run: str, part: str) -> None:
        """Move a part of this run into the data set."""
        name = f"{part}.parquet"
        self.folder.move(self.folder.path(PARTS, run, name), self.folder.path(PICTURES, name))

    def forget_failed(self) -> None:
        """Remove the rows of pictures that could not be analysed, so that they are analysed again."""
        for name, table in self._parts(None):
            done = table.filter(pc.is_null(table["error"]))
            if done.num_rows == table.num_rows:
                continue
            if done.num_rows:
                content = io.BytesIO()
                pq.write_table(done, content, compression="zstd")
                self.folder.write(content.getvalue(), PICTURES, name)
            else:
                self.folder.remove(PICTURES, name)

    def done_keys(self) -> pa.Array:
        """The keys of all pictures in the data set, see `keys`."""
        parts = [keys_of(batch.column("path")) for batch in self.batches(["path"])]
        return pa.concat_arrays(parts) if parts else keys_of(pa.array([], pa.string()))

    def batches(self, columns: list[str] | None = None) -> Iterator[pa.RecordBatch]:
        """The rows of the data set, a part at a time; raises OutputError if a part is damaged."""
        for _, table in self._parts(columns):
            yield from table.to_batches()

    def _parts(self, columns: list[str] | None) -> Iterator[tuple[str, pa.Table]]:
        for name in self.folder.names(PICTURES):
            if not name.endswith(".parquet"):
                continue
            try:
                with self.folder.files.open(self.folder.path(PICTURES, name), "rb") as file:
                    table = pq.ParquetFile(file).read(columns)
            except (OSError, pa.ArrowException) as error:
                raise OutputError(
                    "The part {part} of {name} is damaged: delete it, and run the command again.",
                    part=name,
                    name=self.folder.name,
                ) from error
            yield name, table
