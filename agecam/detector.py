"""Face detection: MTCNN (Zhang et al. 2016) over the `mtcnn` package's own three networks.

All three stages run inside one TensorFlow graph. The frame goes in as BGR bytes; the change to RGB
and the scaling to -1..1 are folded into each network's first convolution, so no copy of the frame
is ever converted.
"""

import math
from functools import cache, lru_cache
from typing import Any

import numpy as np
import tensorflow as tf
from mtcnn.network.onet import ONet
from mtcnn.network.pnet import PNet
from mtcnn.network.rnet import RNet
from mtcnn.utils.tensorflow import load_weights

from agecam.errors import DetectorError
from agecam.types import Detection, Image

SCALE_FACTOR = 0.709  # between pyramid levels, as published: half the area
CELL_PX = 12  # the proposal network looks at 12 x 12 px
STRIDE_PX = 2
SMALLEST_FACE_PX = 12
MAX_PYRAMID_SIDE_PX = 2048
"""No pyramid level is larger than this; on larger pictures the smallest face grows in proportion."""

MOST_PROPOSALS = 8192
"""Bounds the work on a picture that looks like faces all over; 264 faces in 1280x718 px made 7,000 in one level."""
BLOCK = 1024
"""Boxes compared at a time."""
PROPOSAL_THRESHOLD, REFINE_THRESHOLD, OUTPUT_THRESHOLD = 0.6, 0.7, 0.8
GREY = 127.5  # what lies outside the frame: zero, once scaled to -1..1


def pyramid_scales(height_px: int, width_px: int, min_face_px: float) -> list[float]:
    """Scales of the pyramid, largest first: the first brings `min_face_px` to 12 px, and every level
    keeps at least 12 px on its shorter side. Empty where the picture is smaller than a face."""
    shorter, longer = sorted((height_px, width_px))
    least_px = math.ceil(CELL_PX * longer / MAX_PYRAMID_SIDE_PX)
    scale = CELL_PX / max(min_face_px, SMALLEST_FACE_PX, least_px)
    scales = []
    while math.floor(shorter * scale) >= CELL_PX:
        scales.append(scale)
        scale *= SCALE_FACTOR
    return scales


class FaceDetector:
    """Finds faces with five landmarks. Not safe for use from several threads at once."""

    def __init__(self, device: str = "/CPU:0", min_face_px: float = 40) -> None:
        """
        Args:
            device: TensorFlow's name of the device, from `choose_device`.
            min_face_px: smallest face to look for, as the side of its box in pixels of the frame;
                at least 12. Cost grows with the inverse of its square.
        """
        self.device = device
        self.min_face_px = float(min_face_px)
        self._networks = _folded_networks()
        self._graphs: dict[tuple[float, ...], Any] = {}

    def detect(self, frame: Image | tf.Tensor, min_face_px: float | None = None) -> list[Detection]:
        """Faces of one `(H, W, 3) uint8` BGR frame, best score first; empty where there are none.

        A numpy frame is uploaded; a tensor already on the device is used as it is.

        Args:
            min_face_px: smallest face in this frame, if it is another than usual.

        Raises:
            DetectorError: the frame has another form, or the graph itself failed.
        """
        if len(frame.shape) != 3 or frame.shape[2] != 3 or frame.dtype != np.uint8:
            raise DetectorError(
                "The detector takes (height, width, 3) 8-bit BGR pictures, not {shape} {kind}.",
                shape=tuple(frame.shape),
                kind=frame.dtype,
            )
        height_px, width_px = int(frame.shape[0]), int(frame.shape[1])
        scales = pyramid_scales(height_px, width_px, min_face_px or self.min_face_px)
        if not scales:
            return []
        halvings = min(_halvings(height_px), _halvings(width_px))
        try:
            with tf.device(self.device):
                rows = self._graph(scales, halvings)(tf.convert_to_tensor(frame)).numpy()
        except tf.errors.OpError as error:
            raise DetectorError(
                "The face detector failed on a {width}x{height} picture: {reason}",
                width=width_px,
                height=height_px,
                reason=error.message,
            ) from error
        return [_detection(row, height_px, width_px) for row in rows]

    def _graph(self, scales: list[float], halvings: int) -> Any:
        """One graph for each depth of the pyramid, open in the frame's size: a folder of photographs of all
        sizes needs few, and on a steady video it is as fast as one made for its size."""
        key = (halvings, *scales)
        if key not in self._graphs:
            self._graphs[key] = tf.function(
                lambda frame: _detect(frame, scales, halvings, self._networks),
                input_signature=[tf.TensorSpec((None, None, 3), tf.uint8)],
                autograph=False,
            )
        return self._graphs[key]


def _halvings(side_px: int) -> int:
    """How often a side can be halved without a remainder, at most 4 times."""
    return next(n for n in range(4, -1, -1) if side_px % 2**n == 0)


def _detection(row: np.ndarray, height_px: int, width_px: int) -> Detection:
    left, right = (float(v) for v in np.clip(row[[1, 3]], 0, width_px))
    top, bottom = (float(v) for v in np.clip(row[[0, 2]], 0, height_px))
    landmarks = np.stack([row[5:10], row[10:15]], axis=1).astype(np.float32)
    return Detection(box=(left, top, right - left, bottom - top), score=float(row[4]), landmarks=landmarks)


# --- the graph. Boxes here are (top, left, bottom, right), the order TensorFlow's operations take. ---


def _detect(frame: tf.Tensor, scales: list[float], halvings: int, networks: "_Networks") -> tf.Tensor:
    """`(H, W, 3) uint8` -> `(N, 15)`: box, score, five x, five y."""
    pixels = frame[tf.newaxis]

    # 1. Proposals from every level of the pyramid
    octaves = [pixels]
    proposals = []
    for scale in scales:
        size = tf.cast(tf.cast(tf.shape(frame)[:2], tf.float64) * scale, tf.int32)
        level = tf.image.resize(_nearest_octave(octaves, scale, halvings), size, method="area")
        proposals.append(_propose(networks.pnet(level), scale))
    boxes = _square(_unbeaten(tf.concat(proposals, axis=0), 0.7)[:, :4])

    # 2. Refinement of the proposals
    offsets, logits = _run(networks.rnet, pixels, boxes, 24, batch_step=16)
    rows = _confident(_refine(boxes, offsets), tf.sigmoid(logits), REFINE_THRESHOLD)
    boxes = _square(_unbeaten(rows, 0.7)[:, :4])

    # 3. Output: final boxes and the five landmarks
    offsets, landmarks, logits = _run(networks.onet, pixels, boxes, 48, batch_step=4)
    landmarks = _place(landmarks, boxes)
    rows = _confident(_refine(boxes, offsets), tf.sigmoid(logits), OUTPUT_THRESHOLD, landmarks)
    return _unbeaten(rows, 0.7, over_smaller=True)


def _confident(boxes: tf.Tensor, scores: tf.Tensor, threshold: float, *more: tf.Tensor) -> tf.Tensor:
    rows = tf.concat([boxes, scores[:, tf.newaxis], *more], axis=1)
    return tf.boolean_mask(rows, scores > threshold)


def _nearest_octave(octaves: list[tf.Tensor], scale: float, halvings: int) -> tf.Tensor:
    """The smallest of the frame, its half, quarter, ... that has at least twice the size, made when first needed.

    The package averages each level from the whole frame, which is slow. From twice the size the result
    is the same to the eye of the networks; from the level before, it is not.
    """
    while scale <= 0.5 ** (len(octaves) + 1) and len(octaves) <= halvings:
        # At exactly one half, bilinear interpolation is the mean of 2 x 2 pixels.
        octaves.append(tf.image.resize(octaves[-1], tf.shape(octaves[-1])[1:3] // 2, method="bilinear"))
    return octaves[-1]


def _propose(outputs: tf.Tensor, scale: float) -> tf.Tensor:
    columns = tf.shape(outputs, tf.int64)[2]
    flat = tf.reshape(outputs, (-1, 5))
    scores = tf.sigmoid(flat[:, 4])
    index = tf.where(scores > PROPOSAL_THRESHOLD)[:, 0]
    corner = tf.cast(tf.stack([index // columns, index % columns], axis=1) * STRIDE_PX, tf.float32)
    # The package's cells span 11 px, from their second pixel on: its networks were trained so.
    boxes = tf.concat([corner + 1, corner + CELL_PX], axis=1) + tf.gather(flat[:, :4], index) * (CELL_PX - 1)
    return _unbeaten(tf.concat([boxes / scale, tf.gather(scores, index)[:, tf.newaxis]], axis=1), 0.5)


def _unbeaten(rows: tf.Tensor, overlap: float, over_smaller: bool = False) -> tf.Tensor:
    return _suppression(int(rows.shape[1]), overlap, over_smaller)(rows)


@cache
def _suppression(columns: int, overlap: float, over_smaller: bool) -> Any:
    """`_suppressed` as a function of its own: the levels of the pyramid share one tracing of it, the slowest part."""
    return tf.function(
        lambda rows: _suppressed(rows, overlap, over_smaller),
        input_signature=[tf.TensorSpec((None, columns), tf.float32)],
        autograph=False,
    )


def _suppressed(rows: tf.Tensor, overlap: float, over_smaller: bool) -> tf.Tensor:
    """Rows (box, score, ...), best first, without those that any better row overlaps.

    Unlike greedy suppression a beaten row still beats others; the package works so. `over_smaller`
    measures the overlap against the smaller of the two areas instead of their union.
    """
    count = tf.minimum(tf.shape(rows)[0], MOST_PROPOSALS)
    rows = tf.gather(rows, tf.math.top_k(rows[:, 4], count).indices)

    def beaten(first: tf.Tensor) -> tf.Tensor:
        place = first + tf.range(tf.minimum(count, BLOCK))
        judged, better = tf.gather(rows, tf.minimum(place, count - 1)), rows[: first + BLOCK]
        overlapped = _overlap(better[:, tf.newaxis, :4], judged[:, :4], over_smaller) > overlap
        return tf.reduce_any(overlapped & (tf.range(tf.shape(better)[0])[:, tf.newaxis] < place), axis=0)

    blocks = tf.cond(
        count <= BLOCK,
        lambda: beaten(tf.constant(0)),
        lambda: tf.reshape(tf.map_fn(beaten, tf.range(0, count, BLOCK), fn_output_signature=tf.bool), (-1,)),
    )
    return tf.boolean_mask(rows, tf.logical_not(blocks[:count]))


def _overlap(first: tf.Tensor, second: tf.Tensor, over_smaller: bool) -> tf.Tensor:
    sides = tf.minimum(first[..., 2:], second[..., 2:]) - tf.maximum(first[..., :2], second[..., :2])
    shared = tf.reduce_prod(tf.maximum(sides, 0.0), axis=-1)
    areas = [tf.reduce_prod(boxes[..., 2:] - boxes[..., :2], axis=-1) for boxes in (first, second)]
    return shared / (tf.minimum(*areas) if over_smaller else areas[0] + areas[1] - shared)


def _square(boxes: tf.Tensor) -> tf.Tensor:
    size = boxes[:, 2:] - boxes[:, :2]
    corner = (boxes[:, :2] + boxes[:, 2:] - tf.reduce_max(size, axis=1, keepdims=True)) / 2
    return tf.concat([corner, corner + tf.reduce_max(size, axis=1, keepdims=True)], axis=1)


def _run(network: Any, pixels: tf.Tensor, boxes: tf.Tensor, size: int, batch_step: int) -> list[tf.Tensor]:
    # The processor's kernels reject an empty batch, and are built anew, and kept, for every size of batch they meet.
    count = tf.shape(boxes)[0]
    boxes = tf.pad(boxes, [[0, batch_step - count % batch_step], [0, 0]])
    return [output[:count] for output in network(_patches(pixels, boxes, size))]


def _patches(pixels: tf.Tensor, boxes: tf.Tensor, size: int) -> tf.Tensor:
    relative = boxes / tf.cast(tf.tile(tf.shape(pixels)[1:3], [2]), tf.float32)
    frame_of = tf.zeros(tf.shape(boxes)[:1], tf.int32)
    return tf.image.crop_and_resize(pixels, relative, frame_of, (size, size), extrapolation_value=GREY)


def _refine(boxes: tf.Tensor, offsets: tf.Tensor) -> tf.Tensor:
    size = boxes[:, 2:] - boxes[:, :2] + 1
    return boxes + offsets * tf.tile(size, (1, 2))


def _place(landmarks: tf.Tensor, boxes: tf.Tensor) -> tf.Tensor:
    size = boxes[:, 2:] - boxes[:, :2] + 1
    x = landmarks[:, :5] * size[:, 1:2] + boxes[:, 1:2] - 1
    y = landmarks[:, 5:] * size[:, 0:1] + boxes[:, 0:1] - 1
    return tf.concat([x, y], axis=1)


# --- the three networks, as the package trained them -------------------------------------------------

_Weights = dict[str, list[np.ndarray]]
_YXYX = [1, 0, 3, 2]  # the package's offsets are (x1, y1, x2, y2)


class _Networks:
    """P-Net, R-Net and O-Net as plain graph functions over constants."""

    def __init__(self, pnet: _Weights, rnet: _Weights, onet: _Weights) -> None:
        self._pnet, self._rnet, self._onet = (_folded(weights) for weights in (pnet, rnet, onet))

    def pnet(self, x: tf.Tensor) -> tf.Tensor:
        """-> `(1, rows, columns, 5)`: four offsets and the logit of 'face'."""
        w = self._pnet
        x = tf.nn.max_pool2d(_conv(x, w, 1), 2, 2, "SAME")
        x = _conv(_conv(x, w, 2), w, 3)
        return tf.nn.conv2d(x, w["head"][0], 1, "VALID") + w["head"][1]

    def rnet(self, x: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        w = self._rnet
        x = tf.nn.max_pool2d(_conv(x, w, 1), 3, 2, "SAME")
        x = tf.nn.max_pool2d(_conv(x, w, 2), 3, 2, "VALID")
        x = _dense(_conv(x, w, 3), w, "fc4", "prelu4")
        y = x @ w["head"][0] + w["head"][1]
        return y[:, :4], y[:, 4]

    def onet(self, x: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor, tf.Tensor]:
        w = self._onet
        x = tf.nn.max_pool2d(_conv(x, w, 1), 3, 2, "SAME")
        x = tf.nn.max_pool2d(_conv(x, w, 2), 3, 2, "VALID")
        x = tf.nn.max_pool2d(_conv(x, w, 3), 2, 2, "SAME")
        x = _dense(_conv(x, w, 4), w, "fc5", "prelu5")
        y = x @ w["head"][0] + w["head"][1]
        return y[:, :4], y[:, 5:], y[:, 4]


def _conv(x: tf.Tensor, weights: _Weights, number: int) -> tf.Tensor:
    kernel, bias = weights[f"conv{number}"]
    return _prelu(tf.nn.conv2d(x, kernel, 1, "VALID") + bias, weights[f"prelu{number}"][0])


def _dense(x: tf.Tensor, weights: _Weights, name: str, activation: str) -> tf.Tensor:
    kernel, bias = weights[name]
    flat = tf.reshape(tf.transpose(x, (0, 2, 1, 3)), (-1, kernel.shape[0]))
    return _prelu(flat @ kernel + bias, weights[activation][0])


def _prelu(x: tf.Tensor, slope: np.ndarray) -> tf.Tensor:
    return tf.maximum(x, 0.0) + slope * tf.minimum(x, 0.0)


def _folded(weights: _Weights) -> _Weights:
    """Take BGR bytes at the first convolution, and join the outputs into one head.

    For x in RGB and u = (x - 127.5) / 128: k*u + b = (k/128)*x + (b - 127.5/128 * sum(k)), exact because
    the convolutions do not pad. The two-class softmax is the sigmoid of the difference of its logits.
    """
    folded = dict(weights)
    kernel, bias = weights["conv1"]
    folded["conv1"] = [kernel[:, :, ::-1] / 128, bias - GREY / 128 * kernel.sum((0, 1, 2))]
    heads = [weights[name] for name in weights if name.startswith(("conv4-", "fc5-", "fc6-"))]
    offsets, *landmarks, classes = heads
    parts = [
        [part[..., _YXYX] for part in offsets],
        [part[..., 1:] - part[..., :1] for part in classes],
        *landmarks,
    ]
    folded["head"] = [np.concatenate(column, axis=-1) for column in zip(*parts, strict=True)]
    return folded


@lru_cache(maxsize=1)
def _folded_networks() -> _Networks:
    return _Networks(*(_read(network(), name) for network, name in ((PNet, "pnet"), (RNet, "rnet"), (ONet, "onet"))))


def _read(network: Any, name: str) -> _Weights:
    network.build()
    network.set_weights(load_weights(f"{name}.lz4"))
    return {
        layer.name: [w.reshape(w.shape[-1]) if "prelu" in layer.name else w for w in layer.get_weights()]
        for layer in network.layers
        if layer.get_weights()
    }
