"""The layers of a VGG-16 for one task, as they are read from a weights file in any format."""

from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Protocol

from agecam.models.vgg_face import BACKBONE, CHANNEL_MULTIPLES, PEOPLE, TASKS
from agecam.types import FloatArray

CONVOLUTIONS = len(BACKBONE) + 3
"""Number of layers with weights; the three fully connected ones count as convolutions over the whole map."""
CLASSES = {"people": PEOPLE, **TASKS}
"""Number of classes in the last layer, which identifies a file's task."""


@dataclass(frozen=True, slots=True)
class FileLayout:
    """Structure of the network in a weights file."""

    task: str
    """'people', 'age' or 'gender'."""
    size_px: int
    """Side of the input pictures."""
    channels: int
    """Of the first block."""
    features: int
    """Of the fully connected layers."""

    def shapes(self) -> list[tuple[int, ...]]:
        """Shapes of the kernels, in order."""
        widths = [3, *(self.channels * CHANNEL_MULTIPLES[block - 1] for block, _ in BACKBONE)]
        backbone = [(3, 3, before, after) for before, after in pairwise(widths)]
        fc6 = (self.size_px // 32, self.size_px // 32, widths[-1], self.features)
        return [*backbone, fc6, (1, 1, self.features, self.features), (1, 1, self.features, CLASSES[self.task])]


class Layers(Protocol):
    """The layers of an open weights file whose structure was checked."""

    @property
    def path(self) -> Path:
        """Of the file."""

    @property
    def layout(self) -> FileLayout:
        """Structure of the network."""

    def tensors(self, index: int) -> tuple[FloatArray, FloatArray]:
        """Kernel `(height, width, in, out)`, for RGB, and bias `(out,)` of the convolution at `index`.

        Raises:
            WeightsError: they cannot be read, or are not all finite.
        """


def by(shape: tuple[int, ...]) -> str:
    """A shape in words, as '3 x 3 x 64 x 64'."""
    return " x ".join(str(side) for side in shape) or "nothing"
