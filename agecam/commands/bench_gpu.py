"""`agecam bench --gpu`: measures faces per second on the GPU."""

import json
from pathlib import Path

from agecam.backends.keras import KerasBackend
from agecam.bench.gpu import gpu_rows
from agecam.bench.tables import table
from agecam.commands import DONE
from agecam.runtime.files import check_writable, write_whole


def run_bench_gpu(json_path: Path | None) -> int:
    """Print the table, write it as JSON if requested, and return the exit code; raises UsageError without a GPU."""
    if json_path is not None:
        check_writable(json_path)
    backend = KerasBackend("gpu", any_framework=True)
    rows = list(gpu_rows(backend))
    *batches, detector = rows
    print(f"Keras on {backend.framework}, GPU; faces per second\n")
    head = ["batch", "in GPU memory", "copied per call"]
    cells = [[f"{row['faces']}", f"{row['resident_per_s']:,.0f}", f"{row['copied_per_s']:,.0f}"] for row in batches]
    print(table(head, cells))
    print(f"\ndetector, 1280x720, faces of at least 60 px: {detector['detector_ms']:.1f} ms")
    if json_path is not None:
        write_whole(json_path, json.dumps({"framework": backend.framework, "rows": rows}, indent=1).encode())
    return DONE
