"""The files of a network, each with its expected SHA-256."""

import hashlib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from agecam.errors import WeightsError

LARGE_BYTES = 200_000_000
"""Networks with larger weights files are slow and fill memory, so half precision is worthwhile."""


@dataclass(frozen=True, slots=True)
class KnownFile:
    """A file that is used only if its SHA-256 is as expected."""

    path: Path
    sha256: str

    def check(self) -> None:
        """Raise WeightsError if the file cannot be read or its SHA-256 differs."""
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
                "{path} is damaged or does not belong to its card: reinstall the model.",
                path=self.path,
            )


@dataclass(frozen=True, slots=True)
class NetworkFiles:
    """The files of a network, in the formats that the backends read."""

    network: str
    """Name of a network in `agecam.models.networks`."""
    size_px: int | None
    """Side of the input pictures; None if they may have any size."""
    arguments: dict[str, Any]
    """The network's arguments except its input size."""
    weights: KnownFile
    """Keras weights, loaded into the network."""
    onnx: KnownFile | None
    """The whole network in ONNX, ready to run; None if the model was installed without it."""
    onnx_reads_weights: bool = False
    """Whether the ONNX file has no weights itself and refers to those in the Keras weights file."""

    @property
    def is_large(self) -> bool:
        """Whether the weights file is larger than `LARGE_BYTES`."""
        try:
            return self.weights.path.stat().st_size > LARGE_BYTES
        except OSError:
            return False


def file_digest(path: Path) -> str:
    """SHA-256 of a file, in hexadecimal."""
    with path.open("rb") as file:
        digest = hashlib.sha256()
        while chunk := file.read(2**20):
            digest.update(chunk)
    return digest.hexdigest()
