"""The columns of the data set."""

import pyarrow as pa

FACE = pa.struct(
    [
        pa.field("page", pa.int32(), nullable=False),
        pa.field("track", pa.int32()),
        pa.field("box", pa.list_(pa.float64())),
        pa.field("score", pa.float64()),
        pa.field("landmarks", pa.list_(pa.list_(pa.float64()))),
        pa.field("age", pa.float64()),
        pa.field("age_low", pa.float64()),
        pa.field("age_high", pa.float64()),
        pa.field("gender", pa.string()),
        pa.field("gender_probability", pa.float64()),
    ]
)
"""A face of a results line, and the page of a TIFF file on which it is, from 0. `track` is null in pictures."""

PICTURES = pa.schema(
    [
        pa.field("path", pa.string(), nullable=False),
        pa.field("size_bytes", pa.int64()),
        pa.field("captured", pa.timestamp("ms")),
        pa.field("width", pa.int32()),
        pa.field("height", pa.int32()),
        pa.field("pages", pa.int32()),
        pa.field("milliseconds", pa.float64()),
        pa.field("model", pa.string()),
        pa.field("model_sha256", pa.string()),
        pa.field("error", pa.string()),
        pa.field("remark", pa.string()),
        pa.field("faces", pa.list_(FACE)),
    ]
)
"""One row a picture.

`path` is absolute or an address without passwords; of a picture in an archive it is `archive.zip/name`. `size_bytes` is
that of the file. `captured` is the local time of the camera by its EXIF data. `width` and `height` are those of the
first page, upright, in pixels. `milliseconds` is the time for reading and analysing. `model` and `model_sha256` name
the network. `error` is null if the picture was analysed; otherwise it says why not, and `faces` is null too, except for
pages before the one that failed. `remark` is what else there is to say, as that the file ends early.
"""

WORK = pa.schema(
    [
        pa.field("path", pa.string(), nullable=False),
        pa.field("address", pa.binary()),
        pa.field("member", pa.string()),
        pa.field("offset", pa.int64()),
        pa.field("size", pa.int64()),
        pa.field("suspect", pa.bool_()),
    ]
)
"""A picture to analyse: its row's path; the address of its file or archive as the system encodes it, null if that is
the path; and where it is in the archive: a name in zip files, an offset in bytes in (decompressed) tar files. `size` in
bytes is null where the listing does not tell. `suspect` is whether it was in work when an earlier run ended.
"""

RESULTS = pa.schema(
    [
        pa.field("part", pa.string()),
        pa.field("pictures", pa.int64()),
        pa.field("faces", pa.int64()),
        pa.field("failed", pa.int64()),
        pa.field("problem", pa.string()),
    ]
)
"""What a worker returns for each part of the data set that it has written; `problem` is why it could not."""
