"""Networks whose memory does not grow with the number of faces: large batches are run in parts."""

import numpy as np

from agecam.backends.base import Backend, Runner
from agecam.models.files import NetworkFiles
from agecam.types import FloatArray

MAX_VALUES = 8 * 96 * 96 * 3
"""Values of the largest input: 8 faces of the compact network. On one thread, larger batches are not faster; a network
keeps the memory of the largest, which for a crowd is hundreds of megabytes.
"""


class BoundedBackend:
    """Loads networks with another backend, and runs them in parts."""

    def __init__(self, backend: Backend) -> None:
        self._backend = backend
        self.name = backend.name
        self.device = backend.device

    def runner(self, files: NetworkFiles) -> Runner:
        """As described at `Backend`."""
        return _Bounded(self._backend.runner(files))


class _Bounded:
    def __init__(self, runner: Runner) -> None:
        self._runner = runner

    def __call__(self, batch: FloatArray) -> FloatArray:
        """As described at `Runner`."""
        rows = max(1, MAX_VALUES // batch[0].size)
        if len(batch) <= rows:
            return self._runner(batch)
        # The result of a runner may be overwritten by its next call.
        return np.concatenate(
            [self._runner(batch[first : first + rows]).copy() for first in range(0, len(batch), rows)]
        )
