"""Runs ONNX networks on the processor with OpenVINO.

Compiling a network of a few megabytes takes less than 0.1 s, so nothing is cached on disk.
"""

import ctypes
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np

from agecam.errors import WeightsError
from agecam.models.files import NetworkFiles
from agecam.runtime.device import has_bfloat16
from agecam.runtime.imports import hidden_modules
from agecam.types import FloatArray


@cache
def is_available() -> bool:
    """Whether OpenVINO is installed and supports this processor."""
    try:
        return "CPU" in _core().available_devices
    except (ImportError, RuntimeError):
        return False


def version() -> str:
    """Version of OpenVINO."""
    _core()
    import openvino

    return str(openvino.get_version()).partition("-")[0]


def use_one_thread() -> None:
    """Let each network that is loaded from now on run in the thread that calls it."""
    _core().set_property("CPU", {"INFERENCE_NUM_THREADS": 1})


class OpenVinoBackend:
    """Runs large networks, or all, in bfloat16 on processors that support it, and others in float32."""

    name = "openvino"
    device = "cpu"

    def __init__(self, bfloat16: bool | None = None, *, small_too: bool = False) -> None:
        """
        Args:
            bfloat16: whether it is used; None for processors with instructions for it.
            small_too: whether small networks use it as well; otherwise they run in float32, like the reference.
        """
        self._bfloat16 = has_bfloat16() if bfloat16 is None else bfloat16
        self._small_too = small_too

    def precision(self, files: NetworkFiles) -> str:
        """Data type that a network runs in: 'float32' or 'bfloat16'."""
        return "bfloat16" if self._bfloat16 and (self._small_too or files.is_large) else "float32"

    def runner(self, files: NetworkFiles) -> "OpenVinoRunner":
        """Check and compile a network.

        Raises:
            WeightsError: a file is missing, damaged or does not belong to its card.
            RuntimeError, ImportError: OpenVINO cannot run the network.
        """
        if files.onnx is None:
            raise RuntimeError(f"{files.weights.path.name} has no ONNX file")
        files.onnx.check()
        with ThreadPoolExecutor(1) as pool:  # checking a gigabyte takes as long as compiling it
            checking = pool.submit(files.weights.check) if files.onnx_reads_weights else None
            runner = OpenVinoRunner(files.onnx.path, self.precision(files))
            if checking is not None:
                checking.result()
        if files.is_large:
            _release_pages(files.weights.path)
        return runner


class OpenVinoRunner:
    """An ONNX file with one input and one output."""

    def __init__(self, path: Path, precision: str = "float32") -> None:
        """Raise WeightsError if the file is not an ONNX network, RuntimeError if OpenVINO cannot run it."""
        hints = {
            "PERFORMANCE_HINT": "LATENCY",
            "INFERENCE_PRECISION_HINT": _PRECISIONS[precision],
            # All processes would pin their threads to the same cores: two would take turns on one core.
            "ENABLE_CPU_PINNING": False,
        }
        try:
            network = _core().read_model(path)
        except RuntimeError as error:
            raise WeightsError("{path} is not an ONNX network: reinstall the model.", path=path) from error
        self._request = _core().compile_model(network, "CPU", hints).create_infer_request()

    def __call__(self, batch: FloatArray) -> FloatArray:
        """As described at `Runner`."""
        (output,) = self._request.infer([np.ascontiguousarray(batch)], share_inputs=True).values()
        return np.asarray(output)


_PRECISIONS = {"float32": "f32", "bfloat16": "bf16"}


@cache
def _core() -> Any:
    with hidden_modules("openvino_telemetry"):  # of its converter, which AgeCam does not use
        import openvino

    return openvino.Core()


def _release_pages(path: Path) -> None:
    """Release the memory of a mapped file: OpenVINO has its own copy of the weights.

    The system reads the pages from the file again if they are needed. Other systems than Linux release them themselves
    when memory is short.
    """
    with suppress(OSError, AttributeError, TypeError, ValueError):
        advise = ctypes.CDLL(None).madvise
        for line in Path("/proc/self/maps").read_text(encoding="utf-8", errors="replace").splitlines():
            if line.endswith(str(path.resolve())):
                first, end = (int(address, 16) for address in line.split(maxsplit=1)[0].split("-"))
                advise(ctypes.c_void_p(first), ctypes.c_size_t(end - first), _MADV_DONTNEED)


_MADV_DONTNEED = 4
"""From mman.h."""
