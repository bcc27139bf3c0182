"""OpenEXR pictures, decoded by FFmpeg, as OpenCV's packages read none."""

import io
from contextlib import closing

import av
import numpy as np
import numpy.typing as npt

from agecam.sources.picture_files.pillow import check_size


def read_exr(data: bytes) -> npt.NDArray[np.float32]:
    """Decode to `(H, W, 3) float32 BGR`, proportional to light; transparency is dropped.

    Raises TooLargeError, and what PyAV raises for a damaged file.
    """
    with closing(av.open(io.BytesIO(data), mode="r", format="exr_pipe")) as container:
        stream = container.streams.video[0]
        check_size(stream.width, stream.height)
        frame = next(container.decode(stream))
        check_size(frame.width, frame.height)
        rgb = frame.reformat(format="gbrpf32le").to_ndarray()
    return np.ascontiguousarray(rgb[..., ::-1], np.float32)
