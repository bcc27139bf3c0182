"""Networks on the processor, run by OpenVINO from their ONNX form.

Compiling takes less than a tenth of a second for a network of some megabytes, so nothing is kept on disk.
"""

import ctypes
import sys
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np

from agecam.errors import WeightsError
from agecam.models.files import NetworkFiles
from agecam.runtime.device import has_bfloat16
from agecam.types import FloatArray


@cache
def is_available() -> bool:
    """Whether OpenVINO is installed and knows this processor."""
    try:
        return "CPU" in _core().available_devices
    except (ImportError, RuntimeError):
        return False


def version() -> str:
    """Of OpenVINO."""
    _core()
    import openvino

    return str(openvino.get_version()).partition("-")[0]


class OpenVinoBackend:
    """Large networks compute in bfloat16 where the processor has it; all others in float32, as the reference does."""

    name = "openvino"
    device = "cpu"

    def __init__(self, bfloat16: bool | None = None) -> None:
        """
        Args:
            bfloat16: for large networks; None: where the processor has instructions for it.
        """
        self._bfloat16 = has_bfloat16() if bfloat16 is None else bfloat16

    def precision(self, files: NetworkFiles) -> str:
        """What a network computes in: 'float32' or 'bfloat16'."""
        return "bfloat16" if self._bfloat16 and files.is_large else "float32"

    def runner(self, files: NetworkFiles) -> "OpenVinoRunner":
        """The network, compiled; raises WeightsError, and RuntimeError or ImportError where OpenVINO refuses it."""
        if files.onnx is None:
            raise RuntimeError(f"{files.weights.path.name} has no ONNX form")
        files.onnx.check()
        with ThreadPoolExecutor(1) as pool:  # reading a gigabyte takes as long as compiling what is in it
            checking = pool.submit(files.weights.check) if files.onnx_reads_weights else None
            runner = OpenVinoRunner(files.onnx.path, self.precision(files))
            if checking is not None:
                checking.result()
        if files.is_large:
            _let_go_of(files.weights.path)
        return runner


class OpenVinoRunner:
    """An ONNX file with one input and one output."""

    def __init__(self, path: Path, precision: str = "float32") -> None:
        """Raises WeightsError for a file that is no ONNX network, RuntimeError where OpenVINO cannot run it."""
        hints = {"PERFORMANCE_HINT": "LATENCY", "INFERENCE_PRECISION_HINT": _PRECISIONS[precision]}
        try:
            network = _core().read_model(path)
        except RuntimeError as error:
            raise WeightsError("{path} is not a network in ONNX: reinstall the model.", path=path) from error
        self._request = _core().compile_model(network, "CPU", hints).create_infer_request()

    def __call__(self, batch: FloatArray) -> FloatArray:
        """As `Runner` says."""
        (output,) = self._request.infer([np.ascontiguousarray(batch)]).values()
        return np.asarray(output)


_PRECISIONS = {"float32": "f32", "bfloat16": "bf16"}


@cache
def _core() -> Any:
    # Its converter would tell its makers how it is used. AgeCam does not call it, and this makes sure that nothing can.
    sys.modules.setdefault("openvino_telemetry", None)  # type: ignore[arg-type]
    import openvino

    return openvino.Core()


def _let_go_of(path: Path) -> None:
    """Take a mapped file out of this process's memory: OpenVINO has its own copy of the numbers, in its own order.

    The pages belong to the file, so the system reads them again if they are needed after all.
    """
    with suppress(OSError, AttributeError, ValueError):  # other systems than Linux do it by themselves, when they must
        advise = ctypes.CDLL(None).madvise
        for line in Path("/proc/self/maps").read_text(encoding="utf-8", errors="replace").splitlines():
            if line.endswith(str(path.resolve())):
                first, end = (int(address, 16) for address in line.split(maxsplit=1)[0].split("-"))
                advise(ctypes.c_void_p(first), ctypes.c_size_t(end - first), _DONT_NEED)


_DONT_NEED = 4
"""MADV_DONTNEED of mman.h."""
