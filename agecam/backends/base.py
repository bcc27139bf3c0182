"""The seam between the program and what computes: run this network on this batch."""

from typing import Protocol

from agecam.models.files import NetworkFiles
from agecam.types import FloatArray


class Runner(Protocol):
    """One network, ready to run. Used by one thread at a time."""

    def __call__(self, batch: FloatArray) -> FloatArray:
        """`(N, height, width, 3) float32`, N from 1 on -> `(N, ...) float32`.

        Raises:
            RuntimeError: the network failed; the message says why.
        """


class Backend(Protocol):
    """A way to run networks."""

    @property
    def name(self) -> str:
        """'openvino' or 'keras'."""

    @property
    def device(self) -> str:
        """'cpu' or 'gpu'."""

    def runner(self, files: NetworkFiles) -> Runner:
        """The network, checked and loaded.

        Raises:
            WeightsError: a file is missing or damaged, or is not the one its card was written for.
            RuntimeError, ImportError: this backend cannot run the network.
        """
