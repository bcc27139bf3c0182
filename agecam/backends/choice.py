"""Chooses the backend: on the processor OpenVINO, or ONNX Runtime where that has no package; Keras on a GPU."""

import platform
from typing import Literal

from agecam.backends import onnxruntime, openvino
from agecam.backends.base import Backend, Runner
from agecam.backends.keras import KerasBackend
from agecam.errors import AgeCamError, UsageError, WeightsError
from agecam.models.card import reason_of
from agecam.models.files import NetworkFiles
from agecam.runtime.device import gpu_in_sight, has_bfloat16, has_cuda_libraries, has_tensorflow

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
        UsageError: the requested device or backend is not available, or no library that runs networks is installed.
    """
    if backend == "openvino":
        if device == "gpu":
            raise UsageError("OpenVINO runs on the processor only: leave out --device gpu or --backend openvino.")
        if not openvino.is_available():
            if _on_windows_on_arm():
                raise UsageError("OpenVINO has no package for this system: leave out --backend openvino.")
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
    """OpenVINO or else ONNX Runtime, with Keras for networks they cannot run; Keras alone if requested.

    Raises:
        UsageError: none of them is installed.
    """
    if backend != "keras":
        if openvino.is_available():
            return _OnnxOrKeras(openvino.OpenVinoBackend())
        if onnxruntime.is_available():
            return _OnnxOrKeras(onnxruntime.OnnxRuntimeBackend())
        if not has_tensorflow():
            raise UsageError(
                "No library that runs the networks is installed: run 'pip install {package}'.",
                package="onnxruntime" if _on_windows_on_arm() else "openvino",
            )
    return KerasBackend("cpu")


def for_live_estimates(backend: Backend, files: NetworkFiles) -> Backend:
    """The backend for a network that estimates in live video: OpenVINO in bfloat16, or else the same backend.

    On processors with instructions for bfloat16, that nearly halves the time. Ages change by 0.03 years in the mean
    (`training.evaluation.precision`). The detector would miss 1 face in 559, so it keeps float32, as do photographs and
    files, whose results are the same on all processors.
    """
    is_exact = backend.name == openvino.OpenVinoBackend.name and files.onnx is not None and not files.is_large
    if not is_exact or not has_bfloat16():
        return backend
    live = openvino.OpenVinoBackend(small_too=True)
    return _OnnxOrKeras(live) if isinstance(backend, _OnnxOrKeras) else live


def _on_windows_on_arm() -> bool:
    return (platform.system(), platform.machine()) == ("Windows", "ARM64")


def _on_gpu() -> Backend:
    """Raise UsageError if there is no GPU."""
    if not gpu_in_sight():
        raise UsageError("There is no GPU that TensorFlow can use: leave out --device gpu.")
    if not has_cuda_libraries():
        raise UsageError("NVIDIA's CUDA libraries for TensorFlow are missing: run pip install 'tensorflow[and-cuda]'.")
    return KerasBackend("gpu")


class _OnnxOrKeras:
    """A library for ONNX files, with Keras for networks that it cannot run or that were installed without such a file.

    Keras is used only if TensorFlow is installed.
    """

    device = "cpu"

    def __init__(self, onnx: Backend) -> None:
        self._onnx = onnx
        self.name = onnx.name

    def runner(self, files: NetworkFiles) -> Runner:
        try:
            return self._onnx.runner(files)
        except (ImportError, RuntimeError) as error:
            if has_tensorflow():
                return KerasBackend("cpu").runner(files)
            if files.onnx is None:
                raise WeightsError(
                    "The weights {path} were installed without an ONNX file and need TensorFlow, which is not "
                    "installed: add the model again with 'agecam models add'.",
                    path=files.weights.path,
                ) from error
            raise WeightsError(
                "{library} cannot run {path} ({reason}), and TensorFlow is not installed: update {library} with "
                "'pip install --upgrade {library}'.",
                library=self.name,
                path=files.onnx.path,
                reason=reason_of(error),
            ) from error
