"""The one place that chooses what computes: OpenVINO on the processor, Keras on a GPU."""

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
    """The backend to compute with, and why it is not the GPU where 'auto' would have taken one.

    Neither TensorFlow nor Keras is imported where the processor is asked for or no GPU is in sight.

    Raises:
        UsageError: what was asked for is not there.
    """
    if backend == "openvino":
        if device == "gpu":
            raise UsageError("OpenVINO computes on the processor only: leave out --device gpu, or --backend openvino.")
        if not openvino.is_available():
            raise UsageError("OpenVINO is not installed here (pip install openvino): leave out --backend openvino.")
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
        return on_processor(backend), AgeCamError("AgeCam computes on the processor: {reason}", reason=error)


def on_processor(backend: BackendChoice = "auto") -> Backend:
    """OpenVINO, and Keras for what OpenVINO refuses; Keras alone where that is asked for or OpenVINO is missing."""
    if backend != "keras" and openvino.is_available():
        return _WithReference()
    return KerasBackend("cpu")


def _on_gpu() -> Backend:
    """Raises UsageError where there is none."""
    if not gpu_in_sight():
        raise UsageError("There is no GPU here that TensorFlow can use; leave out --device gpu.")
    if not has_cuda_libraries():
        raise UsageError("NVIDIA's CUDA libraries for TensorFlow are missing (pip install 'tensorflow[and-cuda]').")
    return KerasBackend("gpu")


class _WithReference:
    """OpenVINO, and Keras for networks that it refuses or that were installed without their ONNX form."""

    name = "openvino"
    device = "cpu"

    def __init__(self) -> None:
        self._openvino = openvino.OpenVinoBackend()

    def runner(self, files: NetworkFiles) -> Runner:
        try:
            return self._openvino.runner(files)
        except (ImportError, RuntimeError):
            return KerasBackend("cpu").runner(files)
