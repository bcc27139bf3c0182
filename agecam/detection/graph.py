"""MTCNN as one TensorFlow graph: the reference, and the way on a GPU.

Boxes here are (top, left, bottom, right), the order TensorFlow's operations take.
"""

from functools import cache
from typing import Any

import tensorflow as tf

from agecam.detection.networks import Networks
from agecam.detection.pyramid import (
    BLOCK,
    CELL_PX,
    GREY,
    MOST_PROPOSALS,
    OUTPUT_THRESHOLD,
    PROPOSAL_THRESHOLD,
    REFINE_THRESHOLD,
    STRIDE_PX,
)


def find_faces(frame: tf.Tensor, scales: list[float], halvings: int, networks: Networks) -> tf.Tensor:
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
