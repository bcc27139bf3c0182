"""Runs ONNX networks on the processor with ONNX Runtime, on systems for which OpenVINO has no package."""

from functools import cache
from pathlib import Path
from typing import Any

import numpy as np

from agecam.errors import WeightsError
from agecam.models.files import NetworkFiles
from agecam.types import FloatArray


@cache
def is_available() -> bool:
    """Whether ONNX Runtime is installed."""
    try:
        _package()
    except ImportError:
        return False
    return True


class OnnxRuntimeBackend:
    """All networks run in float32, like the reference."""

    name = "onnxruntime"
    device = "cpu"

    def runner(self, files: NetworkFiles) -> "OnnxRuntimeRunner":
        """Check and load a network.

        Raises:
            WeightsError: a file is missing, damaged or does not belong to its card.
            RuntimeError, ImportError: ONNX Runtime cannot run the network.
        """
        if files.onnx is None:
            raise RuntimeError(f"{files.weights.path.name} has no ONNX file")
        files.onnx.check()
        if files.onnx_reads_weights:
            files.weights.check()
        return OnnxRuntimeRunner(files.onnx.path)


class OnnxRuntimeRunner:
    """An ONNX file with one input and one output."""

    def __init__(self, path: Path) -> None:
        """Raise WeightsError if the file is not an ONNX network, RuntimeError if ONNX Runtime cannot run it."""
        package = _package()
        options = package.SessionOptions()
        options.log_severity_level = 4  # only what ends the process; errors are raised
        try:
            self._session = package.InferenceSession(path, options, providers=["CPUExecutionProvider"])
        except Exception as error:  # its exceptions have no common base class
            if type(error).__name__ == "InvalidProtobuf":
                raise WeightsError("{path} is not an ONNX network: reinstall the model.", path=path) from error
            raise RuntimeError(str(error)) from error
        (self._input,) = (entry.name for entry in self._session.get_inputs())

    def __call__(self, batch: FloatArray) -> FloatArray:
        """As described at `Runner`."""
        try:
            (output,) = self._session.run(None, {self._input: np.ascontiguousarray(batch)})
        except Exception as error:
            raise RuntimeError(str(error).strip().partition("\n")[0]) from error
        return np.asarray(output)


@cache
def _package() -> Any:
    import onnxruntime

    onnxruntime.disable_telemetry_events()  # of its packages for Windows
    return onnxruntime
