"""Networks compiled for the processor by OpenVINO, which runs them about twice as fast as TensorFlow there.

TensorFlow stays the reference: the outputs agree to 1e-4 of the largest. Compiling takes less than a tenth of a second
a network, so nothing is kept on disk.
"""

import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import tensorflow as tf

from agecam.types import FloatArray


@cache
def can_compile() -> bool:
    """Whether OpenVINO is installed and knows this processor."""
    try:
        return "CPU" in _core().available_devices
    except (ImportError, RuntimeError):
        return False


@contextmanager
def reference_if_refused(wanted: bool | None) -> Iterator[None]:
    """Pass over what keeps a network from being compiled, unless that was wanted: TensorFlow runs it as well."""
    try:
        yield
    except (ImportError, OSError, RuntimeError):
        if wanted:
            raise


def version() -> str:
    """Of OpenVINO."""
    _core()
    import openvino

    return str(openvino.get_version()).partition("-")[0]


class CompiledNetwork:
    """A network as a function from an array to a list of arrays. Not safe for use from several threads at once."""

    def __init__(self, function: Callable[[tf.Tensor], Any], shape: tuple[int | None, ...]) -> None:
        """
        Args:
            function: of TensorFlow; takes float32 of this shape.
            shape: None where sides may change from call to call.
        """
        # The reference computes in float32, too: no figure on a model's card depends on where it runs.
        hints = {"PERFORMANCE_HINT": "LATENCY", "INFERENCE_PRECISION_HINT": "f32"}
        self._compiled = _core().compile_model(_read(function, shape), "CPU", hints)
        self._request = self._compiled.create_infer_request()

    def __call__(self, batch: FloatArray) -> list[FloatArray]:
        """All outputs, in the order of the function's."""
        return list(self._request.infer([np.ascontiguousarray(batch)]).values())


@cache
def _core() -> Any:
    # Its converter would tell its makers how it is used. AgeCam does not call it, and this makes sure that nothing can.
    sys.modules.setdefault("openvino_telemetry", None)  # type: ignore[arg-type]
    import openvino

    return openvino.Core()


def _read(function: Callable[[tf.Tensor], Any], shape: tuple[int | None, ...]) -> Any:
    from tensorflow.python.framework.convert_to_constants import convert_variables_to_constants_v2

    with tf.device("/CPU:0"):
        graph = tf.function(function, input_signature=[tf.TensorSpec(shape, tf.float32)], autograph=False)
        frozen = convert_variables_to_constants_v2(graph.get_concrete_function())
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "network.pb"
        path.write_bytes(frozen.graph.as_graph_def().SerializeToString())
        return _core().read_model(path)
