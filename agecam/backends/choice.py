"""Chooses the backend: OpenVINO on the processor, Keras on a GPU."""

from typing import Literal

from agecam.backends import openvino
from agecam.backends.base import Backend, Runner
from agecam.backends.keras import KerasBackend
from agecam.errors import AgeCamError, UsageError
from agecam.models.files import NetworkFiles
from agecam.runtime.device import gpu_in_sight, has_cuda_libraries

DeviceChoice = Literal["auto", "cpu", "gpu"]
BackendChoice = Literal["auto", "openvino", "keras"]


def choose_backend(
    device: DeviceChoice = "auto", backend: BackendChoice = "auto"
) -> tuple[Backend, AgeCamError | None]:
    """Choose the backend.

    Neither TensorFlow nor Keras is imported if the processor is requested or the system lists no GPU.

    Returns:
        The backend, and the reason if device 'auto' found a GPU that cannot be used.

    Raises:
        UsageError: the requested device or backend is not available.
    """
    if backend == "openvino":
        if device == "gpu":
            raise UsageError("OpenVINO runs on the processor only: leave out --device gpu or --backend openvino.")
        if not openvino.is_available():
            raise UsageError("OpenVINO is not installed: run 'pip install openvino' or leave out --backend openvino.")
        return openvino.OpenVinoBackend(), None
    if device == "cpu":
        return on_processor(backend), None
    if device == "auto" and not gpu_in_sight():
        return on_processor(backend), None
    try:
        return _on_gpu(), None
    except UsageError as error:
        if device == "gpu":
            raise
        return on_processor(backend), AgeCamError("AgeCam uses the processor: {reason}", reason=error)


def on_processor(backend: BackendChoice = "auto") -> Backend:
    """OpenVINO, with Keras for networks it cannot run; Keras alone if requested or if OpenVINO is missing."""
    if backend != "keras" and openvino.is_available():
        return _OpenVinoOrKeras()
    return KerasBackend("cpu")


def _on_gpu() -> Backend:
    """Raise UsageError if there is no GPU."""
    if not gpu_in_sight():
        raise UsageError("There is no GPU that TensorFlow can use: leave out --device gpu.")
    if not has_cuda_libraries():
        raise UsageError("NVIDIA's CUDA libraries for TensorFlow are missing: run pip install 'tensorflow[and-cuda]'.")
    return KerasBackend("gpu")


class _OpenVinoOrKeras:
    """OpenVINO, with Keras for networks that it cannot run or that were installed without an ONNX file."""

    name = "openvino"
    device = "cpu"

    def __init__(self) -> None:
        self._openvino = openvino.OpenVinoBackend()

    def runner(self, files: NetworkFiles) -> Runner:
        try:
            return self._openvino.runner(files)
        except (ImportError, RuntimeError):
            return KerasBackend("cpu").runner(files)
