"""Memory for pictures that is used again when nobody holds the picture any more.

In new memory, the system clears a picture page by page before it is filled, which can take longer than filling it.
"""

import math
import weakref
from dataclasses import dataclass

import numpy as np

from agecam.types import Image


@dataclass(slots=True)
class _Block:
    memory: bytearray
    pixels: "weakref.ref[Image]"
    """The array over the whole memory, which each picture made of it keeps alive, as does each part of one."""


class PicturePool:
    """For the pictures of one source. Not thread-safe; its pictures may be held and released on any thread."""

    def __init__(self) -> None:
        self._blocks: list[_Block] = []

    def picture(self, shape: tuple[int, ...]) -> Image:
        """A picture of this shape with undefined contents."""
        size = math.prod(shape)
        self._blocks = [block for block in self._blocks if len(block.memory) == size]
        block = next((block for block in self._blocks if block.pixels() is None), None)
        memory = bytearray(size) if block is None else block.memory
        pixels: Image = np.frombuffer(memory, np.uint8)
        if block is None:
            self._blocks.append(_Block(memory, weakref.ref(pixels)))
        else:
            block.pixels = weakref.ref(pixels)
        return pixels.reshape(shape)
