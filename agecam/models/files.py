"""A network on disk: its files, each known by its SHA-256."""

import hashlib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from agecam.errors import WeightsError

LARGE_BYTES = 200_000_000
"""Of a weights file: such a network is slow and fills memory, so that half precision pays."""


@dataclass(frozen=True, slots=True)
class KnownFile:
    """A file that is used only if it is the one that its card was written for."""

    path: Path
    sha256: str

    def check(self) -> None:
        """Raises WeightsError where it cannot be read or is another file."""
        try:
            digest = file_digest(self.path)
        except OSError as error:
            raise WeightsError(
                "{path} cannot be read ({reason}): reinstall the model.",
                path=self.path,
                reason=error.strerror or type(error).__name__,
            ) from error
        if digest != self.sha256:
            raise WeightsError(
                "{path} is not the file that its card was written for, or it is damaged: reinstall the model.",
                path=self.path,
            )


@dataclass(frozen=True, slots=True)
class NetworkFiles:
    """A network on disk, in the forms that the backends read."""

    network: str
    """Which of `agecam.networks`."""
    size_px: int | None
    """Side of the pictures; None where they may have any size."""
    arguments: dict[str, Any]
    """The definition's arguments but for the size."""
    weights: KnownFile
    """Keras weights, which the definition loads."""
    onnx: KnownFile | None
    """The whole network in ONNX, ready to run; None where a model was installed without it."""
    onnx_reads_weights: bool = False
    """Whether the ONNX file only points to the numbers, which lie in the Keras weights file."""

    @property
    def is_large(self) -> bool:
        """Whether it fills hundreds of megabytes."""
        try:
            return self.weights.path.stat().st_size > LARGE_BYTES
        except OSError:
            return False


def file_digest(path: Path) -> str:
    """SHA-256 of a file of any size, in hexadecimal."""
    with path.open("rb") as file:
        digest = hashlib.sha256()
        while part := file.read(2**20):
            digest.update(part)
    return digest.hexdigest()
