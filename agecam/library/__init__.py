"""Many pictures into one Parquet data set, on all cores of a computer or of a Ray cluster.

Ray Data does the scheduling, the retries and the transport. AgeCam adds what it does not: which pictures are still to
be analysed (`listing`, `output`), one engine in each worker (`worker`), and results that count only once the process
that holds the lease of the output has moved them into it (`run`). The imports of Ray and PyArrow fail without the extra
`library`: call `require_library` before.

Ray Data's own checkpoints (`CheckpointConfig`, a beta in Ray 2.60) are not used: there the workers commit, so that one
that outlives its run can still do so after the next run has read what is done; and each filter reserves a gigabyte.
Here the data set itself is the checkpoint.
"""

from agecam.library.needs import require_library

__all__ = ["require_library"]
