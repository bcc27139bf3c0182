"""MTCNN (Zhang et al. 2016): an image pyramid, three networks in sequence, and non-maximum suppression.

All levels of the pyramid are packed into one picture, so that the proposal network runs only once. Boxes here are
(top, left, bottom, right).
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache

import cv2
import numpy as np
import numpy.typing as npt

from agecam.backends import Runner
from agecam.types import FloatArray, Image
from agecam.vision.pyramid import (
    BLOCK,
    CELL_PX,
    FINAL_OVERLAP,
    GREY,
    MAX_PROPOSALS,
    ONE_BLOCK,
    OUTPUT_THRESHOLD,
    PROPOSAL_THRESHOLD,
    REFINE_THRESHOLD,
    STRIDE_PX,
    halved,
)

_SHRINK_PX = 10
"""Pixels by which the proposal network's convolutions reduce height and width, before its stride."""
_PATCHES_PER_CALL = 256
"""Patches cut by one call of OpenCV."""
_MAX_HALVED_SCALE = 0.25
"""Levels up to this scale are averaged from the frame halved at least once."""
_MAX_VALUES = 3 * 3840 * 2160
"""Larger frames are not converted to floats, and larger arrays are not kept: they would take too much memory."""

_MAX_SHEET_PX = 1 << 18
"""Pixels that the proposal network sees at a time."""

_Pixels = Image | FloatArray
"""`(H, W, 3)`, 0 to 255."""


class _Scratch:
    """Arrays reused from frame to frame: allocating arrays of this size costs more than computing on them."""

    def __init__(self) -> None:
        self._arrays: dict[str, FloatArray] = {}

    def array(self, use: str, shape: tuple[int, ...]) -> FloatArray:
        """An array with undefined contents."""
        array = self._arrays.get(use)
        if array is None or array.shape != shape:
            array = np.empty(shape, np.float32)
            if array.size <= _MAX_VALUES:
                self._arrays[use] = array
        return array

    def floats(self, pixels: _Pixels, use: str) -> _Pixels:
        """Pixels as floats; unchanged if they are, or if there are too many."""
        if pixels.dtype == np.float32 or pixels.size > _MAX_VALUES:
            return pixels
        array = self.array(use, pixels.shape)
        np.copyto(array, pixels)
        return array

    def half(self, use: str, pixels: _Pixels) -> _Pixels:
        """Means of 2 x 2 pixels, in the type of the input."""
        if pixels.dtype == np.uint8:
            return halved(np.asarray(pixels, np.uint8))
        rows, columns = pixels.shape[0] // 2, pixels.shape[1] // 2
        into = self.array(use, (rows, columns, 3))
        return np.asarray(cv2.resize(pixels, (columns, rows), into, interpolation=cv2.INTER_AREA), np.float32)


class Mtcnn:
    """Finds faces in frames of less than 32,767 px a side: OpenCV resamples with 16-bit coordinates."""

    def __init__(self, runners: Mapping[str, Runner]) -> None:
        """
        Args:
            runners: for 'pnet', 'rnet' and 'onet', as `agecam.models.networks.mtcnn` defines them.
        """
        self._pnet, self._rnet, self._onet = (runners[name] for name in ("pnet", "rnet", "onet"))
        self._scratch = _Scratch()

    def find_faces(
        self, frame: Image, scales: tuple[float, ...], halvings: int, halves: Sequence[Image] = ()
    ) -> FloatArray:
        """Find the faces of one frame.

        Args:
            frame: `(H, W, 3) uint8`, BGR.
            scales: of the pyramid's levels, largest first.
            halvings: how often the frame can be halved without a remainder.
            halves: the frame at half its size, at a quarter and so on, as far as they are at hand.

        Returns:
            `(N, 15)`: box, score, five x, five y; best score first.
        """
        pixels: _Pixels = frame
        if scales[0] > _MAX_HALVED_SCALE or not halvings:
            # If levels and patches are rounded to bytes, landmarks of small faces are off: from 20 px on, those of
            # 1 face in 80 by over 5 % of its width. If only larger faces are searched for, floats are not worth it.
            pixels = self._scratch.floats(frame, "frame")
        octaves = [pixels, *halves] if pixels is frame else [pixels]

        # 1. Proposals from every level of the pyramid
        boxes = _square(suppress(self._proposals(octaves, scales, halvings), 0.7)[:, :4])

        # 2. Refinement of the proposals
        outputs = _run(self._rnet, pixels, boxes, 24, 5, batch_step=16)
        rows = _confident(_refine(boxes, outputs[:, :4]), outputs[:, 4], REFINE_THRESHOLD)
        boxes = _square(suppress(rows, 0.7)[:, :4])

        # 3. Output: final boxes and the five landmarks
        outputs = _run(self._onet, pixels, boxes, 48, 15, batch_step=4)
        landmarks = _place(outputs[:, 5:], boxes)
        rows = _confident(_refine(boxes, outputs[:, :4]), outputs[:, 4], OUTPUT_THRESHOLD, landmarks)
        return suppress(rows, FINAL_OVERLAP, over_smaller=True)

    def _proposals(self, octaves: list[_Pixels], scales: tuple[float, ...], halvings: int) -> FloatArray:
        """`(N, 5)`: box and score, after non-maximum suppression within each level."""
        sheet = _pack_levels(octaves[0].shape[0], octaves[0].shape[1], scales)
        outputs = self._run_proposals(sheet.filled(octaves, scales, halvings, self._scratch))
        logits = outputs[:, :, 4]
        rows, columns = np.nonzero((logits > _logit(PROPOSAL_THRESHOLD)) & (sheet.level >= 0))
        levels = sheet.level[rows, columns]
        corner = np.stack([rows, columns], axis=1) * STRIDE_PX - sheet.corners[levels]
        # The package's cells span 11 px, from their second pixel on: its networks were trained that way.
        boxes = np.concatenate([corner + 1, corner + CELL_PX], axis=1) + outputs[rows, columns, :4] * (CELL_PX - 1)
        boxes /= np.asarray(scales)[levels, np.newaxis]
        scored = np.concatenate([boxes, _sigmoid(logits[rows, columns])[:, np.newaxis]], axis=1).astype(np.float32)
        return np.concatenate([suppress(scored[levels == level], 0.5) for level in range(len(scales))])

    def _run_proposals(self, sheet: FloatArray) -> FloatArray:
        """`(rows, columns, 5)`: four offsets and the logit of each output cell.

        A large sheet is run in strips: the network's inner layers take eight times the memory of its input.
        """
        rows = (len(sheet) - _SHRINK_PX) // STRIDE_PX
        at_once = max(1, _MAX_SHEET_PX // (STRIDE_PX * sheet.shape[1]))
        if rows <= at_once:
            return np.asarray(self._pnet(sheet[np.newaxis])[0])
        strips = (
            sheet[STRIDE_PX * row : STRIDE_PX * min(row + at_once, rows) + _SHRINK_PX]
            for row in range(0, rows, at_once)
        )
        return np.concatenate([self._pnet(strip[np.newaxis])[0] for strip in strips])


@dataclass(frozen=True)
class _Sheet:
    """Layout of the pyramid levels in one picture."""

    height_px: int
    width_px: int
    corners: npt.NDArray[np.int64]
    """`(levels, 2)`: top and left of each level; even, because the network's stride is 2."""
    sizes: tuple[tuple[int, int], ...]
    """Height and width of each level."""
    level: npt.NDArray[np.int8]
    """Level that each output cell of the proposal network sees; -1 if it sees two levels or none."""

    def filled(self, octaves: list[_Pixels], scales: tuple[float, ...], halvings: int, scratch: _Scratch) -> FloatArray:
        """The levels of a frame, `(height_px, width_px, 3) float32`; grey between them.

        `octaves` are the frame, its half, its quarter, as far as they are known; the others are made when needed.
        """
        sheet = scratch.array("sheet", (self.height_px, self.width_px, 3))
        sheet[:] = GREY
        floats: dict[int, _Pixels] = {}
        for scale, (top, left), (height, width) in zip(scales, self.corners.tolist(), self.sizes, strict=True):
            # Average from the nearest octave of at least twice the size. The package averages from the whole frame:
            # that is slow and makes no difference to the networks. Averaging from the previous level would.
            octave = 0
            while scale <= 0.5 ** (octave + 2) and octave < halvings:
                octave += 1
                if octave == len(octaves):
                    octaves.append(scratch.half(f"octave {octave}", octaves[-1]))
            if octave not in floats:  # OpenCV averages floats one and a half times as fast as bytes
                floats[octave] = scratch.floats(octaves[octave], f"octave {octave} as floats")
            level = cv2.resize(floats[octave], (width, height), interpolation=cv2.INTER_AREA)
            sheet[top : top + height, left : left + width] = level
        return sheet


@lru_cache(maxsize=16)
def _pack_levels(height_px: int, width_px: int, scales: tuple[float, ...]) -> _Sheet:
    """Pack the levels, the largest first, each as far up as it fits and then as far left."""
    sizes = tuple((int(height_px * scale), int(width_px * scale)) for scale in scales)
    width = _even(sizes[0][1])
    placed: list[_Rectangle] = []
    for size in sizes:
        placed.append(_first_free(placed, _even(size[0]), _even(size[1]), width))
    corners = [(top, left) for top, left, _, _ in placed]
    bottom = max(below for _, _, below, _ in placed)
    level = np.full(((bottom - _SHRINK_PX) // STRIDE_PX, (width - _SHRINK_PX) // STRIDE_PX), -1, np.int8)
    for index, ((top, left), size) in enumerate(zip(corners, sizes, strict=True)):
        rows, columns = (math.ceil((side - _SHRINK_PX) / STRIDE_PX) for side in size)
        level[top // 2 : top // 2 + rows, left // 2 : left // 2 + columns] = index
    return _Sheet(bottom, width, np.array(corners), sizes, level)


_Rectangle = tuple[int, int, int, int]
"""Top, left, bottom and right."""


def _first_free(placed: list[_Rectangle], height: int, width: int, sheet_width: int) -> _Rectangle:
    """The uppermost place, then the leftmost, at an edge of those that are taken."""
    for top in sorted({0, *(bottom for _, _, bottom, _ in placed)}):
        for left in sorted({0, *(right for *_, right in placed)}):
            here = (top, left, top + height, left + width)
            if here[3] <= sheet_width and not any(_are_overlapping(here, other) for other in placed):
                return here
    raise AssertionError("below everything there is always room")


def _are_overlapping(first: _Rectangle, second: _Rectangle) -> bool:
    return first[0] < second[2] and second[0] < first[2] and first[1] < second[3] and second[1] < first[3]


def _even(side_px: int) -> int:
    """The next even number that leaves at least one grey pixel: pooling reads one pixel further if a side is odd."""
    return side_px + 2 - side_px % 2


def _confident(boxes: FloatArray, logits: FloatArray, threshold: float, *more: FloatArray) -> FloatArray:
    rows = np.concatenate([boxes, _sigmoid(logits)[:, np.newaxis], *more], axis=1)
    return rows[logits > _logit(threshold)]


def suppress(rows: FloatArray, overlap: float, over_smaller: bool = False) -> FloatArray:
    """Non-maximum suppression: rows (box, score, ...), best first, without those that a better row overlaps.

    Unlike in the greedy form, a suppressed row still suppresses others, as in the package. `over_smaller` measures the
    overlap against the smaller of the two areas instead of their union.
    """
    rows = rows[np.argsort(-rows[:, 4], kind="stable")[:MAX_PROPOSALS]]
    suppressed = np.zeros(len(rows), bool)
    size = BLOCK if len(rows) > ONE_BLOCK else ONE_BLOCK
    for first in range(0, len(rows), size):
        block, better = rows[first : first + size], rows[: first + size]
        is_better = np.arange(len(better))[:, np.newaxis] < first + np.arange(len(block))
        overlapped = _overlap(better[:, np.newaxis, :4], block[:, :4], over_smaller) > overlap
        suppressed[first : first + size] = (overlapped & is_better).any(0)
    return rows[~suppressed]


def _overlap(first: FloatArray, second: FloatArray, over_smaller: bool) -> FloatArray:
    height = np.minimum(first[..., 2], second[..., 2]) - np.maximum(first[..., 0], second[..., 0])
    width = np.minimum(first[..., 3], second[..., 3]) - np.maximum(first[..., 1], second[..., 1])
    shared = np.maximum(height, 0) * np.maximum(width, 0)
    areas = [(boxes[..., 2] - boxes[..., 0]) * (boxes[..., 3] - boxes[..., 1]) for boxes in (first, second)]
    return np.asarray(shared / (np.minimum(*areas) if over_smaller else areas[0] + areas[1] - shared))


def _square(boxes: FloatArray) -> FloatArray:
    size = boxes[:, 2:] - boxes[:, :2]
    side = size.max(axis=1, keepdims=True)
    corner = (boxes[:, :2] + boxes[:, 2:] - side) / 2
    return np.concatenate([corner, corner + side], axis=1)


def _run(network: Runner, pixels: _Pixels, boxes: FloatArray, size: int, outputs: int, batch_step: int) -> FloatArray:
    """Run a network on the patches in `(N, 4)` boxes; returns `(N, outputs)`."""
    if not len(boxes):
        return np.zeros((0, outputs), np.float32)
    # Batches are padded because kernels are prepared for each batch size.
    batch = np.zeros((-(-len(boxes) // batch_step) * batch_step, size, size, 3), np.float32)
    for first in range(0, len(boxes), _PATCHES_PER_CALL):
        some = boxes[first : first + _PATCHES_PER_CALL]
        _cut_patches(pixels, some, batch[first : first + len(some)])
    return network(batch)[: len(boxes)]


def _cut_patches(pixels: _Pixels, boxes: FloatArray, patches: FloatArray) -> None:
    """Fill `(N, size, size, 3)` patches by bilinear sampling from edge to edge of each box, as TensorFlow does.

    Samples outside the frame are grey.
    """
    shape = patches.shape[:3]
    size = shape[1]
    last_places = np.array(pixels.shape[:2], np.float32) - 1
    first, last = (boxes[:, sides] / (last_places + 1) * last_places for sides in ((0, 1), (2, 3)))
    steps = np.linspace(0, 1, size, dtype=np.float32)
    y, x = (first[:, axis, np.newaxis] + (last - first)[:, axis, np.newaxis] * steps for axis in (0, 1))
    map_x = np.broadcast_to(x[:, np.newaxis, :], shape).reshape(-1, size)
    map_y = np.broadcast_to(y[:, :, np.newaxis], shape).reshape(-1, size)
    cut = cv2.remap(pixels, map_x, map_y, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    patches[:] = cut.reshape(patches.shape)
    outside_y, outside_x = ((at < 0) | (at > end) for at, end in zip((y, x), last_places, strict=True))
    for place in np.nonzero(outside_y.any(axis=1) | outside_x.any(axis=1))[0]:
        patches[place, outside_y[place]] = GREY
        patches[place, :, outside_x[place]] = GREY


def _refine(boxes: FloatArray, offsets: FloatArray) -> FloatArray:
    size = boxes[:, 2:] - boxes[:, :2] + 1
    return boxes + offsets * np.tile(size, (1, 2))


def _place(landmarks: FloatArray, boxes: FloatArray) -> FloatArray:
    size = boxes[:, 2:] - boxes[:, :2] + 1
    x = landmarks[:, :5] * size[:, 1:2] + boxes[:, 1:2] - 1
    y = landmarks[:, 5:] * size[:, 0:1] + boxes[:, 0:1] - 1
    return np.concatenate([x, y], axis=1)


def _sigmoid(logits: FloatArray) -> FloatArray:
    return np.asarray(1 / (1 + np.exp(-logits)), np.float32)


def _logit(probability: float) -> float:
    return math.log(probability / (1 - probability))
