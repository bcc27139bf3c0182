"""The faces of a data set as a Parquet file with one row a face."""

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from agecam.errors import UsageError
from agecam.library.output import Output
from agecam.library.storage import written
from agecam.outputs.results import LANDMARKS

_OF_PICTURE = ("path", "captured", "width", "height", "model")
_BOX = "xywh"
_OF_FACE = ("age", "age_low", "age_high", "gender", "gender_probability")


def write_faces(out: str, path: str) -> int:
    """Write the file, and return the number of faces.

    Its columns are those of the CSV files of `agecam analyze`, with `path` instead of `source` and `page` instead of
    `frame`, and `captured` from the data set.

    Args:
        out: the output of `run_library`.
        path: path or address of the file.

    Raises:
        UsageError: there is no data set.
        OutputError: it is damaged, or the file cannot be written.
    """
    output = opened(out)
    faces = 0
    with written(path) as file, pq.ParquetWriter(file, FACES, compression="zstd") as writer:
        for batch in output.batches([*_OF_PICTURE, "faces"]):
            rows = _rows(batch)
            writer.write_batch(rows)
            faces += rows.num_rows
    return faces


def opened(out: str) -> Output:
    """The output of an earlier run; raises UsageError if there is none."""
    output = Output(out)
    if output.about() is None:
        raise UsageError(
            "{name} contains no data set: name the pictures to analyse, or another folder.", name=output.folder.name
        )
    return output


def _rows(batch: pa.RecordBatch) -> pa.RecordBatch:
    nested = batch.column("faces")
    parents = pc.list_parent_indices(nested)
    faces = pc.list_flatten(nested)
    of_picture = [batch.column(name).take(parents) for name in _OF_PICTURE]
    box = pc.list_flatten(pc.struct_field(faces, "box"))
    box_columns = [box[offset :: len(_BOX)] if len(box) else box for offset in range(len(_BOX))]
    points = pc.list_flatten(pc.list_flatten(pc.struct_field(faces, "landmarks")))
    width = 2 * len(LANDMARKS)
    point_columns = [points[offset::width] if len(points) else points for offset in range(width)]
    columns = [
        *of_picture,
        pc.struct_field(faces, "page"),
        *box_columns,
        pc.struct_field(faces, "score"),
        *point_columns,
        *(pc.struct_field(faces, name) for name in _OF_FACE),
    ]
    return pa.record_batch(columns, schema=FACES)


FACES = pa.schema(
    [
        ("path", pa.string()),
        ("captured", pa.timestamp("ms")),
        ("width", pa.int32()),
        ("height", pa.int32()),
        ("model", pa.string()),
        ("page", pa.int32()),
        *((name, pa.float64()) for name in _BOX),
        ("score", pa.float64()),
        *((f"{landmark}_{axis}", pa.float64()) for landmark in LANDMARKS for axis in "xy"),
        ("age", pa.float64()),
        ("age_low", pa.float64()),
        ("age_high", pa.float64()),
        ("gender", pa.string()),
        ("gender_probability", pa.float64()),
    ]
)
"""One row a face."""
