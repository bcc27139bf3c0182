"""Interface between the program and its backends: run a network on a batch."""

from typing import Protocol

from agecam.models.files import NetworkFiles
from agecam.types import FloatArray


class Runner(Protocol):
    """A network, ready to run. Use each from one thread at a time."""

    def __call__(self, batch: FloatArray) -> FloatArray:
        """`(N, height, width, 3) float32`, N at least 1 -> `(N, ...) float32`.

        Raises:
            RuntimeError: the network failed; the message gives the reason.
        """


class Backend(Protocol):
    """Loads networks and runs them."""

    @property
    def name(self) -> str:
        """'openvino', 'onnxruntime' or 'keras'."""

    @property
    def device(self) -> str:
        """'cpu' or 'gpu'."""

    def runner(self, files: NetworkFiles) -> Runner:
        """Check and load a network.

        Raises:
            WeightsError: a file is missing, damaged or does not belong to its card.
            RuntimeError, ImportError: this backend cannot run the network.
        """
