"""What a webcam does to a face, as one Keras layer: framing, light, colour, blur, noise, compression.

Runs inside the training step, on the device, on any backend. In inference the layer only cuts the
centre of the cached crop, which is exactly what the running program's crop gives the network.
"""

import math
from collections.abc import Callable
from typing import Any

import keras
from keras import ops, random

from agecam.types import OUTSIDE_GREY


@keras.saving.register_keras_serializable("agecam")
class WebcamAugment(keras.layers.Layer):
    """`(N, size + 2 * border, same, 3) uint8` RGB -> `(N, size, size, 3) float32`, 0 to 255."""

    def __init__(
        self,
        size_px: int,
        scale: float = 0.22,
        shift: float = 0.06,
        turn_degrees: float = 10.0,
        aspect: float = 0.06,
        seed: int = 0,
        **kwargs: Any,
    ) -> None:
        """
        Args:
            size_px: side of what the network takes.
            scale, aspect: largest change of size and of width against height, as natural logarithms.
            shift: standard deviation of the shift, as a share of the side.
            turn_degrees: standard deviation of the rotation.
            seed: of all random draws.
        """
        super().__init__(**kwargs)
        self.size_px = size_px
        self.scale = scale
        self.shift = shift
        self.turn_degrees = turn_degrees
        self.aspect = aspect
        self.draws = random.SeedGenerator(seed)

    def call(self, images: Any, training: bool = False) -> Any:
        images = ops.cast(images, "float32")
        if not training:
            return self._centre(images)
        x = self._centre(self._reframe(images))
        x = self._colour(x)
        x = self._on_share(x, 0.0, 0.16, lambda part: self._enlarge_small(part, 2))
        x = self._on_share(x, 0.16, 0.24, lambda part: self._enlarge_small(part, 3))
        x = self._on_share(x, 0.12, 0.42, self._compress)
        x = self._on_share(x, 0.35, 0.6, self._noise)
        x = self._hide_parts(x)
        return ops.clip(x, 0.0, 255.0)

    def _centre(self, images: Any) -> Any:
        border = (images.shape[1] - self.size_px) // 2
        return images[:, border : border + self.size_px, border : border + self.size_px]

    def _uniform(self, like: Any, low: float, high: float, *shape: int) -> Any:
        return random.uniform((ops.shape(like)[0], *shape), low, high, seed=self.draws)

    def _normal(self, like: Any, spread: float) -> Any:
        return random.truncated_normal((ops.shape(like)[0],), 0.0, spread, seed=self.draws)

    def _sometimes(self, probability: float, changed: Any, x: Any) -> Any:
        chosen = self._uniform(x, 0.0, 1.0, 1, 1, 1) < probability
        return ops.where(chosen, changed, x)

    def _on_share(self, x: Any, first: float, last: float, change: Callable[[Any], Any]) -> Any:
        """Costly effects, on a share of the batch only: batches are shuffled, so that the place is chance."""
        start, stop = (ops.shape(x)[0] * round(100 * share) // 100 for share in (first, last))
        return ops.concatenate([x[:start], change(x[start:stop]), x[stop:]], axis=0)

    def _reframe(self, x: Any) -> Any:
        """Mirror, scale, stretch, turn and shift around the centre."""
        side = x.shape[1]
        zoom = ops.exp(self._uniform(x, -self.scale, self.scale))
        stretch = ops.exp(self._uniform(x, -self.aspect, self.aspect))
        mirror = ops.where(self._uniform(x, 0.0, 1.0) < 0.5, -1.0, 1.0)
        angle = self._normal(x, self.turn_degrees * math.pi / 180)
        move_x, move_y = (self._normal(x, self.shift) * self.size_px for _ in range(2))
        cos, sin = ops.cos(angle), ops.sin(angle)
        a, b = zoom * stretch * mirror * cos, -zoom / stretch * sin
        c, d = zoom * stretch * mirror * sin, zoom / stretch * cos
        middle = (side - 1) / 2
        e = middle + move_x - (a + b) * middle
        f = middle + move_y - (c + d) * middle
        rest = ops.zeros_like(a)
        transforms = ops.stack([a, b, e, c, d, f, rest, rest], axis=1)
        return ops.image.affine_transform(
            x, transforms, interpolation="bilinear", fill_mode="constant", fill_value=OUTSIDE_GREY
        )

    def _colour(self, x: Any) -> Any:
        """Exposure, contrast, gamma, white balance, low light; sometimes grey."""
        x = ops.maximum(x, 0.0) / 255
        gamma = ops.exp(self._uniform(x, -0.35, 0.35, 1, 1, 1))
        x = ops.power(x + 1e-4, gamma)
        x = x * ops.exp(self._uniform(x, -0.35, 0.25, 1, 1, 1)) * ops.exp(self._uniform(x, -0.12, 0.12, 1, 1, 3))
        mean = ops.mean(x, axis=(1, 2, 3), keepdims=True)
        x = mean + (x - mean) * ops.exp(self._uniform(x, -0.3, 0.3, 1, 1, 1))
        grey = ops.sum(x * ops.array([0.299, 0.587, 0.114], "float32"), axis=-1, keepdims=True)
        saturation = ops.exp(self._uniform(x, -0.7, 0.35, 1, 1, 1))
        x = grey + (x - grey) * saturation
        x = self._sometimes(0.12, ops.broadcast_to(grey, ops.shape(x)), x)
        return ops.clip(x, 0.0, 1.0) * 255

    def _enlarge_small(self, x: Any, factor: int) -> Any:
        """A face that was few pixels wide, or out of focus: brought down and up again."""
        small = ops.average_pool(x, factor, factor, padding="valid")
        return ops.image.resize(small, (self.size_px, self.size_px), interpolation="bilinear")

    def _compress(self, x: Any) -> Any:
        """What JPEG and video codecs leave: 8 x 8 blocks of cosines, the fine ones coarsely rounded."""
        blocks, side = self.size_px // 8, self.size_px
        basis = ops.array(_cosines(), "float32")
        y = ops.transpose(ops.reshape(x - 128, (-1, blocks, 8, blocks, 8, 3)), (0, 1, 3, 2, 4, 5))
        y = ops.einsum("kp,nbpc->nbkc", basis, ops.reshape(y, (-1, blocks * blocks, 64, 3)))
        coarse = ops.array([[[1.0 + 0.9 * (u + v)] for u in range(8) for v in range(8)]], "float32")
        step = coarse * ops.exp(self._uniform(x, 0.7, 2.9, 1, 1, 1))
        y = ops.einsum("kp,nbkc->nbpc", basis, ops.round(y / step) * step)
        y = ops.transpose(ops.reshape(y, (-1, blocks, blocks, 8, 8, 3)), (0, 1, 3, 2, 4, 5))
        return ops.reshape(y, (-1, side, side, 3)) + 128

    def _noise(self, x: Any) -> Any:
        strength = self._uniform(x, 0.0, 12.0, 1, 1, 1)
        return x + random.normal(ops.shape(x), seed=self.draws) * strength

    def _hide_parts(self, x: Any) -> Any:
        """A face cut off by the picture's edge, or partly covered: grey, so that grey says nothing."""
        place = ops.cast(ops.arange(self.size_px), "float32") / self.size_px
        across, down = place[None, None, :, None], place[None, :, None, None]
        # One of four sides, up to a quarter of it
        for axis in (across, down):
            edge = self._uniform(x, 0.0, 0.28, 1, 1, 1)
            far = self._uniform(x, 0.0, 1.0, 1, 1, 1) < 0.5
            hidden = ops.where(far, axis > 1 - edge, axis < edge)
            x = self._sometimes(0.12, ops.where(hidden, OUTSIDE_GREY, x), x)
        left, top = (self._uniform(x, 0.0, 0.8, 1, 1, 1) for _ in range(2))
        width, height = (self._uniform(x, 0.1, 0.35, 1, 1, 1) for _ in range(2))
        covered = ops.logical_and(
            ops.logical_and(across > left, across < left + width),
            ops.logical_and(down > top, down < top + height),
        )
        return self._sometimes(0.15, ops.where(covered, self._uniform(x, 0.0, 255.0, 1, 1, 3), x), x)


def _cosines() -> list[list[float]]:
    """The 64 x 64 matrix of the orthonormal discrete cosine transform of 8 x 8 pixels, row after row."""
    line = [
        [math.sqrt((1 if u == 0 else 2) / 8) * math.cos((2 * i + 1) * u * math.pi / 16) for i in range(8)]
        for u in range(8)
    ]
    return [[line[u][i] * line[v][j] for i in range(8) for j in range(8)] for u in range(8) for v in range(8)]
